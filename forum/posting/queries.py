"""Reads that only the pages of a discussion need: names of what stands elsewhere, each for a whole page at once."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.accounts.models import Account
from forum.articles.models import Article
from forum.comments.models import Comment
from forum.comments.states import State


@dataclass(frozen=True)
class ArticleLink:
    """An article as a link: its title and its page here. ``part`` is its place in a series."""

    title: str
    page: str
    part: int | None


def links_of_articles(session: Session, ids: Collection[int]) -> dict[int, ArticleLink]:
    """Return the articles with these ids as links."""
    rows = session.execute(select(Article.id, Article.title, Article.slug, Article.part).where(Article.id.in_(ids)))
    return {article_id: ArticleLink(title, f"/a/{slug}", part) for article_id, title, slug, part in rows}


def handles_of_writers(session: Session, comment_ids: Collection[int]) -> dict[int, str]:
    """Return who wrote each of these comments; erased ones, and those of former members and guests, are left out."""
    if not comment_ids:
        return {}
    rows = session.execute(
        select(Comment.id, Account.handle)
        .join(Account, Account.id == Comment.author_id)
        .where(Comment.id.in_(comment_ids), Comment.state != State.ERASED.value, Account.left_at.is_(None), Account.is_guest.is_(False))
    )
    return dict(rows.all())
