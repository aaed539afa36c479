"""JSON shapes of tags."""

import msgspec

from forum.articles.schemas import Tally
from forum.comments.stance import Stance


class TagIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The one tag a reader gives a comment."""

    stance: Stance


class TagOut(msgspec.Struct, frozen=True):
    """A reader's tag on a comment (null: none), whether it counts, and the comment's tally."""

    comment_id: int
    stance: Stance | None
    counted: bool
    tally: Tally
