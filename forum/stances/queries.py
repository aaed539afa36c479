"""Reads of tags: one reader's own."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.comments.stance import Stance
from forum.stances.models import Tag


def find_tag(session: Session, comment_id: int, account_id: int) -> Stance | None:
    """Return a reader's tag on a comment, or None."""
    stance = session.scalar(select(Tag.stance).where(Tag.comment_id == comment_id, Tag.account_id == account_id))
    return Stance(stance) if stance else None


def tags_of_reader(session: Session, account_id: int, comment_ids: Collection[int]) -> dict[int, Stance]:
    """Return a reader's tags on these comments, in one read."""
    if not comment_ids:
        return {}
    rows = session.execute(select(Tag.comment_id, Tag.stance).where(Tag.account_id == account_id, Tag.comment_id.in_(comment_ids)))
    return {comment_id: Stance(stance) for comment_id, stance in rows}
