"""Filing an appeal: who can, until when, once; one question and one answer; and that strangers learn nothing."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from forum.db.transaction import reading, writing
from forum.moderation.models import LogEntry, StatementOfReasons
from forum.redress.models import Appeal
from forum.sanctions.models import Sanction
from tests.conftest import ApiClient
from tests.redress.court import BODY, Court

pytestmark = pytest.mark.postgresql_slow

SIX_MONTHS = timedelta(days=184)


def until_of(decision_id: int) -> datetime:
    with reading() as session:
        statement = select(StatementOfReasons.appeal_until).where(StatementOfReasons.decision_id == decision_id)
        found: datetime = session.scalars(statement).one()
        return found


def test_the_writer_of_a_restricted_comment_appeals(court: Court) -> None:
    decision_id = court.decide(court.post(), "remove")
    answer = court.by("anna").post(f"/decisions/{decision_id}/appeals", {"body": f"  {BODY}\n"})
    assert answer.status_code == 201
    appeal = answer.json
    assert answer.headers["Location"] == f"/api/v1/appeals/{appeal['id']}"
    assert (appeal["part"], appeal["body"], appeal["decision_id"]) == ("writer", BODY, decision_id)
    assert (appeal["outcome"], appeal["can"], appeal["alone_from"]) == (None, [], None)
    # Who decided, and who reads it, the appellant does not learn.
    assert {appeal[name] for name in ("appellant", "first_decider", "asked_by", "decided_by", "text", "hindrance")} == {None}
    assert court.by("anna").get(f"/appeals/{appeal['id']}").json == appeal
    row = court.by("modb").get("/mod/appeals").json["items"][0]
    assert (row["id"], row["said"], row["person"], row["is_first_decider"]) == (appeal["id"], "A comment was removed", "anna", False)


def test_once_and_the_second_is_told_of_the_first(court: Court) -> None:
    decision_id = court.decide(court.post(), "remove")
    first = court.appeal(decision_id)
    refused = court.by("anna").post(f"/decisions/{decision_id}/appeals", {"body": BODY})
    assert (refused.status_code, refused.json["type"]) == (409, "/problems/conflict")
    assert f"/appeals/{first}" in refused.json["detail"]


def test_until_the_last_day_and_not_after_it(court: Court) -> None:
    late, last = (court.decide(court.post(f"Comment {number}."), "remove") for number in range(2))
    with time_machine.travel(until_of(last) - timedelta(seconds=60)):
        assert court.later("anna").post(f"/decisions/{last}/appeals", {"body": BODY}).status_code == 201
    with time_machine.travel(until_of(late) + timedelta(seconds=60)):
        shown = court.later("anna").get(f"/decisions/{late}").json["statement_of_reasons"]["appeal"]
        assert not shown["is_open"]
        refused = court.by("anna").post(f"/decisions/{late}/appeals", {"body": BODY})
        assert refused.status_code == 409
        assert "that is over" in refused.json["detail"]


def test_what_takes_nothing_cannot_be_appealed(court: Court) -> None:
    comment_id = court.post()
    left = court.decide(comment_id, "no_action", reason="within_rules")
    refused = court.by("anna").post(f"/decisions/{left}/appeals", {"body": BODY})
    assert refused.status_code == 409
    assert "takes nothing from you" in refused.json["detail"]
    assert court.by("anna").get(f"/decisions/{left}").json["statement_of_reasons"] is None


def test_what_was_taken_back_cannot_be_appealed(court: Court) -> None:
    comment_id = court.post()
    item = court.by("moda").post(f"/mod/comments/{comment_id}/items").json["item"]
    order = {"action": "remove", "reason": "promotion", "statement": BODY, "items": [{"id": item["id"], "version": item["version"]}]}
    batch = court.by("moda").post("/mod/batches", order).json
    decision_id = court.by("anna").get(f"/comments/{comment_id}").json["restriction"]["decision_id"]
    assert court.by("moda").delete(f"/mod/batches/{batch['id']}").status_code == 200
    refused = court.by("anna").post(f"/decisions/{decision_id}/appeals", {"body": BODY})
    assert refused.status_code == 409
    assert "taken back already" in refused.json["detail"]


@pytest.mark.parametrize("body", ["", "   ", "x" * 2001])
def test_an_appeal_says_something_and_not_without_end(court: Court, body: str) -> None:
    decision_id = court.decide(court.post(), "remove")
    assert court.by("anna").post(f"/decisions/{decision_id}/appeals", {"body": body}).status_code == 422
    assert court.by("anna").post(f"/decisions/{decision_id}/appeals", {"body": "x" * 2000}).status_code == 201


def test_whoever_is_suspended_can_appeal(court: Court) -> None:
    decision_id = court.decide(court.post(), "remove")
    court.someone("admin")
    banned = court.sanction("ban", by="admin")
    assert court.by("anna").post(f"/articles/{court.article_id}/comments", {"body_md": "So?"}).status_code == 403
    court.appeal(decision_id)
    assert court.by("anna").post(f"/sanctions/{banned}/appeals", {"body": BODY}).status_code == 201


def test_strangers_get_the_same_answer_whether_there_is_one(court: Court, visitor: ApiClient) -> None:
    comment_id = court.post("The marker-text.")
    decision_id = court.decide(comment_id, "remove", note="The marker-note.")
    appeal_id = court.appeal(decision_id)
    sanction_id = court.sanction("warning")
    for path in (f"/decisions/%d/appeals {decision_id}", f"/sanctions/%d/appeals {sanction_id}"):
        address, known = path.split()
        for caller, status in ((visitor, 401), (court.by("ben"), 403), (court.by("modb"), 403)):
            answers = [caller.post(address % number, {"body": BODY}) for number in (int(known), 99999)]
            assert {answer.status_code for answer in answers} == {status}
            assert answers[0].json["detail"] == answers[1].json["detail"]
    for address in ("/appeals/%d", "//appeals/%d"):
        for caller in (visitor, court.by("ben"), court.by("marit")):
            answers = [caller.get(address % number) for number in (appeal_id, 99999)]
            assert answers[0].status_code == answers[1].status_code
            assert answers[0].status_code in (302, 303, 401, 403)
            assert not [word for word in ("marker-text", "marker-note", BODY) if word in answers[0].text]
    for path, body in (
        ("question", {"question": "Why?"}),
        ("decision", {"outcome": "uphold", "reasons": BODY, "version": 1}),
        ("reveal", None),
    ):
        for known_id in (appeal_id, 99999):
            assert court.by("ben").post(f"/appeals/{known_id}/{path}", body).status_code == 403
            assert court.by("anna").post(f"/appeals/{known_id}/{path}", body).status_code == 403
    assert court.by("modb").get("/appeals/99999").status_code == 404
    assert court.by("ben").get("/mod/appeals").status_code == 403


def test_one_question_and_one_answer(court: Court) -> None:
    appeal_id = court.appeal(court.decide(court.post(), "remove"))
    anna, modb = court.by("anna"), court.by("modb")
    assert anna.post(f"/appeals/{appeal_id}/answer", {"answer": "Nobody asked."}).status_code == 409
    before = modb.get(f"/appeals/{appeal_id}").json
    assert before["can"] == ["ask", "decide"]
    asked = modb.post(f"/appeals/{appeal_id}/question", {"question": "Which study?"})
    assert (asked.status_code, asked.json["asked_by"], asked.json["can"]) == (201, "modb", ["decide"])
    assert asked.json["version"] > before["version"]
    assert modb.post(f"/appeals/{appeal_id}/question", {"question": "And which year?"}).status_code == 409
    shown = anna.get(f"/appeals/{appeal_id}").json
    assert (shown["question"], shown["asked_by"], shown["can"]) == ("Which study?", None, ["answer"])
    # A moderator is not the appellant.
    assert modb.post(f"/appeals/{appeal_id}/answer", {"answer": "This one."}).status_code == 403
    answered = anna.post(f"/appeals/{appeal_id}/answer", {"answer": " The one of 2009. "})
    assert (answered.status_code, answered.json["answer"], answered.json["can"]) == (201, "The one of 2009.", [])
    assert anna.post(f"/appeals/{appeal_id}/answer", {"answer": "Or 2010."}).status_code == 409
    assert court.judge(appeal_id, "uphold").status_code == 201
    assert anna.post(f"/appeals/{appeal_id}/answer", {"answer": "Or 2010."}).status_code == 409


def test_nothing_is_asked_once_it_is_decided_nor_by_who_has_a_part_in_it(court: Court) -> None:
    appeal_id = court.appeal(court.decide(court.post(), "remove"))
    own = court.by("moda").post(f"/appeals/{appeal_id}/question", {"question": "Why?"})
    assert (own.status_code, own.json["type"]) == (403, "/problems/recused")
    assert court.judge(appeal_id, "uphold").status_code == 201
    assert court.by("modb").post(f"/appeals/{appeal_id}/question", {"question": "Why?"}).status_code == 409


def test_the_log_says_that_without_a_word_of_it(court: Court) -> None:
    decision_id = court.decide(court.post(), "remove")
    appeal_id = court.appeal(decision_id)
    with reading() as session:
        entry = session.scalars(select(LogEntry).where(LogEntry.event == "appeal")).one()
        assert (entry.is_public, entry.decision_id, entry.actor_kind) == (False, decision_id, "writer")
        assert BODY not in entry.detail
        assert f'"appeal":{appeal_id}' in entry.detail


def test_a_lifted_sanction_cannot_be_appealed_and_a_late_one_neither(court: Court) -> None:
    lifted, late = court.sanction("mute", days=5), court.sanction("mute", days=6)
    assert court.by("moda").delete(f"/mod/accounts/anna/sanctions/{lifted}").status_code == 200
    assert court.by("anna").post(f"/sanctions/{lifted}/appeals", {"body": BODY}).status_code == 409
    with writing() as session:
        statement = session.scalars(select(StatementOfReasons).where(StatementOfReasons.sanction_id == late)).one()
        statement.appeal_until = session.get_one(Sanction, late).created_at - timedelta(days=1)
    refused = court.by("anna").post(f"/sanctions/{late}/appeals", {"body": BODY})
    assert (refused.status_code, "that is over" in refused.json["detail"]) == (409, True)
    with reading() as session:
        assert session.scalars(select(Appeal)).all() == []


def test_of_two_who_appeal_at_once_one_files_and_the_other_is_told(court: Court) -> None:
    for number in range(4):
        comment_id = court.post(f"Comment {number}.")
        for name in ("ben", "dora"):
            court.report(comment_id, by=name)
        decision_id = court.decide(comment_id, "no_action", reason="within_rules")

        def file(name: str, decision_id: int = decision_id) -> int:
            return court.by(name).post(f"/decisions/{decision_id}/appeals", {"body": BODY}).status_code

        with ThreadPoolExecutor(2) as threads:
            assert sorted(threads.map(file, ("ben", "dora"))) == [201, 409]
