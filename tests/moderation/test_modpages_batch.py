"""Several items at once: shown before it is done, named when left out, undone for ten minutes."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import update

from forum.clock import now
from forum.db.transaction import writing
from forum.moderation.models import Batch
from tests.conftest import Person
from tests.journeys.reader import Reader, Screen
from tests.moderation.modpages import STATEMENT, Room, post, rows, send

pytestmark = pytest.mark.postgresql_slow


@pytest.fixture
def room(person: Callable[..., Person], article: Callable[..., int]) -> Room:
    return Room(person, article())


@pytest.fixture
def cases(room: Room) -> list[int]:
    """Three items on comments of three people."""
    return [room.case(f"Comment {number}.", by=f"writer{number}") for number in range(3)]


def choose(browser: Reader, *item_ids: int) -> Screen:
    """Tick items on the queue's page, as they stand there, and ask what will happen."""
    screen = browser.open("/mod")
    boxes = [box.attributes["value"] for row in rows(screen) for box in row.all("input", name="items")]
    assert all(screen.page.one("input", value=value).attributes["form"] == "batch" for value in boxes)
    return post(browser, "/mod/batches/preview", items=[value for value in boxes if int(value.partition(":")[0]) in item_ids])


def boxes(screen: Screen) -> dict[int, bool]:
    """Return the chosen items and whether each is still ticked."""
    return {int(box.attributes["value"].partition(":")[0]): "checked" in box.attributes for box in screen.page.all("input", name="items")}


def test_nothing_happens_before_it_was_seen(room: Room, cases: list[int]) -> None:
    browser = room.browser("moda")
    screen = choose(browser, *cases[:2])
    assert (screen.status, boxes(screen)) == (200, dict.fromkeys(cases[:2], True))
    assert "2 comments are chosen" in screen.text
    screen = send(browser, "/mod/batches", "Show what will happen", action="remove", reason="off_topic", statement=STATEMENT)
    assert [row.one("p", class_="outcome").text for row in rows(screen)] == ["will be removed"] * 2
    assert "Nothing has happened yet." in screen.text
    assert [room.state(case) for case in cases] == ["visible"] * 3
    done = send(browser, "/mod/batches", "Do it")
    assert done.heading == "Removed: 2 comments"
    assert [room.state(case) for case in cases] == ["removed", "removed", "visible"]
    assert room.item(cases[0])["decisions"][0]["statement"] == STATEMENT


def test_what_is_left_out_is_named_before_and_after(room: Room, cases: list[int]) -> None:
    taken = room.browser("modb")
    taken.open("/mod")
    send(taken, f"/mod/items/{cases[0]}/claim")
    browser = room.browser("moda")
    choose(browser, *cases)
    screen = send(browser, "/mod/batches", "Show what will happen", action="no_action")
    assert boxes(screen) == {cases[0]: False, cases[1]: True, cases[2]: True}
    assert "Left out: Another moderator has this item open" in rows(screen)[0].text
    assert "This will be done to 2 comments." in screen.text
    taken.open("/mod")
    send(taken, f"/mod/items/{cases[1]}/claim")
    done = send(browser, "/mod/batches", "Do it")
    assert done.heading == "Left as they are: 1 comment"
    assert "Another moderator has this item open" in done.page.one("section", **{"aria-labelledby": "left"}).text
    assert [room.item(case)["item"]["state"] for case in cases] == ["open", "open", "closed"]


def test_what_changed_meanwhile_is_not_ticked_any_more(room: Room, cases: list[int]) -> None:
    browser = room.browser("moda")
    browser.open("/mod")
    room.report(room.item(cases[0])["comment"]["id"], by="cleo")
    room.someone("modb").client.post(f"/mod/items/{cases[1]}/decisions", {"action": "no_action", "reason": "within_rules", "version": 1})
    screen = post(browser, "/mod/batches/preview", items=[f"{case}:1" for case in cases])
    assert boxes(screen) == {cases[0]: False, cases[2]: True}
    assert "It has changed since you chose it" in screen.text
    assert "It is decided already" in screen.text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"action": "remove", "reason": "off_topic", "statement": "Short."}, "at least 40 characters"),
        ({"action": "remove", "statement": STATEMENT}, "Choose the reason"),
        ({"action": "redact", "statement": STATEMENT}, "is not one of the choices"),
        ({"statement": STATEMENT}, "Choose what is to happen"),
    ],
)
def test_a_refused_batch_keeps_choice_and_draft(room: Room, cases: list[int], fields: dict[str, str], words: str) -> None:
    browser = room.browser("moda")
    browser.open("/mod")
    for path in ("/mod/batches", "/mod/batches/preview"):
        screen = post(browser, path, items=[f"{case}:1" for case in cases], note="Mine.", **fields)
        if path.endswith("preview") and "action" not in fields:
            continue
        assert screen.status == 422
        assert words.lower() in screen.errors.lower()
        assert boxes(screen) == dict.fromkeys(cases, True)
        assert screen.page.one("textarea", name="statement").raw == fields["statement"]
        assert screen.page.one("input", name="note").attributes["value"] == "Mine."
    assert [room.state(case) for case in cases] == ["visible"] * 3


def test_nothing_chosen_leads_back_with_a_word(room: Room, cases: list[int]) -> None:
    browser = room.browser("moda")
    screen = choose(browser)
    assert (screen.status, screen.path) == (200, "/mod")
    assert screen.notices == ["Tick the comments that you want to decide on together, then try again."]
    assert post(browser, "/mod/batches", action="no_action").status == 422
    assert post(browser, "/mod/batches/preview", items=["x"]).status == 422
    assert "not here any more" in post(browser, "/mod/batches/preview", items=["99999:1"]).text


def test_a_batch_is_undone(room: Room, cases: list[int]) -> None:
    browser = room.browser("moda")
    choose(browser, *cases)
    send(browser, "/mod/batches", "Show what will happen", action="remove", reason="off_topic", statement=STATEMENT)
    done = send(browser, "/mod/batches", "Do it")
    assert "You can take all of it back for 10 minutes more." in done.text
    other = room.browser("modb")
    other.open(done.path)
    assert other.screen.page.all("form", action=f"{done.path}/undo") == []
    undone = send(browser, f"{done.path}/undo")
    assert undone.notices[0] == "The decisions are taken back; the comments are as they were before."
    assert [room.state(case) for case in cases] == ["visible"] * 3
    assert len(rows(browser.open("/mod"))) == 3


def test_after_ten_minutes_it_stands(room: Room, cases: list[int]) -> None:
    browser = room.browser("moda")
    choose(browser, cases[0])
    send(browser, "/mod/batches", "Show what will happen", action="no_action")
    done = send(browser, "/mod/batches", "Do it")
    with writing() as session:
        session.execute(update(Batch).values(created_at=now() - timedelta(minutes=11)))
    refused = send(browser, f"{done.path}/undo")
    assert refused.status == 409
    assert "these are over" in refused.errors
    assert browser.open(done.path).page.all("form", action=f"{done.path}/undo") == []
