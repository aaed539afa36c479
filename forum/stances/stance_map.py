"""Where the parts of a stance bar lie: doubt and disagreement left of the middle, agreement and encouragement right of it (product design, A-7).

Pure geometry in percent of a bar's width, so that a page draws it at any width without stretching its patterns. The rule: bars that stand together share a scale,
and within it a part is as wide as its count.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from forum.articles.schemas import Tally
from forum.comments.stance import Stance

# From the middle outwards.
LEFT = (Stance.SKEPTICISM, Stance.DISAGREEMENT)
RIGHT = (Stance.AGREEMENT, Stance.ENCOURAGEMENT)
LAYERS = (Stance.DISAGREEMENT, Stance.SKEPTICISM, Stance.ENCOURAGEMENT, Stance.AGREEMENT)
# As they are read.
LEFT_TO_RIGHT = (*reversed(LEFT), *RIGHT)
MIDDLE, DIGITS = 50.0, 1


@dataclass(frozen=True)
class Part:
    """The stretch of a bar that one stance takes; ``x`` and ``width`` in percent, where the middle is 50."""

    stance: Stance
    count: int
    x: float
    width: float

    @property
    def end(self) -> float:
        """The edge that is farther from the middle."""
        return self.x if self.stance in LEFT else round(self.x + self.width, DIGITS)


@dataclass(frozen=True)
class Bar:
    """A bar from left to right, without its empty parts; ``left`` and ``right`` are the sums of its sides."""

    parts: tuple[Part, ...]
    left: int
    right: int

    @property
    def ends(self) -> tuple[float, ...]:
        """How far from the middle each stance reaches, in the order ``LAYERS``: drawn so, each over the one before, every part is seen; an empty one is where it began."""
        found = {part.stance: part.end for part in self.parts}
        return tuple(found.get(stance, MIDDLE) for stance in LAYERS)


def sides_of(tally: Tally) -> tuple[int, int]:
    """Return how many stand left of the middle and how many right of it."""
    return tally.disagreement + tally.skepticism, tally.agreement + tally.encouragement


def scale_of(tallies: Iterable[Tally]) -> int:
    """Return what half the width stands for where these bars stand together: their longest side, at least 1."""
    return max((1, *(side for tally in tallies for side in sides_of(tally))))


def draw(tally: Tally, scale: int) -> Bar:
    """Return the bar of a tally; ``scale`` is at least its longer side. Nothing leaves the range from 0 to 100."""
    left, right = sides_of(tally)
    parts: list[Part] = []
    for side, sign in ((LEFT, -1), (RIGHT, 1)):
        reached = 0
        for stance in side:
            count = getattr(tally, stance)
            edges = sorted((_edge(reached, scale, sign), _edge(reached + count, scale, sign)))
            reached += count
            if count:
                parts.append(Part(stance, count, edges[0], round(edges[1] - edges[0], DIGITS)))
    return Bar(tuple(sorted(parts, key=lambda part: LEFT_TO_RIGHT.index(part.stance))), left, right)


def _edge(count: int, scale: int, sign: int) -> float:
    return round(MIDDLE + sign * MIDDLE * count / scale, DIGITS)
