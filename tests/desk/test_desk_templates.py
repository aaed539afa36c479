"""Templates of replies: one's own, twenty at most, and never the whole of what is posted."""

import pytest

from forum.access.viewer import DEFAULT_SITE_ID
from forum.articles.actions import ArticleDraft, create_article
from forum.db.transaction import writing
from forum.desk.actions import TEMPLATES_MAX
from tests.comments.measure import statements_of
from tests.conftest import PASSWORD, ApiClient
from tests.desk.conftest import Room
from tests.journeys.reader import Reader

pytestmark = pytest.mark.postgresql_slow

TEXT = "Thank you. The protocol is on the last page of Part 1."


def enter(room: Room) -> Reader:
    """Return the author as somebody who reads pages."""
    reader = Reader(room.world.app.test_client())
    reader.sign_in("author", PASSWORD)
    return reader


def test_templates_are_kept_changed_and_deleted(room: Room) -> None:
    made = room.author.post("/desk/templates", {"title": "Protocol", "body_md": TEXT})
    assert (made.status_code, made.json["title"]) == (201, "Protocol")
    path = f"/desk/templates/{made.json['id']}"
    assert room.author.put(path, {"title": "Where it is", "body_md": TEXT}).json["title"] == "Where it is"
    assert [one["title"] for one in room.author.get("/desk/templates").json["items"]] == ["Where it is"]
    for method in ("PUT", "DELETE"):
        other = room.member.request(method, path, {"title": "Mine", "body_md": "Mine."} if method == "PUT" else None)
        assert other.status_code == 404, "another's template is none of theirs"
    assert room.member.get("/desk/templates").json["items"] == []
    assert room.author.delete(path).status_code == 204
    assert room.author.get("/desk/templates").json["items"] == []


def test_there_are_twenty_and_no_more(room: Room) -> None:
    for number in range(TEMPLATES_MAX):
        assert room.author.post("/desk/templates", {"title": f"T{number}", "body_md": TEXT}).status_code == 201
    assert room.author.post("/desk/templates", {"title": "One more", "body_md": TEXT}).json["type"] == "/problems/conflict"
    assert room.member.post("/desk/templates", {"title": "Mine", "body_md": TEXT}).status_code == 201


@pytest.mark.parametrize("wrong", [{"title": ""}, {"title": "x" * 81}, {"body_md": "  "}, {"body_md": "x" * 10_001}])
def test_a_template_has_a_name_and_a_text(room: Room, wrong: dict[str, str]) -> None:
    refused = room.author.post("/desk/templates", {"title": "T", "body_md": TEXT} | wrong)
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, f"/{next(iter(wrong))}")


def test_a_template_fills_the_composer_and_is_not_posted_as_it_stands(room: Room) -> None:
    comment_id = room.say(room.writer)
    template = room.author.post("/desk/templates", {"title": "Protocol", "body_md": TEXT}).json["id"]
    author = enter(room)
    screen = author.open(f"/desk/c/{comment_id}?template={template}")
    assert TEXT in screen.page.one("textarea", name="body_md").text
    refused = author.send(f"/desk/c/{comment_id}/reply", body_md=f"  {TEXT.replace(' ', '  ', 3)} \n")
    assert refused.status == 422
    assert "your template as it stands" in refused.errors
    assert TEXT.split(maxsplit=1)[0] in refused.page.one("textarea", name="body_md").text
    posted = author.send(f"/desk/c/{comment_id}/reply", body_md=f"{TEXT} Your question is on page 9.")
    assert posted.status == 200
    assert posted.path.startswith("/desk")
    assert room.desk() == []


def test_no_door_takes_a_template_as_it_stands(room: Room) -> None:
    """Whether it begins a thread or answers somebody, is posted or comes by an edit, over the API or from a page."""
    doubt = room.say(room.writer)
    room.author.post("/desk/templates", {"title": "Protocol", "body_md": TEXT})
    comments, spaced = f"/articles/{room.article_id}/comments", f"\n{TEXT.replace(' ', '   ')}\n"
    for parent in (None, doubt):
        refused = room.author.post(comments, {"body_md": spaced, "parent_id": parent})
        assert (refused.status_code, refused.json["errors"][0]["code"]) == (422, "unchanged-template")
    own = room.say(room.author, None, parent=doubt, text="I look it up.")
    refused = room.author.patch(f"/comments/{own}", {"body_md": spaced})
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/body_md")
    author, page = enter(room), room.author.get(f"/articles/{room.article_id}").json["page"]
    for path, action in ((page, f"{page}/comments"), (f"/c/{own}/edit", f"/c/{own}/edit")):
        author.open(path)
        screen = author.send(action, body_md=spaced)
        assert screen.status == 422
        assert "your template as it stands" in screen.errors
        assert TEXT.split(maxsplit=1)[0] in screen.page.one("textarea", name="body_md").text
    assert room.author.get(f"/articles/{room.article_id}").json["comment_count"] == 2


def test_a_template_is_its_authors_and_meant_for_their_articles(room: Room) -> None:
    """Others may happen to say the same, and so may the author where they are a reader like anybody."""
    room.author.post("/desk/templates", {"title": "Protocol", "body_md": TEXT})
    room.say(room.member, None, text=TEXT)
    with writing() as session:
        other, _ = create_article(session, DEFAULT_SITE_ID, ArticleDraft(title="Elsewhere"), author_ids=[room.world.ids["member"]])
        other_id = other.id
    room.say(room.author, None, text=TEXT, at=other_id)
    room.author.delete(f"/desk/templates/{room.author.get('/desk/templates').json['items'][0]['id']}")
    room.say(room.author, None, text=f"{TEXT} ", at=room.article_id)


def test_only_an_author_at_home_pays_for_looking_into_templates(room: Room) -> None:
    def asked(by: ApiClient, at: int) -> int:
        with statements_of(room.world.app) as statements:
            room.say(by, None, text=f"A word on {at}.", at=at)
        return sum("reply_templates" in statement.sql for statement in statements)

    with writing() as session:
        other, _ = create_article(session, DEFAULT_SITE_ID, ArticleDraft(title="Elsewhere"), author_ids=[room.world.ids["member"]])
        other_id = other.id
    assert [asked(room.author, room.article_id), asked(room.author, other_id), asked(room.writer, room.article_id)] == [1, 0, 0]
