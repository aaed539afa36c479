"""What the detectors answer with: one detail and its place, and all of a text with their score. Plain values."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["contact", "record-number", "named-patient", "patient", "age", "date", "place", "role", "condition"]

SCORES: dict[Kind, int] = {
    "contact": 6,
    "record-number": 6,
    "named-patient": 4,
    "patient": 2,
    "age": 2,
    "date": 2,
    "place": 2,
    "role": 1,
    "condition": 1,
}
"""What a detail of each kind counts (design C-5); an age from ``OLD_AGE`` on counts ``OLD_AGE_SCORE``."""

OLD_AGE = 90
OLD_AGE_SCORE = 3


@dataclass(frozen=True)
class Detail:
    """One detail: its kind, where it stands in the text (characters, the end not included), and what it counts."""

    kind: Kind
    start: int
    end: int
    score: int


@dataclass(frozen=True)
class Details:
    """The details of a text in the order of their places, none overlapping another, and their score: the best of each kind, added up.

    ``steps`` is how many characters and tokens were looked at to find them.
    """

    score: int = 0
    found: tuple[Detail, ...] = ()
    steps: int = 0
