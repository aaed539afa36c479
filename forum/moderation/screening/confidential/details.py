"""Finds what could tell who somebody in care is, and scores what is told of one person together. The door of this folder.

A detail counts only near a person in care; each kind counts once, so that a long text does not add up. Called by the phase `confidentiality`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_

from forum.moderation.screening.confidential.ages import find_ages
from forum.moderation.screening.confidential.care import MANY, READER, RELATIVE, SELF
from forum.moderation.screening.confidential.contacts import find_contacts
from forum.moderation.screening.confidential.dates import find_dates
from forum.moderation.screening.confidential.found import OLD_AGE, OLD_AGE_SCORE, SCORES, Detail, Details, Kind
from forum.moderation.screening.confidential.frames import Frames, read_frames
from forum.moderation.screening.confidential.named import Named
from forum.moderation.screening.confidential.people import People, read_people
from forum.moderation.screening.confidential.pictures import find_pictures
from forum.moderation.screening.confidential.places import find_places
from forum.moderation.screening.confidential.records import find_records
from forum.moderation.screening.confidential.roles import find_roles
from forum.moderation.screening.confidential.tokens import Page
from forum.moderation.screening.confidential.verbs import SOMEONE
from forum.moderation.screening.confidential.words import (
    BIRTH,
    BODY,
    COMPLAINT,
    CONDITION,
    DRUG,
    HE,
    HIM,
    HIS,
    MY,
    OLD,
    OWN,
    PATIENT_VERB,
    TEST,
    lexicon,
)
from forum.text.fingerprint import fold

WINDOW = 3
"""Sentences before and after one about a person in care whose details are taken to be that person's."""

_SUFFICIENT: frozenset[Kind] = frozenset({"contact", "record-number"})
_AILMENT = CONDITION | COMPLAINT | DRUG
_PERSON = HE | HIM | HIS | SOMEONE | OLD
_ANCHORS: frozenset[Kind] = frozenset({"patient", "named-patient"})


@dataclass(frozen=True)
class _Mark:
    """A detail as tokens, with the sentence it is in."""

    kind: Kind
    first: int
    last: int
    sentence: int
    score: int
    is_relative: bool = False


def find_details(text: str, *, language: str = "en", own_names: frozenset[str] = frozenset()) -> Details:
    """Return the details of ``text`` that could tell who a person in care is, with the score of those that are most together (design C-5).

    ``own_names`` are the writer's, who is no patient. The work is linear in the length of the text, whatever it holds. Raises ``UnknownWordsError``
    for a language without words.
    """
    page = Page(text, lexicon(language))
    marks = sorted(_find_marks(page, frozenset(fold(name) for name in own_names)), key=lambda mark: (mark.first, -mark.score))
    found = _strongest(page, marks)
    best: dict[Kind, int] = {}
    for detail in found:
        best[detail.kind] = max(best.get(detail.kind, 0), detail.score)
    return Details(sum(best.values()), tuple(found), page.steps)


def _find_marks(page: Page, own: frozenset[str]) -> Iterator[_Mark]:
    frames = read_frames(page)
    people = read_people(page, frames)
    named = Named(page, people, frames, own)
    names = list(_marks(page, "named-patient", named.find()))
    strong = [*_marks(page, "contact", find_contacts(page)), *_marks(page, "record-number", find_records(page)), *names]
    strong += _marks(page, "named-patient", find_pictures(page))
    yield from strong
    if frames.is_disguised:
        return
    yield from _marks(page, "patient", people.cares)
    if not strong and not people.cares and _is_of_nobody(page):
        return
    caring = {page.sentence[first] for first, _ in people.cares} | {mark.sentence for mark in names}
    for mark in _find_weak(page, people, caring):
        if not _is_elsewhere(mark, people, frames, caring) and (mark.sentence in caring or mark.sentence not in named.known):
            yield mark


def _is_of_nobody(page: Page) -> bool:
    """Tell whether no sentence can be about one person: then nothing weak tells who that is (``_window``)."""
    summed = reduce(or_, page.sums, 0)
    return not summed & (_PERSON | BIRTH) and next(find_ages(page), None) is None


def _find_weak(page: Page, people: People, caring: set[int]) -> Iterator[_Mark]:
    for first, last, years in find_ages(page):
        score = OLD_AGE_SCORE if years >= OLD_AGE else SCORES["age"]
        yield _Mark("age", first, last, page.sentence[first], score, people.who[last - 1] == RELATIVE)
    for first, last in find_dates(page):
        yield _Mark("date", first, last, page.sentence[first], SCORES["date"])
        birth = page.rfind(BIRTH, first - 3, first)
        if birth >= 0:
            # Who knows the date of birth knows the age.
            yield _Mark("age", birth, first, page.sentence[first], SCORES["age"])
    yield from _marks(page, "place", find_places(page))
    yield from _marks(page, "role", find_roles(page, people))
    yield from _marks(page, "condition", _find_conditions(page, caring))


def _find_conditions(page: Page, caring: set[int]) -> Iterator[tuple[int, int]]:
    near = {number + step for number in caring for step in (-1, 0, 1)}
    after = 0
    for place in page.where(_AILMENT | BODY | TEST):
        is_ill = page.bits[place] & _AILMENT or page.sentence[place] in near
        if place >= after and is_ill and not page.has(MY | OWN, place - 2, place):
            after = page.until[place]
            yield place, after


def _marks(page: Page, kind: Kind, spans: Iterable[tuple[int, int]]) -> Iterator[_Mark]:
    return (_Mark(kind, first, last, page.sentence[first], SCORES[kind]) for first, last in spans)


def _is_elsewhere(mark: _Mark, people: People, frames: Frames, caring: set[int]) -> bool:
    """Tell whether a detail is not a third person's: the writer's, a group's, a study's, an occasion's, an animal's."""
    who = people.who[mark.first]
    if mark.kind == "role" or (mark.kind == "age" and who == SELF):
        who = people.who[mark.last - 1]
    is_aside = who == SELF or (who in (READER, MANY) and mark.kind != "role")
    if is_aside or frames.is_invented(mark.sentence, mark.first):
        return True
    if mark.kind == "condition":
        return False
    if mark.sentence in frames.past:
        return True
    if mark.sentence in caring:
        return False
    if mark.sentence in frames.cited or mark.sentence in frames.animals:
        return True
    return mark.sentence in frames.occasions and mark.kind in ("date", "place", "role")


def _strongest(page: Page, marks: list[_Mark]) -> list[Detail]:
    """Return the details of the window that scores most, and elsewhere those of windows of their own that add nothing to it, without overlaps."""
    by_sentence: dict[int, dict[Kind, int]] = {}
    for mark in marks:
        page.steps += 1
        kinds = by_sentence.setdefault(mark.sentence, {})
        kinds[mark.kind] = max(kinds.get(mark.kind, 0), mark.score)
    # An age of somebody who is not of the writer's family needs no illness beside it: of whom else would be told here?
    singled = {mark.sentence for mark in marks if mark.kind == "age" and not mark.is_relative}
    windows = {sentence: _window(page, by_sentence, sentence, singled) for sentence in by_sentence}
    top = max(windows, key=lambda sentence: sum(windows[sentence].values()), default=-1)
    if top < 0 or not windows[top]:
        return []
    best = windows[top]
    taken = bytearray(len(page))
    kept: list[_Mark] = []
    for mark in sorted(marks, key=lambda one: (-one.score, one.first)):
        page.steps += 1 + mark.last - mark.first
        if mark.score > best.get(mark.kind, 0) or not _is_in_a_window(windows, mark):
            continue
        # Of two that overlap, the one that counts less is told by what is left of it.
        free = [place for place in range(mark.first, mark.last) if not taken[place]]
        if free:
            last = next((place for place in range(free[0], mark.last) if taken[place]), mark.last)
            taken[free[0] : last] = b"\1" * (last - free[0])
            kept.append(replace(mark, first=free[0], last=last))
    return _apart(page, sorted(kept, key=lambda one: one.first))


def _apart(page: Page, marks: list[_Mark]) -> list[Detail]:
    # Two tokens can be one character as it was written, such as a fraction or a ligature.
    kept: list[Detail] = []
    for mark in marks:
        start, end = page.span(mark.first, mark.last)
        if not kept or start >= kept[-1].end:
            kept.append(Detail(mark.kind, start, end, mark.score))
    return kept


def _is_in_a_window(windows: dict[int, dict[Kind, int]], mark: _Mark) -> bool:
    near = range(mark.sentence - WINDOW, mark.sentence + WINDOW + 1)
    return any(mark.kind in windows.get(sentence, {}) for sentence in near)


def _window(page: Page, by_sentence: dict[int, dict[Kind, int]], sentence: int, singled: set[int]) -> dict[Kind, int]:
    """Return the best score of each kind around a sentence, or only what is sufficient by itself where nobody in care is spoken of."""
    own = by_sentence[sentence]
    person = page.sums[sentence] & _PERSON
    best: dict[Kind, int] = {}
    for other in range(sentence - WINDOW, sentence + WINDOW + 1):
        page.steps += 1
        for kind, score in by_sentence.get(other, {}).items():
            best[kind] = max(best.get(kind, 0), score)
    is_told = _ANCHORS & own.keys() or (_is_of_a_person(page, own, sentence) and (_is_ailing(page, best, sentence) or sentence in singled))
    if is_told or (_SUFFICIENT & own.keys() and (_ANCHORS & best.keys() or person)):
        return best
    return {kind: score for kind, score in own.items() if kind in _SUFFICIENT}


def _is_of_a_person(page: Page, own: dict[Kind, int], sentence: int) -> bool:
    summed = page.sums[sentence]
    if "age" in own or (summed & _PERSON and own.keys() & {"role", "condition"}):
        return True
    return bool(summed & (HE | HIM | HIS) and summed & PATIENT_VERB)


def _is_ailing(page: Page, best: dict[Kind, int], sentence: int) -> bool:
    return "condition" in best or bool(page.sums[sentence] & PATIENT_VERB)
