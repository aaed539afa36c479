"""Reads of feeds: the newest comments that everybody may read – of a site, an article, a thread, in answer to a person – and what they answer."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select, text
from sqlalchemy.orm import Session

from forum.accounts.actions import hash_secret
from forum.accounts.models import Account
from forum.articles.models import Article
from forum.comments.models import LISTED_REPLY, Comment
from forum.comments.queries import Row, with_writer
from forum.comments.states import State
from forum.notifications.models import Subscriber

SHOWN = 50
# Answers are looked for below so many of a person's newest comments that have any.
ANSWERED_LOOKED_AT = 500


@dataclass(frozen=True)
class Above:
    """What a feed must know of an article or a comment that its entries answer."""

    title: str
    page: str
    created_at: datetime


def list_newest_of_site(session: Session, site_id: int) -> list[Row]:
    """Return the site's newest comments that everybody may read."""
    newest = select(Comment.id).where(Comment.site_id == site_id, _is_readable()).order_by(Comment.published_at.desc(), Comment.id.desc())
    return _rows(session, session.scalars(newest.limit(SHOWN)).all())


def list_newest_of_article(session: Session, article_id: int) -> list[Row]:
    """Return the article's newest comments that everybody may read."""
    newest = select(Comment.id).where(Comment.article_id == article_id, _is_readable())
    newest = newest.order_by(Comment.published_at.desc(), Comment.id.desc())
    return _rows(session, session.scalars(newest.limit(SHOWN)).all())


def list_newest_of_thread(session: Session, root_id: int) -> list[Row]:
    """Return the thread's newest comments that everybody may read, its first one among them where there is room."""
    # By id, which the index of a thread has; one that was held for long is found by its number all the same, as long as fewer than these are newer.
    newest = select(Comment.id).where(Comment.root_id == root_id, text(LISTED_REPLY), _is_readable())
    ids = session.scalars(newest.order_by(Comment.id.desc()).limit(SHOWN)).all()
    first = session.scalars(select(Comment.id).where(Comment.id == root_id, _is_readable())).all()
    return _rows(session, [*ids, *first][:SHOWN])


def list_answers_to(session: Session, account_id: int) -> list[Row]:
    """Return the newest comments that everybody may read and by which others answer a person's comments."""
    answered = select(Comment.id).where(Comment.author_id == account_id, Comment.reply_count > 0).order_by(Comment.id.desc())
    own = session.scalars(answered.limit(ANSWERED_LOOKED_AT)).all()
    # Given the ids themselves, and with OFFSET 0, PostgreSQL looks them up; else it reads everybody's comments, or walks back through them until it has met so many.
    answers = select(Comment.id).where(Comment.parent_id.in_(own), Comment.author_id != account_id, _is_readable()).offset(0).subquery()
    return _rows(session, session.scalars(select(answers.c.id).order_by(answers.c.id.desc()).limit(SHOWN)).all())


def find_owner(session: Session, secret: str) -> Account | None:
    """Return whose private feed a secret opens, or None: nobody's, or that of somebody who is leaving."""
    owner = select(Account).join(Subscriber, Subscriber.account_id == Account.id)
    return session.scalar(owner.where(Subscriber.feed_hash == hash_secret(secret), Account.left_at.is_(None), Account.leaving_at.is_(None)))


def has_feed(session: Session, account_id: int) -> bool:
    """Whether a person has a private feed."""
    mine = select(Subscriber.id).where(Subscriber.account_id == account_id, Subscriber.feed_hash.is_not(None))
    return session.scalar(mine) is not None


def articles_above(session: Session, ids: Collection[int]) -> dict[int, Above]:
    """Return the articles with these ids."""
    rows = session.execute(select(Article.id, Article.title, Article.slug, Article.created_at).where(Article.id.in_(ids)))
    return {article_id: Above(title, f"/a/{slug}", created_at) for article_id, title, slug, created_at in rows}


def comments_above(session: Session, ids: Collection[int]) -> dict[int, Above]:
    """Return the comments with these ids, without a word of them."""
    rows = session.execute(select(Comment.id, Comment.created_at).where(Comment.id.in_(ids)))
    return {comment_id: Above("", f"/c/{comment_id}", created_at) for comment_id, created_at in rows}


def _is_readable() -> ColumnElement[bool]:
    return Comment.state == State.VISIBLE.value


def _rows(session: Session, ids: Sequence[int]) -> list[Row]:
    # Whole rows by their ids: the first read needs the index alone, and nothing of what it passes over.
    found = session.execute(with_writer().where(Comment.id.in_(ids))).all() if ids else []
    return sorted(((row[0], row[1]) for row in found), key=lambda row: (row[0].published_at or row[0].created_at, row[0].id), reverse=True)
