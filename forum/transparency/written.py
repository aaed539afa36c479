"""A month's tables as the page writes them: words for codes, numbers, percentages and times as the reader's language has them.

The rule: a table without a case is a sentence, and a section without any is one sentence. Called by ``pages``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from babel.numbers import format_percent
from flask_babel import format_date, format_decimal, format_timedelta, get_locale
from flask_babel import gettext as _

from forum.comments.stance import Stance
from forum.stances.words import STANCE_WORDS
from forum.transparency.figures import NOTHING, Figure, Row, Share, Table
from forum.transparency.months import Month
from forum.transparency.small_cells import SHOWN_FROM, SMALL, Count
from forum.transparency.words import IN_SHORT, SECTIONS, TABLES, column_word, row_word
from forum.web.translation import translated

# From so many of a unit on a time is told in it: "50 hours", then "3 days".
_UNITS_FROM = 3


@dataclass(frozen=True)
class WrittenCell:
    """A figure in words, and whether it says that there was no case, or nothing to show."""

    text: str
    is_nothing: bool


@dataclass(frozen=True)
class WrittenRow:
    """A row's heading, its cells, and whether it sums up the others."""

    heading: str
    cells: Sequence[WrittenCell]
    is_total: bool


@dataclass(frozen=True)
class WrittenTable:
    """A table in words. ``nothing`` is said in its place when it has no case, and then there are no rows."""

    code: str
    caption: str
    counts: str
    corner: str
    columns: Sequence[str]
    rows: Sequence[WrittenRow]
    nothing: str


@dataclass(frozen=True)
class WrittenSection:
    """A section of the page; ``nothing`` is all that it says when none of its tables has a case."""

    code: str
    heading: str
    tables: Sequence[WrittenTable]
    nothing: str


def write_month(month: Month) -> str:
    """Return what a month is called."""
    return str(format_date(month.begin.date(), "LLLL yyyy"))


def write_sections(tables: Sequence[Table]) -> Iterator[WrittenSection]:
    """Yield the sections of the page in order, each with its tables."""
    known = {table.code: table for table in tables}
    for code, words in SECTIONS.items():
        own = [known[name] for name in words.tables]
        is_empty = all(table.is_empty for table in own)
        nothing = translated(TABLES[words.tables[0]].nothing) if is_empty else ""
        yield WrittenSection(code, translated(words.heading), () if is_empty else [write_table(table) for table in own], nothing)


def write_in_short(tables: Sequence[Table]) -> Iterator[tuple[str, str]]:
    """Yield the figures with which the page begins, each with the words that follow it; what is not shown, and what did not happen, is left out."""
    known = {
        (table.code, row.code, column.code): figure
        for table in tables
        for row in table.rows
        for column, figure in zip(table.columns, row.figures, strict=True)
    }
    for place, words in IN_SHORT.items():
        if known[place] not in NOTHING:
            yield write_figure(known[place]), translated(words)


def write_table(table: Table) -> WrittenTable:
    """Return a table in words."""
    words = TABLES[table.code]
    return WrittenTable(
        code=table.code,
        caption=translated(words.caption),
        counts=translated(words.counts),
        corner=translated(words.rows),
        columns=[translated(column_word(table.code, column.code)) for column in table.columns],
        rows=() if table.is_empty else [_write_row(table.code, row) for row in table.rows],
        nothing=translated(words.nothing) if table.is_empty else "",
    )


def write_figure(figure: Figure) -> str:
    """Return a figure as the reader's language writes it."""
    match figure:
        case Count():
            return _write_count(figure)
        case Share():
            return (
                _("not shown")
                if figure.value is None
                else format_percent(round(figure.value, 3), locale=get_locale(), decimal_quantization=False)
            )
        case _:
            return _("not shown") if figure.seconds is None else _write_time(figure.seconds)


def _write_count(count: Count) -> str:
    if count.value is not None:
        return str(format_decimal(count.value))
    if count == SMALL:
        return str(_("<%(limit)s", limit=format_decimal(SHOWN_FROM)))
    if count.most is None:
        return str(_("%(least)s or more", least=format_decimal(count.least)))
    return str(_("%(least)s–%(most)s", least=format_decimal(count.least), most=format_decimal(count.most)))


def _write_time(seconds: int) -> str:
    return str(format_timedelta(timedelta(seconds=seconds), granularity="minute", threshold=_UNITS_FROM))


def _write_row(table: str, row: Row) -> WrittenRow:
    cells = [WrittenCell(write_figure(figure), figure in NOTHING) for figure in row.figures]
    return WrittenRow(_row_heading(table, row.code), cells, row.code == "total")


def _row_heading(table: str, code: str) -> str:
    if table == "removals" and code in set(Stance):
        return str(STANCE_WORDS[Stance(code)].noun)
    word = row_word(table, code)
    return translated(word) if word is not None else code
