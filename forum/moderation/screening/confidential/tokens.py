"""A text as the detectors walk over it: words, numbers and signs with their classes and places, sentence by sentence. One pass.

Every character is folded by itself (compatible forms, accents, look-alikes; what is not seen is dropped), and a map keeps its place in the text as it
was written. Every look at a token is counted. Called by `details`.
"""

import re
import unicodedata
from functools import lru_cache

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

    def has(self, classes: int, first: int, last: int) -> bool:
        """Tell whether a token from ``first`` up to ``last``, inside the text, is of one of ``classes``."""
        return self.find(classes, first, last) >= 0

    def find(self, classes: int, first: int, last: int) -> int:
        """Return the first token from ``first`` up to ``last`` that is of one of ``classes``, or -1."""
        first, last = max(first, 0), min(last, len(self.bits))
        for place in range(first, last):
            if self.bits[place] & classes:
                self.steps += place - first + 1
                return place
        self.steps += max(last - first, 0) + 1
        return -1

    def rfind(self, classes: int, first: int, last: int) -> int:
        """Return the last token from ``first`` up to ``last`` that is of one of ``classes``, or -1."""
        first, last = max(first, 0), min(last, len(self.bits))
        for place in range(last - 1, first - 1, -1):
            if self.bits[place] & classes:
                self.steps += last - place
                return place
        self.steps += max(last - first, 0) + 1
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
        if self.bits[place] & NUMBER and word.isdigit() and len(word) <= 4:
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
        flat = self.flat
        for found in _TOKEN.finditer(flat):
            kind, raw, start = found.lastindex, found.group(), found.start()
            if kind == _WORD:
                self._read_word(raw, start)
            elif kind == _SPLIT_NUMBER:
                self._put(raw, NUMBER, start, found.end())
            elif kind == _STOP:
                self._put(raw[:1], STOP, start, found.end())
            elif kind == _BREAK:
                self._put("\n\n" if raw.count("\n") > 1 else "\n", BREAK, start, found.end())
            elif kind == _LINK:
                self._put("", LINK, start, found.end())
            elif raw in _KEPT_SIGNS:
                self._put(raw, SIGN, start, found.end())
        self.steps += len(self.words)

    def _read_word(self, raw: str, start: int) -> None:
        bare = raw[:-1] if raw[-1] == "'" else raw
        end = start + len(raw)
        tail = "s" if bare is not raw and bare[-1:] in "sS" else ""
        if bare.isdigit():
            self._put(bare, NUMBER, start, start + len(bare))
            return
        word = bare.lower()
        stem = word
        if "'" in word:
            stem, tail = split_tail(word)
        bits = self.lexicon.classes_of(stem)
        if not stem.isalpha():
            bits |= MIXED
        caps = LOWER
        if bare[0].isupper():
            caps = INITIAL if len(stem) == 1 else CAPITALS if bare[: len(stem)].isupper() else CAPITAL
            if bits & CAPITAL_CONDITION and caps == CAPITALS:
                bits |= CONDITION
        self._put(stem, bits, start, end, caps, tail)

    def _put(self, word: str, bits: int, start: int, end: int, caps: int = LOWER, tail: str = "") -> None:
        joined = False
        if self.words and self.words[-1] == "-" and bits & SIGN == 0 and self.ends[-1] == start:
            before = len(self.words) - 2
            if before >= 0 and self.ends[before] == self.starts[-1] and not self.bits[before] & (SIGN | STOP | BREAK):
                joined = not bits & (STOP | BREAK)
        if joined:
            self.words[-1], self.bits[-1], self.starts[-1], self.ends[-1] = word, bits, start, end
            self.caps[-1], self.tails[-1], self.joined[-1] = caps, tail, True
            return
        self.words.append(word)
        self.bits.append(bits)
        self.starts.append(start)
        self.ends.append(end)
        self.caps.append(caps)
        self.tails.append(tail)
        self.joined.append(False)

    def _close_up(self) -> None:
        """Make one word of four or more single letters that stand apart by one space or sign each."""
        place, total = 0, len(self.words)
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
        for place in range(total):
            node: Node | None = beginnings.get(words[place])
            end = place + 1
            while node is not None and end < total:
                node = node.following.get(words[end])
                end += 1
                if node is not None and node.bits:
                    self.bits[place] |= node.bits
                    self.until[place] = end
            self.steps += end - place

    def _part(self) -> None:
        start, paragraph, total, summed = 0, 0, len(self.words), 0
        for place in range(total):
            self.sentence.append(len(self.sentences))
            bits = self.bits[place]
            summed |= bits
            is_break = bool(bits & BREAK)
            if is_break or (bits & STOP and self._is_end(place)) or place - start >= LONGEST_SENTENCE:
                self.sentences.append((start, place + 1))
                self.sums.append(summed)
                self.paragraphs.append(paragraph)
                start, summed = place + 1, 0
                paragraph += is_break and self.words[place] == "\n\n"
        if start < total:
            self.sentences.append((start, total))
            self.sums.append(summed)
            self.paragraphs.append(paragraph)
        self.steps += total

    def _is_end(self, place: int) -> bool:
        """Tell whether a stop ends its sentence: not inside a name of a file, nor after a title or an initial."""
        end = self.ends[place]
        if end < len(self.flat) and self.flat[end].isalnum():
            return False
        if self.words[place] != "." or not place or self.ends[place - 1] != self.starts[place]:
            return True
        return not (self.bits[place - 1] & ABBREVIATION or self.caps[place - 1] == INITIAL)
