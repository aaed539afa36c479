"""Reads apart from the session: they see what is committed at once, and SQLite's counter of changes neither misses one nor disturbs its locks."""

import multiprocessing
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import bindparam, select, text, update

from forum.articles.models import Site
from forum.db.columns import Moment
from forum.db.quick import ChangeCounter, QuickReads
from forum.db.transaction import writing


@pytest.fixture
def reads(app: Flask) -> QuickReads:
    return QuickReads(app.extensions["forum_settings"].database_url, timeout_seconds=5)


def test_what_is_committed_is_seen_and_what_is_not_is_not(reads: QuickReads) -> None:
    slug = select(Site.slug).where(Site.id == bindparam("site_id"))
    assert reads.rows(slug, site_id=1) == [("main",)]
    assert reads.first(slug, site_id=2) is None
    with writing() as session:
        session.execute(update(Site).values(slug="changed"))
        assert reads.first(slug, site_id=1) == ("main",)
    assert reads.first(slug, site_id=1) == ("changed",)
    reads.close()
    assert reads.first(slug, site_id=1) == ("changed",), "a connection is opened when there is none"


def test_moments_are_compared_as_the_database_keeps_them(reads: QuickReads) -> None:
    from forum.clock import now

    old = select(Site.id).where(Site.created_at <= bindparam("moment", type_=Moment))
    assert reads.first(old, moment=now()) == (1,)


def test_a_failed_read_gives_its_connection_up(reads: QuickReads) -> None:
    slug = select(Site.slug)
    broken = text("SELECT nothing FROM nowhere")
    with pytest.raises(reads.errors):
        reads.rows(broken)
    assert reads.rows(slug) == [("main",)]


@pytest.mark.sqlite_only
def test_the_counter_changes_with_every_commit_and_with_nothing_else(reads: QuickReads) -> None:
    seen = [reads.state()]
    assert len(seen[0]) == ChangeCounter.BYTES or reads.state()
    assert reads.state() == reads.state() != b""
    for number in range(20):
        with writing() as session:
            before = reads.state()
            session.execute(update(Site).values(slug=f"site-{number}"))
            assert reads.state() == before, "nothing is committed yet"
        seen.append(reads.state())
    assert len(set(seen[1:])) == 20


@pytest.mark.sqlite_only
def test_the_counter_changes_when_the_log_begins_anew(reads: QuickReads, app: Flask) -> None:
    outside = sqlite3.connect(str(app.extensions["forum_settings"].sqlite_file), isolation_level=None)
    seen = set()
    for number in range(10):
        outside.execute("UPDATE sites SET slug = ?", (f"again-{number}",))
        seen.add(reads.state())
        outside.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert len(seen) == 10
    outside.close()


@pytest.mark.postgresql_only
def test_postgresql_has_to_be_asked(reads: QuickReads) -> None:
    assert reads.state() == b""


def _write(file: str, ready: Any, count: int) -> None:
    there = sqlite3.connect(file, isolation_level=None, timeout=30)
    ready.wait(30)
    for _ in range(count):
        there.execute("BEGIN IMMEDIATE")
        there.execute("UPDATE counted SET number = number + 1")
        there.execute("COMMIT")
    there.close()


def test_opening_counters_gives_up_no_lock(tmp_path: Path) -> None:
    # Would a descriptor of the index be closed while this process writes, the other could write at the same time, and changes would be lost.
    file = tmp_path / "counted.sqlite3"
    here = sqlite3.connect(file, isolation_level=None, timeout=30)
    here.execute("PRAGMA journal_mode=WAL")
    here.execute("CREATE TABLE counted (number INTEGER)")
    here.execute("INSERT INTO counted VALUES (0)")
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    other = context.Process(target=_write, args=(str(file), ready, 300))
    other.start()
    ready.set()
    for _ in range(300):
        here.execute("BEGIN IMMEDIATE")
        number = here.execute("SELECT number FROM counted").fetchone()[0]
        ChangeCounter(str(file)).read()
        here.execute("UPDATE counted SET number = ?", (number + 1,))
        here.execute("COMMIT")
    other.join(60)
    assert here.execute("SELECT number FROM counted").fetchone() == (600,)
    assert here.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    here.close()


def test_a_database_without_a_log_has_no_counter(tmp_path: Path) -> None:
    file = tmp_path / "plain.sqlite3"
    sqlite3.connect(file).execute("CREATE TABLE t (x)")
    with pytest.raises(OSError, match="No such file"):
        ChangeCounter(str(file))
