"""Purge: fourteen days after a redaction the texts before it are destroyed, unless it was undone or an appeal against it is still open.

A job's handler; the redaction itself enqueued it, in its own transaction.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.clock import now
from forum.comments.queries import lock_place
from forum.jobs.actions import enqueue
from forum.moderation.actors import rule
from forum.moderation.models import Decision
from forum.moderation.moves import PURGE_ORIGINALS, Deed, write_down
from forum.privacy.forgetting import destroy_originals
from forum.redress.models import Appeal

AGAIN = timedelta(days=1)
PURGE = "purge"


def purge_originals(session: Session, payload: Mapping[str, Any]) -> None:
    """Destroy what a redaction has kept from readers; a job's handler. With an appeal open it waits for another day."""
    known = session.get(Decision, payload["decision_id"])
    if known is None:
        return
    place = lock_place(session, known.comment_id)
    # Looked at under the lock: an appeal may have been decided a moment ago.
    decision = session.get_one(Decision, known.id, populate_existing=True)
    if decision.undone_at is not None:
        return
    undecided = select(Appeal.id).where(Appeal.decision_id == decision.id, Appeal.decided_at.is_(None))
    if session.scalar(undecided) is not None:
        enqueue(session, PURGE_ORIGINALS, payload, due_at=now() + AGAIN)
        return
    if destroy_originals(session, place, decision):
        write_down(session, place, PURGE, Deed(rule(PURGE_ORIGINALS), is_public=False), before=place.comment.state)
