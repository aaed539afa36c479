"""How long to wait below reported comments."""

from datetime import timedelta

import pytest

from forum.moderation.screening.context import Heat, ScreeningContext
from forum.moderation.screening.phases.heat import look
from forum.moderation.screening.rules import Rules


def _minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


@pytest.mark.parametrize(
    ("heat", "retry_after"),
    [
        (Heat(), None),
        (Heat(since_own_last=_minutes(0)), None),
        (Heat(reports_above=1), None),
        (Heat(reports_above=1, since_own_last=_minutes(0)), 180),
        (Heat(reports_above=1, since_own_last=_minutes(2.5)), 30),
        (Heat(reports_above=1, since_own_last=timedelta(seconds=179, milliseconds=500)), 1),
        (Heat(reports_above=1, since_own_last=_minutes(3)), None),
        (Heat(reports_above=3, own_reports_above=2, since_own_last=_minutes(1)), 360),
        (Heat(reports_above=500, since_own_last=_minutes(0)), 3600),
    ],
)
def test_heat(heat: Heat, retry_after: int | None) -> None:
    found = look(ScreeningContext("Hello", heat=heat))
    assert [finding.retry_after for finding in found] == ([] if retry_after is None else [retry_after])
    assert all(finding.outcome == "reject" and finding.code == "slow-down" for finding in found)


@pytest.mark.parametrize(("is_edit", "limits"), [(True, True), (False, False)])
def test_neither_an_edit_nor_a_load_test_waits(is_edit: bool, limits: bool) -> None:
    assert (
        look(ScreeningContext("Hello", heat=Heat(reports_above=3, since_own_last=_minutes(0)), is_edit=is_edit, limits_repetition=limits))
        == ()
    )


def test_the_sentence_names_the_wait() -> None:
    rules = Rules(heat_base_minutes=4)
    (finding,) = look(ScreeningContext("Hello", rules=rules, heat=Heat(reports_above=1, since_own_last=_minutes(1))))
    assert "5 minutes between two of your comments" in finding.detail
