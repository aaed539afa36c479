"""Reads that only the pages of reports need: whether a person's report of a comment is still open, and what opened a decision's case."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.moderation.models import Decision, Report, ReviewItem
from forum.moderation.review import Origin, ReportState


def find_open_report(session: Session, comment_id: int, account_id: int) -> Report | None:
    """Return a person's report of a comment on which nobody has decided yet, or None."""
    own = select(Report).where(Report.comment_id == comment_id, Report.reporter_id == account_id, Report.state == ReportState.OPEN.value)
    return session.scalar(own.limit(1))


def origin_of(session: Session, decision: Decision) -> Origin:
    """Return what opened the case on which was decided."""
    return Origin(session.scalars(select(ReviewItem.origin).where(ReviewItem.id == decision.item_id)).one())
