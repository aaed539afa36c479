"""``forum serve`` as a process of its own: from an empty folder to an address, and an end that loses nothing."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

FORUM = str(Path(sys.executable).parent / "forum")
PATIENCE_SECONDS = 60


@dataclass
class Served:
    """A running server, its port and what it has said on standard output until it was ready."""

    process: "subprocess.Popen[str]"
    port: int
    said: str

    def ask(self, path: str) -> tuple[int, bytes]:
        """GET ``path``."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()


Serve = Callable[..., Served]


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@pytest.fixture
def serve(bare: None) -> Iterator[Serve]:
    """Return a function that runs ``forum serve`` until the line with its address."""
    running: list[subprocess.Popen[str]] = []

    def start(*options: str, **settings: str) -> Served:
        port = _free_port()
        environment = {**os.environ, **{f"FORUM_{name.upper()}": value for name, value in settings.items()}}
        process = subprocess.Popen(
            [FORUM, "serve", "--port", str(port), *options],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        running.append(process)
        said = ""
        assert process.stdout
        for line in process.stdout:
            said += line
            if line.startswith("Serving "):
                return Served(process, port, said)
        raise AssertionError(process.communicate()[1])

    yield start
    for process in running:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_an_empty_folder_becomes_a_site(serve: Serve, folder: Path) -> None:
    served = serve("--workers", "1")
    assert served.said == (
        f"The database was brought up to date: sqlite:///{folder}/forum.sqlite3\n"
        f"Serving Open Discussion at http://127.0.0.1:{served.port} with 1 process. Stop with Ctrl-C.\n"
    )
    status, body = served.ask("/health/ready")
    assert (status, json.loads(body)) == (200, {"status": "ok"})
    assert served.ask("/")[0] == 200
    served.process.send_signal(signal.SIGTERM)
    rest, logged = served.process.communicate(timeout=PATIENCE_SECONDS)
    assert (served.process.returncode, rest) == (0, "")
    lines = [json.loads(line) for line in logged.splitlines()]
    requests = [line for line in lines if line["event"] == "request"]
    assert [(line["path"], line["status"]) for line in requests] == [("/health/ready", 200), ("/", 200)]
    assert all(re.fullmatch(r"[0-9a-f]{32}", line["request_id"]) for line in requests)
    assert any(line["logger"] == "gunicorn.error" for line in lines), "the server's own lines come in the same form"


def test_the_demo_can_be_served_at_once_and_again(serve: Serve) -> None:
    first = serve("--demo", "--workers", "1", log_format="console", log_level="warning")
    assert "Loaded the demo discussion: " in first.said
    assert len(re.findall(r"password \S{12}$", first.said, re.MULTILINE)) == 3
    assert b"Massage in the Treatment of Cancer" in first.ask("/")[1]
    first.process.send_signal(signal.SIGINT)
    assert first.process.communicate(timeout=PATIENCE_SECONDS) == ("", "")
    assert first.process.returncode == 0
    second = serve("--demo", "--workers", "1")
    assert "Loaded" not in second.said
    assert len(re.findall(r"password \S{12}$", second.said, re.MULTILINE)) == 3


def test_a_request_in_flight_is_finished_before_the_end(serve: Serve) -> None:
    served = serve("--workers", "1")
    body = b'{"login": "nobody", "password": "nobody knows it"}'
    with socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE_SECONDS) as caller:
        caller.sendall(
            b"POST /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body)
        )
        # The server has taken the request up, and waits for its body.
        assert caller.recv(4096).startswith(b"HTTP/1.1 100 ")
        served.process.send_signal(signal.SIGTERM)
        assert served.process.stderr
        assert any("Handling signal: term" in line for line in served.process.stderr)
        assert served.process.poll() is None
        caller.sendall(body)
        answer = b""
        while chunk := caller.recv(4096):
            answer += chunk
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b"application/problem+json" in answer
    assert answer.endswith(b"}")
    served.process.communicate(timeout=PATIENCE_SECONDS)
    assert served.process.returncode == 0


def test_a_port_in_use_is_one_sentence(serve: Serve, bare: None, folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run([FORUM, "serve", "--port", str(port)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == f"Error: Port {port} of 127.0.0.1 is in use: stop what listens there, or choose another with --port.\n"
    assert not folder.exists()


@pytest.mark.parametrize("host", ["192.0.2.1", "x" * 300])
def test_an_address_that_is_not_ours_is_one_sentence(bare: None, host: str) -> None:
    done = subprocess.run([FORUM, "serve", "--host", host], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: Nothing can listen at port 8000 of ")
    assert len(done.stderr.splitlines()) == 1
