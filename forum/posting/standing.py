"""What only the writer of a comment is told about it: why others cannot read it, what a moderator said, and which change still waits.

The rule: nothing of this is read for anybody else. Called by the pages of one comment.
"""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from forum.access.predicates import is_writer
from forum.access.viewer import Viewer
from forum.comments.models import Comment, Revision
from forum.comments.stance import Stance
from forum.comments.states import State
from forum.moderation.models import Decision
from forum.moderation.queries import list_decisions, waiting_revision
from forum.moderation.review import Action
from forum.web.translation import translated


@dataclass(frozen=True)
class Waiting:
    """A change that readers do not see yet."""

    body_md: str
    body_html: str
    stance: Stance | None


@dataclass(frozen=True)
class Standing:
    """How a comment stands with the moderators. ``statement`` is what the writer is told, at ``address`` with all that belongs to it; both may be empty.

    ``may_resubmit``: it is removed, and the one new attempt after this decision has not been made.
    """

    state: str
    statement: str = ""
    address: str = ""
    may_resubmit: bool = False
    waiting: Waiting | None = None


def read_standing(session: Session, viewer: Viewer, comment: Comment) -> Standing | None:
    """Return how ``viewer``'s own comment stands; None for everybody else, and where there is nothing to tell."""
    if not is_writer(viewer, comment):
        return None
    state = State(comment.state)
    if state is State.VISIBLE:
        revision = waiting_revision(session, comment.id)
        return Standing(state.value, waiting=_waiting(revision)) if revision else None
    if state not in (State.HELD, State.SCREENED, State.REMOVED):
        return None
    decision = _decision_on(session, comment)
    if decision is None:
        return Standing(state.value)
    may_resubmit = state is State.REMOVED and decision.resubmitted_at is None
    return Standing(state.value, translated(decision.statement), f"/decisions/{decision.id}", may_resubmit)


def _decision_on(session: Session, comment: Comment) -> Decision | None:
    if comment.state != State.HELD:
        return session.get(Decision, comment.restriction_id) if comment.restriction_id else None
    # What holds a text back is the newest decision on it; after an older one it was submitted anew, and nobody has said anything yet.
    newest = list_decisions(session, comment.id)[-1:]
    return newest[0] if newest and newest[0].action == Action.HOLD else None


def _waiting(revision: Revision) -> Waiting:
    return Waiting(revision.body_md, revision.body_html or "", Stance(revision.stance) if revision.stance else None)
