"""The chain of the moderation log: whole as it is written, whoever writes at once, and every way to change it behind its back is found and named."""

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Row, event, select, text, update
from sqlalchemy.orm import Session

from forum.access.viewer import DEFAULT_SITE_ID
from forum.clock import now
from forum.comments.models import Comment
from forum.db.base import db
from forum.db.transaction import reading, writing
from forum.moderation import log
from forum.moderation.actors import Actor, ActorKind
from forum.moderation.models import LogEntry, LogHead
from tests.db.together import all_at_once
from tests.moderation.log_rows import unguarded, verified, write_rows

FIRST = "0" * 64


def hash_by_the_book(row: LogEntry) -> str:
    """Return the hash as the documentation of ``hash_of`` says it is made, by other means."""
    names = {column.key for column in LogEntry.__table__.columns} - {"id", "previous_hash", "hash"}
    assert len(names) == 15
    values = {name: getattr(row, name) for name in names} | {"at": row.at.isoformat(timespec="microseconds").replace("+00:00", "Z")}
    written = json.dumps(values, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(f"{row.previous_hash}\n{written}".encode()).hexdigest()


def rewrite(session: Session, seq: int, **values: object) -> None:
    """Change a row and give it the hash that fits."""
    session.execute(update(LogEntry).where(LogEntry.seq == seq).values(**values))
    row = session.scalars(select(LogEntry).where(LogEntry.seq == seq).execution_options(populate_existing=True)).one()
    session.execute(update(LogEntry).where(LogEntry.seq == seq).values(hash=hash_by_the_book(row)))


def insert_at(session: Session, seq: int, *, shifts: bool = True) -> None:
    """Put a row that follows its forerunner rightly at ``seq``; the later ones move on by one place."""
    if shifts:
        session.execute(text("UPDATE moderation_log SET seq = -seq - 1 WHERE seq >= :seq"), {"seq": seq})
        session.execute(text("UPDATE moderation_log SET seq = -seq WHERE seq < 0"))
    before = session.scalar(select(LogEntry.hash).where(LogEntry.seq == seq - 1)) or FIRST
    like = session.scalars(select(LogEntry).where(LogEntry.seq == 1 + (seq == 1))).one()
    values = {column.key: getattr(like, column.key) for column in LogEntry.__table__.columns if column.key != "id"}
    made = LogEntry(**values | {"seq": seq, "previous_hash": before, "event": "approve"})
    made.hash = hash_by_the_book(made)
    session.add(made)
    session.flush()


def swap(session: Session, one: int, other: int) -> None:
    """Let two rows change places."""
    for old, new in ((one, -1), (other, one), (-1, other)):
        session.execute(update(LogEntry).where(LogEntry.seq == old).values(seq=new))


def sql(statement: str) -> Callable[[Session], object]:
    return lambda session: session.execute(text(statement))


TAMPERING: dict[str, tuple[Callable[[Session], object], int, str]] = {
    **{
        f"another {column}": (sql(f"UPDATE moderation_log SET {column} = {value} WHERE seq = 5"), 5, "changed")
        for column, value in {
            "event": "'withdraw'",
            "actor_kind": "'admin'",
            "actor_id": "4711",
            "rule": "'heat'",
            "reason": "'harassment'",
            "article_id": "1",
            "comment_id": "1",
            "decision_id": "1",
            "from_state": "'held'",
            "to_state": "'visible'",
            "detail": "'{}'",
            "is_public": "NOT is_public",
            "hash": f"'{'a' * 64}'",
            "previous_hash": f"'{'b' * 64}'",
        }.items()
    },
    "another time": (lambda session: session.execute(update(LogEntry).where(LogEntry.seq == 5).values(at=now())), 5, "changed"),
    "a reason taken away": (sql("UPDATE moderation_log SET reason = NULL WHERE seq = 1"), 1, "changed"),
    "the last row": (sql("UPDATE moderation_log SET event = 'rules' WHERE seq = 12"), 12, "changed"),
    "a row and its hash": (lambda session: rewrite(session, 5, event="withdraw"), 5, "exchanged"),
    "the first row, its hash and its forerunner": (lambda session: rewrite(session, 1, previous_hash="c" * 64), 1, "exchanged"),
    "the last row and its hash": (lambda session: rewrite(session, 12, event="withdraw"), 12, "exchanged"),
    "two rows in each other's place": (lambda session: swap(session, 4, 8), 4, "changed"),
    "a row moved to another site": (sql("UPDATE moderation_log SET site_id = 2 WHERE seq = 5"), 5, "missing"),
    "a row missing": (sql("DELETE FROM moderation_log WHERE seq = 5"), 5, "missing"),
    "three rows missing": (sql("DELETE FROM moderation_log WHERE seq IN (5, 6, 7)"), 5, "missing"),
    "the first row missing": (sql("DELETE FROM moderation_log WHERE seq = 1"), 1, "missing"),
    "the last row missing": (sql("DELETE FROM moderation_log WHERE seq = 12"), 12, "cut-off"),
    "the end missing": (sql("DELETE FROM moderation_log WHERE seq > 4"), 5, "cut-off"),
    "everything missing": (sql("DELETE FROM moderation_log"), 1, "cut-off"),
    "a row put in": (lambda session: insert_at(session, 5), 5, "inserted"),
    "a row put in first": (lambda session: insert_at(session, 1), 1, "inserted"),
    "a row put in last": (lambda session: insert_at(session, 13, shifts=False), 13, "inserted"),
    "a row before the first": (sql("UPDATE moderation_log SET seq = 0 WHERE seq = 12"), 0, "inserted"),
    "no record of the end": (sql("DELETE FROM moderation_log_heads"), 12, "headless"),
    "a record of an earlier end": (sql("UPDATE moderation_log_heads SET seq = 11"), 12, "inserted"),
    "another hash in the record of the end": (sql(f"UPDATE moderation_log_heads SET hash = '{'d' * 64}'"), 12, "exchanged"),
}


def test_a_log_of_300_rows_is_whole(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    write_rows(300)
    monkeypatch.setattr(log, "_BATCH", 64)
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("SELECT"):
            statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    found = verified()
    event.remove(db.engine, "before_cursor_execute", note)
    assert (found.count, found.faults) == (300, ())
    assert len(statements) == 7, "the end, five batches of at most 64, and the one without rows"
    with reading() as session:
        rows = session.scalars(select(LogEntry).order_by(LogEntry.seq)).all()
        head = session.get_one(LogHead, DEFAULT_SITE_ID)
        assert [row.seq for row in rows] == list(range(1, 301))
        assert [row.previous_hash for row in rows] == [FIRST, *(row.hash for row in rows[:-1])]
        assert [row.hash for row in rows] == [hash_by_the_book(row) for row in rows]
        assert (head.seq, head.hash) == (300, rows[-1].hash)
        assert found.head == rows[-1].hash
        salts = {json.loads(row.detail)["salt"] for row in rows}
        assert len(salts) == 300, "a hash must not tell what it was made of"


def test_an_empty_log_is_whole(app: Flask) -> None:
    assert verified() == log.Verification(0, FIRST, ())


@pytest.mark.parametrize("name", TAMPERING)
def test_what_was_changed_is_found_and_named(app: Flask, name: str) -> None:
    write_rows(12)
    act, seq, kind = TAMPERING[name]
    assert verified().faults == ()
    with unguarded() as session:
        act(session)
    found = verified().faults
    assert (found[0].seq, found[0].kind) == (seq, kind), found
    assert str(seq) in found[0].detail
    assert found[0].detail.endswith(".")


def test_one_fault_is_not_reported_by_every_row_after_it(app: Flask) -> None:
    write_rows(40)
    with unguarded() as session:
        session.execute(text("UPDATE moderation_log SET event = 'withdraw' WHERE seq IN (3, 9)"))
        session.execute(text("DELETE FROM moderation_log WHERE seq = 20"))
    assert [(fault.seq, fault.kind) for fault in verified().faults] == [(3, "changed"), (9, "changed"), (20, "missing")]


def test_the_search_ends(app: Flask) -> None:
    write_rows(60)
    with unguarded() as session:
        session.execute(text("UPDATE moderation_log SET reason = 'other'"))
    assert len(verified().faults) == log.MOST_FAULTS


def test_each_site_has_a_log_of_its_own(app: Flask) -> None:
    write_rows(3)
    write_rows(2, site_id=2)
    with reading() as session:
        assert [log.verify(session, site_id).count for site_id in (1, 2, 3)] == [3, 2, 0]
        assert session.scalars(select(LogEntry.seq).where(LogEntry.site_id == 2).order_by(LogEntry.seq)).all() == [1, 2]


def test_a_rollback_leaves_no_gap(app: Flask) -> None:
    def append_and_fail() -> None:
        with writing() as session:
            log.append(session, site_id=1, event="remove", actor=Actor(ActorKind.MODERATOR, 1), is_public=True)
            raise ZeroDivisionError

    write_rows(2)
    with pytest.raises(ZeroDivisionError):
        append_and_fail()
    write_rows(2)
    assert verified().count == 4
    assert verified().faults == ()


def test_sixteen_at_once_make_one_chain(app: Flask) -> None:
    def write(number: int) -> None:
        with app.app_context():
            for turn in range(5):
                with writing() as session:
                    log.append(
                        session, site_id=1, event="approve", actor=Actor(ActorKind.MODERATOR, number), is_public=True, reason=f"r{turn}"
                    )
            db.session.remove()

    all_at_once([lambda number=number: write(number) for number in range(16)])  # type: ignore[misc]
    found = verified()
    assert (found.count, found.faults) == (80, ())


def test_what_is_appended_during_a_walk_is_no_fault(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    write_rows(4)
    walk = log._rows

    def walk_after_a_rival(session: Session, site_id: int, *, up_to: int) -> Iterator[Row[Any]]:
        # Another context has another session, and with it another connection.
        with app.app_context():
            write_rows(2)
            db.session.remove()
        return walk(session, site_id, up_to=up_to)

    monkeypatch.setattr(log, "_rows", walk_after_a_rival)
    found = verified()
    assert (found.count, found.faults) == (4, ())
    monkeypatch.undo()
    assert verified().count == 6


def test_a_comment_gives_its_id_and_its_articles(app: Flask) -> None:
    comment = Comment(id=31, article_id=5)
    with writing() as session:
        row = log.append(session, site_id=1, event="remove", actor=Actor(ActorKind.MODERATOR, 1), is_public=True, comment=comment)
        other = log.append(
            session, site_id=1, event="remove", actor=Actor(ActorKind.MODERATOR, 1), is_public=True, comment=comment, article_id=6
        )
        assert (row.comment_id, row.article_id, other.article_id) == (31, 5, 6)
