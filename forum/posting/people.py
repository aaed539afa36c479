"""What a discussion must do when a person changes: every page that shows the name is a new version."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.articles.actions import raise_versions
from forum.articles.models import ArticleAuthor
from forum.comments.queries import articles_of_writer


def refresh_pages_of(session: Session, account_id: int) -> None:
    """Raise the version of every article that the person wrote or commented on."""
    written = session.scalars(select(ArticleAuthor.article_id).where(ArticleAuthor.account_id == account_id))
    raise_versions(session, sorted({*written, *articles_of_writer(session, account_id)}))
