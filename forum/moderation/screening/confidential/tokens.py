"""A text as the detectors walk over it: words, numbers and signs with their classes and places, sentence by sentence. One pass.

Every character is folded by itself (compatible forms, accents, look-alikes; what is not seen is dropped), and a map keeps its place in the text as it
was written. Every look at a token is counted. Called by `details`.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache, reduce
from operator import or_
from typing import Any

from forum.moderation.screening.confidential.words import (
    ABBREVIATION,
    AND,
    CAPITAL_CONDITION,
    CONDITION,
    Lexicon,
    Node,
    split_tail,
)
from forum.text.lookalikes import BLANKS, CONFUSABLES

LONGEST_SENTENCE = 80
"""Tokens after which a sentence ends, whatever follows: what looks around inside a sentence then costs no more than this."""

# No group is repeated possessively, only single characters are: in Python 3.11 such a repeat can miss a match (python/cpython#101955).
_TOKEN = re.compile(
    r"([Hh][Tt][Tt][Pp][Ss]?://\S++|[Ww][Ww][Ww]\.\S++)"
    r"|(\d++(?:[.,]\d++)+)"
    r"|([^\W_]++(?:'[^\W\d_]++)*'?)"
    r"|(\n\s*+)"
    r"|([.!?]++)"
    r"|([^\w\s])"
)
_LINK, _SPLIT_NUMBER, _WORD, _BREAK, _STOP, _SIGN = range(1, 7)
_UNSEEN = frozenset({"Mn", "Me", "Cf", "Cs"})
_MOST_LETTERS = 4
_KEPT_SIGNS = frozenset(',;:()[]"@#/-&+%$|=<>~\u00a3\u20ac')
_ONE_SIGN = str.maketrans(
    "\u2019\u2018\u201b\u02bc\u00b4\u2032`\u2013\u2014\u2010\u2011\u2212\u201c\u201d\u201e\u2044", "'''''''-----\"\"\"/"
)
_FEWEST_SPACED = 4
_WIDEST_MARKS = 7

LOWER, CAPITAL, CAPITALS, INITIAL = range(4)
NUMBER, MIXED, SIGN, STOP, BREAK, LINK = (1 << bit for bit in range(200, 206))
"""Classes of tokens that no list holds: digits, digits with letters, signs, ends of sentences, line breaks, web addresses."""

_ENDS = STOP | BREAK


@lru_cache(maxsize=8192)
def _unfold(char: str) -> str:
    straight = char.translate(_ONE_SIGN)
    if straight.isascii():
        return straight
    if unicodedata.category(char) in _UNSEEN or unicodedata.combining(char) or char in BLANKS:
        return ""
    if (digit := unicodedata.digit(char, None)) is not None and char.isdecimal():
        return str(digit)
    plain = unicodedata.normalize("NFKD", char)[:_MOST_LETTERS]
    folded = "".join(one for one in plain if not unicodedata.combining(one)).translate(_ONE_SIGN)
    letters = folded.casefold().translate(CONFUSABLES)
    return letters.upper() if folded.isupper() and letters.isascii() else letters[:_MOST_LETTERS]


def unfold(text: str) -> tuple[str, list[int] | None]:
    """Return ``text`` with every character folded, its case kept, and where each folded character begins in it; None where nothing moved."""
    if text.isascii():
        return text.replace("`", "'"), None
    flat: list[str] = []
    origin: list[int] = []
    for place, char in enumerate(text):
        for one in char if char.isascii() else _unfold(char):
            flat.append(one)
            origin.append(place)
    origin.append(len(text))
    return "".join(flat).replace("`", "'"), origin


_Row = tuple[str, str, int, int, int, int, bool]
"""A token: its word, tail, classes, capitals, start, end, and whether a hyphen joins it to the one before."""

_LONGEST_KEPT = 32


# Not by the text but by the word: most words are read again in the next text. The longest are not kept, so that what is kept stays small.
@lru_cache(maxsize=4096)
def _read_word(lexicon: Lexicon, raw: str) -> tuple[str, str, int, int, int]:
    return _read_new(lexicon, raw)


def _read_new(lexicon: Lexicon, raw: str) -> tuple[str, str, int, int, int]:
    """Return a word's stem, tail, classes and capitals, and how many of its characters belong to it."""
    bare = raw[:-1] if raw[-1] == "'" else raw
    tail = "s" if bare is not raw and bare[-1:] in "sS" else ""
    if bare.isdecimal():
        return bare, "", NUMBER, LOWER, len(bare)
    word = bare.lower()
    stem = word
    if "'" in word:
        stem, tail = split_tail(word)
    bits = lexicon.classes_of(stem)
    if not stem.isalpha():
        bits |= MIXED
    caps = LOWER
    if bare[0].isupper():
        caps = INITIAL if len(stem) == 1 else CAPITALS if bare[: len(stem)].isupper() else CAPITAL
        if bits & CAPITAL_CONDITION and caps == CAPITALS:
            bits |= CONDITION
    return stem, tail, bits, caps, len(raw)


def _read_other(kind: int | None, raw: str) -> tuple[str, int]:
    if kind == _SPLIT_NUMBER:
        return raw, NUMBER
    if kind == _STOP:
        return raw[:1], STOP
    if kind == _BREAK:
        return "\n\n" if raw.count("\n") > 1 else "\n", BREAK
    return ("", LINK) if kind == _LINK else (raw, SIGN)


def _is_joined(rows: list[_Row], start: int, bits: int) -> bool:
    """Tell whether the hyphen that ends ``rows`` stands alone between two words, of which the second begins at ``start``."""
    hyphen_start, hyphen_end = rows[-1][4:6]
    if bits & (SIGN | STOP | BREAK) or hyphen_end != start or len(rows) < 2:
        return False
    return rows[-2][5] == hyphen_start and not rows[-2][2] & (SIGN | STOP | BREAK)


class Page:
    """A text's tokens, as lists of one length: ``words`` (folded, small letters), ``tails``, ``bits`` (classes), ``caps``, ``starts``, ``ends``, ``joined``.

    ``joined`` says that a hyphen alone stands before a token; ``until`` is where the longest phrase that begins at a token ends. ``sentences`` are
    pairs of token places, ``sums`` the classes that occur in each, ``paragraphs`` the number of its paragraph. ``steps`` counts the work.
    """

    def __init__(self, text: str, lexicon: Lexicon) -> None:
        self.lexicon = lexicon
        self.length = len(text)
        self.flat, self._origin = unfold(text)
        self.steps = len(text) + len(self.flat)
        self.words: list[str] = []
        self.tails: list[str] = []
        self.bits: list[int] = []
        self.caps: list[int] = []
        self.starts: list[int] = []
        self.ends: list[int] = []
        self.joined: list[bool] = []
        self._read()
        self._close_up()
        self.until = [place + 1 for place in range(len(self.words))]
        self._find_phrases()
        self.sentence: list[int] = []
        self.sentences: list[tuple[int, int]] = []
        self.paragraphs: list[int] = []
        self.sums: list[int] = []
        self._part()

    def __len__(self) -> int:
        return len(self.words)

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Return where the tokens from ``first`` up to but not including ``last`` stand in the text as it was written."""
        start, end = self.starts[first], self.ends[last - 1]
        if self._origin is None:
            return start, end
        return self._origin[start], max(self._origin[end], self._origin[end - 1] + 1)

    def where(self, classes: int) -> Iterator[int]:
        """Yield the tokens that are of one of ``classes``, in their order; a sentence without any costs one look."""
        bits = self.bits
        for (first, last), summed in zip(self.sentences, self.sums, strict=True):
            self.steps += 1
            if summed & classes:
                self.steps += last - first
                for place in range(first, last):
                    if bits[place] & classes:
                        yield place

    def has(self, classes: int, first: int, last: int) -> bool:
        """Tell whether a token from ``first`` up to ``last``, inside the text, is of one of ``classes``."""
        return self.find(classes, first, last) >= 0

    def find(self, classes: int, first: int, last: int) -> int:
        """Return the first token from ``first`` up to ``last`` that is of one of ``classes``, or -1."""
        # Comparisons, because calls of min and max would take longer than the rest: this is asked dozens of times for a text.
        bits = self.bits
        if first < 0:
            first = 0
        if last > len(bits):
            last = len(bits)
        for place in range(first, last):
            if bits[place] & classes:
                self.steps += place - first + 1
                return place
        self.steps += last - first + 1 if last > first else 1
        return -1

    def rfind(self, classes: int, first: int, last: int) -> int:
        """Return the last token from ``first`` up to ``last`` that is of one of ``classes``, or -1."""
        bits = self.bits
        if first < 0:
            first = 0
        if last > len(bits):
            last = len(bits)
        for place in range(last - 1, first - 1, -1):
            if bits[place] & classes:
                self.steps += last - place
                return place
        self.steps += last - first + 1 if last > first else 1
        return -1

    def gap(self, place: int) -> int:
        """Return how many characters stand before a token since the one before it, Markdown's marks for strong and emphasis not counted."""
        wide = self.starts[place] - self.ends[place - 1]
        return wide if not 1 < wide <= _WIDEST_MARKS else len(self.flat[self.ends[place - 1] : self.starts[place]].strip("*_~"))

    def around(self, place: int) -> int:
        """Return the classes that occur in the sentence that a token is in."""
        return self.sums[self.sentence[place]]

    def bounds(self, place: int) -> tuple[int, int]:
        """Return the first token of the sentence that a token is in, and the one after its last."""
        return self.sentences[self.sentence[place]]

    def number(self, place: int) -> tuple[int, int]:
        """Return the value of the number that begins at a token, in digits or words, and the token after it; -1 where there is none."""
        self.steps += 1
        # Whoever looks back from a first word asks for what is before the text.
        if not 0 <= place < len(self.words):
            return -1, place
        word = self.words[place]
        if self.bits[place] & NUMBER and word.isdecimal() and len(word) <= 4:
            return int(word), place + 1
        value = self.lexicon.numbers.get(word, -1)
        if value < 0:
            return -1, place
        end = place + 1
        if end < len(self.words) and value >= 20:
            small = self.lexicon.numbers.get(self.words[end], 0)
            if (value < 100 and 0 < small < 10) or (value == 100 and 0 < small < 20):
                return value + small, end + 1
            if value == 100 and self.bits[end] & AND and end + 1 < len(self.words):
                small = self.lexicon.numbers.get(self.words[end + 1], 0)
                return (value + small, end + 2) if 0 < small < 20 else (value, end)
        return value, end

    def _read(self) -> None:
        rows: list[_Row] = []
        for found in _TOKEN.finditer(self.flat):
            kind, raw, start = found.lastindex, found.group(), found.start()
            if kind == _WORD:
                read = _read_word if len(raw) <= _LONGEST_KEPT else _read_new
                word, tail, bits, caps, length = read(self.lexicon, raw)
            elif kind != _SIGN or raw in _KEPT_SIGNS:
                (word, bits), tail, caps, length = _read_other(kind, raw), "", LOWER, len(raw)
            else:
                continue
            joined = bool(rows) and rows[-1][0] == "-" and _is_joined(rows, start, bits)
            if joined:
                rows.pop()
            rows.append((word, tail, bits, caps, start, start + length, joined))
        if rows:
            columns: Any = map(list, zip(*rows, strict=True))
            self.words, self.tails, self.bits, self.caps, self.starts, self.ends, self.joined = columns
        self.steps += len(rows)

    def _close_up(self) -> None:
        """Make one word of four or more single letters that stand apart by one space or sign each."""
        place, total = 0, len(self.words)
        letters = [at for at, word in enumerate(self.words) if len(word) == 1 and word.isalpha() and not self.tails[at]]
        reach = _FEWEST_SPACED - 1
        if all(last - first > reach for first, last in zip(letters, letters[reach:], strict=False)):
            self.steps += total
            return
        keep: list[int] = []
        while place < total:
            end = place
            while end < total and self._is_letter(end) and (end == place or self.starts[end] - self.ends[end - 1] <= 1):
                end += 1
            self.steps += end - place + 1
            if end - place >= _FEWEST_SPACED:
                word = "".join(self.words[place:end])
                self.words[place], self.bits[place] = word, self.lexicon.classes_of(word)
                self.ends[place], self.caps[place] = self.ends[end - 1], CAPITAL if self.caps[place] else LOWER
                keep.append(place)
                place = end
            else:
                keep.append(place)
                place += 1
        if len(keep) < total:
            for name in ("words", "tails", "bits", "caps", "starts", "ends", "joined"):
                column = getattr(self, name)
                column[:] = [column[one] for one in keep]

    def _is_letter(self, place: int) -> bool:
        return len(self.words[place]) == 1 and self.words[place].isalpha() and not self.tails[place]

    def _find_phrases(self) -> None:
        words, total = self.words, len(self.words)
        beginnings = self.lexicon.phrases
        self.steps += total
        for place, word in enumerate(words):
            if word not in beginnings:
                continue
            node: Node | None = beginnings[word]
            end = place + 1
            while node is not None and end < total:
                node = node.following.get(words[end])
                end += 1
                if node is not None and node.bits:
                    self.bits[place] |= node.bits
                    self.until[place] = end
            self.steps += end - place - 1

    def _part(self) -> None:
        start = 0
        for place, bits in enumerate(self.bits):
            if (bits & _ENDS and (bits & BREAK or self._is_end(place))) or place - start >= LONGEST_SENTENCE:
                self._end_sentence(start, place + 1)
                start = place + 1
        if start < len(self.words):
            self._end_sentence(start, len(self.words))
        self.steps += len(self.words)

    def _end_sentence(self, first: int, last: int) -> None:
        follows_paragraph = first > 0 and self.words[first - 1] == "\n\n"
        self.paragraphs.append((self.paragraphs[-1] if self.paragraphs else 0) + follows_paragraph)
        self.sentence += [len(self.sentences)] * (last - first)
        self.sentences.append((first, last))
        self.sums.append(reduce(or_, self.bits[first:last]))

    def _is_end(self, place: int) -> bool:
        """Tell whether a stop ends its sentence: not inside a name of a file, nor after a title or an initial."""
        end = self.ends[place]
        if end < len(self.flat) and self.flat[end].isalnum():
            return False
        if self.words[place] != "." or not place or self.ends[place - 1] != self.starts[place]:
            return True
        return not (self.bits[place - 1] & ABBREVIATION or self.caps[place - 1] == INITIAL)
