"""How connections behave: SQLite pragmas and BEGIN IMMEDIATE for transactions that write, PostgreSQL time limits.

The rule: a transaction that will write says so before its first statement (``writing`` in transaction.py). Under SQLite's plain BEGIN a
request that reads and then writes fails with "database is locked" whenever another commits in between, and no busy timeout helps.
"""

from contextvars import ContextVar
from typing import Any

from sqlalchemy import Connection, Engine, event, text

from forum.db.direct import run
from forum.text.words import fold_html

# A log that a long reader let grow is cut back once it has been written into the database.
PRAGMAS = (
    "foreign_keys=ON",
    # What is deleted or replaced is overwritten, not left behind in a free page.
    "secure_delete=ON",
    "journal_size_limit=16777216",
    # As many pages as that: a write that has to put them into the database flushes three times more.
    "wal_autocheckpoint=4000",
    "cache_size=-16000",
    "temp_store=MEMORY",
)

_BEGIN, _BEGIN_WRITING = text("BEGIN"), text("BEGIN IMMEDIATE")
# What is kept with a connection: its write-ahead log's file, if it has one, and how many rows it had changed when its transaction began.
LOG, CHANGES = "log", "changes"
intends_to_write: ContextVar[bool] = ContextVar("intends_to_write", default=False)


def engine_options(url: str, *, timeout_seconds: int, pool_size: int) -> dict[str, Any]:
    """Return the engine's options for ``url``; a lock or a connection is waited for at most ``timeout_seconds``."""
    # Without hide_parameters an error's message, and so the log, would quote what people wrote and the hashes of their secrets.
    options: dict[str, Any] = {"hide_parameters": True, "pool_size": pool_size, "max_overflow": 0, "pool_timeout": timeout_seconds}
    # The connection that was used last is used next: what SQLite has read by it is still there, unless another has written since.
    options["pool_use_lifo"] = True
    if url.startswith("sqlite"):
        options["connect_args"] = {"timeout": timeout_seconds, "check_same_thread": False}
        return options
    seconds = {"lock_timeout": 1, "statement_timeout": 2, "idle_in_transaction_session_timeout": 6}
    limits = " ".join(f"-c {name}={times * timeout_seconds * 1000}" for name, times in seconds.items())
    options["connect_args"] = {"connect_timeout": timeout_seconds, "options": f"{limits} -c timezone=UTC", "application_name": "forum"}
    options["pool_pre_ping"] = True
    options["pool_recycle"] = 1800
    return options


def prepare_engine(engine: Engine) -> None:
    """Attach the listeners that make ``engine`` keep this file's rule; called once for each engine."""
    if engine.dialect.name != "sqlite":
        return
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin)


def _set_pragmas(connection: Any, record: Any) -> None:
    # The driver must not open transactions by itself: it emits no BEGIN before SAVEPOINT, and its own BEGIN is the plain one.
    connection.isolation_level = None
    cursor = connection.cursor()
    # An acknowledged comment is on disk: where there is a log, ``writing`` flushes it once the lock is free (flushing.py).
    has_log = cursor.execute("PRAGMA journal_mode=WAL").fetchone()[0] == "wal"
    for pragma in (f"synchronous={'NORMAL' if has_log else 'FULL'}", *PRAGMAS):
        cursor.execute(f"PRAGMA {pragma}")
    # As SQLite names it: it follows symbolic links.
    record.info[LOG] = f"{cursor.execute('PRAGMA database_list').fetchone()[2]}-wal" if has_log else None
    cursor.close()
    # Triggers keep the index of the comments' words by it; on PostgreSQL a function of the same name does the same.
    connection.create_function("forum_words", 1, fold_html, deterministic=True)


def _begin(connection: Connection) -> None:
    if not intends_to_write.get():
        run(connection, _BEGIN)
        return
    run(connection, _BEGIN_WRITING)
    # Reads the schema anew where it has changed. A statement whose triggers write to a virtual table must not be the one that finds out: while it is compiled,
    # opening that table would take the old schema away from under it, and SQLite says "no such table".
    driver: Any = connection.connection.dbapi_connection
    connection.info[CHANGES] = driver.total_changes
    driver.execute("SELECT 1 FROM sqlite_master LIMIT 0").close()
