"""Which comments wait for an author, in the order in which they are to be read: doubts first, then by the score of product design D.

The rule: the order is exact within a window of the most urgent by what is stored; the rest of the score, the clock's and the writer's, is added there. Windows
follow each other, so that everything that waits is reached, and each costs index ranges and never an article. Into which of somebody's articles is looked, the
very conditions decide by which comments are listed (``_waits``): one look into the index for each article and group. A window reads the articles whose first
comments are most urgent, and of these as much as nothing elsewhere can come before.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, literal_column, select, text, tuple_, union_all
from sqlalchemy.orm import Session, aliased

from forum.accounts.models import Account
from forum.articles.models import Article, ArticleAuthor
from forum.comments.attention import VERIFIED
from forum.comments.models import WAITING, Comment
from forum.comments.stance import Stance
from forum.db.paging import first_after
from forum.desk.queries import is_due, is_mine
from forum.posting.series_queries import is_not_continued

# The first group is what the desk is for: doubt that nobody has answered.
GROUPS: tuple[Stance | None, ...] = (Stance.SKEPTICISM, Stance.DISAGREEMENT, None, Stance.AGREEMENT, Stance.ENCOURAGEMENT)
WINDOW = 500
# So many articles are read in one statement, and so many comments of a group are counted.
MOST_ARTICLES = 50
COUNTED_MOST = 500
AGING_DAYS, AGING_SHARE = 14, 7
_KEY: tuple[ColumnElement[Any], ...] = (Comment.desk_rank.expression, Comment.published_at.expression, Comment.id.expression)
# Told to stop early, PostgreSQL would read the table until enough are found; in this order only the index has them.
_AS_INDEXED = (Comment.stance.expression, *_KEY)


@dataclass(frozen=True)
class Waiting:
    """A comment that waits: its place among ``GROUPS``, its score, the higher the more urgent."""

    id: int
    group: int
    score: float

    @property
    def key(self) -> tuple[float, int]:
        """What orders a group: the score, the oldest comment first where it is equal."""
        return -self.score, self.id


@dataclass(frozen=True)
class Place:
    """Where a page begins: all pages of one walk reckon with the same ``moment``.

    ``window``: the stored key before the present window; ``end``: the last one in it, empty where nothing follows it; ``after``: the last key shown in it.
    """

    moment: datetime
    group: int = 0
    window: tuple[Any, ...] = ()
    end: tuple[Any, ...] = ()
    after: tuple[float, int] | None = None

    def write(self) -> list[Any]:
        """Return the place as the values of a cursor."""
        return [self.moment, self.group, len(self.window), *self.window, len(self.end), *self.end, *(self.after or ())]


def read_place(values: Sequence[Any]) -> Place:
    """Return the place that ``Place.write`` wrote."""
    moment, group, length, *rest = values
    window, (ends, *rest) = rest[:length], rest[length:]
    end, after = rest[:ends], rest[ends:]
    return Place(moment, group, tuple(window), tuple(end), (after[0], after[1]) if after else None)


@dataclass(frozen=True)
class OwnArticle:
    """An article in which something waits; ``is_part``: of a series, so that a later part may answer it."""

    id: int
    author_ids: Sequence[int]
    is_part: bool


@dataclass(frozen=True)
class Desk:
    """Somebody's desk at a moment. ``articles``: by group, those of their articles in which any comment of the group waits, by their ids."""

    account_id: int
    moment: datetime
    articles: Sequence[Sequence[OwnArticle]]


def open_desk(session: Session, account_id: int, moment: datetime, *, only: int | None = None) -> Desk:
    """Find out in which of an author's articles (``only``: in this one) anything waits, with one look into the index for each and each group."""
    firsts = [_first(group, moment).label(f"first_{group}") for group in range(len(GROUPS))]
    mine = select(Article.id, Article.series_id, Article.part, *firsts).where(is_mine(account_id)).order_by(Article.id)
    rows = session.execute(mine if only is None else mine.where(Article.id == only)).all()
    authors: dict[int, list[int]] = {}
    for article_id, author_id in session.execute(_authors_of(account_id)):
        authors.setdefault(article_id, []).append(author_id)
    known = {row.id: OwnArticle(row.id, authors[row.id], row.series_id is not None and row.part is not None) for row in rows}
    return Desk(
        account_id, moment, [[known[row.id] for row in rows if row[group - len(GROUPS)] is not None] for group in range(len(GROUPS))]
    )


def _authors_of(account_id: int) -> Select[int, int]:
    mine = select(ArticleAuthor.article_id).where(ArticleAuthor.account_id == account_id)
    every = aliased(ArticleAuthor)
    return select(every.article_id, every.account_id).where(every.article_id.in_(mine))


def score_of(desk_rank: float, published_at: datetime, *, verified: bool, at: datetime) -> float:
    """Return how urgently a comment waits: what is stored, ½ for a verified writer, and min(days, 14)/7."""
    days = max((at - published_at) / timedelta(days=1), 0.0)
    return -desk_rank + (VERIFIED if verified else 0.0) + min(days, AGING_DAYS) / AGING_SHARE


def list_waiting(session: Session, desk: Desk, place: Place, *, limit: int, only: int | None = None) -> tuple[list[Waiting], Place | None]:
    """Return at most ``limit`` comments that wait from ``place`` on, and where the next page begins, or None. ``only``: the one group wanted."""
    found: list[Waiting] = []
    at = place if only is None or place.group == only else Place(place.moment, only)
    while True:
        rows, at = _read_window(session, desk, at)
        scored = [Waiting(row.id, at.group, score_of(row.desk_rank, row.published_at, verified=row.verified, at=at.moment)) for row in rows]
        rest = sorted((one for one in scored if at.after is None or one.key > at.after), key=lambda one: one.key)
        room = limit - len(found)
        found += rest[:room]
        if len(rest) > room:
            return found, replace(at, after=found[-1].key) if room else at
        if at.end:
            at = Place(at.moment, at.group, at.end)
        elif only is None and at.group + 1 < len(GROUPS):
            at = Place(at.moment, at.group + 1)
        else:
            return found, None


def count_waiting(session: Session, desk: Desk) -> list[int]:
    """Return how many comments wait by group, counted until there are more than 500: one more stands for whatever they are."""
    counts = [0] * len(GROUPS)
    places = [(group, article) for group in range(len(GROUPS)) for article in desk.articles[group]]
    while places:
        parts = []
        for group, article in places[:MOST_ARTICLES]:
            ids: Select[Any] = select(literal_column(str(group)).label("place")).where(*_waits_in(article, desk.moment), _is_in(group))
            parts.append(ids.order_by(*_AS_INDEXED).limit(COUNTED_MOST + 1).subquery())
        every = union_all(*(select(part.c.place) for part in parts)).subquery()
        for group, count in session.execute(select(every.c.place, func.count()).group_by(every.c.place)):
            counts[group] = min(counts[group] + count, COUNTED_MOST + 1)
        places = [(group, article) for group, article in places[MOST_ARTICLES:] if counts[group] <= COUNTED_MOST]
    return counts


def _waits(own: Any, moment: datetime) -> tuple[Any, ...]:
    """Return the conditions that a comment waits: readers see it, and no author wrote it (``own``: who these are), has answered it or has set it aside for longer."""
    return text(WAITING), is_due(moment), Comment.author_id.not_in(own)


def _waits_in(article: OwnArticle, moment: datetime) -> tuple[Any, ...]:
    here = (Comment.article_id == article.id, *_waits(article.author_ids, moment))
    # What a later part of the series answers does not wait in this one: the mark is what its author decided.
    return (*here, is_not_continued()) if article.is_part else here


def _is_in(group: int) -> ColumnElement[bool]:
    stance = GROUPS[group]
    return Comment.stance.is_(None) if stance is None else Comment.stance == stance.value


def _first(group: int, moment: datetime, *, after: Sequence[Any] = ()) -> Any:
    """Return, as a column of an article, the most urgent comment of a group that waits there, by what is stored, after a stored key."""
    by_authors = select(ArticleAuthor.account_id).where(ArticleAuthor.article_id == Comment.article_id)
    waits = (Comment.article_id == Article.id, *_waits(by_authors, moment), is_not_continued())
    found = select(Comment.id).where(*waits, _is_in(group))
    if after:
        found = found.where(tuple_(*_KEY) > tuple_(*(literal(value, column.type) for column, value in zip(_KEY, after, strict=True))))
    return found.order_by(*_AS_INDEXED).limit(1).scalar_subquery()


def _read_window(session: Session, desk: Desk, at: Place) -> tuple[Sequence[Any], Place]:
    """Return the rows of a window and its place, which knows by then where the window ends."""
    articles = desk.articles[at.group]
    if not articles:
        return (), replace(at, end=())
    bound: tuple[Any, ...] | None = None
    if len(articles) > MOST_ARTICLES:
        articles, bound = _most_urgent(session, desk, at)
    rows = _read_rows(session, desk, articles, at)
    inside = [row for row in rows[:WINDOW] if (bound is None or _key(row) < bound) and (not at.end or _key(row) <= at.end)]
    # The end is that of the first reading: where something has left the desk since, what moves up must not come before what was shown.
    is_cut = len(rows) > WINDOW or bound is not None
    return inside, replace(at, end=_key(inside[-1])) if is_cut and inside else at


def _most_urgent(session: Session, desk: Desk, at: Place) -> tuple[Sequence[OwnArticle], tuple[Any, ...] | None]:
    """Return the articles whose first comments after the window's beginning come first, and the stored key of the next one's: whatever is before it is theirs."""
    firsts = select(_first(at.group, desk.moment, after=at.window).label("id")).where(is_mine(desk.account_id)).subquery()
    rows = select(Comment.article_id, *_KEY).where(Comment.id.in_(select(firsts.c.id))).order_by(*_KEY).limit(MOST_ARTICLES + 1)
    found = session.execute(rows).all()
    first = {row.article_id for row in found[:MOST_ARTICLES]}
    articles = [article for article in desk.articles[at.group] if article.id in first]
    return articles, _key(found[MOST_ARTICLES]) if len(found) > MOST_ARTICLES else None


def _read_rows(session: Session, desk: Desk, articles: Sequence[OwnArticle], at: Place) -> Sequence[Any]:
    parts = []
    for article in articles:
        ids = select(Comment.id).where(*_waits_in(article, desk.moment), _is_in(at.group))
        parts.append(first_after(session, ids, _KEY, at.window, descending=False, limit=WINDOW + 1).subquery())
    if not parts:
        return ()
    every = union_all(*(select(part.c.id) for part in parts)).subquery()
    rows = select(Comment.id, Comment.desk_rank, Comment.published_at, Account.verified).join(Account, Account.id == Comment.author_id)
    return session.execute(rows.where(Comment.id.in_(select(every.c.id))).order_by(*_KEY).limit(WINDOW + 1)).all()


def _key(row: Any) -> tuple[Any, ...]:
    return row.desk_rank, row.published_at, row.id
