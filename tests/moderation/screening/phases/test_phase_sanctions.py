"""Sanctions cannot be given yet."""

from forum.moderation.screening.context import ScreeningContext
from forum.moderation.screening.phases.sanctions import look


def test_nothing_is_found() -> None:
    assert look(ScreeningContext("anything")) == ()
