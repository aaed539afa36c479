"""What a change of the rules would have done to comments that were posted: both sets of rules look at them, and the differences are listed.

Pure and without a deadline; called by the admin page before a change is saved. Only phases that depend on the text and the rules take part:
repetition, history and heat depended on the moment and cannot be known again.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from forum.moderation.screening.context import ScreeningContext
from forum.moderation.screening.findings import Outcome, Verdict
from forum.moderation.screening.phases import PHASES
from forum.moderation.screening.pipeline import screen_here
from forum.moderation.screening.rules import Rules, find_rule_faults
from forum.refusals import invalid

REPLAYED = ("limits", "words", "links", "newcomer")
"""The phases that take part; for newcomer, the context has to hold the writer's counts of that time."""

_PHASES = tuple(phase for phase in PHASES if phase.name in REPLAYED)


@dataclass(frozen=True)
class Sample:
    """A comment as it was posted; the context's own rules are not looked at."""

    comment_id: int
    context: ScreeningContext


@dataclass(frozen=True)
class Change:
    """A comment that would have fared differently, and what each set of rules finds in it."""

    comment_id: int
    before: Verdict
    after: Verdict

    @property
    def outcomes(self) -> tuple[Outcome, Outcome]:
        """The outcome before and after, for counting what a change would do."""
        return self.before.outcome, self.after.outcome


def replay(samples: Iterable[Sample], before: Rules, after: Rules) -> list[Change]:
    """Return the samples whose outcome differs between the two sets of rules, in their order; each text is folded once.

    Raises a ``Refusal`` that names the lines when ``after`` cannot be used.
    """
    if faults := find_rule_faults(after):
        raise invalid(*faults)
    if before == after:
        return []
    found = []
    for sample in samples:
        now = screen_here(sample.context.under(before), _PHASES)
        then = screen_here(sample.context.under(after), _PHASES)
        if now.outcome is not then.outcome:
            found.append(Change(sample.comment_id, now, then))
    return found
