"""The pages of due process without JavaScript: sanctions and their acknowledgement, the list of what was decided, appeals from both sides; what is typed stays."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask

from forum.clock import now
from forum.db.base import db
from forum.db.transaction import reading
from forum.redress.own import list_own
from tests.conftest import ApiClient
from tests.journeys.reader import Element, Reader, Screen
from tests.moderation.modpages import post, send
from tests.posting.test_pages_weight import counting
from tests.redress.court import BODY, REASONS, STATEMENT, Court

pytestmark = pytest.mark.postgresql_slow

STYLES = {"/static/forum.css", "/static/moderation.css"}


def ways(screen: Screen) -> list[str]:
    return [way.one("h3").text for way in screen.page.one("ul", class_="ways").all("li")]


def controls_without_label(screen: Screen) -> list[Element]:
    """Return what can be filled in and has neither a label of its own nor stands in one."""
    named = {label.attributes.get("for") for label in screen.page.all("label")}
    kinds = ("hidden", "submit", "button")
    fields = [each for tag in ("input", "textarea", "select") for each in screen.page.all(tag) if each.attributes.get("type") not in kinds]
    return [
        each
        for each in fields
        if each.attributes.get("id") not in named and not each.within("label") and "aria-label" not in each.attributes
    ]


# Sanctions


@pytest.mark.parametrize(
    ("kind", "heading", "what"),
    [
        ("reminder", "A moderator reminds you of a rule", ["Say that you have read it", "Appeal, if you think that this is wrong"]),
        ("warning", "A moderator has given you a warning", ["Say that you have read it", "Appeal, if you think that this is wrong"]),
        ("pre_moderation", "Your comments are read before others can see them", ["Appeal, if you think that this is wrong"]),
        ("mute", "You cannot comment for a time", ["Appeal, if you think that this is wrong"]),
        ("tag_mute", "You cannot tag comments for a time", ["Appeal, if you think that this is wrong"]),
        ("report_mute", "You cannot report comments for a time", ["Appeal, if you think that this is wrong"]),
        ("suspension", "Your account is suspended for a time", ["Appeal, if you think that this is wrong"]),
    ],
)
def test_a_sanction_says_what_why_until_when_and_what_now(court: Court, kind: str, heading: str, what: list[str]) -> None:
    screen = court.browser("anna").open(f"/sanctions/{court.sanction(kind)}")
    assert (screen.heading, ways(screen)) == (heading, what)
    assert screen.page.one("blockquote").text == STATEMENT
    assert "Harassment – It attacks a person instead of what they say." in screen.text
    assert ("Until" in screen.page.one("p", class_="lead").text) == (kind not in ("reminder", "warning"))
    assert not [word for word in ("moda", "Moda") if word in screen.text]
    assert controls_without_label(screen) == []


def test_a_warning_is_acknowledged_by_a_button(court: Court) -> None:
    sanction_id = court.sanction("warning")
    anna = court.browser("anna")
    anna.open(f"/sanctions/{sanction_id}")
    screen = send(anna, f"/sanctions/{sanction_id}/acknowledgement", "I have read it")
    assert screen.notices == ["Thank you for reading it. You can comment again."]
    assert ways(screen) == ["Appeal, if you think that this is wrong"]
    court.post("So?")


def test_a_lifted_one_says_so_and_a_moderator_reads_it_too(court: Court) -> None:
    sanction_id = court.sanction("mute", days=3, note="A note-for-moderators.")
    screen = court.browser("modb").open(f"/sanctions/{sanction_id}")
    assert screen.heading == "Mute: a restriction of @anna"
    assert "note-for-moderators" in screen.text
    assert screen.page.all("ul", class_="ways") == []
    assert "note-for-moderators" not in court.browser("anna").open(f"/sanctions/{sanction_id}").text
    assert court.by("moda").delete(f"/mod/accounts/anna/sanctions/{sanction_id}").status_code == 200
    screen = court.browser("anna").open(f"/sanctions/{sanction_id}")
    assert "It does not hold any more." in screen.page.one("p", class_="standing").text


def test_an_ended_one_says_so(court: Court) -> None:
    sanction_id = court.sanction("mute", days=3)
    with time_machine.travel(now() + timedelta(days=4)):
        court.later("anna")
        screen = court.browser("anna").open(f"/sanctions/{sanction_id}")
        assert "This ended on" in screen.page.one("p", class_="standing").text
        # What is over can have been wrong all the same.
        assert ways(screen) == ["Appeal, if you think that this is wrong"]


def test_strangers_are_sent_away(court: Court, app: Flask) -> None:
    sanction_id = court.sanction("mute", days=3)
    assert Reader(app.test_client()).open(f"/sanctions/{sanction_id}").heading == "Sign in"
    for number in (sanction_id, 99999):
        assert court.browser("ben").open(f"/sanctions/{number}").status == 403
    ben = court.browser("ben")
    ben.open("/")
    assert post(ben, f"/sanctions/{sanction_id}/acknowledgement").status == 403


# What was decided about oneself


def test_the_list_has_it_all_and_leads_on(court: Court) -> None:
    anna = court.browser("anna")
    anna.open("/settings")
    screen = anna.follow("What was decided about you")
    assert "Nothing has been decided about you" in screen.text
    removed = court.decide(court.post(), "remove")
    court.sanction("warning")
    court.appeal(removed)
    screen = anna.open("/decisions")
    said = [row.one("h2").text for row in screen.page.one("ul", class_="rows").all("li")]
    assert said == ["Your comment is removed.", "You cannot comment until you have said that you have read the warning."]
    assert anna.follow("Your appeal waits for a moderator.").heading == "Your appeal"
    anna.open(f"/decisions/{removed}")
    assert anna.follow("All that was decided about you").heading == "What was decided about you"
    rows = court.by("anna").get("/me/decisions").json["items"]
    assert [(row["kind"], row["holds"], row["appeal"] is not None) for row in rows] == [("decision", True, True), ("sanction", True, False)]
    assert rows[0]["article"]["title"] == "On touch"
    assert court.by("ben").get("/me/decisions").json["items"] == []


def test_the_list_has_the_appeal_of_a_reporter(court: Court) -> None:
    comment_id = court.post()
    court.report(comment_id)
    court.appeal(court.decide(comment_id, "no_action", reason="within_rules"), by="ben")
    row = court.by("ben").get("/me/decisions").json["items"][0]
    assert (row["kind"], row["said"], row["reason"]) == ("appeal", "Your report was turned down.", None)
    assert court.by("anna").get("/me/decisions").json["items"] == []
    ben = court.browser("ben")
    ben.open("/decisions")
    assert ben.follow("Your appeal waits for a moderator.").heading == "Your appeal"


def test_the_lists_cost_the_page(court: Court) -> None:
    def fill(number: int) -> None:
        for one in range(number):
            court.appeal(court.decide(court.post(f"Comment {number} {one}."), "remove"))
            court.report(comment_id := court.post(f"Another {number} {one}.", by="modb"), by="anna")
            court.appeal(court.decide(comment_id, "no_action", reason="within_rules"), by="anna")
        court.sanction("reminder")

    paths = {("anna", "//decisions"): 0, ("anna", "/me/decisions"): 0, ("modb", "/mod/appeals"): 0, ("modb", "//mod/appeals"): 0}

    def count() -> dict[tuple[str, str], int]:
        found = {}
        for who, path in paths:
            with counting(db.engine) as statements:
                assert court.by(who).get(path).status_code == 200
            found[who, path] = len(statements)
        return found

    fill(1)
    few = count()
    fill(6)
    assert count() == few
    assert max(few.values()) <= 14, few
    with reading() as session:
        # Removals, appeals, reminders, and what screening held of somebody with so many removals.
        assert len(list_own(session, court.someone("anna").id)) >= 7 + 7 + 2


# Filing


def test_a_decision_is_appealed_from_its_page(court: Court) -> None:
    decision_id = court.decide(court.post(), "remove")
    anna = court.browser("anna")
    anna.open(f"/decisions/{decision_id}")
    screen = anna.follow("Appeal")
    assert screen.heading == "Appeal a decision"
    assert STATEMENT in screen.text
    assert controls_without_label(screen) == []
    screen = anna.send(f"/decisions/{decision_id}/appeal", "Send the appeal", body="   ")
    assert (screen.status, "in your own words" in screen.errors) == (422, True)
    screen = anna.send(f"/decisions/{decision_id}/appeal", "Send the appeal", body="x" * 2001)
    assert (screen.status, screen.page.one("textarea").raw) == (422, "x" * 2001)
    screen = anna.send(f"/decisions/{decision_id}/appeal", "Send the appeal", body=BODY)
    assert (screen.heading, screen.notices) == (
        "Your appeal",
        ["Your appeal is filed. A moderator who has not decided on it before reads it."],
    )
    assert BODY in screen.text
    assert "Until then the first decision holds." in screen.text
    # Whoever comes again finds the appeal.
    assert anna.open(f"/decisions/{decision_id}/appeal").path == screen.path
    anna.open(f"/decisions/{decision_id}")
    assert anna.follow("See your appeal").path == screen.path


def test_what_cannot_be_appealed_says_why_and_keeps_what_was_typed(court: Court) -> None:
    comment_id = court.post()
    left = court.decide(comment_id, "no_action", reason="within_rules")
    anna = court.browser("anna")
    screen = anna.open(f"/decisions/{left}/appeal")
    assert (screen.status, "takes nothing from you" in screen.text) == (409, True)
    screen = post(anna, f"/decisions/{left}/appeal", body=BODY)
    assert (screen.status, screen.page.one("textarea").raw) == (409, BODY)


def test_a_visitor_signs_in_and_comes_back_to_what_was_typed(court: Court, app: Flask) -> None:
    decision_id = court.decide(court.post(), "remove")
    sanction_id = court.sanction("mute", days=3)
    for path in (f"/decisions/{decision_id}/appeal", f"/sanctions/{sanction_id}/appeal"):
        reader = Reader(app.test_client())
        assert reader.open(path).heading == "Sign in"
        screen = reader.sign_in("anna", "correct horse battery")
        assert screen.path == path
        # The sign-in ends while one types.
        token = screen.page.all("input", name="csrf_token")[0].attributes["value"]
        late = Reader(app.test_client())
        late.open("/")
        screen = late._go("POST", path, data={"csrf_token": token, "body": BODY})
        assert "What you wrote is kept and not sent yet." in screen.text
        screen = late.sign_in("anna", "correct horse battery")
        assert screen.page.one("textarea").raw == BODY
        assert late.send(path, "Send the appeal").heading == "Your appeal"


def test_a_reporter_signs_in_again_and_gets_back_what_was_typed(court: Court, app: Flask) -> None:
    comment_id = court.post()
    path = f"/reports/{court.report(comment_id)}/appeal"
    court.decide(comment_id, "no_action", reason="within_rules")
    late = Reader(app.test_client())
    late.open("/")
    screen = late._go("POST", path, data={"csrf_token": "gone", "body": BODY})
    assert "What you wrote is kept and not sent yet." in screen.text
    assert late.sign_in("ben", "correct horse battery").page.one("textarea").raw == BODY
    assert late.send(path, "Send the appeal").heading == "Your appeal"
    # Nobody else gets the form, whoever signs in.
    other = Reader(app.test_client())
    other.open("/")
    other._go("POST", path, data={"csrf_token": "gone", "body": BODY})
    assert BODY not in other.sign_in("anna", "correct horse battery").text


def test_a_notifiers_form_that_waited_too_long_is_shown_again(court: Court, visitor: ApiClient, app: Flask) -> None:
    comment_id = court.post()
    path = f"/reports/{court.notice(comment_id, visitor)}/appeal"
    court.decide(comment_id, "no_action", reason="within_rules")
    nora = Reader(app.test_client())
    nora.open(path)
    screen = nora._go("POST", path, data={"csrf_token": "gone", "body": BODY})
    assert (screen.status, screen.page.one("textarea").raw) == (403, BODY)
    assert nora.send(path, "Send the appeal").heading == "Your appeal"


def test_a_sanction_is_appealed_from_its_page(court: Court) -> None:
    sanction_id = court.sanction("mute", days=3)
    anna = court.browser("anna")
    anna.open(f"/sanctions/{sanction_id}")
    anna.follow("Appeal")
    screen = anna.send(f"/sanctions/{sanction_id}/appeal", "Send the appeal", body=BODY)
    assert screen.heading == "Your appeal"
    assert anna.open(f"/sanctions/{sanction_id}/appeal").path == screen.path


def test_a_reporter_and_a_notifier_appeal_from_the_receipt(court: Court, visitor: ApiClient, app: Flask) -> None:
    comment_id = court.post("The marker-text.")
    report, notice = court.report(comment_id), court.notice(comment_id, visitor)
    decision_id = court.decide(comment_id, "no_action", reason="within_rules")
    ben = court.browser("ben")
    ben.open(f"/reports/{report}")
    screen = ben.follow("Appeal")
    assert "Your report was turned down" in screen.text
    # One appeal for the decision, whoever of the two comes first: the other is told, and shares in what it comes to.
    screen = ben.send(f"/reports/{report}/appeal", "Send the appeal", body=BODY)
    assert screen.heading == "Your appeal"
    assert "marker-text" not in screen.text
    assert ben.open(f"/decisions/{decision_id}/appeal").path == screen.path
    nora = Reader(app.test_client())
    screen = nora.open(f"/reports/{notice}/appeal")
    assert (screen.status, "holds for everybody concerned" in screen.text) == (409, True)
    # Somebody else with the address of Ben's receipt sees what became of the report, and no way to appeal.
    screen = nora.open(f"/reports/{report}")
    assert screen.page.all("ul", class_="ways") == []
    assert nora.open(f"/reports/{report}/appeal").heading == "Sign in"
    assert court.browser("anna").open(f"/reports/{report}/appeal").status == 403


def test_a_notifier_without_an_account_is_asked_and_answers(court: Court, visitor: ApiClient, app: Flask) -> None:
    comment_id = court.post("The marker-text.")
    notice = court.notice(comment_id, visitor)
    court.decide(comment_id, "no_action", reason="within_rules")
    nora = Reader(app.test_client())
    nora.open(f"/reports/{notice}")
    nora.follow("Appeal")
    screen = nora.send(f"/reports/{notice}/appeal", "Send the appeal", body=BODY)
    assert (screen.path, screen.heading) == (f"/reports/{notice}/appeal", "Your appeal")
    appeal_id = court.by("modb").get("/mod/appeals").json["items"][0]["id"]
    assert court.by("modb").post(f"/appeals/{appeal_id}/question", {"question": "Which law?"}).status_code == 201
    screen = nora.open(f"/reports/{notice}/appeal")
    assert "Which law?" in screen.text
    assert nora.send(f"/reports/{notice}/appeal/answer", "Send the answer", answer=" ").status == 422
    screen = nora.send(f"/reports/{notice}/appeal/answer", "Send the answer", answer="This one.")
    assert (screen.status, "This one." in screen.text) == (200, True)
    court.judge(appeal_id, "uphold")
    screen = nora.open(f"/reports/{notice}/appeal")
    assert screen.heading == "The decision stands: the comment is within the rules."
    assert REASONS in screen.text
    assert "marker-text" not in screen.text
    nora.open(f"/reports/{notice}")
    assert nora.follow("See your appeal").path == f"/reports/{notice}/appeal"


# Deciding


def open_case(court: Court, *, action: str = "remove", name: str = "modb", **more: Any) -> tuple[Reader, int, int]:
    """Return a moderator's browser at an appeal, the comment and the appeal."""
    comment_id = court.post("I saw Trial in May.")
    appeal_id = court.appeal(court.decide(comment_id, action, **more))
    moderator = court.browser(name)
    moderator.open("/mod")
    screen = moderator.follow("Appeals 1")
    assert screen.heading == "Appeals"
    moderator.open(screen.page.one("ol", class_="rows").one("a", class_="button").attributes["href"])
    return moderator, comment_id, appeal_id


def test_a_moderator_reads_asks_and_decides(court: Court) -> None:
    modb, comment_id, appeal_id = open_case(court)
    screen = modb.screen
    assert screen.heading == "Appeal of @anna"
    assert {BODY, STATEMENT, "I saw Trial in May."} <= {element.text for element in screen.page.all("p")}
    assert controls_without_label(screen) == []
    assert {link.attributes["href"].partition("?")[0] for link in screen.page.all("link", rel="stylesheet")} == STYLES
    screen = send(modb, f"/appeals/{appeal_id}/question", "Ask", question=" ")
    assert screen.status == 422
    screen = send(modb, f"/appeals/{appeal_id}/question", "Ask", question="Which May?")
    assert "The question of @modb" in screen.text
    anna = court.browser("anna")
    screen = anna.open(f"/appeals/{appeal_id}")
    assert "modb" not in screen.text
    screen = anna.send(f"/appeals/{appeal_id}/answer", "Send the answer", answer="Of 2009.")
    assert screen.notices == ["Thank you. Your answer is with the moderators."]
    modb.open(f"/appeals/{appeal_id}")
    screen = send(modb, f"/appeals/{appeal_id}/decision", "Decide on the appeal", outcome="overturn", reasons="Short.")
    assert (screen.status, screen.page.one("textarea", name="reasons").raw) == (422, "Short.")
    assert screen.page.one("input", value="overturn").attributes["checked"] == ""
    screen = send(modb, f"/appeals/{appeal_id}/decision", "Decide on the appeal", reasons=REASONS)
    assert (screen.path, screen.page.all("p", class_="notice")[0].text) == ("/mod/appeals", "The decision was overturned.")
    assert court.by("ben").get(f"/comments/{comment_id}").json["state"] == "visible"
    screen = anna.open(f"/appeals/{appeal_id}")
    assert screen.heading == "The decision was overturned."
    assert "Everybody can read your comment, with its tags and replies." in screen.text
    assert REASONS in screen.text
    screen = modb.open(f"/appeals/{appeal_id}")
    assert screen.page.all("form", action=f"/appeals/{appeal_id}/decision") == []


def test_it_is_replaced_by_marking_passages(court: Court) -> None:
    modb, comment_id, appeal_id = open_case(court)
    new = {"outcome": "change", "reasons": REASONS, "action": "redact", "reason": "confidentiality", "statement": STATEMENT}
    where = f"/appeals/{appeal_id}/decision"
    screen = send(modb, where, **new)
    assert "Mark at least one stretch of the text" in screen.errors
    screen = send(modb, where, spans="I saw [[Trial] in May.")
    assert (screen.status, screen.page.one("textarea", name="spans").raw) == (422, "I saw [[Trial] in May.")
    screen = send(modb, where, spans="I saw [[Trial]] in May.")
    assert screen.path == "/mod/appeals", screen.errors
    assert court.by("ben").get(f"/comments/{comment_id}").json["body_md"] == "I saw [identifying detail removed] in May."
    anna = court.browser("anna")
    screen = anna.open(f"/appeals/{appeal_id}")
    assert screen.heading == "The decision was replaced by another."
    assert anna.follow("See what was decided instead").heading == "A passage was taken out of your comment"


def test_a_masked_original_is_shown_on_asking(court: Court) -> None:
    modb, comment_id, appeal_id = open_case(court, action="redact", reason="confidentiality", spans=[{"start": 6, "end": 11}])
    assert "Trial" not in modb.screen.text
    screen = send(modb, f"/appeals/{appeal_id}/reveal", "Show text")
    assert "I saw Trial in May." in screen.text
    screen = send(modb, f"/appeals/{appeal_id}/decision", outcome="overturn", reasons=REASONS)
    assert court.by("ben").get(f"/comments/{comment_id}").json["body_md"] == "I saw Trial in May."


def test_who_cannot_decide_is_told_why_and_keeps_a_draft(court: Court) -> None:
    modb, _, appeal_id = open_case(court)
    other = court.browser("moda")
    screen = other.open(f"/appeals/{appeal_id}")
    assert "You cannot decide on this appeal: you decided the first time." in screen.text
    assert screen.page.all("form", action=f"/appeals/{appeal_id}/decision") == []
    # Too late: the draft stands beside what was decided.
    court.someone("modc")
    modc = court.browser("modc")
    modc.open(f"/appeals/{appeal_id}")
    send(modb, f"/appeals/{appeal_id}/decision", outcome="uphold", reasons=REASONS)
    screen = send(modc, f"/appeals/{appeal_id}/decision", outcome="overturn", reasons=f"{REASONS} In vain.")
    assert (screen.status, "The decision stands." in screen.text) == (412, True)
    assert screen.page.one("textarea", id="f-reasons").raw == f"{REASONS} In vain."


def test_a_moderator_whose_sign_in_has_ended_gets_the_draft_back(court: Court, app: Flask) -> None:
    modb, _, appeal_id = open_case(court)
    form = modb.screen.form(f"/appeals/{appeal_id}/decision")
    version = form.one("input", name="version").attributes["value"]
    late = Reader(app.test_client())
    late.open("/")
    sent = {"csrf_token": "gone", "version": version, "outcome": "overturn", "reasons": REASONS}
    screen = late._go("POST", f"/appeals/{appeal_id}/decision", data=sent)
    assert "What you wrote is kept" in screen.text
    screen = late.sign_in("modb", "correct horse battery")
    assert screen.page.one("textarea", name="reasons").raw == REASONS
    assert send(late, f"/appeals/{appeal_id}/decision").path == "/mod/appeals"


def test_what_was_imposed_with_a_decision_is_said_to_stay(court: Court) -> None:
    comment_id = court.post()
    decision_id = court.decide(comment_id, "remove", sanction={"kind": "mute", "days": 3})
    appeal_id = court.appeal(decision_id)
    modb = court.browser("modb")
    screen = modb.open(f"/appeals/{appeal_id}")
    assert "That has an appeal of its own, and stays whatever you decide here." in screen.text
    assert modb.follow("See it").heading == "Mute: a restriction of @anna"
    modb.open(f"/appeals/{appeal_id}")
    send(modb, f"/appeals/{appeal_id}/decision", outcome="overturn", reasons=REASONS)
    assert court.by("anna").post(f"/articles/{court.article_id}/comments", {"body_md": "So?"}).status_code == 403


def test_a_granted_report_restricts_by_the_same_form(court: Court) -> None:
    comment_id = court.post()
    court.report(comment_id)
    appeal_id = court.appeal(court.decide(comment_id, "no_action", reason="within_rules"), by="ben")
    modb = court.browser("modb")
    screen = modb.open(f"/appeals/{appeal_id}")
    assert screen.heading == "Appeal of @ben, whose report was declined"
    assert "A note of the reporter." in screen.text
    assert [field.attributes["value"] for field in screen.page.all("input", name="outcome")] == ["uphold", "overturn"]
    where = f"/appeals/{appeal_id}/decision"
    assert "Choose what is to happen" in send(modb, where, outcome="overturn", reasons=REASONS).errors
    assert send(modb, where, action="remove", reason="off_topic", statement=STATEMENT).path == "/mod/appeals"
    assert court.by("ben").get(f"/comments/{comment_id}").json["state"] == "removed"
    anna = court.browser("anna")
    screen = anna.open("/decisions")
    assert [row.one("h2").text for row in screen.page.one("ul", class_="rows").all("li")] == ["Your comment is removed."]
    decision_id = court.by("anna").get("/me/decisions").json["items"][0]["id"]
    assert "A moderator, on an appeal: another one than the first time" in anna.open(f"/decisions/{decision_id}").text


def test_a_sanction_is_replaced_by_the_same_form(court: Court) -> None:
    sanction_id = court.sanction("suspension", days=9)
    appeal_id = court.by("anna").post(f"/sanctions/{sanction_id}/appeals", {"body": BODY}).json["id"]
    modb = court.browser("modb")
    screen = modb.open(f"/appeals/{appeal_id}")
    assert controls_without_label(screen) == []
    where = f"/appeals/{appeal_id}/decision"
    assert "Choose what takes its place" in send(modb, where, outcome="change", reasons=REASONS).errors
    screen = send(modb, where, kind="mute", days="2", reason="harassment", statement=STATEMENT)
    assert screen.path == "/mod/appeals", screen.errors
    anna = court.browser("anna")
    anna.open(f"/appeals/{appeal_id}")
    assert anna.follow("See what was decided instead").heading == "You cannot comment for a time"
    assert "This was overturned on an appeal" in anna.open(f"/sanctions/{sanction_id}").page.one("p", class_="standing").text


def test_the_list_goes_from_the_oldest_that_waits_to_the_last_decided(court: Court) -> None:
    appeals = [court.appeal(court.decide(court.post(f"Comment {number}."), "remove")) for number in range(5)]
    for place in (1, 3):
        court.judge(appeals[place], "uphold")
    expected = [appeals[0], appeals[2], appeals[4], appeals[3], appeals[1]]
    found, cursor = [], ""
    while True:
        page = court.by("modb").get(f"/mod/appeals?limit=2{cursor}").json
        found += [row["id"] for row in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert found == expected
    modb = court.browser("modb")
    screen = modb.open("/mod/appeals?limit=4")
    assert [heading.text for heading in screen.page.all("h2")] == ["To decide", "Decided"]
    assert modb.follow("Next appeals").page.one("ol", class_="rows").all("li")
    assert court.by("modb").get("/mod/appeals?cursor=forged").status_code == 400


def test_every_form_carries_a_token_and_is_refused_without(court: Court) -> None:
    _, _, appeal_id = open_case(court)
    sanction_id = court.sanction("warning")
    forms = {
        "anna": (
            "/decisions/1/appeal",
            f"/sanctions/{sanction_id}/appeal",
            f"/appeals/{appeal_id}/answer",
            f"/sanctions/{sanction_id}/acknowledgement",
        ),
        "modb": (f"/appeals/{appeal_id}/question", f"/appeals/{appeal_id}/decision", f"/appeals/{appeal_id}/reveal"),
    }
    for who, paths in forms.items():
        for path in paths:
            answer = court.by(who).client.post(
                path, data={"body": BODY, "question": "Why?", "outcome": "uphold", "reasons": REASONS, "version": "2"}
            )
            assert answer.status_code == 403, path
    shown = court.by("modb").get(f"/appeals/{appeal_id}").json
    assert (shown["question"], shown["outcome"]) == (None, None)
    assert court.by("anna").get(f"/sanctions/{sanction_id}").json["acknowledged_at"] is None


def test_no_page_shows_what_only_a_program_says(court: Court) -> None:
    modb, _, appeal_id = open_case(court)
    assert not re.search(r"\bNone\b|\bTrue\b|&lt;", modb.screen.response.text)
    for who, path in (("anna", f"/appeals/{appeal_id}"), ("anna", "/decisions"), ("modb", "/mod/appeals")):
        assert not re.search(r"\bNone\b|\bTrue\b|&lt;", court.browser(who).open(path).response.text), path
