"""What was decided about a person: restrictions of what they wrote, sanctions, their own appeals, in one list. A handful of reads, whatever its length."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from forum.articles.models import Article
from forum.clock import now
from forum.moderation.models import StatementOfReasons
from forum.redress.appeal_words import DECLINED
from forum.redress.around import Around, read_around
from forum.redress.models import Appeal, Part
from forum.redress.queries import OWN_MOST, list_own_appeals, list_statements
from forum.redress.statement_words import words_of
from forum.sanctions.queries import is_in_force
from forum.sentences import Sentence


@dataclass(frozen=True)
class OwnThing:
    """One line of the list. ``holds``: it is in force or, of an appeal about one's report, nobody has decided; ``reason`` is the clause's code.

    ``at``: when it was decided; ``last_at``: when it, or the appeal about it, last changed.
    """

    kind: str
    id: int
    address: str
    said: Sentence
    holds: bool
    at: datetime
    reason: str | None = None
    article: Article | None = None
    appeal: Appeal | None = None

    @property
    def last_at(self) -> datetime:
        """What the list is ordered by."""
        moments = (self.appeal.created_at, self.appeal.asked_at, self.appeal.decided_at) if self.appeal is not None else ()
        return max(self.at, *(moment for moment in moments if moment is not None), self.at)


def list_own(session: Session, account_id: int) -> list[OwnThing]:
    """Return what a person was restricted by, and their appeals, what changed last first; at most 100. One's appeal stands with what it is about."""
    statements, appeals = list_statements(session, account_id), list_own_appeals(session, account_id)
    around = read_around(session, [*statements, *appeals])
    filed = {(appeal.decision_id, appeal.sanction_id): appeal for appeal in appeals}
    things = [
        *(_restriction(each, around, filed.get((each.decision_id, each.sanction_id))) for each in statements),
        *(_appeal(each, around) for each in appeals if each.part == Part.REPORTER),
    ]
    return sorted(things, key=lambda thing: (thing.last_at, thing.kind, thing.id), reverse=True)[:OWN_MOST]


def _restriction(statement: StatementOfReasons, around: Around, appeal: Appeal | None) -> OwnThing:
    decision, sanction = around.decision(statement), around.sanction(statement)
    said, at = words_of(statement).what, statement.created_at
    if sanction is not None:
        holds = is_in_force(sanction, now())
        return OwnThing("sanction", sanction.id, f"/sanctions/{sanction.id}", said, holds, at, statement.clause, appeal=appeal)
    assert decision is not None, "a statement is about a decision or a sanction"
    holds, article = decision.undone_at is None, around.article(statement)
    return OwnThing("decision", decision.id, f"/decisions/{decision.id}", said, holds, at, statement.clause, article, appeal)


def _appeal(appeal: Appeal, around: Around) -> OwnThing:
    holds, article = appeal.decided_at is None, around.article(appeal)
    return OwnThing("appeal", appeal.id, f"/appeals/{appeal.id}", DECLINED, holds, appeal.created_at, article=article, appeal=appeal)
