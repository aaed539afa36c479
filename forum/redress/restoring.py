"""Takes the effect of one decision back, exactly: the comment, its text, lock or notice, its tags and counts are as if it had not been taken.

The rule: what a later decision did stays. The caller has locked place and item; one decision with the action ``undo`` says what was done. Flushes, never commits.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from forum.clock import now
from forum.comments import actions
from forum.comments.actions import Text
from forum.comments.counts import Place, counted
from forum.comments.models import Comment, Revision
from forum.comments.states import RevisionState, State
from forum.moderation.items import Cause, close_item, find_open_item, open_item
from forum.moderation.models import Decision, Report, ReviewItem
from forum.moderation.moves import RESTRICTED, Deed, move_comment, write_down
from forum.moderation.reasons import DecisionReason
from forum.moderation.reporting import has_open_reports, settle_reports
from forum.moderation.review import Action, ItemState, Origin, ReportState
from forum.moderation.rulings import Ruling, complete, record
from forum.sentences import Sentence, sentence
from forum.web.context import settings


class Effect(StrEnum):
    """What taking a decision back does to the comment as it is now."""

    SHOWN = "shown"
    SHOWN_LATER = "shown_later"
    TEXT_BACK = "text_back"
    TEXT_GONE = "text_gone"
    UNLOCKED = "unlocked"
    NOTICE_GONE = "notice_gone"
    CHANGE_PUBLISHED = "change_published"
    CHANGE_AGAIN = "change_again"
    STILL_RESTRICTED = "still_restricted"
    NOTHING_LEFT = "nothing_left"


# What its writer reads as the statement of the decision that takes the first one back.
STATEMENTS: Mapping[Effect, Sentence] = {
    Effect.SHOWN: sentence("On appeal the first decision was overturned. Everybody can read your comment, with its tags and replies."),
    Effect.SHOWN_LATER: sentence(
        "On appeal the first decision was overturned. You have withdrawn the comment; bring it back, and everybody can read it at once."
    ),
    Effect.TEXT_BACK: sentence("On appeal the first decision was overturned. The passage that was taken out is back in your comment."),
    Effect.TEXT_GONE: sentence(
        "On appeal the first decision was overturned. The original text had been destroyed by then and cannot come back; you can write it again."
    ),
    Effect.UNLOCKED: sentence("On appeal the first decision was overturned. Your comment and what is below it take new replies again."),
    Effect.NOTICE_GONE: sentence("On appeal the first decision was overturned. The notice below your comment is taken away."),
    Effect.CHANGE_PUBLISHED: sentence("On appeal the first decision was overturned. Everybody reads your comment as you had changed it."),
    Effect.CHANGE_AGAIN: sentence(
        "On appeal the first decision was overturned. The comment has changed since, so you have to send that change once more if you still want it."
    ),
    Effect.STILL_RESTRICTED: sentence(
        "On appeal this decision was overturned and counts no more against you. A later decision on the comment still holds."
    ),
    Effect.NOTHING_LEFT: sentence(
        "On appeal the first decision was overturned and counts no more against you. It had no effect on the comment any more."
    ),
}


@dataclass(frozen=True)
class Reversal:
    """By whom and on which appeal a decision is taken back. ``original``: the text that a redaction keeps from readers, rendered beforehand."""

    moderator_id: int | None
    appeal_id: int
    original: Text | None = None


def find_effect(session: Session, comment: Comment, decision: Decision) -> Effect:
    """Return what taking the decision back would do to the comment as it is now. At most two reads."""
    action = Action(decision.action)
    if comment.state == State.ERASED:
        return Effect.NOTHING_LEFT
    if action is Action.REDACT:
        if _is_followed(session, decision, Decision.action == Action.REDACT.value):
            return Effect.STILL_RESTRICTED
        return Effect.TEXT_BACK if find_original(session, decision) is not None else Effect.TEXT_GONE
    if action is Action.LOCK:
        is_over = _is_followed(session, decision, Decision.action.in_((Action.LOCK.value, Action.UNLOCK.value)))
        return Effect.NOTHING_LEFT if is_over or comment.locked_at is None else Effect.UNLOCKED
    if action is Action.NOTICE:
        is_over = _is_followed(session, decision, Decision.action == Action.NOTICE.value)
        return Effect.NOTHING_LEFT if is_over or comment.notice is None else Effect.NOTICE_GONE
    if decision.to_state in RESTRICTED:
        return _effect_of_hiding(comment, decision)
    if _find_change(session, comment, decision) is not None:
        return Effect.CHANGE_PUBLISHED
    return Effect.STILL_RESTRICTED if comment.state in RESTRICTED else Effect.CHANGE_AGAIN


def find_original(session: Session, decision: Decision) -> Revision | None:
    """Return the newest text that a redaction keeps from readers, or None when it has been destroyed."""
    kept = select(Revision).where(Revision.redacted_id == decision.id, Revision.state == RevisionState.REDACTED.value)
    newest = session.scalar(kept.order_by(Revision.number.desc()).limit(1))
    return newest if newest is not None and newest.body_md else None


def text_after(session: Session, comment: Comment, decision: Decision) -> str:
    """Return the text that stands once the decision is taken back: what a new redaction marks its passages in."""
    revision = None
    if decision.action == Action.REDACT:
        revision = find_original(session, decision) if find_effect(session, comment, decision) is Effect.TEXT_BACK else None
    elif decision.to_state not in RESTRICTED:
        revision = _find_change(session, comment, decision)
    return (revision.body_md if revision is not None else comment.body_md) or ""


def take_back(session: Session, place: Place, item: ReviewItem, decision: Decision, reversal: Reversal) -> tuple[Decision, Effect]:
    """Undo what a decision did, note that it is undone, and return the decision that says so, with what it came to.

    Its strike counts no more; reports that it had upheld become declined; the item closes where nothing is left to decide. Exactly one row of the log.
    """
    comment, before = place.comment, place.comment.state
    effect = find_effect(session, comment, decision)
    closes = item.state == ItemState.OPEN and _leaves_nothing(session, item, effect)
    ruling = Ruling(
        Action.UNDO,
        str(STATEMENTS[effect]),
        DecisionReason(decision.reason),
        moderator_id=reversal.moderator_id,
        closes=closes,
        undoes_id=decision.id,
        appeal_id=reversal.appeal_id,
    )
    undoing = record(session, place, item, ruling)
    decision.undone_at = now()
    deed = Deed(ruling.actor, undoing)
    if effect is Effect.SHOWN:
        move_comment(session, place, "approve" if before == State.HELD else "restore", deed)
        comment.confidential = False
    else:
        _undo_marks(session, place, decision, effect, reversal.original)
        write_down(session, place, Action.UNDO.value, deed, before=before)
    complete(session, place, undoing)
    if effect is Effect.CHANGE_PUBLISHED:
        item.revision_id = None
    _settle(session, item, decision, undoing, closes=closes)
    _let_change_wait(session, place, decision)
    session.flush()
    return undoing, effect


def _effect_of_hiding(comment: Comment, decision: Decision) -> Effect:
    if comment.restriction_id == decision.id:
        return Effect.SHOWN_LATER if comment.state == State.WITHDRAWN else Effect.SHOWN
    return Effect.STILL_RESTRICTED if comment.restriction_id is not None else Effect.NOTHING_LEFT


def _undo_marks(session: Session, place: Place, decision: Decision, effect: Effect, original: Text | None) -> None:
    comment = place.comment
    if effect is Effect.SHOWN_LATER:
        comment.withdrawn_from = State.VISIBLE.value
        comment.restriction_by = comment.restriction_reason = comment.restriction_id = None
        comment.confidential = False
        comment.version += 1
    elif effect is Effect.TEXT_BACK:
        assert original is not None, "the door renders the text before"
        grace = timedelta(minutes=settings().edit_grace_minutes)
        actions.unredact(session, place, original, by=decision.id, since=decision.created_at, grace=grace)
    elif effect is Effect.STILL_RESTRICTED and decision.action == Action.REDACT:
        _pass_on(session, decision)
    elif effect is Effect.UNLOCKED:
        with counted(session, place):
            comment.locked_at = None
            comment.version += 1
    elif effect is Effect.NOTICE_GONE:
        with counted(session, place):
            comment.notice = _notice_before(session, decision)
            comment.version += 1
    elif effect is Effect.CHANGE_PUBLISHED:
        revision = _find_change(session, comment, decision)
        assert revision is not None, "the effect was found by it"
        actions.accept(session, place, revision)


def _is_followed(session: Session, decision: Decision, condition: ColumnElement[bool]) -> bool:
    later = select(Decision.id).where(
        Decision.comment_id == decision.comment_id, Decision.id > decision.id, condition, Decision.undone_at.is_(None)
    )
    return session.scalar(later.limit(1)) is not None


def _pass_on(session: Session, decision: Decision) -> None:
    """Let the later redaction be what keeps the texts from readers: taken back in its turn, it gives them all back."""
    later = select(Decision.id).where(
        Decision.comment_id == decision.comment_id,
        Decision.id > decision.id,
        Decision.action == Action.REDACT.value,
        Decision.undone_at.is_(None),
    )
    following = session.scalars(later.order_by(Decision.id).limit(1)).one()
    actions.pass_on_redaction(session, decision.comment_id, by=decision.id, since=decision.created_at, to=following)


def _notice_before(session: Session, decision: Decision) -> str | None:
    before = select(Decision.notice).where(
        Decision.comment_id == decision.comment_id,
        Decision.id < decision.id,
        Decision.action == Action.NOTICE.value,
        Decision.undone_at.is_(None),
    )
    return session.scalar(before.order_by(Decision.id.desc()).limit(1))


def _find_change(session: Session, comment: Comment, decision: Decision) -> Revision | None:
    """Return the change that a decision held back or declined, where nothing newer stands in its way, or None."""
    revision = session.get(Revision, decision.revision_id) if decision.revision_id is not None else None
    if revision is None or comment.state != State.VISIBLE or revision.state not in (RevisionState.HELD, RevisionState.DECLINED):
        return None
    return None if _is_superseded(session, revision) else revision


def _is_superseded(session: Session, revision: Revision) -> bool:
    newer = select(Revision.id).where(
        Revision.comment_id == revision.comment_id,
        Revision.number > revision.number,
        Revision.state.in_((RevisionState.ACCEPTED.value, RevisionState.HELD.value)),
    )
    return session.scalar(newer.limit(1)) is not None


def _leaves_nothing(session: Session, item: ReviewItem, effect: Effect) -> bool:
    if effect is Effect.SHOWN:
        # A change that waits beside it is still to be decided on.
        return item.revision_id is None or session.get_one(Revision, item.revision_id).state != RevisionState.HELD
    if effect is Effect.CHANGE_PUBLISHED:
        return not has_open_reports(session, item)
    return False


def _settle(session: Session, item: ReviewItem, decision: Decision, undoing: Decision, *, closes: bool) -> None:
    upheld = update(Report).where(Report.decision_id == decision.id, Report.state == ReportState.UPHELD.value)
    session.execute(upheld.values(state=ReportState.DECLINED.value, decision_id=undoing.id, closed_at=now()))
    if closes:
        settle_reports(session, item, undoing, ReportState.DECLINED)
        close_item(item)
    opened = find_open_item(session, decision.comment_id)
    if opened is not None and opened.id != item.id:
        # Whoever has the other case open must look again.
        opened.version += 1


def _let_change_wait(session: Session, place: Place, decision: Decision) -> None:
    """A change that was turned down along with the comment waits for a moderator again, as it did before."""
    revision = session.get(Revision, decision.revision_id) if decision.revision_id is not None else None
    if revision is None or revision.state != RevisionState.DECLINED or place.comment.state != State.VISIBLE:
        return
    if not _is_superseded(session, revision):
        revision.state = RevisionState.HELD.value
        open_item(session, place, Cause(Origin.EDIT, Origin.EDIT.value, 2, revision=revision))
