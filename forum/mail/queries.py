"""Reads of outgoing mail, without its texts: they hold secrets."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from forum.clock import now
from forum.db.queues import Queue, read_queue
from forum.mail.models import OutgoingMail


@dataclass(frozen=True)
class MailState:
    """How far a mail has got."""

    id: int
    kind: str
    to_address: str
    attempts: int
    created_at: datetime
    due_at: datetime
    failed_at: datetime | None
    last_error: str


_COLUMNS = (
    OutgoingMail.id,
    OutgoingMail.kind,
    OutgoingMail.to_address,
    OutgoingMail.attempts,
    OutgoingMail.created_at,
    OutgoingMail.due_at,
    OutgoingMail.failed_at,
    OutgoingMail.last_error,
)


def list_dead_mails(session: Session, limit: int = 100) -> list[MailState]:
    """Return the mails that were given up, the latest first."""
    dead = select(*_COLUMNS).where(OutgoingMail.failed_at.is_not(None)).order_by(OutgoingMail.failed_at.desc(), OutgoingMail.id.desc())
    return [MailState(*row) for row in session.execute(dead.limit(limit))]


def list_waiting_mails(session: Session, limit: int = 100) -> list[MailState]:
    """Return the mails that are still to be sent, the next first."""
    waiting = select(*_COLUMNS).where(*is_waiting()).order_by(OutgoingMail.due_at, OutgoingMail.id)
    return [MailState(*row) for row in session.execute(waiting.limit(limit))]


def count_waiting_mails(session: Session) -> int:
    """Return how many mails are still to be sent."""
    return session.scalar(select(func.count()).select_from(OutgoingMail).where(*is_waiting())) or 0


def mails_to(session: Session, address: str) -> list[dict[str, Any]]:
    """Return what is held of mails to ``address``: their subjects and times, never their texts, which hold secrets."""
    rows = select(OutgoingMail.kind, OutgoingMail.subject, OutgoingMail.created_at, OutgoingMail.sent_at, OutgoingMail.failed_at)
    found = session.execute(rows.where(OutgoingMail.to_address == address).order_by(OutgoingMail.id))
    return [dict(row) for row in found.mappings()]


def is_waiting() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Return the conditions for a mail that is neither sent nor given up, as the partial index has them."""
    return (OutgoingMail.sent_at.is_(None), OutgoingMail.failed_at.is_(None))


def read_waiting_mails(session: Session) -> Queue:
    """Return how many mails are due and neither sent nor given up, and since when the first has been due."""
    waits = (OutgoingMail.sent_at.is_(None), OutgoingMail.failed_at.is_(None), OutgoingMail.due_at <= now())
    return read_queue(session, OutgoingMail.due_at, *waits, order=(OutgoingMail.due_at, OutgoingMail.id))
