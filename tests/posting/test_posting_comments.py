"""Commenting through the API: where a comment may stand, what its text may be, and what is public of it in each state."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask

from forum.comments.models import Comment
from forum.comments.states import State
from forum.db.transaction import writing
from tests.restricting import state_plainly
from tests.world import World, make_world

START = datetime(2026, 6, 1, 9, tzinfo=UTC)


@pytest.fixture
def world(app: Flask) -> World:
    return make_world(app)


def post(world: World, who: str = "member", **body: object) -> tuple[int, dict[str, object]]:
    answer = world.enter(who).post(f"/articles/{world.article_id}/comments", {"body_md": "A word."} | body)
    return answer.status_code, answer.json


def set_state(comment_id: int, state: State) -> None:
    with writing() as session:
        comment = session.get_one(Comment, comment_id)
        comment.state = state.value
        state_plainly(session, comment_id, comment.author_id)


def test_a_comment_is_answered_as_it_will_be_read(world: World) -> None:
    answer = world.enter("member").post(f"/articles/{world.article_id}/comments", {"body_md": "**So** it is.", "stance": "agreement"})
    assert answer.status_code == 201
    shown = world.enter("visitor").get(answer.headers["Location"].removeprefix("/api/v1"))
    assert shown.json == answer.json
    expected = {"article_id": world.article_id, "root_id": answer.json["id"], "parent_id": None, "depth": 0, "state": "visible", "version": 1, "stance": "agreement",
                "body_md": "**So** it is.", "body_html": "<p><strong>So</strong> it is.</p>", "edited_at": None, "reply_count": 0, "pinned": False, "featured": None,
                "url": f"/c/{answer.json['id']}", "tally": {"agreement": 0, "disagreement": 0, "skepticism": 0, "encouragement": 0, "n": 0},
                "author": {"handle": "member", "display_name": "Member", "credential": "", "verified": False, "is_article_author": False,
                           "is_guest": False}}  # fmt: skip
    assert {name: answer.json[name] for name in expected} == expected
    assert datetime.fromisoformat(answer.json["created_at"]).tzinfo is not None


def test_ten_thousand_characters_and_not_one_more(world: World) -> None:
    for letter in ("x", "é", "😀", "字"):
        assert post(world, body_md=letter * 10_000)[0] == 201, letter
        status, problem = post(world, body_md=letter * 10_001)
        assert status == 422
        assert "10,000" in str(problem["detail"])


@pytest.mark.parametrize("body", ["", " \n\t ", "\u200b\u2060", "[](https://x.org)", "\u3164", "&nbsp;"])
def test_a_text_without_words_is_refused(world: World, body: str) -> None:
    status, problem = post(world, body_md=body)
    assert (status, problem["type"]) == (422, "/problems/validation")


@pytest.mark.parametrize("stance", [None, "agreement", "disagreement", "skepticism", "encouragement"])
def test_a_stance_may_be_any_of_four_or_none(world: World, stance: str | None) -> None:
    status, made = post(world, stance=stance)
    assert (status, made["stance"]) == (201, stance)
    head = world.enter("visitor").get(f"/articles/{world.article_id}").json["stances"]
    assert head["n"] == (1 if stance else 0)


def test_a_reply_stands_below_its_parent_in_the_same_article(world: World) -> None:
    root = world.comment()
    status, reply = post(world, parent_id=root)
    assert (status, reply["root_id"], reply["parent_id"], reply["depth"]) == (201, root, root, 1)
    status, deeper = post(world, parent_id=reply["id"])
    assert (deeper["root_id"], deeper["depth"]) == (root, 2)
    elsewhere = world.enter("member").post(f"/articles/{world.article()}/comments", {"body_md": "x", "parent_id": root})
    assert (elsewhere.status_code, elsewhere.json["errors"][0]["code"]) == (422, "unknown-parent")


@pytest.mark.parametrize("state", [state for state in State if state is not State.VISIBLE])
def test_what_nobody_can_read_takes_no_replies(world: World, state: State) -> None:
    root = world.comment()
    set_state(root, state)
    status, problem = post(world, parent_id=root)
    assert (status, problem["type"]) == (422, "/problems/validation")
    codes = [error["code"] for error in problem["errors"]]  # type: ignore[attr-defined]
    # What was public once is there to be seen as a tombstone.
    assert codes == ["parent-hidden"]


def test_what_was_never_public_is_as_good_as_none(world: World) -> None:
    root = world.comment()
    with writing() as session:
        comment = session.get_one(Comment, root)
        comment.state, comment.listed = State.HELD.value, False
        state_plainly(session, root, comment.author_id)
    status, problem = post(world, parent_id=root)
    assert (status, [error["code"] for error in problem["errors"]]) == (422, ["unknown-parent"])  # type: ignore[attr-defined]


def test_a_closed_discussion_takes_no_comments_but_tags(world: World) -> None:
    comment = world.comment()
    author = world.enter("author")
    closed = author.patch(f"/articles/{world.article_id}", {"closed": True, "closed_reason": "Two weeks are over."})
    assert closed.json["closed"]["reason"] == "Two weeks are over."
    assert [post(world)[0], post(world, parent_id=comment)[0]] == [409, 409]
    assert post(world)[1]["type"] == "/problems/closed"
    assert world.enter("member").put(f"/comments/{comment}/tag", {"stance": "agreement"}).status_code == 200
    assert world.enter("writer").patch(f"/comments/{comment}", {"body_md": "Put better."}).status_code == 200
    assert author.patch(f"/articles/{world.article_id}", {"closed": False}).json["closed"] is None
    assert post(world)[0] == 201


def test_a_locked_thread_takes_no_replies(world: World) -> None:
    root = world.comment()
    reply = world.comment(parent_id=root)
    with writing() as session:
        session.get_one(Comment, root).locked_at = START
    assert [post(world, parent_id=at)[1].get("type") for at in (root, reply, None)] == ["/problems/closed", "/problems/closed", None]


def test_a_withdrawn_comment_keeps_its_place_and_shows_its_text_to_its_writer_alone(world: World) -> None:
    root = world.comment()
    reply = world.comment(by="member", parent_id=root)
    writer, visitor = world.enter("writer"), world.enter("visitor")
    assert writer.delete(f"/comments/{root}").status_code == 204
    assert writer.delete(f"/comments/{root}").status_code == 204
    item = visitor.get(f"/articles/{world.article_id}/comments").json["items"][0]
    assert (item["state"], item["body_md"], item["body_html"], item["stance"]) == ("withdrawn", None, None, None)
    assert [below["id"] for below in item["replies"]] == [reply]
    assert visitor.get(f"/comments/{root}").json["body_md"] is None
    assert {revision["body_md"] for revision in visitor.get(f"/comments/{root}/revisions").json["items"]} == {None}
    assert visitor.get(f"/comments/{reply}/context").json["ancestors"][0]["body_md"] is None
    assert writer.get(f"/comments/{root}").json["body_md"] == "A word."
    assert writer.get(f"/comments/{root}/revisions").json["items"][0]["body_md"] == "A word."
    own = writer.get(f"/articles/{world.article_id}/mine?ids={root}").json
    assert (own["items"], [comment["body_md"] for comment in own["own"]]) == (
        [{"id": root, "my_tag": None, "can": ["unwithdraw"]}],
        ["A word."],
    )
    assert world.enter("moderator").get(f"/comments/{root}").json["body_md"] is None


def test_a_withdrawal_can_be_undone_for_thirty_days(world: World) -> None:
    with time_machine.travel(START, tick=False) as clock:
        comment = world.comment()
        writer = world.enter("writer")
        assert writer.delete(f"/comments/{comment}/withdrawal").status_code == 200, "what is not withdrawn is as it is wanted"
        writer.delete(f"/comments/{comment}")
        clock.move_to(START + timedelta(days=30))
        back = world.enter("writer").delete(f"/comments/{comment}/withdrawal")
        assert (back.status_code, back.json["state"], back.json["body_md"]) == (200, "visible", "A word.")
        world.enter("writer").delete(f"/comments/{comment}")
        clock.move_to(START + timedelta(days=60, minutes=1))
        late = world.enter("writer").delete(f"/comments/{comment}/withdrawal")
        assert (late.status_code, late.json["type"]) == (409, "/problems/illegal-transition")


def test_an_edit_is_marked_after_ten_minutes_and_every_text_is_kept(world: World) -> None:
    with time_machine.travel(START, tick=False) as clock:
        comment, writer = world.comment(), world.enter("writer")
        clock.move_to(START + timedelta(minutes=10))
        assert writer.patch(f"/comments/{comment}", {"body_md": "Second."}).json["edited_at"] is None
        clock.move_to(START + timedelta(minutes=11))
        third = writer.patch(f"/comments/{comment}", {"body_md": "Third.", "stance": "skepticism"}).json
        assert (datetime.fromisoformat(third["edited_at"]), third["version"]) == (START + timedelta(minutes=11), 3)
        kept = world.enter("visitor").get(f"/comments/{comment}/revisions").json["items"]
    assert [(revision["number"], revision["body_md"], revision["stance"]) for revision in kept] == [
        (1, "A word.", None),
        (2, "Second.", None),
        (3, "Third.", "skepticism"),
    ]


def test_a_null_stance_removes_it_and_leaving_it_out_keeps_it(world: World) -> None:
    comment = int(str(post(world, "writer", stance="agreement")[1]["id"]))
    writer = world.enter("writer")
    assert writer.patch(f"/comments/{comment}", {"body_md": "Other."}).json["stance"] == "agreement"
    assert writer.patch(f"/comments/{comment}", {"stance": None}).json["stance"] is None
    unchanged = writer.patch(f"/comments/{comment}", {})
    assert (unchanged.status_code, unchanged.json["version"]) == (200, 3)


@pytest.mark.parametrize(
    "field", ["state", "author_id", "article_id", "parent_id", "pinned", "created_at", "version", "score_valued", "site_id", "featured"]
)
def test_nobody_assigns_what_is_not_theirs(world: World, field: str) -> None:
    comment, writer = world.comment(), world.enter("writer")
    before = writer.get(f"/comments/{comment}").json
    assert writer.patch(f"/comments/{comment}", {field: 1}).status_code == 422
    if field != "parent_id":
        assert writer.post(f"/articles/{world.article_id}/comments", {"body_md": "x", field: 1}).status_code == 422
    assert writer.get(f"/comments/{comment}").json == before


def test_of_two_editors_the_second_is_told(world: World) -> None:
    comment, first, second = world.comment(), world.enter("writer"), world.enter("writer")
    tag = first.get(f"/comments/{comment}").headers["ETag"]
    world.enter("member").put(f"/comments/{comment}/tag", {"stance": "agreement"})
    assert first.patch(f"/comments/{comment}", {"body_md": "Mine."}, headers={"If-Match": tag}).status_code == 200, (
        "a reader's tag is in nobody's way"
    )
    lost = second.patch(f"/comments/{comment}", {"body_md": "No, mine."}, headers={"If-Match": tag})
    assert (lost.status_code, lost.json["type"]) == (412, "/problems/stale-version")
    assert second.delete(f"/comments/{comment}", headers={"If-Match": tag}).status_code == 412
    kept = second.get(f"/comments/{comment}/revisions").json["items"]
    assert [revision["body_md"] for revision in kept] == ["A word.", "Mine."]


def test_an_edit_of_what_is_withdrawn_names_what_may_be_done(world: World) -> None:
    comment = world.comment(withdrawn=True)
    answer = world.enter("writer").patch(f"/comments/{comment}", {"body_md": "x"})
    assert (answer.status_code, answer.json["allowed"]) == (409, ["unwithdraw"])
