"""How well the shipped screening rules tell what a moderator should see from what may pass: precision and recall on labelled comments.

``make bench-screening`` prints both parts of the set; the rules were tuned on one, and only the other says something. Figures are counts, so they
are the same on every machine.
"""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from forum.moderation.screening.context import ScreeningContext, WriterFacts
from forum.moderation.screening.findings import Outcome
from forum.moderation.screening.phases import PHASES
from forum.moderation.screening.pipeline import screen_here
from forum.moderation.screening.rules import default_rules

DATA = Path(__file__).parents[1] / "tests" / "data" / "screening"
PARTS = {"tuning": "the part that the rules were tuned on", "test": "the part that nobody looked at while tuning"}
# What the labelled set means by an account: one made a moment ago, and one that has been here for long.
WRITERS = {"new": WriterFacts(account_age=timedelta(), accepted_count=0), "established": WriterFacts()}


@dataclass(frozen=True)
class Labelled:
    """One comment of the set: whether a moderator should see it, what kind it is, and what screening made of it."""

    label: str
    act: bool
    outcome: Outcome


@dataclass(frozen=True)
class Score:
    """Counts of right and wrong answers; shares are None where nothing can be divided."""

    found: int
    missed: int
    false_alarms: int

    @property
    def precision(self) -> float | None:
        """The share of what was flagged that deserved it."""
        flagged = self.found + self.false_alarms
        return self.found / flagged if flagged else None

    @property
    def recall(self) -> float | None:
        """The share of what deserved it that was flagged."""
        deserving = self.found + self.missed
        return self.found / deserving if deserving else None


def read_part(part: str) -> list[Labelled]:
    """Screen every comment of a part of the set with the shipped rules."""
    rules, labelled = default_rules(), []
    for line in (DATA / f"{part}.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        context = ScreeningContext(row["text"], rules=rules, writer=WRITERS[row["account"]])
        labelled.append(Labelled(row["label"], row["act"], screen_here(context, PHASES).outcome))
    return labelled


def score(rows: Sequence[Labelled], is_flagged: Callable[[Outcome], bool]) -> Score:
    """Count what was flagged and what should have been."""
    return Score(
        found=sum(row.act and is_flagged(row.outcome) for row in rows),
        missed=sum(row.act and not is_flagged(row.outcome) for row in rows),
        false_alarms=sum(not row.act and is_flagged(row.outcome) for row in rows),
    )


def is_seen(outcome: Outcome) -> bool:
    """Whether a moderator gets to see the comment."""
    return outcome is not Outcome.PASS


def is_kept_back(outcome: Outcome) -> bool:
    """Whether readers do not get to see it before that."""
    return outcome.strength >= Outcome.HOLD.strength


def lines_of(part: str) -> list[str]:
    """Return what is printed of one part."""
    rows = read_part(part)
    lines = [f"{part}: {len(rows)} comments, {sum(row.act for row in rows)} to act on ({PARTS[part]})"]
    for name, flagged in (("brought before a moderator", is_seen), ("kept back until then", is_kept_back)):
        total = score(rows, flagged)
        lines.append(
            f"  {name:<27} precision {_share(total.precision)}  recall {_share(total.recall)}"
            f"  ({total.found} found, {total.missed} missed, {total.false_alarms} false alarms)"
        )
    for label in sorted({row.label for row in rows}):
        of_kind = [row for row in rows if row.label == label]
        seen = sum(is_seen(row.outcome) for row in of_kind)
        lines.append(f"    {label:<12} {seen:>3} of {len(of_kind)} flagged{'' if of_kind[0].act else ' (none should be)'}")
    return lines


def _share(share: float | None) -> str:
    return "   –" if share is None else f"{share:.2f}"


def main() -> None:
    """Print both parts."""
    for part in PARTS:
        sys.stdout.write("\n".join(lines_of(part)) + "\n")


if __name__ == "__main__":
    main()
