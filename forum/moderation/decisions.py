"""Decisions: one moderator, one item, at the version that the moderator saw; the comment, its reports, the item and the log follow at once.

Two moderators can never both win: whoever comes second finds another version and gets the first decision and the own draft back.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.access.viewer import Viewer
from forum.clock import now
from forum.comments import actions
from forum.comments.actions import Text
from forum.comments.counts import Place, counted
from forum.comments.models import Comment, Revision
from forum.comments.queries import lock_place
from forum.comments.states import RevisionState, State
from forum.moderation.items import close_item, find_open_item, lock_item, refuse_claimed
from forum.moderation.models import Decision, ReviewItem
from forum.moderation.moves import Deed, move_comment, purge_later, restore_later, write_down
from forum.moderation.queries import latest_decision
from forum.moderation.reasons import LANE_TIMES, DecisionReason
from forum.moderation.recusal import find_recusals
from forum.moderation.reporting import settle_reports
from forum.moderation.review import ACTIONS, STOCK_STATEMENTS, Action, ItemState, ReportState
from forum.moderation.rulings import Ruling, complete, record
from forum.refusals import Fault, Kind, Refusal, invalid, not_found
from forum.sentences import sentence

STATEMENT_MIN = 40
UNDECIDED = "undecided"
UNDECIDED_STATEMENT = sentence("Nobody has decided on your comment in the time set for it, so everybody can read it again meanwhile.")


@dataclass(frozen=True)
class Order:
    """What a moderator wants: ``version`` is the item's as it was seen. ``redacted``: the text without the marked spans; ``notice``: the public line.

    ``appeal_id``: the appeal that it decides.
    """

    action: Action
    reason: DecisionReason
    version: int
    statement: str = ""
    note: str = ""
    redacted: Text | None = None
    notice: str = ""
    batch_id: int | None = None
    appeal_id: int | None = None


def decide(session: Session, viewer: Viewer, item_id: int, order: Order, *, draft: Mapping[str, Any] | None = None) -> Decision:
    """Decide on an item and return the decision. ``draft`` is what was sent; it comes back in the problem of whoever was too late.

    Raises Refusal: ``recused``, ``stale-version`` and ``claimed-by-other`` (with the decision that stands and the draft), ``illegal-transition`` (with the actions
    that are possible and, on a closed item, the decision that stands), ``validation``.
    """
    place = lock_place(session, comment_of(session, item_id))
    item = lock_item(session, item_id)
    statement = check(session, viewer, place, item, order, draft=draft)
    return carry_out(session, viewer, place=place, item=item, order=order, statement=statement)


def check(session: Session, viewer: Viewer, place: Place, item: ReviewItem, order: Order, *, draft: Mapping[str, Any] | None = None) -> str:
    """Return the statement that the writer will read, or raise the Refusal that ``decide`` would: nothing is written here."""
    recusals = find_recusals(session, viewer, place.article, place.comment)
    if recusals:
        raise Refusal(
            Kind.RECUSED,
            sentence("You cannot decide on this comment: %(why)s Another moderator has to.", why=recusals[0]),
            members={"draft": draft},
        )
    if item.version != order.version:
        raise Refusal(
            Kind.STALE_VERSION,
            sentence(
                "This item has changed since you loaded it: it is at version %(version)s now. Look at it again; your draft is kept.",
                version=str(item.version),
            ),
            members={"decision": latest_decision(session, item.id), "draft": draft},
        )
    refuse_claimed(viewer, item, decision=None, draft=draft)
    allowed = allowed_actions(item, place.comment)
    if order.action not in allowed:
        raise Refusal(
            Kind.ILLEGAL_TRANSITION,
            sentence(
                "This cannot be decided on the comment as it is now. Possible: %(allowed)s.",
                allowed=tuple(ACTIONS[action].label for action in allowed) or sentence("nothing, the item is closed"),
            ),
            allowed=tuple(action.value for action in allowed),
            members={"decision": None if item.state == ItemState.OPEN else latest_decision(session, item.id), "draft": draft},
        )
    return check_words(order)


def check_words(order: Order) -> str:
    """Return the statement that the writer will read. Raises Refusal ``validation`` for what an order lacks: a sentence, a reason, the passages, the notice."""
    faults = []
    rule_of = ACTIONS[order.action]
    statement = order.statement.strip()
    if not statement and not rule_of.restricts:
        statement = STOCK_STATEMENTS[order.action]
    if len(statement) < STATEMENT_MIN:
        faults.append(
            Fault(
                "/statement",
                "too-short",
                sentence("The writer reads this: say in at least %(least)s characters what was decided and why.", least=STATEMENT_MIN),
            )
        )
    if rule_of.restricts and order.reason is DecisionReason.WITHIN_RULES:
        faults.append(
            Fault("/reason", "needs-reason", "What takes something from the writer needs a reason other than “within the rules”.")
        )
    if order.action is Action.REDACT and order.redacted is None:
        faults.append(Fault("/spans", "required", "Mark at least one stretch of the text to take out."))
    if order.action is Action.NOTICE and not order.notice.strip():
        faults.append(Fault("/notice", "required", "Write the line that readers will see under the comment."))
    if faults:
        raise invalid(*faults)
    return statement


def allowed_actions(item: ReviewItem, comment: Comment) -> tuple[Action, ...]:
    """Return what can be decided on an item now, whoever decides; nothing on a closed one."""
    return actions_on(comment, waits=item.revision_id is not None) if item.state == ItemState.OPEN else ()


def actions_on(comment: Comment, *, waits: bool) -> tuple[Action, ...]:
    """Return what can be decided on a comment as it is; ``waits``: a change of it does."""

    def fits(action: Action) -> bool:
        if State(comment.state) not in ACTIONS[action].events:
            return False
        if action is Action.APPROVE and comment.state == State.VISIBLE:
            return waits
        if action is Action.REDACT:
            return comment.body_md is not None
        if action in (Action.LOCK, Action.UNLOCK):
            return (comment.locked_at is None) == (action is Action.LOCK)
        return True

    return tuple(action for action in ACTIONS if fits(action))


def carry_out(session: Session, viewer: Viewer, *, place: Place, item: ReviewItem, order: Order, statement: str) -> Decision:
    """Do what an order says, which was checked, and return the decision. The item may be closed: a decision on appeal is one on a closed case.

    Place and item are locked by the caller. Raises KeyError for an action that the comment's state does not allow.
    """
    comment, known = place.comment, ACTIONS[order.action]
    before, event = comment.state, known.events[State(comment.state)]
    ruling = Ruling(
        order.action,
        statement,
        order.reason,
        moderator_id=viewer.account_id,
        note=order.note,
        closes=known.closes,
        batch_id=order.batch_id,
        appeal_id=order.appeal_id,
        declines_change=known.closes and item.revision_id is not None and order.action is not Action.APPROVE,
    )
    decision = record(session, place, item, ruling)
    if known.closes:
        _settle_waiting(session, place, item, order.action)
    if order.action is Action.REDACT and order.redacted is not None:
        actions.redact(session, place, order.redacted, by=decision.id)
        purge_later(session, decision)
    elif order.action in (Action.LOCK, Action.UNLOCK, Action.NOTICE):
        _mark(session, place, order)
        decision.notice = order.notice.strip() or None
    deed = Deed(ruling.actor, decision, known.is_public)
    if event is not None:
        move_comment(session, place, event, deed)
    else:
        write_down(session, place, order.action.value, deed, before=before)
    complete(session, place, decision)
    comment.confidential = _stays_confidential(comment, order)
    if known.closes:
        settle_reports(session, item, decision, ReportState.UPHELD if known.upholds else ReportState.DECLINED)
        if item.state == ItemState.OPEN:
            close_item(item)
    else:
        restore_later(session, decision, lane=item.base_lane, after=3 * LANE_TIMES[item.base_lane])
    session.flush()
    return decision


def _stays_confidential(comment: Comment, order: Order) -> bool:
    if order.action in (Action.REMOVE, Action.SCREEN_OUT) and order.reason is DecisionReason.CONFIDENTIALITY:
        return True
    # A person has read it and lets everybody read it, with or without some passages.
    return comment.confidential and comment.state != State.VISIBLE


def _settle_waiting(session: Session, place: Place, item: ReviewItem, action: Action) -> None:
    if item.revision_id is None:
        return
    revision = session.get_one(Revision, item.revision_id, populate_existing=True)
    if revision.state != RevisionState.HELD:
        return
    if action is Action.APPROVE:
        actions.accept(session, place, revision)
    else:
        actions.replace_waiting(session, place.comment.id, state=RevisionState.DECLINED)


def _mark(session: Session, place: Place, order: Order) -> None:
    with counted(session, place):
        comment = place.comment
        if order.action is Action.NOTICE:
            comment.notice = order.notice.strip()
        else:
            comment.locked_at = now() if order.action is Action.LOCK else None
        comment.version += 1


def comment_of(session: Session, item_id: int) -> int:
    """Return the id of the comment that an item is about. Raises Refusal ``not-found``."""
    found = session.scalar(select(ReviewItem.comment_id).where(ReviewItem.id == item_id))
    if found is None:
        raise not_found(sentence("item"))
    return found


def restore_undecided(session: Session, payload: Mapping[str, Any]) -> None:
    """Show a comment again that was hidden and on which nobody has decided in three times the lane's time; a job's handler. The item stays open."""
    hidden = session.get(Decision, payload["decision_id"])
    if hidden is None:
        return
    place = lock_place(session, hidden.comment_id)
    item = find_open_item(session, hidden.comment_id)
    if item is None or item.base_lane == 0 or place.comment.state != State.SCREENED or place.comment.restriction_id != hidden.id:
        return
    # The writer may have put a text in its place that a person has to read first: being hidden is no way around that.
    held = select(Decision.id).where(Decision.item_id == item.id, Decision.action == Action.HOLD.value, Decision.id > hidden.id)
    if session.scalar(held.limit(1)) is not None:
        return
    ruling = Ruling(Action.RESTORE, UNDECIDED_STATEMENT, rule=UNDECIDED)
    decision = record(session, place, item, ruling)
    move_comment(session, place, "restore", Deed(ruling.actor, decision))
    complete(session, place, decision)
