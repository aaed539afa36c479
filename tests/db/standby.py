"""A streaming replica of a PostgreSQL of our own, which a test can hold back, stop and start."""

import os
import subprocess
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from tests.faults.cluster import Database
from tests.faults.service import pause

PATIENCE = 3000


class Standby:
    """Follows ``primary`` from ``folder``, which its server makes; on a socket there."""

    def __init__(self, primary: Database, folder: Path) -> None:
        self.primary, self.folder = primary, folder
        self.url = f"postgresql+psycopg://postgres@/postgres?host={folder}"
        self._engines = [create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT") for url in (primary.url, self.url)]

    def make(self) -> None:
        """Copy the primary and start to follow it."""
        address = self.primary.url.replace("postgresql+psycopg", "postgresql")
        self._run("pg_basebackup", "-d", address, "-D", str(self.folder), "-R", "-X", "stream", "-c", "fast")
        # The primary's socket lies in its folder and was copied with it.
        (self.folder / ".s.PGSQL.5432.lock").unlink()
        self.start()

    def start(self) -> None:
        """Start it, and return when it answers."""
        self._run("pg_ctl", "-w", "-D", str(self.folder), "-l", str(self.folder / "log"), "-o", f'-h "" -k {self.folder}', "start")

    def stop(self) -> None:
        """Stop it at once."""
        self._run("pg_ctl", "-w", "-D", str(self.folder), "-m", "immediate", "stop")

    def hold_back(self) -> None:
        """Let it show from now on what it shows now."""
        self.catch_up()
        self._ask(1, "SELECT pg_wal_replay_pause()")
        self._wait(lambda: self._ask(1, "SELECT pg_get_wal_replay_pause_state()") == "paused")

    def let_go(self) -> None:
        """Let it follow again, and return when it has caught up."""
        self._ask(1, "SELECT pg_wal_replay_resume()")
        self.catch_up()

    def catch_up(self) -> None:
        """Wait until it has everything that the primary has now."""
        # What was written for a reader alone may end in the middle of a record, which arrives whole with the next commit.
        self._ask(0, "SELECT pg_current_xact_id()::text")
        written = self._ask(0, "SELECT pg_current_wal_insert_lsn()")
        self._wait(lambda: self._ask(1, f"SELECT pg_last_wal_replay_lsn() >= '{written}'::pg_lsn") is True)

    def _ask(self, which: int, statement: str) -> object:
        with self._engines[which].connect() as connection:
            result: object = connection.scalar(text(statement.replace("::", "\\:\\:")))
            return result

    def _wait(self, is_so: object) -> None:
        for _ in range(PATIENCE):
            if is_so():  # type: ignore[operator]
                return
            pause()
        raise AssertionError("the replica does not follow")

    def _run(self, program: str, *words: str) -> None:
        user = "pgserver" if os.geteuid() == 0 else None
        # Its server goes on with whatever output it was given.
        subprocess.run([str(self.primary.server.bin_path / program), *words], user=user, check=True, stdout=subprocess.DEVNULL, cwd="/tmp")
