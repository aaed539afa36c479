"""Calendar months in UTC: the one that an address names, where it begins and ends, which there are. Pure values.

The rule: a moment belongs to exactly one month – the one at whose beginning it lies or after, and before the beginning of the next.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

_WRITTEN = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")


@dataclass(frozen=True, order=True)
class Month:
    """A calendar month; months are ordered as time is, and written as ``2026-11``."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"

    @property
    def begin(self) -> datetime:
        """The first moment that belongs to it."""
        return datetime(self.year, self.number, 1, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """The first moment that no longer belongs to it."""
        return self.following.begin

    @property
    def following(self) -> "Month":
        """The month after it."""
        return Month(self.year + self.number // 12, self.number % 12 + 1)

    @property
    def preceding(self) -> "Month":
        """The month before it."""
        return Month(self.year - (self.number == 1), (self.number - 2) % 12 + 1)


def month_of(moment: datetime) -> Month:
    """Return the month, in UTC, to which an aware moment belongs."""
    there = moment.astimezone(UTC)
    return Month(there.year, there.month)


def read_month(text: str) -> Month | None:
    """Return the month that is written as ``2026-11``; None for any other text."""
    written = _WRITTEN.fullmatch(text)
    return Month(int(written[1]), int(written[2])) if written and int(written[1]) else None


def months_down(last: Month, first: Month) -> Iterator[Month]:
    """Yield the months from ``last`` back to ``first``, both included."""
    at = last
    while at >= first:
        yield at
        at = at.preceding
