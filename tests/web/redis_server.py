"""A real redis-server on a socket of its own, which a test can stop, freeze and fill."""

import os
import shutil
import signal
import subprocess
import threading
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

_PAUSE = threading.Event()


def has_redis() -> bool:
    """Whether the server is installed (``make redis``)."""
    return shutil.which("redis-server") is not None


class RedisServer:
    """One server without persistence in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "redis.sock"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"unix://{self.path}"

    @property
    def client(self) -> "Redis":
        """A client of it."""
        return Redis.from_url(self.url)

    def start(self) -> None:
        """Start it and return when it answers."""
        words = ["redis-server", "--port", "0", "--unixsocket", str(self.path), "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen([*words, "--dir", str(self.path.parent)], stdout=subprocess.DEVNULL)
        while True:
            try:
                self.client.ping()
            except RedisError:
                assert self.process.poll() is None
                _PAUSE.wait(0.02)
            else:
                return

    def stop(self) -> None:
        """Kill it, if it runs."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def freeze(self) -> None:
        """Let it accept connections and answer nothing."""
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it answer again."""
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGCONT)

    def bound(self, most_bytes: int) -> None:
        """Let it refuse what goes beyond ``most_bytes``; 0: nothing."""
        self.client.execute_command("CONFIG", "SET", "maxmemory", most_bytes)  # type: ignore[no-untyped-call]
