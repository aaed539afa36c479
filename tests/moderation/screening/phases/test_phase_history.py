"""Recent removals."""

import pytest

from forum.moderation.screening.context import ScreeningContext, WriterFacts
from forum.moderation.screening.phases.history import look
from forum.moderation.screening.rules import Rules


@pytest.mark.parametrize(
    ("written", "removed", "is_held"),
    [(0, 0, False), (4, 4, False), (5, 1, False), (5, 2, True), (10, 3, True), (10, 2, False), (1000, 299, False), (1000, 300, True)],
)
def test_history(written: int, removed: int, is_held: bool) -> None:
    writer = WriterFacts(recent_count=written, recent_removed_count=removed)
    found = look(ScreeningContext("Hello", writer=writer))
    assert [(finding.code, finding.outcome) for finding in found] == ([("recent-removals", "hold")] if is_held else [])


def test_the_thresholds_are_rules() -> None:
    writer = WriterFacts(recent_count=2, recent_removed_count=1)
    (finding,) = look(ScreeningContext("Hello", rules=Rules(history_min_count=2, history_percent=50, history_days=7), writer=writer))
    assert finding.detail == "1 of the writer's last 2 comments within 7 days were removed."
