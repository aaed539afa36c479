"""Templates of replies: one's own, twenty at most, and never the whole of what is posted."""

import pytest

from forum.desk.actions import TEMPLATES_MAX
from tests.conftest import PASSWORD
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
