"""A real ``forum serve`` in processes of its own, on a free port, which can be killed and started again; and a client that does not give up.

Nothing here sleeps for a guessed time: what is waited for is a condition, asked for again after a short pause.
"""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PAUSE = threading.Event()
_COMMAND = [sys.executable, "-c", "from forum.cli import main; main()"]


def pause() -> None:
    """Let other processes have the processor before a condition is asked for again."""
    _PAUSE.wait(0.02)


@dataclass(frozen=True)
class Reply:
    """What came back: its status, its body as JSON and whether it was replayed."""

    status: int
    body: Any
    replayed: bool


class Service:
    """A server with two processes on a database; ``start`` returns when it is ready."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FORUM_")}
        self.environment = kept | {
            "FORUM_DATA_DIR": str(folder),
            "FORUM_DATABASE_URL": url,
            "FORUM_RATE_LIMITS": "off",
            "FORUM_LOG_LEVEL": "error",
        }
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """Where the server's output goes."""
        return self.folder / "serve.log"

    def start(self) -> None:
        """Start the server and wait until it is ready. Raises RuntimeError with its output when it ends instead."""
        words = [*_COMMAND, "serve", "--port", str(self.port), "--workers", "2", "--threads", "8"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(words, env=self.environment, stdout=log, stderr=log, start_new_session=True)
        while not self.is_ready():
            if self.process.poll() is not None:
                raise RuntimeError(self.log.read_text())
            pause()

    def is_ready(self) -> bool:
        """Whether the server says that it is."""
        try:
            return Client(self.port, "").send("GET", "/health/ready").status == 200
        except (OSError, http.client.HTTPException):
            return False

    def workers(self) -> list[int]:
        """Return the ids of the server's worker processes."""
        assert self.process is not None
        found = []
        for entry in Path("/proc").glob("[0-9]*/stat"):
            try:
                after_name = entry.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(after_name[1]) == self.process.pid:
                found.append(int(entry.parent.name))
        return found

    def kill_worker(self) -> None:
        """Kill one worker with SIGKILL; the others go on."""
        os.kill(self.workers()[0], signal.SIGKILL)

    def kill(self) -> None:
        """Kill the server and all its workers with SIGKILL, and wait until they are gone."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """End the server if it runs."""
        if self.process is not None and self.process.poll() is None:
            self.kill()


class Client:
    """A caller with a token over one kept connection."""

    def __init__(self, port: int, token: str) -> None:
        self.port = port
        self.token = token
        self.connection: http.client.HTTPConnection | None = None

    def send(self, method: str, path: str, body: Mapping[str, Any] | None = None, *, key: str = "") -> Reply:
        """Send one request. Raises OSError or HTTPException when no whole answer comes."""
        headers = {"Accept": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        if key:
            headers["Idempotency-Key"] = key
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            self.connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            answer = self.connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            self.connection.close()
            self.connection = None
            raise
        return Reply(answer.status, json.loads(text) if text else None, answer.getheader("Idempotency-Replayed") == "true")

    def insist(self, method: str, path: str, body: Mapping[str, Any] | None = None, *, key: str = "") -> Reply:
        """Send a request again and again until it is answered by anything but "not now"."""
        while True:
            try:
                reply = self.send(method, path, body, key=key)
            except (OSError, http.client.HTTPException):
                pause()
                continue
            if reply.status == 503 or (reply.status == 409 and "in-progress" in str(reply.body)):
                pause()
                continue
            return reply
