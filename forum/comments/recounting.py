"""What the counts must be, computed from the rows by sets: of articles, and of comments in a stretch of ids.

The rule: each number means what ``counts.contribution`` adds, one comment at a time; tests compare both. Reads only, in a bounded number of statements; called
where everything is compared or put right at once: checks, repairs, merging.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, select, text
from sqlalchemy.orm import Session

from forum.comments.models import LISTED_REPLY, Comment
from forum.comments.stance import Stance
from forum.comments.states import State

TAGS = tuple(f"tag_{stance}" for stance in Stance)
STANCES = tuple(f"stance_{stance}" for stance in Stance)
ARTICLE_COUNTS = ("comment_count", *STANCES, *TAGS)


def count_articles(session: Session, article_ids: Collection[int]) -> dict[int, dict[str, int]]:
    """Return the counts that each of these articles must have, by column."""
    visible = Comment.state == State.VISIBLE.value
    sums = [_how_many(visible).label("comment_count")]
    sums += [_how_many(visible, Comment.depth == 0, Comment.stance == stance.value).label(f"stance_{stance}") for stance in Stance]
    sums += [_sum_of(visible, getattr(Comment, name)).label(name) for name in TAGS]
    rows = session.execute(select(Comment.article_id, *sums).where(Comment.article_id.in_(article_ids)).group_by(Comment.article_id))
    found = {row.article_id: {name: int(getattr(row, name)) for name in ARTICLE_COUNTS} for row in rows}
    return {article_id: found.get(article_id) or dict.fromkeys(ARTICLE_COUNTS, 0) for article_id in article_ids}


def last_published(session: Session, article_ids: Collection[int]) -> dict[int, datetime]:
    """Return when the newest comment that was ever public appeared, of those articles that have any."""
    newest = select(Comment.article_id, func.max(Comment.published_at)).where(Comment.article_id.in_(article_ids), Comment.listed)
    return {article_id: at for article_id, at in session.execute(newest.group_by(Comment.article_id)) if at is not None}


def count_replies(session: Session, *, after_id: int, up_to_id: int) -> dict[int, dict[str, Any]]:
    """Return for each comment in a stretch of ids what its replies make its counts, by column.

    ``reply_count``, ``thread_count`` (0 for what is no root), and ``activity_at``: when it, a direct reply, or for a root anything in the thread, appeared last.
    """
    here = Comment.id.between(after_id + 1, up_to_id)
    columns = (
        Comment.id,
        Comment.depth,
        Comment.state,
        Comment.created_at,
        Comment.published_at,
        *(getattr(Comment, name) for name in TAGS),
    )
    found = {row.id: _own(row) for row in session.execute(select(*columns).where(here))}
    for row in session.execute(_replies_by(Comment.parent_id, after_id, up_to_id)):
        own = found[row.at]
        own |= {"reply_count": int(row.visible), "activity_at": _later(own["activity_at"], row.newest)}
    for row in session.execute(_replies_by(Comment.root_id, after_id, up_to_id)):
        # A thread whose first comment lies elsewhere is another check's matter.
        own = found.get(row.at, {})
        if "depth" in own and own["depth"] == 0:
            own |= {"thread_count": int(row.listed), "activity_at": _later(own["activity_at"], row.newest)}
    return {comment_id: {name: value for name, value in own.items() if name != "depth"} for comment_id, own in found.items()}


def _own(row: Any) -> dict[str, Any]:
    return {"depth": row.depth, "reply_count": 0, "thread_count": 0, "activity_at": _later(row.created_at, row.published_at)}


def _replies_by(above: Any, after_id: int, up_to_id: int) -> Any:
    """Return the select of what the listed replies below each comment of a stretch amount to."""
    visible = Comment.state == State.VISIBLE.value
    counts = (func.count().label("listed"), _how_many(visible).label("visible"), func.max(Comment.published_at).label("newest"))
    return select(above.label("at"), *counts).where(above.between(after_id + 1, up_to_id), text(LISTED_REPLY)).group_by(above)


def _how_many(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((and_(*conditions), 1), else_=0)), 0)


def _sum_of(condition: ColumnElement[bool], column: Any) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, column), else_=0)), 0)


def _later(one: datetime, other: datetime | None) -> datetime:
    return one if other is None else max(one, other)
