"""How well the confidentiality check tells texts from which somebody in care could be told from those that may pass: recall and precision.

``make bench-confidentiality`` prints both parts of the set; the words and rules were tuned on one, and only the other says something. Figures are
counts, so they are the same on every machine.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from forum.moderation.screening.confidential.details import find_details
from forum.moderation.screening.phases.confidentiality import HOLD_FROM, NUDGE_FROM

DATA = Path(__file__).parents[1] / "tests" / "data" / "confidentiality"
PARTS = {"tuning": "the part that the detectors were tuned on", "test": "the part that nobody looked at while tuning"}
MEASURES = (("asked or held", NUDGE_FROM), ("held", HOLD_FROM))


@dataclass(frozen=True)
class Labelled:
    """One text of the set: whether somebody could be told from it, what kind it is, and its score."""

    kind: str
    identifying: bool
    score: int


@dataclass(frozen=True)
class Tally:
    """Counts of right and wrong answers; shares are None where nothing can be divided."""

    found: int
    missed: int
    false_alarms: int

    @property
    def recall(self) -> float | None:
        """The share of what tells somebody that was flagged."""
        deserving = self.found + self.missed
        return self.found / deserving if deserving else None

    @property
    def precision(self) -> float | None:
        """The share of what was flagged that tells somebody."""
        flagged = self.found + self.false_alarms
        return self.found / flagged if flagged else None


def read_part(part: str) -> list[Labelled]:
    """Score every text of a part of the set."""
    rows = map(json.loads, (DATA / f"{part}.jsonl").read_text(encoding="utf-8").splitlines())
    return [Labelled(row["kind"], row["identifying"], find_details(row["text"]).score) for row in rows]


def tally(rows: Sequence[Labelled], least: int) -> Tally:
    """Count what scores at least ``least`` and what should have."""
    return Tally(
        found=sum(row.identifying and row.score >= least for row in rows),
        missed=sum(row.identifying and row.score < least for row in rows),
        false_alarms=sum(not row.identifying and row.score >= least for row in rows),
    )


def lines_of(part: str) -> list[str]:
    """Return what is printed of one part."""
    rows = read_part(part)
    lines = [f"{part}: {len(rows)} texts, {sum(row.identifying for row in rows)} identifying ({PARTS[part]})"]
    for name, least in MEASURES:
        total = tally(rows, least)
        lines.append(
            f"  {name:<14} recall {_share(total.recall)}  precision {_share(total.precision)}"
            f"  ({total.found} found, {total.missed} missed, {total.false_alarms} false alarms)"
        )
    for identifying in (True, False):
        for kind in sorted({row.kind for row in rows if row.identifying is identifying}):
            of_kind = [row for row in rows if row.kind == kind and row.identifying is identifying]
            flagged = sum(row.score >= NUDGE_FROM for row in of_kind)
            lines.append(f"    {kind:<20} {flagged:>3} of {len(of_kind)} flagged{'' if identifying else ' (none should be)'}")
    return lines


def _share(share: float | None) -> str:
    return "   –" if share is None else f"{share:.2f}"


def main() -> None:
    """Print both parts, or those that are named."""
    for part in sys.argv[1:] or PARTS:
        sys.stdout.write("\n".join(lines_of(part)) + "\n")


if __name__ == "__main__":
    main()
