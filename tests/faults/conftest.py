"""A real ``forum serve`` that can be killed and started again, and clients that insist until they are answered."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from forum.access.permissions import Scope
from forum.accounts.actions import create_token
from forum.app import create_app
from forum.db.base import db
from forum.db.schema import bring_up_to_date
from forum.db.transaction import writing
from forum.settings import Settings
from tests.conftest import SECRET, add_account, test_settings

PATIENCE = 400
"""Tries of one request, 0.05 seconds apart, before a client gives up: 20 seconds without an answer is no healing."""


@dataclass
class Served:
    """A served site: its settings, its port and the process group of its server."""

    settings: Settings
    port: int
    workers: int
    process: "subprocess.Popen[bytes] | None" = None
    log: list[str] = field(default_factory=list)

    def start(self) -> None:
        """Start the server and wait until it is ready."""
        known = {name: value for name, value in os.environ.items() if not name.startswith("FORUM_")}
        chosen = {
            "FORUM_DATA_DIR": self.settings.data_dir,
            "FORUM_DATABASE_URL": self.settings.database_url,
            "FORUM_SECRET_KEY": SECRET,
            "FORUM_RATE_LIMITS": "off",
            "FORUM_LOG_LEVEL": "error",
        }
        command = [str(Path(sys.executable).parent / "forum"), "serve", "--port", str(self.port), "--workers", str(self.workers)]
        self.process = subprocess.Popen(command, env=known | chosen, start_new_session=True, stdout=subprocess.DEVNULL)
        for _ in range(PATIENCE):
            assert self.process.poll() is None, "the server ended before it was ready"
            if self.answers("/health/ready"):
                return
            time.sleep(0.05)
        raise AssertionError("the server was not ready in time")

    def answers(self, path: str) -> bool:
        """Whether ``path`` is answered with 200 now."""
        try:
            return Client(self.port).call("GET", path)[0] == 200
        except OSError:
            return False

    def kill(self) -> None:
        """Kill the server and all its workers, as a power cut of the process would (SIGKILL to the group)."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=30)

    def worker_pids(self) -> list[int]:
        """Return the process ids of the workers."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="ascii")
        return [int(pid) for pid in children.split()]

    def stop(self) -> None:
        """Ask the server to stop, and wait for it."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(timeout=40)


class Client:
    """One caller with one connection and one token."""

    def __init__(self, port: int, token: str = "") -> None:
        self.port = port
        self.token = token
        self.connection: http.client.HTTPConnection | None = None

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Send one request and return status and JSON; raises OSError or HTTPException when there is no answer."""
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        if body is not None:
            sent["Content-Type"] = "application/json"
        try:
            self.connection.request(method, path, json.dumps(body) if body is not None else None, sent)
            answer = self.connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            self.connection.close()
            self.connection = None
            raise
        return answer.status, json.loads(text) if text else None

    def insist(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Send a request until it is answered with anything but "not now" (503, 409 while the first try runs)."""
        for _ in range(PATIENCE):
            try:
                status, answer = self.call(method, path, body, **headers)
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)
                continue
            if status == 503 or (status == 409 and answer["type"].endswith("in-progress")):
                time.sleep(0.05)
                continue
            return status, answer
        raise AssertionError(f"{method} {path} was not answered in time")


@pytest.fixture
def app_of(tmp_path: Path, database: str, postgresql: Callable[[str], str]) -> Iterator[Flask]:
    """An application in this process on the database that the server uses, for setting up and for counting afterwards."""
    url = postgresql("faults") if database == "postgresql" else ""
    app = create_app(test_settings(tmp_path / "data", url, rate_limits="off"))
    with app.app_context():
        bring_up_to_date()
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def served(app_of: Flask) -> Iterator[Served]:
    """A server with two processes, started."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    site = Served(app_of.extensions["forum_settings"], port, workers=2)
    site.start()
    yield site
    site.stop()


def make_tokens(count: int) -> list[str]:
    """Make ``count`` people and return a token of each."""
    with writing() as session:
        accounts = [add_account(session, f"client{number}") for number in range(count)]
        return [create_token(session, account.id, name="test", scopes=list(Scope))[1] for account in accounts]


class Progress:
    """How much is done, and a way to wait for it without guessing a duration."""

    def __init__(self) -> None:
        self._done = 0
        self._changed = threading.Condition()

    def add(self) -> None:
        """Count one thing done."""
        with self._changed:
            self._done += 1
            self._changed.notify_all()

    def wait_for(self, count: int) -> None:
        """Wait until ``count`` things are done; fails when ten minutes have passed."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._done >= count, timeout=600), f"only {self._done} of {count} were done in time"
