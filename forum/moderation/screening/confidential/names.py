"""Names of persons, by given names, titles, initials and capitals. A name alone tells nothing; whose it is `named` decides."""

from collections.abc import Iterator

from forum.moderation.screening.confidential.tokens import CAPITAL, INITIAL, MIXED, NUMBER, SIGN, STOP, Page
from forum.moderation.screening.confidential.words import (
    AMBIGUOUS,
    CONDITION,
    DAY,
    DOCTOR,
    DRUG,
    FIRST,
    GIVEN,
    INSTITUTION,
    MONTH,
    ORDINARY,
    PLACEHOLDER,
    REGION,
    SMALL_TITLE,
    SURNAME,
    THE,
    TITLE,
)

_MOST_WORDS = 5
_NO_SURNAME = MONTH | DAY | REGION
_SMALL_BEGINNING = SMALL_TITLE | GIVEN
"""What a name without a capital begins with."""


def find_names(page: Page) -> Iterator[tuple[int, int]]:
    """Yield what looks like the name of a person: the first token and the one after the last. Linear in the number of tokens."""
    finder, after = _Finder(page), 0
    page.steps += len(page)
    for place, caps in enumerate(page.caps):
        if place < after or not (caps or page.bits[place] & _SMALL_BEGINNING):
            continue
        end = finder.name_from(place)
        if end > place:
            yield place, end
            after = end


class _Finder:
    """Finds where names end."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def name_from(self, place: int) -> int:
        """Return where a name that begins at a token ends, or the token itself where none begins."""
        page = self.page
        bits, caps = page.bits[place], page.caps[place]
        if page.joined[place]:
            return place
        if not caps and bits & SMALL_TITLE:
            return self._small_title(place)
        if not caps:
            return self._small_name(place) if bits & GIVEN and not bits & AMBIGUOUS else place
        if bits & (DOCTOR | TITLE) and caps == CAPITAL:
            return self._titled(place)
        if caps == INITIAL:
            return self._initials(place)
        if caps != CAPITAL:
            return place
        if bits & GIVEN:
            return self._given(place)
        return self._strange(place)

    def _titled(self, place: int) -> int:
        page = self.page
        start = place + 1
        if start < len(page) and page.words[start] == ".":
            start += 1
        if start >= len(page) or not page.caps[start] or page.gap(start) > 1:
            return place
        if page.bits[start] & PLACEHOLDER:
            return place
        if not self._may_be_surname(start) and not page.bits[start] & GIVEN and page.caps[start] != INITIAL:
            return place
        return self._further(start + 1)

    def _small_title(self, place: int) -> int:
        page = self.page
        start = place + 2 if place + 1 < len(page) and page.words[place + 1] == "." else place + 1
        if start >= len(page) or page.caps[start] > CAPITAL or page.bits[start] & (PLACEHOLDER | SIGN | STOP):
            return place
        is_name = page.words[start].isalpha() and len(page.words[start]) > 2
        return start + 1 if is_name and (page.bits[start] & SURNAME or not page.bits[start] & ~(GIVEN | AMBIGUOUS)) else place

    def _initials(self, place: int) -> int:
        page, at, count = self.page, place, 0
        while at < min(place + 6, len(page)) and page.caps[at] == INITIAL and not page.bits[at] & FIRST:
            page.steps += 1
            count += 1
            at += 2 if at + 1 < len(page) and page.words[at + 1] == "." else 1
        dotted = at > place and page.words[at - 1] == "."
        if count and dotted and at < len(page) and page.caps[at] == CAPITAL and self._may_be_surname(at):
            return self._further(at + 1)
        return place

    def _given(self, place: int) -> int:
        page = self.page
        end = place + 1
        if end < len(page) and page.caps[end] == INITIAL and end + 1 < len(page) and page.words[end + 1] == ".":
            after = end + 2
            return self._further(after + 1) if after < len(page) and page.caps[after] == CAPITAL and self._may_be_surname(after) else after
        followed = end < len(page) and page.caps[end] == CAPITAL and self._is_next(end) and self._may_be_surname(end)
        if followed:
            return self._further(end + 1)
        is_head = page.bits[place] & AMBIGUOUS and (place == page.bounds(place)[0] or page.bits[place - 1] & (SIGN | STOP))
        return place if is_head or page.bits[place] & (MONTH | DAY | REGION) else end

    def _strange(self, place: int) -> int:
        """Return the end of two or more unknown words with capitals, or of one before a colon: names that no list knows."""
        page = self.page
        if page.bits[place] & ~SURNAME or (len(page.words[place]) < 3):
            return place
        end = self._further(place + 1)
        if end - place > 1:
            return end
        if self._is_turned(end):
            return end + 2
        if end + 1 < len(page) and page.caps[end] == INITIAL and page.words[end + 1] == "." and self._is_next(end):
            return end + 2
        is_plain = page.flat[page.starts[place] + 1 : page.ends[place]].islower()
        is_lead = is_plain and place == page.bounds(place)[0] and end < len(page) and page.words[end] in (":", ",")
        is_plural = page.lexicon.ends(page.words[place], "plural_endings") and page.has(THE, place - 1, place)
        owns = page.tails[place] == "s"
        return end if is_lead or is_plural or (owns and place > page.bounds(place)[0]) else place

    def _is_turned(self, comma: int) -> bool:
        """Tell whether a given name follows a comma and ends there: "Okafor, Chidi"."""
        page = self.page
        if comma + 2 >= len(page) or page.words[comma] != "," or page.caps[comma + 1] != CAPITAL:
            return False
        return bool(page.bits[comma + 1] & GIVEN and page.bits[comma + 2] & (SIGN | STOP))

    def _small_name(self, place: int) -> int:
        page, end = self.page, place + 1
        if end >= len(page) or page.caps[end] or not self._is_next(end) or not page.words[end].isalpha():
            return place
        word = page.words[end]
        known = page.bits[end] & ~(SURNAME | GIVEN) or (page.bits[end] & AMBIGUOUS and not page.bits[end] & SURNAME)
        is_word = page.lexicon.ends(word, "word_endings") or len(word) < 3
        return place if known or is_word else end + 1

    def _further(self, end: int) -> int:
        page = self.page
        limit = min(end + _MOST_WORDS, len(page))
        while end < limit and page.caps[end] == CAPITAL and self._is_next(end) and self._may_be_surname(end):
            page.steps += 1
            end += 1
        return end

    def _is_next(self, place: int) -> bool:
        page = self.page
        return page.gap(place) <= 1 and not page.tails[place - 1]

    def _may_be_surname(self, place: int) -> bool:
        page = self.page
        bits = page.bits[place]
        if bits & (SURNAME | GIVEN) and not bits & _NO_SURNAME:
            return True
        return not bits & (_NO_SURNAME | ORDINARY | CONDITION | DRUG | INSTITUTION | NUMBER | MIXED) and len(page.words[place]) > 1
