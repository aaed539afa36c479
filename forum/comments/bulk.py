"""Stores many older comments at once, as an import brings them: the rows by one statement, and what they add to the counts above them by one for each row.

The result is what ``store`` – and ``move`` with "erase", where only the place is kept – makes of them one after the other. The caller holds all locks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import Any, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.articles.models import Article
from forum.comments.actions import NewComment
from forum.comments.answering import follow_author_reply
from forum.comments.attention import desk_base, desk_rank
from forum.comments.counts import contribution
from forum.comments.models import Comment, Revision
from forum.comments.stance import Stance
from forum.comments.states import RevisionState, State
from forum.db.rows import insert_rows, next_ids, update_row

_UNTAGGED = {f"tag_{stance}": 0 for stance in Stance}


@dataclass(eq=False)
class Planted:
    """A comment to be stored below ``parent`` and ``root``: rows that are there, or comments that stand before it in the same list; None for a root.

    ``is_erased``: only its place is kept. ``values`` is the row as it is stored, with its ``id``, once it was.
    """

    article: Article
    new: NewComment
    parent: "Comment | Planted | None" = None
    root: "Comment | Planted | None" = None
    is_erased: bool = False
    values: dict[str, Any] = field(default_factory=dict)


class _Sums:
    """What is added to rows that are there already, until it is written."""

    def __init__(self) -> None:
        self.written: dict[Article | Comment, dict[str, Any]] = {}

    def add(self, owner: "Article | Comment | Planted", column: str, step: int) -> None:
        values = self._of(owner)
        values[column] = values.get(column, getattr(owner, column, 0)) + step

    def reach(self, owner: "Article | Comment | Planted", column: str, moment: datetime) -> None:
        values = self._of(owner)
        if moment > (values[column] if column in values else getattr(owner, column)):
            values[column] = moment

    def _of(self, owner: "Article | Comment | Planted") -> dict[str, Any]:
        return owner.values if isinstance(owner, Planted) else self.written.setdefault(owner, {})


def store_older(session: Session, planted: Sequence[Planted]) -> list[int]:
    """Store comments that have a ``created_at``, parents before replies, and return their ids. Nobody is told of them."""
    sums = _Sums()
    for one, comment_id in zip(planted, next_ids(session, Comment, len(planted)), strict=True):
        one.values.update(_values(one, comment_id))
        _count(sums, one)
    insert_rows(session, Comment, [one.values for one in planted])
    insert_rows(session, Revision, [_revision(one) for one in planted])
    for row, values in sums.written.items():
        if values:
            update_row(session, row, values)
    for one in planted:
        # Hardly ever: whoever came in with an earlier import has since been made an author here.
        if one.parent is not None and not one.is_erased and one.new.author_id in one.article.author_ids:
            reply = session.scalars(select(Comment).where(Comment.id == one.values["id"])).one()
            root = session.scalars(select(Comment).where(Comment.id == one.values["root_id"])).one()
            follow_author_reply(session, one.article.author_ids, root, reply, is_visible=True)
    return [one.values["id"] for one in planted]


def _values(one: Planted, comment_id: int) -> dict[str, Any]:
    new, moment = one.new, one.new.created_at
    stance = new.stance.value if new.stance else None
    base = desk_base(stance, new.body_md)
    return {
        "id": comment_id,
        "site_id": one.article.site_id,
        "article_id": one.article.id,
        "parent_id": _get(one.parent, "id"),
        "root_id": _get(one.root, "id") or comment_id,
        "depth": 0 if one.parent is None else _get(one.parent, "depth") + 1,
        "author_id": new.author_id,
        "state": (State.ERASED if one.is_erased else State.VISIBLE).value,
        "stance": stance,
        "body_md": new.body_md,
        "body_html": new.body_html,
        "renderer": new.renderer,
        "fingerprint": new.fingerprint,
        "version": 2 if one.is_erased else 1,
        "created_at": moment,
        "listed": True,
        "published_at": moment,
        "edited_at": new.edited_at,
        "activity_at": moment,
        "lead": new.lead,
        "reply_count": 0,
        "thread_count": 0,
        "desk_base": base,
        "desk_rank": desk_rank(base, 0),
    }


def _count(sums: _Sums, one: Planted) -> None:
    moment, values = one.values["created_at"], one.values
    owners = {"article": one.article, "root": one.root, "parent": one.parent}
    for (owner, column), step in contribution(cast(Comment, SimpleNamespace(**values, **_UNTAGGED))).items():
        row = owners[owner]
        if row is not None and step:
            sums.add(row, column, step)
    sums.add(one.article, "version", 2 if one.is_erased else 1)
    sums.reach(one.article, "last_activity_at", moment)
    for above in {one.root, one.parent} - {None}:
        sums.reach(cast("Comment | Planted", above), "activity_at", moment)


def _revision(one: Planted) -> dict[str, Any]:
    return {
        "comment_id": one.values["id"],
        "number": 1,
        "body_md": one.new.body_md or "",
        "stance": one.values["stance"],
        "state": RevisionState.ACCEPTED.value,
        "created_at": one.new.created_at,
    }


def _get(row: "Comment | Planted | None", column: str) -> Any:
    return None if row is None else row.values[column] if isinstance(row, Planted) else getattr(row, column)
