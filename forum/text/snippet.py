"""Cuts rendered HTML down to the place where the searched words stand, as parts of plain text of which some match.

The text is the present one, never the index's. The result is text, not HTML: the template escapes it. Called by search.
"""

from collections import Counter
from collections.abc import Collection, Sequence

from msgspec import Struct

from forum.text.words import Placed, place_words, plain_text

LENGTH = 200
_BEFORE = 40

Span = tuple[int, int, tuple[str, ...]]


class Part(Struct, frozen=True):
    """A piece of a snippet; ``match``: these are the words that were searched."""

    text: str
    match: bool


def cut_snippet(html: str, terms: Collection[tuple[str, ...]]) -> list[Part]:
    """Return about 200 characters of rendered ``html`` around the place where most of ``terms`` (folded words, phrases of several) stand together.

    Joined, the parts are the cut text, with an ellipsis where something was left out. Without a match it is the text's beginning.
    """
    text = plain_text(html)
    spans = _find(list(place_words(text)), terms) if terms else []
    start = _begin_at(text, _best(spans)[0]) if spans else 0
    end = _end_at(text, start + LENGTH)
    parts: list[Part] = [Part("…", False)] if start else []
    for first, last, _ in spans:
        if last <= start or first >= end:
            continue
        if first > start:
            parts.append(Part(text[start:first], False))
        parts.append(Part(text[max(first, start) : min(last, end)], True))
        start = min(last, end)
    if start < end:
        parts.append(Part(text[start:end], False))
    return [*parts, Part("…", False)] if end < len(text) else parts


def _find(placed: Sequence[Placed], terms: Collection[tuple[str, ...]]) -> list[Span]:
    """Return where the terms stand, in order and without overlaps: a longer one wins where two begin."""
    by_first: dict[str, list[tuple[str, ...]]] = {}
    for term in sorted(terms, key=len, reverse=True):
        by_first.setdefault(term[0], []).append(term)
    spans: list[Span] = []
    for at, one in enumerate(placed):
        if spans and one.start < spans[-1][1]:
            continue
        for term in by_first.get(one.word, ()):
            following = placed[at : at + len(term)]
            if tuple(each.word for each in following) == term:
                spans.append((one.start, following[-1].end, term))
                break
    return spans


def _best(spans: Sequence[Span]) -> Span:
    """Return the span from which on most different terms, and then most of all, stand within the length of a snippet."""
    met: Counter[tuple[str, ...]] = Counter()
    best, best_worth, last = spans[0], (0, 0), 0
    for first, span in enumerate(spans):
        while last < len(spans) and spans[last][1] - span[0] <= LENGTH - _BEFORE:
            met[spans[last][2]] += 1
            last += 1
        worth = (sum(1 for count in met.values() if count), last - first)
        if worth > best_worth:
            best, best_worth = span, worth
        if last > first:
            met[span[2]] -= 1
        last = max(last, first + 1)
    return best


def _begin_at(text: str, match: int) -> int:
    if match <= _BEFORE:
        return 0
    space = text.find(" ", match - _BEFORE, match)
    return space + 1 if space >= 0 else match


def _end_at(text: str, end: int) -> int:
    if end >= len(text):
        return len(text)
    space = text.rfind(" ", end - LENGTH // 2, end)
    return space if space > 0 else end
