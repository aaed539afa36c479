"""Repeated texts, by their writer and by others."""

import pytest

from forum.moderation.screening.context import Repetition, ScreeningContext
from forum.moderation.screening.phases.duplicate import look

LONG = "The effect in table two is not the one the abstract reports."
SHORT = "Thank you!"


@pytest.mark.parametrize(
    ("text", "repetition", "expected"),
    [
        (LONG, Repetition(), []),
        (LONG, Repetition(own_same_place=True), [("duplicate", "reject")]),
        (SHORT, Repetition(own_same_place=True), [("duplicate", "reject")]),
        (LONG, Repetition(own_elsewhere_count=1), [("duplicate-elsewhere", "hold")]),
        (SHORT, Repetition(own_elsewhere_count=9), []),
        (LONG, Repetition(others_count=2), []),
        (LONG, Repetition(others_count=3), [("duplicate-of-others", "hold")]),
        (SHORT, Repetition(others_count=3), []),
        (
            LONG,
            Repetition(own_same_place=True, own_elsewhere_count=1, others_count=3),
            [("duplicate", "reject"), ("duplicate-elsewhere", "hold"), ("duplicate-of-others", "hold")],
        ),
    ],
)
def test_duplicates(text: str, repetition: Repetition, expected: list[tuple[str, str]]) -> None:
    found = look(ScreeningContext(text, repetition=repetition))
    assert [(finding.code, finding.outcome) for finding in found] == expected


@pytest.mark.parametrize(("is_edit", "limits"), [(True, True), (False, False)])
def test_neither_an_edit_nor_a_load_test_repeats(is_edit: bool, limits: bool) -> None:
    repetition = Repetition(own_same_place=True, own_elsewhere_count=5, others_count=5)
    assert look(ScreeningContext(LONG, repetition=repetition, is_edit=is_edit, limits_repetition=limits)) == ()


def test_the_sentence_names_the_way_out() -> None:
    (finding,) = look(ScreeningContext(LONG, repetition=Repetition(own_same_place=True)))
    assert "edit that comment" in finding.detail


def test_the_length_that_counts_is_the_folded_one() -> None:
    veiled = "\u200b".join("Thank you all so much!")
    assert len(veiled) > 40
    assert look(ScreeningContext(veiled, repetition=Repetition(others_count=5))) == ()
