"""What a search looks for in the index, and how either database is told: as an expression of FTS5 or as a tsquery.

Pure. Every word is folded and consists of letters and digits, so that neither language can be spoken by whoever asks.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from forum.search.syntax import Term

BLOCK_BITS, SPAN_BITS = 12, 16
"""A block is 4,096 ids that follow each other, a span sixteen blocks; on PostgreSQL the index knows in which of them a comment is."""

# No comment is older than the web, and what is asked of later years is asked of all that follows.
_FIRST, _LAST = date(1970, 1, 1), date(2100, 1, 1)


@dataclass(frozen=True)
class Wanted:
    """What the index is asked for: every term, one mark of each group, no absent term and no absent mark. An empty group is met by nothing."""

    terms: tuple[Term, ...] = ()
    absent: tuple[Term, ...] = ()
    groups: tuple[tuple[str, ...], ...] = ()
    absent_marks: tuple[str, ...] = ()

    @property
    def is_hopeless(self) -> bool:
        """Whether nothing can match."""
        return any(not group for group in self.groups)


def marks_of_days(since: date | None, until: date | None) -> tuple[str, ...] | None:
    """Return the marks of the years, months and days from ``since`` up to but without ``until``, as few as there are; None where all days count."""
    if since is None and until is None:
        return None
    day, end = max(since or _FIRST, _FIRST), min(until or _LAST, _LAST)
    marks: list[str] = []
    while day < end:
        steps = (("y", "%Y", _year_after(day)), ("m", "%Y%m", _month_after(day)), ("d", "%Y%m%d", day + timedelta(days=1)))
        letter, form, following = next(step for step in steps if step[2] is not None and step[2] <= end)
        marks.append(f"{letter}{day.strftime(form)}")
        day = following or end
    return tuple(marks)


def as_fts5(wanted: Wanted) -> str:
    """Return the expression of FTS5."""
    needed = [f"marks : ({_any(group)})" for group in wanted.groups]
    needed += [f'words : "{" ".join(term.words)}"' for term in wanted.terms]
    unwanted = [f'words : "{" ".join(term.words)}"' for term in wanted.absent]
    unwanted += [f'marks : "{mark}"' for mark in wanted.absent_marks]
    found = " AND ".join(f"({one})" for one in needed)
    return f"({found}) NOT ({' OR '.join(f'({one})' for one in unwanted)})" if unwanted else found


def as_tsquery(wanted: Wanted, *, phrases: bool = True) -> str:
    """Return the text of the tsquery; without ``phrases`` one that more matches and that the index alone can answer."""
    parts = [_alternatives(group) for group in wanted.groups]
    together = " <-> " if phrases else " & "
    parts += [f"({together.join(_quoted(term.words))})" for term in wanted.terms]
    parts += [f"!({' <-> '.join(_quoted(term.words))})" for term in wanted.absent if phrases or len(term.words) == 1]
    parts += [f"!'={mark}'" for mark in wanted.absent_marks]
    return " & ".join(parts)


def within(query: str, low: int, high: int) -> str:
    """Return the tsquery that ``query`` is, of comments from the id ``low`` (a block's first) up to but without ``high``, and few beyond."""
    return f"({query}) & {_alternatives(_marks_of_ids(low, high))}"


def _marks_of_ids(low: int, high: int) -> Iterable[str]:
    block, end = low >> BLOCK_BITS, ((high - 1) >> BLOCK_BITS) + 1
    in_span = 1 << (SPAN_BITS - BLOCK_BITS)
    while block < end:
        if block % in_span == 0 and block + in_span <= end:
            yield f"c{block // in_span}"
            block += in_span
        else:
            yield f"b{block}"
            block += 1


def _any(marks: Sequence[str]) -> str:
    return " OR ".join(f'"{mark}"' for mark in marks)


def _alternatives(marks: Iterable[str]) -> str:
    return f"({' | '.join(_quoted(f'={mark}' for mark in marks))})"


def _quoted(words: Iterable[str]) -> list[str]:
    return [f"'{word}'" for word in words]


def _year_after(day: date) -> date | None:
    return date(day.year + 1, 1, 1) if (day.month, day.day) == (1, 1) else None


def _month_after(day: date) -> date | None:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) if day.day == 1 else None
