"""What somebody can work out who sees what is published and knows which tables count the same cases: every hidden number that has only one value left.

Nothing of the package's own reasoning is used: all ways to fill in the hidden cells are looked at, by the sums that they lead to. Called by the tests.
"""

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

from forum.transparency.small_cells import Count

Key = TypeVar("Key", bound=Hashable)
# A withheld number may be any; so far above what is shown it makes no difference any more.
BEYOND = 4


def determined(partitions: Sequence[Mapping[Key, Count]], true_sum: int) -> list[Key]:
    """Return the hidden cells that everybody can work out, given that all partitions have the same sum, which nobody is told."""
    most = true_sum + BEYOND
    sums = [_sums(list(partition.values()), most) for partition in partitions]
    found = []
    for place, partition in enumerate(partitions):
        elsewhere = set.intersection(*(sums[other] for other in range(len(sums)) if other != place), set(range(most + 1)))
        for key, count in partition.items():
            if count.value is None:
                rest = _sums([other for name, other in partition.items() if name != key], most)
                values = {value for value in _domain(count, most) if any(value + others in elsewhere for others in rest)}
                assert values, "the truth is among them"
                found += [key] if len(values) == 1 else []
    return found


def _domain(count: Count, most: int) -> range:
    return range(count.least, (count.most if count.most is not None else most) + 1)


def _sums(counts: Sequence[Count], most: int) -> set[int]:
    reached = {0}
    for count in counts:
        reached = {before + value for before in reached for value in _domain(count, most) if before + value <= most}
    return reached
