"""What happened, left in the transaction in which it did, for whoever tells people and programs of it.

The rule: a cause costs one row, however many are told. ``tell`` runs later, and what takes long there is recorded as further jobs by its listeners.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from forum.clock import now
from forum.db.transaction import undoable
from forum.jobs.actions import enqueue

TELL = "tell"
ANOTHER_TRY = timedelta(minutes=1)
log = structlog.get_logger(__name__)


class Happening(StrEnum):
    """What can happen. A comment is published when everybody can read it for the first time; ``moved`` is every later change of its state."""

    COMMENT_PUBLISHED = "comment.published"
    COMMENT_EDITED = "comment.edited"
    COMMENT_MOVED = "comment.moved"
    COMMENT_THANKED = "comment.thanked"
    COMMENT_CONTINUED = "comment.continued"
    ARTICLE_CREATED = "article.created"
    ARTICLE_CHANGED = "article.changed"


@dataclass(frozen=True)
class Event:
    """Something that happened, by the ids of what it happened to; ``comment_id`` is 0 where it was an article."""

    kind: Happening
    site_id: int
    article_id: int
    comment_id: int
    at: datetime


# Told of each event, each as if alone: what one of them fails with is undone and tried again for that one; app.py fills the list.
LISTENERS: list[Callable[[Session, Event], None]] = []


def happened(
    session: Session, kind: Happening, *, site_id: int, article_id: int, comment_id: int = 0, due_at: datetime | None = None
) -> None:
    """Record that something happened, to be told of after the commit, or at ``due_at``."""
    ids = {"site_id": site_id, "article_id": article_id, "comment_id": comment_id}
    enqueue(session, TELL, {"kind": kind.value, "at": now().isoformat(), **ids}, due_at=due_at)


def tell(session: Session, payload: Mapping[str, Any]) -> None:
    """Tell everybody who listens of what happened, or the one listener to whom that failed before: the handler of ``TELL``."""
    event = Event(
        Happening(payload["kind"]),
        payload["site_id"],
        payload["article_id"],
        payload["comment_id"],
        datetime.fromisoformat(payload["at"]),
    )
    if payload.get("to"):
        # Raises where a later version has no such listener: the job is buried then, and seen.
        {listen.__qualname__: listen for listen in LISTENERS}[payload["to"]](session, event)
        return
    for listen in LISTENERS:
        name = listen.__qualname__
        try:
            with undoable(session):
                listen(session, event)
        except DBAPIError:
            raise
        except Exception as error:
            # Who cannot be told keeps nobody else from being told: it is tried again for them alone.
            log.warning("not told", listener=name, error=type(error).__name__, exc_info=error)
            enqueue(session, TELL, {**payload, "to": name}, due_at=now() + ANOTHER_TRY)
