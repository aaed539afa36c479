"""Small numbers are not told: 1 and 2 are "<3", and nothing that is published lets anybody work them out (product design C-11).

The rule: each hidden number has at least two values that fit everything that is shown. Sums are made of what is shown, never of what is hidden, so a total
tells nothing new; what is left are tables that count the same cases in several ways, and those come here together. Pure; called by ``tables``.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

SHOWN_FROM = 3
"""From here on a number is told; so is 0."""

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Count:
    """A number as everybody may see it: from ``least`` to ``most`` (None: it may be any number from ``least`` on). Exact where they are the same."""

    least: int
    most: int | None

    @property
    def value(self) -> int | None:
        """The number itself, or None where it is not told."""
        return self.least if self.least == self.most else None

    def allows(self, value: int) -> bool:
        """Whether the number could be ``value``, as far as anybody can see."""
        return self.least <= value and (self.most is None or value <= self.most)


SMALL = Count(1, SHOWN_FROM - 1)
WITHHELD = Count(1, None)


def exactly(value: int) -> Count:
    """Return a number that is told."""
    return Count(value, value)


def total(counts: Iterable[Count]) -> Count:
    """Return the sum of numbers as it follows from what is shown of them: a range as soon as one is hidden."""
    least, most = 0, 0
    unbounded = False
    for count in counts:
        least += count.least
        unbounded = unbounded or count.most is None
        most += count.most or 0
    return Count(least, None if unbounded else most)


def publish(*partitions: Mapping[Key, int]) -> tuple[dict[Key, Count], ...]:
    """Return what may be shown of each partition's cells. All partitions count the same cases, each split in another way.

    1 and 2 are hidden as ``SMALL``; 0 stays 0. Where such a number could be had by comparing the partitions, further cells are ``WITHHELD``, the smallest
    first. Raises ValueError for partitions with different sums: they do not count the same cases.
    """
    if len({sum(partition.values()) for partition in partitions}) > 1:
        raise ValueError("partitions of the same cases have the same sum")
    cover = _Cover[Key](partitions)
    cover.finish()
    return tuple(cover.shown)


class _Cover(Generic[Key]):
    """Partitions with what is shown of them so far.

    Whoever sees it knows that all sums are equal. So a hidden cell could be one more (or less) exactly when another of its partition could be one less (or
    more), or when all other partitions could follow, each with one cell: every other way to fill in the hidden cells is made of such steps.
    """

    def __init__(self, partitions: tuple[Mapping[Key, int], ...]) -> None:
        self.values = [dict(partition) for partition in partitions]
        self.shown = [
            {key: SMALL if 0 < value < SHOWN_FROM else exactly(value) for key, value in partition.items()} for partition in partitions
        ]

    def finish(self) -> None:
        """Withhold further cells until no hidden one is determined. It ends: where all cells but the zeros are withheld, each could be one more."""
        while (stuck := next(self._determined(), None)) is not None:
            place, key = self._next_to_withhold(*stuck)
            self.shown[place][key] = WITHHELD

    def _determined(self) -> Iterator[tuple[int, Key]]:
        for place, cells in enumerate(self.shown):
            yield from ((place, key) for key, count in cells.items() if count.value is None and not self._is_ambiguous(place, key))

    def _is_ambiguous(self, place: int, key: Key) -> bool:
        return any(
            self._can_move(place, key, step)
            and (
                any(other != key and self._can_move(place, other, -step) for other in self.shown[place])
                or all(self._can_any_move(other, step) for other in range(len(self.shown)) if other != place)
            )
            for step in (1, -1)
        )

    def _can_move(self, place: int, key: Key, step: int) -> bool:
        count = self.shown[place][key]
        return count.value is None and count.allows(self.values[place][key] + step)

    def _can_any_move(self, place: int, step: int) -> bool:
        return any(self._can_move(place, key, step) for key in self.shown[place])

    def _next_to_withhold(self, place: int, key: Key) -> tuple[int, Key]:
        """Return the cell whose withholding frees a determined one at the least cost, or brings it nearer to that."""
        left = [
            (at, cell)
            for at, cells in enumerate(self.shown)
            for cell, count in cells.items()
            if self.values[at][cell] and count != WITHHELD
        ]
        # What is hidden already is withheld last, then the smallest in the same table first.
        left.sort(key=lambda it: (self.shown[it[0]][it[1]] == SMALL, it[0] != place, self.values[it[0]][it[1]]))
        freeing = (it for it in left if self._would_free(it, place, key))
        stiff = (it for it in left if not self._can_any_move(it[0], 1))
        return next(freeing, None) or next(stiff, left[0])

    def _would_free(self, candidate: tuple[int, Key], place: int, key: Key) -> bool:
        at, cell = candidate
        before, self.shown[at][cell] = self.shown[at][cell], WITHHELD
        freed = self._is_ambiguous(place, key)
        self.shown[at][cell] = before
        return freed
