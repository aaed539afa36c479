"""What an author decides about a comment instead of answering it: who may, what is kept of it, who sees it, how it is taken back and when it is over."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
import time_machine
from sqlalchemy import select

from forum.comments.models import Comment
from forum.db.transaction import reading, writing
from forum.desk.models import AttentionEvent
from forum.jobs.models import Job
from forum.stances.models import Tag
from tests.conftest import ApiClient, add_account
from tests.desk.conftest import Room
from tests.stances.recount import find_miscounts

pytestmark = pytest.mark.postgresql_slow

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
Decide = Callable[..., Any]


def events(comment_id: int) -> list[tuple[str | None, int]]:
    with reading() as session:
        rows = session.scalars(select(AttentionEvent).where(AttentionEvent.comment_id == comment_id).order_by(AttentionEvent.id))
        return [(row.attention, row.account_id) for row in rows]


def told() -> list[str]:
    with reading() as session:
        jobs = session.scalars(select(Job.payload).where(Job.kind == "tell").order_by(Job.id))
        return [msgspec.json.decode(payload)["kind"] for payload in jobs]


def test_thanks_are_a_tag_and_a_line_that_everybody_reads(room: Room, decide: Decide) -> None:
    comment_id = room.say(room.writer)
    before, happened = room.version(), told()
    answer = decide(comment_id, "thanked")
    assert (answer["attention"], answer["until"], answer["by"]) == ("thanked", None, "author")
    assert room.see(comment_id)["thanked"] is True
    assert room.version() > before
    assert told() == [*happened, "comment.thanked"]
    assert "The author thanks you" in room.member.client.get(f"/c/{comment_id}").text
    with reading() as session:
        tag = session.scalars(select(Tag).where(Tag.comment_id == comment_id)).one()
        assert (tag.stance, tag.counted, tag.account_id) == ("encouragement", False, room.world.ids["author"])
        assert find_miscounts(session) == []
    assert room.see(comment_id)["tally"]["n"] == 0
    # Once more is no second thanks.
    version = room.version()
    decide(comment_id, "thanked")
    assert (told(), room.version(), len(events(comment_id))) == ([*happened, "comment.thanked"], version, 1)


def test_thanks_are_taken_back_with_the_tag(room: Room, decide: Decide) -> None:
    comment_id = room.say(room.writer)
    decide(comment_id, "thanked")
    before = room.version()
    undone = room.author.delete(f"/comments/{comment_id}/attention")
    assert (undone.status_code, undone.json["attention"]) == (200, None)
    assert room.see(comment_id)["thanked"] is False
    assert room.version() > before
    assert room.desk() == [comment_id]
    assert room.author.get(f"/comments/{comment_id}/tag").json["stance"] is None
    assert events(comment_id) == [("thanked", room.world.ids["author"]), (None, room.world.ids["author"])]
    assert room.author.delete(f"/comments/{comment_id}/attention").status_code == 200
    assert len(events(comment_id)) == 2


def test_no_reply_needed_is_nobodys_business_but_the_authors(room: Room, decide: Decide) -> None:
    comment_id = room.say(room.writer)
    shown, version = room.see(comment_id), room.version()
    decide(comment_id, "no_reply")
    assert (room.see(comment_id), room.version()) == (shown, version)
    assert (room.desk(), room.desk("?tab=set_aside")) == ([], [comment_id])
    room.author.delete(f"/comments/{comment_id}/attention")
    assert (room.desk(), room.desk("?tab=set_aside")) == ([comment_id], [])


def test_later_comes_back_on_its_day(room: Room, decide: Decide) -> None:
    with time_machine.travel(START, tick=False) as clock:
        author = room.world.enter("author")
        week, sooner = room.say(room.world.enter("writer")), room.say(room.world.enter("member"))
        assert decide(week, "later", by=author)["until"] == (START + timedelta(days=7)).isoformat().replace("+00:00", "Z")
        decide(sooner, "later", by=author, until=(START + timedelta(days=2)).isoformat())
        assert (room.desk(by=author), room.desk("?tab=set_aside", by=author)) == ([], [sooner, week])
        clock.move_to(START + timedelta(days=2))
        author = room.world.enter("author")
        assert (room.desk(by=author), room.desk("?tab=set_aside", by=author)) == ([sooner], [week])
        clock.move_to(START + timedelta(days=7))
        author = room.world.enter("author")
        assert sorted(room.desk(by=author)) == [week, sooner]
        # A decision that is over can be made again.
        decide(week, "no_reply", by=author)
        assert room.desk(by=author) == [sooner]


@pytest.mark.parametrize("until", [timedelta(0), timedelta(days=-3), timedelta(days=400)])
def test_a_date_lies_ahead_and_not_too_far(room: Room, decide: Decide, until: timedelta) -> None:
    comment_id = room.say(room.writer)
    refused = decide(comment_id, "later", status=422, until=(datetime.now(UTC) + until).isoformat())
    assert refused["errors"][0]["pointer"] == "/until"
    assert decide(comment_id, "later", status=422, until="2030-01-01T00:00:00")["errors"][0]["pointer"] == "/until"
    assert decide(comment_id, "no_reply", status=422, until=(datetime.now(UTC) + timedelta(days=2)).isoformat())
    assert events(comment_id) == []


def test_what_was_set_aside_waits_again_when_it_becomes_a_doubt(room: Room, decide: Decide) -> None:
    comment_id = room.say(room.writer, "agreement")
    decide(comment_id, "thanked")
    assert room.desk() == []
    assert room.writer.patch(f"/comments/{comment_id}", {"body_md": "The same in other words."}).status_code == 200
    assert room.desk() == [], "other words are no doubt"
    assert room.writer.patch(f"/comments/{comment_id}", {"stance": "skepticism"}).status_code == 200
    assert room.desk() == [comment_id]
    assert room.see(comment_id)["thanked"] is False
    assert events(comment_id)[-1] == (None, room.world.ids["writer"])
    # What was decided about a doubt holds for it as long as it is one, or is none any more.
    decide(comment_id, "no_reply")
    room.writer.patch(f"/comments/{comment_id}", {"stance": "encouragement"})
    assert room.desk() == []


def test_only_authors_decide_and_only_about_what_readers_wrote(room: Room, decide: Decide) -> None:
    comment_id, own = room.say(room.writer), room.say(room.author, None)
    visitor = ApiClient(room.world.app.test_client())
    moderator, admin = room.world.enter("moderator"), room.world.enter("admin")
    for caller, status in ((visitor, 401), (room.member, 403), (room.writer, 403), (moderator, 403), (admin, 403)):
        decide(comment_id, "no_reply", status=status, by=caller)
    assert decide(own, "no_reply", status=403)["type"] == "/problems/own-comment"
    held = room.writer.post(f"/articles/{room.article_id}/comments", {"body_md": "You are a fucking idiot."}).json["id"]
    assert decide(held, "no_reply", status=404)["type"] == "/problems/not-found"
    room.writer.delete(f"/comments/{comment_id}")
    assert decide(comment_id, "thanked", status=409)["type"] == "/problems/conflict"
    with reading() as session:
        assert session.scalars(select(Comment.attention).where(Comment.attention.is_not(None))).all() == []


def test_co_authors_share_a_desk(room: Room, decide: Decide) -> None:
    with writing() as session:
        room.world.ids["second"] = add_account(session, "second").id
    assert room.author.patch(f"/articles/{room.article_id}", {"authors": ["author", "second"]}).status_code == 200
    second = room.world.enter("second")
    first, other, third = (room.say(room.writer) for _ in range(3))
    room.say(second, "skepticism")
    decide(first, "no_reply", by=second)
    room.say(second, None, parent=other)
    for caller in (room.author, second):
        assert room.desk(by=caller) == [third]
        assert room.page("?tab=set_aside", by=caller)["items"][0]["attention"]["by"] == "second"
        answered = room.page("?tab=replied", by=caller)["items"]
        assert [(item["comment"]["id"], item["reply"]["author"]["handle"]) for item in answered] == [(other, "second")]
    # Who is an author no longer has no desk here, and what was answered by them waits again.
    room.author.patch(f"/articles/{room.article_id}", {"authors": ["author"]})
    assert room.desk(by=second) == []
    assert other in room.desk()


def test_a_reply_that_goes_lets_everything_above_wait_again(room: Room) -> None:
    root = room.say(room.writer)
    deep = room.say(room.member, parent=root)
    deeper = room.say(room.writer, parent=deep)
    answer = room.say(room.author, None, parent=deeper)
    assert room.desk() == []
    assert [room.see(one)["author_replied"] for one in (root, deep, deeper)] == [True] * 3
    assert room.see(root)["author_reply_id"] == answer
    other = room.say(room.author, None, parent=root)
    room.author.delete(f"/comments/{answer}")
    assert (sorted(room.desk()), room.see(root)["author_reply_id"]) == ([deep, deeper], other)
    room.author.delete(f"/comments/{other}")
    assert (sorted(room.desk()), room.see(root)["author_reply_id"]) == ([root, deep, deeper], None)
    room.author.delete(f"/comments/{answer}/withdrawal")
    assert (room.desk(), room.see(root)["author_reply_id"]) == ([], answer)
    with reading() as session:
        assert find_miscounts(session) == []
