"""What a destroyed text may leave behind in the database's own files, and its removal; asked for by whatever destroys one, in the same transaction.

SQLite overwrites what is deleted (``secure_delete``), but its write-ahead log keeps old pages, and where a page was rearranged a copy may stay in it: of 90,000
deleted texts about 80 did. So the log is cut to nothing at once, and some minutes later the file is written anew. PostgreSQL frees the room of dead row versions.
"""

import secrets
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import Connection, delete, select, text
from sqlalchemy.orm import Session

from forum.clock import now
from forum.db.base import db
from forum.db.transaction import afterwards, writing
from forum.jobs.actions import enqueue
from forum.jobs.models import Job

TIDY = "tidy-files"
AFTER = timedelta(minutes=5)
"""So long the files wait, so that what is destroyed piece by piece is tidied up once; and so long again after a time at which it could not be done."""

TABLES = (
    *("comments", "revisions", "findings", "reports", "decisions", "stored_answers", "moderator_notes", "sanctions", "appeals", "erasures"),
    *("accounts", "sign_ins", "api_tokens", "tags", "tag_events", "comment_words"),
)
"""The tables whose rows are destroyed or emptied."""

# Rooms beside this one that keep something of a text beyond its rows enter here what takes it out of the files; it opens its own transactions.
tidiers: list[Callable[[], None]] = []

log = structlog.get_logger(__name__)


def tidy_later(session: Session) -> None:
    """Let the files be tidied up after the open transaction: the log at once, as far as nobody needs it, and all of it by a job. Once for a transaction."""
    if afterwards(session, cut_log):
        enqueue(session, TIDY, {}, due_at=now() + AFTER)


def cut_log() -> None:
    """Write SQLite's log into the database and cut it to nothing, unless somebody is reading from it; that is not waited for."""
    if db.engine.dialect.name != "sqlite":
        return
    with db.engine.connect() as connection:
        cursor = _cursor(connection)
        (usual,) = cursor.execute("PRAGMA busy_timeout").fetchone()
        cursor.execute("PRAGMA busy_timeout=0")
        try:
            _checkpoint(cursor)
        finally:
            cursor.execute(f"PRAGMA busy_timeout={int(usual)}")


def tidy(session: Session, payload: Mapping[str, Any]) -> None:
    """Tidy up the files after this job's transaction, for every cause up to now; a job's handler. It is tried again until it has been done."""
    del payload
    # Nothing can be tidied up inside a transaction: this stands for it until it is done, also when the process ends before that. It is known by its turn, since
    # SQLite gives the number of a job that is gone to the next one.
    turn = secrets.token_hex(8)
    again = enqueue(session, TIDY, {"turn": turn}, due_at=now() + AFTER)
    # Causes that are committed are all served by what is about to be done. What another worker has taken is left to it.
    waiting = select(Job.id).where(Job.kind == TIDY, Job.buried_at.is_(None), Job.id != again).with_for_update(skip_locked=True)
    session.execute(delete(Job).where(Job.id.in_(session.scalars(waiting).all())))

    def finish() -> None:
        if tidy_files():
            with writing() as after:
                after.execute(delete(Job).where(Job.kind == TIDY, Job.payload.contains(turn)))

    afterwards(session, finish)


def tidy_files() -> bool:
    """Write SQLite's file anew, about four seconds for each gigabyte in which writers wait, or vacuum PostgreSQL's tables; return whether it is done.

    In PostgreSQL's files the bytes stay until their room is used again or ``VACUUM FULL`` has run, and in its archived logs and every backup until these are gone.
    """
    for tidy_away in tidiers:
        tidy_away()
    with db.engine.connect() as connection:
        return _rewrite(connection) if db.engine.dialect.name == "sqlite" else _vacuum(connection)


def _rewrite(connection: Connection) -> bool:
    cursor = _cursor(connection)
    # The new file is put together in a temporary one, which need not fit into memory.
    cursor.execute("PRAGMA temp_store=FILE")
    try:
        cursor.execute("VACUUM")
        return _checkpoint(cursor)
    finally:
        cursor.execute("PRAGMA temp_store=MEMORY")


def _checkpoint(cursor: Any) -> bool:
    is_busy, _, _ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if is_busy:
        log.info("the write-ahead log is being read; it is cut later")
    return not is_busy


def _vacuum(connection: Connection) -> bool:
    plain = connection.execution_options(isolation_level="AUTOCOMMIT")
    plain.execute(text("SET statement_timeout = 0"))
    try:
        # The planner's samples of the columns hold values too: they are taken anew.
        plain.execute(text(f"VACUUM (ANALYZE) {', '.join(TABLES)}"))
    finally:
        plain.execute(text("RESET statement_timeout"))
    return True


def _cursor(connection: Connection) -> Any:
    # The driver's own cursor: through SQLAlchemy a transaction would be open, in which neither is possible.
    return connection.connection.cursor()
