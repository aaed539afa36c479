"""Word of what is due: told after the commit, in a process and between processes, by every store; and what happens when it is lost, forged or stays unread."""

import os
import pickle
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest
from flask import Flask
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from forum.clock import now
from forum.db.transaction import writing
from forum.jobs import run as run_module
from forum.jobs import telling
from forum.jobs.actions import enqueue
from forum.jobs.executor import open_here, open_store
from forum.jobs.handlers import HANDLERS
from forum.jobs.telling import JOBS, PASSES, QUEUES, TELL, Messenger
from forum.jobs.worker import Worker, find_messenger
from forum.mail.actions import post_mail
from tests.faults.service import pause
from tests.web.redis_server import RedisServer, has_redis

PATIENCE_SECONDS = 60
# Longer than any test: what is found, was told.
NEVER = 3600.0
Payload = Mapping[str, Any]
needs_redis = pytest.mark.skipif(not has_redis(), reason="needs redis-server (make redis)")


@pytest.fixture
def told(app: Flask) -> Iterator[list[str]]:
    """What the application says, in order."""
    heard: list[str] = []
    app.extensions[TELL] = heard.append
    yield heard
    del app.extensions[TELL]


@pytest.fixture
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("r"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def workers() -> Iterator[list[Worker]]:
    """Workers that end with the test."""
    begun: list[Worker] = []
    yield begun
    for worker in begun:
        worker.stop()


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> Counter[int]:
    """How often each job was run."""
    runs: Counter[int] = Counter()

    def note(session: Session, payload: Payload) -> None:
        runs[payload["id"]] += 1

    monkeypatch.setitem(HANDLERS, "note", note)
    return runs


def add(*ids: int) -> None:
    with writing() as session:
        for row_id in ids:
            enqueue(session, "note", {"id": row_id})


def wait_until(is_so: Callable[[], bool]) -> None:
    for _ in range(PATIENCE_SECONDS * 50):
        if is_so():
            return
        pause()
    raise AssertionError("it did not come")


def start(workers: list[Worker], app: Flask, **named: Any) -> Worker:
    workers.append(Worker(app, **named))
    workers[-1].start()
    return workers[-1]


def test_what_is_due_now_is_told_once_after_the_commit(app: Flask, told: list[str]) -> None:
    with writing() as session:
        enqueue(session, "note", {"id": 1})
        enqueue(session, "note", {"id": 2})
        post_mail(session, kind="test", to="ada@example.org", subject="A", body="B")
        assert told == []
    assert told == [JOBS, PASSES]


def test_what_is_due_later_or_never_is_not_told(app: Flask, told: list[str]) -> None:
    with writing() as session:
        enqueue(session, "note", {"id": 1}, due_at=now() + timedelta(minutes=1))
        post_mail(session, kind="test", to="ada@example.org", subject="A", body="B", due_at=now() + timedelta(minutes=1))
    with suppress(ZeroDivisionError), writing() as session:
        enqueue(session, "note", {"id": 1})
        raise ZeroDivisionError
    assert told == []


def test_a_process_tells_itself(app: Flask, workers: list[Worker], done: Counter[int]) -> None:
    start(workers, app, interval=NEVER)
    for number in range(3):
        add(number)
        wait_until(lambda number=number: done[number] == 1)  # type: ignore[misc]


def test_a_job_that_waits_for_a_mail_server_holds_up_no_job(
    app: Flask, workers: list[Worker], done: Counter[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def wait() -> bool:
        begun.set()
        go_on.wait(PATIENCE_SECONDS)
        return False

    monkeypatch.setattr(run_module, "PASSES", [wait])
    start(workers, app, interval=NEVER)
    assert begun.wait(PATIENCE_SECONDS)
    try:
        app.extensions[TELL](PASSES)
        add(1)
        wait_until(lambda: done[1] == 1)
    finally:
        go_on.set()


def test_processes_tell_each_other_through_the_database(make_app: Callable[..., Flask], workers: list[Worker], done: Counter[int]) -> None:
    app = make_app(jobs="apart")
    check_stores(app, workers, done)


@pytest.mark.slow
@needs_redis
@pytest.mark.sqlite_only
def test_processes_tell_each_other_through_redis(
    make_app: Callable[..., Flask], redis: RedisServer, workers: list[Worker], done: Counter[int]
) -> None:
    check_stores(make_app(jobs="apart", redis_url=redis.url), workers, done)


def check_stores(app: Flask, workers: list[Worker], done: Counter[int]) -> None:
    """Tell from elsewhere, be forged, and be told again."""
    start(workers, app, interval=NEVER, apart=True)
    with app.app_context():
        find_messenger(app).start(app)
        add(1)
        wait_until(lambda: done[1] == 1)
        store = open_store(app.extensions["forum_settings"], str(app.secret_key), JOBS)
        app.extensions.pop(TELL)
        add(2)
        store.enqueue(pickle.dumps(Trap()))
        wait_until(lambda: done[2] == 1)
        assert not Trap.sprung
        store.enqueue(b"\xff" * 70_000)
        wait_until(lambda: store.queue_size() == 0)
        find_messenger(app).start(app)
        add(*range(3, 9))
        wait_until(lambda: len(done) == 8)
    assert set(done.values()) == {1}


class Trap:
    """Runs something where it is unpickled."""

    sprung: ClassVar[list[int]] = []

    def __reduce__(self) -> Any:
        return (Trap.sprung.append, (1,))


def test_two_that_are_told_of_the_same_do_it_once(make_app: Callable[..., Flask], workers: list[Worker], done: Counter[int]) -> None:
    app = make_app(jobs="apart")
    for _ in range(2):
        start(workers, app, interval=0.05, apart=True)
    with app.app_context():
        for first in range(0, 60, 6):
            add(*range(first, first + 6))
        wait_until(lambda: len(done) == 60)
    assert set(done.values()) == {1}


def test_words_that_nobody_reads_do_not_pile_up(app: Flask) -> None:
    settings = app.extensions["forum_settings"]
    stores = {queue: open_here(queue) for queue in QUEUES}
    for _ in range(50):
        telling.leave_word(stores[JOBS])
    assert [store.queue_size() for store in stores.values()] == [1, 0]
    assert open_store(settings, "a", JOBS).name == JOBS, "in a database of its own"


@pytest.mark.slow
@needs_redis
@pytest.mark.sqlite_only
def test_without_redis_jobs_are_found_all_the_same_and_it_is_said_once(
    make_app: Callable[..., Flask], redis: RedisServer, workers: list[Worker], done: Counter[int]
) -> None:
    redis.stop()
    app = make_app(jobs="apart", redis_url=redis.url)
    with capture_logs() as lines, app.app_context():
        start(workers, app, interval=0.05, apart=True)
        for number in range(3):
            add(number)
            wait_until(lambda number=number: done[number] == 1)  # type: ignore[misc]
        redis.start()
        wait_until(lambda: any(line["event"].endswith("read again") for line in lines))
    said = Counter(line["event"] for line in lines)
    assert said["messages of jobs cannot be read; jobs are looked for all the same"] == 2, "once for each queue"
    assert said["who runs jobs cannot be told of them and finds them later"] == 1
    assert set(done.values()) == {1}


def test_nobody_waits_for_a_store_that_does_not_answer(app: Flask) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def hang(queue: str) -> Any:
        asked.set()
        go_on.wait(PATIENCE_SECONDS)
        raise OSError

    messenger = Messenger(hang)
    messenger.start(app)
    try:
        for _ in range(1000):
            app.extensions[TELL](JOBS)
        assert asked.wait(PATIENCE_SECONDS)
    finally:
        go_on.set()
        del app.extensions[TELL]


@pytest.mark.slow
@needs_redis
def test_sites_that_share_a_redis_have_their_own_queues(app: Flask, redis: RedisServer) -> None:
    from forum.settings import load_settings

    settings = load_settings({}, data_dir=app.extensions["forum_settings"].data_dir, redis_url=redis.url)
    one, other = (open_store(settings, secret, JOBS) for secret in ("a", "b"))
    telling.leave_word(one)
    assert (one.queue_size(), other.queue_size()) == (1, 0)


WHAT_IT_LOADS = """
import sys
from pathlib import Path
from forum.app import create_app
from forum.jobs.worker import Worker
from tests.conftest import test_settings
Worker(create_app(test_settings(Path(sys.argv[1]))))
print(sorted({"huey", "redis", "psycopg"} & set(sys.modules)))
"""


def test_a_server_with_sqlite_loads_no_client_that_it_does_not_use(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FORUM_")}
    ask = partial(subprocess.run, capture_output=True, text=True, check=True, timeout=PATIENCE_SECONDS, env=kept)
    assert ask([sys.executable, "-c", WHAT_IT_LOADS, str(tmp_path)]).stdout == "['huey']\n"
