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
from forum.posting.series_queries import is_not_continued, list_answered_later
from forum.posting.series_schemas import ContinuationOut
from forum.refusals import not_found
from forum.sentences import sentence

MOST_NAMED = 100


@dataclass(frozen=True)
class Answered:
    """A comment with what answers it: a reply by an author, or the later part of the series that an author has named."""

    comment: Row
    reply: Row | None = None
    part: ContinuationOut | None = None


@dataclass(frozen=True)
class AnsweredPlace:
    """Where a page of what was answered begins: before this reply, and before this mark (its time, its comment)."""

    reply_id: int | None = None
    mark: tuple[datetime, int] | None = None

    def write(self) -> list[Any]:
        """Return the place as the values of a cursor."""
        return [self.reply_id, *(self.mark or ())]


def read_answered_place(values: Sequence[Any]) -> AnsweredPlace:
    """Return the place that ``AnsweredPlace.write`` wrote."""
    reply_id, *mark = values
    return AnsweredPlace(reply_id, (mark[0], mark[1]) if mark else None)


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


def is_own(session: Session, account_id: int, article_id: int) -> bool:
    """Return whether an article is this author's."""
    return session.scalar(select(Article.id).where(is_mine(account_id), Article.id == article_id)) is not None


def is_due(moment: datetime) -> ColumnElement[bool]:
    """Return the condition that a comment was not set aside until later than ``moment``."""
    return or_(Comment.attention.is_(None), Comment.attention_until <= moment)


def list_set_aside(
    session: Session, account_id: int, moment: datetime, *, only: int | None = None, before_id: int | None, limit: int
) -> tuple[list[int], int | None]:
    """Return the ids of comments that were thanked for, need no reply or wait until later, newest first, and the id before which the next page begins.

    As many articles are read as a page has comments: those whose newest one of these is newest.
    """
    newest = _before(_set_aside(Article.id.expression, moment), Comment.id.expression, before_id, 0)
    mine = select(Article.id, func.coalesce(newest.scalar_subquery(), 0).label("newest")).where(is_mine(account_id))
    mine = mine if only is None else mine.where(Article.id == only)
    found = session.execute(mine.order_by(text("newest DESC")).limit(limit + 1)).all()
    parts = [_before(_set_aside(row.id, moment), Comment.id.expression, before_id, limit).subquery() for row in found if row.newest]
    if not parts:
        return [], None
    every = union_all(*(select(part.c.id) for part in parts)).subquery()
    ids = session.scalars(select(every.c.id).order_by(every.c.id.desc()).limit(limit + 1)).all()
    return list(ids[:limit]), ids[limit - 1] if len(ids) > limit else None


def _set_aside(article_id: int | ColumnElement[int], moment: datetime) -> Select[int]:
    stays = or_(Comment.attention != Attention.LATER.value, Comment.attention_until > moment)
    by_authors = select(ArticleAuthor.account_id).where(ArticleAuthor.article_id == Comment.article_id)
    shown = (Comment.state == State.VISIBLE.value, Comment.author_replied.is_(False), Comment.author_id.not_in(by_authors))
    here = (Comment.article_id == article_id, text(IS_ATTENDED))
    return select(Comment.id).where(*here, *shown, stays, is_not_continued())


def list_answered(
    session: Session, account_id: int, *, only: int | None, place: AnsweredPlace, limit: int
) -> tuple[list[Answered], AnsweredPlace | None]:
    """Return what the authors of one's articles have answered, in a reply or in a later part, newest answer first, and where the next page begins, or None.

    Read from the authors' own comments and marks, of which there are few; whatever is hidden on either side is left out.
    """
    replies = _list_replies(session, account_id, only=only, before_id=place.reply_id, limit=limit)
    own = select(Article.id).where(is_mine(account_id))
    marks = list_answered_later(session, own if only is None else own.where(Article.id == only), before=place.mark, limit=limit + 1)
    parents = rows_by_id(session, {reply.parent_id for reply, _ in replies if reply.parent_id} | {mark.comment_id for mark in marks})
    found: list[Answered] = []
    while (replies or marks) and len(found) < limit:
        if replies and not (marks and marks[0].created_at > (replies[0][0].published_at or replies[0][0].created_at)):
            reply, *replies = replies
            found.append(Answered(parents[reply[0].parent_id or 0], reply=reply))
            place = AnsweredPlace(reply[0].id, place.mark)
        else:
            mark, *marks = marks
            found.append(Answered(parents[mark.comment_id], part=mark))
            place = AnsweredPlace(place.reply_id, (mark.created_at, mark.comment_id))
    return found, place if replies or marks else None


def _list_replies(session: Session, account_id: int, *, only: int | None, before_id: int | None, limit: int) -> list[Row]:
    """Return the newest ``limit`` + 1 replies before one by which authors of one's articles have answered somebody else's comments there."""
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
        return []
    every = union_all(*(select(part.c.id) for part in parts)).subquery()
    found = session.scalars(select(every.c.id).order_by(every.c.id.desc()).limit(limit + 1)).all()
    rows = rows_by_id(session, found)
    return [rows[reply_id] for reply_id in found]


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
