"""Reads of a series from one of its parts: the parts in order, what is open in the one before, which threads a later part answers.

Bounded, whatever the size of a discussion: open questions are a partial index of their own, the rest are the authors' own marks. What is shown of other parts
is of this series only, since an answer is kept by the version of this part and those before it (``articles.queries.versions_before``).
An author's mark counts as long as its part follows in the same series (``is_not_continued``): where one of the two leaves it, or is merged, the mark stays and says nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Integer, Select, and_, bindparam, func, literal_column, select, text, tuple_
from sqlalchemy.orm import Session, aliased

from forum.accounts.models import Account
from forum.articles.models import Article, ArticleAuthor
from forum.comments.models import OPEN_QUESTION, Comment
from forum.comments.present import present_stub
from forum.comments.queries import Row, with_writer
from forum.comments.schemas import Stub
from forum.comments.states import State
from forum.db.columns import Id
from forum.posting.models import Continuation
from forum.posting.series_schemas import AnsweredOut, ContinuationOut, PartOut, PartsOut, QuestionOut
from forum.text.excerpt import excerpt

MOST_PARTS, MOST_OPEN, MOST_ANSWERED = 100, 5, 50
EXCERPT = 60


@dataclass(frozen=True)
class Parts:
    """The parts of a series in order, and the neighbours of the one that is looked at; ``before`` as ``versions_before`` says it."""

    parts: Sequence[PartOut] = ()
    previous: PartOut | None = None
    next: PartOut | None = None
    before: int = 0


@dataclass(frozen=True)
class Threads:
    """What a part shows of threads and answers elsewhere. ``continued``: which of its own threads a later part answers, by their first comments."""

    open: Sequence[QuestionOut] = ()
    answered: Sequence[AnsweredOut] = ()
    continued: Mapping[int, ContinuationOut] = field(default_factory=dict)


def read_parts(session: Session, article: Article) -> Parts:
    """Return the parts of the article's series, at most 100; none where it belongs to no series. Only numbered parts have neighbours."""
    if article.series_id is None:
        return Parts()
    rows = session.execute(_PARTS, {"series_id": article.series_id}).all()
    parts = [_part(row[:-1]) for row in rows]
    if article.part is None:
        return Parts(parts)
    before = [part for part in parts if part.part is not None and part.part < article.part]
    after = [part for part in parts if part.part is not None and part.part > article.part]
    # In a series of more parts than are read it is another number, and what is made is not kept: none has so many.
    seen = sum(row.version for row in rows if row.part is not None and row.part < article.part)
    return Parts(parts, before[-1] if before else None, after[0] if after else None, seen)


def read_threads(session: Session, article: Article, parts: Parts, *, roots: Collection[int] | None = None) -> Threads:
    """Return what the part ``article`` shows of other parts' threads, and where its own are answered: all of them, or those of ``roots``."""
    return Threads(
        _list_open(session, parts.previous.id) if parts.previous else (),
        _list_answered(session, article) if parts.previous else (),
        find_continuations(session, article, roots) if parts.next else {},
    )


def find_continuations(session: Session, article: Article, roots: Collection[int] | None = None) -> dict[int, ContinuationOut]:
    """Return where threads of ``article`` are answered in later parts of its series, by their first comments: the newest 50, or those of ``roots``."""
    if article.series_id is None or article.part is None or (roots is not None and not roots):
        return {}
    here = {"series_id": article.series_id, "part": article.part}
    if roots is None:
        rows = session.execute(_CONTINUED_OF_ALL, here | {"article_id": article.id})
    else:
        rows = session.execute(_CONTINUED_OF_SOME, here | {"roots": list(roots)})
    return {comment_id: ContinuationOut(comment_id, _part(row), line, moment) for comment_id, line, moment, *row in rows.all()}


def is_not_continued() -> ColumnElement[bool]:
    """Return the condition on a comment that no later part of its article's series answers it; a look at one row by its key."""
    earlier, later = aliased(Article), aliased(Article)
    follows = and_(earlier.series_id == later.series_id, earlier.part < later.part)
    mark: Select[Any] = (
        select(literal_column("1")).select_from(Continuation).join(later, later.id == Continuation.article_id).join(earlier, follows)
    )
    mark = mark.where(Continuation.comment_id == Comment.id, earlier.id == Comment.article_id)
    # Not NOT EXISTS: that PostgreSQL may turn round and read every mark; and of what is unequal it expects, rightly, nearly all.
    return func.coalesce(mark.scalar_subquery(), literal_column("0")) != literal_column("1")


def list_answered_later(
    session: Session, articles: Select[int], *, before: tuple[datetime, int] | None, limit: int
) -> list[ContinuationOut]:
    """Return where readers' threads of ``articles`` are answered in later parts, the newest mark first, after the one of ``before`` (its time, its comment)."""
    earlier, later, other = aliased(Article), aliased(Article), aliased(Article)
    follows = and_(later.id == Continuation.article_id, later.series_id == earlier.series_id, later.part > earlier.part)
    order = (Continuation.created_at, Continuation.comment_id)
    marks = select(Continuation.comment_id, Continuation.line, Continuation.created_at, later.id, later.title, later.slug, later.part)
    # Found by the parts of these series, whose marks are few: the sum keeps SQLite from beginning with all comments of the articles.
    marks = marks.join(Comment, Comment.id == Continuation.comment_id).join(earlier, earlier.id == Comment.article_id.expression + 0)
    series = select(other.series_id).where(other.id.in_(articles), other.series_id.is_not(None))
    marks = marks.join(later, follows).where(Continuation.article_id.in_(select(Article.id).where(Article.series_id.in_(series))))
    by_authors = select(ArticleAuthor.account_id).where(ArticleAuthor.article_id == Comment.article_id)
    marks = marks.where(earlier.id.in_(articles), Comment.state == State.VISIBLE.value, Comment.author_id.not_in(by_authors))
    if before is not None:
        marks = marks.where(tuple_(*order) < before)
    rows = session.execute(marks.order_by(*(column.desc() for column in order)).limit(limit))
    return [ContinuationOut(comment_id, _part(row), line, moment) for comment_id, line, moment, *row in rows.all()]


def list_later_parts(session: Session, article: Article, account_id: int) -> list[PartOut]:
    """Return the parts after ``article`` in its series that this person is an author of as well, in order."""
    if article.series_id is None or article.part is None:
        return []
    theirs = select(ArticleAuthor.article_id).where(ArticleAuthor.account_id == account_id)
    later = _parts().where(Article.part > article.part, Article.id.in_(theirs))
    return [_part(row) for row in session.execute(later.limit(MOST_PARTS), {"series_id": article.series_id})]


def list_continuations(session: Session, account_id: int) -> list[dict[str, Any]]:
    """Return what a person has said of where threads are answered: for their own export, in one read."""
    columns = (Continuation.comment_id, Continuation.article_id, Continuation.line, Continuation.created_at)
    rows = session.execute(select(*columns).where(Continuation.account_id == account_id).order_by(Continuation.comment_id))
    return [dict(row) for row in rows.mappings()]


def present_parts(parts: Parts, threads: Threads) -> PartsOut:
    """Return a part among the others as a structure."""
    return PartsOut(
        list(parts.parts), parts.previous, parts.next, list(threads.open), list(threads.answered), list(threads.continued.values())
    )


def _part(row: Sequence[Any]) -> PartOut:
    article_id, title, slug, part = row
    return PartOut(article_id, title, f"/a/{slug}", part)


def _list_open(session: Session, article_id: int) -> list[QuestionOut]:
    rows = session.execute(_OPEN, {"article_id": article_id})
    return [QuestionOut(_line((comment, writer)), -comment.doubt_rank) for comment, writer in rows.all()]


def _list_answered(session: Session, article: Article) -> list[AnsweredOut]:
    rows = session.execute(_ANSWERED, {"article_id": article.id, "series_id": article.series_id, "part": article.part})
    return [AnsweredOut(_line((comment, writer)), line) for comment, writer, line in rows.all()]


def _line(row: Row) -> Stub:
    # Not the badge of an author: whoever wrote the earlier part asks no questions of it.
    return msgspec.structs.replace(present_stub(row, ()), excerpt=excerpt(row[0].body_html or "", length=EXCERPT))


# The statements are built once: to build one anew takes longer than to run it.
def _parts() -> Select[int, str, str, int | None]:
    # Databases do not agree on where a missing number stands.
    parts = select(Article.id, Article.title, Article.slug, Article.part).where(Article.series_id == bindparam("series_id", type_=Id))
    parts = parts.where(Article.merged_into_id.is_(None))
    return parts.order_by(Article.part.is_(None), Article.part, Article.id)


def _open_questions() -> Select[Comment, Account]:
    here = bindparam("article_id", type_=Id)
    order = (Comment.doubt_rank, Comment.published_at, Comment.id)
    asked = select(Comment.id).where(
        Comment.article_id == here,
        text(OPEN_QUESTION),
        Comment.author_id.not_in(select(ArticleAuthor.account_id).where(ArticleAuthor.article_id == here)),
        is_not_continued(),
    )
    ids = asked.order_by(*order).limit(MOST_OPEN).subquery()
    return with_writer().where(Comment.id.in_(select(ids.c.id))).order_by(*order)


def _answered_here() -> Select[Any]:
    earlier = select(Article.id).where(
        Article.series_id == bindparam("series_id", type_=Id), Article.part < bindparam("part", type_=Integer)
    )
    marked = with_writer().add_columns(Continuation.line).join(Continuation, Continuation.comment_id == Comment.id)
    here = Continuation.article_id == bindparam("article_id", type_=Id)
    shown = marked.where(here, Comment.article_id.in_(earlier), Comment.state == State.VISIBLE.value)
    return shown.order_by(Continuation.created_at, Comment.id).limit(MOST_ANSWERED)


def _continued() -> Select[int, str, datetime, int, str, str, int | None]:
    mark = (Continuation.comment_id, Continuation.line, Continuation.created_at)
    marks = select(*mark, Article.id, Article.title, Article.slug, Article.part).join(Article, Article.id == Continuation.article_id)
    later = (Article.series_id == bindparam("series_id", type_=Id), Article.part > bindparam("part", type_=Integer))
    return marks.join(Comment, Comment.id == Continuation.comment_id).where(*later, Comment.state == State.VISIBLE.value)


_PARTS = _parts().add_columns(Article.version).limit(MOST_PARTS)
_OPEN, _ANSWERED = _open_questions(), _answered_here()
_CONTINUED_OF_SOME = _continued().where(Continuation.comment_id.in_(bindparam("roots", expanding=True)))
_CONTINUED_OF_ALL = (
    _continued()
    .where(Comment.article_id == bindparam("article_id", type_=Id))
    .order_by(Continuation.created_at.desc())
    .limit(MOST_ANSWERED)
)
