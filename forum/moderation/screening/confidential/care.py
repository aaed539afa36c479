"""References to one person in somebody's care: "my patient", "I treated her", "the man I see", "came to me", "is on my list". Called by `people`."""

from forum.moderation.screening.confidential.tokens import CAPITAL, SIGN, STOP, Page
from forum.moderation.screening.confidential.verbs import SOMEONE, caring_verb, has_object, is_one_of
from forum.moderation.screening.confidential.words import (
    AGREE,
    AND,
    ANIMAL,
    ARRIVAL,
    ARTICLE,
    AUX,
    BE,
    BODY,
    CARE_VERB,
    CARER,
    COME_VERB,
    COMPLAINT,
    CONDITION,
    DRUG,
    FIRST,
    GIVEN,
    GROUP,
    HAVE,
    HE,
    HIM,
    HIS,
    IN_PLACE,
    IT,
    KIN,
    ME,
    MEET_VERB,
    MINE,
    MY,
    MYSELF,
    OF,
    OLD,
    ONE,
    ORDINARY,
    OWN,
    PAST,
    PATIENT,
    PERSON,
    SETTING,
    SUFFERER,
    TEST,
    THE,
    THEIR,
    THERAPY,
    TITLE,
    TO,
    VISIT,
    WHO,
    WITH,
    YOU,
)

NOBODY, SELF, OTHER, RELATIVE, READER, MANY = range(6)
"""Of whom a word is said: of nobody yet, the writer, somebody else, one of the writer's family, whoever reads, several people."""

_PRONOUN = HE | HIM | HIS
_WOULD = frozenset({"d", "ll"})
_TELLING = PATIENT | GROUP | FIRST | ME | MINE | SETTING | ARRIVAL | MY | CARER


def find_cares(page: Page, who: list[int]) -> list[tuple[int, int]]:
    """Return where a page speaks of one person in care, as tokens; ``who`` says, for every token, of whom it is said."""
    found: list[tuple[int, int]] = []
    for first, last in page.sentences:
        _Sentence(page, who, found, first, last).read()
    return found


class _Sentence:
    """Looks at one sentence; appends to ``found``."""

    def __init__(self, page: Page, who: list[int], found: list[tuple[int, int]], first: int, last: int) -> None:
        self.page, self.who, self.found, self.first, self.last = page, who, found, first, last
        self.sum = page.sums[page.sentence[first]]
        self.has_someone = bool(self.sum & (SOMEONE | _PRONOUN | OLD)) or (bool(self.sum & (GIVEN | TITLE)) and self._has_name())

    def read(self) -> None:
        """Look at every token of the sentence."""
        page, skip = self.page, self.first
        if self.sum & PAST or page.lexicon.ends(page.words[self.first], "past_endings"):
            self._begins_with_verb()
        for place in range(self.first, self.last) if self.sum & _TELLING else ():
            page.steps += 1
            if page.bits[place] & MYSELF:
                skip = page.until[place]
            if page.bits[place] & _TELLING and place >= skip:
                self._look(place)

    def _look(self, place: int) -> None:
        page = self.page
        bits = page.bits[place]
        if bits & PATIENT and not bits & MYSELF:
            self._patient(place)
        if bits & GROUP and is_one_of(page, place):
            self._add(page.rfind(ONE, place - 5, place), place + 1)
        if bits & FIRST:
            self._first_person(place)
        if bits & ME:
            self._to_me(place)
        if bits & MINE:
            self._mine(place)
        if bits & SETTING and page.has(MY, place - 5, place) and page.has(IN_PLACE, place - 6, place):
            self._in_my(place)
        if bits & ARRIVAL and self.who[place] != SELF and not self.sum & ANIMAL and (self.has_someone or self.who[place] == OTHER):
            self._add(place, page.until[place])
        if bits & MY:
            self._my_somebody(place)
        if bits & CARER and page.has(FIRST, place - 5, place):
            self._carer(place)

    def _carer(self, place: int) -> None:
        """Find "I'm his therapist" and "I'm physio to twins"."""
        page = self.page
        if page.has(HIS, place - 2, place) or (page.has(TO, place + 1, place + 2) and page.has(SOMEONE, place + 2, place + 6)):
            self._add(page.rfind(FIRST, place - 5, place), place + 1)

    def _patient(self, place: int) -> None:
        """Find "my patient", "a client of mine", "the patient" where the writer is in the sentence, "Pt:" at the head of notes."""
        page, end = self.page, self.page.until[place]
        before = max(self.first, place - 4)
        if page.has(MYSELF | YOU, before, place):
            return
        if page.has(MY, before, place) or page.has(MINE, end, end + 2):
            mine = page.rfind(MY, before, place)
            self._add(mine if mine >= 0 else max(before, place - 1), end)
            return
        determined = page.has(ARTICLE | THE | ONE, before, place)
        is_told = self.sum & (FIRST | ME | MY | _PRONOUN) or (
            page.has(SIGN | STOP, end, end + 1) and page.has(ARTICLE | ONE, before, place)
        )
        if determined and is_told and not page.has(GROUP | BE, before, place):
            self._add(place, end)
        elif not determined and place - self.first <= 3 and not page.has(BE | OF, self.first, place):
            follows = end < self.last and (page.bits[end] & (SIGN | STOP | WHO | WITH | HAVE | BE | CONDITION) or page.bits[place] & TITLE)
            if follows or (place == self.first and end < self.last and not page.bits[end] & ORDINARY):
                self._add(place, end)

    def _first_person(self, place: int) -> None:
        """Find "I treated her", and "the man I see": a verb of care with its person after or before it."""
        page = self.page
        if self._has_somebodys_part(place):
            return
        verb = caring_verb(page, place + 1, self.last)
        if verb < 0:
            return
        strong = bool(page.bits[verb] & CARE_VERB)
        if has_object(page, verb, self.last):
            if strong or self.who[place - 1] != RELATIVE:
                self._add(place, max(page.until[verb], verb + 1))
            return
        earlier = max(self.first, place - 9)
        someone = page.rfind(SOMEONE | WHO | ONE | OLD, earlier, place)
        many = page.rfind(GROUP, earlier, place)
        if someone < 0 or many > someone or (page.has(MY, someone - 3, someone) and page.bits[someone] & KIN):
            return
        if page.bits[someone] & ONE and not page.has(THE, someone - 1, someone):
            return
        if page.bits[someone] & WHO and someone != place - 1:
            return
        if strong or not page.bits[verb] & HAVE:
            self._add(place, verb + 1)

    def _has_somebodys_part(self, place: int) -> bool:
        """Find what is done to a part of somebody's body, whatever the verb is: "I dress his legs", "I've him on the bike", "I took the stitches out"."""
        page = self.page
        end = min(place + 6, self.last)
        owner = page.find(HIS | THEIR, place + 1, end)
        part = page.find(BODY | THERAPY, owner + 1, min(owner + 4, self.last)) if owner >= 0 else -1
        if owner >= 0 and part >= 0 and not page.has(SIGN | STOP | AND | ME | FIRST | WHO, place + 1, part):
            self._add(place, part + 1)
            return True
        is_doing = place + 2 < self.last and page.lexicon.ends(page.words[place + 1], "doing_endings") and page.tails[place] == "m"
        if page.has(HIM, place + 2, place + 3) and is_doing:
            self._add(place, place + 3)
            return True
        if page.tails[place] == "ve" and page.has(HIM, place + 1, place + 2):
            self._add(place, place + 2)
            return True
        done = page.find(HIM, place + 2, min(place + 5, self.last))
        is_clinical = (
            self.sum & (CONDITION | TEST | BODY | DRUG | VISIT | THERAPY)
            and self.who[place - 1 if place > self.first else place] != RELATIVE
        )
        if (
            done >= 0
            and is_clinical
            and page.tails[place] not in _WOULD
            and not page.has(SIGN | STOP | AND | WHO | HE | BE | AGREE, place + 1, done)
        ):
            self._add(place, done + 1)
            return True
        test = page.find(TEST, place + 1, end)
        is_done = test >= 0 and page.has(THE, test - 2, test) and page.has(MEET_VERB | CARE_VERB, place + 1, test)
        if is_done and self.sum & (HE | HIM) and not page.has(SIGN | STOP | OWN | HE, place + 1, test):
            self._add(place, test + 1)
            return True
        return False

    def _begins_with_verb(self) -> None:
        """Find a sentence that leaves out "I": "Saw a man of 52", "Told him", "currently rehabbing the keeper"."""
        page = self.page
        start = self.first
        while start < min(self.first + 4, self.last) and page.bits[start] & (AUX | SIGN) and not page.bits[start] & MEET_VERB:
            start += 1
        verb = caring_verb(page, start, self.last)
        if verb < 0 or verb > start + 2 or page.bits[start] & FIRST:
            return
        word = page.words[verb]
        is_past = bool(page.bits[verb] & PAST) or page.lexicon.ends(word, "past_endings")
        if is_past and has_object(page, verb, self.last):
            self._add(verb, max(page.until[verb], verb + 1))

    def _to_me(self, place: int) -> None:
        """Find "came to me", "was sent to us", "is with me for his back"."""
        page = self.page
        before = max(self.first, place - 5)
        come = page.rfind(COME_VERB, before, place)
        if page.has(TO, place - 2, place) and come >= 0 and not page.has(IT, self.first, come):
            many = page.has(GROUP, self.first, come) and not page.has(SOMEONE | _PRONOUN | ONE, self.first, come)
            if not many:
                self._add(come, place + 1)
            return
        is_with = page.has(WITH, place - 1, place) and self.has_someone and not page.has(AGREE, before, place)
        if is_with and self.sum & (CONDITION | COMPLAINT | TEST | BODY | VISIT):
            self._add(place - 1, place + 1)

    def _mine(self, place: int) -> None:
        """Find "he's mine", "is mine now" and "one of mine"."""
        page = self.page
        if page.has(OF, place - 1, place):
            if page.has(ONE | PATIENT, place - 3, place - 1):
                self._add(place - 2, place + 1)
            return
        is_said = page.has(BE | HE | SIGN, place - 1, place)
        if is_said and page.has(SOMEONE | HE, self.first, place):
            self._add(place - 1, place + 1)

    def _in_my(self, place: int) -> None:
        """Find "on my table", "came to our clinic", said of one person."""
        page = self.page
        mine = page.rfind(MY, place - 5, place)
        if not page.has(IN_PLACE, mine - 1, mine) or not self.has_someone:
            return
        before = page.rfind(SOMEONE | _PRONOUN | GROUP | FIRST, self.first, mine)
        if before >= 0 and page.bits[before] & GROUP and not is_one_of(page, before):
            return
        if before >= 0 and page.bits[before] & FIRST and not page.has(SOMEONE | _PRONOUN, place, self.last):
            return
        self._add(mine - 1, place + 1)

    def _my_somebody(self, place: int) -> None:
        """Find "my lady with CRPS" and "our 103-year-old"."""
        page = self.page
        end = min(place + 7, self.last)
        person = page.find(PERSON, place + 1, min(place + 4, end))
        if person >= 0 and not page.bits[person] & KIN and not page.has(SIGN | KIN | AND, place + 1, person):
            self._add(place, person + 1)
            return
        old = page.find(OLD, place + 2, end)
        sufferer = page.find(SUFFERER, place + 1, min(place + 4, end))
        if (
            sufferer >= 0
            and not page.has(SIGN | KIN | AND, place + 1, sufferer)
            and not page.has(BODY | TEST | VISIT, sufferer + 1, sufferer + 2)
        ):
            self._add(place, sufferer + 1)
            return
        if old < 0 or page.has(SIGN | STOP | KIN, place + 1, old) or page.has(KIN, old, old + 3):
            return
        value, after = page.number(place + 1)
        if value >= 16 and after < old:
            self._add(place, old + 1)

    def _has_name(self) -> bool:
        page = self.page
        for place in range(self.first, self.last):
            page.steps += 1
            if (
                page.caps[place] == CAPITAL
                and page.bits[place] & (GIVEN | TITLE)
                and (place > self.first or not page.bits[place] & ORDINARY)
            ):
                return True
        return False

    def _add(self, first: int, last: int) -> None:
        self.found.append((max(first, self.first), max(last, first + 1)))
