"""How a room leaves word of what is to be done later: in the transaction of its cause, so that there is neither a cause without its job nor the reverse."""

from collections.abc import Mapping
from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from forum.clock import now
from forum.jobs.models import Job


def enqueue(session: Session, kind: str, payload: Mapping[str, int | str], *, due_at: datetime | None = None) -> int:
    """Record a job, due at ``due_at`` or at once, and return its id; flushes, never commits.

    The handler registered for ``kind`` runs with ``payload`` after the commit. Ids belong into it and not texts: what a row says may have changed by then.
    """
    moment = now()
    encoded = msgspec.json.encode(dict(payload)).decode()
    job = Job(kind=kind, payload=encoded, due_at=due_at or moment, created_at=moment)
    session.add(job)
    session.flush()
    return job.id
