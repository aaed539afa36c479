"""Verbs of care and the person they are done to: "have been treating her", "saw a man of 52". Called by `people`, `care` and `named`."""

from forum.moderation.screening.confidential.tokens import BREAK, CAPITAL, SIGN, STOP, Page
from forum.moderation.screening.confidential.words import (
    AMBIGUOUS,
    AUX,
    BODY,
    CARE_VERB,
    CARER,
    COMPLAINT,
    CONDITION,
    FIRST,
    GIVEN,
    GROUP,
    HAVE,
    HE,
    HIM,
    HIS,
    KIN,
    LOCAL,
    MEET_VERB,
    MULTIPLE,
    MY,
    MYSELF,
    OF,
    OFFICE,
    OLD,
    ONE,
    ONLY,
    OWN,
    PATIENT,
    PERSON,
    TEST,
    THEIR,
    THERAPY,
    TITLE,
    TRADE,
    YOU,
)

SOMEONE = PERSON | PATIENT | TRADE | OFFICE | KIN | MULTIPLE
"""Words for one person."""

_REACH = 8
"""Tokens between a verb of care and the person it is done to."""

_ONESELF = OWN | BODY | CONDITION | COMPLAINT | TEST


def caring_verb(page: Page, place: int, last: int) -> int:
    """Return the verb of care that the words from ``place`` on say ("have been treating", "saw"), past auxiliaries, or -1."""
    weak = -1
    for at in range(place, min(place + _REACH, last)):
        page.steps += 1
        bits = page.bits[at]
        if bits & CARE_VERB:
            return at
        if bits & AUX and not (bits & MEET_VERB and page.until[at] > at + 1):
            weak = at if bits & MEET_VERB else weak
            continue
        return at if bits & MEET_VERB else weak
    return weak


def has_object(page: Page, verb: int, last: int) -> bool:
    """Tell whether one person follows a verb of care: a pronoun, a person, a name; not the writer, not several."""
    strong = bool(page.bits[verb] & CARE_VERB)
    is_have = bool(page.bits[verb] & HAVE)
    start = page.until[verb] if page.bits[verb] & (CARE_VERB | MEET_VERB) and page.until[verb] > verb else verb + 1
    if page.bits[verb] & (CARE_VERB | MEET_VERB) and page.has(HIM | HIS, verb + 1, start):
        return True
    for at in range(start, min(start + _REACH, last)):
        page.steps += 1
        bits = page.bits[at]
        if bits & (HIM | HIS) or (bits & THEIR and at == start and page.has(BODY | TEST | CONDITION | THERAPY, at + 1, at + 4)):
            return not is_have or not page.has(TEST | BODY, at + 1, at + 2)
        if bits & THEIR and page.has(OF, at - 1, at):
            return True
        if bits & GROUP:
            return False
        if bits & MY and (page.has(_ONESELF, at + 1, at + 4) or not strong):
            return _is_ours(page, at)
        if bits & (SOMEONE | MULTIPLE):
            return _is_object(page, at, strong=strong, is_have=is_have)
        if bits & (OLD | TITLE | GIVEN) and _begins_person(page, at, last, strong=strong):
            return strong or not page.has(KIN, at + 1, at + 3)
        if bits & (SIGN | STOP | BREAK | FIRST | HE | YOU | MYSELF):
            return False
    return False


def _is_ours(page: Page, at: int) -> bool:
    """Tell whether "my" goes with a patient, or with a role that one person has: "our only butcher"."""
    is_role = page.has(ONLY | LOCAL | OFFICE, at + 1, at + 3) and page.has(TRADE | OFFICE, at + 1, at + 5)
    return is_role or page.has(PATIENT, at + 1, at + 5)


def _begins_person(page: Page, at: int, last: int, *, strong: bool) -> bool:
    """Tell whether an age, a title or a given name stands for a person here."""
    bits = page.bits[at]
    if bits & OLD and page.number(at - 2)[0] >= 0:
        return True
    if bits & TITLE and page.caps[at] == CAPITAL and at + 1 < last and page.caps[at + 1]:
        return True
    return bool(bits & GIVEN) and strong and (page.caps[at] == CAPITAL or not bits & AMBIGUOUS)


def _is_object(page: Page, at: int, *, strong: bool, is_have: bool) -> bool:
    if page.bits[at] & PATIENT:
        return not page.has(MYSELF, at - 3, at)
    if page.bits[at] & CARER and not strong:
        return page.has(OF, at - 3, at)
    return strong or not (is_have and page.bits[at] & KIN and not page.has(OF, at + 1, at + 2))


def is_one_of(page: Page, place: int) -> bool:
    """Tell whether "one of my" stands before a word for several."""
    one = page.rfind(ONE, max(page.bounds(place)[0], place - 5), place)
    return one >= 0 and page.has(OF, one + 1, one + 2) and page.has(MY, one + 2, place)
