"""What the benchmark of speed and scale stands on: the bare application does what it is compared for, ratios and bounds are computed from what was seen,
a slow disk is slow for whoever flushes, and PostgreSQL holds what was seeded on SQLite."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import psycopg
import pytest
from flask import Flask

from benchmarks.load import WrongAnswerError
from benchmarks.process import free_port
from benchmarks.scale.bare import COMMENTS_EACH, TAG, address_of, build
from benchmarks.scale.disk import AS_IS, SLOW, Disk
from benchmarks.scale.measure import Figure, Plan, Turns, Value, children_of, memory_megabytes, processor_seconds, send_all
from benchmarks.scale.postgres import copy_all
from benchmarks.scale.report import Run, write_results
from benchmarks.scale.seed import SIZES, settings_for
from benchmarks.scale.seed_queue import fill_queue
from benchmarks.scale.syncs import read_trace
from benchmarks.scale.wrk import Ask, Sent, bearer
from forum.access.viewer import Role
from forum.app import create_app
from forum.db.base import db
from forum.db.schema import bring_up_to_date
from forum.db.transaction import writing
from tests.conftest import Person
from tests.seeding import seed_discussion


def _does_what_it_is_compared_for(bare: Flask) -> None:
    client = bare.test_client()
    assert client.get("/ready/57000").content_length == 57_000
    assert client.get("/ready/57000", headers={"If-None-Match": TAG}).status_code == 304
    written = client.post("/row", json={"body_md": "a row"})
    assert (written.status_code, written.get_json()) == (201, {"id": 1, "body_md": "a row"})
    counted = client.get("/counts", query_string={"url": [address_of(0), "https://elsewhere.example/"]}).get_json()
    assert [item["comments"] for item in counted["items"]] == [COMMENTS_EACH, 0]


def test_the_bare_application_does_what_it_is_compared_for(tmp_path: Path) -> None:
    _does_what_it_is_compared_for(build(str(tmp_path)))


def test_the_bare_application_does_the_same_on_postgresql(postgresql: Callable[[str], str]) -> None:
    _does_what_it_is_compared_for(build(postgresql("bare")))


def test_a_ratio_is_judged_by_its_median() -> None:
    figure = Figure("a page", 1, "bare", 1.0, [10.0, 30.0, 12.0], [10.0, 10.0, 10.0])
    assert figure.ratios == [1.0, 3.0, 1.2]
    assert figure.is_met
    assert Figure("a page", 1, "bare", 2.0, [10.0], [10.0]).is_met is False
    assert Figure("a page", 1, "Isso", None, [10.0], [10.0]).is_met is None
    assert [Value("memory", 120.0, "MB", most).is_met for most in (120.0, 119.0, None)] == [True, False, None]


def test_the_page_says_what_was_not_met() -> None:
    figures = [Figure("a page", 1, "bare", 2.0, [10.0], [10.0]), Figure("a page", 16, "bare", 0.5, [10.0], [10.0])]
    page = write_results(figures, [Value("memory", 300.0, "MB", 250.0)], Run("make bench", sum(SIZES), Plan(rounds=1)))
    assert page.count("**not met**") == 2
    assert page.count("| met |") == 1
    assert "1.00 (1.00 – 1.00)" in page
    assert "## Writing" not in page
    assert "SQLite" in page


def test_writes_are_judged_on_each_disk_in_a_table_of_its_own() -> None:
    figures = [Figure("post", 1, "bare", 0.5, [ours], [1000.0], disk) for disk, ours in ((AS_IS, 100.0), (SLOW, 600.0))]
    page = write_results(figures, [], Run("make bench-postgres", 7, Plan(), version="18.4"))
    assert "# Speed and scale on PostgreSQL" in page
    assert "PostgreSQL 18.4" in page
    as_is, slow = page.split(f"## Writing, {AS_IS}")[1].split(f"## Writing, {SLOW}")
    assert ("**not met**" in as_is, "| met |" in as_is) == (True, False)
    assert ("**not met**" in slow, "| met |" in slow) == (False, True)


def test_the_processors_time_and_memory_are_those_of_the_process() -> None:
    before = processor_seconds([os.getpid()])
    assert sum(range(3_000_000)) > 0
    assert processor_seconds([os.getpid()]) > before
    rss, pss = memory_megabytes(os.getpid())
    assert rss >= pss > 5
    assert os.getpid() in children_of(os.getppid())


@pytest.fixture
def asked() -> Iterator[tuple[int, list[tuple[str, str, str]]]]:
    """A server that refuses ``/wrong``, by its port, and what it was sent."""
    seen: list[tuple[str, str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            seen.append((self.path, self.headers.get("Authorization", ""), body))
            self.send_response(422 if self.path == "/wrong" else 201)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", free_port()), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port, seen
        server.shutdown()


def test_each_write_is_sent_once_as_its_reader(asked: tuple[int, list[tuple[str, str, str]]]) -> None:
    port, seen = asked
    send_all(Ask(port, sent=[Sent("POST", f"/{who}", bearer(who), {"n": 1}) for who in ("a", "b")]))
    assert [(path, who, json.loads(body)) for path, who, body in seen] == [("/a", "Bearer a", {"n": 1}), ("/b", "Bearer b", {"n": 1})]
    with pytest.raises(WrongAnswerError, match="422"):
        send_all(Ask(port, sent=[Sent("POST", "/wrong", body={})]))


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("wrk") is None, reason="needs wrk (make wrk)")
def test_what_was_answered_and_not_stored_is_no_fast_write(asked: tuple[int, list[tuple[str, str, str]]]) -> None:
    port, seen = asked
    written = Ask(port, sent=[Sent("POST", f"/{number}", body={"n": number}) for number in range(5)], each=5)
    stored = Turns(lambda: written, lambda: len(seen))
    stored.take(1, 1)
    assert stored.rates[0] > 0
    assert sorted(path for path, _, _ in seen[:5]) == ["/0", "/1", "/2", "/3", "/4"]
    with pytest.raises(WrongAnswerError, match="0 stored"):
        Turns(lambda: written, lambda: 0).take(1, 1)
    with pytest.raises(WrongAnswerError, match="sent again"):
        Turns(lambda: Ask(port, sent=written.sent, is_once=True)).take(1, 1)


TRACE = """\
101   fdatasync(21</var/data/forum.sqlite3-wal>) = 0
102   fdatasync(21</var/data/forum.sqlite3-wal>) = 0
102   fdatasync(20</var/data/forum.sqlite3>) = 0
101   fdatasync(21</var/data/forum.sqlite3-wal> <unfinished ...>
103   +++ exited with 0 +++
101   <... fdatasync resumed>) = 0
101   fdatasync(21</var/data/forum.sqlite3-wal>) = 0
"""
TRACE_OF_POSTGRESQL = """\
101   fdatasync(9</var/small-pgdata/pg_wal/000000010000000000000001>) = 0
102   fsync(12</var/small-pgdata/base/5/1249>) = 0
"""


def test_flushes_of_a_checkpoint_are_told_from_those_of_a_write() -> None:
    assert read_trace(TRACE).each(2) == (2.5, 1.0)
    assert read_trace(TRACE_OF_POSTGRESQL).each(1) == (2.0, 1.0)


FLUSH = """
import signal, sqlite3, sys
signal.setitimer(signal.ITIMER_REAL, float(sys.argv[2]))
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE rows (id)")
"""


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler (cc)")
def test_a_slow_disk_is_slow_for_what_a_database_writes(tmp_path: Path) -> None:
    disk = Disk(tmp_path, print)
    assert disk.can_be_slow

    def flush(name: str, until: float) -> int:
        command = [sys.executable, "-c", FLUSH, str(tmp_path / name), str(until)]
        return subprocess.run(command, env=os.environ | dict(disk.environment), check=False).returncode

    assert flush("quick", 0) == 0
    # Whoever waits an hour for the disk is still waiting when the alarm comes.
    disk.slow_down(3_600_000)
    assert flush("slow", 0.5) == -signal.SIGALRM
    disk.slow_down(0)
    assert flush("quick again", 0) == 0


def test_without_a_compiler_the_slow_disk_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    assert not Disk(tmp_path, said.append).can_be_slow
    assert "no C compiler" in said[0]


def test_the_queue_that_is_measured_is_one_that_moderators_can_read(app: Flask, person: Callable[..., Person]) -> None:
    reporter = person("reporter")
    with writing() as session:
        articles = {
            size: seed_discussion(session, comments=comments, people=5).article_id for size, comments in ((10_000, 30), (100_000, 60))
        }
        filled = fill_queue(session, articles, reporter.id)
    page = person("mod", Role.MODERATOR).client.get("/mod/items?limit=50").json
    assert len(page["items"]) == filled == 12
    assert {item["lane"] for item in page["items"]} == {0, 1, 2, 3}


def test_postgresql_holds_what_was_seeded_on_sqlite(tmp_path: Path, postgresql: Callable[[str], str]) -> None:
    app, url = create_app(settings_for(tmp_path, log_level="error")), postgresql("copied")
    with app.app_context():
        bring_up_to_date()
        with writing() as session:
            made = seed_discussion(session, comments=20)
        db.engine.dispose()
    copy_all(tmp_path, url, print)
    with closing(psycopg.connect(url)) as copied:
        assert copied.execute("SELECT count(*), max(id) FROM comments WHERE created_at >= '2026-01-01 12:00+00'").fetchone() == (20, 20)
        assert copied.execute("SELECT count(*) FROM articles WHERE comment_count = 20 AND id = %s", [made.article_id]).fetchone() == (1,)
        assert copied.execute("SELECT nextval(pg_get_serial_sequence('comments', 'id'))").fetchone() == (21,)


def test_the_measured_server_has_no_limits(tmp_path: Path) -> None:
    assert settings_for(tmp_path).rate_limits == "off"
