"""Unique roles: the mayor, the only pilot in our town, the coach's daughter, the mother of the quads; not the writer's, not a profession alone.

Called by `details`.
"""

from collections.abc import Iterator

from forum.moderation.screening.confidential.care import MANY, READER, SELF
from forum.moderation.screening.confidential.people import People
from forum.moderation.screening.confidential.tokens import CAPITAL, CAPITALS, SIGN, STOP, Page
from forum.moderation.screening.confidential.words import (
    ARTICLE,
    CARER,
    EMPLOYED,
    HIS,
    IN_PLACE,
    INSTITUTION,
    KIN,
    LOCAL,
    MULTIPLE,
    MY,
    OF,
    OFFICE,
    ONE,
    ONLY,
    PERSON,
    REGION,
    ROLES,
    SETTLEMENT,
    SOLE,
    SUPERLATIVE,
    THE,
    TRADE,
    UNIQUE,
    WHO,
)

_ROLE = OFFICE | TRADE


def find_roles(page: Page, people: People) -> Iterator[tuple[int, int]]:
    """Yield the unique roles of a page: the first token and the one after the last."""
    after = 0
    for place in page.where(_ROLE | ROLES | UNIQUE | ONLY | MULTIPLE | KIN | PERSON):
        if place < after or people.who[place] == SELF or (people.who[place] == READER and not page.bits[place] & UNIQUE):
            continue
        found = _role_from(page, people, place)
        if found is not None:
            yield found
            after = found[1]


def _role_from(page: Page, people: People, place: int) -> tuple[int, int] | None:
    bits = page.bits[place]
    if bits & UNIQUE:
        return place, page.until[place] if page.until[place] > place else place + 1
    if bits & ONLY:
        return _only(page, place)
    if bits & MULTIPLE:
        return _multiple(page, place)
    if bits & KIN and page.has(OF, place + 1, place + 2):
        return _kin_of(page, place)
    if (
        bits & PERSON
        and page.has(WHO, place + 1, place + 2)
        and page.has(EMPLOYED, place + 2, place + 3)
        and page.has(THE, place - 3, place)
    ):
        return place, place + 3
    if page.has(ONE, place - 4, place) and page.has(SETTLEMENT, page.until[place], page.until[place] + 4) and bits & _ROLE:
        return place, page.until[place]
    if bits & ROLES:
        return _somebodys_kin(page, place)
    if people.who[place] == MANY or not bits & _ROLE:
        return None
    return _somebodys_kin(page, place) or _office(page, place) or _trade(page, place)


def _only(page: Page, place: int) -> tuple[int, int] | None:
    """Find "the only pilot", "the last blacksmith", "the oldest man in our district"."""
    if not page.has(THE | MY | ARTICLE | HIS, place - 2, place):
        return None
    last = min(place + 5, page.bounds(place)[1])
    noun = page.find(_ROLE | PERSON, place + 1, last)
    if noun < 0 or page.has(SIGN | STOP, place + 1, noun):
        return None
    superlative = page.bits[place] & SOLE or page.has(SETTLEMENT | REGION, noun, min(noun + 6, page.bounds(place)[1]))
    return (place, page.until[noun]) if superlative or page.bits[place] & SUPERLATIVE else None


def _multiple(page: Page, place: int) -> tuple[int, int] | None:
    return place, page.until[place]


def _kin_of(page: Page, place: int) -> tuple[int, int] | None:
    """Find "the daughter of the swim coach" and "the mum of the quads"."""
    role = page.find(_ROLE | MULTIPLE, place + 2, min(place + 6, page.bounds(place)[1]))
    if role < 0 or not page.has(THE | MY, place + 2, role + 1) or page.has(SIGN | STOP, place + 1, role):
        return None
    return place, page.until[role]


def _somebodys_kin(page: Page, place: int) -> tuple[int, int] | None:
    """Find "the bishop's sister", "our mayors wife"."""
    end = page.until[place] if page.until[place] > place else place + 1
    related = page.find(KIN, end, min(end + 6, page.bounds(place)[1]))
    if related >= 0 and page.has(HIS, related - 1, related) and page.has(THE | MY, place - 3, place):
        return place, page.until[related]
    owns = page.tails[end - 1] == "s" or page.lexicon.ends(page.words[end - 1], "plural_endings")
    kin = page.find(KIN, end, min(end + 3, page.bounds(place)[1]))
    if not owns or kin < 0 or page.has(SIGN | STOP, end, kin):
        return None
    return place, page.until[kin]


def _office(page: Page, place: int) -> tuple[int, int] | None:
    """Find an office that a place has one of: "our mayor", "the sheriff of", "headmistress in Much Harding"."""
    if not page.bits[place] & OFFICE:
        return None
    end = page.until[place]
    start = page.bounds(place)[0]
    definite = page.has(THE | MY, max(start, place - 3), place)
    located = page.has(IN_PLACE | OF, end, end + 1)
    indefinite = page.has(ARTICLE, place - 1, place) and not page.has(THE | MY, place - 1, place)
    return (place, end) if definite or (located and not indefinite) or place == start or page.words[place - 1] == "," else None


def _trade(page: Page, place: int) -> tuple[int, int] | None:
    """Find an occupation that is one person's by its place: "our village postwoman", "the receptionist at the Audi dealer"."""
    start, last = page.bounds(place)
    end = page.until[place]
    bits = page.bits[place]
    definite = page.has(THE | MY, max(start, place - 4), place) or place == start
    if not definite or (page.has(ARTICLE, place - 1, place) and not page.has(THE, place - 1, place)):
        return None
    local = page.find(LOCAL | SETTLEMENT, max(start, place - 3), place)
    if local >= 0 and not bits & CARER:
        return local, end
    if bits & CARER and not page.has(ONLY | ONE, max(start, place - 3), min(end + 6, last)):
        return None
    located = page.find(IN_PLACE | OF | WHO, end, min(end + 1, last))
    if located < 0:
        return None
    names = any(page.caps[at] in (CAPITAL, CAPITALS) for at in range(located + 1, min(located + 4, last)))
    page.steps += 4
    if names or page.has(SETTLEMENT | INSTITUTION, located + 1, min(located + 4, last)):
        return place, end
    return (place, end) if page.bits[located] & WHO and page.has(THE, place - 1, place) else None
