"""The words by which a text is found: HTML or plain text becomes folded words, the same for the index, for what is searched and for what is highlighted.

Case, accents and compatible forms are made one; everything but letters and digits parts words; a letter of a script without spaces is a word by itself. Each
character is folded for itself, whatever stands around it, so that PostgreSQL can do the same from a table (``all_folds``). A change here needs a new index.
"""

import html as entities
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from forum.text.lookalikes import BLANKS

WORD_MAX = 60
"""Characters of a word that count: PostgreSQL refuses lexemes of more than 2,046 bytes, and nobody types them."""

_BLOCKS = "p|br|hr|pre|blockquote|ul|ol|li|h[1-6]|table|thead|tbody|tr|td|th|div|dl|dt|dd"
BREAK = f"</?(?:{_BLOCKS})(?:[ /][^<>]*)?>"
"""A tag that parts words; like the next ones it is read by Python and by PostgreSQL alike."""

TAG = r"<[^<>\"]*(?:\"[^\"]*\"[^<>\"]*)*>"
ENTITY = r"&[a-zA-Z0-9#]{1,32};"

SINGLES = (
    "\\u0e00-\\u0eff\\u1000-\\u109f\\u1780-\\u17ff\\u3005-\\u3007\\u3040-\\u30ff\\u31f0-\\u31ff\\u3400-\\u4dbf\\u4e00-\\u9fff\\uf900-\\ufaff"
    "\\U0001b000-\\U0001b16f\\U00020000-\\U0003fffd"
)
"""Letters of scripts that are written without spaces (Han, Kana, Thai, Lao, Burmese, Khmer), as a range of a regular expression."""

# Letters with a stroke and ligatures, which no decomposition of Unicode takes apart.
_PLAIN = {"ø": "o", "đ": "d", "ł": "l", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe"}
_NOT_GIVEN_OUT = frozenset({"Cn", "Co", "Cs"})
_KEPT, _DROPPED = _NOT_GIVEN_OUT | {"Mc"}, frozenset({"Mn", "Me", "Cf"})
# Where characters stand that fold to something else; all others are letters that stay, or are not given out.
_FOLDING = (
    (0x80, 0x3400),
    (0x4DC0, 0x4E00),
    (0xA000, 0xD7FC),
    (0xF900, 0x10000),
    (0x10000, 0x20000),
    (0x2F800, 0x2FA1E),
    (0xE0000, 0xE01F0),
)

_BREAK, _TAG, _ENTITY, _SINGLE = re.compile(BREAK), re.compile(TAG), re.compile(ENTITY), re.compile(f"[{SINGLES}]")
_LONG = re.compile(f"([^ ]{{{WORD_MAX}}})[^ ]+")
# What may hold words: a run of ASCII letters and digits and of anything beyond ASCII.
_RUN = re.compile("[0-9A-Za-z\x80-\U0010ffff]+")


@dataclass(frozen=True, slots=True)
class Placed:
    """A folded word and where it stands in the text: from ``start`` up to ``end``."""

    word: str
    start: int
    end: int


class _Folds(dict[int, str]):
    """What each character becomes, worked out when it is first met."""

    def __missing__(self, point: int) -> str:
        folded = _fold(chr(point))
        # What is not given out is not kept: there are a million such.
        if folded != chr(point) or folded.isalnum():
            self[point] = folded
        return folded


def _fold(char: str) -> str:
    if ord(char) < 0x80:
        return char.lower() if char.isalnum() else " "
    if unicodedata.category(char) in _NOT_GIVEN_OUT:
        return char
    spelt = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", char).casefold())
    return "".join(map(_fold_part, spelt))


def _fold_part(char: str) -> str:
    if ord(char) < 0x80:
        return char.lower() if char.isalnum() else " "
    kind = unicodedata.category(char)
    if kind in _DROPPED or char in BLANKS:
        return ""
    if kind == "Nd":
        return str(unicodedata.decimal(char))
    return _PLAIN.get(char, char) if kind[0] in "LN" or kind in _KEPT else " "


_FOLDS = _Folds()


def fold_html(html: str | None) -> str:
    """Return the folded words of rendered ``html`` with one space between them; markup inside a word does not part it."""
    if not html:
        return ""
    return _words(_ENTITY.sub(" ", _TAG.sub("", _BREAK.sub(" ", html))))


def fold_text(text: str) -> list[str]:
    """Return the folded words of plain ``text``."""
    return _words(text).split()


def plain_text(html: str) -> str:
    """Return the text of rendered ``html`` in one line: its words are those of ``fold_html``."""
    return " ".join(entities.unescape(_TAG.sub("", _BREAK.sub(" ", html))).split())


def place_words(text: str) -> Iterator[Placed]:
    """Yield the folded words of plain ``text`` in order, each with its place in it."""
    for run in _RUN.finditer(text):
        spelt, start = run.group(), run.start()
        if spelt.isascii():
            yield Placed(spelt.lower()[:WORD_MAX], start, run.end())
        else:
            yield from _place_letters(spelt, start)


def all_folds() -> dict[str, str]:
    """Return every character beyond ASCII that becomes something else, with what it becomes: the table by which PostgreSQL folds."""
    points = (point for first, end in _FOLDING for point in range(first, end))
    return {chr(point): folded for point in points if (folded := _fold(chr(point))) != chr(point)}


def _words(text: str) -> str:
    folded = text.translate(_FOLDS)
    if not folded.isascii():
        folded = _SINGLE.sub(r" \g<0> ", folded)
    return _LONG.sub(r"\1", " ".join(folded.split()))


def _place_letters(spelt: str, offset: int) -> Iterator[Placed]:
    word, start, end = "", 0, 0
    for place, char in enumerate(spelt, offset):
        for letter in _FOLDS[ord(char)] or ("",):
            is_single = bool(letter) and _SINGLE.match(letter) is not None
            if word and (letter == " " or is_single):
                yield Placed(word[:WORD_MAX], start, end)
                word = ""
            if is_single:
                yield Placed(letter, place, place + 1)
            elif letter != " " and (letter or word):
                start = start if word else place
                word, end = word + letter, place + 1
    if word:
        yield Placed(word[:WORD_MAX], start, end)
