"""Tags through the API: one a reader, changed and removed, never one's own; who counts, where, and what the tallies say."""

import pytest
from flask import Flask
from sqlalchemy import select

from forum.comments.models import Comment
from forum.comments.states import State
from forum.db.transaction import reading, writing
from forum.stances.models import Tag, TagEvent
from tests.restricting import state_plainly
from tests.world import World, make_world

pytestmark = pytest.mark.postgresql_slow

NONE = {"agreement": 0, "disagreement": 0, "skepticism": 0, "encouragement": 0, "n": 0}


@pytest.fixture
def world(app: Flask) -> World:
    return make_world(app)


def tagged(**counts: int) -> dict[str, int]:
    return NONE | counts | {"n": sum(counts.values())}


def test_one_tag_a_reader_changed_and_removed(world: World) -> None:
    comment, member = world.comment(), world.enter("member")
    path = f"/comments/{comment}/tag"
    assert member.get(path).json == {"comment_id": comment, "stance": None, "counted": False, "tally": NONE}
    for stance in ("skepticism", "skepticism", "agreement"):
        assert member.put(path, {"stance": stance}).json == {
            "comment_id": comment,
            "stance": stance,
            "counted": True,
            "tally": tagged(**{stance: 1}),
        }
        assert member.get(path).json["stance"] == stance
    assert [member.delete(path).status_code, member.delete(path).status_code] == [204, 204]
    assert member.get(path).json["tally"] == NONE
    with reading() as session:
        assert session.scalars(select(Tag)).all() == []
        assert list(session.scalars(select(TagEvent.stance).order_by(TagEvent.id))) == ["skepticism", "agreement", None], (
            "what was the same again is no event"
        )


def test_the_tallies_of_comment_thread_and_article_follow_and_are_not_mixed(world: World) -> None:
    made = world.enter("writer").post(f"/articles/{world.article_id}/comments", {"body_md": "I doubt it.", "stance": "skepticism"}).json
    reply = world.comment(by="member", parent_id=made["id"])
    for who, stance, on in (
        ("member", "agreement", made["id"]),
        ("publisher", "disagreement", made["id"]),
        ("writer", "encouragement", reply),
    ):
        assert world.enter(who).put(f"/comments/{on}/tag", {"stance": stance}).status_code == 200
    page = world.enter("visitor").get(f"/articles/{world.article_id}/comments").json
    item = page["items"][0]
    assert item["tally"] == tagged(agreement=1, disagreement=1)
    assert item["replies"][0]["tally"] == tagged(encouragement=1)
    assert item["thread_tags"] == page["article"]["tags"] == tagged(agreement=1, disagreement=1, encouragement=1)
    assert page["article"]["stances"] == tagged(skepticism=1), "what writers think of the article is another count"


def test_the_writer_does_not_tag(world: World) -> None:
    comment, writer = world.comment(), world.enter("writer")
    for answer in (writer.put(f"/comments/{comment}/tag", {"stance": "agreement"}), writer.delete(f"/comments/{comment}/tag")):
        assert (answer.status_code, answer.json["type"]) == (403, "/problems/own-comment")
    assert writer.get(f"/comments/{comment}/tag").json["stance"] is None


def test_the_articles_author_tags_and_is_not_counted(world: World) -> None:
    comment, author = world.comment(), world.enter("author")
    answer = author.put(f"/comments/{comment}/tag", {"stance": "encouragement"}).json
    assert (answer["stance"], answer["counted"], answer["tally"]) == ("encouragement", False, NONE)
    assert author.get(f"/comments/{comment}/tag").json == answer
    assert world.enter("visitor").get(f"/articles/{world.article_id}").json["tags"] == NONE
    assert author.get(f"/articles/{world.article_id}/mine?ids={comment}").json["items"][0]["my_tag"] == "encouragement"
    other = world.enter("member")
    assert other.put(f"/comments/{comment}/tag", {"stance": "agreement"}).json["tally"] == tagged(agreement=1)


@pytest.mark.parametrize("state", [State.WITHDRAWN, State.SCREENED, State.REMOVED, State.ERASED])
def test_what_nobody_can_read_takes_no_tags(world: World, state: State) -> None:
    comment, member = world.comment(), world.enter("member")
    with writing() as session:
        row = session.get_one(Comment, comment)
        row.state = state.value
        state_plainly(session, comment, row.author_id)
    for answer in (member.put(f"/comments/{comment}/tag", {"stance": "agreement"}), member.delete(f"/comments/{comment}/tag")):
        assert (answer.status_code, answer.json["type"]) == (409, "/problems/not-taggable")


def test_tags_rest_while_a_comment_is_withdrawn(world: World) -> None:
    comment, visitor = world.comment(), world.enter("visitor")
    world.enter("member").put(f"/comments/{comment}/tag", {"stance": "agreement"})
    writer = world.enter("writer")
    writer.delete(f"/comments/{comment}")
    assert visitor.get(f"/comments/{comment}").json["tally"] == NONE
    assert visitor.get(f"/articles/{world.article_id}").json["tags"] == NONE
    writer.delete(f"/comments/{comment}/withdrawal")
    assert visitor.get(f"/comments/{comment}").json["tally"] == tagged(agreement=1)
    assert visitor.get(f"/articles/{world.article_id}").json["tags"] == tagged(agreement=1)


@pytest.mark.parametrize("body", [{}, {"stance": None}, {"stance": ""}, {"stance": "Agreement"}, {"stance": "like"}, {"stance": 1}, {"stance": ["agreement"]},
                                  {"stance": "agreement", "counted": True}, {"stance": "agreement", "account_id": 3}])  # fmt: skip
def test_a_tag_is_one_of_four_words_and_nothing_else(world: World, body: dict[str, object]) -> None:
    comment = world.comment()
    assert world.enter("member").put(f"/comments/{comment}/tag", body).status_code == 422
    assert world.enter("visitor").get(f"/comments/{comment}").json["tally"] == NONE


def test_the_tag_of_one_is_not_shown_to_another(world: World) -> None:
    comment = world.comment()
    world.enter("member").put(f"/comments/{comment}/tag", {"stance": "skepticism"})
    shown = world.enter("publisher").get(f"/comments/{comment}/tag")
    assert (shown.json["stance"], shown.headers["Cache-Control"]) == (None, "private, no-cache")
    for path in (f"/comments/{comment}", f"/articles/{world.article_id}/comments", f"/comments/{comment}/context"):
        assert '"member"' not in world.enter("visitor").get(path).text
