"""Runs jobs and passes by huey: one thread waits for messages, another looks in any case. Imported only by a process that runs or tells.

The rule: the table of jobs is the truth and huey says when to look into it. A message that is lost, or a store that is away, costs seconds.
"""

import logging
import threading
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import structlog
from huey import Huey
from huey.consumer import Consumer, Scheduler
from huey.registry import Message
from huey.serializer import Serializer
from huey.storage import BaseSqlStorage, BaseStorage, ConnectionPool, MemoryStorage, PostgresStorage, RedisStorage, SqliteStorage
from sqlalchemy import make_url

from forum.db.valkey import client_bounds, client_url
from forum.jobs.telling import LOOK
from forum.settings import Settings

# How long a message waits at most where the store cannot wake anybody: in SQLite's file and within a process.
LONGEST_PAUSE_SECONDS = 0.5
ANSWER_SECONDS = 2
log = structlog.get_logger(__name__)
# What it would say is said by us, once: a store that is away would be a traceback every half second.
logging.getLogger("huey").setLevel(logging.CRITICAL)


def open_here(queue: str) -> BaseStorage:
    """Return a store for messages within this process."""
    return MemoryStorage(queue)


def open_store(settings: Settings, secret: str, queue: str) -> BaseStorage:
    """Return the store of ``queue`` that all processes of this site share: Redis where it is set, else PostgreSQL, else a file beside SQLite's.

    Nothing is connected yet, and its tables are made by ``prepare``.
    """
    if settings.redis_url:
        # Other sites may use the same server.
        name = f"forum{sha256(b'jobs:' + secret.encode()).hexdigest()[:8]}{queue}"
        return RedisStorage(
            name, connection_pool=ConnectionPool.from_url(client_url(settings.redis_url), **client_bounds(ANSWER_SECONDS)), read_timeout=1
        )
    if settings.sqlite_file is not None:
        # Not on disk when it is acknowledged: nothing in it may not be lost.
        return SqliteStorage(
            queue, filename=f"{settings.sqlite_file}-jobs", cache_mb=0, fsync=False, timeout=ANSWER_SECONDS, create_tables=False
        )
    dsn = make_url(settings.database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    limits = f"-c synchronous_commit=off -c lock_timeout={ANSWER_SECONDS}s -c statement_timeout={ANSWER_SECONDS}s"
    session = {"connect_timeout": ANSWER_SECONDS, "options": limits, "application_name": "forum jobs"}
    return PostgresStorage(queue, dsn=dsn, table_prefix="forum_jobs", create_tables=False, **session)


def prepare(store: BaseStorage) -> BaseStorage:
    """Return ``store`` with its tables in the database, where it has any. Raises the store's own errors while it is away."""
    if isinstance(store, BaseSqlStorage):
        try:
            store.initialize_schema()
        except Exception:  # noqa: BLE001 each driver has failures of its own
            # Another process may have made them at this very moment, which PostgreSQL's IF NOT EXISTS does not foresee.
            store.initialize_schema()
    return store


class Executor(Consumer):  # type: ignore[misc]
    """Calls ``look`` for each message in ``store``, and every ``interval`` seconds whether there was one or not; in two threads, never at the same time."""

    def __init__(self, store: BaseStorage, look: Callable[[], None], *, interval: float) -> None:
        self._every, self._turn = interval, threading.Lock()
        self._act = look
        huey = _Quiet("forum", results=False, serializer=_Wordless(), storage_class=lambda _name: store)
        huey.task(name=TASK)(self.look)
        super().__init__(huey, workers=1, periodic=False, initial_delay=LONGEST_PAUSE_SECONDS / 10, max_delay=LONGEST_PAUSE_SECONDS)

    def look(self) -> None:
        """Do what is to be done now."""
        with self._turn:
            self._act()

    def _create_scheduler(self) -> Scheduler:
        return _Looking(self.huey, self.stop_flag, self.look, self._every)

    def _set_signal_handlers(self) -> None:
        """Leave the signals to the process, which is a server's or the command's."""


TASK = "look"


class _Wordless(Serializer):  # type: ignore[misc]
    """Writes every message alike and reads every message alike, whatever it says: huey's own would run what a stranger has written (pickle)."""

    def serialize(self, data: Any) -> bytes:
        return LOOK

    def deserialize(self, data: bytes) -> Message:
        return Message(None, f"{Executor.look.__module__}.{TASK}")


class _Quiet(Huey):  # type: ignore[misc]
    """Makes its store's tables, and says once that it is away; the looks go on."""

    is_away, is_prepared = False, False

    def dequeue(self) -> Any:
        try:
            if not self.is_prepared:
                prepare(self.storage)
                self.is_prepared = True
            found = super().dequeue()
        except Exception as error:
            if not self.is_away:
                log.warning("messages of jobs cannot be read; jobs are looked for all the same", error=type(error).__name__)
            self.is_away = True
            raise
        if self.is_away:
            log.info("messages of jobs are read again")
        self.is_away = False
        return found


class _Looking(Scheduler):  # type: ignore[misc]
    """In the place of huey's scheduler, whose messages would go through the store: looks by itself."""

    def __init__(self, huey: Huey, stop_flag: threading.Event, look: Callable[[], None], interval: float) -> None:
        super().__init__(huey, stop_flag, 60, False)
        self._look, self._every = look, interval

    def loop(self, now: Any = None) -> None:
        self._look()
        self.stop_flag.wait(self._every)
