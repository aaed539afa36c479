"""Reads of the author's desk beside what waits: whose articles, what was answered, what was set aside and by whom, templates of replies."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, text, union_all
from sqlalchemy.orm import Session, aliased

from forum.accounts.models import Account
from forum.articles.models import Article, ArticleAuthor
from forum.comments.attention import Attention
from forum.comments.models import IS_ATTENDED, Comment
from forum.comments.queries import Row, with_writer
from forum.comments.states import State
from forum.desk.models import AttentionEvent, ReplyTemplate
from forum.refusals import not_found
from forum.sentences import sentence

# A page of the desk looks into so many articles at once; those with the newest discussion come first, and each can be asked for by itself.
MOST_ARTICLES = 50
MOST_NAMED = 100


@dataclass(frozen=True)
class Answered:
    """A reply by an author, and what it answers."""

    reply: Row
    comment: Row


@dataclass(frozen=True)
class Attended:
    """What an author decided about a comment instead of answering: who, and when."""

    handle: str | None
    display_name: str
    at: datetime


def is_mine(account_id: int) -> ColumnElement[bool]:
    """Return the condition that an article is this author's."""
    mine = select(ArticleAuthor.article_id).where(ArticleAuthor.account_id == account_id)
    return and_(Article.id.in_(mine), Article.merged_into_id.is_(None))


def list_own_articles(session: Session, account_id: int) -> list[Article]:
    """Return an author's articles, newest discussion first, at most 100."""
    mine = select(Article).where(is_mine(account_id)).order_by(Article.last_activity_at.desc(), Article.id.desc())
    return list(session.scalars(mine.limit(MOST_NAMED)))


def list_articles_with(session: Session, account_id: int, condition: ColumnElement[bool], *, only: int | None) -> list[Article]:
    """Return those of an author's articles that fit ``condition``, newest discussion first, at most 50; ``only``: none but this one."""
    mine = select(Article).where(is_mine(account_id), condition if only is None else Article.id == only)
    return list(session.scalars(mine.order_by(Article.last_activity_at.desc(), Article.id.desc()).limit(MOST_ARTICLES)))


def has_attended() -> ColumnElement[bool]:
    """Return the condition on an article that something was set aside there; one look into the index."""
    one = select(Comment.id).where(Comment.article_id == Article.id, text(IS_ATTENDED)).order_by(Comment.id).limit(1)
    return one.scalar_subquery().is_not(None)


def list_set_aside(
    session: Session, articles: Sequence[Article], moment: datetime, *, before_id: int | None, limit: int
) -> tuple[list[int], int | None]:
    """Return the ids of comments that were thanked for, need no reply or wait until later, newest first, and the id before which the next page begins."""
    if not articles:
        return [], None
    parts = []
    for article in articles:
        ids = select(Comment.id).where(Comment.article_id == article.id, text(IS_ATTENDED), *_is_set_aside(moment))
        ids = ids.where(Comment.author_id.not_in(article.author_ids))
        parts.append(_before(ids, Comment.id.expression, before_id, limit).subquery())
    every = union_all(*(select(part.c.id) for part in parts)).subquery()
    found = session.scalars(select(every.c.id).order_by(every.c.id.desc()).limit(limit + 1)).all()
    return list(found[:limit]), found[limit - 1] if len(found) > limit else None


def _is_set_aside(moment: datetime) -> tuple[ColumnElement[bool], ...]:
    stays = or_(Comment.attention != Attention.LATER.value, Comment.attention_until > moment)
    return Comment.state == State.VISIBLE.value, Comment.author_replied.is_(False), stays


def list_answered(
    session: Session, account_id: int, *, only: int | None, before_id: int | None, limit: int
) -> tuple[list[Answered], int | None]:
    """Return what the authors of one's articles have answered, newest answer first, and the id of the answer before which the next page begins.

    Read from the authors' own comments, of which there are few; whatever is hidden on either side is left out.
    """
    other = aliased(ArticleAuthor)
    mine = select(other.article_id).where(other.account_id == account_id)
    theirs = select(ArticleAuthor.account_id).where(ArticleAuthor.article_id.in_(mine)).distinct()
    authors = session.scalars(theirs if only is None else theirs.where(ArticleAuthor.article_id == only)).all()
    answered = aliased(Comment)
    by_authors = select(ArticleAuthor.account_id).where(ArticleAuthor.article_id == answered.article_id)
    parts = []
    for author_id in authors:
        ids = select(Comment.id).join(answered, answered.id == Comment.parent_id)
        ids = ids.where(Comment.author_id == author_id, Comment.state == State.VISIBLE.value, Comment.article_id.in_(mine))
        # Only what somebody wrote on an article that is theirs is an author's answer.
        ids = ids.where(select(other.account_id).where(other.article_id == Comment.article_id, other.account_id == author_id).exists())
        ids = ids.where(answered.state == State.VISIBLE.value, answered.author_id.not_in(by_authors))
        ids = ids.where(Comment.article_id == only) if only is not None else ids
        parts.append(_before(ids, Comment.id.expression, before_id, limit).subquery())
    if not parts:
        return [], None
    every = union_all(*(select(part.c.id) for part in parts)).subquery()
    found = session.scalars(select(every.c.id).order_by(every.c.id.desc()).limit(limit + 1)).all()
    replies = rows_by_id(session, found[:limit])
    comments = rows_by_id(session, {row[0].parent_id for row in replies.values() if row[0].parent_id})
    pairs = [Answered(replies[reply_id], comments[replies[reply_id][0].parent_id or 0]) for reply_id in found[:limit]]
    return pairs, found[limit - 1] if len(found) > limit else None


def _before(ids: Select[int], column: ColumnElement[int], before_id: int | None, limit: int) -> Select[int]:
    ids = ids if before_id is None else ids.where(column < before_id)
    return ids.order_by(column.desc()).limit(limit + 1)


def articles_by_id(session: Session, ids: Collection[int]) -> dict[int, Article]:
    """Return these articles with their authors, in two reads."""
    return {article.id: article for article in session.scalars(select(Article).where(Article.id.in_(ids)))} if ids else {}


def rows_by_id(session: Session, ids: Collection[int]) -> dict[int, Row]:
    """Return these comments with their writers, in one read."""
    if not ids:
        return {}
    return {row[0].id: (row[0], row[1]) for row in session.execute(with_writer().where(Comment.id.in_(ids)))}


def attended_by(session: Session, comment_ids: Collection[int]) -> dict[int, Attended]:
    """Return who set each of these comments aside last, in one read."""
    if not comment_ids:
        return {}
    last = select(func.max(AttentionEvent.id)).where(AttentionEvent.comment_id.in_(comment_ids)).group_by(AttentionEvent.comment_id)
    events = select(AttentionEvent, Account).join(Account, Account.id == AttentionEvent.account_id).where(AttentionEvent.id.in_(last))
    return {
        event.comment_id: Attended(account.shown_handle, account.display_name, event.created_at)
        for event, account in session.execute(events)
    }


def list_templates(session: Session, account_id: int) -> list[ReplyTemplate]:
    """Return an author's templates of replies, oldest first."""
    return list(session.scalars(select(ReplyTemplate).where(ReplyTemplate.account_id == account_id).order_by(ReplyTemplate.id)))


def get_template(session: Session, account_id: int, template_id: int) -> ReplyTemplate:
    """Return one of an author's own templates. Raises Refusal ``not-found``."""
    template = session.get(ReplyTemplate, template_id)
    if template is None or template.account_id != account_id:
        raise not_found(sentence("template"))
    return template


def list_held(session: Session, account_id: int) -> list[dict[str, Any]]:
    """Return what the desk holds of an account: templates, and what was decided about comments."""
    events = session.scalars(select(AttentionEvent).where(AttentionEvent.account_id == account_id).order_by(AttentionEvent.id))
    templates = [
        {"title": template.title, "body_md": template.body_md, "created_at": template.created_at}
        for template in list_templates(session, account_id)
    ]
    return templates + [
        {"comment_id": event.comment_id, "attention": event.attention, "until": event.until, "created_at": event.created_at}
        for event in events
    ]
