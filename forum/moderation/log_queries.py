"""Reads of the moderation log: pages of it, newest first, and where a decision stands in it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.orm import Session

from forum.moderation.models import LogEntry

# The partial index's own condition, letter by letter.
_PUBLIC = "is_public"


@dataclass(frozen=True)
class LogPage:
    """A page of the log and the row before which the next begins, or None."""

    entries: Sequence[LogEntry]
    next_seq: int | None


def list_log(
    session: Session, site_id: int, *, public_only: bool, before_seq: int | None = None, limit: int, comment_id: int | None = None
) -> LogPage:
    """Return at most ``limit`` rows of a site's log, newest first, that come before ``before_seq``; of one comment, if one is named."""
    rows = select(LogEntry).where(LogEntry.site_id == site_id, *_only(public_only))
    if before_seq is not None:
        rows = rows.where(LogEntry.seq < before_seq)
    if comment_id is not None:
        rows = rows.where(LogEntry.comment_id == comment_id)
    found = session.scalars(rows.order_by(LogEntry.seq.desc()).limit(limit + 1)).all()
    page = found[:limit]
    return LogPage(page, page[-1].seq if len(found) > limit else None)


def find_seq_of_decision(session: Session, site_id: int, decision_id: int, *, public_only: bool) -> int | None:
    """Return the place of a decision's first row, or None."""
    first = select(func.min(LogEntry.seq)).where(LogEntry.site_id == site_id, LogEntry.decision_id == decision_id, *_only(public_only))
    return session.scalar(first)


def _only(public_only: bool) -> tuple[ColumnElement[bool], ...]:
    return (text(_PUBLIC),) if public_only else ()  # type: ignore[return-value]
