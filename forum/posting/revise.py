"""A comment's later life: edited by its writer, withdrawn, and brought back."""

from datetime import timedelta

from msgspec import UNSET, UnsetType
from sqlalchemy.orm import Session

from forum.access.viewer import Viewer
from forum.clock import now
from forum.comments import actions
from forum.comments.models import Comment
from forum.comments.queries import lock_place
from forum.comments.stance import Stance
from forum.comments.states import State
from forum.posting.prepare import PreparedBody
from forum.refusals import Kind, Refusal
from forum.sentences import nsentence
from forum.web.caching import require_version
from forum.web.context import settings
from forum.web.limits import charge


def revise(
    session: Session, viewer: Viewer, comment_id: int, *, prepared: PreparedBody | None, stance: Stance | None | UnsetType = UNSET
) -> Comment:
    """Give a comment a new text (None: as it is) or stance (UNSET: as it is) and return it; nothing new changes nothing.

    Raises Refusal: ``stale-version`` (If-Match), ``illegal-transition``, ``rate-limited``.
    """
    place = lock_place(session, comment_id)
    comment = place.comment
    require_version(comment.version)
    actions.require_move(comment, "edit")
    present = Stance(comment.stance) if comment.stance else None
    wanted = present if isinstance(stance, UnsetType) else stance
    body = (prepared.body_md, prepared.html, prepared.renderer) if prepared is not None and prepared.body_md != comment.body_md else None
    if body is None and wanted == present:
        return comment
    charge(session, "edit_rate", str(viewer.account_id))
    actions.change(session, place, body=body, stance=wanted, grace=timedelta(minutes=settings().edit_grace_minutes))
    return comment


def withdraw(session: Session, viewer: Viewer, comment_id: int) -> Comment:
    """Withdraw a comment: its text is hidden, its place and its replies stay. Withdrawing twice changes nothing."""
    place = lock_place(session, comment_id)
    if place.comment.state == State.WITHDRAWN:
        return place.comment
    require_version(place.comment.version)
    charge(session, "edit_rate", str(viewer.account_id))
    actions.move(session, place, "withdraw")
    return place.comment


def unwithdraw(session: Session, viewer: Viewer, comment_id: int) -> Comment:
    """Bring a withdrawn comment back with its text, tags and counts. Raises Refusal ``illegal-transition`` when it is too late or not withdrawn."""
    place = lock_place(session, comment_id)
    require_version(place.comment.version)
    days = settings().unwithdraw_days
    withdrawn_at = place.comment.withdrawn_at
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
    actions.move(session, place, "unwithdraw")
    return place.comment
