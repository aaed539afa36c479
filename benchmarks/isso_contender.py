"""Isso as a contender: its package from the registry in an environment of its own, served by gunicorn as its documentation says.

What is asked of it is what its own client script asks. Isso keeps one level of replies: a reply to a reply becomes one of the root.
"""

import hashlib
import json
import os
import re
import sqlite3
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from benchmarks.contender import REPLIES, ROOTS
from benchmarks.discussion import Comment
from benchmarks.load import Connection, Errand, Request
from benchmarks.process import free_port, run_command, serving

LOCK = Path(__file__).with_name("isso.lock")
URI = "/what-is-measured/"
CONFIGURATION = """\
[general]
dbpath = {folder}/comments.db
host = http://127.0.0.1:{port}/

[moderation]
enabled = false

[server]
listen = http://127.0.0.1:{port}

[guard]
enabled = false
"""


class IssoContender:
    """Isso behind gunicorn's synchronous workers; ``environment`` is added to theirs."""

    name = "Isso"
    durability = "SQLite's defaults, rollback journal and synchronous=FULL: on disk before the 201, four syncs a comment"

    def __init__(self, environment: Path) -> None:
        self.version = re.findall(r"^isso==(\S+)", LOCK.read_text(encoding="utf-8"), re.MULTILINE)[0]
        self.port = free_port()
        self.environment: Mapping[str, str] = {}
        self.setting = ""
        self._bin = environment / "bin"
        self._file = Path()
        self._numbers: dict[int, int] = {}
        self._ids: dict[int, int] = {}

    @contextmanager
    def open(self, folder: Path, *, workers: int) -> Iterator[None]:
        """Serve from an empty ``folder``, without guard and moderation."""
        self.setting = f"`gunicorn -w {workers} --preload isso.run` (its documentation's command, with as many workers), SQLite, guard and moderation off, its log to a file"
        file, self._file = folder / "isso.cfg", folder / "comments.db"
        file.write_text(CONFIGURATION.format(folder=folder, port=self.port), encoding="utf-8")
        command = [
            str(self._bin / "gunicorn"),
            "-b",
            f"127.0.0.1:{self.port}",
            "-w",
            str(workers),
            "--preload",
            "--no-control-socket",
            "isso.run",
        ]
        env = (
            {name: value for name, value in os.environ.items() if name != "GUNICORN_CMD_ARGS"}
            | {"ISSO_SETTINGS": str(file)}
            | dict(self.environment)
        )
        with serving(command, env=env, log=folder / "server.log", port=self.port, ready_path="/config"):
            yield

    def fill(self, discussion: Sequence[Comment]) -> None:
        """Post the discussion."""
        connection = Connection(self.port)
        for comment in discussion:
            posted = json.loads(connection.send(self._posting(comment))[0])
            self._ids[comment.number], self._numbers[posted["id"]] = posted["id"], comment.number
        connection.close()

    def fill_others(self, pages: int, each: int) -> list[str]:
        """Post ``each`` comments on each of as many other pages, and return these pages."""
        connection = Connection(self.port)
        uris = [f"/other/{number}/" for number in range(pages)]
        for uri in uris:
            for number in range(each):
                body = json.dumps({"text": f"Comment {number}.", "author": "A", "parent": None, "title": "Another page"})
                connection.send(Request(f"/new?uri={uri}", "POST", body, {"Content-Type": "application/json"}, 201))
        connection.close()
        return uris

    def count_votes(self) -> int:
        """Return how many votes are stored."""
        with closing(sqlite3.connect(self._file)) as database:
            return int(database.execute("SELECT sum(likes) FROM comments").fetchone()[0])

    def first_page(self) -> Errand:
        """Return the request for the first 20 roots with the first 10 replies of each."""
        return [Request(f"/?uri={URI}&sort=oldest&offset=0&limit={ROOTS}&nested_limit={REPLIES}")]

    def whole_thread(self) -> Errand:
        """Return the one request for everything."""
        return [Request(f"/?uri={URI}&sort=oldest&offset=0")]

    def post(self, comments: Collection[Comment]) -> Sequence[Errand]:
        """Return, for each comment, the request that posts it."""
        return [[self._posting(comment)] for comment in comments]

    def shown(self, errand: Errand) -> Iterator[int]:
        """Send the errand's requests and yield the numbers of the comments in the answers."""
        connection = Connection(self.port)
        for request in errand:
            for item in json.loads(connection.send(request)[0])["replies"]:
                yield self._numbers[item["id"]]
                yield from (self._numbers[reply["id"]] for reply in item["replies"])
        connection.close()

    def _posting(self, comment: Comment) -> Request:
        parent = self._ids[comment.parent] if comment.parent else None
        body = {"text": comment.text, "author": f"Writer {comment.writer}", "parent": parent, "title": "What is measured"}
        return Request(f"/new?uri={URI}", "POST", json.dumps(body), {"Content-Type": "application/json"}, 201)


def install(environment: Path, log: Path) -> None:
    """Install the locked packages into ``environment`` unless exactly these are there. Raises StartError.

    Isso is published as source alone, so its build tool is installed first, from the same lock; nothing is taken that has no hash there.
    """
    wanted = LOCK.read_text(encoding="utf-8")
    stamp, state = environment / "installed", f"{hashlib.sha256(wanted.encode()).hexdigest()} {sys.version}"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == state:
        return
    build_tool = environment / "setuptools.lock"
    run_command([sys.executable, "-m", "venv", "--clear", "--without-pip", str(environment)], env=os.environ, log=log)
    build_tool.write_text("".join(re.findall(r"^setuptools==(?:.*\\\n)+.*\n", wanted, re.MULTILINE)), encoding="utf-8")
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(environment / "bin" / "python"),
        "--disable-pip-version-check",
        "--no-input",
        "install",
        "-q",
    ]
    for lock in (build_tool, LOCK):
        run_command([*pip, "--no-deps", "--no-build-isolation", "--require-hashes", "-r", str(lock)], env=os.environ, log=log)
    stamp.write_text(state, encoding="utf-8")
