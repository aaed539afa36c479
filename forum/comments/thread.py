"""A page of a discussion: roots in an order, each with the first of its replies, or with filters the matches themselves.

Its cost is the page's, never the thread's: every order is an index over an article's roots, and the first K replies of each root are one index
range. The order of replies is always by id, which is the order of writing.

Order ``unanswered`` and filter ``answered=no`` agree with the author's desk: every thread that waits there is in the order's first group and every comment that
waits matches the filter, and nothing is in either that an author of the article wrote or has a visible reply below. What an author has set aside, thanked for or
marked as answered in a later part stays among them: it has no answer here that a reader could read. After the threads without an answer come those with one,
and last those that the authors began and nobody among them has answered.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, bindparam, case, or_, select, text, union_all
from sqlalchemy.orm import Session

from forum.accounts.models import Account
from forum.articles.models import Article, ArticleAuthor
from forum.comments.models import LISTED_REPLY, LISTED_ROOT, Comment
from forum.comments.queries import Row, list_ancestors, with_writer
from forum.comments.stance import Stance
from forum.comments.states import State
from forum.db.paging import first_after

DOMINANT_MINIMUM = 3
# In so few comments of an article its authors' own are looked for one by one.
FEW_ROOTS = 500
# What the first value of a key is in an order whose ``own_last`` holds: 0 has no answer, 1 has one, 2 is an author's own without one.
_OWN = 2


@dataclass(frozen=True)
class Order:
    """A sort order: its columns, each ascending (False) or descending (True); the last is always the id.

    ``own_last``: what an author of the article wrote and none of them has answered comes after everything else, for the first column says who waits.
    """

    columns: tuple[str, ...]
    descending: bool
    own_last: bool = False

    @property
    def key(self) -> tuple[ColumnElement[Any], ...]:
        """The columns as they stand in a query."""
        return tuple(getattr(Comment, name).expression for name in self.columns)

    def key_among(self, author_ids: Sequence[int]) -> tuple[ColumnElement[Any], ...]:
        """The key of comments among which some are by these authors of the article."""
        if not self.own_last:
            return self.key
        standing = case((Comment.author_replied, 1), (Comment.author_id.in_(author_ids), _OWN), else_=0)
        return standing, *self.key[1:]

    def values_of(self, comment: Comment, author_ids: Sequence[int]) -> tuple[Any, ...]:
        """Return the key of one comment."""
        values = tuple(getattr(comment, name) for name in self.columns)
        if not self.own_last:
            return values
        return (_OWN if comment.author_id in author_ids and not comment.author_replied else int(comment.author_replied)), *values[1:]


ORDERS: dict[str, Order] = {
    "oldest": Order(("published_at", "id"), False),
    "newest": Order(("published_at", "id"), True),
    "active": Order(("activity_at", "id"), True),
    "most_tagged": Order(("tag_n", "id"), True),
    "most_valued": Order(("score_valued", "id"), True),
    "most_contested": Order(("score_contested", "id"), True),
    "unanswered": Order(("author_replied", "doubt_rank", "published_at", "id"), False, own_last=True),
}


@dataclass(frozen=True)
class Filters:
    """What a match must be; None asks nothing. ``viewer_id`` is who ``by=me`` means."""

    stance: Stance | None = None
    tagged: Stance | None = None
    by: str | None = None
    answered: str | None = None
    viewer_id: int | None = None

    @property
    def is_any(self) -> bool:
        """Whether anything is asked."""
        return bool(self.stance or self.tagged or self.by or self.answered)


@dataclass(frozen=True)
class Item:
    """A root with the beginning of its thread, or a match with what it answers."""

    row: Row
    replies: Sequence[Row] = ()
    shown: int = 0
    context: Sequence[Row] = ()


@dataclass(frozen=True)
class ThreadPage:
    """A page's items and where the next begins: (leads already shown, sort key or empty), or None at the end."""

    items: Sequence[Item]
    next_place: tuple[int, tuple[Any, ...]] | None
    filters: Filters = field(default_factory=Filters)


def read_roots(
    session: Session, article: Article, *, order: Order, place: tuple[int, Sequence[Any]], limit: int, replies: int
) -> ThreadPage:
    """Return a page of roots from ``place`` on: pinned and featured ones first in every order, then the rest by the order's key."""
    leads_shown, key = place
    found: list[Row] = []
    leads: list[Row] = []
    if not key:
        # Whether a lead is listed is asked below and not of the database: without statistics PostgreSQL would take the index of all roots.
        leads = [(comment, account) for comment, account in session.execute(_LEADS, {"article_id": article.id}).all() if comment.listed]
        found = leads[leads_shown : leads_shown + limit]
    if len(found) < limit or not leads[leads_shown + limit :]:
        found = found + _read_others(session, article, order, key, limit + 1 - len(found))
    rows = found[:limit]
    by_root = _read_replies(session, [comment.id for comment, _ in rows], replies) if replies else {}
    items = [Item(row, by_root.get(row[0].id, ()), len(by_root.get(row[0].id, ()))) for row in rows]
    more = len(found) > limit or leads_shown + limit < len(leads)
    if not more or not rows:
        return ThreadPage(items, None)
    last = rows[-1][0]
    return ThreadPage(items, (leads_shown + len(rows), ()) if last.lead else (len(leads), order.values_of(last, article.author_ids)))


def read_matches(session: Session, article: Article, filters: Filters, *, order: Order, key: Sequence[Any], limit: int) -> ThreadPage:
    """Return a page of the visible comments that match, at any depth, each with its ancestors."""
    statement = select(Comment.id).where(
        Comment.article_id == article.id, Comment.state == State.VISIBLE.value, *_conditions(filters, article)
    )
    found = _in_order(session, statement, order.key_among(article.author_ids), key, descending=order.descending, limit=limit + 1)
    rows = found[:limit]
    above = list_ancestors(session, [comment for comment, _ in rows])
    items = [Item(row, context=above.get(row[0].id, ())) for row in rows]
    return ThreadPage(items, (0, order.values_of(rows[-1][0], article.author_ids)) if len(found) > limit else None, filters)


def _conditions(filters: Filters, article: Article) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.stance:
        conditions.append(Comment.stance == filters.stance)
    if filters.tagged:
        count = getattr(Comment, f"tag_{filters.tagged}")
        conditions += [Comment.tag_n >= DOMINANT_MINIMUM, count * 2 >= Comment.tag_n]
    if filters.by == "author":
        conditions.append(Comment.author_id.in_(article.author_ids))
    elif filters.by == "verified":
        conditions.append(Comment.author_id.in_(select(Account.id).where(Account.verified.is_(True))))
    elif filters.by == "me":
        conditions.append(Comment.author_id == filters.viewer_id)
    if filters.answered == "no":
        conditions += [Comment.author_replied.is_(False), Comment.author_id.not_in(article.author_ids)]
    return conditions


def _read_others(session: Session, article: Article, order: Order, key: Sequence[Any], limit: int) -> list[Row]:
    if not order.own_last:
        return _read_range(session, article, order, key, limit)
    found: list[Row] = []
    own_after = key[-1] if key and key[0] == _OWN else 0
    if not own_after:
        found = _read_range(session, article, order, [bool(key[0]), *key[1:]] if key else (), limit)
    return found + _read_own(session, article, own_after, limit - len(found)) if len(found) < limit else found


def _read_range(session: Session, article: Article, order: Order, key: Sequence[Any], limit: int) -> list[Row]:
    if key:
        others = _others(order, article.id)
        return _in_order(session, others, order.key, key, descending=order.descending, limit=limit)
    rows = session.execute(_first_others(order), {"article_id": article.id, "first": limit})
    return [(comment, account) for comment, account in rows.all()]


def _read_own(session: Session, article: Article, after_id: int, limit: int) -> list[Row]:
    """Return the roots by the article's authors that none of them has answered, asked for only where all others are shown.

    Read from the article's roots where these are few, else from what the authors have written: somebody may have written very much, elsewhere.
    """
    article_id, writer_id, row_id = Comment.article_id.expression, Comment.author_id.expression, Comment.id.expression
    # A sum keeps the planner off an index, and off reading the whole table in the order of ids.
    if article.comment_count > FEW_ROOTS:
        article_id = article_id + 0
    else:
        writer_id, row_id = writer_id + 0, row_id + 0
    parts = []
    for author_id in article.author_ids:
        here = (article_id == article.id, text(LISTED_ROOT), Comment.lead == 0, Comment.author_replied.is_(False))
        own = select(Comment.id).where(writer_id == author_id, row_id > after_id, *here)
        parts.append(own.order_by(row_id).limit(limit).subquery())
    if not parts:
        return []
    ids = union_all(*(select(part.c.id) for part in parts)).subquery()
    rows = session.execute(with_writer().where(Comment.id.in_(select(ids.c.id))).order_by(Comment.id).limit(limit))
    return [(comment, account) for comment, account in rows.all()]


def _others(order: Order, article_id: Any) -> Select[int]:
    others = select(Comment.id).where(Comment.article_id == article_id, text(LISTED_ROOT), Comment.lead == 0)
    if not order.own_last:
        return others
    by_authors = select(ArticleAuthor.account_id).where(ArticleAuthor.article_id == article_id)
    return others.where(or_(Comment.author_replied, Comment.author_id.not_in(by_authors)))


def _in_order(
    session: Session, ids: Select[int], columns: Sequence[ColumnElement[Any]], key: Sequence[Any], *, descending: bool, limit: int
) -> list[Row]:
    found = first_after(session, ids, columns, key, descending=descending, limit=limit)
    by = [column.desc() if descending else column for column in columns]
    rows = session.execute(with_writer().where(Comment.id.in_(found)).order_by(*by).limit(limit))
    return [(comment, account) for comment, account in rows.all()]


def _read_replies(session: Session, root_ids: Sequence[int], limit: int) -> dict[int, list[Row]]:
    if not root_ids:
        return {}
    roots = {f"root{place}": root_id for place, root_id in enumerate(root_ids)}
    by_root: dict[int, list[Row]] = {}
    for comment, account in session.execute(_first_replies(len(root_ids)), {"first": limit, **roots}).all():
        by_root.setdefault(int(comment.root_id or 0), []).append((comment, account))
    return by_root


# Built once, as what follows is: to build a statement anew takes longer than to run it.
_LEADS = with_writer().where(Comment.article_id == bindparam("article_id"), text("lead > 0")).order_by(Comment.lead.desc(), Comment.id)


@cache
def _first_others(order: Order) -> Select[Comment, Account]:
    by = [column.desc() if order.descending else column for column in order.key]
    ids = _others(order, bindparam("article_id")).order_by(*by).limit(bindparam("first", type_=Integer)).subquery()
    statement = with_writer().where(Comment.id.in_(select(ids.c.id))).order_by(*by)
    return statement.limit(bindparam("first", type_=Integer))


@cache
def _first_replies(roots: int) -> Select[Comment, Account]:
    # Kept for each number of roots, of which a page has at most 50.
    # One bounded index range a root, in one statement: a window over all replies would read a whole thread to show ten of it.
    replies = select(Comment.id).where(text(LISTED_REPLY)).order_by(Comment.id).limit(bindparam("first", type_=Integer))
    parts = [replies.where(Comment.root_id == bindparam(f"root{place}")).subquery() for place in range(roots)]
    ids = union_all(*(select(part.c.id) for part in parts)).subquery()
    return with_writer().where(Comment.id.in_(select(ids.c.id))).order_by(Comment.id)
