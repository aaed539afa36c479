"""What rows of lists refer to – decisions, sanctions, the articles discussed – read at once, however many rows there are."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.articles.models import Article
from forum.comments.models import Comment
from forum.moderation.decision_words import DECISION_WORDS
from forum.moderation.models import Decision, StatementOfReasons
from forum.moderation.review import Action
from forum.redress.models import Appeal
from forum.sanctions.kinds import KINDS, SanctionKind
from forum.sanctions.models import Sanction
from forum.sentences import Sentence

Row = Appeal | StatementOfReasons


@dataclass(frozen=True)
class Around:
    """Decisions and sanctions by id, and the articles of the decisions' comments by the comment's id."""

    decisions: dict[int, Decision]
    sanctions: dict[int, Sanction]
    articles: dict[int, Article]

    def decision(self, row: Row) -> Decision | None:
        """Return the decision that a row is about."""
        return self.decisions.get(row.decision_id or 0)

    def sanction(self, row: Row) -> Sanction | None:
        """Return the sanction that a row is about."""
        return self.sanctions.get(row.sanction_id or 0)

    def article(self, row: Row) -> Article | None:
        """Return the article on which that was decided, or None for a sanction."""
        decision = self.decision(row)
        return self.articles.get(decision.comment_id) if decision is not None else None

    def said(self, row: Row) -> Sentence:
        """Return what was decided, as moderators say it."""
        decision, sanction = self.decision(row), self.sanction(row)
        if decision is not None:
            return DECISION_WORDS[Action(decision.action)].other
        assert sanction is not None, "a row is about a decision or a sanction"
        return KINDS[SanctionKind(sanction.kind)].label


def read_around(session: Session, rows: Iterable[Row]) -> Around:
    """Return what these rows refer to. At most three reads."""
    rows = list(rows)
    decision_ids = {row.decision_id for row in rows if row.decision_id is not None}
    sanction_ids = {row.sanction_id for row in rows if row.sanction_id is not None}
    decisions = list(session.scalars(select(Decision).where(Decision.id.in_(decision_ids)))) if decision_ids else []
    sanctions = list(session.scalars(select(Sanction).where(Sanction.id.in_(sanction_ids)))) if sanction_ids else []
    comment_ids = {decision.comment_id for decision in decisions}
    joined = select(Comment.id, Article).join(Article, Article.id == Comment.article_id).where(Comment.id.in_(comment_ids))
    return Around(
        {decision.id: decision for decision in decisions},
        {sanction.id: sanction for sanction in sanctions},
        {comment_id: article for comment_id, article in session.execute(joined)} if comment_ids else {},
    )
