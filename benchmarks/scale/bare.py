"""What ours is compared with: a Flask application on the very same server that returns ready bytes, reads one index and writes one row, and does nothing else.

``python -m benchmarks.scale.bare PORT WHERE WORKERS THREADS`` serves it, ``WHERE`` being a folder for an SQLite database or the address of a PostgreSQL one.
A row is as durable as ours: WAL, synchronous=FULL, BEGIN IMMEDIATE, one commit; on PostgreSQL synchronous_commit=on, one commit.
"""

import sqlite3
import sys
import threading
from collections.abc import Sequence
from typing import Any

import psycopg
from flask import Flask, Response, request
from gunicorn.app.base import BaseApplication

from forum.server import BACKLOG, Worker

PAGES, COMMENTS_EACH = 50, 7
TAG = '"ready"'


class Sqlite:
    """The two tables in a folder's database; each thread has a connection."""

    def __init__(self, folder: str) -> None:
        self._folder, self._local = folder, threading.local()
        first = self._connection()
        first.execute("CREATE TABLE IF NOT EXISTS written (id INTEGER PRIMARY KEY, body TEXT)")
        first.execute("CREATE TABLE IF NOT EXISTS pages (address TEXT PRIMARY KEY, comments INTEGER)")
        first.executemany("INSERT OR IGNORE INTO pages VALUES (?, ?)", [(address_of(number), COMMENTS_EACH) for number in range(PAGES)])

    def insert(self, body: str) -> int | None:
        """Insert a row and return its number when it is on disk."""
        database = self._connection()
        database.execute("BEGIN IMMEDIATE")
        made = database.execute("INSERT INTO written (body) VALUES (?)", (body,)).lastrowid
        database.execute("COMMIT")
        return made

    def counts(self, asked: Sequence[str]) -> dict[str, int]:
        """Return the counts of these pages."""
        places = ", ".join("?" * len(asked))
        return dict(self._connection().execute(f"SELECT address, comments FROM pages WHERE address IN ({places})", asked).fetchall())

    def _connection(self) -> sqlite3.Connection:
        if not hasattr(self._local, "connection"):
            self._local.connection = opened = sqlite3.connect(f"{self._folder}/bare.sqlite3", timeout=30, isolation_level=None)
            opened.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;")
        found: sqlite3.Connection = self._local.connection
        return found


class Postgresql:
    """The same in a PostgreSQL database."""

    def __init__(self, url: str) -> None:
        self._url, self._local = url, threading.local()
        with psycopg.connect(url) as first:
            # Two processes begin at once.
            first.execute("SELECT pg_advisory_xact_lock(1)")
            first.execute("CREATE TABLE IF NOT EXISTS written (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body TEXT)")
            first.execute("CREATE TABLE IF NOT EXISTS pages (address TEXT PRIMARY KEY, comments INTEGER)")
            for number in range(PAGES):
                first.execute("INSERT INTO pages VALUES (%s, %s) ON CONFLICT DO NOTHING", (address_of(number), COMMENTS_EACH))

    def insert(self, body: str) -> int | None:
        """Insert a row and return its number when it is on disk."""
        # The driver begins and commits nothing itself: the one statement is the transaction.
        row = self._connection().execute("INSERT INTO written (body) VALUES (%s) RETURNING id", (body,)).fetchone()
        return row and int(row[0])

    def counts(self, asked: Sequence[str]) -> dict[str, int]:
        """Return the counts of these pages."""
        return dict(self._connection().execute("SELECT address, comments FROM pages WHERE address = ANY(%s)", (list(asked),)).fetchall())

    def _connection(self) -> "psycopg.Connection[Any]":
        if not hasattr(self._local, "connection"):
            self._local.connection = psycopg.connect(self._url, autocommit=True, options="-c synchronous_commit=on")
        found: psycopg.Connection[Any] = self._local.connection
        return found


def build(where: str) -> Flask:
    """Return the application, with its database in a folder or at an address."""
    app = Flask("bare")
    ready: dict[int, bytes] = {}
    tables = Postgresql(where) if where.startswith("postgresql:") else Sqlite(where)

    @app.get("/ready/<int:size>")
    def ready_bytes(size: int) -> Response:
        if request.headers.get("If-None-Match") == TAG:
            return Response(status=304, headers={"ETag": TAG})
        if size not in ready:
            ready[size] = b"x" * size
        return Response(ready[size], content_type="application/json", headers={"ETag": TAG})

    @app.post("/row")
    def write_row() -> tuple[dict[str, Any], int]:
        body = request.get_json()["body_md"]
        return {"id": tables.insert(body), "body_md": body}, 201

    @app.get("/counts")
    def read_counts() -> dict[str, Any]:
        asked = request.args.getlist("url")
        found = tables.counts(asked)
        return {"items": [{"url": url, "comments": found.get(url, 0)} for url in asked]}

    return app


def address_of(number: int) -> str:
    """Return the address of one of the pages that are counted."""
    return f"https://host.example/articles/{number}"


class BareServer(BaseApplication):  # type: ignore[misc]
    """The same arbiter and the same processes as ours."""

    def __init__(self, port: int, where: str, workers: int, threads: int) -> None:
        self.where = where
        self.options = {"bind": f"127.0.0.1:{port}", "workers": workers, "threads": threads, "worker_class": Worker, "backlog": BACKLOG}
        super().__init__()

    def load_config(self) -> None:
        """Hand over the options."""
        for name, value in (self.options | {"control_socket_disable": True, "loglevel": "error"}).items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Build the application of one process."""
        return build(self.where)


if __name__ == "__main__":
    BareServer(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])).run()
