"""An author's marks: one thread pinned, three featured, a discussion closed until a day, a note of being away; what everybody sees of them, and when time ends it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from forum.articles.models import Article
from forum.comments.models import Comment
from forum.db.transaction import reading
from forum.web import due
from tests.conftest import ApiClient
from tests.desk.conftest import Room

pytestmark = pytest.mark.postgresql_slow

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def order(room: Room, sort: str = "newest") -> list[int]:
    """Return the discussion's roots as everybody gets them."""
    visitor = ApiClient(room.world.app.test_client())
    return [item["id"] for item in visitor.get(f"/articles/{room.article_id}/comments?sort={sort}").json["items"]]


def leads() -> dict[int, tuple[int, str | None]]:
    with reading() as session:
        rows = session.execute(select(Comment.id, Comment.lead, Comment.featured).where(Comment.lead > 0))
        return {comment_id: (lead, featured) for comment_id, lead, featured in rows}


def test_one_thread_is_pinned_in_place_of_another(room: Room) -> None:
    one, two, three = (room.say(room.writer) for _ in range(3))
    before = room.version()
    assert room.author.put(f"/comments/{one}/pin").json["pinned"] is True
    assert room.version() > before
    assert order(room) == [one, three, two]
    assert room.author.put(f"/comments/{two}/pin").json["pinned"] is True
    assert (order(room), leads()) == ([two, three, one], {two: (2, None)})
    version = room.version()
    assert room.author.put(f"/comments/{two}/pin").status_code == 200
    assert room.version() == version, "the same again is no change"
    assert room.author.delete(f"/comments/{two}/pin").json["pinned"] is False
    assert room.author.delete(f"/comments/{two}/pin").status_code == 200
    assert (order(room), leads()) == ([three, two, one], {})


def test_three_threads_are_featured_with_a_line_and_no_fourth(room: Room) -> None:
    roots = [room.say(room.writer) for _ in range(5)]
    for root in roots[:3]:
        assert room.author.put(f"/comments/{root}/feature", {"why": "The best objection so far."}).status_code == 200
    refused = room.author.put(f"/comments/{roots[3]}/feature", {"why": "One more."})
    assert (refused.status_code, refused.json["type"]) == (409, "/problems/conflict")
    assert "3" in refused.json["detail"]
    assert room.see(roots[0])["featured"] == "The best objection so far."
    # Another line for one that is featured takes no place of its own.
    assert room.author.put(f"/comments/{roots[0]}/feature", {"why": "Read this first."}).json["featured"] == "Read this first."
    assert room.author.delete(f"/comments/{roots[1]}/feature").json["featured"] is None
    assert room.author.put(f"/comments/{roots[3]}/feature", {"why": "One more."}).status_code == 200
    assert order(room) == [roots[0], roots[2], roots[3], roots[4], roots[1]]
    assert "Read this first." in room.member.client.get(f"/c/{roots[0]}").text


def test_what_is_pinned_and_featured_is_both(room: Room) -> None:
    one, two = room.say(room.writer), room.say(room.writer)
    room.author.put(f"/comments/{one}/feature", {"why": "Why not."})
    room.author.put(f"/comments/{one}/pin")
    assert leads() == {one: (2, "Why not.")}
    room.author.put(f"/comments/{two}/pin")
    assert leads() == {one: (1, "Why not."), two: (2, None)}
    room.author.put(f"/comments/{two}/feature", {"why": "Both."})
    room.author.delete(f"/comments/{two}/feature")
    assert leads() == {one: (1, "Why not."), two: (2, None)}


@pytest.mark.parametrize("why", ["", "   ", "x" * 201, "two\nlines"])
def test_featuring_says_why_in_one_line(room: Room, why: str) -> None:
    comment_id = room.say(room.writer)
    refused = room.author.put(f"/comments/{comment_id}/feature", {"why": why})
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "/why")
    assert leads() == {}


def test_only_visible_beginnings_come_first_and_only_authors_say_which(room: Room) -> None:
    root = room.say(room.writer)
    reply, gone = room.say(room.member, parent=root), room.say(room.writer)
    room.author.put(f"/comments/{gone}/pin")
    room.writer.delete(f"/comments/{gone}")
    for comment_id in (reply, gone):
        for mark, body in (("pin", None), ("feature", {"why": "So."})):
            if (comment_id, mark) != (gone, "pin"):
                assert room.author.put(f"/comments/{comment_id}/{mark}", body).json["type"] == "/problems/conflict"
    for caller in (room.writer, room.member, room.world.enter("moderator"), room.world.enter("admin")):
        assert caller.put(f"/comments/{root}/pin").status_code == 403
        assert caller.put(f"/comments/{root}/feature", {"why": "So."}).status_code == 403
        assert caller.delete(f"/comments/{root}/pin").status_code == 403
    # What was hidden meanwhile can be taken out of the first ones.
    assert leads() == {gone: (2, None)}
    assert room.author.delete(f"/comments/{gone}/pin").status_code == 200
    assert leads() == {}


def test_a_discussion_closes_with_a_reason_and_opens_on_its_day(room: Room) -> None:
    with time_machine.travel(START, tick=False) as clock:
        author, writer = room.world.enter("author"), room.world.enter("writer")
        opens = START + timedelta(days=10)
        path = f"/articles/{room.article_id}/closing"
        assert author.put(path, {"reason": ""}).json["errors"][0]["pointer"] == "/reason"
        assert author.put(path, {"reason": "So.", "reopens_at": START.isoformat()}).json["errors"][0]["pointer"] == "/reopens_at"
        closed = author.put(path, {"reason": "I am writing Part 2.", "reopens_at": opens.isoformat()}).json
        assert closed["closed"] == {
            "at": "2026-03-01T12:00:00Z",
            "reason": "I am writing Part 2.",
            "reopens_at": opens.isoformat().replace("+00:00", "Z"),
        }
        page = writer.client.get(f"/a/{closed['slug']}").text
        assert "I am writing Part 2." in page
        assert "It opens again on 11 March 2026" in page or "It opens again on" in page
        body = {"body_md": "One more."}
        assert writer.post(f"/articles/{room.article_id}/comments", body).json["type"] == "/problems/closed"
        # Saving something else of the article keeps the day.
        assert author.patch(f"/articles/{room.article_id}", {"closed_reason": "Part 2 is coming."}).json["closed"]["reopens_at"]
        version = author.get(f"/articles/{room.article_id}").json["version"]
        clock.move_to(opens)
        due.forget()
        # The first request after the day does it, whoever asks.
        assert room.world.enter("visitor").get(f"/articles/{room.article_id}").json["closed"] is None
        writer = room.world.enter("writer")
        assert writer.post(f"/articles/{room.article_id}/comments", body).status_code == 201
        assert writer.get(f"/articles/{room.article_id}").json["version"] > version
    with reading() as session:
        article = session.get_one(Article, room.article_id)
        assert (article.closed_at, article.closed_reason, article.reopens_at) == (None, "", None)


def test_a_discussion_is_opened_before_its_day(room: Room) -> None:
    path = f"/articles/{room.article_id}/closing"
    when = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    assert room.author.put(path, {"reason": "So.", "reopens_at": when}).status_code == 200
    assert room.author.delete(path).json["closed"] is None
    assert room.author.delete(path).json["closed"] is None
    assert room.member.put(path, {"reason": "So."}).status_code == 403
    assert room.world.enter("admin").put(path, {"reason": "So."}).status_code == 200


def test_a_note_of_being_away_stands_on_the_authors_articles_until_its_end(room: Room, app: Flask) -> None:
    with time_machine.travel(START, tick=False) as clock:
        author = room.world.enter("author")
        back = START + timedelta(days=5)
        before = author.get(f"/articles/{room.article_id}").json
        assert (before["away"], author.get("/me/away").json) == ([], {"note": None, "until": None})
        sent = {"note": "On a course; I read everything afterwards.", "until": back.isoformat()}
        assert author.put("/me/away", sent).json["note"] == sent["note"]
        visitor = room.world.enter("visitor")
        shown = visitor.get(f"/articles/{room.article_id}").json
        assert [(one["author"]["handle"], one["note"]) for one in shown["away"]] == [("author", sent["note"])]
        assert shown["version"] > before["version"]
        assert sent["note"] in visitor.client.get(shown["page"]).text
        clock.move_to(back - timedelta(seconds=1))
        assert sent["note"] in room.world.enter("visitor").client.get(shown["page"]).text
        clock.move_to(back)
        due.forget()
        # Kept pages are found by the article's version, so the end must raise it.
        assert sent["note"] not in room.world.enter("visitor").client.get(shown["page"]).text
        after = room.world.enter("visitor").get(f"/articles/{room.article_id}").json
        assert (after["away"], after["version"] > shown["version"]) == ([], True)
        author = room.world.enter("author")
        author.put("/me/away", sent | {"until": (back + timedelta(days=2)).isoformat()})
        assert author.delete("/me/away").json == {"note": None, "until": None}
        assert author.get(f"/articles/{room.article_id}").json["away"] == []


@pytest.mark.parametrize("wrong", [{"note": ""}, {"note": "x" * 301}, {"note": "a\nb"}, {"until": "2020-01-01T00:00:00Z"}])
def test_a_note_is_one_line_with_an_end_ahead(room: Room, wrong: dict[str, Any]) -> None:
    sent = {"note": "On a course.", "until": (datetime.now(UTC) + timedelta(days=5)).isoformat()} | wrong
    refused = room.author.put("/me/away", sent)
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, f"/{next(iter(wrong))}")
