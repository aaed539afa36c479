"""What a sentence talks about as a whole: a study, an invented case, an occasion, the past. In such sentences fewer details tell of a patient.

Called by `people` and `details`.
"""

from dataclasses import dataclass

from forum.moderation.screening.confidential.tokens import BREAK, CAPITAL, NUMBER, SIGN, STOP, Page
from forum.moderation.screening.confidential.words import (
    AND,
    ANIMAL,
    ARTICLE,
    BORN,
    DISGUISED,
    EVENT,
    FIRST,
    FROM,
    HYPOTHETICAL,
    IMAGINING,
    IN_PLACE,
    LITERATURE,
    ME,
    MONTH,
    MY,
    OF,
    PSEUDONYM,
    SUPPOSING,
)

_REACH = 2
"""Sentences for which an invented case goes on."""

_OLDEST, _NEWEST = 1000, 1950
"""Years that make a sentence one about history."""


@dataclass(frozen=True)
class Frames:
    """What the sentences are about. ``invented`` is, for each, the token from which on it tells of nobody, or None; the others are sets of sentences.

    ``is_disguised``: the writer says that details are changed. ``has_pseudonym``: that the name is not the real one.
    """

    invented: list[int | None]
    cited: set[int]
    occasions: set[int]
    past: set[int]
    animals: set[int]
    is_disguised: bool
    has_pseudonym: bool

    def is_invented(self, sentence: int, place: int) -> bool:
        """Tell whether what stands at a token belongs to an invented case."""
        start = self.invented[sentence]
        return start is not None and place >= start


def read_frames(page: Page) -> Frames:
    """Return what each sentence of a page is about."""
    everything = 0
    for summed in page.sums:
        everything |= summed
    return Frames(
        _find_invented(page),
        _find_cited(page),
        {number for number, summed in enumerate(page.sums) if summed & EVENT},
        {number for number, summed in enumerate(page.sums) if summed & NUMBER and _is_past(page, number)},
        {number for number, summed in enumerate(page.sums) if summed & ANIMAL},
        is_disguised=bool(everything & DISGUISED),
        has_pseudonym=bool(everything & PSEUDONYM),
    )


def _find_invented(page: Page) -> list[int | None]:
    found: list[int | None] = []
    left, paragraph = 0, -1
    for number, (first, last) in enumerate(page.sentences):
        page.steps += 1
        start = page.find(HYPOTHETICAL, first, last) if page.sums[number] & HYPOTHETICAL else -1
        if start < 0 and page.sums[number] & (SUPPOSING | IMAGINING):
            start = _supposed(page, first, last)
        if start >= 0:
            found.append(start)
            left, paragraph = _REACH, page.paragraphs[number]
        elif left and page.paragraphs[number] == paragraph and not page.sums[number] & (ME | MY):
            found.append(first)
            left -= 1
        else:
            found.append(None)
            left = 0
    return found


def _supposed(page: Page, first: int, last: int) -> int:
    """Return the first word of a sentence that begins like "Take a woman of 52", or of one after a colon or a comma; -1 where there is none."""
    place = page.find(SUPPOSING | IMAGINING, first, last)
    while place >= 0:
        begins = place == first or bool(page.bits[place - 1] & (SIGN | STOP | BREAK)) or place == first + 1
        follows = page.until[place] if page.bits[place] & SUPPOSING else place + 1
        if begins and (page.bits[place] & IMAGINING or page.has(ARTICLE, follows, follows + 1)):
            return place
        place = page.find(SUPPOSING | IMAGINING, place + 1, last)
    return -1


def _find_cited(page: Page) -> set[int]:
    cited: set[int] = set()
    for number, summed in enumerate(page.sums):
        page.steps += 1
        goes_on = number - 1 in cited and page.paragraphs[number] == page.paragraphs[number - 1] and not summed & (FIRST | ME | MY)
        if summed & LITERATURE or (summed & NUMBER and _has_reference(page, number)) or (goes_on and number - 2 not in cited):
            cited.add(number)
    return cited


def _has_reference(page: Page, number: int) -> bool:
    """Tell whether a sentence names authors with a year: "Smith and Jones 2020", "Ferrante & Lowe (2021)", "(Jull, 2002)"."""
    first, last = page.sentences[number]
    for place in range(first + 2, last):
        page.steps += 1
        if not (page.bits[place] & NUMBER and len(page.words[place]) == 4 and page.words[place][:2] in ("19", "20")):
            continue
        name = place - 2 if page.words[place - 1] in ("(", ",", ".") else place - 1
        if page.caps[name] != CAPITAL or page.bits[name] & MONTH:
            continue
        if page.words[place - 1] == "(" or page.bits[name - 1] & AND or page.words[name - 1] in ("&", "("):
            return True
    return False


def _is_past(page: Page, number: int) -> bool:
    first, last = page.sentences[number]
    for place in range(first + 1, last):
        page.steps += 1
        if page.bits[place] & NUMBER and len(page.words[place]) == 4 and page.words[place].isdecimal():
            is_year = _OLDEST <= int(page.words[place]) < _NEWEST and page.bits[place - 1] & (IN_PLACE | FROM | OF)
            if is_year and not page.has(BORN, place - 4, place):
                return True
    return False
