"""One item's page: what it shows, that a decision is taken, and that no draft is lost however it is refused."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.conftest import PASSWORD, Person
from tests.journeys.reader import Reader, Screen
from tests.moderation.modpages import STATEMENT, Room, post, rows, send, token_of

pytestmark = pytest.mark.postgresql_slow

NOTE = "Wrote to us before."


@pytest.fixture
def room(person: Callable[..., Person], article: Callable[..., int]) -> Room:
    return Room(person, article())


def opened(room: Room, item_id: int, who: str = "moda") -> Reader:
    """Return a moderator's browser at an item."""
    browser = room.browser(who)
    assert browser.open(f"/mod/items/{item_id}").status == 200
    return browser


def draft(screen: Screen) -> dict[str, str]:
    """Return the words of the decision form, wherever they stand on the page."""
    return {
        "statement": screen.page.one("textarea", id="f-statement").raw,
        "note": screen.page.one("input", id="f-note").attributes["value"],
    }


def test_an_item_shows_why_it_is_here_and_who_wrote_it(room: Room) -> None:
    root = room.comment("The root.", by="cleo")
    comment_id = room.comment("I disagree with *that*.", parent_id=root)
    room.comment("A reply to it.", by="dora", parent_id=comment_id)
    item_id = room.report(comment_id, "harassment", note="Second line.")
    page = opened(room, item_id).screen.page
    assert page.one("h1").text == "A comment by Anna"
    assert page.one("article", class_="specimen").one("em").text == "that"
    assert "The root." in page.one("ol", **{"aria-label": "What this answers"}).text
    assert "A reply to it." in page.one("details", class_="below").text
    for words in ("Harassment · @ben · no report decided yet", "Second line.", "It was reported.", "1 visible"):
        assert words in page.one("main").text
    assert page.one("select", name="reason").one("option", selected="").attributes["value"] == "harassment"


def test_a_hidden_text_is_shown_and_what_screening_found(room: Room) -> None:
    answer = room.someone("anna").client.post(
        f"/articles/{room.article_id}/comments", {"body_md": "Buy it at https://oil-shop.example/?ref=1 now"}
    )
    assert answer.json["state"] == "held"
    [row] = rows(room.browser("moda").open("/mod"))
    screen = room.browser("moda").open(row.one("h3").one("a").attributes["href"])
    assert "oil-shop.example" in screen.page.one("article", class_="specimen").text
    assert "Waiting for a person to read it" in screen.text
    assert screen.page.all("mark")[0].text == "oil-shop.example"


def test_a_change_that_waits_is_shown_beside_what_readers_have(room: Room) -> None:
    comment_id = room.comment("It helps much.")
    changed = room.someone("anna").client.patch(
        f"/comments/{comment_id}", {"body_md": "It helps, see https://oil-shop.example/?ref=1", "stance": "agreement"}
    )
    assert changed.status_code == 202, changed.text
    [row] = rows(room.browser("moda").open("/mod"))
    assert "a change waits" in row.text
    assert row.all("input", type="checkbox") == []
    browser = room.browser("moda")
    page = browser.open(row.one("h3").one("a").attributes["href"]).page
    assert page.one("p", class_="diff").all("del")
    assert "oil-shop" in " ".join(piece.text for piece in page.one("p", class_="diff").all("ins"))
    item_id = int(browser.screen.path.rpartition("/")[2])
    send(browser, f"/mod/items/{item_id}/decisions", action="no_action")
    assert browser.screen.notices == ["The comment by Anna stays as it is."]
    assert room.item(item_id)["comment"]["body_md"] == "It helps much."


def test_a_decision_needs_three_steps_and_a_sentence(room: Room) -> None:
    item_id = room.case()
    browser = room.browser("moda")
    browser.open("/mod")
    send(browser, f"/mod/items/{item_id}/claim")
    done = send(browser, f"/mod/items/{item_id}/decisions", action="remove", statement=STATEMENT, note=NOTE)
    assert (done.path, done.notices) == ("/mod", ["The comment by Anna is removed."])
    item = room.item(item_id)
    assert (item["comment"]["state"], item["item"]["state"]) == ("removed", "closed")
    [decision] = item["decisions"]
    assert (decision["reason"], decision["statement"], decision["note"]) == ("off_topic", STATEMENT, NOTE)


def test_after_a_decision_the_next_case_is_at_hand(room: Room) -> None:
    first, second = room.case("One."), room.case("Two.", by="dora")
    browser = opened(room, first)
    screen = send(browser, f"/mod/items/{first}/decisions", action="no_action")
    [row] = rows(screen)
    assert "autofocus" in row.one("button").attributes
    assert row.one("form", action=f"/mod/items/{second}/claim")
    assert "autofocus" not in rows(browser.open("/mod"))[0].one("button").attributes


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"action": "remove", "statement": "Too short."}, "at least 40 characters"),
        ({"action": "remove", "reason": "", "statement": STATEMENT}, "Choose the reason"),
        ({"statement": STATEMENT}, "Choose what is to happen"),
        ({"action": "redact", "statement": STATEMENT}, "Mark at least one"),
        ({"action": "redact", "statement": STATEMENT, "spans": "I saw [[Mrs C]] in May."}, "has to stay as the writer wrote it"),
        ({"action": "notice", "statement": STATEMENT}, "Write the line"),
        ({"action": "approve", "statement": STATEMENT}, "cannot be decided on the comment as it is now"),
        ({"action": "erase", "statement": STATEMENT}, "is not one of the choices"),
        ({"action": "remove", "statement": STATEMENT, "csrf_token": "old"}, "too old"),
        ({"action": "remove", "statement": STATEMENT, "version": "77"}, "has changed since you loaded it"),
    ],
)
def test_whatever_is_refused_the_draft_comes_back(room: Room, fields: dict[str, str], words: str) -> None:
    item_id = room.case()
    browser = opened(room, item_id)
    sent = {"version": "1", "reason": "off_topic", "note": NOTE, "spans": "I saw Mrs B in May.", **fields}
    screen = post(browser, f"/mod/items/{item_id}/decisions", **sent)
    assert screen.status in (403, 409, 412, 422)
    assert words.lower() in screen.errors.lower()
    assert draft(screen) == {"statement": fields["statement"], "note": NOTE}
    assert screen.page.one("input", name="version").attributes["value"] == "1"
    assert screen.page.one("textarea", name="spans").raw == sent["spans"]
    assert screen.page.one("option", value=sent["reason"]).attributes.get("selected") == "" or not sent["reason"]
    assert room.state(item_id) == "visible"
    # Mended where it stands, it goes through.
    send(browser, f"/mod/items/{item_id}/decisions", action="remove", reason="off_topic", statement=STATEMENT)
    assert room.state(item_id) == "removed"


def test_who_comes_too_late_sees_what_stands_and_keeps_the_draft(room: Room) -> None:
    item_id = room.case()
    late, early = opened(room, item_id), opened(room, item_id, "modb")
    send(early, f"/mod/items/{item_id}/decisions", action="no_action", note="Harmless.")
    screen = send(late, f"/mod/items/{item_id}/decisions", action="remove", statement=STATEMENT, note=NOTE)
    assert screen.status == 412
    standing = screen.page.one("section", class_="standing").text
    assert "Leave as it is · @modb" in standing
    assert "Harmless." in standing
    assert draft(screen) == {"statement": STATEMENT, "note": NOTE}
    assert screen.page.all("form", id="decide") == []
    assert len(room.item(item_id)["decisions"]) == 1


def test_a_stale_draft_can_be_sent_again_when_the_case_is_still_open(room: Room) -> None:
    item_id = room.case()
    late = opened(room, item_id)
    room.report(room.item(item_id)["comment"]["id"], "harassment", by="cleo")
    screen = send(late, f"/mod/items/{item_id}/decisions", action="remove", reason="off_topic", statement=STATEMENT, note=NOTE)
    assert screen.status == 412
    assert "2 reports" in screen.text
    assert screen.page.one("input", name="version").attributes["value"] == str(room.item(item_id)["item"]["version"])
    assert send(late, f"/mod/items/{item_id}/decisions").notices == ["The comment by Anna is removed."]


def test_the_draft_outlives_another_s_claim(room: Room) -> None:
    item_id = room.case()
    slow, quick = opened(room, item_id), opened(room, item_id, "modb")
    send(quick, f"/mod/items/{item_id}/claim")
    screen = send(slow, f"/mod/items/{item_id}/decisions", action="remove", statement=STATEMENT, note=NOTE)
    assert screen.status == 409
    assert "@modb has it" in screen.text
    assert draft(screen) == {"statement": STATEMENT, "note": NOTE}
    send(quick, f"/mod/items/{item_id}/release")
    assert quick.screen.notices == ["You have given it back; anybody can take it."]
    assert send(slow, f"/mod/items/{item_id}/decisions", "Try again").notices == ["The comment by Anna is removed."]


def test_the_draft_outlives_the_sign_in(room: Room, client: FlaskClient) -> None:
    item_id = room.case()
    opened(room, item_id)
    browser = Reader(client)
    browser.open("/sign-in")
    fields = {"version": "1", "action": "remove", "reason": "off_topic", "statement": STATEMENT, "note": NOTE}
    screen = post(browser, f"/mod/items/{item_id}/decisions", **fields)
    assert screen.status in (401, 403)
    assert "Your decision is not taken yet." in screen.text
    screen = browser.sign_in("moda", PASSWORD)
    assert draft(screen) == {"statement": STATEMENT, "note": NOTE}
    assert "Nothing is decided yet" in screen.errors
    assert send(browser, f"/mod/items/{item_id}/decisions").notices == ["The comment by Anna is removed."]


def test_a_draft_in_the_hands_of_somebody_else_shows_nothing(room: Room, client: FlaskClient) -> None:
    item_id = room.case()
    browser = Reader(client)
    browser.open("/sign-in")
    post(browser, f"/mod/items/{item_id}/decisions", version="2", action="remove", statement=STATEMENT)
    screen = browser.sign_in("anna", PASSWORD)
    assert "Mrs B" not in screen.page.one("main").text
    assert screen.path == f"/mod/items/{item_id}"


def test_redaction_takes_out_what_is_marked(room: Room) -> None:
    item_id = room.case("I saw **Mrs B**, 83, in May.", "confidentiality")
    browser = opened(room, item_id)
    send(browser, f"/mod/items/{item_id}/reveal")
    assert browser.screen.page.one("textarea", name="spans").raw == "I saw **Mrs B**, 83, in May."
    send(browser, f"/mod/items/{item_id}/decisions", action="redact", spans="I saw **[[Mrs B]]**, [[83]], in May.", statement=STATEMENT)
    assert browser.screen.notices == ["What you marked in the comment by Anna is taken out; the rest is shown."]
    comment = room.item(item_id)["comment"]
    assert comment["body_md"] == "I saw **[identifying detail removed]**, [identifying detail removed], in May."
    assert comment["state"] == "visible"


def test_marks_in_a_text_that_has_changed_are_stale_before_they_are_wrong(room: Room) -> None:
    item_id = room.case("I saw Mrs B in May.", "confidentiality")
    browser = opened(room, item_id)
    send(browser, f"/mod/items/{item_id}/reveal")
    room.someone("anna").client.patch(f"/comments/{room.item(item_id)['comment']['id']}", {"body_md": "I saw somebody."})
    screen = send(browser, f"/mod/items/{item_id}/decisions", action="redact", spans="I saw [[Mrs B]] in May.", statement=STATEMENT)
    assert screen.status == 412
    assert screen.page.one("textarea", name="spans").raw == "I saw [[Mrs B]] in May."


def test_a_moderator_who_took_part_may_read_and_is_told_why_not_more(room: Room) -> None:
    comment_id = room.comment()
    item_id = room.report(comment_id)
    room.comment("I answer.", by="modb", parent_id=comment_id)
    screen = opened(room, item_id, "modb").screen
    assert "You cannot decide on this comment: you have answered it. Another moderator has to." in screen.text
    assert screen.page.all("form", id="decide") == []
    assert screen.page.all("form", action=f"/mod/items/{item_id}/claim") == []
    sent = {"version": "1", "action": "no_action", "statement": STATEMENT, "note": NOTE}
    forced = post(opened(room, item_id, "modb"), f"/mod/items/{item_id}/decisions", **sent)
    assert forced.status == 403
    assert forced.page.one("textarea", id="f-statement").raw == STATEMENT


def test_statements_are_offered_by_reason(room: Room) -> None:
    page = opened(room, room.case()).screen.page
    offers = page.one("details", class_="offers")
    reasons = {option.attributes["value"] for option in page.one("select", name="reason").all("option")} - {""}
    assert {element.attributes["data-reason"] for element in offers.walk() if "data-reason" in element.attributes} == reasons
    assert all(len(offer.one("span").text) >= 40 for offer in offers.all("dd"))
    assert all("hidden" in button.attributes for button in offers.all("button"))


def test_notes_are_kept_and_refused_ones_come_back(room: Room) -> None:
    item_id = room.case()
    browser = opened(room, item_id)
    screen = send(browser, f"/mod/items/{item_id}/notes", body=NOTE)
    assert (screen.path, screen.notices) == (f"/mod/items/{item_id}", ["Your note is kept. Moderators read it."])
    assert NOTE in screen.text
    refused = send(browser, f"/mod/items/{item_id}/notes", body="  ")
    assert refused.status == 422
    assert "what other moderators should know" in refused.errors
    longer = send(browser, f"/mod/items/{item_id}/notes", body="x" * 2001)
    assert (longer.status, longer.page.one("textarea", name="body").raw) == (422, "x" * 2001)
    person = browser.open("/mod/people/anna")
    assert NOTE in person.text
    assert "1 visible" in re.sub(r"visible 1", "1 visible", person.text)
    assert send(browser, "/mod/people/anna/notes", body="Another.").path == "/mod/people/anna"
    assert [note["body"] for note in room.item(item_id)["history"]["notes"]] == ["Another.", NOTE]
    assert send(browser, "/mod/people/anna/notes", body="").status == 422


def test_a_person_s_page_says_what_was_decided(room: Room) -> None:
    item_id = room.case()
    browser = opened(room, item_id)
    send(browser, f"/mod/items/{item_id}/decisions", action="remove", statement=STATEMENT)
    text = browser.open("/mod/people/anna").text
    assert "Remove · Off topic · @moda" in text
    assert STATEMENT in text
    assert "1 written in the last 90 days is removed." in text
    assert "upheld 1" in browser.open("/mod/people/ben").text
    assert browser.open("/mod/people/nobody-here").status == 404


def test_nobody_is_sent_elsewhere_by_a_crafted_way_back(room: Room) -> None:
    item_id = room.case()
    browser = opened(room, item_id)
    for back in ("//evil.example", "x\n//evil.example", "\\evil", "https://evil.example/"):
        browser.open(f"/mod/items/{item_id}")
        answer = browser.client.post(f"/mod/items/{item_id}/release", data={"back": back, "csrf_token": token_of(browser)})
        assert answer.headers["Location"].partition("?")[0] == "/mod"
