"""Small numbers: 1 and 2 are hidden, 0 and the others are told, totals are ranges, and no hidden number can be worked out, whatever the numbers are."""

from collections.abc import Mapping, Sequence
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forum.transparency.small_cells import SMALL, WITHHELD, Count, exactly, publish, total
from tests.transparency.determined import determined

Cells = Mapping[tuple[int, int], int]


def split(cases: Sequence[Sequence[int]], widths: Sequence[int]) -> list[Cells]:
    """Return the partitions of cases of which each is told by its place in every partition."""
    return [{(at, cell): sum(1 for case in cases if case[at] % width == cell) for cell in range(width)} for at, width in enumerate(widths)]


@st.composite
def partitions(draw: st.DrawFn) -> list[Cells]:
    """Some cases, counted in one to three ways; few enough that small numbers are frequent, or many in one place."""
    widths = draw(st.lists(st.integers(1, 7), min_size=1, max_size=3))
    cases = draw(st.lists(st.tuples(*(st.integers(0, width - 1) for width in widths)), max_size=24))
    heavy = draw(st.integers(0, 30))
    return split([*cases, *([[0] * len(widths)] * heavy)], widths)


def check(counted: Sequence[Cells]) -> None:
    shown = publish(*counted)
    sums = {sum(cells.values()) for cells in counted}
    for cells, seen in zip(counted, shown, strict=True):
        assert set(seen) == set(cells)
        for key, count in cells.items():
            assert seen[key].allows(count), "what is shown is never wrong"
            if count == 0:
                assert seen[key] == exactly(0)
            elif count < 3:
                assert seen[key] in (SMALL, WITHHELD)
            else:
                assert seen[key] in (exactly(count), WITHHELD)
        assert total(seen.values()).allows(sum(cells.values()))
    assert determined(shown, sums.pop()) == []


@given(partitions())
@settings(max_examples=1500, deadline=None)
def test_no_hidden_number_can_be_worked_out(counted: list[Cells]) -> None:
    check(counted)


def test_nor_in_any_of_the_small_worlds() -> None:
    """All splits of up to seven cases into two ways of up to three cells, and of up to four into three ways."""
    for most, widths in ((7, (3, 3)), (7, (1, 3)), (4, (2, 2, 3))):
        for counts in product(range(most + 1), repeat=sum(widths)):
            cuts = [sum(widths[:at]) for at in range(len(widths) + 1)]
            counted = [{(at, cell): counts[cuts[at] + cell] for cell in range(width)} for at, width in enumerate(widths)]
            if len({sum(cells.values()) for cells in counted}) == 1 and sum(counted[0].values()) <= most:
                check(counted)


def test_the_attack_works_where_nothing_is_done_about_it() -> None:
    """A check that finds nothing proves nothing: hidden plainly, these are worked out."""
    two = [{"a": SMALL, "b": SMALL}, {"c": SMALL}]
    assert determined(two, 2) == ["a", "b", "c"]
    assert determined([{"a": SMALL, "b": exactly(5)}, {"c": exactly(6)}], 6) == ["a"]
    assert determined([{"a": SMALL, "b": WITHHELD}, {"c": exactly(3)}], 3) == []


def test_one_hidden_number_takes_the_next_smallest_along() -> None:
    by_action, by_reason = publish({"reports": 12, "checks": 4, "own": 1, "back": 0}, {"off_topic": 17})
    assert by_action == {"reports": exactly(12), "checks": WITHHELD, "own": SMALL, "back": exactly(0)}
    assert by_reason == {"off_topic": exactly(17)}
    assert total(by_action.values()) == Count(14, None)


def test_a_table_by_itself_hides_no_more_than_it_must() -> None:
    (shown,) = publish({"a": 1, "b": 2, "c": 3, "d": 0})
    assert shown == {"a": SMALL, "b": SMALL, "c": exactly(3), "d": exactly(0)}
    assert total(shown.values()) == Count(5, 7)
    assert total([]) == exactly(0)


def test_a_total_of_what_is_told_is_told() -> None:
    (shown,) = publish({"a": 4, "b": 0, "c": 3})
    assert total(shown.values()) == exactly(7)


def test_what_does_not_count_the_same_cases_is_refused() -> None:
    with pytest.raises(ValueError, match="the same sum"):
        publish({"a": 4}, {"b": 5})
