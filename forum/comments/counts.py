"""Counts that move with a comment: what it adds to its article, its root and its parent, taken before and after every change.

``counted`` is the only way in which these columns change. All rows it touches are locked before they are read, so the difference is exact and a
tally equals a fresh count at any moment; nothing is ever added to a value read earlier.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from forum.articles.models import Article
from forum.comments.models import Comment
from forum.comments.stance import Stance
from forum.comments.states import State


@dataclass(frozen=True)
class Place:
    """A comment with the rows above it, all locked in the order article → root → parent → comment. For a root, ``root`` is the comment itself."""

    article: Article
    root: Comment
    parent: Comment | None
    comment: Comment


Contribution = dict[tuple[str, str], int]


@contextmanager
def counted(session: Session, place: Place) -> Iterator[None]:
    """Change ``place.comment`` inside the block; what it adds to the counts above it follows, and the article's version rises."""
    before = contribution(place.comment)
    yield
    _move(session, place, before)


def add_counted(session: Session, place: Place) -> None:
    """Write a new ``place.comment``; what it adds to the counts above it goes with it, and the article's version rises."""
    _move(session, place, {})


def _move(session: Session, place: Place, before: Contribution) -> None:
    after = contribution(place.comment)
    rows = {"article": place.article, "root": place.root, "parent": place.parent}
    for owner, column in before.keys() | after.keys():
        row, step = rows[owner], after.get((owner, column), 0) - before.get((owner, column), 0)
        if row is not None and step:
            setattr(row, column, getattr(row, column) + step)
    place.article.version += 1
    session.flush()
    if _mark_author_replies(session, place):
        session.flush()


def contribution(comment: Comment) -> Contribution:
    """Return what ``comment`` adds to each count above it, by (owner, column)."""
    visible, is_root = comment.state == State.VISIBLE, comment.depth == 0
    adds: Contribution = {}
    if not is_root and comment.listed:
        adds["root", "thread_count"] = 1
    if not visible:
        return adds
    adds["article", "comment_count"] = 1
    if not is_root:
        adds["parent", "reply_count"] = 1
    if is_root and comment.stance:
        adds["article", f"stance_{comment.stance}"] = 1
    for stance in Stance:
        adds["article", f"tag_{stance}"] = adds["root", f"thread_{stance}"] = getattr(comment, f"tag_{stance}") or 0
    return adds


def _mark_author_replies(session: Session, place: Place) -> bool:
    if place.comment.author_id not in place.article.author_ids or place.parent is None:
        return False
    reply = aliased(Comment)
    by_author = (reply.author_id.in_(place.article.author_ids), reply.state == State.VISIBLE.value)
    place.parent.author_replied = bool(session.scalar(select(exists().where(reply.parent_id == place.parent.id, *by_author))))
    # A root that its author wrote himself is not answered by that: only what stands below counts.
    place.root.author_replied = bool(session.scalar(select(exists().where(reply.root_id == place.root.id, reply.depth > 0, *by_author))))
    return True
