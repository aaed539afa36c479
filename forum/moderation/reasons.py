"""Why a comment is reported or decided on: codes, weights, lanes and thresholds, as data (product design C-4)."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from forum.sentences import Sentence, sentence


class ReportReason(StrEnum):
    """What a reader can report."""

    CONFIDENTIALITY = "confidentiality"
    THREAT_SELFHARM = "threat_selfharm"
    ILLEGAL = "illegal"
    HARASSMENT = "harassment"
    IMPERSONATION = "impersonation"
    DANGEROUS_ADVICE = "dangerous_advice"
    PROMOTION = "promotion"
    OFF_TOPIC = "off_topic"
    OTHER = "other"


class DecisionReason(StrEnum):
    """Why something was decided: a report's reason, or that the comment is within the rules."""

    WITHIN_RULES = "within_rules"
    CONFIDENTIALITY = "confidentiality"
    THREAT_SELFHARM = "threat_selfharm"
    ILLEGAL = "illegal"
    HARASSMENT = "harassment"
    IMPERSONATION = "impersonation"
    DANGEROUS_ADVICE = "dangerous_advice"
    PROMOTION = "promotion"
    OFF_TOPIC = "off_topic"
    OTHER = "other"


@dataclass(frozen=True)
class ReasonRule:
    """What a report for one reason weighs, which lane it opens, and from which sum of weights on it screens the comment before a person looks (None: never)."""

    label: Sentence
    meaning: Sentence
    lane: int
    time: timedelta
    weight: float
    screens_at: float | None = None
    needs_note: bool = False


def _hours(count: int) -> timedelta:
    return timedelta(hours=count)


REASONS: dict[ReportReason, ReasonRule] = {
    ReportReason.CONFIDENTIALITY: ReasonRule(
        sentence("Confidentiality"), sentence("It could identify a patient or client."), 0, _hours(4), 6, screens_at=0.0
    ),
    ReportReason.THREAT_SELFHARM: ReasonRule(
        sentence("Threat or self-harm"), sentence("It threatens somebody, or someone may be at risk."), 0, _hours(2), 6
    ),
    ReportReason.ILLEGAL: ReasonRule(
        sentence("Illegal content"), sentence("It breaks a law; say which and why."), 0, _hours(24), 5, needs_note=True
    ),
    ReportReason.HARASSMENT: ReasonRule(
        sentence("Harassment"), sentence("It attacks a person instead of what they say."), 1, _hours(12), 3, screens_at=6.0
    ),
    ReportReason.IMPERSONATION: ReasonRule(
        sentence("Impersonation"),
        sentence("It pretends to be someone, or claims a false credential; say how you know."),
        1,
        _hours(24),
        3,
        needs_note=True,
    ),
    ReportReason.DANGEROUS_ADVICE: ReasonRule(
        sentence("Dangerous advice"), sentence("Whoever follows it could come to harm; say how."), 1, _hours(12), 3, needs_note=True
    ),
    ReportReason.PROMOTION: ReasonRule(
        sentence("Promotion"), sentence("It advertises, or hides an interest."), 2, _hours(48), 2, screens_at=6.0
    ),
    ReportReason.OFF_TOPIC: ReasonRule(sentence("Off topic"), sentence("It belongs to another discussion."), 3, timedelta(days=7), 1),
    ReportReason.OTHER: ReasonRule(sentence("Something else"), sentence("Say what is wrong."), 3, timedelta(days=7), 1, needs_note=True),
}

# Items that no report opened stand in the lane of what was found; a moderator's own initiative and edits in P2.
LANE_TIMES: tuple[timedelta, ...] = (_hours(4), _hours(12), _hours(48), timedelta(days=7))
DECISION_LABELS: dict[DecisionReason, Sentence] = {
    DecisionReason.WITHIN_RULES: sentence("Within the rules"),
    **{DecisionReason(reason.value): rule.label for reason, rule in REASONS.items()},
}


def accuracy(upheld: int, declined: int) -> float:
    """Return how often a reporter was right, from 0 to 1, ½ for somebody new: (upheld + 2) / (upheld + declined + 4)."""
    return (upheld + 2) / (upheld + declined + 4)


def weight_of(reason: ReportReason, *, upheld: int, declined: int) -> float:
    """Return the weight of a report: the reason's base × (½ + accuracy)."""
    return REASONS[reason].weight * (0.5 + accuracy(upheld, declined))
