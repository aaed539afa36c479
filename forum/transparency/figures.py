"""What a table of a report is made of: columns, rows, and figures – counts, shares, lengths of time. The codes are what programs read.

The rule: neither a share nor a time is shown for fewer than three cases, and no share where it would tell a hidden number.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from forum.transparency.small_cells import SHOWN_FROM, Count, exactly


class Unit(StrEnum):
    """What the figures of a column are: numbers of cases, shares from 0 to 1, or lengths of time in seconds."""

    COUNT = "count"
    SHARE = "share"
    SECONDS = "seconds"


@dataclass(frozen=True)
class Share:
    """A part of a whole, from 0 to 1 (a comparison may exceed it); None where it is not shown."""

    value: float | None


@dataclass(frozen=True)
class Span:
    """A length of time in whole seconds; None where it is not shown."""

    seconds: int | None


Figure = Count | Share | Span
NOTHING: tuple[Figure, ...] = (exactly(0), Share(None), Span(None))


@dataclass(frozen=True)
class Column:
    """A column of a table: its code and what its figures are."""

    code: str
    unit: Unit = Unit.COUNT


@dataclass(frozen=True)
class Row:
    """A row of a table: its code and a figure for each column."""

    code: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Table:
    """A table of a report."""

    code: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is no case in it, and no share or time to show."""
        return all(figure in NOTHING for row in self.rows for figure in row.figures)


def share(part: Count, whole: Count) -> Share:
    """Return ``part`` in relation to ``whole``, to four places; not shown unless both are told and there are three cases."""
    if part.value is None or whole.value is None or whole.value < SHOWN_FROM:
        return Share(None)
    return Share(round(part.value / whole.value, 4))


def median(seconds: Sequence[int]) -> Span:
    """Return the median, for an even number of cases the mean of the two in the middle, rounded down; not shown for fewer than three."""
    return Span(int(statistics.median(seconds))) if len(seconds) >= SHOWN_FROM else Span(None)


def ninetieth(seconds: Sequence[int]) -> Span:
    """Return the 90th percentile by nearest rank, the shortest time within which nine of ten cases lie; not shown for fewer than three."""
    if len(seconds) < SHOWN_FROM:
        return Span(None)
    return Span(sorted(seconds)[-(-9 * len(seconds) // 10) - 1])
