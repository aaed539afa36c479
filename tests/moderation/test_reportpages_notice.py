"""A notice without an account: its fields, what is said of each that is missing, and the receipt."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from forum.access.viewer import Role
from forum.comments.models import Comment
from forum.comments.states import State
from forum.db.transaction import reading
from forum.moderation.models import Report
from tests.conftest import Person
from tests.journeys.reader import Reader
from tests.moderation.staging import browse, decide, post

pytestmark = pytest.mark.postgresql_slow

GOOD: dict[str, Any] = {
    "reason": "illegal",
    "note": "It offers a medicine that is not licensed here & names <a shop>.",
    "name": "Nora Example",
    "email": "nora@example.org",
    "good_faith": "1",
}


@pytest.fixture
def reader(app: Flask) -> Reader:
    """Somebody without an account."""
    return Reader(app.test_client())


@pytest.fixture
def people(person: Callable[..., Person]) -> dict[str, Person]:
    """A writer and a moderator."""
    return {"anna": person("anna"), "moda": person("moda", Role.MODERATOR)}


@pytest.fixture
def comment_id(people: dict[str, Person], article: Callable[..., int]) -> int:
    """A comment by Anna."""
    return post(people["anna"], article(), "The marker-text of Anna.")


def stored() -> list[Report]:
    with reading() as session:
        found = list(session.scalars(select(Report)))
        session.expunge_all()
        return found


def test_a_visitor_finds_the_form_at_the_comment_and_gets_a_receipt(reader: Reader, comment_id: int) -> None:
    reader.open(f"/c/{comment_id}")
    screen = reader.follow("Give notice of illegal content")
    assert screen.heading == "Give notice of a comment"
    assert screen.page.one("input", name="url").attributes["value"] == f"/c/{comment_id}"
    screen = reader.send("/notice", **GOOD)
    assert screen.heading == "Your notice"
    assert screen.notices[0].startswith("Thank you. Your notice is with the moderators. Keep the address")
    assert "A moderator looks within 24 hours." in screen.text
    assert not [word for word in ("Nora", "nora@", "licensed", "marker-text", "All your reports") if word in screen.text]
    [report] = stored()
    assert (report.notifier_name, report.notifier_email, report.reason, report.note) == (
        "Nora Example",
        "nora@example.org",
        "illegal",
        GOOD["note"],
    )
    assert screen.path == f"/reports/{report.reference}"


def test_a_notice_hides_nothing_by_itself(reader: Reader, comment_id: int) -> None:
    reader.open(f"/notice?url=/c/{comment_id}")
    reader.send("/notice", **(GOOD | {"reason": "confidentiality"}))
    with reading() as session:
        assert session.get_one(Comment, comment_id).state == State.VISIBLE
    assert "Until then the comment is hidden." not in reader.screen.text


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("url", None, "own address"),
        ("url", "https://elsewhere.example/c/1", "own address"),
        ("url", "/c/99999", "own address"),
        ("reason", None, "Choose what the notice is about."),
        ("note", " ", "Say what is wrong"),
        ("name", None, "Give your name."),
        ("email", "nora", "an e-mail address"),
        ("good_faith", None, "in good faith"),
    ],
)
def test_what_is_missing_is_said_and_nothing_typed_is_lost(
    reader: Reader, comment_id: int, field: str, value: str | None, words: str
) -> None:
    reader.open(f"/notice?url=/c/{comment_id}")
    screen = reader.send("/notice", **(GOOD | {field: value}))
    assert screen.status == 422
    assert words in screen.errors
    assert words in screen.page.one("p", id=f"e-{field}").text
    assert screen.page.all("*", id=f"f-{field}")
    if field != "note":
        assert screen.page.one("textarea", name="note").raw == GOOD["note"]
    if field != "name":
        assert screen.page.one("input", name="name").attributes["value"] == GOOD["name"]
    assert stored() == []


def test_all_that_is_missing_is_said_at_once(reader: Reader, comment_id: int) -> None:
    reader.open("/notice")
    screen = reader.send("/notice")
    assert len(screen.page.one("div", class_="errors").all("li")) == 6


def test_too_old_a_form_comes_back_and_can_be_sent(reader: Reader, comment_id: int) -> None:
    reader.open(f"/notice?url=/c/{comment_id}")
    reader.client.delete_cookie("forum")
    screen = reader.send("/notice", **GOOD)
    assert screen.status == 403
    assert "Nothing is lost" in screen.errors
    assert screen.page.one("textarea", name="note").raw == GOOD["note"]
    assert reader.send("/notice").heading == "Your notice"
    assert len(stored()) == 1


def test_whoever_is_signed_in_need_not_type_their_name(people: dict[str, Person], comment_id: int) -> None:
    screen = browse(people["moda"]).open(f"/notice?url=/c/{comment_id}&utm_source=x")
    assert screen.page.one("input", name="name").attributes["value"] == "Moda"
    assert screen.page.one("input", name="email").attributes["value"] == "moda@example.org"


@pytest.mark.parametrize("gone", [True, False])
def test_what_nobody_can_read_takes_no_notice(
    people: dict[str, Person], reader: Reader, article: Callable[..., int], comment_id: int, gone: bool
) -> None:
    if gone:
        decide(people["moda"], comment_id, "remove", "promotion")
        there = comment_id
    else:
        there = post(people["anna"], article("Another"), "You are an idiot, marker-text.")
    reader.open(f"/notice?url=/c/{there}")
    screen = reader.send("/notice", **GOOD)
    assert screen.status == (409 if gone else 422)
    assert screen.page.one("textarea", name="note").raw == GOOD["note"]
    assert "marker-text" not in screen.response.text
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(Report)) == 0
