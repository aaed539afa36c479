"""Record numbers: what follows "MRN", "hospital number", "policy (...)", with digits enough; no numbers of studies, books, laws or the writer's licence.

Called by `details`.
"""

from collections.abc import Iterator

from forum.moderation.screening.confidential.tokens import CAPITALS, MIXED, NUMBER, SIGN, STOP, Page
from forum.moderation.screening.confidential.words import (
    BETWEEN,
    MONTH,
    MY,
    NUMBER_WORD,
    OUR,
    PATIENT,
    PUBLIC_NUMBER,
    RECORD_LABEL,
    RECORD_WEAK,
)

_FEWEST_DIGITS = 4
_FEWEST_WITHOUT_LABEL = 5
_MOST_BETWEEN = 4
_MOST_PARTS = 9
_MOST_LETTERS = 4
_SOCIAL_SECURITY = [3, 2, 4]


def find_records(page: Page) -> Iterator[tuple[int, int]]:
    """Yield the record numbers of a page, with what they are called: the first token and the one after the last."""
    after = 0
    for place in page.where(RECORD_LABEL | RECORD_WEAK | NUMBER):
        if place < after:
            continue
        found = None
        if page.bits[place] & (RECORD_LABEL | RECORD_WEAK):
            found = _labelled(page, place)
        elif len(page.words[place]) == 3:
            found = social_security(page, place)
        if found is not None:
            yield found
            after = found[1]


def _labelled(page: Page, place: int) -> tuple[int, int] | None:
    start, last = page.bounds(place)
    is_sure = bool(page.bits[place] & RECORD_LABEL)
    is_called = page.has(NUMBER_WORD, place + 1, place + 2) or page.words[place + 1 : place + 2] == ["#"]
    at = page.until[place] if is_sure and page.until[place] > place else place + 1
    mine = page.rfind(MY, max(start, place - 3), place)
    if mine >= 0 and not page.bits[mine] & OUR and not page.has(PATIENT, place - 2, place):
        return None
    if page.has(PUBLIC_NUMBER & ~RECORD_LABEL, max(start, place - 2), place):
        return None
    limit = min(at + _MOST_BETWEEN, last)
    while at < limit and not page.bits[at] & (NUMBER | MIXED) and not _is_head(page, at):
        page.steps += 1
        passes = page.bits[at] & (SIGN | STOP | NUMBER_WORD | RECORD_WEAK | RECORD_LABEL | BETWEEN)
        if not passes or page.bits[at] & (PUBLIC_NUMBER & ~RECORD_WEAK):
            return None
        at += 1
    if at >= last:
        return None
    end, digits, has_letter = _number_end(page, at, last)
    if digits < _FEWEST_DIGITS or page.has(MONTH, end, end + 1):
        return None
    is_year = digits == 4 and end - at == 1 and page.words[at][:2] in ("19", "20")
    if is_year or (not (is_sure or is_called) and (digits < _FEWEST_WITHOUT_LABEL or not (has_letter or digits > 6))):
        return None
    return place, end


def _is_head(page: Page, at: int) -> bool:
    """Tell whether a word in capitals is the first part of a number: the BUPX of "BUPX-5530-8841-K"."""
    if page.caps[at] < CAPITALS or at + 2 >= len(page) or page.bits[at] & PUBLIC_NUMBER:
        return False
    after = at + 2 if page.words[at + 1] == "/" else at + 1
    return bool(page.bits[after] & (NUMBER | MIXED)) and page.starts[after] - page.ends[at] <= 1


def _number_end(page: Page, at: int, last: int) -> tuple[int, int, bool]:
    """Return where a number of several parts ends, how many digits it has, and whether letters are in it."""
    digits, has_letter, first = 0, False, at
    while at < last and at - first < _MOST_PARTS:
        page.steps += 1
        if page.bits[at] & (NUMBER | MIXED):
            digits += sum(map(str.isdigit, page.words[at]))
            has_letter |= bool(page.bits[at] & MIXED)
        elif _is_letters(page, first, at):
            has_letter = True
        elif not _goes_on(page, at, last):
            break
        at += 1
    return at, digits, has_letter


def _is_letters(page: Page, first: int, at: int) -> bool:
    """Tell whether a word is the letters in a number: "BUPX-5530", "22/KX/7781", "K 2290"."""
    if page.joined[at] or (at == first and page.caps[at] >= CAPITALS) or (len(page.words[at]) == 1 and page.caps[at]):
        return True
    return page.caps[at] >= CAPITALS and page.words[at - 1] == "/" and len(page.words[at]) <= _MOST_LETTERS


def _goes_on(page: Page, at: int, last: int) -> bool:
    """Tell whether a sign stands inside a number."""
    if page.words[at] not in ("/", "-", ".") or at + 1 >= last or page.starts[at] != page.ends[at - 1]:
        return False
    return bool(page.bits[at + 1] & (NUMBER | MIXED)) or page.caps[at + 1] >= CAPITALS


def social_security(page: Page, place: int) -> tuple[int, int] | None:
    """Return the number of the American shape 000-00-0000 that begins at a token, or None."""
    parts = page.words[place : place + 3]
    joined = page.joined[place + 1 : place + 3] == [True, True]
    is_whole = joined and [len(part) for part in parts] == _SOCIAL_SECURITY and all(part.isdecimal() for part in parts)
    return (place, place + 3) if is_whole and not page.joined[place] else None
