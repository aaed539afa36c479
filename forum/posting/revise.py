"""A comment's later life: edited by its writer, submitted again after a removal, withdrawn, and brought back."""

from datetime import timedelta

from msgspec import UNSET, UnsetType
from sqlalchemy.orm import Session

from forum.access.viewer import Viewer
from forum.clock import now
from forum.comments import actions
from forum.comments.counts import Place
from forum.comments.models import Comment
from forum.comments.queries import hold_place, lock_place, newest_revision
from forum.comments.stance import Stance
from forum.comments.states import RevisionState, State
from forum.moderation import intake
from forum.moderation.actors import writer
from forum.moderation.facts import Spot, gather
from forum.moderation.moves import Deed, move_comment
from forum.moderation.reconsidering import Asked
from forum.moderation.review import Origin
from forum.posting.own_words import require_own_words
from forum.posting.prepare import PreparedBody
from forum.refusals import Fault, Kind, Refusal, invalid
from forum.sanctions.kinds import Activity
from forum.sanctions.queries import require_free
from forum.sentences import nsentence
from forum.web.caching import require_version
from forum.web.context import settings
from forum.web.limits import charge


def revise(
    session: Session, viewer: Viewer, comment_id: int, *, prepared: PreparedBody | None, stance: Stance | None | UnsetType = UNSET
) -> bool:
    """Give a comment a new text (None: as it is) or stance (UNSET: as it is); nothing new changes nothing. Return whether the change waits for a moderator.

    The change is screened like a new text. While one waits, readers see the last accepted text; a removed comment is submitted again by editing it, once for each
    decision. Raises Refusal: ``stale-version`` (If-Match), ``sanctioned``, ``illegal-transition``, ``rate-limited``, ``validation``,
    ``please-reconsider``.
    """
    place = hold_place(session, comment_id)
    comment = place.comment
    require_version(comment.version)
    require_free(session, viewer.account_id, place.article.site_id, Activity.WRITE)
    actions.require_move(comment, "resubmit" if comment.state == State.REMOVED else "edit")
    present = Stance(comment.stance) if comment.stance else None
    wanted = present if isinstance(stance, UnsetType) else stance
    prepared = prepared if prepared is not None and prepared.body_md != comment.body_md else None
    if prepared is not None:
        require_own_words(session, viewer, place.article, prepared.body_md)
    if comment.state == State.REMOVED:
        _submit_again(session, viewer, place, prepared, wanted)
        return True
    if prepared is None and wanted == present:
        return _withdraw_waiting(session, place)
    charge(session, "edit_rate", str(viewer.account_id))
    return _change(session, viewer, place, prepared, wanted)


def _change(session: Session, viewer: Viewer, place: Place, prepared: PreparedBody | None, stance: Stance | None) -> bool:
    comment = place.comment
    text = prepared.text if prepared is not None else None
    chosen = text or actions.text_of(comment)
    context = gather(
        session,
        viewer,
        Spot(place.article, place.parent, comment.id),
        text=chosen.body_md or "",
        fingerprint=chosen.fingerprint or "",
    )
    # Nobody is asked anew about a text that stands already.
    asked = Asked(viewer.account_id or 0, f"{comment.id}", prepared.reconsidered) if prepared is not None else None
    verdict = intake.judge(session, context, asked, seen=prepared.seen if prepared is not None else None)
    waits = intake.holds(verdict) and comment.state == State.VISIBLE
    if waits:
        revision = actions.propose(session, place, text=text, stance=stance)
    else:
        actions.change(session, place, text=text, stance=stance, grace=timedelta(minutes=settings().edit_grace_minutes))
        revision = newest_revision(session, comment.id)
    intake.after_edit(session, place, verdict, revision)
    return waits


def _withdraw_waiting(session: Session, place: Place) -> bool:
    # Sending the accepted text again takes back a change that waits.
    newest = newest_revision(session, place.comment.id)
    if newest.state == RevisionState.HELD:
        actions.replace_waiting(session, place.comment.id)
        place.comment.version += 1
        intake.after_edit(session, place, intake.NOTHING, newest)
    return False


def _submit_again(session: Session, viewer: Viewer, place: Place, prepared: PreparedBody | None, stance: Stance | None) -> None:
    if prepared is None:
        raise invalid(Fault("/body_md", "unchanged", "Change the text before you submit it again: the present one was removed."))
    charge(session, "edit_rate", str(viewer.account_id))
    intake.resubmit(session, place, writer(viewer))
    _change(session, viewer, place, prepared, stance)
    intake.reopen(session, place, origin=Origin.RESUBMISSION)


def withdraw(session: Session, viewer: Viewer, comment_id: int) -> Comment:
    """Withdraw a comment: its text is hidden, its place and its replies stay. Withdrawing twice changes nothing."""
    place = lock_place(session, comment_id)
    if place.comment.state == State.WITHDRAWN:
        return place.comment
    require_version(place.comment.version)
    charge(session, "edit_rate", str(viewer.account_id))
    move_comment(session, place, "withdraw", Deed(writer(viewer)))
    intake.settle_withdrawn(session, place)
    return place.comment


def unwithdraw(session: Session, viewer: Viewer, comment_id: int) -> Comment:
    """Bring a withdrawn comment back with its text, tags and counts; one that was hidden when it was withdrawn waits for a moderator.

    Raises Refusal ``illegal-transition`` when it is too late or not withdrawn.
    """
    place = lock_place(session, comment_id)
    comment = place.comment
    require_version(comment.version)
    days = settings().unwithdraw_days
    withdrawn_at = comment.withdrawn_at
    if withdrawn_at is not None and now() - withdrawn_at > timedelta(days=days):
        raise Refusal(
            Kind.ILLEGAL_TRANSITION,
            nsentence(
                "A withdrawal can be undone for %(num)s day; it is over.",
                "A withdrawal can be undone for %(num)s days; these are over.",
                days,
            ),
        )
    charge(session, "edit_rate", str(viewer.account_id))
    # Otherwise withdrawing and undoing it would be a way around the moderators.
    was_visible = comment.withdrawn_from in (None, State.VISIBLE.value)
    move_comment(session, place, "unwithdraw", Deed(writer(viewer)), to=State.VISIBLE if was_visible else State.HELD)
    if not intake.reopen_withdrawn(session, place) and not was_visible:
        intake.reopen(session, place, origin=Origin.RESUBMISSION)
    return comment
