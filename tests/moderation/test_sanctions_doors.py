"""Imposing and lifting over the API: who may, what it takes, what the log and the person get – and both or neither where it comes with a decision."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError

from forum.access.permissions import Scope
from forum.access.viewer import DEFAULT_SITE_ID, Role
from forum.clock import now
from forum.comments.models import Comment
from forum.db.transaction import reading, writing
from forum.moderation import log
from forum.moderation.batches import undo
from forum.moderation.models import Decision, LogEntry, StatementOfReasons
from forum.sanctions.kinds import KINDS, LADDER, SanctionKind, suggest
from forum.sanctions.models import Sanction
from tests.conftest import Reply, add_account
from tests.moderation.sanctioned import START, STATEMENT, sanction, say_that_it_was_read, take_back, viewer_of
from tests.world import World, make_world

pytestmark = pytest.mark.postgresql_slow


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def world(clock: time_machine.Traveller, app: Flask) -> World:
    made = make_world(app)
    with writing() as session:
        made.ids["other admin"] = add_account(session, "other-admin", role=Role.ADMIN).id
    return made


def impose(world: World, by: str, on: str = "writer", **fields: Any) -> Reply:
    body = {"kind": "mute", "reason": "harassment", "statement": STATEMENT, **fields}
    return world.enter(by).post(f"/mod/accounts/{on}/sanctions", body)


def faults(answer: Reply) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    return [(error["pointer"], error["code"]) for error in answer.json["errors"]]


def rows(table: type[Any]) -> int:
    with reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


# Imposing


def test_what_was_imposed_and_its_statement_and_row(world: World) -> None:
    answer = impose(world, "moderator", days=3, note="The third time.")
    assert answer.status_code == 201, answer.text
    made = answer.json
    assert answer.headers["Location"] == f"/api/v1/sanctions/{made['id']}"
    expected = {
        "kind": "mute",
        "reason": "harassment",
        "statement": STATEMENT,
        "note": "The third time.",
        "by": "moderator",
        "in_force": True,
    }
    assert {name: made[name] for name in expected} == expected
    assert datetime.fromisoformat(made["ends_at"]) == START + timedelta(days=3)
    with reading() as session:
        [told] = session.scalars(select(StatementOfReasons))
        assert (told.account_id, told.sanction_id, told.decision_id) == (world.ids["writer"], made["id"], None)
        assert (told.restriction, told.source, told.ground, told.clause) == ("mute", "own_initiative", "rules", "harassment")
        assert (told.detected_automatically, told.decided_automatically, told.ends_at) == (False, False, START + timedelta(days=3))
        assert log.verify(session, DEFAULT_SITE_ID).faults == ()
    [row] = world.enter("visitor").get("/modlog").json["items"]
    assert (row["event"], row["by"], row["reason"], row["measure"]) == ("sanction", "moderator", "harassment", {"kind": "mute", "days": 3})
    assert (row["comment_id"], row["article"], row["decision_id"]) == (None, None, None)
    [row] = world.enter("moderator").get("/mod/log").json["items"]
    assert row["detail"] == {"kind": "mute", "days": 3, "sanction": made["id"]}


@pytest.mark.parametrize("kind", list(SanctionKind))
def test_each_kind_lasts_as_long_as_is_usual(world: World, kind: SanctionKind) -> None:
    made = impose(world, "admin", kind=kind).json
    days = KINDS[kind].usual_days
    assert (made["ends_at"] and datetime.fromisoformat(made["ends_at"])) == (START + timedelta(days=days) if days else None)
    public = world.enter("visitor").get("/modlog")
    words = world.enter("visitor").get("//modlog").text
    assert public.json["items"][0]["measure"] == {"kind": kind, "days": days}
    assert "somebody" in words
    assert "the comment was never public" not in words
    assert "writer" not in (public.text + words).lower()
    assert "somebody" in world.enter("visitor").get("//modlog.atom").text


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"statement": "Too short."}, [("/statement", "too-short")]),
        ({"statement": " " * 60}, [("/statement", "too-short")]),
        ({"reason": "within_rules"}, [("/reason", "needs-reason")]),
        ({"kind": "warning", "days": 3}, [("/days", "no-end")]),
        ({"kind": "ban", "days": 365}, [("/days", "no-end")]),
        ({"days": 366}, [("/days", "invalid")]),
        ({"days": 0}, [("/days", "invalid")]),
        ({"kind": "beating"}, [("/kind", "invalid")]),
        ({"item": 9_999_999}, [("/item", "unknown-item")]),
        (
            {"statement": "No.", "reason": "within_rules", "kind": "reminder", "days": 1},
            [("/statement", "too-short"), ("/reason", "needs-reason"), ("/days", "no-end")],
        ),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_stored(world: World, fields: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert faults(impose(world, "admin", **fields)) == expected
    assert (rows(Sanction), rows(StatementOfReasons), rows(LogEntry)) == (0, 0, 0)


@pytest.mark.parametrize("kind", list(SanctionKind))
@pytest.mark.parametrize("by", ["moderator", "admin"])
def test_only_an_admin_bans(world: World, by: str, kind: SanctionKind) -> None:
    answer = impose(world, by, kind=kind)
    assert answer.status_code == (403 if (by, kind) == ("moderator", "ban") else 201), answer.text
    assert rows(Sanction) == (answer.status_code == 201)


def test_a_token_bans_only_with_the_scope_of_an_admin(world: World) -> None:
    body = {"kind": "ban", "reason": "harassment", "statement": STATEMENT}
    assert world.token("admin", Scope.MODERATE).post("/mod/accounts/writer/sanctions", body).status_code == 403
    assert world.token("admin", Scope.MODERATE, Scope.ADMIN).post("/mod/accounts/writer/sanctions", body).status_code == 201


@pytest.mark.parametrize(("by", "on", "status"), [("moderator", "admin", 403), ("admin", "moderator", 201), ("other admin", "admin", 201)])
def test_only_an_admin_restricts_moderators(world: World, by: str, on: str, status: int) -> None:
    answer = impose(world, by, on)
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize("who", ["moderator", "admin"])
def test_nobody_restricts_or_frees_themselves(world: World, who: str) -> None:
    assert impose(world, who, who).status_code == 403
    sanction_id = sanction(world, who, SanctionKind.MUTE, by="other admin")
    assert world.enter(who).delete(f"/mod/accounts/{who}/sanctions/{sanction_id}").status_code == 403


def test_two_run_at_once(world: World) -> None:
    for days in (10, 3):
        assert impose(world, "moderator", kind="suspension", days=days).status_code == 201
    answer = world.enter("moderator").get("/mod/accounts/writer/sanctions").json
    assert [row["in_force"] for row in answer["items"]] == [True, True]
    assert answer["items"][0]["ends_at"] < answer["items"][1]["ends_at"]


# Lifting


def test_lifting_ends_it_once(world: World, clock: time_machine.Traveller) -> None:
    sanction_id = sanction(world, "writer", SanctionKind.MUTE, by="moderator")
    clock.move_to(START + timedelta(days=1))
    for by in ("moderator", "admin"):
        answer = world.enter(by).delete(f"/mod/accounts/writer/sanctions/{sanction_id}")
        assert (answer.status_code, answer.json["in_force"], answer.json["lifted_by"]) == (200, False, "moderator"), answer.text
    public = world.enter("visitor").get("/modlog").json["items"]
    assert [(row["event"], row["measure"]) for row in public] == [
        ("lift", {"kind": "mute", "days": None}),
        ("sanction", {"kind": "mute", "days": 7}),
    ]
    assert "lifted what was imposed on somebody: Mute" in world.enter("visitor").get("//modlog").text


def test_what_is_over_stays_as_it_is(world: World, clock: time_machine.Traveller) -> None:
    mute, warning = sanction(world, "writer", SanctionKind.MUTE, 1), sanction(world, "writer", SanctionKind.WARNING)
    say_that_it_was_read(world, "writer", warning)
    clock.move_to(START + timedelta(days=1))
    before = rows(LogEntry)
    for sanction_id in (mute, warning):
        answer = world.enter("admin").delete(f"/mod/accounts/writer/sanctions/{sanction_id}")
        assert (answer.status_code, answer.json["lifted_at"], answer.json["in_force"]) == (200, None, False)
    assert rows(LogEntry) == before


def test_what_an_admin_imposed_only_an_admin_lifts(world: World) -> None:
    for kind in (SanctionKind.MUTE, SanctionKind.BAN):
        sanction_id = sanction(world, "writer", kind, by="admin")
        path = f"/mod/accounts/writer/sanctions/{sanction_id}"
        assert world.enter("moderator").delete(path).status_code == 403
        assert world.enter("other admin").delete(path).json["lifted_by"] == "other-admin"


def test_an_appeal_overturns_what_is_over_as_well(world: World, clock: time_machine.Traveller) -> None:
    sanction_id = sanction(world, "writer", SanctionKind.SUSPENSION, 1)
    clock.move_to(START + timedelta(days=2))
    take_back(world, sanction_id, by="moderator", overturned=True)
    [row] = world.enter("moderator").get("/mod/accounts/writer/sanctions").json["items"]
    assert (row["overturned"], row["lifted_by"]) == (True, "moderator")


def test_a_sanction_of_somebody_else_is_not_found(world: World) -> None:
    sanction_id = sanction(world, "writer", SanctionKind.MUTE, by="moderator")
    assert world.enter("moderator").delete(f"/mod/accounts/member/sanctions/{sanction_id}").status_code == 404
    assert world.enter("moderator").delete("/mod/accounts/writer/sanctions/9999999").status_code == 404


# Strikes and the ladder


def removed(world: World, by: str = "moderator", writer: str = "writer") -> int:
    """Have a comment removed and return the decision's id."""
    item_id, version = world.item(by=writer)
    body = {"action": "remove", "reason": "harassment", "statement": STATEMENT, "version": version}
    answer = world.enter(by).post(f"/mod/items/{item_id}/decisions", body)
    assert answer.status_code == 201, answer.text
    return int(answer.json["id"])


def strikes(world: World) -> tuple[int, str | None]:
    answer = world.enter("moderator").get("/mod/accounts/writer/sanctions").json
    history = world.enter("moderator").get("/mod/accounts/writer").json
    assert (history["strikes"], history["suggestion"]) == (answer["strikes"], answer["suggestion"])
    return answer["strikes"], answer["suggestion"]


def test_the_ladder() -> None:
    assert [suggest(count) for count in range(9)] == [None, *LADDER, LADDER[-1], LADDER[-1]]
    assert [step.value for step in LADDER] == ["reminder", "warning", "pre_moderation", "mute", "suspension", "ban"]


def test_each_removal_by_a_moderator_counts_for_180_days(world: World, clock: time_machine.Traveller) -> None:
    assert strikes(world) == (0, None)
    for count, step in enumerate(LADDER, start=1):
        clock.move_to(START + timedelta(days=count))
        removed(world, by="moderator" if count % 2 else "admin")
        assert strikes(world) == (count, step)
    removed(world, writer="member")
    assert strikes(world) == (6, "ban")
    clock.move_to(START + timedelta(days=181, microseconds=-1))
    assert strikes(world) == (6, "ban")
    clock.move_to(START + timedelta(days=181))
    assert strikes(world) == (5, "suspension")
    clock.move_to(START + timedelta(days=400))
    assert strikes(world) == (0, None)


def test_what_a_rule_did_and_what_was_taken_back_is_no_strike(world: World) -> None:
    decision_id = removed(world)
    assert strikes(world)[0] == 1
    with writing() as session:
        session.get_one(Decision, decision_id).undone_at = now()
    assert strikes(world) == (0, None)
    # Hidden by readers' reports, that is by a rule.
    assert world.enter("member").post(f"/comments/{world.comment()}/reports", {"reason": "confidentiality"}).status_code == 201
    assert strikes(world) == (0, None)


def test_a_batch_that_is_undone_is_no_strike(world: World) -> None:
    item_id, version = world.item()
    body = {"action": "remove", "reason": "harassment", "statement": STATEMENT, "items": [{"id": item_id, "version": version}]}
    batch_id = world.enter("moderator").post("/mod/batches", body).json["id"]
    assert strikes(world)[0] == 1
    with writing() as session:
        undo(session, viewer_of(world, "moderator"), batch_id)
    assert strikes(world)[0] == 0


# With a decision


def decide(world: World, by: str = "moderator", *, on: str = "writer", **fields: Any) -> Reply:
    item_id, version = world.item(by=on)
    body = {"action": "remove", "reason": "harassment", "statement": STATEMENT, "version": version, **fields}
    return world.enter(by).post(f"/mod/items/{item_id}/decisions", body)


def test_a_decision_brings_a_sanction_with_it(world: World) -> None:
    answer = decide(world, sanction={"kind": "suspension", "days": 10})
    assert answer.status_code == 201, answer.text
    [row] = world.enter("moderator").get("/mod/accounts/writer/sanctions").json["items"]
    assert (row["kind"], row["reason"], row["statement"], row["decision_id"]) == ("suspension", "harassment", STATEMENT, answer.json["id"])
    # The row beside it names the comment, so this one does not tell the public who was suspended.
    assert [row["event"] for row in world.enter("visitor").get("/modlog").json["items"]] == ["remove"]
    assert [row["event"] for row in world.enter("moderator").get("/mod/log").json["items"]] == ["sanction", "remove"]


def test_the_sanction_has_its_own_words_where_they_are_given(world: World) -> None:
    own = "You have attacked people before; please read what you write once more before you post it."
    assert decide(world, sanction={"kind": "warning", "statement": own}).status_code == 201
    assert world.enter("moderator").get("/mod/accounts/writer/sanctions").json["items"][0]["statement"] == own


def test_the_source_is_that_of_the_decision(world: World) -> None:
    comment_id = world.comment()
    assert world.enter("member").post(f"/comments/{comment_id}/reports", {"reason": "harassment"}).status_code == 201
    item = world.enter("moderator").get("/mod/items").json["items"][0]
    body = {"action": "remove", "reason": "harassment", "statement": STATEMENT, "version": item["version"], "sanction": {"kind": "mute"}}
    assert world.enter("moderator").post(f"/mod/items/{item['id']}/decisions", body).status_code == 201
    later = impose(world, "moderator", kind="warning", item=item["id"])
    assert later.status_code == 201, later.text
    with reading() as session:
        told = session.scalars(select(StatementOfReasons.source).where(StatementOfReasons.sanction_id.is_not(None)))
        assert list(told) == ["report", "report"]


def test_an_item_nobody_has_decided_on_brings_nothing_with_it(world: World) -> None:
    item_id, _ = world.item()
    assert faults(impose(world, "moderator", item=item_id)) == [("/item", "not-decided")]
    assert faults(impose(world, "moderator", on="member", item=item_id)) == [("/item", "unknown-item")]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"sanction": {"kind": "warning", "days": 2}}, [("/sanction/days", "no-end")]),
        ({"sanction": {"kind": "warning", "statement": "Short."}}, [("/sanction/statement", "too-short")]),
        (
            {"action": "no_action", "reason": "within_rules", "statement": "", "sanction": {"kind": "warning"}},
            [("/statement", "too-short"), ("/reason", "needs-reason")],
        ),
        ({"statement": "Short.", "sanction": {"kind": "warning"}}, [("/statement", "too-short")]),
        ({"sanction": {"kind": "beating"}}, [("/sanction/kind", "invalid")]),
    ],
)
def test_a_refused_sanction_leaves_the_decision_undone(world: World, fields: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    before = rows(Decision)
    assert faults(decide(world, **fields)) == expected
    assert (rows(Sanction), rows(Decision)) == (0, before)
    with reading() as session:
        assert set(session.scalars(select(Comment.state))) == {"visible"}


def test_a_ban_with_a_decision_takes_an_admin(world: World) -> None:
    assert decide(world, sanction={"kind": "ban"}).status_code == 403
    assert rows(Decision) == 0
    assert decide(world, "admin", sanction={"kind": "ban"}).status_code == 201
    assert decide(world, on="admin", sanction={"kind": "reminder"}).status_code == 403


def test_a_stale_decision_imposes_nothing(world: World) -> None:
    answer = decide(world, version=77, sanction={"kind": "suspension", "days": 9})
    assert answer.status_code == 412
    assert answer.json["draft"]["sanction"] == {"kind": "suspension", "days": 9, "statement": ""}
    assert rows(Sanction) == 0


# The last lines


def test_no_sanction_without_its_statement(world: World) -> None:
    sanction_id = sanction(world, "writer", SanctionKind.MUTE)
    with reading() as session:
        values = {column.key: getattr(session.get_one(Sanction, sanction_id), column.key) for column in Sanction.__table__.columns}
    with pytest.raises(IntegrityError), writing() as session:
        session.add(Sanction(**{**values, "id": None}))
    with pytest.raises(IntegrityError), writing() as session:
        session.execute(delete(StatementOfReasons))


@pytest.mark.parametrize(
    "broken",
    [{"statement": "Short."}, {"ends_at": START}, {"lifted_at": START}, {"kind": "beating"}],
    ids=lambda broken: next(iter(broken)),
)
def test_the_database_takes_no_broken_row(world: World, broken: dict[str, Any]) -> None:
    sanction_id = sanction(world, "writer", SanctionKind.MUTE)
    with pytest.raises(IntegrityError), writing() as session:
        session.execute(update(Sanction).where(Sanction.id == sanction_id).values(broken))


def test_what_moderators_should_know_holds_what_is_in_force(world: World, clock: time_machine.Traveller) -> None:
    sanction(world, "writer", SanctionKind.MUTE, 2)
    item_id, _ = world.item()
    case = world.enter("moderator").get(f"/mod/items/{item_id}").json["history"]
    assert [row["kind"] for row in case["sanctions"]] == ["mute"]
    clock.move_to(START + timedelta(days=2))
    assert world.enter("moderator").get("/mod/accounts/writer").json["sanctions"] == []
