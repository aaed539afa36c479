"""Who decides on an appeal: somebody else than the first time, with no part in it; where nobody else is there the same person, later, and disclosed."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import Executable, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from forum.access.viewer import Role
from forum.clock import now
from forum.db.transaction import reading, writing
from forum.moderation.models import Decision, LogEntry
from forum.redress.models import Appeal
from tests.conftest import ApiClient, Person, Reply
from tests.redress.court import BODY, REASONS, STATEMENT, Court, check_books

pytestmark = pytest.mark.postgresql_slow

PARTS: dict[str, Callable[[Court, int], object]] = {
    "answered": lambda court, comment_id: court.post("So it was.", by="modb", parent_id=comment_id),
    "tagged": lambda court, comment_id: court.by("modb").put(f"/comments/{comment_id}/tag", {"stance": "agreement"}),
    "reported": lambda court, comment_id: court.report(comment_id, by="modb"),
}


def is_recused(answer: Reply, why: str) -> bool:
    return (answer.status_code, answer.json["type"]) == (403, "/problems/recused") and why in answer.json["detail"]


def test_who_decided_first_does_not_decide_again(court: Court) -> None:
    appeal_id = court.appeal(court.decide(court.post(), "remove"))
    shown = court.by("moda").get(f"/appeals/{appeal_id}").json
    assert (shown["can"], shown["hindrance"]) == ([], "you decided the first time.")
    refused = court.judge(appeal_id, "overturn", by="moda")
    assert is_recused(refused, "you decided the first time")
    assert refused.json["draft"]["reasons"] == REASONS
    assert court.judge(appeal_id, "uphold", by="modb").status_code == 201


@pytest.mark.parametrize("part", PARTS)
def test_who_has_a_part_in_it_does_not_decide(court: Court, part: str) -> None:
    court.someone("modc")
    comment_id = court.post()
    PARTS[part](court, comment_id)
    appeal_id = court.appeal(court.decide(comment_id, "remove"))
    assert is_recused(court.judge(appeal_id, "overturn", by="modb"), f"you have {part} it")
    assert court.judge(appeal_id, "overturn", by="modc").status_code == 201


def test_nobody_decides_on_an_appeal_of_their_own(court: Court) -> None:
    """A moderator's own comment, and an author's article."""
    own = court.appeal(court.decide(court.post(by="modb"), "remove"), by="modb")
    shown = court.by("modb").get(f"/appeals/{own}").json
    # As its appellant, a moderator is told what every appellant is, and no name.
    assert (shown["can"], shown["first_decider"]) == ([], None)
    assert is_recused(
        court.by("modb").post(f"/appeals/{own}/decision", {"outcome": "overturn", "reasons": REASONS, "version": 2}), "your own"
    )


def test_a_decision_of_a_rule_is_anybodys_to_look_at(court: Court) -> None:
    comment_id = court.post("You are an idiot, whoever wrote this.")
    held = court.by("anna").get("/me/decisions").json["items"][0]
    appeal_id = court.appeal(held["id"])
    assert court.by("moda").get(f"/appeals/{appeal_id}").json["can"] == ["ask", "decide"]
    assert court.judge(appeal_id, "overturn", by="moda").status_code == 201
    assert court.by("ben").get(f"/comments/{comment_id}").json["state"] == "visible"


def test_the_database_has_the_last_word(court: Court) -> None:
    decision_id = court.decide(court.post(), "remove")
    appeal_id = court.appeal(decision_id)
    anna, moda = court.someone("anna").id, court.someone("moda").id
    second = {
        "site_id": 1,
        "decision_id": decision_id,
        "part": "writer",
        "appellant_id": anna,
        "body": "Again.",
        "version": 1,
        "same_person": False,
        "created_at": now(),
    }
    upheld = {"outcome": "upheld", "reasons": REASONS, "decided_at": now()}
    refused: list[Executable] = [
        # By who decided first, by the appellant, alone but before the time, and without reasons.
        update(Appeal).where(Appeal.id == appeal_id).values(**upheld, decided_by=moda),
        update(Appeal).where(Appeal.id == appeal_id).values(**upheld, decided_by=anna),
        update(Appeal)
        .where(Appeal.id == appeal_id)
        .values(**upheld, decided_by=moda, same_person=True, alone_from=now() + timedelta(hours=1)),
        update(Appeal).where(Appeal.id == appeal_id).values(**(upheld | {"reasons": "Short."}), decided_by=court.someone("modb").id),
        # A second one against the same decision.
        insert(Appeal).values(**second),
    ]
    for statement in refused:
        with pytest.raises(IntegrityError), writing() as session:
            session.execute(statement)


def test_alone_on_a_site_one_waits_two_days_and_says_so(
    person: Callable[..., Person], article: Callable[..., int], visitor: ApiClient
) -> None:
    court = Court(person, article(), {"admin": person("admin", Role.ADMIN)})
    decision_id = court.decide(court.post(), "remove", by="admin")
    # What will happen is said before anybody appeals.
    assert (
        "nobody else who could decide" in court.by("anna").get(f"/decisions/{decision_id}").json["statement_of_reasons"]["appeal"]["said"]
    )
    for path in (f"/decisions/{decision_id}", f"/decisions/{decision_id}/appeal"):
        assert "This site has nobody else who could decide." in court.browser("anna").open(path).text
    filed = court.by("anna").post(f"/decisions/{decision_id}/appeals", {"body": BODY}).json
    assert filed["alone_from"] is not None
    shown = court.by("admin").get(f"/appeals/{filed['id']}").json
    assert shown["can"] == ["ask"]
    assert "Nobody else is there" in shown["hindrance"]
    assert is_recused(court.judge(filed["id"], "overturn", by="admin"), "you can from")
    with time_machine.travel(now() + timedelta(hours=48, minutes=1)):
        assert court.by("admin").get(f"/appeals/{filed['id']}").json["can"] == ["ask", "decide"]
        answer = court.judge(filed["id"], "overturn", by="admin")
        assert (answer.status_code, answer.json["same_person"]) == (201, True)
        assert court.by("anna").get(f"/appeals/{filed['id']}").json["same_person"]
        page = court.browser("anna").open(f"/appeals/{filed['id']}")
        assert "The same moderator decided as the first time" in page.text
        row = visitor.get("/modlog").json["items"][0]
        assert (row["event"], row["same_person"]) == ("appeal_overturn", True)
        assert "Nobody else was there to decide" in court.browser("anna").open("/modlog").text
        undoing = (
            court.by("admin").get(f"/mod/items/{court.by('admin').get(f'/decisions/{decision_id}').json['item_id']}").json["decisions"][-1]
        )
        assert court.by("anna").get(f"/decisions/{undoing['id']}").json["same_person"]
        assert "the same one as the first time" in court.browser("anna").open(f"/decisions/{undoing['id']}").text
    check_books()


def test_somebody_who_came_meanwhile_decides_instead(person: Callable[..., Person], article: Callable[..., int]) -> None:
    court = Court(person, article(), {"admin": person("admin", Role.ADMIN)})
    appeal_id = court.appeal(court.decide(court.post(), "remove", by="admin"))
    court.someone("modb")
    with time_machine.travel(now() + timedelta(days=3)):
        assert is_recused(court.judge(appeal_id, "uphold", by="admin"), "you decided the first time")
        assert court.judge(appeal_id, "uphold", by="modb").json["same_person"] is False


def test_and_who_is_left_alone_after_filing_waits_as_long(court: Court) -> None:
    comment_id = court.post()
    appeal_id = court.appeal(court.decide(comment_id, "remove"))
    with writing() as session:
        assert session.get_one(Appeal, appeal_id).alone_from is None
        session.execute(text("UPDATE memberships SET role = 'member' WHERE account_id = :who"), {"who": court.someone("modb").id})
    assert is_recused(court.judge(appeal_id, "uphold", by="moda"), "you can from")
    with time_machine.travel(now() + timedelta(hours=49)):
        assert court.judge(appeal_id, "uphold", by="moda").json["same_person"] is True


def test_no_time_alone_decides_anything(court: Court) -> None:
    appeal_id = court.appeal(court.decide(court.post(), "remove"))
    with time_machine.travel(now() + timedelta(days=400)):
        assert court.later("modb").get(f"/appeals/{appeal_id}").json["outcome"] is None


def test_who_decided_on_the_way_to_it_leaves_it_to_others(court: Court) -> None:
    """A declined report, granted on appeal by a second person: the third decides on the writer's appeal, as long as there is one."""
    comment_id = court.post()
    court.report(comment_id)
    left = court.decide(comment_id, "no_action", reason="within_rules")
    granted = court.judge(court.appeal(left, by="ben"), "overturn", action="remove", reason="off_topic", statement=STATEMENT)
    again = court.appeal(granted.json["replacement_id"])
    assert is_recused(court.judge(again, "uphold", by="modb"), "you decided the first time")
    # With nobody else, the one who decided at the very beginning may.
    assert court.by("moda").get(f"/appeals/{again}").json["can"] == ["ask", "decide"]
    court.someone("modc")
    assert is_recused(court.judge(again, "uphold", by="moda"), "already decided in this matter")
    assert court.judge(again, "overturn", by="modc").status_code == 201


def test_only_an_administrator_lifts_a_ban_on_appeal(court: Court) -> None:
    court.someone("admin")
    banned = court.sanction("ban", by="admin")
    appeal_id = court.by("anna").post(f"/sanctions/{banned}/appeals", {"body": BODY}).json["id"]
    assert is_recused(court.judge(appeal_id, "overturn", by="modb"), "only an administrator")
    court.someone("admeen")
    assert court.judge(appeal_id, "overturn", by="admeen").status_code == 201


def test_what_has_changed_meanwhile_is_looked_at_again(court: Court) -> None:
    comment_id = court.post()
    appeal_id = court.appeal(court.decide(comment_id, "screen_out"))
    seen = court.by("modb").get(f"/appeals/{appeal_id}").json["version"]
    verdict = {"outcome": "overturn", "reasons": REASONS, "version": seen}
    # The writer puts another text in its place: nobody publishes that unread.
    assert court.by("anna").patch(f"/comments/{comment_id}", {"body_md": "Buy it at my shop."}).status_code == 200
    stale = court.by("modb").post(f"/appeals/{appeal_id}/decision", verdict)
    assert (stale.status_code, stale.json["type"], stale.json["draft"]["reasons"]) == (412, "/problems/stale-version", REASONS)
    assert court.by("ben").get(f"/comments/{comment_id}").json["body_md"] is None
    assert court.judge(appeal_id, "overturn").status_code == 201


def test_of_two_at_once_one_decides_and_the_other_keeps_the_draft(court: Court, app: Flask) -> None:
    court.someone("modc")
    for number in range(4):
        comment_id = court.post(f"Comment {number}.")
        appeal_id = court.appeal(court.decide(comment_id, "remove"))
        seen = court.by("modb").get(f"/appeals/{appeal_id}").json["version"]

        def send(name: str, appeal_id: int = appeal_id, seen: int = seen) -> Reply:
            verdict: dict[str, Any] = {"outcome": "overturn", "reasons": f"{REASONS} {name}", "version": seen}
            return court.by(name).post(f"/appeals/{appeal_id}/decision", verdict)

        with ThreadPoolExecutor(2) as threads:
            answers = dict(zip(("modb", "modc"), threads.map(send, ("modb", "modc")), strict=True))
        assert sorted(answer.status_code for answer in answers.values()) == [201, 412], [answer.text for answer in answers.values()]
        lost = next(name for name, answer in answers.items() if answer.status_code == 412)
        assert answers[lost].json["draft"]["reasons"] == f"{REASONS} {lost}"
        assert answers[lost].json["decision"]["outcome"] == "overturned"
        with reading() as session:
            undone = select(Decision).where(Decision.comment_id == comment_id, Decision.action == "undo")
            assert len(session.scalars(undone).all()) == 1
            decided = select(LogEntry).where(LogEntry.event == "appeal_overturn", LogEntry.comment_id == comment_id)
            assert len(session.scalars(decided).all()) == 1
    check_books()
