"""Jobs that never succeeded: an admin sees what kind they are and why, never what they are about, and has them tried again or gives them up."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from forum.access.viewer import Role
from forum.clock import now
from forum.db.base import db
from forum.db.transaction import reading, writing
from forum.jobs.handlers import HANDLERS
from forum.jobs.models import Job
from forum.jobs.queries import list_buried_jobs
from forum.jobs.run import run_due
from forum.jobs.telling import JOBS, TELL
from forum.jobs.words import JOB_WORDS
from tests.comments.measure import plan_of, statements_of
from tests.conftest import ApiClient, Person

pytestmark = pytest.mark.postgresql_slow

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRET_PAYLOAD = '{"email": "somebody@example.org"}'


@pytest.fixture
def admin(person: Callable[..., Person]) -> ApiClient:
    return person("ada", Role.ADMIN).client


@pytest.fixture
def told(app: Flask) -> Iterator[list[str]]:
    heard: list[str] = []
    app.extensions[TELL] = heard.append
    yield heard
    del app.extensions[TELL]


def bury(count: int = 1, *, same_time: bool = False, **fields: Any) -> list[int]:
    """Bury jobs, one a minute, and return their ids, the first first."""
    with writing() as session:
        jobs = [
            Job(
                kind="mail_sign_in",
                payload=SECRET_PAYLOAD,
                due_at=START,
                created_at=START,
                attempts=8,
                last_error="RuntimeError",
                buried_at=START + timedelta(minutes=0 if same_time else place),
            )
            for place in range(count)
        ]
        for job in jobs:
            for name, value in fields.items():
                setattr(job, name, value)
        session.add_all(jobs)
        session.flush()
        return [job.id for job in jobs]


def find(job_id: int) -> Job | None:
    with reading() as session:
        job = session.scalar(select(Job).where(Job.id == job_id))
        session.expunge_all()
        return job


def test_it_is_listed_without_what_it_is_about(admin: ApiClient) -> None:
    (job_id,) = bury()
    bury(buried_at=None)
    answer = admin.get("/admin/jobs")
    assert answer.json == {
        "items": [
            {
                "id": job_id,
                "kind": "mail_sign_in",
                "attempts": 8,
                "last_error": "RuntimeError",
                "created_at": "2026-03-01T12:00:00Z",
                "buried_at": "2026-03-01T12:00:00Z",
            }
        ],
        "next": None,
    }
    page = admin.get("//admin/jobs").text
    assert "mail_sign_in" in page
    assert "8 attempts" in page
    assert "somebody" not in page


@pytest.mark.parametrize("same_time", [False, True])
def test_pages_follow_each_other_without_hole_or_repetition(admin: ApiClient, same_time: bool) -> None:
    ids = bury(7, same_time=same_time)
    seen: list[int] = []
    cursor = ""
    for _ in range(4):
        answer = admin.get(f"/admin/jobs?limit=2{cursor}").json
        seen += [job["id"] for job in answer["items"]]
        cursor = f"&cursor={answer['next']}"
    assert seen == ids[::-1]
    assert answer["next"] is None
    page = admin.get("//admin/jobs?limit=5").text
    assert page.count("/replay") == 5
    assert "Earlier ones" in page


def test_the_list_costs_its_page_however_many_wait(app: Flask) -> None:
    bury(3)
    with statements_of(app) as asked, reading() as session:
        list_buried_jobs(session, after=(), limit=21)
        list_buried_jobs(session, after=(START + timedelta(minutes=1), 2), limit=21)
    with db.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        for one in asked:
            plan = plan_of(connection, one)
            assert any("ix_jobs_buried" in step for step in plan), plan


@pytest.mark.parametrize("way", ["api", "page"])
def test_another_try_begins_at_once_and_from_the_beginning(
    admin: ApiClient, told: list[str], monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    done: list[Mapping[str, Any]] = []
    monkeypatch.setitem(HANDLERS, "mail_sign_in", lambda session, payload: done.append(payload))
    (job_id,) = bury()
    with capture_logs() as lines:
        send(admin, way, job_id, "replay", 202)
    assert {"job tried again"} <= {line["event"] for line in lines}
    assert told == [JOBS]
    again = find(job_id)
    assert again is not None
    assert (again.attempts, again.buried_at) == (0, None)
    assert run_due(10) == 1
    assert done == [{"email": "somebody@example.org"}]
    assert find(job_id) is None


def test_what_fails_again_is_back_in_two_hours(admin: ApiClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(session: Session, payload: Mapping[str, Any]) -> None:
        raise KeyError

    monkeypatch.setitem(HANDLERS, "mail_sign_in", fail)
    (job_id,) = bury()
    with time_machine.travel(now(), tick=False) as clock:
        begun = now()
        assert admin.post(f"/admin/jobs/{job_id}/replay").status_code == 202
        while (job := find(job_id)) is not None and job.buried_at is None:
            clock.move_to(job.due_at)
            run_due(1)
    assert job is not None
    assert job.buried_at is not None
    assert (job.attempts, job.buried_at - begun) == (8, timedelta(minutes=127))


@pytest.mark.parametrize("way", ["api", "page"])
def test_what_is_given_up_is_gone(admin: ApiClient, told: list[str], way: str) -> None:
    (job_id,) = bury()
    send(admin, way, job_id, "discard", 204)
    assert find(job_id) is None
    assert run_due(10) == 0
    assert told == []


@pytest.mark.parametrize("way", ["api", "page"])
@pytest.mark.parametrize("act", ["replay", "discard"])
def test_only_what_is_buried_can_be_touched(admin: ApiClient, way: str, act: str) -> None:
    (job_id,) = bury(buried_at=None)
    before = find(job_id)
    for number in (job_id, 10**15):
        send(admin, way, number, act, 404)
    after = find(job_id)
    assert before is not None
    assert after is not None
    assert (after.attempts, after.due_at) == (before.attempts, before.due_at)


@pytest.mark.parametrize("role", [None, Role.MEMBER, Role.PUBLISHER, Role.MODERATOR])
def test_nobody_else_sees_or_touches_any(app: Flask, person: Callable[..., Person], visitor: ApiClient, role: Role | None) -> None:
    (job_id,) = bury()
    caller, status = (visitor, 401) if role is None else (person("bea", role).client, 403)
    assert caller.get("/admin/jobs").status_code == status
    assert caller.get("//admin/jobs").status_code == (303 if role is None else 403)
    for act in ("replay", "discard"):
        send(caller, "api", job_id, act, status)
    assert find(job_id) is not None


def send(client: ApiClient, way: str, job_id: int, act: str, status: int) -> None:
    """Try again or give up, by the JSON door or by the page's form."""
    if way == "page":
        answer = client.post(f"//admin/jobs/{job_id}/{act}", data={"csrf_token": client.csrf})
        assert answer.status_code == (303 if status < 300 else status), answer.text
        return
    answer = client.delete(f"/admin/jobs/{job_id}") if act == "discard" else client.post(f"/admin/jobs/{job_id}/replay")
    assert answer.status_code == status, answer.text


def test_every_kind_of_job_is_in_words(app: Flask) -> None:
    rooms = {kind for kind, handler in HANDLERS.items() if handler.__module__.startswith("forum.")}
    assert rooms == set(JOB_WORDS)
