"""Reads of the queue of jobs."""

from sqlalchemy.orm import Session

from forum.clock import now
from forum.db.queues import Queue, read_queue
from forum.jobs.models import Job


def read_waiting_jobs(session: Session) -> Queue:
    """Return how many jobs are due and not done, and since when the first has been due."""
    return read_queue(session, Job.due_at, Job.buried_at.is_(None), Job.due_at <= now(), order=(Job.due_at, Job.id))
