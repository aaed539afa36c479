"""Comments and articles as entries of feeds: only what everybody may read, from the structures that pages and programs get."""

from collections.abc import Sequence
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from forum.accounts.schemas import PersonOut
from forum.articles.models import Article
from forum.articles.present import present_articles
from forum.comments.models import Comment
from forum.comments.present import is_text_public, present_comment
from forum.comments.queries import Row
from forum.feeds.queries import Above, articles_above, comments_above
from forum.stances.words import STANCE_WORDS
from forum.text.atom import Answered, Entry, Writer, tag_id
from forum.text.elsewhere import for_elsewhere
from forum.text.excerpt import excerpt
from forum.web.context import settings

SUMMARY_LENGTH = 600


def present_comments(session: Session, rows: Sequence[Row]) -> list[Entry]:
    """Return comments as entries; two reads whatever their number. What is not for everybody is left out, whoever put it in."""
    articles = articles_above(session, {comment.article_id for comment, _writer in rows})
    parents = comments_above(session, {comment.parent_id for comment, _writer in rows if comment.parent_id is not None})
    return [_comment(row, articles, parents) for row in rows if is_text_public(row[0])]


def present_articles_as_entries(session: Session, articles: Sequence[Article]) -> list[Entry]:
    """Return articles as entries with their main claim, or the beginning of their text."""
    shown = present_articles(session, articles, with_text=True)
    return [
        Entry(
            id=id_of("a", about.id, article.created_at),
            title=about.title,
            page=about.page,
            updated=moment_of(article.created_at, article.id),
            published=moment_of(article.created_at, article.id),
            writers=[_writer(person) for person in about.authors],
            summary=about.main_claim or excerpt(about.body_html or "", length=SUMMARY_LENGTH),
        )
        for article, about in zip(articles, shown, strict=True)
    ]


def id_of(kind: str, row_id: int, since: datetime) -> str:
    """Return the lasting id of an article (``a``), a comment (``c``) or a feed."""
    return tag_id(settings().base_url, since, f"{kind}/{row_id}")


def moment_of(at: datetime, row_id: int) -> datetime:
    """Return when something happened, with a place inside its second, by its id, where only the second is known, as of what was imported.

    Feed readers take two entries of the very same time for one, or mix up their order (the W3C validator's rule DuplicateUpdated).
    """
    return at if at.microsecond else at.replace(microsecond=row_id % 1_000_000)


def _comment(row: Row, articles: dict[int, Above], parents: dict[int, Above]) -> Entry:
    comment: Comment = row[0]
    shown, about = present_comment(row, ()), articles[comment.article_id]
    published = moment_of(comment.published_at or comment.created_at, comment.id)
    edited = moment_of(comment.edited_at, comment.id) if comment.edited_at else published
    return Entry(
        id=id_of("c", shown.id, comment.created_at),
        title=_("%(name)s on “%(title)s”", name=shown.author.display_name if shown.author else "", title=about.title),
        page=shown.url,
        updated=max(published, edited),
        published=published,
        writers=[_writer(shown.author)] if shown.author else [],
        html=for_elsewhere(shown.body_html or "", settings().base_url),
        category=(shown.stance.value, str(STANCE_WORDS[shown.stance].noun)) if shown.stance else ("", ""),
        answered=_answered(comment, about, parents),
    )


def _answered(comment: Comment, article: Above, parents: dict[int, Above]) -> Answered:
    if comment.parent_id is None:
        return Answered(id_of("a", comment.article_id, article.created_at), article.page)
    parent = parents[comment.parent_id]
    return Answered(id_of("c", comment.parent_id, parent.created_at), parent.page)


def _writer(person: PersonOut) -> Writer:
    return Writer(person.display_name, f"/u/{person.handle}" if person.handle and not person.is_guest else "")
