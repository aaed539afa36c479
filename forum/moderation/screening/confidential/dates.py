"""Exact dates: a day and a month, a date in digits with its year, a day of the year by name. A month or a year alone is none. Called by `details`."""

from collections.abc import Iterator

from forum.moderation.screening.confidential.tokens import CAPITAL, LOWER, MIXED, NUMBER, Page
from forum.moderation.screening.confidential.words import AFTER_MAY, FEAST, MONTH, OF, THE, UNCLEAR_MONTH

_LAST_DAY = 31
_LAST_MONTH = 12


def find_dates(page: Page) -> Iterator[tuple[int, int]]:
    """Yield the exact dates of a page: the first token and the one after the last."""
    after = 0
    for place in page.where(MONTH | NUMBER | MIXED | FEAST):
        if place < after:
            continue
        bits = page.bits[place]
        end = 0
        if bits & MONTH:
            end = _after_month(page, place)
        elif bits & (NUMBER | MIXED):
            end = _from_day(page, place) or date_in_digits(page, place)
        if bits & FEAST and not end:
            end = page.until[place]
        if end:
            yield place, end
            after = end


def _day(page: Page, place: int) -> bool:
    word = page.words[place]
    if word[-2:] in page.lexicon.lists["ordinal_endings"]:
        word = word[:-2]
    return word.isdecimal() and len(word) <= 2 and 0 < int(word) <= _LAST_DAY


def _with_year(page: Page, place: int) -> int:
    at = place + 1 if page.has(MONTH, place - 1, place) and place < len(page) and page.words[place] == "." else place
    if at < len(page) and page.words[at] == ",":
        at += 1
    is_year = at < len(page) and page.words[at].isdecimal() and len(page.words[at]) == 4
    return at + 1 if is_year else place


def _after_month(page: Page, place: int) -> int:
    """Return the end of "March 3rd, 2019", or 0; a month that is a word too needs its capital."""
    after = place + 1
    if after < len(page) and page.bits[after] & THE:
        after += 1
    is_named = page.caps[place] != LOWER or not page.bits[place] & UNCLEAR_MONTH
    if not is_named or after >= len(page) or not _day(page, after):
        return 0
    counts = after + 1 < len(page) and not page.words[after][-1].isalpha() and page.caps[after + 1] == LOWER
    if counts and page.words[after + 1].isalpha() and not page.has(OF, after + 1, after + 2):
        return after + 1 if page.caps[place] == CAPITAL else 0
    return _with_year(page, after + 1)


def _from_day(page: Page, place: int) -> int:
    """Return the end of "3 March 2019" and "the 9th of August", or 0."""
    if not _day(page, place):
        return 0
    month = place + 1
    if page.has(OF, month, month + 1):
        month += 1
    if not page.has(MONTH, month, month + 1):
        return 0
    if page.bits[month] & UNCLEAR_MONTH and page.caps[month] == LOWER and page.has(AFTER_MAY, month + 1, month + 2):
        return 0
    return _with_year(page, month + 1)


def date_in_digits(page: Page, place: int) -> int:
    """Return the end of "14/09/1973", "14.9.1973", "2023-04-05", or 0."""
    word = page.words[place]
    if word.count(".") == 2:
        return place + 1 if _is_date(word.split(".")) else 0
    if not page.bits[place] & NUMBER:
        return 0
    if place + 2 < len(page) and page.joined[place + 1] and page.joined[place + 2]:
        return place + 3 if _is_date(page.words[place : place + 3]) else 0
    if place + 4 < len(page) and page.words[place + 1] == page.words[place + 3] == "/":
        return place + 5 if _is_date(page.words[place : place + 5 : 2]) else 0
    return 0


def _is_date(parts: list[str]) -> bool:
    if not all(part.isdecimal() for part in parts):
        return False
    if len(parts[0]) == 4:
        year, month, day = parts
    else:
        day, month, year = parts
    if len(year) not in (2, 4) or len(day) > 2 or len(month) > 2 or (len(year) == 4 and not 1900 <= int(year) <= 2099):
        return False
    small, large = sorted((int(day), int(month)))
    return 0 < small <= _LAST_MONTH and large <= _LAST_DAY
