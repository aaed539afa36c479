"""How a room leaves word of what is to be done later: in the transaction of its cause, so that there is neither a cause without its job nor the reverse.

And what an admin does with a job that never succeeded.
"""

from collections.abc import Mapping
from datetime import datetime

import msgspec
import structlog
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from forum.clock import now
from forum.db.direct import write
from forum.db.rows import insert_of
from forum.db.transaction import afterwards
from forum.jobs.models import Job
from forum.jobs.telling import tell_of_jobs
from forum.refusals import not_found
from forum.sentences import sentence

log = structlog.get_logger(__name__)
# Written once, and past the unit of work: each post runs it.
_RECORD = insert_of(Job, "kind", "payload", "due_at", "created_at", "attempts")


def enqueue(session: Session, kind: str, payload: Mapping[str, int | str], *, due_at: datetime | None = None) -> int:
    """Record a job, due at ``due_at`` or at once, and return its id; written at once, never committed here.

    The handler registered for ``kind`` runs with ``payload`` after the commit. Ids belong into it and not texts: what a row says may have changed by then.
    """
    moment = now()
    due_at = due_at or moment
    job = {"kind": kind, "payload": msgspec.json.encode(dict(payload)).decode(), "due_at": due_at, "created_at": moment, "attempts": 0}
    job_id = write(session, _RECORD, job)
    if due_at <= moment:
        afterwards(session, tell_of_jobs)
    return job_id or 0


def replay_job(session: Session, job_id: int) -> None:
    """Let a buried job be tried again from the beginning, at once. Raises Refusal ``not-found`` for any other."""
    again = update(Job).where(Job.id == job_id, Job.buried_at.is_not(None)).values(buried_at=None, attempts=0, due_at=now())
    kind = session.scalar(again.returning(Job.kind))
    if kind is None:
        raise not_found(sentence("job that was given up"))
    afterwards(session, tell_of_jobs)
    log.info("job tried again", job=job_id, kind=kind)


def discard_job(session: Session, job_id: int) -> None:
    """Delete a buried job, whose work is never done then. Raises Refusal ``not-found`` for any other."""
    kind = session.scalar(delete(Job).where(Job.id == job_id, Job.buried_at.is_not(None)).returning(Job.kind))
    if kind is None:
        raise not_found(sentence("job that was given up"))
    log.warning("job discarded", job=job_id, kind=kind)
