"""Confidentiality: a text from which somebody in care could be told. The writer is asked to think again, or a person reads it first.

What is looked for, and what it counts, is in `confidential`; here are only the two thresholds and the words.
"""

from forum.moderation.screening.confidential.details import find_details
from forum.moderation.screening.confidential.found import Details, Kind
from forum.moderation.screening.context import ScreeningContext
from forum.moderation.screening.findings import Finding, Outcome
from forum.sentences import Sentence, sentence

NUDGE_FROM = 4
"""The score (design C-5) from which the writer is asked to leave details out or to say that they are changed."""

HOLD_FROM = 7
"""The score from which a moderator reads the text before it is shown."""

KIND_WORDS: dict[Kind, Sentence] = {
    "contact": sentence("a contact detail"),
    "record-number": sentence("a record number"),
    "named-patient": sentence("a patient's name or picture"),
    "patient": sentence("a patient or client"),
    "age": sentence("an exact age"),
    "date": sentence("an exact date"),
    "place": sentence("a place"),
    "role": sentence("a role that few people have"),
    "condition": sentence("a state of health"),
}


def look(context: ScreeningContext) -> tuple[Finding, ...]:
    """Find the details that could together tell who a person in care is: held from ``HOLD_FROM``, else asked about from ``NUDGE_FROM``.

    ``spans`` are the places of the details and ``matches`` their texts, one for each span. The sentence names the kinds alone.
    """
    details = find_details(context.text)
    if details.score < NUDGE_FROM:
        return ()
    outcome, code = (Outcome.HOLD, "identifies-patient") if details.score >= HOLD_FROM else (Outcome.NUDGE, "may-identify-patient")
    spans = tuple((detail.start, detail.end) for detail in details.found)
    matches = tuple(context.text[start:end] for start, end in spans)
    return (Finding("confidentiality", outcome, code, _say(details), "confidentiality", matches, spans=spans),)


def _say(details: Details) -> Sentence:
    present = {detail.kind for detail in details.found}
    kinds = tuple(words for kind, words in KIND_WORDS.items() if kind in present)
    return sentence("Somebody in care could be recognised by what is told together: %(kinds)s.", kinds=kinds)
