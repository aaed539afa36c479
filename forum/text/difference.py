"""What changed between two texts, word by word: pieces that stayed, went and came. Plain text in and out; the template escapes it.

The work is bounded whatever the texts: what is too long to compare by words is compared by lines, and beyond that shown as replaced.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

Kind = Literal["same", "removed", "added"]
# Comparisons of one stretch: 400 words against 400.
WORK_MAX = 160_000
_WORD = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True)
class Piece:
    """A stretch of text and what became of it."""

    kind: Kind
    text: str


def find_difference(before: str, after: str) -> list[Piece]:
    """Return the pieces that lead from ``before`` to ``after``: "same" and "removed" join to the one, "same" and "added" to the other."""
    pieces: list[Piece] = []
    for kind, old, new in _compare(before.splitlines(keepends=True), after.splitlines(keepends=True)):
        if kind == "replace":
            for inner, old_words, new_words in _compare(_WORD.findall(old), _WORD.findall(new)):
                _add(pieces, inner, old_words, new_words)
        else:
            _add(pieces, kind, old, new)
    return pieces


def _compare(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    if len(old) * len(new) > WORK_MAX:
        yield "replace", "".join(old), "".join(new)
        return
    for kind, a, b, c, d in SequenceMatcher(None, old, new).get_opcodes():
        yield kind, "".join(old[a:b]), "".join(new[c:d])


def _add(pieces: list[Piece], kind: str, old: str, new: str) -> None:
    if kind == "equal":
        pieces.append(Piece("same", old))
        return
    if old:
        pieces.append(Piece("removed", old))
    if new:
        pieces.append(Piece("added", new))
