"""Entries of word lists: one line each, ``reason: words``, read into the small grammar that `patterns` compiles.

Words and phrases; ``*`` stands for any letters or digits of a word, alone for one whole word; ``...`` for up to four whole words; ``(one|two)``
for either, ``(one|)`` for one or nothing; ``one & two`` for both, wherever they stand. ``reason 1/3: words`` is a hint, with its share: hints count
when those found for one reason come to 1; shares below 0 speak for a text, and at -1 nothing counts for that reason. What cannot be meant is refused with a sentence
that names its line. Called by `patterns`.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from forum.moderation.reasons import ReportReason
from forum.moderation.screening.spellings import fold_shapes, hide_names, plain
from forum.sentences import Sentence, sentence

MOST_ENTRIES = 1_000
"""Entries of one list."""

LONGEST_ENTRY = 1_000
"""Characters of one entry, with its reason."""

MOST_PARTS = 4
"""Parts of one entry that have to be in a text together."""

DEEPEST = 3
"""Brackets inside each other."""

WHOLE = Fraction(1)
"""The share of an entry that needs no others."""

_SHORTEST = 2
_WILD = "\ua500"
"""A letter nobody writes (Vai): holds the place of ``*`` while an entry is folded."""

_TOKEN = re.compile(r"[()|]|[^()|\s]+")
# The ellipsis is folded to three dots.
_FEW_WORDS = "..."
_HEAD = re.compile(r"([^\W\d]+)(?: (-?[1-9])/([1-9]))?")


class BadEntry(ValueError):
    """An entry that cannot be used: its place in the list, counted from 0, and a sentence that names its line."""

    def __init__(self, index: int, detail: Sentence) -> None:
        super().__init__(detail)
        self.index = index
        self.detail = detail


@dataclass(frozen=True)
class Choice:
    """A place where one of several phrases stands, or nothing if it is optional."""

    phrases: tuple["Form", ...]
    is_optional: bool = False


Form = tuple[str | Choice, ...]
"""A phrase: words and choices, one after the other."""

_ANY_WORD = Choice((("*",),), is_optional=True)
_FEW = 4


@dataclass(frozen=True)
class Entry:
    """One entry: as written without its reason, the reason's code, its parts, all of which a text has to hold, and how much it counts.

    A part has one form, or two where folding beside ``*`` is ambiguous; either will do.
    """

    text: str
    reason: str
    parts: tuple[tuple[Form, ...], ...]
    share: Fraction = WHOLE


@lru_cache(maxsize=4096)
def parse_entry(line: str, index: int = 0) -> Entry:
    """Return the entry in ``line``, the one at ``index`` of its list; raise ``BadEntry`` when it is empty, too long, too wide or malformed."""
    if len(line) > LONGEST_ENTRY:
        raise _bad(index, sentence("it is longer than %(most)s characters", most=LONGEST_ENTRY))
    reason, share, text = _split_reason(line.strip(), index)
    parts = text.split(" & ")
    if len(parts) > MOST_PARTS:
        raise _bad(index, sentence("it has more than %(most)s parts", most=MOST_PARTS))
    read = tuple(_parse_part(part, index) for part in parts)
    if all(min(map(_least_signs, forms)) < _SHORTEST for forms in read):
        raise _bad(index, sentence("it has to hold a word of at least %(least)s letters that may not be left out", least=_SHORTEST))
    return Entry(text, reason, read, share)


def _parse_part(part: str, index: int) -> tuple[Form, ...]:
    # Between letters, fold reads @ as a: in "sales@*" it stands between letters, though none is written after it.
    lettered = part.replace("@*", f"@{_WILD}").replace("*@", f"{_WILD}@")
    folds = dict.fromkeys(hide_names(plain(fold_shapes(one).replace(_WILD, "*"))) for one in (part, lettered))
    forms = tuple(_parse_form(folded, index) for folded in folds)
    if min(map(_least_signs, forms)) == 0:
        raise _bad(index, sentence("it would match nearly every text"))
    return forms


def read_lines(text: str) -> tuple[str, ...]:
    """Return the entries of a list written one a line, without blank lines, lines that begin with ``#``, and repetitions."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return tuple(dict.fromkeys(line for line in lines if line and not line.startswith("#")))


def _bad(index: int, why: Sentence) -> BadEntry:
    return BadEntry(index, sentence("Line %(line)s cannot be used: %(why)s.", line=index + 1, why=why))


def _split_reason(line: str, index: int) -> tuple[str, Fraction, str]:
    head, colon, tail = line.partition(":")
    read = _HEAD.fullmatch(head)
    if not colon or not read or tail[:1].strip():
        return ReportReason.OTHER.value, WHOLE, line
    if read[1] not in {reason.value for reason in ReportReason}:
        raise _bad(index, sentence("%(word)s is not a reason; use one of %(reasons)s", word=read[1], reasons=tuple(ReportReason)))
    return read[1], Fraction(int(read[2]), int(read[3])) if read[2] else WHOLE, tail.strip()


def _parse_form(folded: str, index: int) -> Form:
    tokens = _TOKEN.findall(folded)
    # Each open bracket holds its finished phrases and, last, the one being read.
    opened: list[list[list[str | Choice]]] = [[[]]]
    for token in tokens:
        if token == "(":
            opened.append([[]])
        elif token == ")" and len(opened) > 1:
            phrases = opened.pop()
            choices = tuple(dict.fromkeys(tuple(phrase) for phrase in phrases if phrase))
            if choices:
                opened[-1][-1].append(Choice(choices, is_optional=any(not phrase for phrase in phrases)))
        elif token == "|" and len(opened) > 1:
            opened[-1].append([])
        elif token in "()|":
            raise _bad(index, sentence("its brackets do not match"))
        elif token == _FEW_WORDS:
            opened[-1][-1] += [_ANY_WORD] * _FEW
        else:
            opened[-1][-1].append(token)
        if len(opened) > DEEPEST + 1:
            raise _bad(index, sentence("more than %(most)s brackets are inside each other", most=DEEPEST))
    if len(opened) > 1:
        raise _bad(index, sentence("its brackets do not match"))
    return tuple(opened[0][0])


def _least_signs(form: Form) -> int:
    """Return how many letters, digits and signs the shortest text has that ``form`` matches; a hyphen may be missing."""
    return sum(_least_of(item) for item in form)


def _least_of(item: str | Choice) -> int:
    if isinstance(item, str):
        return sum(char not in "*-" for char in item)
    return 0 if item.is_optional else min(_least_signs(phrase) for phrase in item.phrases)
