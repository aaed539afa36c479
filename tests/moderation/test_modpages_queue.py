"""The queue's page: what a row says, what it can be narrowed to, who may see it, and that it costs the page."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, update

from forum.clock import now
from forum.db.base import db
from forum.db.transaction import writing
from forum.moderation.models import ReviewItem
from tests.conftest import Person
from tests.journeys.reader import Reader
from tests.moderation.modpages import Room, post, reasons, rows, send, token_of

pytestmark = pytest.mark.postgresql_slow


@pytest.fixture
def room(person: Callable[..., Person], article: Callable[..., int]) -> Room:
    return Room(person, article())


def test_a_row_says_what_a_moderator_needs_to_choose(room: Room) -> None:
    item_id = room.case("It is all about oil, isn’t it?", "harassment")
    room.report(room.item(item_id)["comment"]["id"], "off_topic", by="cleo")
    screen = room.browser("moda").open("/mod")
    [row] = rows(screen)
    assert row.one("h3").text == "Harassment, Off topic"
    for words in ("Today", "due in 12 hours", "2 reports", "It is all about oil, isn’t it?", "Anna", "On touch"):
        assert words in row.text
    assert row.one("time").attributes["datetime"].endswith("Z")
    assert [heading.text for heading in screen.page.all("h2")] == ["Today"]
    assert "Review 1" in screen.page.one("nav", **{"aria-label": "You"}).text


def test_urgent_cases_come_first_and_are_said_in_the_masthead(room: Room) -> None:
    room.case("Buy oil.", "off_topic")
    room.case("Mrs B, 83, Ward 4.", "confidentiality", by="dora")
    browser = room.browser("moda")
    screen = browser.open("/mod")
    assert reasons(screen) == ["Confidentiality", "Off topic"]
    assert "the comment is hidden for now" in rows(screen)[0].text
    assert "Review 2 1 urgent" in screen.page.one("nav", **{"aria-label": "You"}).text
    assert "urgent" not in browser.open("/").page.one("nav", **{"aria-label": "You"}).text


def test_who_has_a_case_is_said_to_the_others(room: Room) -> None:
    item_id = room.case()
    moda, modb = room.browser("moda"), room.browser("modb")
    moda.open("/mod")
    assert moda.send(f"/mod/items/{item_id}/claim").path == f"/mod/items/{item_id}"
    assert "You have it for 10 minutes more" in moda.screen.text
    assert "@moda has it for 10 minutes more" in rows(modb.open("/mod"))[0].text
    refused = modb.send(f"/mod/items/{item_id}/claim")
    assert (refused.status, refused.page.all("form", id="decide")) == (409, [])
    assert "Another moderator has this item open" in refused.errors
    assert "Go on" in rows(moda.open("/mod"))[0].text


def test_what_is_overdue_says_so(room: Room) -> None:
    item_id = room.case()
    with writing() as session:
        session.execute(update(ReviewItem).where(ReviewItem.id == item_id).values(due_at=now() - timedelta(hours=3), aged=True, lane=2))
    [row] = rows(room.browser("moda").open("/mod"))
    assert "overdue by 3 hours · moved up a lane" in row.text


def test_the_queue_is_narrowed_by_its_address(room: Room, article: Callable[..., int]) -> None:
    elsewhere = article("On sleep")
    one, two = room.case("One.", "off_topic"), room.case("Two.", "harassment", by="dora", article_id=elsewhere)
    browser = room.browser("moda")
    for query, found in (
        ("lane=1", [two]),
        ("reason=off_topic", [one]),
        ("person=@Anna", [one]),
        (f"article={elsewhere}", [two]),
        (f"article={elsewhere}&article={room.article_id}", [two, one]),
        ("series=none-such", []),
        ("state=closed", []),
        ("utm_source=x", [two, one]),
    ):
        screen = browser.open(f"/mod?{query}")
        shown = [int(row.one("h3").attributes["id"][1:]) for row in rows(screen)]
        assert (screen.status, shown) == (200, found), query
    screen = browser.open("/mod")
    browser.send("/mod", article=str(elsewhere), lane="1")
    assert "lane=1" in browser.screen.address
    assert "bookmark it" in browser.screen.text
    assert browser.screen.page.one("input", name="article", value=str(elsewhere)).attributes["checked"] == ""
    # Whoever decides in a watch returns to it.
    send(browser, f"/mod/items/{two}/claim")
    send(browser, f"/mod/items/{two}/decisions", action="no_action")
    assert browser.screen.path == "/mod"
    assert f"article={elsewhere}" in browser.screen.address
    assert "lane=1" in browser.screen.address
    assert "Show everything" in browser.screen.text


def test_a_person_nobody_knows_is_no_dead_end(room: Room) -> None:
    screen = room.browser("moda").open("/mod?person=nobody&lane=1")
    assert screen.status == 404
    assert "Nobody here has the handle 'nobody'." in screen.text
    assert screen.page.one("input", name="person").attributes["value"] == "nobody"


def test_an_empty_queue_says_that_nobody_waits(room: Room) -> None:
    browser = room.browser("moda")
    assert "Nobody waits for you." in browser.open("/mod").text
    assert "0" not in browser.screen.page.one("main").text
    assert "Nothing in this selection waits" in browser.open("/mod?lane=0").text
    assert "can be looked up here" in browser.open("/mod?state=closed").text
    assert browser.screen.page.all("form", id="batch") == []


def test_pages_of_the_queue_follow_each_other(room: Room) -> None:
    for number in range(5):
        room.case(f"Comment {number}.", by=f"writer{number}")
    browser = room.browser("moda")
    seen = []
    screen = browser.open("/mod?limit=2")
    for _ in range(2):
        seen += [row.one("blockquote").text for row in rows(screen)]
        screen = browser.follow("Next cases")
    seen += [row.one("blockquote").text for row in rows(screen)]
    assert seen == [f"Comment {number}." for number in range(5)]
    assert not screen.page.all("a", rel="next")
    assert rows(browser.follow("From the beginning"))[0].one("blockquote").text == "Comment 0."


def test_closed_cases_can_be_looked_up(room: Room) -> None:
    item_id = room.case()
    browser = room.browser("moda")
    browser.open(f"/mod/items/{item_id}")
    send(browser, f"/mod/items/{item_id}/decisions", action="no_action")
    [row] = rows(browser.open("/mod?state=closed"))
    assert "closed 1 minute ago" in row.text
    assert row.all("button") == row.all("input") == []
    assert "This case is closed." in browser.follow("Off topic").text


def test_the_queue_is_for_moderators(room: Room, client: FlaskClient) -> None:
    item_id = room.case()
    visitor, member = Reader(client), room.browser("anna")
    for path in ("/mod", f"/mod/items/{item_id}", "/mod/items/99999", "/mod/people/anna", "/mod/people/nobody-here", "/mod/batches/1"):
        assert visitor.open(path).path == "/sign-in", path
        assert path in visitor.screen.page.one("input", name="next").attributes["value"]
        assert member.open(path).status == 403, path
    assert "/mod" not in [link.attributes["href"] for link in member.open("/").page.all("a")]
    assert "/mod" in [link.attributes["href"] for link in room.browser("moda").open("/").page.all("a")]


def test_no_form_of_the_room_does_anything_for_others(room: Room, client: FlaskClient) -> None:
    item_id = room.case()
    comment_id = room.item(item_id)["comment"]["id"]
    visitor, member = Reader(client), room.browser("anna")
    visitor.open("/sign-in")
    member.open("/settings")
    fields = {"action": "remove", "reason": "off_topic", "version": "1", "statement": "x" * 50, "items": f"{item_id}:1", "body": "A note."}
    for path in (
        f"/mod/items/{item_id}/claim",
        f"/mod/items/{item_id}/release",
        f"/mod/items/{item_id}/decisions",
        f"/mod/items/{item_id}/notes",
        f"/mod/comments/{comment_id}/items",
        "/mod/people/anna/notes",
        "/mod/batches/preview",
        "/mod/batches",
    ):
        refused = member.client.post(path, data={**fields, "csrf_token": token_of(member)})
        assert refused.status_code in (403, 422), path
        assert "Mrs B" not in refused.text
        for token in (token_of(visitor), ""):
            refused = visitor.client.post(path, data={**fields, "csrf_token": token})
            assert refused.status_code in (401, 403, 422), path
            assert "Mrs B" not in refused.text
    assert room.item(item_id)["item"]["version"] == 1
    assert room.item(item_id)["item"]["claimed_by"] is None
    assert room.item(item_id)["history"]["notes"] == []


def test_a_case_is_opened_on_one_s_own_initiative(room: Room) -> None:
    comment_id = room.comment()
    browser = room.browser("moda")
    browser.open("/mod")
    assert post(browser, f"/mod/comments/{comment_id}/items").heading == "A comment by Anna"
    screen = browser.open("/mod")
    assert reasons(screen) == ["A moderator’s own initiative"]
    assert "You have it for 10 minutes more" in screen.text
    other = room.browser("modb")
    other.open("/mod")
    assert "before the moderators already" in post(other, f"/mod/comments/{comment_id}/items").notices[0]


def test_the_page_costs_the_page(app: Flask, room: Room) -> None:
    def reads() -> int:
        statements: list[str] = []

        def note(connection: object, cursor: object, statement: str, *_: object) -> None:
            statements.append(statement)

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            assert browser.open("/mod").status == 200
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        return len(statements)

    browser = room.browser("moda")
    room.case("One.", by="writer1")
    few = reads()
    for number in range(2, 9):
        room.case(f"Comment {number}.", by=f"writer{number}")
    assert reads() == few <= 22
