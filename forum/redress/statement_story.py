"""What a statement of reasons says in an inbox and by mail: everything that the person needs also where they have no account to read it with."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.articles.models import Article
from forum.moderation.models import Decision, StatementOfReasons
from forum.notifications.models import Notification
from forum.notifications.stories import Story
from forum.redress import statement_words
from forum.redress.statement_view import view_statement
from forum.sanctions.models import Sanction
from forum.sentences import sentence
from forum.web.context import settings
from forum.web.translation import translated

Row = TypeVar("Row", Decision, Sanction, Article)


def tell_statements(session: Session, told: Sequence[Notification]) -> Mapping[int, Story]:
    """Return the story of each statement; one whose decision was undone has none."""
    ids = {each.subject_id for each in told}
    statements = {
        statement.id: statement for statement in session.scalars(select(StatementOfReasons).where(StatementOfReasons.id.in_(ids)))
    }
    decisions = _by_id(session, Decision, {statement.decision_id for statement in statements.values()})
    sanctions = _by_id(session, Sanction, {statement.sanction_id for statement in statements.values()})
    articles = _by_id(session, Article, {each.article_id for each in told})
    stories = {}
    for each in told:
        statement = statements.get(each.subject_id)
        if statement is None:
            continue
        decision, sanction = decisions.get(statement.decision_id), sanctions.get(statement.sanction_id)
        if sanction is None and (decision is None or decision.undone_at is not None):
            continue
        said = decision.statement if decision is not None else sanction.statement if sanction is not None else ""
        path = f"/decisions/{decision.id}" if decision is not None else f"/sanctions/{statement.sanction_id}"
        article = articles.get(each.article_id)
        stories[each.id] = Story(
            says=statement_words.words_of(statement).what,
            title=article.title if article is not None else settings().site_name,
            path=path,
            article_path=f"/a/{article.slug}" if article is not None else "/",
            body_md=_whole(statement, said),
            subject=sentence("About your comment on “%(title)s”", title=article.title)
            if article is not None
            else sentence("About your account"),
        )
    return stories


def _whole(statement: StatementOfReasons, said: str) -> str:
    seen = view_statement(statement)
    until = f"{seen.ends_at:%Y-%m-%d %H:%M} UTC" if seen.ends_at else ""
    # By the names that the page gives them.
    facts = (
        (sentence("Where"), seen.scope),
        (sentence("How long"), translated(sentence("Until %(time)s; then it ends by itself.", time=until)) if until else seen.duration),
        (sentence("What brought it up"), seen.source),
        (sentence("Automatic means"), seen.automation),
        (sentence("Ground"), f"{seen.ground} {seen.clause}: {seen.meaning}"),
    )
    lines = (
        said,
        *(f"{translated(name)}: {words}" for name, words in facts),
        translated(
            sentence(
                "You can appeal until %(day)s. It costs nothing, and takes no other legal way from you.",
                day=statement.appeal_until.date().isoformat(),
            )
        ),
    )
    return "\n\n".join(line for line in lines if line)


def _by_id(session: Session, table: type[Row], ids: set[int | None]) -> dict[int | None, Row]:
    return {row.id: row for row in session.scalars(select(table).where(table.id.in_([each for each in ids if each is not None])))}
