"""Of whom a text tells, word by word, and where it speaks of one person in somebody's care. One pass over the sentences.

People may speak about themselves: what follows "I am" or "my own" is the writer's. Called by `details`.
"""

from dataclasses import dataclass, field

from forum.moderation.screening.confidential.care import MANY, NOBODY, OTHER, READER, RELATIVE, SELF, find_cares
from forum.moderation.screening.confidential.frames import Frames
from forum.moderation.screening.confidential.tokens import BREAK, CAPITAL, LOWER, SIGN, STOP, Page
from forum.moderation.screening.confidential.verbs import SOMEONE, caring_verb, has_object, is_one_of
from forum.moderation.screening.confidential.words import (
    AMBIGUOUS,
    AND,
    BE,
    BEING,
    BIRTHDAY,
    BODY,
    CARE_VERB,
    COMPLAINT,
    CONDITION,
    FIRST,
    GIVEN,
    GROUP,
    HE,
    HERE,
    HIM,
    HIS,
    IN_PLACE,
    IT,
    KIN,
    MULTIPLE,
    MY,
    MYSELF,
    OF,
    OLD,
    ONE,
    OWN,
    PATIENT,
    SETTING,
    SEX,
    SMALL_TITLE,
    TEST,
    TITLE,
    WHO,
    WITH,
    YOU,
)

_PRONOUN = HE | HIM | HIS
_TURNING = MYSELF | FIRST | MY | GROUP | _PRONOUN | KIN | PATIENT | SOMEONE | SEX | MULTIPLE | OLD | TITLE | GIVEN | YOU
"""Where none of these is, nobody else is spoken of than before."""

_READERS = 5
"""Tokens for which "you" goes on."""


@dataclass
class People:
    """``who`` holds, for every token, of whom it is said; ``cares`` are the spans, as tokens, that speak of one person in care."""

    who: list[int] = field(default_factory=list)
    cares: list[tuple[int, int]] = field(default_factory=list)


def read_people(page: Page, frames: Frames) -> People:
    """Return of whom each word of a page is said, and where it speaks of a person in care."""
    who: list[int] = []
    state, paragraph = NOBODY, 0
    for number, (first, last) in enumerate(page.sentences):
        if page.paragraphs[number] != paragraph or state in (READER, MANY):
            state, paragraph = NOBODY, page.paragraphs[number]
        state = _Sentence(page, who, first, last).read(state)
    cares = find_cares(page, who)
    return People(who, [span for span in cares if not frames.is_invented(page.sentence[span[0]], span[0])])


class _Sentence:
    """Walks through one sentence; appends to ``who``. ``is_firm``: the writer speaks of what he or she is."""

    def __init__(self, page: Page, who: list[int], first: int, last: int) -> None:
        self.page, self.who, self.first, self.last = page, who, first, last
        self.is_firm = False

    def read(self, state: int) -> int:
        """Return of whom the sentence speaks at its end."""
        page, skip, reader_until = self.page, self.first, 0
        if not page.sums[page.sentence[self.first]] & _TURNING:
            page.steps += 1
            self.who += [state] * (self.last - self.first)
            return state
        for place in range(self.first, self.last):
            page.steps += 1
            if place >= skip and page.bits[place] & _TURNING:
                state = self._turn(place, state)
                skip = page.until[place] if page.bits[place] & MYSELF else skip
            if page.bits[place] & YOU:
                reader_until = place + _READERS
            elif page.bits[place] & (SIGN | STOP) or (page.caps[place] == CAPITAL and self._is_whole_name(place)):
                reader_until = place
            self.who.append(READER if place < reader_until else state)
        return state

    def _turn(self, place: int, state: int) -> int:
        page = self.page
        bits = page.bits[place]
        if bits & MYSELF:
            self.is_firm = True
            return SELF
        if bits & FIRST:
            return self._turn_first(place, state)
        if bits & MY:
            return self._turn_my(place, state)
        if bits & GROUP and state in (NOBODY, MANY, READER):
            return OTHER if is_one_of(page, place) else MANY
        if bits & _PRONOUN:
            self.is_firm = False
            return state if state == RELATIVE else OTHER
        if bits & KIN and page.has(MY, place - 3, place):
            self.is_firm = False
            return RELATIVE
        if bits & PATIENT:
            self.is_firm = False
            return OTHER
        if self.is_firm and not self._is_whole_name(place):
            return state
        return self._turn_noun(place, state)

    def _turn_noun(self, place: int, state: int) -> int:
        page = self.page
        bits = page.bits[place]
        if bits & (SOMEONE | SEX | MULTIPLE) and not (bits & SEX and not bits & SOMEONE and page.caps[place] == LOWER):
            return OTHER if not (state == RELATIVE and bits & KIN) else state
        if bits & OLD and page.number(place - 2)[0] >= 0:
            return OTHER
        if bits & TITLE and place + 1 < self.last and ((page.caps[place] == CAPITAL and page.caps[place + 1]) or bits & SMALL_TITLE):
            return OTHER
        if bits & GIVEN and page.caps[place] == CAPITAL and (not bits & AMBIGUOUS or place > self.first or self._is_whole_name(place)):
            if place + 1 < self.last and page.bits[place + 1] & HERE:
                self.is_firm = True
                return SELF
            return OTHER if state != RELATIVE else state
        return state

    def _is_whole_name(self, place: int) -> bool:
        page = self.page
        follows = place + 1 < self.last and page.caps[place + 1] == CAPITAL
        return follows and bool(page.bits[place] & GIVEN) and page.caps[place] == CAPITAL and not page.has(FIRST | IT, place - 3, place)

    def _turn_first(self, place: int, state: int) -> int:
        page = self.page
        verb = caring_verb(page, place + 1, self.last)
        if verb >= 0 and has_object(page, verb, self.last):
            self.is_firm = False
            return NOBODY
        follows_noun = place > self.first and not page.bits[place - 1] & (SIGN | STOP | AND | BREAK)
        if (
            verb >= 0
            and state == OTHER
            and (page.has(SOMEONE | WHO | ONE | OLD, place - 3, place) or (follows_noun and page.bits[verb] & CARE_VERB))
        ):
            return state
        self.is_firm = page.tails[place] == "m" or bool(page.bits[place] & BEING) or page.has(BE, place + 1, place + 2)
        return SELF

    def _turn_my(self, place: int, state: int) -> int:
        page = self.page
        if page.has(SETTING, place + 1, min(place + 4, self.last)):
            return state
        for at in range(place + 1, min(place + 5, self.last)):
            page.steps += 1
            bits = page.bits[at]
            if bits & (SOMEONE | SETTING | GROUP | IN_PLACE | SIGN | OF | WITH):
                return state
            if bits & (OWN | BODY | CONDITION | COMPLAINT | TEST | BIRTHDAY):
                return SELF
        return state
