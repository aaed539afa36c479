"""Exact ages of one person, in digits or words: "67-year-old", "36F", "she's 49", "a man of 72", "born 1961". No groups, things or round figures.

Called by `details`.
"""

import re
from collections.abc import Iterator

from forum.moderation.screening.confidential.tokens import BREAK, CAPITAL, CAPITALS, MIXED, NUMBER, SIGN, STOP, Page
from forum.moderation.screening.confidential.verbs import SOMEONE
from forum.moderation.screening.confidential.words import (
    AFTER_AGE,
    AGED,
    ANIMAL,
    APPROXIMATE,
    ARTICLE,
    AT,
    BE,
    BIRTHDAY,
    BODY,
    BORN,
    CARE_VERB,
    CARER,
    CONDITION,
    FIRST,
    FROM,
    GIVEN,
    GROUP,
    HAVE,
    HE,
    HE_IS,
    HIS,
    IN_PLACE,
    INEXACT_NOT,
    KIN,
    MEET_VERB,
    MERELY,
    MINE,
    MONTH,
    MY,
    OF,
    OLD,
    OLD_SHORT,
    OLDER,
    ONE,
    PATIENT,
    PATIENT_VERB,
    PERSON,
    SEX,
    SO,
    SPAN,
    TITLE,
    TURNED,
    UNIT,
    WHO,
    WITH,
    YEAR,
    YEARS,
    YO,
    YOU,
)

_SHORT = re.compile(r"([0-9]{1,3})([a-z]{1,5})")
_SHORT_FRONT = re.compile(r"([fm])([0-9]{1,3})")
_ORDINAL = re.compile(r"([0-9]{1,3})([a-z]{1,3})")
_MOST = 119
_WHOLE_PERSON = SOMEONE | GIVEN | SEX | TITLE
_NOUN_FOLLOWS = SIGN | STOP | BREAK | WHO | WITH | FROM | HAVE | BE | IN_PLACE | PATIENT_VERB | HIS | CARE_VERB
_SAID = _WHOLE_PERSON | HE | WHO | OLD | YO | OLD_SHORT | AGED | TURNED | BIRTHDAY | MINE | PATIENT_VERB
"""Of what there has to be something in a sentence that tells an age in full."""

_FIRST_YEAR, _LAST_YEAR = 1900, 2099


def find_ages(page: Page) -> Iterator[tuple[int, int, int]]:
    """Yield the ages of a page: the first token, the one after the last, and the years (0 for less than one)."""
    after = 0
    for number, (first, last) in enumerate(page.sentences):
        page.steps += 1
        if not page.sums[number] & (MIXED | BORN | _SAID):
            continue
        page.steps += last - first
        for place in range(max(first, after), last):
            found = _age_from(page, place) if place >= after else None
            if found is not None:
                yield found
                after = found[1]


def _age_from(page: Page, place: int) -> tuple[int, int, int] | None:
    bits, word = page.bits[place], page.words[place]
    if bits & MIXED:
        return _short(page, place) or _birthday(page, place)
    if bits & BORN:
        return _born(page, place)
    if bits & PERSON and word in page.lexicon.numbers:
        return place, place + 1, page.lexicon.numbers[word]
    if not bits & NUMBER and word not in page.lexicon.numbers:
        return None
    if not page.around(place) & _SAID:
        return None
    return _counted(page, place)


def _counted(page: Page, place: int) -> tuple[int, int, int] | None:
    """Find an age that a number by itself says, with the words around it."""
    value, end = page.number(place)
    if not 0 < value <= _MOST or page.joined[place] or _is_inexact(page, place, end):
        return None
    for check in (_years_old, _aged, _is_years, _of_years, _apposed):
        found = check(page, place, end)
        if found:
            return (*found, value if _in_years(page, *found) else 0)
    return _birthday(page, place)


def _in_years(page: Page, first: int, last: int) -> bool:
    return not page.has(YEAR, first, last) or page.has(YEARS, first, last)


def _is_inexact(page: Page, place: int, end: int) -> bool:
    before = page.find(APPROXIMATE, place - 2, place)
    if before >= 0 and not page.bits[before] & INEXACT_NOT:
        return True
    if end >= len(page):
        return False
    if page.joined[end] and page.bits[end] & NUMBER:
        return True
    if page.words[end] in ("+", "-", "%", "/", "=", "<", ">") or page.has(SO, end, end + 1):
        return True
    follows = page.has(SPAN, end, end + 1) and end + 1 < len(page)
    return follows and (page.bits[end + 1] & (NUMBER | SO | APPROXIMATE | OLDER) != 0)


def _years_old(page: Page, place: int, end: int) -> tuple[int, int] | None:
    """Find "67-year-old woman", "51 yr old", "eight weeks old", "9 years of age", said of a person."""
    short = page.has(YEARS, end, end + 1) and page.words[end + 1 : end + 2] == ["/"] and page.has(OLD_SHORT, end + 2, end + 3)
    if short or page.has(YO, end, end + 1):
        return place, end + 3 if short else end + 1
    if not page.has(YEAR, end, end + 1):
        return None
    old = end + 1
    if page.has(OF, old, old + 1) and page.has(AGED, old + 1, old + 2):
        return place, old + 2
    if not page.has(OLD, old, old + 1):
        return None
    if page.words[old].endswith("s") or page.has(GROUP, old + 1, old + 3):
        return None
    after = old + 1
    if page.has(ANIMAL, after, after + 3):
        return None
    if after >= len(page) or page.bits[after] & _NOUN_FOLLOWS or page.has(_WHOLE_PERSON, after, after + 4):
        return place, after
    return None


def _aged(page: Page, place: int, end: int) -> tuple[int, int] | None:
    """Find "aged 67" and "age 67", not of a group."""
    aged = page.rfind(AGED, place - 2, place)
    if aged < 0 or (aged == place - 2 and not page.bits[place - 1] & (OF | BE) and page.words[place - 1] != ":"):
        return None
    if page.has(GROUP, page.bounds(place)[0], aged) and not page.has(_WHOLE_PERSON | HE, aged - 6, aged):
        return None
    return aged, end


def _is_years(page: Page, place: int, end: int) -> tuple[int, int] | None:
    """Find "she's 49", "my patient is 81", "turned 106": a number that nothing is counted with."""
    start, last = page.bounds(place)
    if end < last and page.bits[end] & UNIT and not (page.bits[end] & YEAR and page.has(OLD, end + 1, end + 2)):
        return None
    if end < last and not page.bits[end] & (_NOUN_FOLLOWS | CONDITION | AFTER_AGE | MY | HE):
        return None
    before = place - 1
    while before > start and page.bits[before] & MERELY:
        page.steps += 1
        before -= 1
    if before < start:
        return None
    return (before if page.bits[before] & TURNED else place, end) if _is_said_of_one(page, before, end) else None


def _is_said_of_one(page: Page, before: int, end: int) -> bool:
    """Tell whether what stands before a number says that one person is so old: "turned", "she's", "who's", "my patient is", "at"."""
    start, last = page.bounds(before)
    bits, owns = page.bits[before], page.tails[before] == "s"
    if bits & TURNED or (bits & HE and (owns or bits & HE_IS)):
        return True
    if bits & WHO and owns:
        return page.has(SOMEONE, max(start, before - 3), before)
    if bits & BE:
        subject = page.rfind(HE | SOMEONE | GIVEN | MEET_VERB | CARE_VERB | WHO | BODY | FIRST | YOU, max(start, before - 4), before)
        return subject >= 0 and not page.bits[subject] & (BODY | FIRST | YOU) and not page.has(BODY | NUMBER | SIGN, subject + 1, before)
    if bits & AT and end < last and page.has(HE | PATIENT_VERB | PATIENT, max(start, before - 5), min(end + 3, last)):
        is_clause = page.bits[end] & (SIGN | HE | MY) or page.has(PATIENT_VERB, before - 3, before)
        return bool(is_clause) and page.number(end - 1)[0] > 12
    return False


def _of_years(page: Page, place: int, end: int) -> tuple[int, int] | None:
    """Find "a man of 72" and "Lad of 13"."""
    is_one = page.has(SOMEONE, place - 2, place - 1) or (page.has(ONE, place - 2, place - 1) and page.has(SOMEONE, place - 3, place - 2))
    if not page.has(OF, place - 1, place) or not is_one:
        return None
    if end < len(page) and page.bits[end] & (UNIT | GROUP):
        return None
    return place, end


def _apposed(page: Page, place: int, end: int) -> tuple[int, int] | None:
    """Find ", 58," and "(67)" after a person, and "Female, 34"."""
    start, last = page.bounds(place)
    if place - 1 <= start or page.words[place - 1] not in (",", "(", "/", "-"):
        return None
    if end < last and not (page.bits[end] & (SIGN | STOP | FROM | WITH | SEX | IN_PLACE | BREAK | AFTER_AGE)):
        return None
    if page.has(UNIT, end, end + 1) or (end + 1 < last and page.words[end] == "," and page.bits[end + 1] & NUMBER):
        return None
    if page.words[place - 1] in ("/", "-"):
        return (place, end) if page.bits[place - 2] & SEX and page.caps[place - 2] else None
    named = page.rfind(_WHOLE_PERSON | MINE | PATIENT, max(start, place - 6), place - 1)
    if named < 0 or page.has(GROUP | NUMBER, named, place - 1) or page.has(MONTH, place - 3, place):
        return None
    is_close = place - 1 - named <= 2 or page.caps[place - 2] == CAPITAL or page.has(MINE, place - 2, place - 1)
    return (place, end) if is_close and page.number(place)[0] > 3 else None


def _short(page: Page, place: int) -> tuple[int, int, int] | None:
    """Find "36F", "45yo", "M54" at the head of a note or before what a person has."""
    word = page.words[place]
    front = _SHORT_FRONT.fullmatch(word)
    found = _SHORT.fullmatch(word)
    if found and found[2] not in page.lexicon.lists["age_endings"]:
        return None
    if found is None and front is None:
        return None
    value, letter = (int(found[1]), found[2]) if found else (int(front[2]), front[1]) if front else (0, "")
    if not 0 < value <= _MOST or page.has(APPROXIMATE, place - 1, place):
        return None
    after = place + 1
    if len(letter) > 1:
        return place, after, value
    is_head = place == page.bounds(place)[0] or page.bits[place - 1] & (SIGN | STOP | ARTICLE | MY | MEET_VERB | CARE_VERB)
    is_told = after >= len(page) or page.bits[after] & (WITH | FROM | SIGN | STOP | CONDITION | PERSON | PATIENT | SEX | CARER)
    if front and (after >= len(page) or page.bits[after] & STOP):
        # A code such as M54.5, or a numbered heading.
        return None
    is_clear = (
        page.caps[place] in (CAPITALS, CAPITAL) or page.flat[page.ends[place] - 1].isupper() or page.has(CONDITION | FROM, after, after + 1)
    )
    return (place, after, value) if is_head and is_told and is_clear and value > 1 else None


def _born(page: Page, place: int) -> tuple[int, int, int] | None:
    """Find "born 1961", "b. 1961", "born in 1961"; the years are unknown."""
    limit = min(place + 4, len(page))
    for at in range(place + 1, limit):
        page.steps += 1
        word = page.words[at]
        if page.bits[at] & NUMBER and len(word) == 4 and word.isdecimal() and _FIRST_YEAR <= int(word) <= _LAST_YEAR:
            return place, at + 1, 0
        if page.bits[at] & (NUMBER | MONTH | GROUP):
            return None
    return None


def _birthday(page: Page, place: int) -> tuple[int, int, int] | None:
    """Find "her 95th birthday"."""
    ordinal = _ORDINAL.fullmatch(page.words[place])
    is_ordinal = ordinal and ordinal[2] in page.lexicon.lists["ordinal_endings"]
    value = int(ordinal[1]) if ordinal and is_ordinal else page.lexicon.numbers.get(page.words[place], 0)
    if not 0 < value <= _MOST or not page.has(BIRTHDAY, place + 1, place + 2) or not page.has(HIS | KIN | GIVEN, place - 2, place):
        return None
    return place, place + 2, value
