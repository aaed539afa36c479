"""What an author can have decided about a comment without answering it, and how urgently one waits for an answer (product design, D).

The score of a waiting comment is base + log2(1 + S + D) + ½ for a verified writer + min(days, 14)/7, where S and D are the readers' tags skepticism and
disagreement. Base and tags stand in the comment's row, with a minus sign, so that "the most urgent first" ascends as the times do; the rest is added when
it is read: it changes with the clock and with the writer's account.
"""

from enum import StrEnum
from math import log2

from forum.comments.stance import Stance

BASES = {Stance.SKEPTICISM: 4.0, Stance.DISAGREEMENT: 3.0}
QUESTION, OTHER, VERIFIED = 3.0, 1.0, 0.5


class Attention(StrEnum):
    """Why a comment does not wait for an answer although it has none; ``later`` ends at a date."""

    THANKED = "thanked"
    NO_REPLY = "no_reply"
    LATER = "later"


def desk_base(stance: str | None, body_md: str | None) -> float:
    """Return minus what a comment's stance or its ending with a question counts."""
    asks = (body_md or "").rstrip(" \n*_)\"'”’").endswith("?")
    otherwise = QUESTION if asks else OTHER
    return -(BASES.get(Stance(stance), otherwise) if stance else otherwise)


def desk_rank(base: float, con: int) -> float:
    """Return ``base`` less what ``con`` tags of skepticism and disagreement add: log2(1 + con)."""
    return base - log2(1 + con)
