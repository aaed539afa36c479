"""What is acknowledged is on disk: each commit's log is flushed before the answer, and after the lock has been given on."""

import errno
import os
import re
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import NullPool, create_engine, func, select, text
from structlog.testing import capture_logs

from forum.access.permissions import Scope
from forum.access.viewer import DEFAULT_SITE_ID
from forum.articles.models import Article
from forum.db import flushing
from forum.db.base import db
from forum.db.engine import prepare_engine
from forum.db.transaction import reading, writing
from forum.db.turns import turns
from forum.jobs.models import Job
from forum.jobs.run import run_due
from forum.moderation import log
from forum.moderation.actors import Actor, ActorKind
from tests.conftest import ApiClient, add_account
from tests.world import World, make_world

pytestmark = pytest.mark.sqlite_only
SOON, LONG = 0.2, 20.0


@pytest.fixture
def world(app: Flask) -> World:
    return make_world(app)


@pytest.fixture
def writer(world: World) -> ApiClient:
    """One who has been seen today."""
    client = world.enter("writer")
    assert client.get("/session").status_code == 200
    return client


@pytest.fixture
def flushed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were flushed, in order; they really are."""
    files: list[str] = []
    really = flushing._flush_file

    def flush(descriptor: int) -> None:
        files.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        really(descriptor)

    monkeypatch.setattr(flushing, "_flush_file", flush)
    return files


class SlowDisk:
    """The disk whose first flush waits until it is let go; what others saw of the database at that moment."""

    def __init__(self, words: str) -> None:
        self.words = words
        self.begun, self.release = threading.Event(), threading.Event()
        self.seen = 0
        self.is_turn_free = False
        self._really = flushing._flush_file

    def flush(self, descriptor: int) -> None:
        if not self.begun.is_set():
            opened = sqlite3.connect(str(db.engine.url.database))
            self.seen = opened.execute("SELECT count(*) FROM comments WHERE body_md = ?", (self.words,)).fetchone()[0]
            opened.close()
            self.is_turn_free = turns._owner is None
            self.begun.set()
            self.release.wait(LONG)
        self._really(descriptor)


def post(client: ApiClient, world: World, words: str) -> Any:
    return client.post(f"/articles/{world.article_id}/comments", {"body_md": words})


def test_nobody_is_answered_before_their_words_are_on_disk_and_nobody_waits_for_those_of_others(
    world: World, writer: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, disk = world.enter("member"), SlowDisk("Is it so?")
    assert other.get("/session").status_code == 200
    monkeypatch.setattr(flushing, "_flush_file", lambda descriptor: disk.flush(descriptor))
    with ThreadPoolExecutor(1) as people:
        first = people.submit(post, writer, world, disk.words)
        try:
            assert disk.begun.wait(LONG)
            assert (disk.seen, disk.is_turn_free) == (1, True), "it is committed, and others may write"
            assert post(other, world, "I write meanwhile.").status_code == 201
            with pytest.raises(TimeoutError):
                first.result(timeout=SOON)
        finally:
            disk.release.set()
        assert first.result().status_code == 201


def test_each_write_flushes_once_and_what_writes_nothing_never(world: World, writer: ApiClient, flushed: list[str]) -> None:
    comment_id, reader = world.comment(), world.enter("member")
    assert reader.get("/session").status_code == 200
    steps: dict[str, Callable[[], Any]] = {
        "post": lambda: post(writer, world, "Is it so?"),
        "read": lambda: writer.get(f"/articles/{world.article_id}/comments"),
        "tag": lambda: reader.put(f"/comments/{comment_id}/tag", {"stance": "agreement"}),
        "same tag": lambda: reader.put(f"/comments/{comment_id}/tag", {"stance": "agreement"}),
        "refused": lambda: post(writer, world, ""),
    }
    counts = {}
    for what, send in steps.items():
        flushed.clear()
        assert send().status_code == {"post": 201, "refused": 422}.get(what, 200), what
        counts[what] = list(flushed)
    once = [f"{db.engine.url.database}-wal"]
    assert counts == {"post": once, "read": [], "tag": once, "same tag": [], "refused": []}


def test_what_would_be_done_again_waits_for_no_disk(world: World, writer: ApiClient, flushed: list[str]) -> None:
    member = world.enter("member")
    flushed.clear()
    assert member.get("/session").status_code == 200
    assert flushed == [], "a first visit is only written down"
    assert post(writer, world, "Somebody is told of this.").status_code == 201
    with reading() as session:
        waiting = session.scalar(select(func.count(Job.id)))
    assert waiting
    flushed.clear()
    assert run_due(100) == waiting
    assert flushed == []


def test_a_row_of_the_moderation_log_waits_for_the_disk_whoever_writes_it(world: World, flushed: list[str]) -> None:
    flushed.clear()
    with writing(durable=False) as session:
        log.append(session, site_id=DEFAULT_SITE_ID, event="remove", actor=Actor(ActorKind.MODERATOR, 1), is_public=True)
    assert len(flushed) == 1


def test_what_is_undone_is_not_flushed(world: World, flushed: list[str]) -> None:
    def fail() -> None:
        with writing() as session:
            add_account(session, "nobody")
            raise InterruptedError

    with pytest.raises(InterruptedError):
        fail()
    assert flushed == []


def test_a_disk_that_fails_is_no_success(world: World, writer: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    program = world.token("member", Scope.READ)
    with monkeypatch.context() as broken, capture_logs() as lines:
        broken.setattr(flushing, "_flush_file", fail)
        answer = post(writer, world, "Is it so?")
    with monkeypatch.context() as broken:
        broken.setattr(flushing, "_flush_file", fail)
        # Its first visit is written down, which is no reason not to answer.
        assert program.get("/session").status_code == 200
    assert "Retry-After" not in answer.headers, "it would be there twice"
    assert (answer.status_code, answer.json["type"]) == (503, "/problems/unavailable")
    assert "did not confirm" in answer.json["detail"]
    assert [(line["event"], line["errno"]) for line in lines if line["log_level"] == "error"] == [
        ("the log of the database could not be flushed", errno.EIO)
    ]
    assert "Is it so?" not in repr(lines)
    # The next one that succeeds has put both on disk.
    assert post(writer, world, "And this?").status_code == 201
    with writing() as session:
        assert session.scalars(text("SELECT body_md FROM comments ORDER BY id")).all() == ["Is it so?", "And this?"]


def test_the_page_of_a_failure_does_not_say_that_it_went_well(world: World, writer: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with reading() as session:
        page = f"/a/{session.get_one(Article, world.article_id).slug}"

    def send(words: str) -> Any:
        return writer.client.post(f"{page}/comments", data={"body_md": words, "csrf_token": writer.csrf})

    with monkeypatch.context() as broken:
        broken.setattr(flushing, "_flush_file", fail)
        failed = send("Kept <for> copying.")
    assert failed.status_code == 503
    assert "did not confirm" in failed.text
    assert "Kept &lt;for&gt; copying." in failed.text
    said = re.compile(r">\s*Your comment is posted")
    assert not said.search(failed.text + writer.client.get(page).text)
    assert send("This time it goes well.").status_code == 303
    assert said.search(writer.client.get(page).text)


def test_the_log_is_found_where_sqlite_has_it(tmp_path: Path, flushed: list[str]) -> None:
    """Behind a symbolic link it lies beside the file that the link names."""
    (tmp_path / "data").mkdir()
    (tmp_path / "link.sqlite3").symlink_to(tmp_path / "data" / "real.sqlite3")
    engine = create_engine(f"sqlite:///{tmp_path}/link.sqlite3", poolclass=NullPool)
    prepare_engine(engine)
    with engine.connect() as connection:
        log = connection.info["log"]
        connection.execute(text("CREATE TABLE one (id INTEGER)"))
        assert log == f"{tmp_path}/data/real.sqlite3-wal"
        flushing.flush_log(log)
    assert flushed == [log]


@pytest.mark.parametrize(("url", "mode", "log"), [("sqlite://", "memory", None), ("sqlite:///{}/a.sqlite3", "wal", "{}/a.sqlite3-wal")])
def test_without_a_log_sqlite_flushes_itself(tmp_path: Path, url: str, mode: str, log: str | None) -> None:
    engine = create_engine(url.format(tmp_path))
    prepare_engine(engine)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == mode
        full, normal = 2, 1
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == (normal if log else full)
        assert connection.info["log"] == (log.format(tmp_path) if log else None)
    engine.dispose()
