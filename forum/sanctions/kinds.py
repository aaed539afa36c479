"""The measures that can be taken against a person, as data: what each forbids, how long it lasts, and what the ladder suggests (product design C-10)."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from forum.access.viewer import Role
from forum.sentences import Sentence, sentence


class SanctionKind(StrEnum):
    """What can be imposed on a person, mildest first."""

    REMINDER = "reminder"
    WARNING = "warning"
    PRE_MODERATION = "pre_moderation"
    MUTE = "mute"
    TAG_MUTE = "tag_mute"
    REPORT_MUTE = "report_mute"
    SUSPENSION = "suspension"
    BAN = "ban"


class Activity(StrEnum):
    """What a person does that a sanction may forbid."""

    WRITE = "write"
    TAG = "tag"
    REPORT = "report"


@dataclass(frozen=True)
class KindRule:
    """What one kind does: the activities it forbids while it lasts, whether it needs an end, the usual and the longest number of days, and who may impose it.

    ``acknowledged``: it is over as soon as the person has said that they have read it. ``holds``: what they write waits for a moderator.
    ``stops_tags``: their tags do not count meanwhile.
    """

    label: Sentence
    meaning: Sentence
    forbids: frozenset[Activity] = frozenset()
    usual_days: int | None = None
    longest_days: int | None = None
    acknowledged: bool = False
    holds: bool = False
    stops_tags: bool = False
    imposed_by: Role = Role.MODERATOR

    @property
    def has_end(self) -> bool:
        """Whether it ends by itself on a day that is chosen."""
        return self.usual_days is not None


KINDS: dict[SanctionKind, KindRule] = {
    SanctionKind.REMINDER: KindRule(
        sentence("Reminder"),
        sentence("It says what to mind; nothing else follows from it."),
        acknowledged=True,
    ),
    SanctionKind.WARNING: KindRule(
        sentence("Warning"),
        sentence("It has to be acknowledged before the next comment."),
        frozenset({Activity.WRITE}),
        acknowledged=True,
    ),
    SanctionKind.PRE_MODERATION: KindRule(
        sentence("Pre-moderation"),
        sentence("What the person writes waits until a moderator has read it."),
        usual_days=14,
        longest_days=365,
        holds=True,
    ),
    SanctionKind.MUTE: KindRule(
        sentence("Mute"),
        sentence("No comments and no changes of comments; reading, tagging and reporting go on."),
        frozenset({Activity.WRITE}),
        usual_days=7,
        longest_days=365,
    ),
    SanctionKind.TAG_MUTE: KindRule(
        sentence("No tags"),
        sentence("No new tags and no changes of tags; those that are there go on counting."),
        frozenset({Activity.TAG}),
        7,
        365,
    ),
    SanctionKind.REPORT_MUTE: KindRule(
        sentence("No reports"),
        sentence("No reports; a notice of illegal content stays open to everybody."),
        frozenset({Activity.REPORT}),
        7,
        365,
    ),
    SanctionKind.SUSPENSION: KindRule(
        sentence("Suspension"),
        sentence(
            "No comments, tags or reports, and the person's tags do not count until it ends. Reading, appealing and leaving stay open."
        ),
        frozenset(Activity),
        usual_days=30,
        longest_days=365,
        stops_tags=True,
    ),
    SanctionKind.BAN: KindRule(
        sentence("Ban"),
        sentence("A suspension without an end. Reading, appealing and leaving stay open."),
        frozenset(Activity),
        stops_tags=True,
        imposed_by=Role.ADMIN,
    ),
}

STRIKE_LASTS = timedelta(days=180)
"""So long a moderator's removal counts against its writer."""

# As rows hold them, for conditions on the database.
ACKNOWLEDGED = tuple(kind for kind, rule in KINDS.items() if rule.acknowledged)
HOLDING = tuple(kind for kind, rule in KINDS.items() if rule.holds)

LADDER: tuple[SanctionKind, ...] = (
    SanctionKind.REMINDER,
    SanctionKind.WARNING,
    SanctionKind.PRE_MODERATION,
    SanctionKind.MUTE,
    SanctionKind.SUSPENSION,
    SanctionKind.BAN,
)
"""What is suggested at the first, second … strike; the last one from there on. A suggestion: the moderator chooses."""


def suggest(strikes: int) -> SanctionKind | None:
    """Return the step that the ladder suggests for so many strikes within ``STRIKE_LASTS``; None without any."""
    return LADDER[min(strikes, len(LADDER)) - 1] if strikes > 0 else None
