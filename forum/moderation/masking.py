"""Texts that may identify a patient are masked for moderators too, until one asks to see one: for ten minutes, and each asking is logged (product design C-5).

The rule: whatever shows moderators a text that readers cannot see asks ``masked_among`` first.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.access.viewer import Viewer
from forum.clock import now
from forum.comments.models import Comment
from forum.comments.queries import lock_place
from forum.comments.states import State
from forum.db.upsert import insert_if_absent
from forum.moderation import log
from forum.moderation.actors import moderator
from forum.moderation.decisions import comment_of
from forum.moderation.models import Reveal

REVEALED_FOR = timedelta(minutes=10)
REVEAL = "reveal"


def masked_among(session: Session, viewer: Viewer, comments: Iterable[Comment]) -> frozenset[int]:
    """Return the ids of those comments whose hidden texts ``viewer`` is not shown: they may identify somebody, and the viewer has not asked. At most one read."""
    confidential = {comment.id for comment in comments if comment.confidential and comment.author_id != viewer.account_id}
    if not confidential:
        return frozenset()
    asked = select(Reveal.comment_id).where(
        Reveal.comment_id.in_(confidential), Reveal.account_id == viewer.account_id, Reveal.revealed_at > now() - REVEALED_FOR
    )
    return frozenset(confidential - set(session.scalars(asked)))


def is_revealed(session: Session, viewer: Viewer, comment_id: int) -> bool:
    """Whether ``viewer`` has asked for the comment's text and is shown it at present."""
    shown = session.get(Reveal, (comment_id, viewer.account_id)) if viewer.account_id is not None else None
    return shown is not None and shown.revealed_at > now() - REVEALED_FOR


def reveal(session: Session, viewer: Viewer, item_id: int) -> None:
    """Show ``viewer`` the masked text of an item's comment for ten minutes, and write down that it was asked for; a text that is not masked needs no asking."""
    place = lock_place(session, comment_of(session, item_id))
    comment = place.comment
    if comment.confidential and comment.state != State.ERASED:
        show_to(session, viewer, comment, because={"item": item_id})


def show_to(session: Session, viewer: Viewer, comment: Comment, *, because: Mapping[str, int]) -> None:
    """Let ``viewer`` read a comment's masked text for ten minutes, and write down that it was asked for, and where (``because``: ids); its place is locked."""
    known = {"comment_id": comment.id, "account_id": viewer.account_id}
    if not insert_if_absent(session, Reveal, **known, revealed_at=now()):
        session.get_one(Reveal, (comment.id, viewer.account_id)).revealed_at = now()
    log.append(
        session,
        site_id=comment.site_id,
        event=REVEAL,
        actor=moderator(viewer),
        is_public=False,
        comment=comment,
        from_state=comment.state,
        to_state=comment.state,
        detail=because,
    )
