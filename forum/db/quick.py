"""Reads of a few rows by their keys, apart from the session: what is asked at every request must not cost a unit of work.

The rule: statements are written with ``select()`` as anywhere else and compiled once; each read stands alone and sees what was committed when it began.
Called by the layer in front of Flask, and by what each request asks. Values that come back are the driver's: numbers, texts, 0 and 1.
"""

import mmap
import os
from collections import deque
from collections.abc import Callable
from time import perf_counter
from typing import Any, ClassVar, cast

import structlog
from flask import current_app
from sqlalchemy import ClauseElement, Executable, NullPool, create_engine
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import SQLAlchemyError

from forum.db.engine import engine_options, prepare_engine
from forum.db.prepared import Prepared
from forum.db.transaction import reading

log = structlog.get_logger(__name__)
QUICK = "forum_quick"


class ChangeCounter:
    """Tells without a statement whether anything was committed to an SQLite database since: by the header of its WAL index.

    The index is shared memory that every process maps ("The WAL-Index File Format", sqlite.org/walformat.html): its first 48 bytes hold a counter, the last
    committed frame and checksums, and are written before a commit returns. The same bytes mean the same snapshot. It exists while a connection is open.

    What is opened here stays open: closing any descriptor of the file would give up every lock that this process has on it (POSIX), and SQLite's are there.
    """

    BYTES = 48
    _opened: ClassVar[dict[tuple[int, int], tuple[int, mmap.mmap]]] = {}

    def __init__(self, database: str) -> None:
        """Find the index of ``database``, which is open. Raises OSError or ValueError where there is none."""
        path = f"{database}-shm"
        found = os.stat(path)
        for key, (descriptor, index) in list(self._opened.items()):
            # The file was removed with its last connection: nothing is locked there any more.
            if os.fstat(descriptor).st_nlink == 0:
                del self._opened[key]
                index.close()
                os.close(descriptor)
        key = (found.st_dev, found.st_ino)
        if key not in self._opened:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            self._opened[key] = (descriptor, mmap.mmap(descriptor, self.BYTES, access=mmap.ACCESS_READ))
        self._index = self._opened[key][1]

    def read(self) -> bytes:
        """Return the header as it is now."""
        return self._index[:]


class QuickReads:
    """Connections that only read, one statement at a time; as many are kept as were ever in use at once, which is at most one a thread."""

    def __init__(self, url: str, *, timeout_seconds: int) -> None:
        options = engine_options(url, timeout_seconds=timeout_seconds, pool_size=1)
        kept = {name: options[name] for name in ("hide_parameters", "connect_args") if name in options}
        self.engine = create_engine(url, poolclass=NullPool, **kept)
        prepare_engine(self.engine)
        self.errors: tuple[type[Exception], ...] = (self.engine.dialect.loaded_dbapi.Error, SQLAlchemyError)
        self._counter: ChangeCounter | None = None
        self._has_counter = self.engine.dialect.name == "sqlite"
        self._idle: deque[DBAPIConnection] = deque()
        # As many as the program has written; none is made by a request.
        self._prepared: dict[ClauseElement, Prepared] = {}
        # Told of each statement and its seconds, where somebody listens.
        self.witness: Callable[[str, float], None] | None = None

    def prepare(self, statement: ClauseElement) -> Prepared:
        """Return ``statement`` compiled, which is done once; what varies in it is a ``bindparam``."""
        prepared = self._prepared.get(statement)
        if prepared is None:
            prepared = self._prepared[statement] = Prepared(statement, self.engine.dialect)
        return prepared

    def state(self) -> bytes:
        """Return what differs whenever anything has been committed meanwhile; empty where that cannot be told without a statement."""
        if self._counter is not None:
            return self._counter.read()
        if self._has_counter:
            self._open_counter()
        return b""

    def rows(self, statement: ClauseElement, **given: Any) -> list[tuple[Any, ...]]:
        """Return the rows of ``statement``, which is written once. Raises one of ``errors`` when the database is away; the connection is given up then."""
        prepared = self.prepare(statement)
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._connect()
        begun = perf_counter()
        try:
            cursor = connection.cursor()
            cursor.execute(prepared.sql, prepared.values(given))
            found: list[tuple[Any, ...]] = cursor.fetchall()  # type: ignore[assignment]
            cursor.close()
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)
        if self.witness is not None:
            self.witness(prepared.sql, perf_counter() - begun)
        return found

    def first(self, statement: ClauseElement, **given: Any) -> tuple[Any, ...] | None:
        """Return the first row, or None."""
        found = self.rows(statement, **given)
        return found[0] if found else None

    def _open_counter(self) -> None:
        self._has_counter = False
        try:
            # Open for good: the index goes with the last connection.
            self._guard = self._connect()
            cursor = self._guard.cursor()
            cursor.execute("SELECT count(*) FROM sqlite_master")
            cursor.close()
            self._counter = ChangeCounter(str(self.engine.url.database))
        except self.errors as error:
            log.warning("no counter of changes", error=type(error).__name__)
        except (OSError, ValueError) as error:
            # Not in WAL mode: each state is asked for.
            log.warning("no counter of changes", error=type(error).__name__)

    def close(self) -> None:
        """Close the idle connections."""
        while self._idle:
            self._idle.pop().close()

    def _connect(self) -> DBAPIConnection:
        pooled = self.engine.raw_connection()
        connection: DBAPIConnection | None = pooled.driver_connection
        pooled.detach()
        if connection is None:
            raise RuntimeError("the driver gave no connection")
        if self.engine.dialect.name == "postgresql":
            connection.autocommit = True
        return connection


def read_quickly(statement: ClauseElement, **given: Any) -> list[tuple[Any, ...]]:
    """Return the rows of a statement that is written once and asked by many requests.

    Where the database is away the session asks instead: it waits as long as is set, and its failure is one that every door knows.
    """
    reads = cast(QuickReads, current_app.extensions[QUICK])
    try:
        return reads.rows(statement, **given)
    except reads.errors:
        with reading() as session:
            return [tuple(row) for row in session.execute(cast(Executable, statement), given)]
