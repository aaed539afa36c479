"""Appeals of those whose report was declined, with an account and without one; and decisions that are replaced by others."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select, update

from forum.clock import now
from forum.db.transaction import reading, writing
from forum.moderation.models import Decision, Report, ReviewItem, StatementOfReasons
from forum.redress.models import Appeal
from tests.conftest import ApiClient
from tests.redress.court import BODY, REASONS, STATEMENT, Court, check_books, snapshot

pytestmark = pytest.mark.postgresql_slow

INSTEAD: dict[str, dict[str, Any]] = {
    "remove": {},
    "screen_out": {},
    "redact": {"spans": [{"start": 6, "end": 11}]},
    "lock": {},
    "notice": {"notice": "Please ask a doctor first."},
}
STATES = {"remove": "removed", "screen_out": "screened"}
NEW = {"reason": "off_topic", "statement": STATEMENT}


def declined(court: Court, *, by: tuple[str, ...] = ("ben",)) -> tuple[int, int]:
    """Return a comment whose reports were declined, and that decision."""
    comment_id = court.post()
    for name in by:
        court.report(comment_id, by=name)
    return comment_id, court.decide(comment_id, "no_action", reason="within_rules")


def decision(decision_id: int) -> Decision:
    with reading() as session:
        found = session.get_one(Decision, decision_id)
        session.expunge_all()
        return found


@pytest.mark.parametrize("action", INSTEAD)
def test_a_reporters_appeal_that_is_granted_restricts_the_comment(court: Court, action: str) -> None:
    comment_id, left = declined(court, by=("ben", "dora"))
    appeal_id = court.appeal(left, by="ben")
    granted = court.judge(appeal_id, "overturn", action=action, **NEW, **INSTEAD[action])
    assert granted.status_code == 201, granted.text
    replacement = decision(granted.json["replacement_id"])
    assert (replacement.action, replacement.appeal_id, replacement.moderator_id) == (action, appeal_id, court.someone("modb").id)
    assert decision(left).undone_at is not None
    assert court.by("ben").get(f"/comments/{comment_id}").json["state"] == STATES.get(action, "visible")
    # Both who reported were right, whoever appealed.
    for name in ("ben", "dora"):
        assert [report["state"] for report in court.by(name).get("/me/reports").json["items"]] == ["upheld"]
    stated = court.by("anna").get(f"/decisions/{replacement.id}").json
    assert stated["statement_of_reasons"]["source"] == "report"
    assert stated["statement_of_reasons"]["facts"] == STATEMENT
    assert stated["appeal"] is None
    # Who appealed reads what came of it, not what was decided about somebody else's words.
    shown = court.by("ben").get(f"/appeals/{appeal_id}").json
    assert (shown["outcome"], shown["reasons"], shown["replacement_id"]) == ("overturned", REASONS, None)
    check_books()


def test_what_was_hidden_for_now_has_a_case_in_which_somebody_decides(court: Court) -> None:
    comment_id, left = declined(court)
    court.judge(court.appeal(left, by="ben"), "overturn", action="screen_out", **NEW)
    with reading() as session:
        opened = session.scalars(select(ReviewItem).where(ReviewItem.comment_id == comment_id, ReviewItem.state == "open")).one()
        assert (opened.origin, opened.reason) == ("report", "off_topic")


def test_its_writer_appeals_in_turn_and_gets_it_all_back(court: Court) -> None:
    court.someone("modc")
    comment_id, left = declined(court)
    rows = snapshot(comment_id)
    granted = court.judge(court.appeal(left, by="ben"), "overturn", action="remove", **NEW)
    again = court.appeal(granted.json["replacement_id"])
    assert court.judge(again, "overturn", by="modc").status_code == 201
    assert snapshot(comment_id) == rows
    assert [report["state"] for report in court.by("ben").get("/me/reports").json["items"]] == ["declined"]
    # One report, one appeal: otherwise the two could go on for ever.
    reference = court.by("ben").get("/me/reports").json["items"][0]["reference"]
    refused = court.by("ben").post(f"/reports/{reference}/appeals", {"body": BODY})
    assert (refused.status_code, "appealed already" in refused.json["detail"]) == (409, True)
    check_books()


def test_a_reporter_who_was_right_first_can_appeal_the_overturning(court: Court) -> None:
    court.someone("modc")
    comment_id = court.post()
    reference = court.report(comment_id)
    court.overturn(court.decide(comment_id, "remove"))
    filed = court.by("ben").post(f"/reports/{reference}/appeals", {"body": BODY})
    assert filed.status_code == 201, filed.text
    assert court.judge(filed.json["id"], "overturn", by="modc", action="remove", **NEW).status_code == 201
    assert court.by("ben").get(f"/comments/{comment_id}").json["state"] == "removed"
    check_books()


def test_upheld_nothing_changes(court: Court) -> None:
    comment_id, left = declined(court)
    rows = snapshot(comment_id)
    answer = court.judge(court.appeal(left, by="ben"), "uphold")
    assert (answer.status_code, answer.json["outcome"]) == (201, "upheld")
    assert snapshot(comment_id) == rows
    assert decision(left).undone_at is None
    assert [report["state"] for report in court.by("ben").get("/me/reports").json["items"]] == ["declined"]


@pytest.mark.parametrize(
    ("sent", "pointer"),
    [
        ({}, "/action"),
        ({"action": "remove", "statement": STATEMENT}, "/reason"),
        ({"action": "remove", "reason": "within_rules", "statement": STATEMENT}, "/reason"),
        ({"action": "remove", "reason": "off_topic", "statement": "Short."}, "/statement"),
        ({"action": "notice", "reason": "off_topic", "statement": STATEMENT}, "/notice"),
        ({"action": "redact", "reason": "off_topic", "statement": STATEMENT}, "/spans"),
        ({"action": "redact", "spans": [{"start": 0, "end": 900}], **NEW}, "/spans/0"),
        ({"reasons": "Short.", "action": "remove", **NEW}, "/reasons"),
        ({"outcome": "change", "action": "remove", **NEW}, "/outcome"),
    ],
)
def test_what_is_missing_is_said(court: Court, sent: dict[str, Any], pointer: str) -> None:
    comment_id, left = declined(court)
    appeal_id = court.appeal(left, by="ben")
    answer = court.judge(appeal_id, **{"outcome": "overturn", **sent})
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, pointer)
    assert court.by("ben").get(f"/comments/{comment_id}").json["state"] == "visible"
    assert court.by("ben").get(f"/appeals/{appeal_id}").json["outcome"] is None


def test_what_does_not_fit_the_comment_any_more_is_refused(court: Court) -> None:
    comment_id, left = declined(court)
    appeal_id = court.appeal(left, by="ben")
    assert court.by("anna").delete(f"/comments/{comment_id}").status_code == 204
    answer = court.judge(appeal_id, "overturn", action="remove", **NEW)
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/illegal-transition")
    assert court.judge(appeal_id, "uphold").status_code == 201


def test_only_whose_report_was_declined_appeals_it(court: Court) -> None:
    comment_id, left = declined(court)
    assert court.by("dora").post(f"/decisions/{left}/appeals", {"body": BODY}).status_code == 403
    # The writer knows of the decision, which took nothing from them.
    assert court.by("anna").post(f"/decisions/{left}/appeals", {"body": BODY}).status_code == 409
    with time_machine.travel(now() + timedelta(days=185)):
        late = court.later("ben").post(f"/decisions/{left}/appeals", {"body": BODY})
        assert (late.status_code, "that is over" in late.json["detail"]) == (409, True)
    assert comment_id


def test_a_report_that_waits_or_was_upheld_is_not_appealed(court: Court) -> None:
    comment_id = court.post()
    reference = court.report(comment_id)
    assert court.by("ben").post(f"/reports/{reference}/appeals", {"body": BODY}).status_code == 409
    court.decide(comment_id, "remove")
    assert court.by("ben").post(f"/reports/{reference}/appeals", {"body": BODY}).status_code == 409


def test_a_reporters_appeal_is_nobody_elses(court: Court, visitor: ApiClient) -> None:
    comment_id = court.post()
    reference = court.report(comment_id)
    court.decide(comment_id, "no_action", reason="within_rules")
    for caller, status in ((visitor, 401), (court.by("anna"), 403), (court.by("modb"), 403)):
        assert caller.post(f"/reports/{reference}/appeals", {"body": BODY}).status_code == status
        assert caller.get(f"/reports/{reference}/appeal").status_code == status
    filed = court.by("ben").post(f"/reports/{reference}/appeals", {"body": BODY})
    assert filed.headers["Location"] == f"/api/v1/appeals/{filed.json['id']}"
    assert court.by("anna").get(f"/appeals/{filed.json['id']}").status_code == 403
    assert court.by("ben").get(f"/appeals/{filed.json['id']}").json["reference"] == reference
    # The writer is not told that somebody has reported and appeals.
    assert court.by("anna").get(f"/decisions/{filed.json['decision_id']}").json["appeal"] is None
    for_moderators = court.by("modb").get(f"/appeals/{filed.json['id']}").json
    assert (for_moderators["appellant"], for_moderators["reference"], for_moderators["reason_of_report"]) == ("ben", None, "off_topic")


def test_a_notice_is_appealed_by_its_reference_alone(court: Court, visitor: ApiClient) -> None:
    comment_id = court.post()
    reference = court.notice(comment_id, visitor)
    assert visitor.get(f"/reports/{reference}/appeal").status_code == 404
    court.decide(comment_id, "no_action", reason="within_rules")
    assert visitor.get(f"/reports/{reference}").json["appeal_until"] is not None
    filed = visitor.post(f"/reports/{reference}/appeals", {"body": BODY})
    assert (filed.status_code, filed.headers["Location"]) == (201, f"/api/v1/reports/{reference}/appeal")
    assert (filed.json["part"], filed.json["reference"]) == ("reporter", reference)
    appeal_id = filed.json["id"]
    assert visitor.get(f"/appeals/{appeal_id}").status_code == 401
    assert court.by("modb").post(f"/appeals/{appeal_id}/question", {"question": "Which law?"}).status_code == 201
    assert visitor.get(f"/reports/{reference}/appeal").json["can"] == ["answer"]
    answered = visitor.post(f"/reports/{reference}/appeal/answer", {"answer": "That of data protection."})
    assert (answered.status_code, answered.json["answer"]) == (201, "That of data protection.")
    granted = court.judge(appeal_id, "overturn", action="remove", reason="illegal", statement=STATEMENT)
    assert granted.status_code == 201
    assert visitor.get(f"/reports/{reference}").json["state"] == "upheld"
    assert visitor.get(f"/reports/{reference}/appeal").json["outcome"] == "overturned"
    with reading() as session:
        statement = session.scalars(select(StatementOfReasons)).one()
        assert (statement.source, statement.ground) == ("notice", "law")
        assert session.scalars(select(Appeal.appellant_id)).one() is None
        assert session.scalars(select(Report.state)).one() == "upheld"


def test_another_case_about_the_comment_is_looked_at_again(court: Court) -> None:
    comment_id, left = declined(court)
    appeal_id = court.appeal(left, by="ben")
    court.report(comment_id, by="dora")
    item = court.by("moda").post(f"/mod/comments/{comment_id}/items").json["item"]
    assert court.judge(appeal_id, "overturn", action="remove", **NEW).status_code == 201
    stale = court.by("moda").post(
        f"/mod/items/{item['id']}/decisions", {"action": "no_action", "reason": "within_rules", "version": item["version"]}
    )
    assert stale.status_code == 412


# Replaced by another


@pytest.mark.parametrize("first", INSTEAD)
@pytest.mark.parametrize("second", ["redact", "notice", "remove"])
def test_a_change_takes_back_and_decides_anew_at_once(court: Court, first: str, second: str) -> None:
    comment_id = court.post()
    fresh = snapshot(comment_id)
    decision_id = court.decide(comment_id, first, **INSTEAD[first])
    answer = court.judge(court.appeal(decision_id), "change", action=second, **NEW, **INSTEAD[second])
    assert answer.status_code == 201, answer.text
    assert answer.json["outcome"] == "changed"
    replacement = decision(answer.json["replacement_id"])
    assert (replacement.action, replacement.from_state, replacement.undone_at) == (second, "visible", None)
    assert decision(decision_id).undone_at is not None
    shown = court.by("ben").get(f"/comments/{comment_id}").json
    assert shown["state"] == STATES.get(second, "visible")
    if second == "redact":
        assert shown["body_md"] == "I saw [identifying detail removed] in May and it was well."
    if second == "notice":
        assert (shown["notice"], shown["body_md"]) == ("Please ask a doctor first.", "I saw Trial in May and it was well.")
    # The new one is appealed in turn, and then nothing is left of either.
    court.someone("modc")
    assert court.by("anna").get(f"/appeals/{answer.json['id']}").json["replacement_id"] == replacement.id
    assert court.judge(court.appeal(replacement.id), "overturn", by="modc").status_code == 201
    assert snapshot(comment_id) == fresh
    check_books()


def test_a_change_says_what_happens_instead(court: Court) -> None:
    comment_id = court.post()
    appeal_id = court.appeal(court.decide(comment_id, "remove"))
    assert court.judge(appeal_id, "change").json["errors"][0]["pointer"] == "/action"
    assert court.by("ben").get(f"/comments/{comment_id}").json["state"] == "removed"


def test_where_a_later_decision_holds_nothing_takes_its_place(court: Court) -> None:
    comment_id = court.post("My shop has it.")
    removed = court.decide(comment_id, "remove")
    assert court.by("anna").patch(f"/comments/{comment_id}", {"body_md": "What I found in my shop."}).status_code == 202
    court.decide(comment_id, "remove", by="modb")
    court.someone("modc")
    appeal_id = court.appeal(removed)
    answer = court.judge(appeal_id, "change", by="modc", action="notice", notice="Ask.", **NEW)
    assert answer.status_code == 409
    assert "you can uphold the first decision" in answer.json["detail"]
    assert decision(removed).undone_at is None


def test_the_original_is_masked_until_a_moderator_asks_to_see_it(court: Court) -> None:
    comment_id = court.post("I saw Trial in May.")
    redacted = court.decide(comment_id, "redact", reason="confidentiality", spans=[{"start": 6, "end": 11}])
    appeal_id = court.appeal(redacted)
    modb = court.by("modb")
    assert modb.get(f"/appeals/{appeal_id}").json["text"] is None
    assert "Trial" not in court.browser("modb").open(f"/appeals/{appeal_id}").text
    assert modb.post(f"/appeals/{appeal_id}/reveal").json["text"] == "I saw Trial in May."
    assert modb.get("/mod/log").json["items"][0]["event"] == "reveal"
    with writing() as session:
        session.execute(update(Report).values(note=""))
    assert court.by("anna").get(f"/appeals/{appeal_id}").json["text"] is None
    with time_machine.travel(now() + timedelta(minutes=11)):
        assert modb.get(f"/appeals/{appeal_id}").json["text"] is None
