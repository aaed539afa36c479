"""Named patients: which of the names in a text are of somebody in care. Authors, colleagues, public persons and people here are none.

Called by `details`.
"""

from collections.abc import Iterator

from forum.moderation.screening.confidential.care import OTHER, RELATIVE, SELF
from forum.moderation.screening.confidential.frames import Frames
from forum.moderation.screening.confidential.names import find_names
from forum.moderation.screening.confidential.people import People
from forum.moderation.screening.confidential.tokens import BREAK, INITIAL, MIXED, NUMBER, SIGN, STOP, Page
from forum.moderation.screening.confidential.verbs import caring_verb
from forum.moderation.screening.confidential.words import (
    AGAIN,
    AND,
    ANIMAL,
    ARRIVAL,
    BE,
    BODY,
    CALLED,
    CARE_VERB,
    CARER,
    COME_VERB,
    COMPLAINT,
    CONDITION,
    CONSULT,
    DOCTOR,
    DRUG,
    EMPLOYED,
    FIRST,
    GIVEN,
    GROUP,
    HAVE,
    HE,
    HELPED,
    HIM,
    HIS,
    IN_PLACE,
    IN_STRICT,
    INSTITUTION,
    KIN,
    LEAD,
    LITERATURE,
    ME,
    MINE,
    MY,
    ONE,
    PATIENT,
    PATIENT_VERB,
    PERSON,
    PROVIDER,
    PUBLIC,
    SETTING,
    SUFFERER,
    SURNAME,
    TEST,
    THE,
    THERAPY,
    TITLE,
    VISIT,
    VOCATIVE,
    WHO,
    WITH,
    WORKS,
    YOU,
)

_NEAR = 8
_AILMENT = CONDITION | COMPLAINT | DRUG
_SURE = CONDITION | DRUG | TEST | PATIENT_VERB | VISIT
_CLINICAL = _AILMENT | BODY | TEST | VISIT | PATIENT_VERB
_SHORT_SENTENCE = 16


class Named:
    """Judges the names of a page; ``own`` are names of the writer, folded, which count nothing. ``known`` are sentences about known persons."""

    def __init__(self, page: Page, people: People, frames: Frames, own: frozenset[str]) -> None:
        self.page, self.people, self.frames, self.own = page, people, frames, own
        self.caring = {page.sentence[first] for first, _ in people.cares}
        self.known: set[int] = set()

    def find(self) -> Iterator[tuple[int, int]]:
        """Yield every patient's name: its first token, and the one after its last."""
        page = self.page
        for first, end in find_names(page):
            page.steps += 1 + end - first
            if not any(page.words[at] in self.own for at in range(first, end)) and self._is_patient(first, end):
                yield first, end

    def _is_patient(self, first: int, end: int) -> bool:
        page = self.page
        if self._is_nobodys(first, end):
            return False
        if self._is_said_patient(first, end):
            return True
        if page.bits[first] & DOCTOR or not (
            page.caps[first] or page.bits[first] & TITLE or self._is_object(first, end) or self._stands_with_care(first, end)
        ):
            return False
        if self._is_relative(first, end) or self._owns_something(first, end):
            return True
        if self._is_known(first, end):
            self.known.add(page.sentence[first])
            return False
        if self._is_object(first, end) or self._is_noted(first, end):
            return True
        is_whole = end - first > 1 and (page.has(GIVEN | TITLE | SURNAME, first, end) or page.caps[first] == INITIAL)
        if not is_whole and not self._is_family(first, end):
            return False
        return self._stands_with_care(first, end) or (not page.has(CONSULT, first - 1, first) and self._is_told_of(first, end))

    def _is_nobodys(self, first: int, end: int) -> bool:
        """Tell whether a name can be no patient's, whatever is said: invented, of the past, public, spoken to, a place's, an animal's."""
        page, frames = self.page, self.frames
        sentence = page.sentence[first]
        if frames.is_invented(sentence, first) or frames.has_pseudonym or frames.is_disguised:
            return True
        if sentence in frames.past or page.has(PUBLIC, first, end):
            self.known.add(sentence)
            return True
        if self._is_spoken_to(first, end) or self._is_a_place(first, end) or page.has(ANIMAL, first - 4, end + 5):
            return True
        return bool(page.bits[first] & DOCTOR and not page.around(first) & PATIENT)

    def _is_a_place(self, first: int, end: int) -> bool:
        page = self.page
        is_person = bool(page.bits[first] & TITLE) or (end - first > 1 and bool(page.bits[first] & GIVEN))
        return page.has(IN_STRICT, first - 1, first) and not is_person

    def _is_said_patient(self, first: int, end: int) -> bool:
        """Tell whether a name stands beside "my patient", "a man called", "Re:"."""
        page = self.page
        start, last = page.bounds(first)
        before = page.rfind(PATIENT | GROUP, max(start, first - 5), first)
        if before >= 0 and (page.bits[before] & PATIENT or page.has(ONE, before - 4, before)) and not page.has(HIM | HE, before, first):
            is_ours = page.has(MY | MINE, before - 4, before + 3) or before == start
            told = page.sums[page.sentence[first]] & (FIRST | ME | MY) or (
                end - first > 1 and not page.sums[page.sentence[first]] & LITERATURE
            )
            return bool(is_ours or told)
        is_apposed = first - start > 1 and page.words[first - 1] == "," and page.bits[first - 2] & PERSON
        if is_apposed and page.sentence[first] in self.caring:
            return True
        if page.has(PERSON | PATIENT, max(start, first - 6), first) and page.has(CALLED, max(start, first - 4), first):
            return bool(page.sums[page.sentence[first]] & (FIRST | ME | MY | HAVE))
        if page.has(LEAD, max(start, first - 3), first) and self._has_clinical(first):
            return True
        after = page.find(PATIENT | GROUP | SUFFERER, end, min(end + 8, last))
        if after < 0:
            return False
        if page.has(MY, end, after) and (page.bits[after] & (PATIENT | SUFFERER) or page.has(ONE, end, after)):
            return True
        return bool(page.has(MINE, after, after + 4) and page.bits[after] & PATIENT)

    def _is_object(self, first: int, end: int) -> bool:
        """Tell whether somebody cares for the name: "I examined Mrs Cole", "Rosalind Teague, whom I discharged"."""
        page = self.page
        start, last = page.bounds(first)
        who = page.find(WHO | FIRST, end, min(end + 3, last))
        subject = page.find(FIRST, who, min(who + 3, last)) if who >= 0 else -1
        verb = caring_verb(page, subject + 1, last) if subject >= 0 else -1
        if verb >= 0 and page.bits[verb] & CARE_VERB:
            return True
        subject = page.rfind(FIRST, max(start, first - _NEAR), first)
        verb = caring_verb(page, subject + 1 if subject >= 0 else start, first)
        if verb < 0 or first - verb > 5 or page.has(SIGN | STOP | WHO, verb + 1, first) or page.has(DOCTOR, verb, first):
            return False
        if subject < 0 and verb - start > 3:
            return False
        if page.bits[verb] & CARE_VERB:
            return page.has(GIVEN | TITLE | SURNAME, first, end) or self._has_clinical(first)
        return self._has_clinical(first) and (end - first > 1 or self._has_ailment(first))

    def _is_known(self, first: int, end: int) -> bool:
        """Tell whether a name is that of somebody known for work, a colleague, or one who cares for the writer."""
        page = self.page
        start, last = page.bounds(first)
        if page.has(WORKS | LITERATURE, max(start, first - _NEAR), min(end + _NEAR, last)):
            return True
        reach = 6 if page.has(BE, end, min(end + 1, last)) else 3
        if page.has(CARER, max(start, first - 3), min(end + reach, last)) or page.has(PROVIDER, end, min(end + 3, last)):
            return True
        at = end + 1 if end < last and (page.bits[end] & AND or page.words[end] in ("&", "(")) else end
        if at < last and page.words[at].isdecimal() and len(page.words[at]) == 4:
            return True
        me = page.find(ME, end, last)
        if me >= 0 and page.has(HELPED, me - 3, me):
            return True
        mine = page.find(MY, end, last)
        return mine >= 0 and page.has(BODY | CONDITION | COMPLAINT, mine + 1, min(mine + 3, last))

    def _has_clinical(self, place: int) -> bool:
        page = self.page
        sentence = page.sentence[place]
        if page.sums[sentence] & _CLINICAL:
            return True
        follows = sentence + 1 < len(page.sums) and page.paragraphs[sentence + 1] == page.paragraphs[sentence]
        return follows and bool(page.sums[sentence + 1] & (_AILMENT | TEST | PATIENT_VERB))

    def _has_ailment(self, place: int) -> bool:
        return bool(self.page.sums[self.page.sentence[place]] & (_AILMENT | TEST))

    def _is_noted(self, first: int, end: int) -> bool:
        """Tell whether a name heads a note: "T. J. Wexcombe, L4/5 fusion", "Amina Sesay (neck)", "Prendergast: 3rd session"."""
        page = self.page
        start, last = page.bounds(first)
        begins = first - start <= 1 or page.bits[first - 1] & (SIGN | STOP) or page.words[end : end + 1] == ["("]
        after = end + 1 if page.has(ARRIVAL | AGAIN, end, min(end + 1, last)) else end
        if not begins or after >= last or page.words[after] not in (",", ":", "(", "-", "/"):
            return False
        if end - first == 1 and not page.bits[first] & (GIVEN | TITLE) and not page.has(NUMBER | MIXED, after + 1, min(after + 3, last)):
            return False
        is_sure = page.words[after] == "(" or (end - first > 1 or page.words[after] == ":")
        reach = 10 if page.number(after + 1)[0] > 0 else 5
        return is_sure and page.has(_CLINICAL | MIXED, after + 1, min(after + reach, last)) and not page.has(YOU | FIRST, after, after + 3)

    def _owns_something(self, first: int, end: int) -> bool:
        """Tell whether a name owns a part of a body, a scan, an illness, or the writer's care: "Winifred Oakes' leg dressings"."""
        page = self.page
        if not page.tails[end - 1]:
            return False
        start, last = page.bounds(first)
        if page.has(KIN, end, min(end + 3, last)):
            return bool(page.sums[page.sentence[first]] & (CONDITION | VISIT)) and page.sentence[first] in self.caring
        if end - first < 2:
            return False
        if page.has(CARER, end, min(end + 2, last)):
            return page.has(FIRST | MY, max(start, first - 3), first)
        owned = page.find(BODY | TEST | CONDITION | COMPLAINT | THERAPY, end, min(end + 4, last))
        return owned >= 0 and not page.has(WORKS | LITERATURE | STOP, end, min(owned + 3, last))

    def _is_relative(self, first: int, end: int) -> bool:
        """Tell whether a name is that of somebody's relative of whom something is told: "my sister Chantelle", "My mother, Edith Carraway,"."""
        page = self.page
        start, last = page.bounds(first)
        kin = page.rfind(KIN, max(start, first - 3), first)
        if (
            kin < 0
            or not page.has(MY | HIS, max(start, kin - 3), kin)
            or page.has(WORKS | PROVIDER, end, min(end + 3, last))
            or page.tails[kin]
        ):
            return False
        if page.has(CONDITION | PATIENT_VERB | DRUG, start, last) or (end - first > 1 and page.has(_CLINICAL, end, last)):
            return True
        return page.has(INSTITUTION, end, min(end + 6, last)) and not page.has(EMPLOYED, end, last)

    def _stands_with_care(self, first: int, end: int) -> bool:
        page = self.page
        sentence = page.sentence[first]
        start, last = page.sentences[sentence]
        if sentence in self.caring or page.has(ARRIVAL, start, last):
            return not page.has(SETTING, start, first) or page.has(_CLINICAL, start, last)
        return self._is_family(first, end) and page.has(VISIT, start, last)

    def _is_family(self, first: int, end: int) -> bool:
        """Tell whether a name is a family's: "the Pattersons", and no noun after it."""
        page = self.page
        if (
            end - first > 1
            or page.tails[first]
            or not page.lexicon.ends(page.words[first], "plural_endings")
            or not page.has(THE, first - 1, first)
        ):
            return False
        return page.has(BE | HAVE | IN_PLACE | AND | SIGN | STOP | WHO | WITH | PATIENT_VERB | COME_VERB, end, end + 1)

    def _is_told_of(self, first: int, end: int) -> bool:
        """Tell whether what is said with a name, or after it, is said of patients: "Peggy Lathbury, and she was on a fentanyl patch"."""
        page = self.page
        sentence = page.sentence[first]
        start, last = page.sentences[sentence]
        if self.people.who[first] not in (OTHER, RELATIVE):
            return False
        sure = page.find(_SURE, start, last)
        if sure >= 0 and self.people.who[sure] != SELF and not page.has(MY, sure - 2, sure):
            return not page.bits[sure] & VISIT or page.has(_SURE | HE | HIS | HAVE | BE, end, last)
        said = page.find(HE | HIS | BE | HAVE | WHO | WITH, end, min(end + _NEAR, last))
        if said >= 0 and (page.has(COMPLAINT, said, last) or (page.has(BODY, said, last) and page.has(HIS, said, last))):
            return True
        return self._goes_on(sentence, last - start)

    def _goes_on(self, sentence: int, length: int) -> bool:
        """Tell whether the sentences after a name tell of its bearer as a patient."""
        page = self.page
        for other in range(sentence + 1, min(sentence + 3, len(page.sums))):
            page.steps += 1
            summed = page.sums[other]
            if page.paragraphs[other] != page.paragraphs[sentence] or summed & (PERSON | PATIENT | WORKS | LITERATURE):
                return False
            is_said = summed & (HE | HIM | HIS) or (length <= _SHORT_SENTENCE and not summed & (FIRST | YOU))
            if is_said and (summed & (CONDITION | DRUG | TEST | PATIENT_VERB) or other in self.caring):
                return True
        return False

    def _is_spoken_to(self, first: int, end: int) -> bool:
        """Tell whether a name is that of somebody here: thanked, addressed, signing, or after an @."""
        page = self.page
        start, last = page.bounds(first)
        if page.has(VOCATIVE, max(start - 1, first - 4), first) or (first and page.words[first - 1] == "@"):
            return True
        if end < last and page.words[end] in (",", ":", "-", "?") and page.has(YOU, end, min(end + 3, last)):
            return True
        is_alone = first == start and (end >= last or page.bits[end] & (BREAK | STOP)) and end - start <= 3
        return bool(is_alone) and end - first < 2
