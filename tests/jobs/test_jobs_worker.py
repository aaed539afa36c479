"""Who runs jobs: the thread alone, ``forum worker`` and the server's processes; each of them ends when it is told to, with its job done."""

import http.client
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from forum.db.base import db
from forum.db.transaction import reading, writing
from forum.jobs import worker as worker_module
from forum.jobs.actions import enqueue
from forum.jobs.handlers import HANDLERS
from forum.jobs.models import Job
from forum.jobs.run import run_some
from forum.jobs.telling import JOBS, PASSES
from forum.jobs.worker import Worker
from tests.conftest import add_account
from tests.faults.service import Service, pause

pytestmark = pytest.mark.postgresql_slow

FORUM = str(Path(sys.executable).parent / "forum")
PATIENCE_SECONDS = 60
Payload = Mapping[str, Any]


@pytest.fixture
def start(app: Flask) -> Iterator[Callable[[], Worker]]:
    """Return a function that starts a worker which looks all the time."""
    begun: list[Worker] = []

    def begin() -> Worker:
        begun.append(Worker(app, interval=0.01))
        begun[-1].start()
        return begun[-1]

    yield begin
    for worker in begun:
        worker.stop()


def add(kind: str) -> None:
    with writing() as session:
        enqueue(session, kind, {"id": 1})


def waiting() -> list[str]:
    """Return the kinds of the jobs that are neither done nor buried."""
    with reading() as session:
        return list(session.scalars(select(Job.kind).where(Job.buried_at.is_(None)).order_by(Job.id)))


def wait_until(is_so: Callable[[], bool]) -> None:
    while not is_so():
        pause()


def test_it_runs_what_is_due_until_it_is_stopped(app: Flask, start: Callable[[], Worker], monkeypatch: pytest.MonkeyPatch) -> None:
    done = threading.Semaphore(0)
    monkeypatch.setitem(HANDLERS, "note", lambda session, payload: done.release())
    add("note")
    worker = start()
    for _ in range(3):
        assert done.acquire(timeout=PATIENCE_SECONDS)
        add("note")
    assert done.acquire(timeout=PATIENCE_SECONDS)
    worker.stop()
    assert "forum-jobs" not in {thread.name for thread in threading.enumerate()}
    assert waiting() == []
    db.session.remove()
    assert db.engine.pool.checkedout() == 0, "no connection is kept"  # type: ignore[attr-defined]
    worker.stop()


def test_the_running_job_is_finished_and_no_other_begun(app: Flask, start: Callable[[], Worker], monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def work(session: Session, payload: Payload) -> None:
        begun.set()
        assert go_on.wait(PATIENCE_SECONDS)

    monkeypatch.setitem(HANDLERS, "long", work)
    add("long")
    add("long")
    worker = start()
    assert begun.wait(PATIENCE_SECONDS)
    stopping = threading.Thread(target=worker.stop)
    stopping.start()
    assert worker._stopping.wait(PATIENCE_SECONDS)
    assert stopping.is_alive()
    go_on.set()
    stopping.join(PATIENCE_SECONDS)
    assert waiting() == ["long"]


@pytest.mark.parametrize(("what", "pauses"), [(JOBS, [0.2, 0.45, 0.45]), (PASSES, [0.0, 0.01, 0.01])])
def test_it_rests_after_a_job_and_not_after_a_pass(app: Flask, monkeypatch: pytest.MonkeyPatch, what: str, pauses: list[float]) -> None:
    """Ten thousand mails would take hours if each were followed by nine times the time that the mail server took."""
    worker, waited, left = Worker(app), [], [True, True, False]
    monkeypatch.setattr(worker._stopping, "wait", lambda pause: waited.append(round(pause, 6)))
    monkeypatch.setattr(worker_module, "monotonic", partial(next, count(0.0, 0.05)))
    worker._until_done(what, lambda: left.pop(0))()
    assert waited == pauses


def test_it_survives_and_says_once_that_the_database_is_away(
    app: Flask, start: Callable[[], Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    away = OperationalError("SELECT what somebody wrote", {}, Exception("gone"))
    troubles: list[Exception] = [away, away, RuntimeError("a mistake of ours"), away]
    done = threading.Event()

    def run(**given: Any) -> int:
        if troubles:
            raise troubles.pop(0)
        return run_some(**given)

    monkeypatch.setattr(worker_module, "run_some", run)
    monkeypatch.setitem(HANDLERS, "note", lambda session, payload: done.set())
    add("note")
    with capture_logs() as lines:
        worker = start()
        assert done.wait(PATIENCE_SECONDS)
        worker.stop()
    assert [line["event"] for line in lines] == ["jobs wait for the database", "jobs cannot be run", "jobs are run again"]
    assert "somebody" not in str(lines)


def environment(app: Flask) -> dict[str, str]:
    settings = app.extensions["forum_settings"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FORUM_")}
    return kept | {"FORUM_DATA_DIR": settings.data_dir, "FORUM_DATABASE_URL": settings.database_url, "FORUM_LOG_LEVEL": "warning"}


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT], ids=lambda end: end.name)
def test_forum_worker_works_until_it_is_told_to_end(make_app: Callable[..., Flask], end: signal.Signals) -> None:
    app = make_app()
    with app.app_context():
        add("of-tomorrow")
    process = subprocess.Popen(
        [FORUM, "worker"], env=environment(app), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        assert process.stdout
        assert process.stdout.readline() == "Running jobs. Stop with Ctrl-C.\n"
        with app.app_context():
            wait_until(lambda: waiting() == [] or process.poll() is not None)
        process.send_signal(end)
        out, logged = process.communicate(timeout=PATIENCE_SECONDS)
    finally:
        process.kill()
        process.communicate()
    assert (process.returncode, out) == (0, ""), logged
    assert logged.count("\n") == 1
    assert "job buried" in logged


def test_forum_worker_refuses_a_database_without_our_tables(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FORUM_")}
    done = subprocess.run(
        [FORUM, "worker"],
        env=kept | {"FORUM_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Error: The database has no tables yet: run 'forum init' first.\n"


@pytest.mark.parametrize("jobs", ["in-process", "apart"])
def test_the_server_runs_jobs_unless_they_are_run_apart(make_app: Callable[..., Flask], jobs: str) -> None:
    app = make_app(secret_key="")  # so that its folder is there
    settings = app.extensions["forum_settings"]
    with app.app_context():
        add("of-tomorrow")
        db.session.remove()
    service = Service(Path(settings.data_dir), settings.database_url)
    service.environment["FORUM_JOBS"] = jobs
    try:
        service.start()
        if jobs == "in-process":
            with app.app_context():
                wait_until(lambda: waiting() == [])
        answer = http.client.HTTPConnection("127.0.0.1", service.port, timeout=PATIENCE_SECONDS)
        answer.request("GET", "/", headers={"Connection": "close"})
        assert answer.getresponse().status == 200
        assert service.process
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(PATIENCE_SECONDS) == 0
    finally:
        service.stop()
    with app.app_context():
        assert waiting() == ([] if jobs == "in-process" else ["of-tomorrow"])


def test_a_server_tells_the_worker_that_runs_apart(make_app: Callable[..., Flask]) -> None:
    """Real processes: what a request records is done by the other one, which is told through the database."""
    app = make_app(secret_key="")
    settings = app.extensions["forum_settings"]
    folder = Path(settings.data_dir)
    with app.app_context():
        with writing() as session:
            add_account(session, "ada")
        db.session.remove()
    service = Service(folder, settings.database_url)
    service.environment["FORUM_JOBS"] = "apart"
    mails = folder / "mail"
    worker = subprocess.Popen([FORUM, "worker"], env=environment(app), stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        assert worker.stdout
        assert worker.stdout.readline() == "Running jobs. Stop with Ctrl-C.\n"
        service.start()
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=PATIENCE_SECONDS)
        headers = {"Content-Type": "application/json", "Connection": "close"}
        connection.request("POST", "/api/v1/session/mail", '{"email": "ada@example.org"}', headers)
        assert connection.getresponse().status == 202
        # A job writes the mail, and a pass sends it.
        wait_until(lambda: mails.is_dir() and any(mails.iterdir()))
    finally:
        service.stop()
        worker.terminate()
        worker.communicate(timeout=PATIENCE_SECONDS)
    assert worker.returncode == 0
