"""Counts that move with a comment: what it adds to its article, its root and its parent, taken before and after every change.

``counted`` is the only way in which these columns change. All rows it touches are locked before they are read, so the difference is exact and a
tally equals a fresh count at any moment; nothing is ever added to a value read earlier.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased
from sqlalchemy.orm.attributes import set_committed_value

from forum.articles.models import Article
from forum.comments.models import Comment
from forum.comments.stance import Stance
from forum.comments.states import State
from forum.db.rows import update_row


@dataclass(frozen=True)
class Place:
    """A comment with the rows above it, all locked in the order article → root → parent → comment. For a root, ``root`` is the comment itself."""

    article: Article
    root: Comment
    parent: Comment | None
    comment: Comment


Contribution = dict[tuple[str, str], int]


@contextmanager
def counted(session: Session, place: Place) -> Iterator[dict[str, Any]]:
    """Change ``place.comment`` inside the block; what it adds to the counts above it follows, and the article's version rises.

    Where it becomes listed, so does the time of the last activity above it. Columns of the comment that are put into what is yielded are written with the rest.
    """
    comment = place.comment
    before, was_listed = contribution(comment), comment.listed
    columns: dict[str, Any] = {}
    yield columns
    session.flush()
    for name, value in columns.items():
        set_committed_value(comment, name, value)
    _move(session, place, before, columns, is_published=comment.listed and not was_listed)


def add_counted(session: Session, place: Place) -> None:
    """Let the counts above a new ``place.comment``, which is stored and listed, have what it adds to them; the article's version rises."""
    _move(session, place, {}, {}, is_published=True)


def _move(session: Session, place: Place, before: Contribution, columns: dict[str, Any], *, is_published: bool) -> None:
    article, after = place.article, contribution(place.comment)
    rows = {"article": article, "root": place.root, "parent": place.parent}
    written: dict[Article | Comment, dict[str, Any]] = {article: {"version": article.version + 1}}
    if columns:
        written[place.comment] = columns
    for owner, column in before.keys() | after.keys():
        row, step = rows[owner], after.get((owner, column), 0) - before.get((owner, column), 0)
        if row is not None and step:
            written.setdefault(row, {})[column] = getattr(row, column) + step
    moment = place.comment.published_at if is_published else None
    if moment is not None:
        if moment > article.last_activity_at:
            written[article]["last_activity_at"] = moment
        for above in {place.root, place.parent or place.root}:
            if moment > above.activity_at:
                written.setdefault(above, {})["activity_at"] = moment
    for row, values in written.items():
        update_row(session, row, values)
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
