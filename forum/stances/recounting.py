"""What the tallies must be, computed from the tags themselves by sets: of comments, of threads, of articles. Reads only; called by checks and repairs."""

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from sqlalchemy import Select, func, select, text, union_all
from sqlalchemy.orm import Session

from forum.comments.models import LISTED_REPLY, Comment
from forum.comments.stance import Stance
from forum.comments.states import State
from forum.stances.models import Tag
from forum.stances.tally import COUNTS

Tallies = dict[int, dict[Stance, int]]


def tally_comments(session: Session, *, after_id: int, up_to_id: int) -> Tallies:
    """Return the counted tags of each comment in a stretch of ids; of those without any, nothing."""
    tags = select(Tag.comment_id, Tag.stance, func.count()).where(Tag.comment_id.between(after_id + 1, up_to_id), *COUNTS)
    return _gather(session, tags.group_by(Tag.comment_id, Tag.stance))


def tally_threads(session: Session, *, after_id: int, up_to_id: int) -> Tallies:
    """Return the counted tags on visible comments of each thread whose first comment is in a stretch of ids; of those without any, nothing."""
    # In two, so that each is a range of an index.
    replies = _visible(Comment.root_id).where(Comment.root_id.between(after_id + 1, up_to_id), text(LISTED_REPLY))
    roots = _visible(Comment.id).where(Comment.id.between(after_id + 1, up_to_id), Comment.depth == 0)
    both = union_all(replies, roots).subquery()
    return _gather(session, select(both.c.at, both.c.stance, func.sum(both.c.tags)).group_by(both.c.at, both.c.stance))


def tally_articles(session: Session, article_ids: Collection[int]) -> Tallies:
    """Return the counted tags on visible comments of each of these articles; of those without any, nothing."""
    return _gather(session, _visible(Comment.article_id).where(Comment.article_id.in_(article_ids)))


def _visible(at: Any) -> Select[Any]:
    tags = select(at.label("at"), Tag.stance, func.count().label("tags")).join(Comment, Comment.id == Tag.comment_id)
    return tags.where(Comment.state == State.VISIBLE.value, *COUNTS).group_by(at, Tag.stance)


def _gather(session: Session, rows: Any) -> Tallies:
    found: Tallies = defaultdict(lambda: dict.fromkeys(Stance, 0))
    for at, stance, count in session.execute(rows):
        found[at][Stance(stance)] = int(count)
    return dict(found)
