"""The page of a decision: what its writer reads and can do then, what a moderator reads, and that nobody else reads anything."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from forum.access.viewer import Role
from tests.conftest import Person
from tests.journeys.reader import Reader
from tests.moderation.staging import STATEMENT, browse, decide, post

pytestmark = pytest.mark.postgresql_slow


@pytest.fixture
def people(person: Callable[..., Person]) -> dict[str, Person]:
    """A writer, a reader and two moderators."""
    return {name: person(name, Role.MODERATOR if name.startswith("mod") else Role.MEMBER) for name in ("anna", "ben", "moda", "modb")}


@pytest.fixture
def comment_id(people: dict[str, Person], article: Callable[..., int]) -> int:
    """A comment by Anna."""
    return post(people["anna"], article(), "The marker-text of Anna.")


def test_the_writer_reads_what_was_decided_and_why_and_never_by_whom(people: dict[str, Person], comment_id: int) -> None:
    decision = decide(people["moda"], comment_id, "remove", "promotion", note="A note-for-moderators.")
    anna = browse(people["anna"])
    screen = anna.open(f"/decisions/{decision}")
    assert screen.heading == "Your comment was removed"
    assert "Only you and the moderators can read its text." in screen.text
    assert "Promotion – It advertises, or hides an interest." in screen.text
    assert screen.page.one("blockquote").text == STATEMENT
    facts = {row.one("dt").text: row.one("dd").text for row in screen.page.one("dl").all("div")}
    # Every item of Regulation (EU) 2022/2065, Article 17(3), and how the comment stands.
    assert facts["What is restricted"] == "Your comment is removed."
    assert facts["Where"] == "Everywhere on this site and in every country: only you and the moderators can read the text."
    assert facts["How long"] == "Without an end, unless it is overturned, or a moderator accepts a changed text that you submit."
    assert facts["What brought it up"] == "Nobody reported it: a moderator looked at it without having been asked to."
    assert facts["Automatic means"] == "None: people found it, and a person decided."
    assert facts["Ground"] == "The rules of this site. Promotion: It advertises, or hides an interest."
    assert facts["The comment now"].startswith("It is removed.")
    ways = [way.one("h3").text for way in screen.page.one("ul", class_="ways").all("li")]
    assert ways == ["Change it", "Appeal, if you think that this is wrong"]
    assert "never a machine. It costs nothing" in screen.text
    assert not [word for word in ("moda", "Moda", "note-for-moderators") if word in screen.text]
    assert anna.follow("See it in the log").page.all("p", id=f"d{decision}")
    anna.open(f"/decisions/{decision}")
    screen = anna.follow("Edit and submit again")
    assert (screen.path, screen.heading) == (f"/c/{comment_id}/edit", "Edit and submit again")
    assert STATEMENT in screen.text


def test_after_it_was_submitted_again_the_page_says_how_it_stands(people: dict[str, Person], comment_id: int) -> None:
    decision = decide(people["moda"], comment_id, "remove", "promotion")
    anna = browse(people["anna"])
    anna.open(f"/c/{comment_id}/edit")
    screen = anna.send(f"/c/{comment_id}/edit", "Submit again", body_md="What I found, without a shop.")
    assert screen.notices == ["Your change is kept. A person reads it before others can."]
    screen = anna.open(f"/decisions/{decision}")
    assert "It waits for a person to read it" in screen.text
    assert "Edit and submit again" not in screen.text
    decide(people["modb"], comment_id, "approve", "within_rules")
    assert "Everybody can read it." in anna.open(f"/decisions/{decision}").page.one("dl").text


def test_a_moderator_reads_who_decided_and_the_note(people: dict[str, Person], comment_id: int) -> None:
    decision = decide(people["moda"], comment_id, "remove", "promotion", note="A note for moderators.")
    screen = browse(people["modb"]).open(f"/decisions/{decision}")
    assert screen.heading == "A comment was removed"
    assert "@moda" in screen.text
    assert "A note for moderators." in screen.text
    assert "What you can do now" not in screen.text


def test_nobody_else_reads_it(people: dict[str, Person], app: Flask, comment_id: int) -> None:
    decision = decide(people["moda"], comment_id, "remove", "promotion")
    for number in (decision, 99999):
        screen = browse(people["ben"]).open(f"/decisions/{number}")
        assert screen.status == 403
        assert STATEMENT not in screen.text
        assert Reader(app.test_client()).open(f"/decisions/{number}").heading == "Sign in"
    assert browse(people["moda"]).open("/decisions/99999").status == 404


def test_a_rule_says_that_it_is_one(people: dict[str, Person], comment_id: int) -> None:
    people["ben"].client.post(f"/comments/{comment_id}/reports", {"reason": "confidentiality", "note": "The reporter-marker."})
    address = people["anna"].client.get(f"/comments/{comment_id}").json["restriction"]["decision_id"]
    screen = browse(people["anna"]).open(f"/decisions/{address}")
    assert screen.heading == "Your comment was hidden for now"
    assert "An automatic rule (enough reports); no person decided" in screen.text
    assert "Readers reported it." in screen.text
    assert "A rule decided by itself; no person has yet." in screen.text
    assert "This is not a decision against you." in screen.text
    assert not [word for word in ("ben", "Ben", "reporter-marker") if word in screen.text]


def test_a_held_text_says_what_it_waits_for(people: dict[str, Person], article: Callable[..., int]) -> None:
    anna = browse(people["anna"])
    held = post(people["anna"], article("Another"), "You are an idiot, whoever wrote this.")
    anna.open(f"/c/{held}")
    screen = anna.follow("What this means")
    assert screen.heading == "Your comment waits for a person to read it"
    assert "You can go on changing the text meanwhile." in screen.text
    decision = decide(people["moda"], held, "remove", "harassment")
    screen = anna.open(f"/decisions/{decision}")
    assert screen.heading == "Your comment was not accepted"
    assert "It was not shown to others before." in screen.text


@pytest.mark.parametrize(
    ("action", "reason", "heading", "more"),
    [
        ("lock", "off_topic", "Your comment and what is below it take no new replies", {}),
        ("notice", "dangerous_advice", "A moderator put a notice below your comment", {"notice": "Ask a doctor."}),
        ("redact", "confidentiality", "A passage was taken out of your comment", {"spans": [{"start": 0, "end": 3}]}),
        ("no_action", "within_rules", "Your comment stays as it is", {}),
        ("screen_out", "harassment", "Your comment was hidden for now", {}),
    ],
)
def test_every_decision_has_its_words(
    people: dict[str, Person], comment_id: int, action: str, reason: str, heading: str, more: dict[str, Any]
) -> None:
    decision = decide(people["moda"], comment_id, action, reason, **more)
    screen = browse(people["anna"]).open(f"/decisions/{decision}")
    assert screen.heading == heading
    assert screen.page.one("blockquote").text == STATEMENT
    # What is not in the public log is not said to be there.
    assert ("See it in the log" in screen.text) == (action != "no_action")


def test_a_decision_that_was_taken_back_says_so(people: dict[str, Person], comment_id: int) -> None:
    moda = people["moda"].client
    item = moda.post(f"/mod/comments/{comment_id}/items").json["item"]
    order = {"action": "remove", "reason": "promotion", "statement": STATEMENT, "items": [{"id": item["id"], "version": item["version"]}]}
    batch = moda.post("/mod/batches", order).json
    assert batch["items"][0]["ok"], batch
    decision = people["anna"].client.get(f"/comments/{comment_id}").json["restriction"]["decision_id"]
    assert moda.delete(f"/mod/batches/{batch['id']}").status_code in (200, 204)
    screen = browse(people["anna"]).open(f"/decisions/{decision}")
    assert "It does not hold any more." in screen.page.one("p", class_="standing").text
    assert "Edit and submit again" not in screen.text
