"""The one function that moves a comment: state, counts, what is said of a restriction, the log row and the jobs, together or not at all.

Everything that hides, shows or withdraws a comment goes through here, whoever caused it; the caller has locked the place. Flushes, never commits.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from forum.clock import now
from forum.comments import actions
from forum.comments.counts import Place
from forum.comments.states import State
from forum.jobs.actions import enqueue
from forum.jobs.happening import Happening
from forum.moderation import log
from forum.moderation.actors import Actor, ActorKind
from forum.moderation.models import Decision
from forum.moderation.stating import bind_restriction, release_restriction

RESTRICTED = (State.HELD, State.SCREENED, State.REMOVED)
RESTORE_UNDECIDED = "restore-undecided"
PURGE_ORIGINALS = "purge-originals"
ORIGINALS_KEPT = timedelta(days=14)
"""So long a redacted text can be brought back; after that it is destroyed."""


@dataclass(frozen=True)
class Deed:
    """Who causes something, by which decision if by one, and whether everybody may read of it in the log."""

    actor: Actor
    decision: Decision | None = None
    is_public: bool = True


def move_comment(session: Session, place: Place, event: str, deed: Deed, *, to: State | None = None) -> None:
    """Move the comment of ``place`` by ``event`` and write it down. Raises Refusal ``illegal-transition``.

    A restriction names its decision, so that a tombstone can say who hid the text and why, and the database that there is a statement of reasons; who leads
    a comment back into one without a decision calls ``restrict`` with one in the same transaction. Exactly one row is added to the log.
    """
    comment, decision = place.comment, deed.decision
    before, was_listed = comment.state, comment.listed
    actions.move(session, place, event, to=to)
    state = State(comment.state)
    if state in RESTRICTED and decision is not None:
        restrict(session, place, decision)
    elif state is State.VISIBLE:
        comment.restriction_by = comment.restriction_reason = comment.restriction_id = None
    release_restriction(session, comment)
    write_down(session, place, decision.action if decision else event, deed, before=before)
    actions.say(session, Happening.COMMENT_MOVED if was_listed or not comment.listed else Happening.COMMENT_PUBLISHED, comment)


def restrict(session: Session, place: Place, decision: Decision) -> None:
    """Let the comment's restriction be that of ``decision``: its tombstone says whether a person or a rule hid it, and why."""
    comment = place.comment
    comment.restriction_by = "rule" if decision.moderator_id is None else "moderator"
    comment.restriction_reason, comment.restriction_id = decision.reason, decision.id
    bind_restriction(session, comment, decision)


def write_down(session: Session, place: Place, event: str, deed: Deed, *, before: str) -> None:
    """Add what happened to the comment to the log."""
    decision = deed.decision
    log.append(
        session,
        site_id=place.article.site_id,
        event=event,
        actor=deed.actor,
        is_public=deed.is_public and deed.actor.kind is not ActorKind.WRITER,
        comment=place.comment,
        article_id=place.article.id,
        decision_id=decision.id if decision else None,
        reason=decision.reason if decision else None,
        from_state=before,
        to_state=place.comment.state,
    )


def restore_later(session: Session, decision: Decision, *, lane: int, after: timedelta) -> None:
    """Show a screened comment again when nobody has decided within ``after``; never one of lane P0, where waiting is the safer mistake."""
    if lane > 0:
        enqueue(session, RESTORE_UNDECIDED, {"decision_id": decision.id}, due_at=now() + after)


def purge_later(session: Session, decision: Decision) -> None:
    """Let the originals of a text that was redacted be destroyed when their time is over; the privacy room above does it."""
    enqueue(session, PURGE_ORIGINALS, {"decision_id": decision.id}, due_at=decision.created_at + ORIGINALS_KEPT)
