"""Who is under pre-moderation is read first, in new texts and in changes; nobody else is."""

import pytest

from forum.moderation.screening.context import ScreeningContext, WriterFacts
from forum.moderation.screening.phases.sanctions import look
from forum.moderation.screening.pipeline import screen


@pytest.mark.parametrize("is_edit", [False, True])
def test_what_a_pre_moderated_person_writes_is_held(is_edit: bool) -> None:
    [finding] = look(ScreeningContext("anything", writer=WriterFacts(pre_moderated=True), is_edit=is_edit))
    assert (finding.phase, finding.outcome, finding.code) == ("sanctions", "hold", "pre-moderation")


def test_nothing_is_found_of_anybody_else() -> None:
    assert look(ScreeningContext("anything")) == ()


def test_a_moderator_is_no_exception() -> None:
    verdict = screen(ScreeningContext("anything", writer=WriterFacts(is_staff=True, pre_moderated=True)))
    assert verdict.outcome == "hold"
