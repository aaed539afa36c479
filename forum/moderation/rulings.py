"""How a decision is written: one row at the item's present version, which rises by it. Used alike for a moderator's and for a rule's.

The row comes first and names the state before; ``complete`` adds what it led to, in the same transaction.
"""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from forum.clock import now
from forum.comments.counts import Place
from forum.comments.states import State
from forum.moderation.actors import Actor, ActorKind, rule
from forum.moderation.models import Decision, ReviewItem
from forum.moderation.reasons import DecisionReason
from forum.moderation.review import Action, Origin, Restriction
from forum.moderation.stating import RESTRICTIONS, state_reasons


@dataclass(frozen=True)
class Ruling:
    """What is decided and by whom: ``moderator_id``, or the name of a ``rule``. ``closes``: nobody has to look at the item after it.

    ``declines_change``: a change that waited is turned down by it, which restricts the writer whatever else the action does.
    """

    action: Action
    statement: str
    reason: DecisionReason = DecisionReason.OTHER
    rule: str | None = None
    moderator_id: int | None = None
    note: str = ""
    closes: bool = False
    batch_id: int | None = None
    undoes_id: int | None = None
    appeal_id: int | None = None
    declines_change: bool = False

    @property
    def actor(self) -> Actor:
        """Who decides."""
        return rule(self.rule) if self.rule else Actor(ActorKind.MODERATOR, self.moderator_id)

    def restriction(self, place: Place) -> Restriction | None:
        """What the writer loses by it, or None."""
        if self.action is Action.HOLD and place.comment.state == State.VISIBLE:
            return Restriction.CHANGE_HELD
        return RESTRICTIONS.get(self.action) or (Restriction.CHANGE_DECLINED if self.declines_change else None)


def record(session: Session, place: Place, item: ReviewItem, ruling: Ruling) -> Decision:
    """Store a decision on an item, both locked by the caller, with the statement of reasons of what restricts the writer, and return it."""
    restriction = ruling.restriction(place)
    decision = Decision(
        site_id=item.site_id,
        item_id=item.id,
        item_version=item.version,
        comment_id=item.comment_id,
        revision_id=item.revision_id,
        moderator_id=ruling.moderator_id,
        rule=ruling.rule,
        action=ruling.action.value,
        reason=ruling.reason.value,
        statement=str(ruling.statement),
        note=ruling.note.strip(),
        from_state=place.comment.state,
        to_state=place.comment.state,
        comment_version=place.comment.version,
        closes=ruling.closes,
        own_initiative=item.origin == Origin.MODERATOR,
        restricts=restriction is not None,
        appeal_id=ruling.appeal_id,
        batch_id=ruling.batch_id,
        undoes_id=ruling.undoes_id,
        created_at=now(),
    )
    session.add(decision)
    item.version += 1
    session.flush()
    if restriction is not None:
        state_reasons(session, decision, item, restriction=restriction)
    return decision


def complete(session: Session, place: Place, decision: Decision) -> None:
    """Note what a decision led to: the comment's state and version right after it."""
    decision.to_state, decision.comment_version = place.comment.state, place.comment.version
    session.flush()
