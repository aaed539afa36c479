"""Reads of a whole discussion in parts: threads one after another, the oldest first, each comment after what it answers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from forum.articles.models import Article
from forum.comments.models import LISTED_REPLY, LISTED_ROOT, Comment
from forum.comments.queries import Row, is_listed, with_writer
from forum.comments.thread import ORDERS
from forum.db.paging import first_after

MOST = 2_000
_ORDER = ORDERS["oldest"]


class Place(NamedTuple):
    """Where a comment stands: its thread's place in the order of threads, and its id."""

    published_at: datetime
    root_id: int
    comment_id: int


@dataclass(frozen=True)
class Part:
    """Some comments that have a place in the listing, as text or as tombstones; and the last one's place where more follow, else None."""

    rows: Sequence[Row]
    next_place: Place | None


def read_part(session: Session, article: Article, after: Place | None, *, most: int = MOST) -> Part:
    """Return at most ``most`` comments of a discussion after a place, in five reads whatever their number; all parts together have each listed comment once."""
    # One more than is shown tells whether anything follows.
    places = list(_places(session, article, after, most + 1))[: most + 1]
    shown = places[:most]
    found = session.execute(with_writer().where(Comment.id.in_([place.comment_id for place in shown]), is_listed())).all()
    rows: dict[int, Row] = {row[0].id: (row[0], row[1]) for row in found}
    return Part([rows[place.comment_id] for place in shown if place.comment_id in rows], shown[-1] if len(places) > most else None)


def find_next(session: Session, article: Article, after: Place | None) -> Place | None:
    """Return where the part after that one begins, or None when it is the last."""
    places = list(_places(session, article, after, MOST + 1))
    return places[MOST - 1] if len(places) > MOST else None


def _places(session: Session, article: Article, after: Place | None, room: int) -> Iterator[Place]:
    """Yield the places of ``room`` comments, or of a few more."""
    if after is not None:
        for comment_id in _replies(session, after.root_id, after.comment_id, room):
            yield Place(after.published_at, after.root_id, comment_id)
            room -= 1
    roots = _roots(session, article, after, room) if room else []
    whole = 0
    while whole < len(roots) and roots[whole].thread_count < room:
        room -= 1 + roots[whole].thread_count
        whole += 1
    below: dict[int, list[int]] = {root.id: [] for root in roots[:whole]}
    for comment_id, root_id in _replies_of(session, list(below)):
        below[root_id].append(comment_id)
    # The one that does not fit any more is begun.
    for begun in roots[whole : whole + 1]:
        below[begun.id] = _replies(session, begun.id, begun.id, room)
    for root in roots[: whole + 1]:
        assert root.published_at is not None, "what is listed was published"
        for comment_id in (root.id, *below[root.id]):
            yield Place(root.published_at, root.id, comment_id)


def _roots(session: Session, article: Article, after: Place | None, limit: int) -> Sequence[Comment]:
    ids = select(Comment.id).where(Comment.article_id == article.id, text(LISTED_ROOT))
    key = (after.published_at, after.root_id) if after else ()
    found = first_after(session, ids, _ORDER.key, key, descending=False, limit=limit)
    return session.scalars(select(Comment).where(Comment.id.in_(found)).order_by(*_ORDER.key).limit(limit)).all()


def _replies(session: Session, root_id: int, after_id: int, limit: int) -> list[int]:
    below = select(Comment.id).where(Comment.root_id == root_id, text(LISTED_REPLY), Comment.id > after_id)
    return list(session.scalars(below.order_by(Comment.id).limit(limit)))


def _replies_of(session: Session, root_ids: Sequence[int]) -> list[tuple[int, int]]:
    if not root_ids:
        return []
    below = select(Comment.id, Comment.root_id).where(Comment.root_id.in_(root_ids), text(LISTED_REPLY))
    return [(comment_id, root_id or 0) for comment_id, root_id in session.execute(below.order_by(Comment.root_id, Comment.id))]
