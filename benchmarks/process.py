"""Servers as processes: started on a free port of 127.0.0.1 in a group of their own, and always stopped, also when something fails."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

READY_SECONDS = 30
STOP_SECONDS = 10


class StartError(Exception):
    """A server or a command did not do what it was started for; the message ends with where its log is."""


def free_port() -> int:
    """Return a port of 127.0.0.1 on which nothing listens at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def serving(command: Sequence[str], *, env: Mapping[str, str], log: Path, port: int, ready_path: str) -> Iterator[None]:
    """Run the server ``command`` for the length of the block, which begins when ``ready_path`` is answered. Raises StartError."""
    with log.open("wb") as lines:
        process = subprocess.Popen(
            command, env=dict(env), stdin=subprocess.DEVNULL, stdout=lines, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        _wait(process, port, ready_path, log)
        yield
    finally:
        _stop(process)


def run_command(command: Sequence[str], *, env: Mapping[str, str], log: Path, typed: str = "") -> None:
    """Run ``command`` to its end. Raises StartError when it fails."""
    with log.open("ab") as lines:
        done = subprocess.run(command, env=dict(env), input=typed.encode(), stdout=lines, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise StartError(f"{' '.join(command[:4])} … ended with {done.returncode}; see {log}")


def _wait(process: "subprocess.Popen[bytes]", port: int, ready_path: str, log: Path) -> None:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise StartError(f"the server ended before it was ready; see {log}")
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        with suppress(OSError, HTTPException):
            connection.request("GET", ready_path)
            if connection.getresponse().status == 200:
                connection.close()
                return
        connection.close()
        time.sleep(0.1)
    raise StartError(f"the server was not ready within {READY_SECONDS} seconds; see {log}")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
    finally:
        # Whatever is left of the group, also when a second Ctrl-C cuts the waiting short.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(STOP_SECONDS)
