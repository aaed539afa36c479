"""Which comments wait for an author, in the order in which they are to be read: doubts first, then by the score of product design D.

The rule: the order is exact within a window of the most urgent by what is stored; the rest of the score, the clock's and the writer's, is added there. Windows
follow each other, so that everything that waits is reached, and each costs index ranges and never an article.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, text, union_all
from sqlalchemy.orm import Session

from forum.accounts.models import Account
from forum.articles.models import Article
from forum.comments.attention import VERIFIED
from forum.comments.models import WAITING, Comment
from forum.comments.stance import Stance
from forum.db.paging import first_after
from forum.posting.models import Continuation

# The first group is what the desk is for: doubt that nobody has answered.
GROUPS: tuple[Stance | None, ...] = (Stance.SKEPTICISM, Stance.DISAGREEMENT, None, Stance.AGREEMENT, Stance.ENCOURAGEMENT)
WINDOW = 500
COUNTED_MOST = 1000
AGING_DAYS, AGING_SHARE = 14, 7
_KEY = (Comment.desk_rank.expression, Comment.published_at.expression, Comment.id.expression)
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
    """Where a page begins: all pages of one walk reckon with the same ``moment``. ``window``: the stored key before the present window; ``after``: the last key shown in it."""

    moment: datetime
    group: int = 0
    window: tuple[Any, ...] = ()
    after: tuple[float, int] | None = None

    def write(self) -> list[Any]:
        """Return the place as the values of a cursor."""
        return [self.moment, self.group, self.after is not None, *(self.after or ()), *self.window]


def read_place(values: Sequence[Any]) -> Place:
    """Return the place that ``Place.write`` wrote."""
    moment, group, has_after, *rest = values
    after, window = (tuple(rest[:2]), rest[2:]) if has_after else (None, rest)
    return Place(moment, group, tuple(window), after)


def score_of(desk_rank: float, published_at: datetime, *, verified: bool, at: datetime) -> float:
    """Return how urgently a comment waits: what is stored, ½ for a verified writer, and min(days, 14)/7."""
    days = max((at - published_at) / timedelta(days=1), 0.0)
    return -desk_rank + (VERIFIED if verified else 0.0) + min(days, AGING_DAYS) / AGING_SHARE


def list_waiting(
    session: Session, articles: Sequence[Article], place: Place, *, limit: int, only: int | None = None
) -> tuple[list[Waiting], Place | None]:
    """Return at most ``limit`` comments that wait from ``place`` on, and where the next page begins, or None. ``only``: the one group wanted."""
    found: list[Waiting] = []
    at = place if only is None or place.group == only else Place(place.moment, only)
    while articles:
        rows = _read_window(session, articles, at)
        scored = [
            Waiting(row.id, at.group, score_of(row.desk_rank, row.published_at, verified=row.verified, at=at.moment))
            for row in rows[:WINDOW]
        ]
        rest = sorted((one for one in scored if at.after is None or one.key > at.after), key=lambda one: one.key)
        room = limit - len(found)
        found += rest[:room]
        if len(rest) > room:
            return found, replace(at, after=found[-1].key) if room else at
        if len(rows) > WINDOW:
            last = rows[WINDOW - 1]
            at = Place(at.moment, at.group, (last.desk_rank, last.published_at, last.id))
        elif only is None and at.group + 1 < len(GROUPS):
            at = Place(at.moment, at.group + 1)
        else:
            break
    return found, None


def count_waiting(session: Session, articles: Sequence[Article], moment: datetime) -> dict[Stance | None, int]:
    """Return how many comments wait by stance, counted to 1,000 for each article: more are as many."""
    if not articles:
        return {}
    parts = [
        select(Comment.stance).where(*_waits(article, moment)).order_by(*_AS_INDEXED).limit(COUNTED_MOST).subquery() for article in articles
    ]
    stances = union_all(*(select(part.c.stance) for part in parts)).subquery()
    rows = session.execute(select(stances.c.stance, func.count()).group_by(stances.c.stance))
    return {Stance(stance) if stance else None: count for stance, count in rows}


def has_waiting() -> ColumnElement[bool]:
    """Return the condition on an article that anything may wait there; one look into the index."""
    # Not EXISTS: that PostgreSQL may turn round and read everything that waits anywhere.
    one = select(Comment.id).where(Comment.article_id == Article.id, text(WAITING)).order_by(*_AS_INDEXED).limit(1)
    return one.scalar_subquery().is_not(None)


def is_due(moment: datetime) -> ColumnElement[bool]:
    """Return the condition that a comment was not set aside until later than ``moment``."""
    return or_(Comment.attention.is_(None), Comment.attention_until <= moment)


def _waits(article: Article, moment: datetime) -> tuple[ColumnElement[bool], ...]:
    # What a later part of the series answers does not wait in this one: the mark is what its author decided.
    is_continued = exists().where(Continuation.comment_id == Comment.id)
    here = and_(Comment.article_id == article.id, text(WAITING))
    return here, is_due(moment), Comment.author_id.not_in(article.author_ids), ~is_continued


def _read_window(session: Session, articles: Sequence[Article], place: Place) -> Sequence[Any]:
    stance = GROUPS[place.group]
    wanted = Comment.stance.is_(None) if stance is None else Comment.stance == stance.value
    parts = []
    for article in articles:
        ids = select(Comment.id).where(*_waits(article, place.moment), wanted)
        parts.append(first_after(session, ids, _KEY, place.window, descending=False, limit=WINDOW + 1).subquery())
    every = union_all(*(select(part.c.id) for part in parts)).subquery()
    rows = select(Comment.id, Comment.desk_rank, Comment.published_at, Account.verified).join(Account, Account.id == Comment.author_id)
    return session.execute(rows.where(Comment.id.in_(select(every.c.id))).order_by(*_KEY).limit(WINDOW + 1)).all()
