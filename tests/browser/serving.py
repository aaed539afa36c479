"""A real ``forum serve`` on a free port with a database of its own: what a browser is pointed at.

The rule: nothing of the caller's own settings reaches it. Called by ``conftest`` and by ``pictures``.
"""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass(frozen=True)
class Site:
    """A served discussion: its address and, for the demo, the password of its three people. ``port`` is the server's own, ``folder`` holds its data."""

    url: str
    password: str = ""
    port: int = 0
    folder: Path = Path()


@contextmanager
def serve(folder: Path, *, demo: bool, host: str = "127.0.0.1", **settings: str) -> Iterator[Site]:
    """Serve the demo discussion, or an empty one, from ``folder`` until the block ends; ``settings`` are FORUM_* ones, in lower case.

    ``host`` is what browsers call this machine: passkeys are made for a name alone, ``localhost``.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://{host}:{port}"
    known = {name: value for name, value in os.environ.items() if not name.startswith("FORUM_")}
    chosen = {"data_dir": str(folder), "base_url": url, "rate_limits": "off", "log_level": "error"} | settings
    environment = known | {f"FORUM_{name.upper()}": value for name, value in chosen.items()}
    forum = str(Path(sys.executable).parent / "forum")
    subprocess.run([forum, "demo" if demo else "init"], env=environment, check=True, capture_output=True)
    password = (folder / "demo_password").read_text(encoding="utf-8").strip() if demo else ""
    if demo:
        # The demo has nobody who administers it.
        admin = [forum, "account", "create", "ada", "--email", "ada@example.org", "--role", "admin", "--display-name", "Ada Lund"]
        subprocess.run([*admin, "--password-stdin"], env=environment, check=True, capture_output=True, input=password.encode())
    server = subprocess.Popen(
        [forum, "serve", "--port", str(port), "--workers", "1"], env=environment, start_new_session=True, stdout=subprocess.DEVNULL
    )
    try:
        _wait_for(f"{url}/health/ready", server)
        yield Site(url, password, port, folder)
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=30)


def _wait_for(url: str, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(300):
        if server.poll() is not None:
            raise RuntimeError("the server ended before it answered")
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except OSError:
            # The socket itself says nothing when it opens: asking again is the only way to wait on it.
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the server did not answer within 30 seconds")
