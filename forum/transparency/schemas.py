"""JSON shapes of the monthly reports; the pages and the CSV are filled from the same structures."""

from typing import Literal

import msgspec


class ListedMonthOut(msgspec.Struct, frozen=True):
    """A month for which there is a report: its name (``2026-11``, UTC), whether it is over, and the report's page."""

    month: str
    is_complete: bool
    page: str


class MonthsOut(msgspec.Struct, frozen=True):
    """The months for which there is a report, newest first; the first one is the present month."""

    months: list[ListedMonthOut]


class ColumnOut(msgspec.Struct, frozen=True):
    """A column of a table. ``unit``: ``count``, ``share`` (0 to 1) or ``seconds``."""

    code: str
    unit: str


class CellOut(msgspec.Struct, frozen=True):
    """A figure. ``value`` is null where it is not told: a count of 1 or 2 (then ``least`` is 1 and ``most`` 2), or one that would give such a count away.

    ``least`` and ``most`` bound a count, told or not; a ``most`` of null knows no bound. Both are null for shares and times, which are told for three cases or more.
    """

    value: int | float | None
    least: int | None
    most: int | None


class RowOut(msgspec.Struct, frozen=True):
    """A row of a table; ``cells`` has a figure for each column, by its code."""

    code: str
    cells: dict[str, CellOut]


class TableOut(msgspec.Struct, frozen=True):
    """A table of a report; the page of the month says in words what it counts."""

    code: str
    columns: list[ColumnOut]
    rows: list[RowOut]


class MonthOut(msgspec.Struct, frozen=True):
    """What moderation did in a calendar month (UTC), in numbers that name nobody. ``is_complete``: the month is over; what became of its cases may still change."""

    month: str
    is_complete: bool
    tables: list[TableOut]


class MonthQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """In which form a report is wanted; without it, the Accept header says it."""

    format: Literal["json", "csv"] | None = None
