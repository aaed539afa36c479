"""Reads of the queue of jobs."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.clock import now
from forum.db.paging import first_after
from forum.db.queues import Queue, read_queue
from forum.jobs.models import Job


def read_waiting_jobs(session: Session) -> Queue:
    """Return how many jobs are due and not done, and since when the first has been due."""
    return read_queue(session, Job.due_at, Job.buried_at.is_(None), Job.due_at <= now(), order=(Job.due_at, Job.id))


def list_buried_jobs(session: Session, *, after: Sequence[Any], limit: int) -> Sequence[Job]:
    """Return the jobs that are not tried any more, the latest first, after a place in that order: the last one's time and id (empty: from the first)."""
    buried = select(Job.id).where(Job.buried_at.is_not(None))
    ids = first_after(session, buried, (Job.buried_at.expression, Job.id.expression), after, descending=True, limit=limit)
    found = select(Job).where(Job.id.in_(ids)).order_by(Job.buried_at.desc(), Job.id.desc())
    return session.scalars(found.limit(limit)).all()
