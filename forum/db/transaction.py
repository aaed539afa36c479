"""The only file that commits: ``with writing() as session`` and ``with reading() as session``.

Doors, commands and tests open a transaction here; actions flush and never commit. A transaction that ends in an exception leaves nothing.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Any

import structlog
from sqlalchemy import TextClause, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as BusyError
from sqlalchemy.orm import Session
from sqlalchemy.pool import QueuePool

from forum.db.base import db
from forum.db.direct import write
from forum.db.engine import CHANGES, LOG, intends_to_write
from forum.db.flushing import flush_log
from forum.db.turns import gate_of, turns

_BEGIN, _UNDO, _KEEP = text("SAVEPOINT undoable"), text("ROLLBACK TO SAVEPOINT undoable"), text("RELEASE SAVEPOINT undoable")
_UNCONFIRMED, _CONFIRMED = text("SET LOCAL synchronous_commit TO OFF"), text("SET LOCAL synchronous_commit TO ON")
RELAXED, DURABLE = "relaxed", "durable"
AFTERWARDS = "afterwards"
OTHERWISE = "otherwise"
NO_POOL_SECONDS = 5.0
log = structlog.get_logger(__name__)


def afterwards(session: Session, act: Callable[[], None]) -> bool:
    """Let ``act`` run once the open transaction has been committed, never when it is rolled back; return False where that was asked for already.

    It runs without a transaction and may open one. What it raises is logged and disturbs nobody.
    """
    acts: dict[Callable[[], None], None] = session.info.setdefault(AFTERWARDS, {})
    if act in acts:
        return False
    acts[act] = None
    return True


def otherwise(session: Session, act: Callable[[], None]) -> None:
    """Let ``act`` run if the open transaction is rolled back: it undoes what was done elsewhere for it. It must not raise, nor use the database."""
    session.info.setdefault(OTHERWISE, []).append(act)


@contextmanager
def writing(*, durable: bool = True) -> Iterator[Session]:
    """Open a transaction that writes, committed and on disk when the block has ended, rolled back when it raises.

    Whatever this thread had read before is let go first: loading and checking belong inside the block. Without ``durable`` nobody waits for the disk: for what is
    done again if a machine that fails takes it along. Whatever is durable later puts what was before it on disk as well, in both databases.
    """
    session = db.session()
    session.rollback()
    session.info.pop(AFTERWARDS, None)
    session.info.pop(OTHERWISE, None)
    with _in_turn(session):
        token = intends_to_write.set(True)
        try:
            session.info |= {RELAXED: not durable, DURABLE: durable}
            if not durable:
                _confirm(session, _UNCONFIRMED)
            yield session
            written = _log_written(session)
            session.commit()
        except BaseException:
            session.rollback()
            for act in session.info.pop(OTHERWISE, ()):
                act()
            raise
        finally:
            intends_to_write.reset(token)
    session.info.pop(OTHERWISE, None)
    if written is not None and session.info[DURABLE]:
        flush_log(written)
    for act in session.info.pop(AFTERWARDS, {}):
        try:
            act()
        except Exception as error:  # noqa: BLE001 what was asked for is done and committed
            log.warning("what was to follow a transaction failed", act=act.__qualname__, error=type(error).__name__)


def make_durable(session: Session) -> None:
    """Let the open transaction be on disk when it has ended after all: what others may note of it must not be gone and come back as something else."""
    if session.info.get(RELAXED):
        session.info[DURABLE] = True
        # Each time: what is undone takes it back.
        _confirm(session, _CONFIRMED)


def _confirm(session: Session, statement: TextClause) -> None:
    # On SQLite, ``writing`` flushes the log itself.
    if session.get_bind().dialect.name == "postgresql":
        write(session, statement, {})


@contextmanager
def undoable(session: Session) -> Iterator[None]:
    """Undo what the block has written when it raises, and keep what was written before it in the same transaction.

    ``Session.begin_nested`` also remembers every object that the session holds, and takes as long as several statements: here the session lets go of all of them.
    """
    session.flush()
    write(session, _BEGIN, {})
    try:
        yield
        session.flush()
    except BaseException as error:
        session.expunge_all()
        # Where the database itself has failed, its first word is the one that counts.
        with suppress(DBAPIError) if isinstance(error, DBAPIError) else nullcontext():
            write(session, _UNDO, {})
            write(session, _KEEP, {})
        raise
    write(session, _KEEP, {})


def _log_written(session: Session) -> str | None:
    """Return the log to which SQLite will write the open transaction at its commit; None where there is nothing to write, or others put it on disk."""
    session.flush()
    if session.get_bind().dialect.name != "sqlite" or not session.in_transaction():
        return None
    connection = session.connection()
    driver: Any = connection.connection.dbapi_connection
    log_file: str | None = connection.info[LOG]
    return log_file if driver.total_changes != connection.info[CHANGES] else None


@contextmanager
def _in_turn(session: Session) -> Iterator[None]:
    engine = session.get_bind()
    # PostgreSQL lets writers write at once, and queues those that want the same row itself.
    if engine.dialect.name != "sqlite":
        yield
        return
    pool = getattr(engine, "pool", None)
    timeout = pool.timeout() if isinstance(pool, QueuePool) else NO_POOL_SECONDS
    try:
        is_mine = turns.take(timeout)
    except TimeoutError:
        raise BusyError("the database was busy with other writers") from None
    try:
        with _through_gate(str(db.engine.url.database or ""), timeout) if is_mine else nullcontext():
            yield
    finally:
        if is_mine:
            turns.give()


@contextmanager
def _through_gate(database: str, timeout: float) -> Iterator[None]:
    gate = gate_of(database)
    if gate is not None:
        try:
            gate.enter(timeout)
        except TimeoutError:
            raise BusyError("the database was busy with other processes") from None
    try:
        yield
    finally:
        if gate is not None:
            gate.leave()


@contextmanager
def reading() -> Iterator[Session]:
    """Open a transaction that only reads, let go when it ends: on SQLite one snapshot for the whole block, on PostgreSQL one for each statement."""
    session = db.session()
    session.rollback()
    try:
        yield session
    finally:
        session.rollback()
