"""A comment's tally: counted afresh from its tags, written with the scores that follow from it."""

from collections.abc import Mapping

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from forum.comments.attention import desk_rank
from forum.comments.models import Comment
from forum.comments.stance import Stance
from forum.db.direct import read
from forum.db.rows import update_row
from forum.stances.models import Tag
from forum.stances.scores import contested, wilson

COUNTS = (Tag.counted.is_(True), Tag.suspended.is_(False))
"""The conditions under which a tag counts."""

_COUNTED = select(Tag.stance, func.count()).where(Tag.comment_id == bindparam("comment_id"), *COUNTS).group_by(Tag.stance)


def count_tags(session: Session, comment_id: int) -> dict[Stance, int]:
    """Return the counted tags of a comment by stance, from the rows."""
    session.flush()
    found = {stance: count for stance, count in read(session, _COUNTED, {"comment_id": comment_id})}
    return {stance: found.get(stance.value, 0) for stance in Stance}


def write_tally(session: Session, comment: Comment, counts: Mapping[Stance, int]) -> None:
    """Write a tally and its scores to the comment; called inside ``counted``."""
    update_row(session, comment, columns_of(counts, desk_base=comment.desk_base))


def columns_of(counts: Mapping[Stance, int], *, desk_base: float) -> dict[str, int | float]:
    """Return what a comment's row holds for a tally, by column: the counts and the scores that follow from them and from its ``desk_base``."""
    pro = counts[Stance.AGREEMENT] + counts[Stance.ENCOURAGEMENT]
    con = counts[Stance.DISAGREEMENT] + counts[Stance.SKEPTICISM]
    return {
        **{f"tag_{stance}": counts[stance] for stance in Stance},
        "tag_n": pro + con,
        "score_valued": wilson(pro, pro + con),
        "score_contested": contested(pro, con),
        "doubt_rank": -con,
        "desk_rank": desk_rank(desk_base, con),
    }
