"""The language in which people ask: words, "phrases", -not, by:, stance:, article:, before:, after:. Whatever is typed means something; nothing is an error.

Pure: a text becomes an ``Asked``; what was read otherwise than it looks is told in ``notes``. Called by pages and API through ``steps``.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from forum.comments.stance import Stance
from forum.sentences import Sentence, nsentence, sentence
from forum.text.words import fold_text

Value = TypeVar("Value")

LENGTH_MAX = 1_000
"""Characters of a query that are read."""

WORDS_MAX = 32
"""Words, those of phrases among them, that a search looks for."""

VALUES_MAX = 10
"""Values of one filter."""

_PIECE = re.compile(r"(?P<minus>-*)(?:(?P<name>[a-zA-Z]+):)?(?:\"(?P<quoted>[^\"]*)\"?|(?P<bare>[^\s\"]+))")
_READ_AS = str.maketrans(dict.fromkeys("“”„‟«»″＂", '"') | {"−": "-", "：": ":", "\0": " "})
_DATE = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
# "sceptic" is how it is spelt on the other side of the sea, "doubt" what the button says; those of the others begin as their names do.
_STANCES = {stance.value: stance for stance in Stance} | dict.fromkeys(("scepticism", "skeptic", "doubt"), Stance.SKEPTICISM)


@dataclass(frozen=True)
class Term:
    """What a comment's words must contain: a folded word, or several that follow each other."""

    words: tuple[str, ...]


@dataclass
class Asked:
    """What was understood. All ``terms`` must be there and no ``absent`` one; of each filter's values one must fit and no excluded one may.

    ``since`` is the first day that counts, ``until`` the first that no longer does.
    """

    terms: list[Term] = field(default_factory=list)
    absent: list[Term] = field(default_factory=list)
    people: list[str] = field(default_factory=list)
    other_people: list[str] = field(default_factory=list)
    stances: list[Stance] = field(default_factory=list)
    other_stances: list[Stance] = field(default_factory=list)
    articles: list[str] = field(default_factory=list)
    other_articles: list[str] = field(default_factory=list)
    since: date | None = None
    until: date | None = None
    notes: list[Sentence] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was asked for."""
        lists = (
            self.terms,
            self.absent,
            self.people,
            self.other_people,
            self.stances,
            self.other_stances,
            self.articles,
            self.other_articles,
        )
        return not any(lists) and self.since is None and self.until is None


def parse(query: str) -> Asked:
    """Return what ``query`` asks for."""
    asked = Asked()
    if len(query) > LENGTH_MAX:
        asked.notes.append(sentence("Only the first %(most)s characters were read.", most=str(LENGTH_MAX)))
    for piece in _PIECE.finditer(query[:LENGTH_MAX].translate(_READ_AS)):
        _read_piece(asked, piece)
    _cut(asked)
    return asked


def _read_piece(asked: Asked, piece: re.Match[str]) -> None:
    name, said = (piece["name"] or "").lower(), piece["quoted"] if piece["quoted"] is not None else piece["bare"] or ""
    is_absent = bool(piece["minus"])
    read = _FILTERS.get(name)
    if read is not None and said.strip():
        wrong = read(asked, said.strip(), is_absent)
        if wrong is None:
            return
        asked.notes.append(wrong)
    words = tuple(fold_text(f"{piece['name']} {said}" if piece["name"] else said))
    if words:
        (asked.absent if is_absent else asked.terms).append(Term(words))
    elif said.strip("-\u2013\u2014 \t\x00"):
        asked.notes.append(sentence("'%(piece)s' has neither letters nor digits and was left out.", piece=_short(said)))


def _read_people(asked: Asked, said: str, is_absent: bool) -> Sentence | None:
    return _add(asked.other_people if is_absent else asked.people, said.removeprefix("@").lower()[:80])


def _read_article(asked: Asked, said: str, is_absent: bool) -> Sentence | None:
    return _add(asked.other_articles if is_absent else asked.articles, said)


def _read_stance(asked: Asked, said: str, is_absent: bool) -> Sentence | None:
    # Any beginning is enough that no other stance has.
    found = {stance for name, stance in _STANCES.items() if name.startswith(said.lower())}
    if len(found) != 1:
        return sentence(
            "'%(piece)s' was read as words: a stance is agreement, disagreement, skepticism or encouragement.",
            piece=_short(f"stance:{said}"),
        )
    return _add(asked.other_stances if is_absent else asked.stances, found.pop())


def _read_since(asked: Asked, said: str, is_absent: bool) -> Sentence | None:
    return _read_day(asked, said, "after", is_first=not is_absent)


def _read_until(asked: Asked, said: str, is_absent: bool) -> Sentence | None:
    return _read_day(asked, said, "before", is_first=is_absent)


def _read_day(asked: Asked, said: str, name: str, *, is_first: bool) -> Sentence | None:
    """Take a date as the first day that counts, or as the first that no longer does."""
    match = _DATE.fullmatch(said)
    try:
        day = date(int(match[1]), int(match[2] or 1), int(match[3] or 1)) if match else None
    except ValueError:
        day = None
    if day is None:
        return sentence(
            "'%(piece)s' was read as words: a date is a year, a month or a day, as in 2026, 2026-03 or 2026-03-31.",
            piece=_short(f"{name}:{said}"),
        )
    if is_first:
        asked.since = max(day, asked.since or day)
    else:
        asked.until = min(day, asked.until or day)
    return None


_FILTERS: dict[str, Callable[[Asked, str, bool], Sentence | None]] = {
    "by": _read_people,
    "stance": _read_stance,
    "article": _read_article,
    "after": _read_since,
    "before": _read_until,
}


def _add(values: list[Value], value: Value) -> Sentence | None:
    if value in values:
        return None
    if len(values) >= VALUES_MAX:
        return sentence(
            "'%(piece)s' was read as words: a filter takes at most %(most)s values.", piece=_short(str(value)), most=str(VALUES_MAX)
        )
    values.append(value)
    return None


def _cut(asked: Asked) -> None:
    """Leave out the words that are too many: what must not be there first of all."""
    left, dropped = WORDS_MAX, 0
    for terms in (asked.terms, asked.absent):
        kept: list[Term] = []
        for term in dict.fromkeys(terms):
            words = term.words[:left]
            dropped += len(term.words) - len(words)
            left -= len(words)
            # A part of what must not be there would keep more away than was asked.
            if words and (terms is asked.terms or len(words) == len(term.words)):
                kept.append(Term(words))
        terms[:] = kept
    if dropped:
        asked.notes.append(
            nsentence(
                "The last word was left out: a search looks for at most %(most)s.",
                "The last %(num)s words were left out: a search looks for at most %(most)s.",
                dropped,
                most=str(WORDS_MAX),
            )
        )


def _short(said: str) -> str:
    return said if len(said) <= 40 else said[:39] + "…"
