"""A comment's tally: counted afresh from its tags, written with the scores that follow from it."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from forum.comments.models import Comment
from forum.comments.stance import Stance
from forum.stances.models import Tag
from forum.stances.scores import contested, wilson


def count_tags(session: Session, comment_id: int) -> dict[Stance, int]:
    """Return the counted tags of a comment by stance, from the rows."""
    rows = session.execute(
        select(Tag.stance, func.count())
        .where(Tag.comment_id == comment_id, Tag.counted.is_(True), Tag.suspended.is_(False))
        .group_by(Tag.stance)
    )
    found = {stance: count for stance, count in rows}
    return {stance: found.get(stance.value, 0) for stance in Stance}


def write_tally(comment: Comment, counts: dict[Stance, int]) -> None:
    """Write a tally and its scores to the comment; called inside ``counted``."""
    for stance in Stance:
        setattr(comment, f"tag_{stance}", counts[stance])
    pro = counts[Stance.AGREEMENT] + counts[Stance.ENCOURAGEMENT]
    con = counts[Stance.DISAGREEMENT] + counts[Stance.SKEPTICISM]
    comment.tag_n = pro + con
    comment.score_valued = wilson(pro, pro + con)
    comment.score_contested = contested(pro, con)
    comment.doubt_rank = -con
