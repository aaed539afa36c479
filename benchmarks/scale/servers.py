"""The three servers that are measured side by side – ours, the bare application on the same server, Isso – and what was measured of them."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import NullPool, create_engine, text

from benchmarks.discussion import write_discussion
from benchmarks.isso_contender import IssoContender
from benchmarks.process import free_port, serving
from benchmarks.scale.disk import Disk
from benchmarks.scale.measure import Figure, Plan, Turns, Value, children_of, memory_megabytes, take_turns
from benchmarks.scale.postgres import BARE, MEASURED, Postgres
from benchmarks.scale.seed import SECRET, Seeded, cookie_of, settings_for
from benchmarks.scale.wrk import Ask
from forum.access.viewer import Role

HERE = Path(__file__).parent.parent
FOLDER = HERE / "var" / "scale"
WORKERS, THREADS = 2, 8
RESTING_SECONDS = 3
MOST_AT_REST, MOST_AFTER = 120, 250


class Bench:
    """The three servers and what has been measured of them. ``folder`` is our data directory; the database is there, or on ``server``."""

    def __init__(self, seeded: Seeded, plan: Plan, folder: Path, *, disk: Disk, server: Postgres | None = None) -> None:
        self.seeded, self.plan, self.folder, self.disk, self.server = seeded, plan, folder, disk, server
        self.ours, self.bare = free_port(), free_port()
        self.isso = IssoContender(HERE / "var" / ".isso")
        self.isso.environment = disk.environment
        self.figures: list[Figure] = []
        self.values: list[Value] = []
        self.pids: list[int] = []
        self.url = server.url(MEASURED) if server else f"sqlite:///{folder}/forum.sqlite3"
        self._engine = create_engine(self.url.replace("postgresql:", "postgresql+psycopg:"), poolclass=NullPool)

    @contextmanager
    def serve(self) -> Iterator[None]:
        """Start ours, and measure how long that takes and what memory it has at rest; then the others."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("FORUM_")} | dict(self.disk.environment)
        ours = environment | {
            "FORUM_DATA_DIR": str(self.folder),
            "FORUM_DATABASE_URL": self.url,
            "FORUM_SECRET_KEY": SECRET,
            "FORUM_RATE_LIMITS": "off",
            "FORUM_BASE_URL": f"http://127.0.0.1:{self.ours}",
        }
        forum = str(Path(sys.executable).parent / "forum")
        where = self.server.url(BARE) if self.server else str(_emptied(FOLDER / "bare"))
        bare = [sys.executable, "-m", "benchmarks.scale.bare", str(self.bare), where, str(WORKERS), str(THREADS)]
        command = [forum, "serve", "--port", str(self.ours), "--workers", str(WORKERS), "--threads", str(THREADS)]
        with ExitStack() as running:
            begun = time.monotonic()
            running.enter_context(serving(command, env=ours, log=FOLDER / "ours.log", port=self.ours, ready_path="/health/ready"))
            self.values.append(Value("start-up, to the first answer of /health/ready", time.monotonic() - begun, "s"))
            self.pids = processes_of(f"serve --port {self.ours}")
            time.sleep(RESTING_SECONDS)
            self.note_memory("at rest", MOST_AT_REST)
            running.enter_context(serving(bare, env=environment, log=FOLDER / "bare.log", port=self.bare, ready_path="/ready/1"))
            running.enter_context(self.isso.open(_emptied(FOLDER / "isso"), workers=WORKERS))
            self.isso.fill(write_discussion(1000))
            yield

    def flushing(self, pids: Sequence[int]) -> Sequence[int]:
        """Return the processes that flush what a server with these processes writes: these themselves, or PostgreSQL's."""
        return self.server.pids() if self.server else pids

    def working(self) -> Sequence[int]:
        """Return the processes that work for an answer of ours, PostgreSQL's among them."""
        return [*self.pids, *(self.server.pids() if self.server else ())]

    def isso_pids(self) -> list[int]:
        """Return Isso's processes."""
        return processes_of(f"127.0.0.1:{self.isso.port} -w")

    def bare_pids(self) -> list[int]:
        """Return the bare application's processes."""
        return processes_of(f"scale.bare {self.bare} ")

    def rows(self, statement: str, **named: Any) -> list[Any]:
        """Return what a statement finds in our database."""
        with self._engine.connect() as connection:
            return list(connection.execute(text(statement), named).all())

    def cookie(self, role: Role = Role.MEMBER) -> str:
        """Return the cookie of somebody new who is signed in."""
        return cookie_of(role, settings_for(self.folder, self.url, log_level="error"))

    def change_article(self, size: int) -> None:
        """Let an article's version rise, so that nothing that is kept of it can be used."""
        with self._engine.begin() as connection:
            connection.execute(text("UPDATE articles SET version = version + 1 WHERE id = :id"), {"id": self.seeded.articles[str(size)][0]})

    def pages(self, size: int) -> tuple[str, str]:
        """Return the addresses of an article's first page, as JSON and as HTML."""
        article_id, page = self.seeded.articles[str(size)]
        return f"/api/v1/articles/{article_id}/comments?limit=20&replies=10", page

    def pair(self, name: str, connections: int, ours: Ask, theirs: Ask, *, least: float | None) -> None:
        """Measure ours and the bare application's answer in turn and keep the figure."""
        own, bare = Turns(lambda: ours), Turns(lambda: theirs)
        take_turns([own, bare], connections, self.plan)
        self.keep(Figure(name, connections, "bare", least, own.rates, bare.rates))

    def keep(self, figure: Figure) -> None:
        """Keep a figure that was measured, and say it."""
        self.figures.append(figure)
        say(f"{figure.name}, {figure.connections}{figure.disk and f', {figure.disk}'}: {figure.ratio:.2f} of {figure.other}")

    def note(self, value: Value) -> None:
        """Keep a value that was measured, and say it."""
        self.values.append(value)
        say(f"{value.name}: {value.value:.2f} {value.unit}")

    def note_memory(self, when: str, most: float | None) -> None:
        """Keep what memory each of our processes has now."""
        for number, pid in enumerate(self.pids, 1):
            rss, pss = memory_megabytes(pid)
            self.values.append(Value(f"memory of process {number} {when} (RSS)", rss, "MB", most))
            self.values.append(Value(f"memory of process {number} {when} (PSS)", pss, "MB"))


def processes_of(command: str) -> list[int]:
    """Return the processes of the server that was started with ``command`` in its command line."""
    found = subprocess.run(["pgrep", "-f", "--", command], capture_output=True, text=True, check=True)
    return children_of(int(found.stdout.split()[0]))


def say(line: str) -> None:
    """Print a line of progress, where the results do not go."""
    print(f"bench: {line}", file=sys.stderr, flush=True)


def _emptied(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
