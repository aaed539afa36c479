"""Counts that move with a comment: what it adds to its article, its root and its parent, taken before and after every change.

``counted`` is the only way in which these columns change. All rows it touches are locked before they are read, so the difference is exact and a
tally equals a fresh count at any moment; nothing is ever added to a value read earlier.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from forum.articles.models import Article
from forum.comments.answering import follow_author_reply
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
# What every visible comment adds, and no other does.
_COUNTS_ONE = ("article", "comment_count")


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
    is_visible, was_visible = _COUNTS_ONE in after, _COUNTS_ONE in before
    if is_visible is not was_visible and place.parent is not None and place.comment.author_id in article.author_ids:
        follow_author_reply(session, article.author_ids, place.root, place.comment, is_visible=is_visible)


def contribution(comment: Comment) -> Contribution:
    """Return what ``comment`` adds to each count above it, by (owner, column)."""
    visible, is_root = comment.state == State.VISIBLE, comment.depth == 0
    adds: Contribution = {}
    if not is_root and comment.listed:
        adds["root", "thread_count"] = 1
    if not visible:
        return adds
    adds[_COUNTS_ONE] = 1
    if not is_root:
        adds["parent", "reply_count"] = 1
    if is_root and comment.stance:
        adds["article", f"stance_{comment.stance}"] = 1
    for stance in Stance:
        adds["article", f"tag_{stance}"] = adds["root", f"thread_{stance}"] = getattr(comment, f"tag_{stance}") or 0
    return adds
