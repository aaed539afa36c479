"""Comments put into the database without the doors: what the index makes of them is all that these tests look at."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from forum.access.viewer import DEFAULT_SITE_ID
from forum.comments.models import Comment
from forum.comments.stance import Stance
from forum.moderation.models import CommentRestriction, StatementOfReasons
from forum.text.render import render
from tests.restricting import PLAIN, plain_statement

MARKS_SINCE = datetime(2026, 1, 15, 23, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Said:
    """A comment to be: its text, who of two people wrote it below which of two articles, and how many days after 15 January 2026."""

    body: str
    author: int = 0
    article: int = 0
    stance: Stance | None = None
    days: int = 0
    state: str = "visible"


def put(session: Session, said: Said) -> int:
    """Store a comment as it is and return its id."""
    moment = MARKS_SINCE + timedelta(days=said.days)
    comment = Comment(
        site_id=DEFAULT_SITE_ID,
        article_id=said.article + 1,
        author_id=said.author + 1,
        state="visible",
        stance=said.stance.value if said.stance else None,
        body_md=said.body,
        body_html=render(said.body).html,
        renderer=1,
        listed=True,
        created_at=moment,
        published_at=moment,
        activity_at=moment,
    )
    session.add(comment)
    session.flush()
    comment.root_id = comment.id
    if said.state in ("held", "removed", "screened"):
        session.execute(StatementOfReasons.__table__.insert(), plain_statement(PLAIN + comment.id, comment.author_id))  # type: ignore[attr-defined]
        session.add(CommentRestriction(comment_id=comment.id, decision_id=PLAIN + comment.id))
    comment.state = said.state
    session.flush()
    return comment.id
