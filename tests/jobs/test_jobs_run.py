"""Jobs: recorded with their cause, done with their effect, tried again ever later, buried with a trace; and never done twice, however many run them."""

import os
import signal
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from forum.app import create_app
from forum.clock import now
from forum.db.base import db
from forum.db.transaction import reading, writing
from forum.jobs import run as run_module
from forum.jobs.actions import enqueue
from forum.jobs.handlers import HANDLERS
from forum.jobs.models import Job
from forum.jobs.run import LONGEST_ERROR, LONGEST_SECONDS, MOST_ATTEMPTS, run_due, run_some, wait_after
from forum.refusals import Kind, Refusal
from forum.web.models import RateLimit
from tests.comments.measure import plan_of, statements_of
from tests.db.together import all_at_once

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
Payload = Mapping[str, Any]


@pytest.fixture(autouse=True)
def handlers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two kinds of work: one that leaves a row, and one that leaves a row and then fails."""
    monkeypatch.setitem(HANDLERS, "note", leave_row)
    monkeypatch.setitem(HANDLERS, "fail", fail)


def leave_row(session: Session, payload: Payload) -> None:
    session.add(RateLimit(bucket=f"{payload['id']}", due=0.0))


def fail(session: Session, payload: Payload) -> None:
    leave_row(session, payload)
    session.flush()
    raise RuntimeError("what somebody wrote")


def add(kind: str = "note", *ids: int, due_at: datetime | None = None) -> None:
    with writing() as session:
        for row_id in ids or (1,):
            enqueue(session, kind, {"id": row_id}, due_at=due_at)


def effects() -> list[str]:
    with reading() as session:
        return list(session.scalars(select(RateLimit.bucket).order_by(RateLimit.bucket)))


def jobs() -> list[Job]:
    with reading() as session:
        found = list(session.scalars(select(Job).order_by(Job.id)))
        session.expunge_all()
        return found


def test_a_cause_that_is_rolled_back_leaves_no_job(app: Flask) -> None:
    def cause_and_fail() -> None:
        with writing() as session:
            enqueue(session, "note", {"id": 1})
            assert session.scalar(select(func.count()).select_from(Job)) == 1, "it is flushed"
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        cause_and_fail()
    assert jobs() == []
    assert run_due(10) == 0


def test_what_is_done_is_deleted(app: Flask) -> None:
    given: list[Payload] = []

    def note(session: Session, payload: Payload) -> None:
        given.append(payload)
        leave_row(session, payload)

    HANDLERS["note"] = note
    with writing() as session:
        enqueue(session, "note", {"id": 7, "word": "später"})
    assert run_due(10) == 1
    assert (given, effects(), jobs()) == ([{"id": 7, "word": "später"}], ["7"], [])
    assert run_due(10) == 0


def test_the_longest_due_comes_first_and_not_before_its_time(app: Flask) -> None:
    done: list[int] = []
    HANDLERS["note"] = lambda session, payload: done.append(payload["id"])
    with time_machine.travel(START, tick=False) as clock:
        add("note", 1, due_at=START + timedelta(minutes=2))
        add("note", 2, due_at=START + timedelta(minutes=1))
        add("note", 3, 4)
        assert run_due(1) == 1
        assert run_due(10) == 1
        clock.move_to(START + timedelta(minutes=2))
        assert run_due(10) == 2
    assert done == [3, 4, 2, 1]


def test_a_job_may_leave_another(app: Flask) -> None:
    def first(session: Session, payload: Mapping[str, Any]) -> None:
        enqueue(session, "note", payload)

    HANDLERS["first"] = first
    try:
        add("first", 5)
        assert run_due(10) == 2
    finally:
        del HANDLERS["first"]
    assert (effects(), jobs()) == (["5"], [])


def test_a_failure_leaves_no_effect_and_is_tried_again_ever_later(app: Flask) -> None:
    with time_machine.travel(START, tick=False) as clock:
        add("fail")
        for attempts, minutes in enumerate((1, 2, 4, 8, 16, 32, 64), start=1):
            assert run_due(10) == 1
            (job,) = jobs()
            assert (job.attempts, job.last_error, job.buried_at) == (attempts, "RuntimeError", None)
            assert job.due_at == now() + timedelta(minutes=minutes)
            clock.move_to(job.due_at - timedelta(seconds=1))
            assert run_due(10) == 0
            clock.move_to(job.due_at)
        assert effects() == []
        HANDLERS["fail"] = leave_row
        assert run_due(10) == 1
    assert (effects(), jobs()) == (["1"], [])


def test_the_eighth_failure_buries_it_with_a_trace(app: Flask) -> None:
    with time_machine.travel(START, tick=False) as clock:
        add("fail")
        for _ in range(MOST_ATTEMPTS):
            assert run_due(10) == 1
            clock.shift(timedelta(hours=7))
        assert run_due(10) == 0
        (job,) = jobs()
    assert (job.attempts, job.last_error, job.buried_at) == (8, "RuntimeError", START + timedelta(hours=7 * 7))
    assert effects() == []


def test_one_that_fails_holds_up_nobody(app: Flask) -> None:
    add("fail", 1)
    add("note", 2, 3)
    assert run_due(10) == 3
    assert (effects(), [job.attempts for job in jobs()]) == (["2", "3"], [1])


def test_the_wait_has_an_end() -> None:
    assert [wait_after(attempts) for attempts in (1, 9, 10, 60)] == [
        timedelta(minutes=1),
        timedelta(minutes=256),
        timedelta(hours=6),
        timedelta(hours=6),
    ]


@pytest.mark.parametrize(
    ("error", "trace"),
    [
        (Refusal(Kind.NOT_FOUND, "There is no such article."), "Refusal: There is no such article."),
        (Refusal(Kind.VALIDATION, "Bad \0 and \ud800."), "Refusal: Bad  and ?."),
        (Refusal(Kind.VALIDATION, "x" * 900), f"Refusal: {'x' * 900}"[:LONGEST_ERROR]),
        (KeyError("what somebody wrote"), "KeyError"),
    ],
    ids=["refusal", "unstorable", "long", "other"],
)
def test_the_trace_quotes_only_our_own_sentences(app: Flask, error: Exception, trace: str) -> None:
    def refuse(session: Session, payload: Payload) -> None:
        raise error

    HANDLERS["fail"] = refuse
    add("fail")
    assert run_due(1) == 1
    assert jobs()[0].last_error == trace


def test_a_failure_at_the_commit_is_one_too(app: Flask) -> None:
    """What the handler leaves in the session is first written when its transaction ends."""
    add("note", 1, 1)
    assert run_due(10) == 2
    assert (effects(), [(job.attempts, job.last_error) for job in jobs()]) == (["1"], [(1, "IntegrityError")])


def test_small_jobs_share_a_transaction_where_each_has_the_database_for_itself(app: Flask) -> None:
    add("note", *range(20))
    commits: list[object] = []
    note = partial(list.append, commits)
    event.listen(db.engine, "commit", note)
    try:
        with ruled_time():
            assert run_due(100) == 20
    finally:
        event.remove(db.engine, "commit", note)
    assert len(commits) == (1 if db.engine.dialect.name == "sqlite" else 20)
    assert (len(effects()), jobs()) == (20, [])


@pytest.mark.sqlite_only
def test_what_follows_jobs_is_in_their_transaction_and_takes_none_with_it(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def follow(session: Session) -> None:
        leave_row(session, {"id": 100 + len(jobs_left(session))})

    def fail_to(session: Session) -> None:
        leave_row(session, {"id": 200})
        session.flush()
        raise RuntimeError

    def jobs_left(session: Session) -> list[int]:
        return list(session.scalars(select(Job.id)))

    monkeypatch.setattr(run_module, "LAST", [fail_to, follow])
    add("note", 1, 2)
    with ruled_time():
        assert run_due(100) == 2
        assert run_due(100) == 0
    assert (effects(), jobs()) == (["1", "100", "2"], [])


def test_one_that_fails_takes_none_with_it(app: Flask) -> None:
    add("note", 1, 2)
    add("fail", 3)
    add("note", 4, 5)
    assert run_due(100) == 5
    assert (effects(), [(job.kind, job.attempts) for job in jobs()]) == (["1", "2", "4", "5"], [("fail", 1)])


def test_none_is_begun_that_may_not_be(app: Flask) -> None:
    add("note", 1, 2, 3)
    assert run_some(may_begin=lambda: False) == 1
    assert effects() == ["1"]


@pytest.mark.sqlite_only
def test_none_is_begun_that_may_not_be_after_one_that_failed(app: Flask) -> None:
    add("note", 1)
    add("fail", 2)
    add("note", 3)
    asked = iter((True, False))
    with ruled_time():
        assert run_some(may_begin=lambda: next(asked)) == 1
    assert (effects(), [job.kind for job in jobs()]) == (["1"], ["fail", "note"])


@pytest.mark.sqlite_only
def test_people_wait_for_no_long_row_of_jobs(app: Flask) -> None:
    add("note", 1, 2, 3)
    with ruled_time(step=LONGEST_SECONDS):
        assert run_some() == 1
    assert effects() == ["1"]


@contextmanager
def ruled_time(step: float = 0.0) -> Iterator[None]:
    """Let each look at the clock of ``run`` come ``step`` seconds after the one before."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_module, "monotonic", partial(next, count(0.0, step)))
        yield


def test_an_unknown_kind_is_buried_at_once(app: Flask) -> None:
    add("of-tomorrow")
    assert run_due(10) == 1
    (job,) = jobs()
    assert job.buried_at is not None
    assert (job.attempts, job.last_error) == (0, "This version has no handler for this kind.")
    assert run_due(10) == 0


def test_four_that_run_at_once_do_each_job_once(app: Flask) -> None:
    done: Counter[int] = Counter()

    def note(session: Session, payload: Payload) -> None:
        done[payload["id"]] += 1
        leave_row(session, payload)

    HANDLERS["note"] = note
    add("note", *range(200))

    def run() -> None:
        while True:
            with app.app_context():
                if not run_due(7):
                    return

    all_at_once([run] * 4)
    # One that finds only what another is running has nothing to do, and ends.
    run()
    assert done == Counter(range(200))
    assert (len(effects()), jobs()) == (200, [])


@pytest.mark.sqlite_only
def test_an_idle_look_takes_no_lock(app: Flask) -> None:
    add("note", 1, due_at=now() + timedelta(hours=1))
    other = sqlite3.connect(str(db.engine.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        assert run_due(10) == 0
    finally:
        other.execute("ROLLBACK")
        other.close()


@pytest.mark.sqlite_only
def test_a_database_that_is_busy_blames_no_job(make_app: Callable[..., Flask]) -> None:
    with make_app(database_timeout_seconds=1).app_context():
        add("note")
        other = sqlite3.connect(str(db.engine.url.database), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OperationalError):
            run_due(10)
        other.execute("ROLLBACK")
        other.close()
        assert [job.attempts for job in jobs()] == [0]
        assert run_due(10) == 1


@pytest.mark.postgresql_only
@pytest.mark.parametrize("code", ["40001", "40P01"])
def test_a_lost_race_is_run_again_without_blame(app: Flask, code: str) -> None:
    left = [2]

    def lose(session: Session, payload: Payload) -> None:
        leave_row(session, payload)
        session.flush()
        left[0] -= 1
        if left[0] >= 0:
            session.execute(text(f"DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '{code}'; END $$"))

    HANDLERS["note"] = lose
    add("note")
    assert run_due(1) == 1
    assert [(job.attempts, job.last_error) for job in jobs()] == [(0, None)]
    assert run_due(10) == 2
    assert (effects(), jobs()) == (["1"], [])


@pytest.mark.postgresql_only
def test_a_job_that_cost_its_connection_is_blamed(app: Flask) -> None:
    """Otherwise a job that always takes longer than the server allows would be run for ever."""

    def lose(session: Session, payload: Payload) -> None:
        session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    HANDLERS["note"] = lose
    add("note")
    assert run_due(1) == 1
    assert [(job.attempts, job.last_error) for job in jobs()] == [(1, "OperationalError")]


@pytest.mark.parametrize("moment", ["in the handler", "before the commit"])
def test_a_kill_neither_loses_nor_doubles(make_app: Callable[..., Flask], moment: str) -> None:
    app = make_app()

    def kill(session: Session, payload: Payload) -> None:
        leave_row(session, payload)
        session.flush()
        os.kill(os.getpid(), signal.SIGKILL)

    with app.app_context():
        add("note")
        db.session.remove()
        db.engine.dispose()
    child = os.fork()
    if child == 0:
        try:
            with create_app(app.extensions["forum_settings"]).app_context():
                if moment == "in the handler":
                    HANDLERS["note"] = kill
                else:
                    Session.commit = lambda self: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[method-assign]
                run_due(1)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    with app.app_context():
        assert (effects(), [job.attempts for job in jobs()]) == ([], [0])
        while not run_due(1):
            pass  # PostgreSQL takes a moment to notice that the killed process has gone with its lock
        assert (effects(), jobs()) == (["1"], [])


def test_looking_is_a_range_of_the_index_of_what_waits(app: Flask) -> None:
    """Whatever has been buried over the years."""
    add("note")
    with statements_of(app) as asked:
        assert run_due(1) == 1
    looks = [one for one in asked if one.sql.startswith("SELECT") and "due_at <=" in one.sql]
    assert len(looks) == 2
    with db.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            connection.exec_driver_sql("SET LOCAL enable_sort = off")
        for look in looks:
            plan = plan_of(connection, look)
            assert any("ix_jobs_waiting" in step for step in plan), plan
            assert not any("TEMP B-TREE" in step or "Sort" in step for step in plan), plan
