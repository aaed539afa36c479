"""What a sanction is called on the page of the person whom it is about: a headline and what it means for them, by kind. Data."""

from dataclasses import dataclass

from forum.sanctions.kinds import SanctionKind
from forum.sentences import Sentence, sentence


@dataclass(frozen=True)
class SanctionWords:
    """The headline, what the person cannot do meanwhile, and what stays as it is."""

    heading: Sentence
    means: Sentence
    stays: Sentence


_REST = sentence("Reading, tagging, reporting and appealing stay open.")
_ALL_BUT_READING = sentence("You can still read everything, appeal, take your data away and leave.")

SANCTION_WORDS: dict[SanctionKind, SanctionWords] = {
    SanctionKind.REMINDER: SanctionWords(
        sentence("A moderator reminds you of a rule"),
        sentence("Nothing is taken from you. Please mind it from now on."),
        sentence("Everything stays open to you."),
    ),
    SanctionKind.WARNING: SanctionWords(
        sentence("A moderator has given you a warning"),
        sentence("Before you comment again, say here that you have read it."),
        _REST,
    ),
    SanctionKind.PRE_MODERATION: SanctionWords(
        sentence("Your comments are read before others can see them"),
        sentence("What you write waits until a moderator has read it."),
        sentence("You can go on writing, reading, tagging and reporting."),
    ),
    SanctionKind.MUTE: SanctionWords(
        sentence("You cannot comment for a time"),
        sentence("You cannot write comments or change those that you have written."),
        _REST,
    ),
    SanctionKind.TAG_MUTE: SanctionWords(
        sentence("You cannot tag comments for a time"),
        sentence("You can set no tags and change none; those that are there go on counting."),
        sentence("Reading, commenting, reporting and appealing stay open."),
    ),
    SanctionKind.REPORT_MUTE: SanctionWords(
        sentence("You cannot report comments for a time"),
        sentence("You can send no reports; a notice of illegal content stays open to you."),
        sentence("Reading, commenting, tagging and appealing stay open."),
    ),
    SanctionKind.SUSPENSION: SanctionWords(
        sentence("Your account is suspended for a time"),
        sentence("You cannot comment, tag or report, and your tags do not count until it ends."),
        _ALL_BUT_READING,
    ),
    SanctionKind.BAN: SanctionWords(
        sentence("Your account is banned"),
        sentence("You cannot comment, tag or report, and your tags do not count. This has no end of its own."),
        _ALL_BUT_READING,
    ),
}
