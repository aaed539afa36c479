"""The moderation log is append-only in the database itself: whatever statement would change or take away a row is refused, on both databases."""

import pytest
from flask import Flask
from sqlalchemy import delete, select, text
from sqlalchemy.exc import IntegrityError

from forum.db.transaction import reading, writing
from forum.moderation import log_triggers
from forum.moderation.models import LogEntry
from tests.conftest import empty_database
from tests.moderation.log_rows import unguarded, verified, write_rows

ROW = "(id, site_id, seq, at, event, actor_kind, is_public, previous_hash, hash)"
VALUES = "({id}, 1, {seq}, CURRENT_TIMESTAMP, 'remove', 'rule', true, 'x', 'y')"
EVERYWHERE = (
    "UPDATE moderation_log SET event = 'remove'",
    "UPDATE moderation_log SET detail = detail WHERE seq = 2",
    "DELETE FROM moderation_log",
    "DELETE FROM moderation_log WHERE seq = 3",
    f"INSERT INTO moderation_log {ROW} VALUES {VALUES.format(id=77, seq=2)} ON CONFLICT (site_id, seq) DO UPDATE SET event = 'remove'",
    f"INSERT INTO moderation_log {ROW} VALUES {VALUES.format(id=77, seq=2)}",
)
ONLY_SQLITE = (
    f"INSERT OR REPLACE INTO moderation_log {ROW} VALUES {VALUES.format(id=77, seq=2)}",
    f"INSERT OR REPLACE INTO moderation_log {ROW} VALUES {VALUES.format(id=1, seq=77)}",
    f"REPLACE INTO moderation_log {ROW} VALUES {VALUES.format(id=1, seq=2)}",
    "UPDATE OR REPLACE moderation_log SET seq = 2 WHERE seq = 3",
)
ONLY_POSTGRESQL = (
    "TRUNCATE moderation_log",
    "TRUNCATE moderation_log, moderation_log_heads CASCADE",
    "UPDATE moderation_log SET event = 'remove' WHERE seq = 4711",
    "DELETE FROM moderation_log WHERE seq = 4711",
    "MERGE INTO moderation_log USING (SELECT 2 AS seq) AS given ON moderation_log.seq = given.seq WHEN MATCHED THEN DELETE",
)


def refuse(statement: str) -> None:
    with reading() as session:
        before = [tuple(row) for row in session.execute(select(LogEntry.__table__))]
    with pytest.raises(IntegrityError) as caught, writing() as session:
        session.execute(text(statement))
    assert "moderation_log is append-only" in str(caught.value.orig) or statement == EVERYWHERE[-1]
    with reading() as session:
        assert [tuple(row) for row in session.execute(select(LogEntry.__table__))] == before


@pytest.mark.parametrize("statement", EVERYWHERE)
def test_no_statement_changes_the_log(app: Flask, statement: str) -> None:
    write_rows(3)
    refuse(statement)


@pytest.mark.sqlite_only
@pytest.mark.parametrize("statement", ONLY_SQLITE)
def test_nor_does_a_replacement(app: Flask, statement: str) -> None:
    write_rows(3)
    refuse(statement)


@pytest.mark.postgresql_only
@pytest.mark.parametrize("statement", ONLY_POSTGRESQL)
def test_nor_does_emptying_or_what_meets_no_row(app: Flask, statement: str) -> None:
    write_rows(3)
    refuse(statement)


def test_nor_does_the_program_itself(app: Flask) -> None:
    write_rows(3)
    with pytest.raises(IntegrityError, match="UPDATE is refused"), writing() as session:
        session.scalars(select(LogEntry).where(LogEntry.seq == 2)).one().event = "restore"
    with pytest.raises(IntegrityError, match="DELETE is refused"), writing() as session:
        session.delete(session.scalars(select(LogEntry).where(LogEntry.seq == 2)).one())


def test_the_tests_own_way_round_leaves_the_triggers_as_they_were(app: Flask) -> None:
    write_rows(2)
    with unguarded() as session:
        session.execute(delete(LogEntry))
    write_rows(1)
    refuse("DELETE FROM moderation_log")
    empty_database()
    write_rows(2)
    refuse("UPDATE moderation_log SET event = 'remove'")
    assert verified().count == 2


def test_the_triggers_can_be_taken_away_and_made_again(app: Flask, database: str) -> None:
    drop = {"sqlite": log_triggers.SQLITE_DROP, "postgresql": log_triggers.POSTGRESQL_DROP}[database]
    create = {"sqlite": log_triggers.SQLITE_CREATE, "postgresql": log_triggers.POSTGRESQL_CREATE}[database]
    write_rows(1)
    for statements in (drop, drop, create):
        with writing() as session:
            # DROP … IF EXISTS believes what its connection last knew of the schema; reading brings that up to date.
            session.execute(text("SELECT count(*) FROM moderation_log"))
            for statement in statements:
                session.execute(text(statement))
    refuse("DELETE FROM moderation_log")
