"""Gives what a test restricted by hand its decision and statement of reasons, without which no database commits a held, screened or removed comment.

Called right after a move, in its transaction, by tests that bring comments into states without a moderator.
"""

from typing import Any

from sqlalchemy.orm import Session

from forum.access.viewer import DEFAULT_SITE_ID
from forum.clock import now
from forum.comments.counts import Place
from forum.comments.states import State
from forum.moderation.items import Cause, open_item
from forum.moderation.models import CommentRestriction, Decision, StatementOfReasons
from forum.moderation.moves import restrict
from forum.moderation.reasons import DecisionReason
from forum.moderation.review import Action, Origin
from forum.moderation.rulings import Ruling, complete, record

STATEMENT = "A sentence for the writer that says in more than forty characters what was decided."
# Decisions that do not exist are numbered from here.
PLAIN = 1_000_000_000
ACTIONS = {State.HELD: Action.HOLD, State.SCREENED: Action.SCREEN_OUT, State.REMOVED: Action.REMOVE}


def give_reasons(session: Session, place: Place, *, rule: str = "words") -> Decision | None:
    """Record a rule's decision for the state that the comment is in and return it; None in states that restrict nobody. Nothing is logged."""
    action = ACTIONS.get(State(place.comment.state))
    if action is None:
        return None
    item = open_item(session, place, Cause(Origin.SCREENING, rule, 2))
    decision = record(session, place, item, Ruling(action, STATEMENT, DecisionReason.OTHER, rule=rule))
    restrict(session, place, decision)
    complete(session, place, decision)
    return decision


def state_plainly(session: Session, comment_id: int, writer_id: int) -> None:
    """Store a bare statement of reasons for a comment whose state a test has written into its row, so that it can be committed; no decision is behind it."""
    decision_id = PLAIN + comment_id
    session.add(StatementOfReasons(**plain_statement(decision_id, writer_id)))
    session.add(CommentRestriction(comment_id=comment_id, decision_id=decision_id))
    session.flush()


def plain_statement(decision_id: int, writer_id: int) -> dict[str, Any]:
    """Return the columns of a bare statement."""
    moments = dict.fromkeys(("appeal_until", "mail_after", "created_at"), now())
    said = {"restriction": "removed", "source": "own_initiative", "ground": "rules", "clause": "other"}
    known = {"site_id": DEFAULT_SITE_ID, "account_id": writer_id, "decision_id": decision_id}
    return {**known, **said, "detected_automatically": False, "decided_automatically": False, **moments}
