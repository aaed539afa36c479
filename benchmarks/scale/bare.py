"""What ours is compared with: a Flask application on the very same server that returns ready bytes, reads one index and writes one row, and does nothing else.

``python -m benchmarks.scale.bare PORT FOLDER WORKERS THREADS`` serves it. A row is as durable as ours: WAL, synchronous=FULL, BEGIN IMMEDIATE, one commit.
"""

import sqlite3
import sys
import threading
from typing import Any

from flask import Flask, Response, request
from gunicorn.app.base import BaseApplication

from forum.server import BACKLOG, Worker

PAGES = 50
TAG = '"ready"'


def build(folder: str) -> Flask:
    """Return the application, with its database in ``folder``."""
    app = Flask("bare")
    ready: dict[int, bytes] = {}
    local = threading.local()

    def connection() -> sqlite3.Connection:
        if not hasattr(local, "connection"):
            local.connection = opened = sqlite3.connect(f"{folder}/bare.sqlite3", timeout=30, isolation_level=None)
            opened.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;")
        found: sqlite3.Connection = local.connection
        return found

    first = connection()
    first.execute("CREATE TABLE IF NOT EXISTS written (id INTEGER PRIMARY KEY, body TEXT)")
    first.execute("CREATE TABLE IF NOT EXISTS pages (address TEXT PRIMARY KEY, comments INTEGER)")
    first.executemany("INSERT OR IGNORE INTO pages VALUES (?, 7)", [(address_of(number),) for number in range(PAGES)])

    @app.get("/ready/<int:size>")
    def ready_bytes(size: int) -> Response:
        if request.headers.get("If-None-Match") == TAG:
            return Response(status=304, headers={"ETag": TAG})
        if size not in ready:
            ready[size] = b"x" * size
        return Response(ready[size], content_type="application/json", headers={"ETag": TAG})

    @app.post("/row")
    def write_row() -> tuple[dict[str, Any], int]:
        body, database = request.get_json()["body_md"], connection()
        database.execute("BEGIN IMMEDIATE")
        made = database.execute("INSERT INTO written (body) VALUES (?)", (body,)).lastrowid
        database.execute("COMMIT")
        return {"id": made, "body_md": body}, 201

    @app.get("/counts")
    def read_counts() -> dict[str, Any]:
        asked = request.args.getlist("url")
        places = ", ".join("?" * len(asked))
        found = dict(connection().execute(f"SELECT address, comments FROM pages WHERE address IN ({places})", asked).fetchall())
        return {"items": [{"url": url, "comments": found.get(url, 0)} for url in asked]}

    return app


def address_of(number: int) -> str:
    """Return the address of one of the pages that are counted."""
    return f"https://host.example/articles/{number}"


class BareServer(BaseApplication):  # type: ignore[misc]
    """The same arbiter and the same processes as ours."""

    def __init__(self, port: int, folder: str, workers: int, threads: int) -> None:
        self.folder = folder
        self.options = {"bind": f"127.0.0.1:{port}", "workers": workers, "threads": threads, "worker_class": Worker, "backlog": BACKLOG}
        super().__init__()

    def load_config(self) -> None:
        """Hand over the options."""
        for name, value in (self.options | {"control_socket_disable": True, "loglevel": "error"}).items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Build the application of one process."""
        return build(self.folder)


if __name__ == "__main__":
    BareServer(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])).run()
