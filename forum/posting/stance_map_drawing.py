"""The stance map as a page draws it: each tally with its bar, bars that are to be compared on one scale."""

from collections.abc import Iterator
from dataclasses import dataclass

from forum.articles.schemas import Tally
from forum.posting.stance_map_schemas import MapOut, MappedThread
from forum.stances.stance_map import Bar, draw, scale_of

# A map of fewer threads says no more than the bar of the whole.
LEAST_FOLDED = 2


@dataclass(frozen=True)
class Drawn:
    """A tally and its bar; ``thread`` is what it belongs to, None for a whole."""

    tally: Tally
    bar: Bar
    thread: MappedThread | None = None


@dataclass(frozen=True)
class DrawnMap:
    """The bars of a map. Threads share a scale; each whole and all other threads together have their own, or single threads could not be seen beside them."""

    stances: Drawn
    tags: Drawn
    threads: tuple[Drawn, ...]
    others: Drawn

    @property
    def is_worth_folding(self) -> bool:
        """Whether there are enough threads to compare."""
        return len(self.threads) >= LEAST_FOLDED

    def __iter__(self) -> Iterator[Drawn]:
        yield from (self.stances, self.tags, *self.threads, self.others)


def draw_map(found: MapOut) -> DrawnMap:
    """Return the map with its bars."""
    scale = scale_of(thread.tags for thread in found.threads)
    threads = tuple(Drawn(thread.tags, draw(thread.tags, scale), thread) for thread in found.threads)
    return DrawnMap(_alone(found.stances), _alone(found.tags), threads, _alone(found.others))


def _alone(tally: Tally) -> Drawn:
    return Drawn(tally, draw(tally, scale_of([tally])))
