"""What is measured, in which order, and the figures that come of it: medians over rounds, and ratios within each round.

Contenders take turns within a round and the first to go changes from round to round, so that a slow minute of the machine meets both alike.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from statistics import median

from benchmarks.contender import Contender
from benchmarks.discussion import Comment, write_more
from benchmarks.load import Load, Outcome, drive

CONNECTIONS = (1, 16)


@dataclass(frozen=True)
class Plan:
    """How long a run is: rounds, seconds for each reading and comments for each posting at one connection (four times as many at 16).

    On a slow or busy machine no further round of a thing begins after ``enough`` seconds, from the second on.
    """

    rounds: int = 5
    enough: float = 25
    seconds: float = 1.5
    posts: int = 40


@dataclass(frozen=True)
class Series:
    """What one contender did of one thing at so many connections, round by round."""

    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Errands a second, the median of the rounds."""
        return median(outcome.rate for outcome in self.outcomes)

    @property
    def milliseconds(self) -> float:
        """Milliseconds an errand, the median of all."""
        return median(taken for outcome in self.outcomes for taken in outcome.milliseconds)

    @property
    def kilobytes(self) -> float:
        """Kilobytes (1,000 bytes) of body an errand, on average."""
        return sum(outcome.body_bytes for outcome in self.outcomes) / 1000 / sum(len(outcome.milliseconds) for outcome in self.outcomes)


@dataclass(frozen=True)
class Figure:
    """One thing at so many connections: ours and the peer's, and how many times as many errands a second ours did."""

    thing: str
    connections: int
    ours: Series
    peer: Series

    @property
    def ratios(self) -> list[float]:
        """Each round's ratio of rates, ours to the peer's."""
        return [ours.rate / peer.rate for ours, peer in zip(self.ours.outcomes, self.peer.outcomes, strict=True)]

    @property
    def ratio(self) -> float:
        """The median of the rounds' ratios."""
        return median(self.ratios)


Slot = Callable[[Contender], Load]


def measure(ours: Contender, peer: Contender, discussion: Sequence[Comment], plan: Plan, *, say: Callable[[str], None]) -> list[Figure]:
    """Measure both and return the figures: first page and whole thread of the discussion as it was filled, then posting to it."""
    figures = [
        *_take_turns(ours, peer, "first page", plan, say, lambda connections: _reading("first_page", connections, plan.seconds)),
        *_take_turns(ours, peer, "whole thread", plan, say, lambda connections: _reading("whole_thread", connections, plan.seconds)),
    ]
    # Last, because the thread grows; both get the same comments, so it grows alike.
    more = write_more(discussion)
    return [
        *figures,
        *_take_turns(ours, peer, "post a comment", plan, say, lambda connections: _posting(more, connections, plan.posts)),
    ]


def _take_turns(
    ours: Contender, peer: Contender, thing: str, plan: Plan, say: Callable[[str], None], slot_for: Callable[[int], Slot]
) -> Iterator[Figure]:
    figures = [Figure(thing, connections, Series(), Series()) for connections in CONNECTIONS]
    begun = time.monotonic()
    for number in range(plan.rounds):
        if number > 1 and time.monotonic() - begun > plan.enough:
            break
        say(f"{thing}, round {number + 1} of {plan.rounds}")
        for figure in figures:
            slot = slot_for(figure.connections)
            turns = [(ours, figure.ours), (peer, figure.peer)]
            for contender, series in turns if number % 2 == 0 else turns[::-1]:
                series.outcomes.append(drive(slot(contender)))
    return iter(figures)


def _reading(errand: str, connections: int, seconds: float) -> Slot:
    return lambda contender: Load(contender.port, [getattr(contender, errand)()], connections, seconds, 1_000_000)


def _posting(more: Iterator[Comment], connections: int, posts: int) -> Slot:
    comments = list(islice(more, posts if connections == 1 else posts * 4))
    return lambda contender: Load(contender.port, contender.post(comments), connections, float("inf"), len(comments))
