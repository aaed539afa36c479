"""One decision on many like items at once, previewed before and undone for ten minutes after. Each item is checked as if it were decided alone.

Articles are locked first, in rising order, so that two batches can wait for each other but never deadlock.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.access.viewer import Viewer
from forum.articles.queries import lock_article
from forum.clock import now
from forum.comments.counts import Place
from forum.comments.queries import lock_place
from forum.comments.states import State
from forum.moderation.decisions import Order, check, comment_of, decide
from forum.moderation.items import age_later, find_open_item, lock_item, weigh
from forum.moderation.models import Batch, Decision, ItemReason, ReviewItem
from forum.moderation.moves import RESTRICTED, Deed, move_comment, restore_later, restrict, write_down
from forum.moderation.queries import decisions_of_batch
from forum.moderation.reasons import LANE_TIMES, DecisionReason, ReportReason
from forum.moderation.reporting import reopen_reports
from forum.moderation.review import Action, ItemState
from forum.moderation.rulings import Ruling, complete, record
from forum.refusals import Kind, Refusal
from forum.sentences import sentence

BATCH_UNDO = timedelta(minutes=10)
UNDO_STATEMENT = sentence("The moderator has taken the decision on your comment back; it stands again as it did before.")
WAITING_EDIT = sentence("A change of this comment waits; it has to be decided by itself.")


@dataclass(frozen=True)
class LeftOut:
    """An item that a batch could not decide, and the refusal that says why."""

    item_id: int
    refusal: Refusal


def decide_all(
    session: Session, viewer: Viewer, site_id: int, wanted: Sequence[tuple[int, int]], order: Order
) -> tuple[Batch, list[LeftOut]]:
    """Decide on the items (id, version) that can be decided and return the batch and what was left out. Raises Refusal ``validation`` when the words are wrong."""
    batch = Batch(site_id=site_id, moderator_id=viewer.account_id, action=order.action.value, created_at=now())
    session.add(batch)
    session.flush()
    left_out = []
    _lock_articles(session, [item_id for item_id, _ in wanted])
    for item_id, version in wanted:
        one = replace(order, version=version, batch_id=batch.id)
        try:
            _refuse_other_site(session, item_id, site_id)
            _refuse_waiting(session, item_id)
            decide(session, viewer, item_id, one)
        except Refusal as refusal:
            # Everything that can be refused is refused before the first write.
            if refusal.kind is Kind.VALIDATION:
                raise
            left_out.append(LeftOut(item_id, refusal))
    return batch, left_out


def preview_all(session: Session, viewer: Viewer, site_id: int, wanted: Sequence[tuple[int, int]], order: Order) -> list[LeftOut]:
    """Return what a batch would leave out; nothing is written. Raises Refusal ``validation`` when the words are wrong."""
    left_out = []
    _lock_articles(session, [item_id for item_id, _ in wanted])
    for item_id, version in wanted:
        try:
            _refuse_other_site(session, item_id, site_id)
            _refuse_waiting(session, item_id)
            place = lock_place(session, comment_of(session, item_id))
            check(session, viewer, place, lock_item(session, item_id), replace(order, version=version))
        except Refusal as refusal:
            if refusal.kind is Kind.VALIDATION:
                raise
            left_out.append(LeftOut(item_id, refusal))
    return left_out


def undo(session: Session, viewer: Viewer, batch_id: int) -> tuple[Batch, list[LeftOut]]:
    """Take a batch back: comments, counts, reports and items are as they were; what somebody has changed since is left out and named.

    Raises Refusal ``illegal-transition`` after ten minutes, and ``forbidden`` to anybody but the moderator who decided. Twice changes nothing.
    """
    batch = session.scalars(select(Batch).where(Batch.id == batch_id).with_for_update()).one()
    if batch.moderator_id != viewer.account_id:
        raise Refusal(
            Kind.FORBIDDEN,
            "Only the moderator who decided can take the decision back like this; anybody else can look at the comments again.",
        )
    if batch.undone_at is not None:
        return batch, []
    if now() - batch.created_at > BATCH_UNDO:
        raise Refusal(
            Kind.ILLEGAL_TRANSITION,
            "A batch can be undone for ten minutes, and these are over. Open an item on a comment to look at it again.",
        )
    decisions = decisions_of_batch(session, batch)
    _lock_articles(session, [decision.item_id for decision in decisions])
    left_out = [
        LeftOut(decision.item_id, refusal) for decision in decisions if (refusal := _take_back(session, viewer, decision)) is not None
    ]
    batch.undone_at = now()
    session.flush()
    return batch, left_out


def _take_back(session: Session, viewer: Viewer, decision: Decision) -> Refusal | None:
    place = lock_place(session, decision.comment_id)
    opened = find_open_item(session, decision.comment_id)
    item = lock_item(session, decision.item_id)
    if (
        place.comment.version != decision.comment_version
        or item.version != decision.item_version + 1
        or (opened is not None and opened.id != item.id)
    ):
        return Refusal(Kind.STALE_VERSION, "The comment or its item has changed since; look at it again instead.")
    ruling = Ruling(Action.UNDO, UNDO_STATEMENT, DecisionReason(decision.reason), moderator_id=viewer.account_id, undoes_id=decision.id)
    ruling = replace(ruling, batch_id=decision.batch_id)
    undoing = record(session, place, item, ruling)
    before, target = place.comment.state, State(decision.from_state)
    if before == target:
        write_down(session, place, Action.UNDO.value, Deed(ruling.actor, undoing), before=before)
    else:
        move_comment(session, place, "undo", Deed(ruling.actor, undoing), to=target)
        _restore_restriction(session, place, item, decision)
    complete(session, place, undoing)
    reopen_reports(session, decision, at=item)
    decision.undone_at = now()
    item.state, item.closed_at = ItemState.OPEN.value, None
    if session.get(ItemReason, (item.id, ReportReason.CONFIDENTIALITY.value)) is not None:
        place.comment.confidential = True
    session.flush()
    # Its time may have come while it was closed, and its job with it.
    age_later(session, item)
    weigh(session, item)
    return None


def _restore_restriction(session: Session, place: Place, item: ReviewItem, undone: Decision) -> None:
    if State(place.comment.state) not in RESTRICTED:
        return
    former = session.scalar(
        select(Decision)
        .where(
            Decision.comment_id == place.comment.id,
            Decision.id < undone.id,
            Decision.to_state == place.comment.state,
            Decision.restricts.is_(True),
            Decision.undone_at.is_(None),
        )
        .order_by(Decision.id.desc())
        .limit(1)
    )
    if former is not None:
        restrict(session, place, former)
    if former is not None and place.comment.state == State.SCREENED:
        over = former.created_at + 3 * LANE_TIMES[item.base_lane]
        restore_later(session, former, lane=item.base_lane, after=over - now())


def _refuse_waiting(session: Session, item_id: int) -> None:
    if session.scalar(select(ReviewItem.revision_id).where(ReviewItem.id == item_id, ReviewItem.state == ItemState.OPEN.value)) is not None:
        raise Refusal(Kind.CONFLICT, WAITING_EDIT)


def _refuse_other_site(session: Session, item_id: int, site_id: int) -> None:
    if session.scalar(select(ReviewItem.site_id).where(ReviewItem.id == item_id)) not in (None, site_id):
        raise Refusal(Kind.FORBIDDEN, "This item belongs to another site.")


def _lock_articles(session: Session, item_ids: Sequence[int]) -> None:
    found = session.scalars(select(ReviewItem.article_id).where(ReviewItem.id.in_(item_ids)).distinct().order_by(ReviewItem.article_id))
    for article_id in sorted(found):
        lock_article(session, article_id)
