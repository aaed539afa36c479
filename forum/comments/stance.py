"""The four stances, the same codes in API, database, style sheet and addresses. What they are called on a page is in ``stances/words.py``."""

from enum import StrEnum


class Stance(StrEnum):
    """What a writer thinks of what the comment answers, or what a reader makes of a comment."""

    AGREEMENT = "agreement"
    DISAGREEMENT = "disagreement"
    SKEPTICISM = "skepticism"
    ENCOURAGEMENT = "encouragement"
