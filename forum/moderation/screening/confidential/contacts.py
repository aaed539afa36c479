"""Contact details: mail addresses, phone numbers, names in networks, streets with a number, postcodes, number plates; those of a third person.

The writer's own ("write me at ...") and those of organisations are no detail. Called by `details`.
"""

import re
from collections.abc import Iterator

from forum.moderation.screening.confidential.dates import date_in_digits
from forum.moderation.screening.confidential.records import social_security
from forum.moderation.screening.confidential.tokens import BREAK, CAPITAL, CAPITALS, LINK, MIXED, NUMBER, SIGN, Page
from forum.moderation.screening.confidential.words import (
    ADDRESS_WORD,
    CONDITION,
    FIRST,
    FLAT,
    HANDLE_WORD,
    HE,
    HIM,
    HIS,
    HOUSE_NUMBER,
    IN_PLACE,
    INSTITUTION,
    KIN,
    MAIL_AT,
    MAIL_DOT,
    MAILBOX,
    ME,
    MONTH,
    MY,
    NETWORK,
    ORGANISATION,
    PATIENT,
    PERSON,
    PUBLIC_NUMBER,
    RECORD_LABEL,
    RING,
    SETTING,
    SMALL_STREET,
    STREET,
    THEIR,
    UNIT,
    US,
    VEHICLE,
    YOU,
)

_THIRD = HE | HIM | HIS | PATIENT | KIN | PERSON | THEIR
_BEGINNING = SIGN | MAIL_AT | HANDLE_WORD | NUMBER | MIXED
"""Of what there has to be something in a sentence that holds a contact."""

_MAIL_PART = frozenset("._-+%")
_LONGEST_MAIL = 12
_LONGEST_HANDLE = 8
_FEWEST_DIGITS, _MOST_DIGITS = 9, 15
_FEWEST_WITH_WORD = 7
_OUT = re.compile(r"[a-z]{1,2}[0-9][0-9a-z]?")
_IN = re.compile(r"[0-9][a-z]{2}")
_WHOLE_POSTCODE = re.compile(r"[a-z]{1,2}[0-9][0-9a-z]?[0-9][a-z]{2}")
_CANADA = re.compile(r"[a-z][0-9][a-z]")
_CANADA_END = re.compile(r"[0-9][a-z][0-9]")
_PLATE = re.compile(r"[a-z]{2}[0-9]{2}")
_WHOLE_PLATE = re.compile(r"[a-z]{2}[0-9]{2}[a-z]{3}")
_HOUSE = re.compile(r"[0-9]{1,4}[a-z]?")
_BETWEEN_DIGITS = frozenset("()-/+")
_ABOUT = 2
"""Sentences before and after one in which a contact's owner may be named."""


def find_contacts(page: Page) -> Iterator[tuple[int, int]]:
    """Yield the contact details of third persons: the first token and the one after the last."""
    after = 0
    for number, (first, last) in enumerate(page.sentences):
        page.steps += 1
        if not page.sums[number] & _BEGINNING:
            continue
        page.steps += last - first
        for place in range(max(first, after), last):
            found = _contact_from(page, place) if place >= after else None
            if found is None:
                continue
            if _is_third_persons(page, *found):
                yield found
            after = max(found[1], place + 1)


def _contact_from(page: Page, place: int) -> tuple[int, int] | None:
    bits, word = page.bits[place], page.words[place]
    if word == "@" and bits & SIGN:
        return _mail(page, place) or _handle(page, place)
    if bits & MAIL_AT:
        return _spelt_mail(page, place)
    if page.around(place) & HANDLE_WORD and (found := _written_handle(page, place)):
        return found
    if bits & NUMBER or word in ("+", "("):
        return _street(page, place) or _phone(page, place)
    if bits & MIXED:
        return _postcode(page, place) or _plate(page, place) or _street(page, place)
    return None


def _mail(page: Page, place: int) -> tuple[int, int] | None:
    """Find an address around an @: what touches it on both sides, with a dot in its second half."""
    first, last = place, place + 1
    while first > 0 and place - first < _LONGEST_MAIL and page.ends[first - 1] == page.starts[first] and _is_mail_part(page, first - 1):
        page.steps += 1
        first -= 1
    dots = 0
    while last < len(page) and last - place < _LONGEST_MAIL and page.ends[last - 1] == page.starts[last] and _is_mail_part(page, last):
        page.steps += 1
        dots += page.words[last] == "."
        last += 1
    while last - 1 > place and page.words[last - 1] in ".-":
        dots -= page.words[last - 1] == "."
        last -= 1
    has_dot = dots > 0 or any("." in page.words[at] for at in range(place + 1, last))
    return (first, last) if first < place and last - place > 1 and has_dot else None


def _is_mail_part(page: Page, place: int) -> bool:
    return page.words[place] in _MAIL_PART or page.words[place].replace(".", "").isalnum()


def _spelt_mail(page: Page, place: int) -> tuple[int, int] | None:
    """Find "rob dot tennick at example dot com" and "rob (at) example.org"."""
    limit = page.bounds(place)
    after = place + 1
    while after < limit[1] and page.words[after] in ")]":
        after += 1
    dot = after + 1
    while dot < limit[1] and page.words[dot] in "([":
        dot += 1
    if dot >= limit[1] or not (page.bits[dot] & MAIL_DOT or (page.words[dot] == "." and page.ends[dot - 1] == page.starts[dot])):
        return None
    end = dot + 1
    while end < limit[1] and page.words[end] in ")]":
        end += 1
    if end >= limit[1] or not page.words[end].isalpha() or len(page.words[end]) > 6:
        return None
    first = place - 1
    while first > limit[0] and page.words[first] in "([":
        first -= 1
    while first - 2 >= limit[0] and (page.bits[first - 1] & MAIL_DOT or page.words[first - 1] == ".") and place - first < _LONGEST_MAIL:
        page.steps += 1
        first -= 2
    is_spelt = page.bits[dot] & MAIL_DOT or (first < place and page.words[place - 1] in "([")
    return (first, end + 1) if first >= limit[0] and is_spelt and page.words[first].isalnum() else None


def _handle(page: Page, place: int) -> tuple[int, int] | None:
    """Find "@name" beside words of a network; without these it only speaks to somebody here."""
    end = place + 1
    if end >= len(page) or page.starts[end] != page.ends[place] or not page.words[end].isalnum():
        return None
    while end - place < _LONGEST_HANDLE and (after := _after_joint(page, end)):
        page.steps += 1
        end = after
    first, last = page.bounds(place)
    if page.around(place) & YOU or not page.around(place) & HANDLE_WORD or not page.has(HANDLE_WORD, max(first, place - 10), last):
        return None
    return place, end + 1


def _after_joint(page: Page, place: int) -> int:
    """Return the token that an underscore or a dot joins to a token, or 0."""
    after = place + 2 if page.words[place + 1 : place + 2] == ["."] else place + 1
    if after >= len(page) or page.starts[after] != page.ends[place] + 1 or not page.words[after].isalnum():
        return 0
    return after if page.flat[page.ends[place]] in "_." else 0


def _written_handle(page: Page, place: int) -> tuple[int, int] | None:
    """Find "lou_the_limper", and the address of somebody's page, beside words of a network."""
    end = place + 1
    while end < len(page) and end - place < 6 and page.starts[end] == page.ends[end - 1] + 1 and page.flat[page.ends[end - 1]] == "_":
        page.steps += 1
        end += 1
    if end - place > 1:
        return (place, end) if page.around(place) & NETWORK else None
    owner = page.rfind(HIS | PATIENT, max(page.bounds(place)[0], place - 8), place)
    if not page.bits[place] & LINK and not _is_domain(page, place):
        return None
    is_owned = owner >= 0 and page.has(HANDLE_WORD, owner + 1, place)
    while end < len(page) and end - place < _LONGEST_MAIL and page.starts[end] == page.ends[end - 1] and not page.bits[end] & BREAK:
        page.steps += 1
        end += 1
    return (place, end) if is_owned else None


def _is_domain(page: Page, place: int) -> bool:
    for at in range(place, min(place + 6, len(page) - 1)):
        page.steps += 1
        if at > place and page.starts[at] != page.ends[at - 1] and not page.joined[at]:
            return False
        if page.words[at] == "." and at > place:
            return page.starts[at + 1] == page.ends[at] and page.words[at + 1].isalpha()
    return False


def _phone(page: Page, place: int) -> tuple[int, int] | None:
    """Find a run of groups of digits of a phone number's length and shape; a short one needs a word such as "call" before it."""
    if _is_inside_digits(page, place):
        return None
    at, digits, groups = place, "", []
    while at < len(page) and at - place < 24 and len(digits) <= _MOST_DIGITS:
        page.steps += 1
        word = page.words[at]
        if page.bits[at] & NUMBER:
            if "," in word:
                return None
            groups.append(word)
            digits += word.replace(".", "")
        elif word not in _BETWEEN_DIGITS or page.starts[at] - page.ends[at - 1] > 1 or not page.bits[at] & SIGN:
            break
        at += 1
    while at > place and not page.bits[at - 1] & NUMBER:
        at -= 1
    if len(digits) < _FEWEST_WITH_WORD or not _is_dialled(page, place, at, groups, digits):
        return None
    return None if date_in_digits(page, place) or social_security(page, place) else (place, at)


def _is_inside_digits(page: Page, place: int) -> bool:
    """Tell whether a token is part of a run of digits that was looked at from its beginning."""
    if page.words[place][0] == "0" and len(page.words[place]) > 2:
        return False
    before = place - 1
    if before > 0 and page.words[before] in _BETWEEN_DIGITS and page.starts[before] - page.ends[before - 1] <= 1:
        before -= 1
    return before >= 0 and bool(page.bits[before] & NUMBER) and page.starts[place] - page.ends[before] <= 2


def _is_dialled(page: Page, place: int, end: int, groups: list[str], digits: str) -> bool:
    start = page.bounds(place)[0]
    named = page.rfind(ADDRESS_WORD | RING, max(start, place - 6), place)
    if not (_FEWEST_WITH_WORD if named >= 0 else _FEWEST_DIGITS) <= len(digits) <= _MOST_DIGITS or digits.startswith(
        tuple(page.lexicon.lists["free_numbers"])
    ):
        return False
    if page.has(PUBLIC_NUMBER | RECORD_LABEL, max(start, place - 3), place) and not page.has(ADDRESS_WORD | RING, place - 2, place):
        return False
    if page.has(UNIT | MONTH, end, end + 1) or (end < len(page) and page.words[end] in ("%", "/", "=")) or _touches(page, place):
        return False
    if any("." in group for group in groups):
        # Not decimals, but groups with dots between them.
        return len(groups) == 1 and groups[0].count(".") > 1
    if all(len(group) == 4 and group[:2] in ("19", "20") for group in groups):
        return False
    international = page.words[place] == "+" or digits[0] == "0"
    shaped = [len(group) for group in groups] in ([3, 3, 4], [3, 4], [1, 3, 3, 4], [4, 4], [3, 3, 3], [2, 2, 2, 2, 2])
    return international or shaped or named >= 0


def _touches(page: Page, place: int) -> bool:
    """Tell whether a number hangs on something before it: a price, a part of another number or of an address."""
    if not place:
        return False
    glued = page.ends[place - 1] == page.starts[place]
    return (glued and page.words[place - 1] not in ("(", ":", "\n", "\n\n", '"')) or page.joined[place] or bool(page.bits[place - 1] & LINK)


def _street(page: Page, place: int) -> tuple[int, int] | None:
    """Find "14 Tanyard Lane" and "flat 3, 14 Tanyard Lane"."""
    if not _HOUSE.fullmatch(page.words[place]) or page.bits[place] & MONTH:
        return None
    at = place + 1
    if at < len(page) and (page.words[at] == "," or (page.bits[at] & IN_PLACE and page.has(HOUSE_NUMBER, place - 1, place))):
        at += 1
    named = at
    while at < min(named + 4, len(page)) and page.caps[at] in (CAPITAL, CAPITALS):
        page.steps += 1
        if at > named and page.bits[at] & STREET:
            first = place - 1 if page.has(FLAT | HOUSE_NUMBER, place - 1, place) else place
            return first, at + 1
        at += 1
    is_small = named + 1 < at + 1 and at < len(page) and at > named and page.bits[at] & STREET and len(page.words[at]) > 2
    return (place, at + 1) if is_small and page.bits[at] & SMALL_STREET else None


def _postcode(page: Page, place: int) -> tuple[int, int] | None:
    """Find a British or Canadian postcode in capitals, or in small letters after the word."""
    word, end = page.words[place], place + 1
    named = page.has(ADDRESS_WORD, place - 3, place)
    if page.has(PUBLIC_NUMBER | RECORD_LABEL, place - 2, place):
        return None
    upper = page.caps[place] == CAPITALS
    if _WHOLE_POSTCODE.fullmatch(word) and (named or (upper and len(word) > 5)):
        return place, end
    if end >= len(page) or not (upper or named) or page.starts[end] - page.ends[place] != 1:
        return None
    if _OUT.fullmatch(word) and _IN.fullmatch(page.words[end]):
        return place, end + 1
    return (place, end + 1) if _CANADA.fullmatch(word) and _CANADA_END.fullmatch(page.words[end]) else None


def _plate(page: Page, place: int) -> tuple[int, int] | None:
    """Find a number plate of the British shape beside the word of a vehicle."""
    start = page.bounds(place)[0]
    if not page.has(VEHICLE, max(start - 8, place - 12), place + 8):
        return None
    word, end = page.words[place], place + 1
    if _WHOLE_PLATE.fullmatch(word):
        return place, end
    if _PLATE.fullmatch(word) and end < len(page) and len(page.words[end]) == 3 and page.caps[end] == CAPITALS:
        return place, end + 1
    return None


def _own(page: Page, start: int, first: int, last: int) -> int:
    """Return the word before a contact that makes it the writer's: "me" or "us" close to it, "my" before the word for it, "I" before both; or -1."""
    near = page.rfind(ME, max(start, first - 6), first)
    mine = page.rfind(MY, max(start, first - 8), first)
    if mine >= 0 and (first - mine <= 2 or page.has(ADDRESS_WORD | SETTING | INSTITUTION | ORGANISATION, mine + 1, first)):
        near = max(near, mine)
    subject = page.rfind(FIRST, max(start, first - 12), first)
    is_theirs = (
        subject >= 0 and page.has(HE | HIM | HIS, start, subject) and page.has(HE | HIM | HIS, last, min(last + 10, page.bounds(first)[1]))
    )
    return near if is_theirs else max(near, subject)


def _is_third_persons(page: Page, first: int, last: int) -> bool:
    """Tell whose a contact is, by the nearest word before it that says so; without any, by the sentences around it."""
    number = page.sentence[first]
    near = [
        one for one in range(max(0, number - _ABOUT), min(len(page.sums), number + 2)) if page.paragraphs[one] == page.paragraphs[number]
    ]
    page.steps += len(near) + 1
    if not any(page.sums[one] & (_THIRD | CONDITION) for one in near):
        return False
    start, end = page.bounds(first)
    local = page.has(MAILBOX, first, first + 1) and last - first > 2
    own = _own(page, start, first, last)
    third = page.rfind(_THIRD, start, first)
    told = page.rfind(HIS, start, first)
    if told >= 0 and page.has(ADDRESS_WORD, told + 1, told + 3):
        return True
    if page.has(PATIENT, last, min(end, last + 6)) and page.has(MY, last, min(end, last + 6)):
        return True
    body = page.rfind(ORGANISATION, max(start, first - 8), first)
    if local or (own >= 0 and own > third and not page.has(_THIRD, own, first)):
        return False
    if body >= 0 and body > third:
        return False
    if third >= 0 or page.has(_THIRD | CONDITION, last, min(end, last + 12)):
        return third >= 0 or not page.has(US | ORGANISATION, start, end)
    if page.has(US | ORGANISATION | YOU, start, end) and not page.has(HE | HIM | HIS | PATIENT, start, end):
        return False
    return any(page.sums[one] & (HE | HIM | HIS | PATIENT) for one in near) and not any(page.sums[one] & ORGANISATION for one in near)
