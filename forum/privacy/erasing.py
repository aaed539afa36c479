"""Erasure: an admin asks, a second person confirms, and a comment's text is destroyed; its place, its replies and the skeleton of the log stay.

The rule: nobody confirms what they asked for themselves; the database refuses that too. Flushes, never commits.
"""

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from forum.access.viewer import Role, Viewer
from forum.clock import now
from forum.comments.counts import Place, counted
from forum.comments.models import Comment
from forum.comments.queries import lock_place
from forum.comments.states import State
from forum.moderation.actors import Actor, ActorKind
from forum.moderation.intake import settle_erased
from forum.moderation.moves import Deed, move_comment, write_down
from forum.moderation.reasons import DecisionReason
from forum.privacy.forgetting import destroy
from forum.privacy.models import Erasure
from forum.privacy.queries import find_open_erasure
from forum.refusals import Fault, Kind, Refusal, invalid
from forum.sentences import sentence
from forum.stances.models import Tag, TagEvent
from forum.stances.tally import count_tags, write_tally

WHY_MIN = 40
ASKED, DROPPED = "erasure_asked", "erasure_dropped"


def ask(session: Session, viewer: Viewer, comment_id: int, *, reason: DecisionReason, why: str) -> Erasure:
    """Keep the wish to erase a comment and return it. Raises Refusal: ``validation``, ``conflict`` (asked for already), ``illegal-transition`` (erased)."""
    place = lock_place(session, comment_id)
    _require_text(place)
    if len(why.strip()) < WHY_MIN:
        detail = sentence("Say in at least %(least)s characters why it has to be destroyed: whoever confirms it reads this.", least=WHY_MIN)
        raise invalid(Fault("/why", "too-short", detail))
    there = find_open_erasure(session, comment_id)
    if there is not None:
        raise Refusal(Kind.CONFLICT, "Somebody has asked for this already; it waits for a second person.")
    erasure = Erasure(
        site_id=place.article.site_id,
        comment_id=comment_id,
        reason=reason.value,
        why=why.strip(),
        asked_by=viewer.account_id,
        asked_at=now(),
    )
    session.add(erasure)
    session.flush()
    write_down(session, place, ASKED, Deed(_actor(viewer, erasure.site_id), is_public=False), before=place.comment.state)
    return erasure


def confirm(session: Session, viewer: Viewer, erasure: Erasure) -> None:
    """Erase the comment, confirmed by ``viewer``. Raises Refusal: ``recused`` (asked for it, wrote it or the article), ``illegal-transition`` (done or dropped)."""
    place = lock_place(session, erasure.comment_id)
    session.refresh(erasure, with_for_update=True)
    _require_open(erasure)
    if viewer.account_id in (erasure.asked_by, place.comment.author_id, *place.article.author_ids):
        raise Refusal(
            Kind.RECUSED,
            "A second person has to confirm it: neither the one who asked for it, nor the writer of the comment, nor an author of the article.",
        )
    _require_text(place)
    erase(session, place, _actor(viewer, erasure.site_id))
    erasure.confirmed_by, erasure.done_at = viewer.account_id, now()
    # What was said to justify it tells of the text, if not in its words.
    erasure.why = ""
    session.flush()


def erase(session: Session, place: Place, actor: Actor) -> None:
    """Destroy a comment's text and tags; what is open about it is closed."""
    forget_tags(session, place)
    settle_erased(session, place)
    move_comment(session, place, "erase", Deed(actor))
    destroy(session, place)


def drop(session: Session, viewer: Viewer, erasure: Erasure) -> None:
    """Give up or turn down an erasure that nobody has confirmed. Raises Refusal ``illegal-transition`` when it is done; twice changes nothing."""
    place = lock_place(session, erasure.comment_id)
    session.refresh(erasure, with_for_update=True)
    if erasure.dropped_at is not None:
        return
    _require_open(erasure)
    erasure.dropped_at = now()
    session.flush()
    write_down(session, place, DROPPED, Deed(_actor(viewer, erasure.site_id), is_public=False), before=place.comment.state)


def forget_tags(session: Session, place: Place) -> None:
    """Delete all tags on a comment, and their history; the counts follow."""
    comment_id = place.comment.id
    if session.scalar(select(Tag.comment_id).where(Tag.comment_id == comment_id).limit(1)) is None:
        session.execute(delete(TagEvent).where(TagEvent.comment_id == comment_id))
        return
    with counted(session, place):
        session.execute(delete(Tag).where(Tag.comment_id == comment_id))
        session.execute(delete(TagEvent).where(TagEvent.comment_id == comment_id))
        write_tally(session, place.comment, count_tags(session, comment_id))


def is_erasable(comment: Comment) -> bool:
    """Whether there is a text to erase."""
    return comment.state != State.ERASED


def _require_text(place: Place) -> None:
    if not is_erasable(place.comment):
        raise Refusal(Kind.ILLEGAL_TRANSITION, "This comment is erased already; nothing is left of its text.")


def _require_open(erasure: Erasure) -> None:
    if erasure.done_at is not None or erasure.dropped_at is not None:
        raise Refusal(Kind.ILLEGAL_TRANSITION, "This erasure is done or given up; ask for a new one if the text has to go.")


def _actor(viewer: Viewer, site_id: int) -> Actor:
    kind = ActorKind.ADMIN if viewer.role_on(site_id).includes(Role.ADMIN) else ActorKind.MODERATOR
    return Actor(kind, viewer.account_id)
