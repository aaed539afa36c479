"""Writes of review items: open one or join what is open, claim, release, age, close. One open item per comment; the caller has locked the comment's place.

Priority inside a lane is Σ open reports' weights + what screening found + the writer's removals in 90 days (product design C-6).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, or_, select, text, update
from sqlalchemy.orm import Session

from forum.access.viewer import Viewer
from forum.clock import now
from forum.comments.counts import Place
from forum.comments.models import HIDDEN, Comment, Revision
from forum.comments.states import State
from forum.db.upsert import insert_if_absent
from forum.jobs.actions import enqueue
from forum.moderation.models import STANDING, ItemReason, Report, ReviewItem, StoredFinding
from forum.moderation.reasons import LANE_TIMES, ReportReason
from forum.moderation.review import ItemState, Origin, ReportState
from forum.moderation.screening.findings import Outcome
from forum.refusals import Kind, Refusal, not_found
from forum.sentences import sentence

CLAIM_TIME = timedelta(minutes=10)
AGE_ITEM = "age-item"
REMOVALS_WINDOW = timedelta(days=90)
SCREENING_PRIORITY = {Outcome.REPORT: 1.0, Outcome.NUDGE: 1.0, Outcome.HOLD: 3.0, Outcome.REJECT: 3.0, Outcome.PASS: 0.0}


@dataclass(frozen=True)
class Cause:
    """Why a comment comes before moderators: what opened the case, the reason, its lane and how long they have, and the edit that waits, if one does."""

    origin: Origin
    reason: str
    lane: int
    time: timedelta | None = None
    revision: Revision | None = None
    opened_by: int | None = None


def open_item(session: Session, place: Place, cause: Cause) -> ReviewItem:
    """Open an item for the comment, or let the open one take in the new cause; return it with its priority up to date.

    The most urgent lane and the earliest time win; the version rises, so that nobody decides without having seen this.
    """
    moment = now()
    due_at = moment + (cause.time or LANE_TIMES[cause.lane])
    item = find_open_item(session, place.comment.id)
    if item is None:
        item = ReviewItem(
            site_id=place.article.site_id,
            article_id=place.article.id,
            comment_id=place.comment.id,
            writer_id=place.comment.author_id,
            state=ItemState.OPEN.value,
            origin=cause.origin.value,
            reason=cause.reason,
            lane=cause.lane,
            base_lane=cause.lane,
            version=1,
            opened_by=cause.opened_by,
            opened_at=moment,
            due_at=due_at,
        )
        session.add(item)
        session.flush()
        age_later(session, item)
    else:
        item.version += 1
        if cause.lane < item.base_lane:
            item.base_lane, item.reason = cause.lane, cause.reason
            # An overdue item stays a lane above the most urgent of its causes.
            item.lane = max(0, cause.lane - item.aged)
        if due_at < item.due_at:
            item.due_at = due_at
            age_later(session, item)
    if cause.revision is not None:
        item.revision_id = cause.revision.id
    if cause.reason == ReportReason.CONFIDENTIALITY:
        place.comment.confidential = True
    session.flush()
    standing = {name: getattr(item, name) for name in STANDING if name != "id"}
    insert_if_absent(session, ItemReason, item_id=item.id, reason=cause.reason, **standing)
    weigh(session, item)
    return item


def weigh(session: Session, item: ReviewItem) -> None:
    """Bring an item's priority up to date with its open reports, what screening found, and the writer's removals in 90 days."""
    reports = session.scalar(
        select(func.coalesce(func.sum(Report.weight), 0.0)).where(Report.item_id == item.id, Report.state == ReportState.OPEN.value)
    )
    outcomes = session.scalars(select(StoredFinding.outcome).where(StoredFinding.comment_id == item.comment_id).distinct())
    screening = max((SCREENING_PRIORITY[Outcome(outcome)] for outcome in outcomes), default=0.0)
    recent = (
        select(Comment.id)
        .where(
            Comment.author_id == item.writer_id,
            # With the condition of the index of what is hidden: otherwise all that somebody has ever written is read.
            text(HIDDEN),
            Comment.created_at >= now() - REMOVALS_WINDOW,
            Comment.state == State.REMOVED.value,
            Comment.id != item.comment_id,
        )
        .limit(20)
        .subquery()
    )
    removals = session.scalar(select(func.count()).select_from(recent)) or 0
    item.priority = float(reports or 0.0) + screening + removals
    item.rank = -item.priority
    session.flush()


def find_open_item(session: Session, comment_id: int) -> ReviewItem | None:
    """Return the open item of a comment, locked, or None."""
    statement = select(ReviewItem).where(ReviewItem.comment_id == comment_id, ReviewItem.state == ItemState.OPEN.value)
    return session.scalar(statement.with_for_update().execution_options(populate_existing=True))


def lock_item(session: Session, item_id: int) -> ReviewItem:
    """Return an item, locked and as it stands now; its comment's place was locked before. Raises Refusal ``not-found``."""
    statement = select(ReviewItem).where(ReviewItem.id == item_id)
    item = session.scalar(statement.with_for_update().execution_options(populate_existing=True))
    if item is None:
        raise not_found(sentence("item"))
    return item


def claim(session: Session, viewer: Viewer, item_id: int) -> ReviewItem:
    """Claim an open item for ten minutes by one conditional update; again by the same moderator prolongs it. Raises Refusal ``claimed-by-other`` or ``conflict``."""
    moment = now()
    free = or_(ReviewItem.claimed_by.is_(None), ReviewItem.claimed_by == viewer.account_id, ReviewItem.claimed_until <= moment)
    claimed = session.scalar(
        update(ReviewItem)
        .where(ReviewItem.id == item_id, ReviewItem.state == ItemState.OPEN.value, free)
        .values(claimed_by=viewer.account_id, claimed_until=moment + CLAIM_TIME)
        .returning(ReviewItem.id)
        .execution_options(synchronize_session=False)
    )
    item = session.get_one(ReviewItem, item_id, populate_existing=True)
    if claimed is None:
        refuse_claimed(viewer, item)
        raise Refusal(Kind.CONFLICT, "This item is closed: it was decided already. Open a new one to look at the comment again.")
    return item


def release(session: Session, viewer: Viewer, item_id: int) -> None:
    """Give up one's own claim; somebody else's, or none, is left as it is."""
    session.execute(
        update(ReviewItem)
        .where(ReviewItem.id == item_id, ReviewItem.claimed_by == viewer.account_id)
        .values(claimed_by=None, claimed_until=None)
        .execution_options(synchronize_session=False)
    )


def is_claimed_by_other(viewer: Viewer, item: ReviewItem) -> bool:
    """Whether another moderator has an item open now."""
    return item.claimed_by not in (None, viewer.account_id) and item.claimed_until is not None and item.claimed_until > now()


def refuse_claimed(viewer: Viewer, item: ReviewItem, **members: Any) -> None:
    """Raise Refusal ``claimed-by-other`` when another moderator has the item open; ``members`` go into the problem document."""
    if item.state == ItemState.OPEN and is_claimed_by_other(viewer, item) and item.claimed_until is not None:
        minutes = max(1, -(-int((item.claimed_until - now()).total_seconds()) // 60))
        raise Refusal(
            Kind.CLAIMED_BY_OTHER,
            sentence(
                "Another moderator has this item open, for at most %(minutes)s more minutes. You may read it, or take another.",
                minutes=minutes,
            ),
            members={"claimed_until": item.claimed_until, **members},
        )


def close_item(item: ReviewItem) -> None:
    """Close an item: nobody has to look any more, and nobody has it open."""
    item.state, item.closed_at = ItemState.CLOSED.value, now()
    item.claimed_by = item.claimed_until = item.revision_id = None


def age_item(session: Session, payload: Mapping[str, Any]) -> None:
    """Move an item that is overdue up a lane, once, so that nothing starves; a job's handler."""
    item = session.scalar(select(ReviewItem).where(ReviewItem.id == payload["item_id"]).with_for_update())
    if item is not None and item.state == ItemState.OPEN and not item.aged and item.due_at <= now():
        item.lane, item.aged = max(0, item.lane - 1), True


def age_later(session: Session, item: ReviewItem) -> None:
    """Let the item move up a lane when it is due; it does so once, however often this was asked for."""
    enqueue(session, AGE_ITEM, {"item_id": item.id}, due_at=item.due_at)
