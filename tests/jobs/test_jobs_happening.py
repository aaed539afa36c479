"""What happened is told to everybody who listens: once, and to each as if nobody else did."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.db.transaction import reading, writing
from forum.jobs import happening
from forum.jobs.happening import Event, Happening, happened
from forum.jobs.models import Job
from forum.jobs.run import MOST_ATTEMPTS, run_due
from forum.web.models import RateLimit

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
Listener = Callable[[Session, Event], None]


def leaving(bucket: str) -> Listener:
    """Return a listener that leaves a row."""

    def listen(session: Session, event: Event) -> None:
        session.add(RateLimit(bucket=f"{bucket} {event.kind} {event.comment_id}", due=0))
        session.flush()

    listen.__qualname__ = bucket
    return listen


def failing(session: Session, event: Event) -> None:
    session.add(RateLimit(bucket="half", due=0))
    session.flush()
    raise ValueError


@pytest.fixture
def listeners(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[Listener]:
    """Those who listen in this test."""
    found: list[Listener] = []
    monkeypatch.setattr(happening, "LISTENERS", found)
    return found


def say() -> None:
    with writing() as session:
        happened(session, Happening.COMMENT_EDITED, site_id=1, article_id=2, comment_id=3)


def rows() -> list[str]:
    with reading() as session:
        return sorted(session.scalars(select(RateLimit.bucket)))


def test_everybody_who_listens_is_told(listeners: list[Listener]) -> None:
    listeners += [leaving("one"), leaving("other")]
    say()
    while run_due(9):
        pass
    assert rows() == ["one comment.edited 3", "other comment.edited 3"]


def test_nothing_is_told_of_what_was_rolled_back(listeners: list[Listener]) -> None:
    listeners += [leaving("one")]
    with writing() as session:
        happened(session, Happening.COMMENT_EDITED, site_id=1, article_id=2, comment_id=3)
        session.rollback()
    assert run_due(9) == 0


def test_who_fails_is_told_again_alone_and_keeps_nobody_else_waiting(listeners: list[Listener]) -> None:
    listeners += [failing, leaving("other")]
    with time_machine.travel(START, tick=False) as clock:
        say()
        while run_due(9):
            pass
        assert rows() == ["other comment.edited 3"]
        listeners[0] = leaving("failing")
        clock.shift(timedelta(minutes=2))
        while run_due(9):
            pass
    assert rows() == ["failing comment.edited 3", "other comment.edited 3"]


def test_who_always_fails_is_buried_with_a_trace(listeners: list[Listener]) -> None:
    listeners += [failing, leaving("other")]
    with time_machine.travel(START, tick=False) as clock:
        say()
        for _ in range(MOST_ATTEMPTS + 2):
            while run_due(9):
                pass
            clock.shift(timedelta(hours=7))
    with reading() as session:
        (job,) = session.scalars(select(Job)).all()
        assert (job.kind, job.last_error, job.buried_at is not None) == ("tell", "ValueError", True)
    assert rows() == ["other comment.edited 3"]
