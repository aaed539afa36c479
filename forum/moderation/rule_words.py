"""What the fields of the screening rules are called on the admin's page, under which headings they stand, and what outcomes are called. Data.

A label, with its hint, is the field's description in `rules`: written again here because a translator's tools look for sentences; a test compares them.
"""

from forum.moderation.log_words import RULE_WORDS
from forum.moderation.screening.findings import Outcome
from forum.sentences import Sentence, sentence

GROUPS: tuple[tuple[Sentence, tuple[str, ...]], ...] = (
    (sentence("New writers"), ("hold_first",)),
    (sentence("Words"), ("banned", "suspect")),
    (
        sentence("Links"),
        (
            "blocked_domains",
            "trusted_domains",
            "address_words",
            "new_account_days",
            "new_account_comments",
            "many_links",
            "max_links",
        ),
    ),
    (sentence("Length"), ("max_length",)),
    (sentence("Repeated texts"), ("duplicate_hours", "duplicate_min_length", "duplicate_others")),
    (sentence("Recent removals"), ("history_days", "history_min_count", "history_percent")),
    (sentence("Heated discussions"), ("heat_base_minutes", "heat_most_minutes")),
    (sentence("The public log"), ("show_moderator_names",)),
)
"""Headings, and the fields below each, in the order of the page."""

SYNTAX = sentence(
    "One entry a line, “reason: words”; * stands for any letters, (one|two) for either, (one|) for one or nothing, ... for up to four words, one & two for both."
)

LABELS: dict[str, Sentence] = {
    "hold_first": sentence("Hold a new writer's first N comments, or all; empty: as the server's setting says."),
    "max_length": sentence("Refuse comments of more characters than this."),
    "max_links": sentence("Refuse comments with more links than this."),
    "many_links": sentence("Report comments with at least this many links to domains that are not trusted."),
    "banned": sentence("Hold comments with these words."),
    "suspect": sentence("Report comments with these words."),
    "address_words": sentence("Hold comments with these words in a web address, one entry a line."),
    "blocked_domains": sentence("Hold comments that link to these domains or below them, one a line."),
    "trusted_domains": sentence("Domains that anybody may link to, one a line; *.edu means all that end so."),
    "new_account_days": sentence("An account is new for this many days; its links to domains that are not trusted are held."),
    "new_account_comments": sentence("An account is also new until it has this many accepted comments."),
    "duplicate_hours": sentence("Compare a text with those of the last so many hours."),
    "duplicate_min_length": sentence("Texts shorter than this may be repeated at another place or by other people."),
    "duplicate_others": sentence("Hold a text that so many other accounts have posted."),
    "history_days": sentence("A writer's recent history reaches back this many days."),
    "history_min_count": sentence("A history counts from so many recent comments on."),
    "history_percent": sentence("Hold comments of writers with at least this percentage of recent comments removed."),
    "heat_base_minutes": sentence("Minutes between two comments of one writer below reported comments; each report adds one."),
    "heat_most_minutes": sentence("The longest such wait, in minutes."),
    "show_moderator_names": sentence("Show the names of moderators in the public log."),
}

HINTS: dict[str, Sentence] = {"banned": SYNTAX, "suspect": SYNTAX}

EXPECTED: dict[str, Sentence] = {"hold_first": sentence("A number from 0 to 999, the word “all”, or nothing is expected.")}
"""What to type where a field has a shape of its own."""

OUTCOME_WORDS: dict[Outcome, Sentence] = {
    Outcome.PASS: sentence("shown"),
    Outcome.REPORT: sentence("reported"),
    Outcome.NUDGE: sentence("sent back to think again"),
    Outcome.HOLD: sentence("held"),
    Outcome.REJECT: sentence("refused"),
}

PHASE_WORDS = RULE_WORDS
"""What the phases of screening are called."""
