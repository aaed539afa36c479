"""A replica of PostgreSQL that answers what may lag: whether it is there, how far behind it is, and a transaction on it that sees one state throughout.

The rule: it is asked only while it had everything that the primary had ``MOST_LAG`` ago. That is found out by comparing positions in their logs, so that no
clock and no rights on the servers are needed, and a replica that hears nothing any more is noticed.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Lock

import structlog
from sqlalchemy import Select, create_engine, literal_column, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session

from forum.clock import now
from forum.db.engine import engine_options
from forum.db.quick import QuickReads

MOST_LAG = timedelta(seconds=5)
LOOK_EVERY = timedelta(seconds=1)
# While it is away one request in this time waits for it, CONNECT_SECONDS at most; no other does.
AWAY_FOR = timedelta(seconds=5)
CONNECT_SECONDS = 2
MOST_SAMPLES = 64
_WRITTEN: Select[int] = select(literal_column("pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint"))
# NULL where the server is no replica, or is one no more.
_REPLAYED: Select[int | None] = select(literal_column("pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::bigint"))
# A transaction that does nothing but end, which the log then says.
_COMMIT: Select[int] = select(literal_column("pg_current_xact_id()::text::bigint"))
log = structlog.get_logger(__name__)


class Replica:
    """One process's way to the replica at ``url`` of what ``reads`` reads. Nothing is connected yet."""

    def __init__(self, url: str, reads: QuickReads, *, timeout_seconds: int, pool_size: int) -> None:
        options = engine_options(url, timeout_seconds=timeout_seconds, pool_size=pool_size)
        given = options["connect_args"]
        options["connect_args"] = given | {
            "options": f"{given['options']} -c default_transaction_read_only=on",
            "connect_timeout": min(CONNECT_SECONDS, timeout_seconds),
            "tcp_user_timeout": CONNECT_SECONDS * 1000,
        }
        # What a page shows and the version under which it is kept are of one moment.
        self.engine = create_engine(url, isolation_level="REPEATABLE READ", **options)
        self._reads = reads
        self._lock = Lock()
        self._looked_at: datetime | None = None
        # Where the primary was when, from the last position that the replica has reached.
        self._samples: deque[tuple[datetime, int]] = deque(maxlen=MOST_SAMPLES)
        self._lag: timedelta | None = None
        self._trouble = ""

    @property
    def lag_seconds(self) -> float | None:
        """How far behind it was at the last look; None while that is not known."""
        return self._lag.total_seconds() if self._lag is not None else None

    @property
    def is_used(self) -> bool:
        """Whether it was near enough at the last look."""
        return self._lag is not None and self._lag <= MOST_LAG

    def is_near(self) -> bool:
        """Whether it may be asked now; looks once a second."""
        moment = now()
        pause = AWAY_FOR if self._trouble == "away" else LOOK_EVERY
        if self._looked_at is None or not self._looked_at <= moment < self._looked_at + pause:
            self.look()
        return self.is_used

    def look(self) -> None:
        """Find out how far behind it is, unless somebody else is at it."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            self._looked_at = moment = now()
            # In this order: what is written in between makes it look farther behind, never nearer.
            try:
                written = self._reads.rows(_WRITTEN)[0][0]
            except self._reads.errors:
                # Nothing can be said of a replica without its primary.
                self._lag = None
                return
            with self.engine.connect() as connection:
                replayed = connection.scalar(_REPLAYED)
            if replayed is not None and replayed < written and self._is_unchanged(written) and not self._trouble:
                # The primary is idle, and its log may end within a record that nobody waits for (reading writes some): it arrives whole with the next commit.
                self._reads.rows(_COMMIT)
            self._note(moment, written, replayed)
        except SQLAlchemyError as error:
            self._leave(error)
        finally:
            self._lock.release()

    def fail(self, error: Exception) -> None:
        """Say that a read on it failed. One that was stopped because it stood in the way of what is replayed says nothing of the server."""
        if isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in ("40001", "40P01"):
            return
        self._looked_at = now()
        self._leave(error)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a transaction on it that sees one state of the database for the whole block. Raises SQLAlchemy's errors when it is away."""
        with Session(self.engine) as session:
            yield session

    def _is_unchanged(self, written: int) -> bool:
        return bool(self._samples) and self._samples[-1][1] == written

    def _note(self, moment: datetime, written: int, replayed: int | None) -> None:
        if replayed is None:
            self._lag = None
            self._say("none", "the replica is no replica, and is not asked")
            return
        self._samples.append((moment, written))
        while len(self._samples) > 1 and self._samples[1][1] <= replayed:
            self._samples.popleft()
        reached_at, position = self._samples[0]
        self._lag = moment - reached_at if position <= replayed else None
        if self.is_used:
            self._say("", "the replica is asked again")
        elif self._looked_at is not None and (self._lag is not None or len(self._samples) > MOST_LAG // LOOK_EVERY):
            self._say("behind", "the replica is too far behind and is not asked")

    def _leave(self, error: Exception) -> None:
        self._lag = None
        self._samples.clear()
        self._say("away", "the replica is away; the primary answers alone", error=type(error).__name__)

    def _say(self, trouble: str, words: str, **facts: str) -> None:
        if trouble != self._trouble:
            self._trouble = trouble
            (log.warning if trouble else log.info)(words, **facts)
