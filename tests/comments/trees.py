"""Generated discussions and what a reader must see of them, sorted and filtered by plain Python from the formulas of the design.

The paging tests walk a discussion through the forum and compare with ``expected_roots``, ``expected_replies`` and ``expected_matches``.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from forum.comments.stance import Stance
from forum.comments.states import State
from tests.seeding import Plan, PlannedComment, Seeded
from tests.stances.recount import contest, wilson_bound

PEOPLE = 7
SORTS = ("oldest", "newest", "active", "most_tagged", "most_valued", "most_contested", "unanswered")
STATES = (State.VISIBLE,) * 6 + (State.WITHDRAWN, State.REMOVED, State.SCREENED, State.ERASED, State.HELD)


def random_plan(size: int, seed: int, *, depth_bias: float = 0.5, minutes: int = 6) -> Plan:
    """Return a plan of ``size`` comments in which everything happens: ties, all states, leads, tags, an author who answers.

    Held ones are leaves, as nobody can answer them; ``minutes`` is how long it all takes, so that few make many ties.
    """
    chance = random.Random(seed)
    planned: list[PlannedComment] = []
    leads = [2, 1, 1, 1]
    for place in range(size):
        answerable = [earlier for earlier, one in enumerate(planned) if one.state is not State.HELD]
        parent = None
        if answerable and chance.random() < 0.7:
            parent = answerable[-1] if chance.random() < depth_bias else chance.choice(answerable)
        lead = leads.pop() if parent is None and leads and chance.random() < 0.15 else 0
        writer = chance.randrange(PEOPLE)
        readers = chance.sample(range(PEOPLE), k=chance.choice((0, 0, 1, 3, 4, PEOPLE)))
        tags = tuple((reader, chance.choice(tuple(Stance))) for reader in readers if reader != writer)
        planned.append(
            PlannedComment(
                parent=parent,
                writer=writer,
                minute=place * minutes // max(1, size),
                state=chance.choice(STATES),
                stance=chance.choice((None, *Stance)),
                tags=tags,
                lead=lead,
            )
        )
    authors = chance.choice(((), (0,), (0, 3)))
    return Plan(planned, people=PEOPLE, authors=authors, verified=frozenset({1, 2}))


plans = st.builds(
    random_plan,
    st.integers(0, 26),
    st.integers(0, 2**32),
    depth_bias=st.sampled_from((0.1, 0.5, 0.95)),
    minutes=st.sampled_from((1, 4, 26)),
)


@dataclass(frozen=True)
class Seen:
    """A stored plan, and its comments as the design's formulas see them."""

    plan: Plan
    seeded: Seeded

    @property
    def ids(self) -> Sequence[int]:
        """The comments' ids, in the plan's order."""
        return self.seeded.comment_ids

    def place(self, comment_id: int) -> int:
        """Return the place in the plan of a comment."""
        return comment_id - self.ids[0]

    def planned(self, comment_id: int) -> PlannedComment:
        """Return what was planned of a comment."""
        return self.plan.comments[self.place(comment_id)]

    def parent(self, comment_id: int) -> int | None:
        """Return the id of a comment's parent."""
        place = self.planned(comment_id).parent
        return None if place is None else self.ids[place]

    def ancestors(self, comment_id: int) -> list[int]:
        """Return the ids above a comment, root first."""
        found: list[int] = []
        at = self.parent(comment_id)
        while at is not None:
            found.insert(0, at)
            at = self.parent(at)
        return found

    def is_listed(self, comment_id: int) -> bool:
        """Whether a comment has a place for everyone."""
        return self.planned(comment_id).state is not State.HELD

    def below(self, comment_id: int) -> list[int]:
        """Return the listed comments below one, in id order."""
        return [other for other in self.ids if self.is_listed(other) and comment_id in self.ancestors(other)]

    def counted(self, comment_id: int) -> dict[Stance, int]:
        """Return the tags that count: nobody's who is an author of the article."""
        tags = [stance for reader, stance in self.planned(comment_id).tags if reader not in self.plan.authors]
        return {stance: tags.count(stance) for stance in Stance}

    def is_answered(self, comment_id: int) -> bool:
        """Whether an author visibly replied anywhere below."""
        replies = [self.planned(other) for other in self.below(comment_id)]
        return any(reply.writer in self.plan.authors and reply.state is State.VISIBLE for reply in replies)

    def activity(self, comment_id: int) -> int:
        """Return the minute of the last thing said: in a root's thread, or at a comment and directly below it."""
        is_root = self.parent(comment_id) is None
        replies = [other for other in self.below(comment_id) if is_root or self.parent(other) == comment_id]
        return max(self.planned(one).minute for one in (comment_id, *replies))


def sort_key(seen: Seen, sort: str, *, by_id: bool = False) -> Callable[[int], Any]:
    """Return the key by which plain ``sorted`` puts comments into the order ``sort``; ``by_id``: what authors began and did not answer is ordered by its id."""

    def key(one: int) -> Any:
        tags = seen.counted(one)
        pro, con = tags[Stance.AGREEMENT] + tags[Stance.ENCOURAGEMENT], tags[Stance.DISAGREEMENT] + tags[Stance.SKEPTICISM]
        minute = seen.planned(one).minute
        unanswered: tuple[int, ...] = (int(seen.is_answered(one)), -con, minute, one)
        if not seen.is_answered(one) and seen.planned(one).writer in seen.plan.authors:
            # Nobody waits for authors to answer themselves; what they began stands in the order of writing, and matches as everything else does.
            unanswered = (2, one) if by_id else (2, -con, minute, one)
        return {
            "oldest": (minute, one),
            "newest": (-minute, -one),
            "active": (-seen.activity(one), -one),
            "most_tagged": (-(pro + con), -one),
            "most_valued": (-round(wilson_bound(pro, pro + con), 12), -one),
            "most_contested": (-round(contest(pro, con), 12), -one),
            "unanswered": unanswered,
        }[sort]

    return key


def expected_roots(seen: Seen, sort: str) -> list[int]:
    """Return the roots as they must stand in the order ``sort``: the pinned one, the featured ones, the others."""
    roots = [one for one in seen.ids if seen.parent(one) is None and seen.is_listed(one)]
    leads = sorted((one for one in roots if seen.planned(one).lead), key=lambda one: (-seen.planned(one).lead, one))
    return leads + sorted((one for one in roots if not seen.planned(one).lead), key=sort_key(seen, sort, by_id=True))


def expected_matches(
    seen: Seen, sort: str, *, stance: Stance | None, tagged: Stance | None, by: str | None, answered: str | None, me: int
) -> list[int]:
    """Return the visible comments at any depth that the filters ask for, in order; ``me`` is a place among the people."""

    def fits(one: int) -> bool:
        planned, tags = seen.planned(one), seen.counted(one)
        total = sum(tags.values())
        return (
            planned.state is State.VISIBLE
            and (stance is None or planned.stance == stance)
            and (tagged is None or (total >= 3 and tags[tagged] / total >= 0.5))
            and (by != "author" or planned.writer in seen.plan.authors)
            and (by != "verified" or planned.writer in seen.plan.verified)
            and (by != "me" or planned.writer == me)
            and (answered is None or (not seen.is_answered(one) and planned.writer not in seen.plan.authors))
        )

    return sorted(filter(fits, seen.ids), key=sort_key(seen, sort))
