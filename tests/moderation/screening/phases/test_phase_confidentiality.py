"""Confidentiality: from which score a text is asked about or held, and what is said of it."""

import pytest

from forum.moderation.screening.context import ScreeningContext, WriterFacts
from forum.moderation.screening.findings import Outcome
from forum.moderation.screening.phases import PHASES
from forum.moderation.screening.phases.confidentiality import HOLD_FROM, KIND_WORDS, NUDGE_FROM, look
from forum.moderation.screening.pipeline import screen_here


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I am 43 and have fibromyalgia.", None),
        ("My patient has gout.", None),
        ("My patient is 52 and has gout.", ("nudge", "may-identify-patient")),
        ("My patient, 52, from Goole, has gout.", ("hold", "identifies-patient")),
        ("My patient Sheila Hargreave has gout.", ("hold", "identifies-patient")),
    ],
)
def test_asked_or_held(text: str, expected: tuple[str, str] | None) -> None:
    found = look(ScreeningContext(text))
    assert [(finding.outcome.value, finding.code) for finding in found] == ([expected] if expected else [])
    assert {finding.reason for finding in found} <= {"confidentiality"}


def test_a_finding_holds_the_places_and_names_the_kinds_alone() -> None:
    text = "My patient, 52, from Goole, has gout."
    (finding,) = look(ScreeningContext(text))
    assert tuple(text[start:end] for start, end in finding.spans) == finding.matches
    assert finding.matches == ("My patient", "52", "Goole", "gout")
    assert finding.detail == (
        "Somebody in care could be recognised by what is told together: a patient or client, an exact age, a place, a state of health."
    )
    assert not any(match in finding.detail for match in finding.matches)


def test_words_for_every_kind_and_thresholds_of_the_design() -> None:
    assert list(KIND_WORDS) == ["contact", "record-number", "named-patient", "patient", "age", "date", "place", "role", "condition"]
    assert (NUDGE_FROM, HOLD_FROM) == (4, 7)


def test_looks_at_everybody_after_duplicates_and_before_words() -> None:
    names = [phase.name for phase in PHASES]
    assert names[names.index("confidentiality") - 1 : names.index("confidentiality") + 2] == ["duplicate", "confidentiality", "words"]
    staff = ScreeningContext("My patient, 52, from Goole, has gout.", writer=WriterFacts(is_staff=True))
    assert screen_here(staff, PHASES).outcome is Outcome.HOLD
