"""What screening says of a text: outcomes in order of strength, the finding of one phase, and the verdict of all. Plain values."""

from dataclasses import dataclass
from enum import StrEnum

from forum.sentences import Sentence


class Outcome(StrEnum):
    """What a finding asks for, weakest first; the strongest of all findings wins."""

    PASS = "pass"
    REPORT = "report"
    NUDGE = "nudge"
    HOLD = "hold"
    REJECT = "reject"

    @property
    def strength(self) -> int:
        """The place in the order: a higher one wins."""
        return list(Outcome).index(self)


@dataclass(frozen=True)
class Finding:
    """What one phase found. ``reason`` is a report reason's code and decides the lane; ``matches`` are the words of the text that led to it.

    ``code`` is stable, ``detail`` a sentence that moderators read (and the writer, when the outcome is ``reject``); ``retry_after`` are seconds,
    ``spans`` the places of ``matches`` in the text, in characters: from, up to.
    """

    phase: str
    outcome: Outcome
    code: str
    detail: Sentence
    reason: str = "other"
    matches: tuple[str, ...] = ()
    retry_after: int | None = None
    spans: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Verdict:
    """All findings, in the order of the phases, and the strongest outcome among them."""

    findings: tuple[Finding, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """The strongest outcome; ``pass`` without findings."""
        return max((finding.outcome for finding in self.findings), key=lambda outcome: outcome.strength, default=Outcome.PASS)

    @property
    def deciding(self) -> Finding | None:
        """The first finding that has the verdict's outcome, or None."""
        return next((finding for finding in self.findings if finding.outcome is self.outcome), None)
