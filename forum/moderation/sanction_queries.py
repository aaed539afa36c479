"""Reads about what was imposed on people: the strikes that count, the comment's writer behind an item, when the next suspension is over. All bounded."""

from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from forum.clock import now
from forum.moderation.models import Decision, StatementOfReasons
from forum.moderation.review import Restriction
from forum.sanctions.kinds import STRIKE_LASTS
from forum.sanctions.models import STOPS_TAGS, Sanction

LOOKED_AT_MOST = 1000


def count_strikes(session: Session, account_id: int, site_id: int) -> int:
    """Return how many removals by moderators count against a person: those of the last 180 days that were not taken back or overturned.

    One read, of the person's newest 1,000 statements of reasons.
    """
    newest = select(StatementOfReasons).where(StatementOfReasons.account_id == account_id)
    told = newest.order_by(StatementOfReasons.id.desc()).limit(LOOKED_AT_MOST).subquery()
    removed = (
        told.c.site_id == site_id,
        told.c.restriction == Restriction.REMOVED.value,
        told.c.decided_automatically.is_(False),
        told.c.created_at > now() - STRIKE_LASTS,
        Decision.undone_at.is_(None),
    )
    strikes = select(func.count()).select_from(told).join(Decision, Decision.id == told.c.decision_id)
    return session.scalar(strikes.where(*removed)) or 0


def next_end_of_stopped_tags(session: Session) -> datetime | None:
    """Return when the first of all suspensions ends whose tags are out of the counts, be that past or to come; None where there is none."""
    return session.scalar(select(func.min(Sanction.ends_at)).where(text(STOPS_TAGS)))


def find_ended(session: Session) -> Sanction | None:
    """Return a suspension that is over and whose tags are still out of the counts, the longest over first."""
    over = select(Sanction).where(text(STOPS_TAGS), Sanction.ends_at <= now())
    return session.scalar(over.order_by(Sanction.ends_at, Sanction.id).limit(1))
