"""Sanctions as their subjects see them, and appeals against them: lifted as if never imposed, or replaced; tags come back, strikes count no more."""

import pytest
from sqlalchemy import select

from forum.db.transaction import reading
from forum.sanctions.models import Sanction
from forum.stances.models import Tag
from tests.conftest import ApiClient
from tests.redress.court import BODY, REASONS, STATEMENT, Court, check_books, snapshot

pytestmark = pytest.mark.postgresql_slow

KINDS = ("reminder", "warning", "pre_moderation", "mute", "tag_mute", "report_mute", "suspension")


def appeal(court: Court, sanction_id: int) -> int:
    answer = court.by("anna").post(f"/sanctions/{sanction_id}/appeals", {"body": BODY})
    assert answer.status_code == 201, answer.text
    return int(answer.json["id"])


def row(sanction_id: int) -> Sanction:
    with reading() as session:
        found = session.get_one(Sanction, sanction_id)
        session.expunge_all()
        return found


@pytest.mark.parametrize("kind", KINDS)
def test_the_subject_reads_every_item_and_nobody_else_does(court: Court, visitor: ApiClient, kind: str) -> None:
    sanction_id = court.sanction(kind)
    shown = court.by("anna").get(f"/sanctions/{sanction_id}").json
    stated = shown["statement_of_reasons"]
    assert (shown["kind"], shown["statement"], shown["in_force"]) == (kind, STATEMENT, True)
    assert (stated["restriction"], stated["facts"], stated["clause"], stated["ground"]) == (kind, STATEMENT, "harassment", "rules")
    assert (stated["source"], stated["detected_automatically"], stated["decided_automatically"]) == ("own_initiative", False, False)
    assert all(stated[name] for name in ("what", "scope", "duration", "source_said", "automation_said", "clause_label", "clause_meaning"))
    assert stated["ends_at"] == shown["ends_at"]
    assert (stated["appeal"]["is_open"], stated["appeal"]["url"]) == (True, f"/sanctions/{sanction_id}/appeal")
    assert not [word for word in ("moda", "Moda") if word in court.by("anna").get(f"/sanctions/{sanction_id}").text]
    assert court.by("modb").get(f"/sanctions/{sanction_id}").status_code == 200
    for caller, status in ((visitor, 401), (court.by("ben"), 403)):
        answers = [caller.get(f"/sanctions/{number}") for number in (sanction_id, 99999)]
        assert [answer.status_code for answer in answers] == [status, status]
        assert answers[0].json["detail"] == answers[1].json["detail"]


def test_a_warning_is_over_once_it_is_acknowledged(court: Court) -> None:
    sanction_id = court.sanction("warning")
    blocked = court.by("anna").post(f"/articles/{court.article_id}/comments", {"body_md": "So?"})
    assert (blocked.status_code, blocked.json["sanction"]) == (403, f"/sanctions/{sanction_id}")
    for caller in (court.by("ben"), court.by("moda")):
        assert caller.put(f"/sanctions/{sanction_id}/acknowledgement").status_code == 403
    read = court.by("anna").put(f"/sanctions/{sanction_id}/acknowledgement")
    assert (read.status_code, read.json["in_force"]) == (200, False)
    assert court.by("anna").put(f"/sanctions/{sanction_id}/acknowledgement").json == read.json
    court.post("So?")


def test_overturned_it_is_as_if_it_never_had_been(court: Court) -> None:
    comment_id = court.post(by="ben")
    assert court.by("anna").put(f"/comments/{comment_id}/tag", {"stance": "agreement"}).status_code == 200
    rows = snapshot(comment_id)
    sanction_id = court.sanction("suspension", days=10)
    assert snapshot(comment_id) != rows
    appeal_id = appeal(court, sanction_id)
    answer = court.judge(appeal_id, "overturn")
    assert (answer.status_code, answer.json["outcome"], answer.json["replacement_id"]) == (201, "overturned", None)
    assert snapshot(comment_id) == rows
    lifted = row(sanction_id)
    assert (lifted.overturned, lifted.lifted_at is not None) == (True, True)
    court.post("I can write again.")
    check_books()


def test_changed_another_takes_its_place_for_the_rest(court: Court) -> None:
    comment_id = court.post(by="ben")
    assert court.by("anna").put(f"/comments/{comment_id}/tag", {"stance": "agreement"}).status_code == 200
    sanction_id = court.sanction("mute", days=10)
    appeal_id = appeal(court, sanction_id)
    assert court.judge(appeal_id, "change").json["errors"][0]["pointer"] == "/kind"
    new = {"reason": "harassment", "statement": STATEMENT}
    too_long = court.judge(appeal_id, "change", kind="warning", days=3, **new)
    assert (too_long.status_code, too_long.json["errors"][0]["pointer"]) == (422, "/days")
    assert row(sanction_id).lifted_at is None
    answer = court.judge(appeal_id, "change", kind="suspension", days=2, **new)
    assert answer.status_code == 201, answer.text
    replaced, instead = row(sanction_id), row(answer.json["replacement_id"])
    assert (replaced.overturned, instead.kind, instead.account_id) == (True, "suspension", court.someone("anna").id)
    with reading() as session:
        assert session.scalars(select(Tag.suspended)).all() == [True]
    shown = court.by("anna").get(f"/sanctions/{instead.id}").json
    assert (shown["in_force"], shown["statement_of_reasons"]["source"]) == (True, "own_initiative")
    check_books()


def test_upheld_it_goes_on(court: Court) -> None:
    sanction_id = court.sanction("mute", days=10)
    assert court.judge(appeal(court, sanction_id), "uphold").status_code == 201
    assert row(sanction_id).lifted_at is None
    assert court.by("anna").post(f"/articles/{court.article_id}/comments", {"body_md": "So?"}).status_code == 403


def test_not_by_who_imposed_it_nor_by_its_subject(court: Court) -> None:
    court.someone("admin")
    sanction_id = court.sanction("mute", on="modb", by="admin", days=3)
    own = court.by("modb").post(f"/sanctions/{sanction_id}/appeals", {"body": BODY}).json["id"]
    assert court.judge(own, "overturn", by="admin").json["type"] == "/problems/recused"
    verdict = {"outcome": "overturn", "reasons": REASONS, "version": 1}
    assert court.by("modb").post(f"/appeals/{own}/decision", verdict).json["type"] == "/problems/recused"
    assert court.judge(own, "overturn", by="moda").status_code == 201


def test_what_was_lifted_meanwhile_is_not_upheld(court: Court) -> None:
    sanction_id = court.sanction("mute", days=10)
    appeal_id = appeal(court, sanction_id)
    assert court.by("moda").delete(f"/mod/accounts/anna/sanctions/{sanction_id}").status_code == 200
    refused = court.judge(appeal_id, "uphold")
    assert (refused.status_code, refused.json["draft"]["reasons"]) == (409, REASONS)
    assert court.judge(appeal_id, "overturn").status_code == 201
    assert row(sanction_id).overturned


def test_the_strike_of_an_overturned_removal_counts_no_more(court: Court) -> None:
    decision_id = court.decide(court.post(), "remove")
    assert court.by("modb").get("/mod/accounts/anna").json["strikes"] == 1
    court.overturn(decision_id)
    assert court.by("modb").get("/mod/accounts/anna").json["strikes"] == 0


def test_a_sanction_that_came_with_a_decision_keeps_who_has_a_part_in_it_out(court: Court) -> None:
    comment_id = court.post()
    court.report(comment_id, by="modb")
    court.someone("modc")
    court.decide(comment_id, "remove", sanction={"kind": "mute", "days": 3})
    sanction_id = court.by("anna").get("/me/decisions").json["items"][0]["id"]
    appeal_id = appeal(court, sanction_id)
    assert court.judge(appeal_id, "overturn", by="modb").json["type"] == "/problems/recused"
    assert court.judge(appeal_id, "overturn", by="modc").status_code == 201
