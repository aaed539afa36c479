"""Places smaller than a region: towns and villages by name, schools, hospitals, firms and teams, a town by its size. Called by `details`."""

from collections.abc import Iterator

from forum.moderation.screening.confidential.tokens import BREAK, CAPITAL, INITIAL, LOWER, NUMBER, SIGN, STOP, Page
from forum.moderation.screening.confidential.words import (
    AGED,
    AMBIGUOUS,
    AND,
    CAPITAL_CONDITION,
    CITED_WITH,
    CITY,
    CONDITION,
    DAY,
    DOCTOR,
    DRUG,
    EMPLOYED,
    FEAST,
    FIRST,
    FOR_TO,
    GIVEN,
    HE,
    HIS,
    HOUSE_WORD,
    IN_PLACE,
    IN_STRICT,
    INSIDE_END,
    INSIDE_NAME,
    INSTITUTION,
    LITERATURE,
    MONTH,
    MY,
    OF,
    OFFICE,
    ON_PLACE,
    ORDINARY,
    PERSON,
    REGION,
    SAINT,
    SETTING,
    SETTLEMENT,
    SEX,
    STREET,
    SURNAME,
    THE,
    THOUSAND,
    TITLE,
    TRADE,
)

_NO_PLACE = MONTH | DAY | FEAST | LITERATURE | CONDITION | DRUG | DOCTOR | CAPITAL_CONDITION
_MOST_WORDS = 6


def find_places(page: Page) -> Iterator[tuple[int, int]]:
    """Yield the places of a page: the first token and the one after the last, without the preposition."""
    after = 0
    page.steps += len(page)
    for place, caps in enumerate(page.caps):
        if place < after or not (caps or page.bits[place] & (CITY | SETTLEMENT)):
            continue
        found = _place_from(page, place)
        if found is not None:
            yield found
            after = max(found[1], place + 1)


def _place_from(page: Page, place: int) -> tuple[int, int] | None:
    bits = page.bits[place]
    if page.caps[place] in (CAPITAL, CAPITAL + 1):
        return _capital_place(page, place)
    if bits & CITY and page.has(IN_STRICT, place - 1, place):
        return place, page.until[place] if page.until[place] > place else place + 1
    if bits & SETTLEMENT:
        return _sized(page, place)
    return None


def _sized(page: Page, place: int) -> tuple[int, int] | None:
    """Find "a town of four thousand"."""
    if not page.has(OF, place + 1, place + 2):
        return None
    value, end = page.number(place + 2)
    if value < 0 and page.has(NUMBER, place + 2, place + 3):
        return place, place + 3
    if value < 0:
        return None
    return place, end + 1 if page.has(THOUSAND, end, end + 1) else end


def _capital_place(page: Page, place: int) -> tuple[int, int] | None:
    end = _name_end(page, place)
    if page.has(REGION, place, end) and not page.has(INSTITUTION, place, end + 1):
        return None
    start = page.bounds(place)[0]
    house = _institution_end(page, place, end)
    if house:
        return None if _is_writers(page, place) else (place, house)
    if not _may_be_place(page, place, end):
        return None
    before = page.rfind(IN_PLACE, max(start, place - 2), place)
    skipped = place - 1 - before if before >= 0 else 9
    if before >= 0 and (skipped == 0 or (skipped == 1 and page.bits[place - 1] & THE)):
        loose = not page.bits[before] & IN_STRICT
        if loose and not _is_loose_place(page, before, place, end):
            return None
        return None if _is_writers(page, before) else (place, end)
    if (
        page.has(OF, place - 1, place)
        and page.has(OFFICE | TRADE | SETTLEMENT | PERSON, place - 3, place - 1)
        and not page.bits[place] & GIVEN
    ):
        return place, end
    return (place, end) if _is_listed(page, place, end) else None


def _is_loose_place(page: Page, before: int, place: int, end: int) -> bool:
    """Tell whether what follows "on", "for", "to", "above" is a place: an island, a firm that somebody drives for."""
    bits = page.bits[place]
    if bits & (ORDINARY | GIVEN | SURNAME | TITLE) and not bits & CITY:
        return False
    if page.bits[before] & FOR_TO:
        return bool(bits & CITY) or page.has(TRADE | EMPLOYED, max(page.bounds(place)[0], before - 6), before)
    return bool(page.bits[before] & ON_PLACE) and end - place <= 3


def _name_end(page: Page, place: int) -> int:
    end = place + 1
    limit = min(place + _MOST_WORDS, page.bounds(place)[1])
    while end < limit:
        page.steps += 1
        if page.gap(end) > 1 and page.words[end - 1] != ".":
            break
        if page.caps[end] in (CAPITAL, INITIAL) and not page.bits[end] & (MONTH | DAY | FIRST):
            end += 1
        elif end + 1 < limit and page.caps[end + 1] == CAPITAL and _is_inside(page, place, end):
            end += 2
        elif page.words[end] == "." and page.bits[end - 1] & SAINT:
            end += 1
        else:
            break
    return end


def _is_inside(page: Page, place: int, end: int) -> bool:
    """Tell whether a small word or a sign goes on with a name: "Stow on the Wold", "Doyle & Sons"; "in" and "and" end it."""
    if page.starts[end] - page.ends[end - 1] != 1 or page.bits[end] & INSIDE_END:
        return False
    return bool(page.bits[end] & INSIDE_NAME) or (page.words[end] == "&" and page.has(INSTITUTION | STREET, place, end))


def _institution_end(page: Page, place: int, end: int) -> int:
    """Return the end of a name that holds or is followed by what it is ("Oakmere Primary", "the Fernley hospice"), or 0."""
    last = page.bounds(place)[1]
    is_alone = end - place == 1
    inside = page.find(INSTITUTION, place + 1, end)
    if inside >= 0:
        return (
            end
            if not page.bits[place] & (ORDINARY | CONDITION | TITLE) or page.has(GIVEN | SURNAME | CITY, place, end) or end - place > 2
            else 0
        )
    after = page.find(INSTITUTION, end, min(end + 2, last))
    if after < 0 or (after > end and not page.bits[end] & (INSTITUTION | OFFICE | TRADE) and not page.bits[end] & HOUSE_WORD):
        return 0
    if page.bits[place] & (_NO_PLACE | ORDINARY | TITLE | OFFICE) and is_alone:
        return 0
    if page.bits[place] & REGION or (is_alone and place == page.bounds(place)[0] and page.bits[place]):
        return 0
    return max(after + 1, page.until[after]) if page.bits[after] & INSTITUTION else 0


def _may_be_place(page: Page, place: int, end: int) -> bool:
    bits = page.bits[place]
    if bits & _NO_PLACE or page.caps[place] != CAPITAL or len(page.words[place]) < 2:
        return bool(bits & CITY and page.caps[place])
    if bits & (ORDINARY | TITLE) and end - place == 1 and not bits & CITY:
        return False
    owns = page.tails[end - 1] and end < len(page) and not page.bits[end] & (INSTITUTION | SIGN | STOP | BREAK | AND)
    if owns and page.caps[end] == LOWER:
        return False
    if end + 1 >= len(page):
        return True
    # An author: "Quintner et al.", "Ferrante & Lowe", "Jull (2002)".
    has_coauthor = bool(page.bits[end] & CITED_WITH or page.words[end] == "&") and not page.around(place) & (HE | HIS)
    return not has_coauthor and not (page.words[end] == "(" and page.bits[end + 1] & NUMBER)


def _is_writers(page: Page, place: int) -> bool:
    """Tell whether a place is where the writer works: "my clinic in Leeds"."""
    start = page.bounds(place)[0]
    mine = page.rfind(MY, max(start, place - 5), place)
    return mine >= 0 and page.has(SETTING | INSTITUTION, mine + 1, place + 1) and not page.has(PERSON | SEX, mine + 1, place)


def _is_listed(page: Page, place: int, end: int) -> bool:
    """Tell whether a name stands between commas in a note, after an age or a sex: "Female, born 1961, Port Isaac, ..."."""
    start, last = page.bounds(place)
    if place - 1 <= start or page.words[place - 1] != "," or (end < last and not page.bits[end] & SIGN):
        return False
    known = page.has(ORDINARY | SURNAME, place, end) or (page.bits[place] & GIVEN and not page.bits[place] & AMBIGUOUS)
    return not known and page.has(SEX | AGED | NUMBER, start, min(start + 5, place)) and not page.has(THE, place - 1, place)
