"""What a statement of reasons says, in words for the person concerned: what was restricted, where and how long, what brought it up, what machines did. Data.

The items are those of Regulation (EU) 2022/2065, Article 17(3). The rule: a sentence speaks to who reads it, and names no moderator and no reporter.
"""

from dataclasses import dataclass

from forum.moderation.decision_words import REASON_MEANINGS
from forum.moderation.models import StatementOfReasons
from forum.moderation.reasons import DECISION_LABELS, DecisionReason
from forum.moderation.review import Restriction, Source
from forum.sentences import Sentence, sentence


@dataclass(frozen=True)
class RestrictionWords:
    """What was restricted, where that holds, and how long: until a day (None here, the statement has it) or until something happens."""

    what: Sentence
    scope: Sentence
    duration: Sentence


_HIDDEN = sentence("Everywhere on this site and in every country: only you and the moderators can read the text.")
_SHOWN = sentence("Everywhere on this site and in every country; the rest of the comment can be read as before.")
_ACCOUNT = sentence("What this account does on this site. Reading, appealing, taking your data away and leaving stay open.")
_LASTING = sentence("Without an end, unless it is overturned.")
_UNTIL_THEN = sentence("Until the day named here; it ends by itself.")

RESTRICTION_WORDS: dict[Restriction, RestrictionWords] = {
    Restriction.HELD: RestrictionWords(sentence("Your comment is not shown yet."), _HIDDEN, sentence("Until a moderator has read it.")),
    Restriction.CHANGE_HELD: RestrictionWords(
        sentence("The change of your comment is not shown yet."),
        sentence("Everywhere on this site and in every country: readers have the text before the change."),
        sentence("Until a moderator has read it."),
    ),
    Restriction.CHANGE_DECLINED: RestrictionWords(
        sentence("The change of your comment is not published."),
        sentence("Everywhere on this site and in every country: readers keep the text before the change."),
        sentence("Without an end, unless it is overturned; you can send another change at any time."),
    ),
    Restriction.SCREENED: RestrictionWords(
        sentence("Your comment is hidden for now."), _HIDDEN, sentence("Until a moderator has decided what becomes of it.")
    ),
    Restriction.REMOVED: RestrictionWords(
        sentence("Your comment is removed."),
        _HIDDEN,
        sentence("Without an end, unless it is overturned, or a moderator accepts a changed text that you submit."),
    ),
    Restriction.REDACTED: RestrictionWords(sentence("A passage of your comment is taken out."), _SHOWN, _LASTING),
    Restriction.LOCKED: RestrictionWords(
        sentence("Your comment and what is below it take no new replies."),
        sentence("This branch of the discussion, for everybody. What is there can be read and tagged as before."),
        sentence("Until a moderator opens it again, or it is overturned."),
    ),
    Restriction.NOTICED: RestrictionWords(
        sentence("A moderator’s notice stands below your comment."), sentence("Wherever the comment is shown on this site."), _LASTING
    ),
    Restriction.REMINDER: RestrictionWords(
        sentence("You were reminded of a rule. Nothing is taken from you."), _ACCOUNT, sentence("It has no effect that could end.")
    ),
    Restriction.WARNING: RestrictionWords(
        sentence("You cannot comment until you have said that you have read the warning."), _ACCOUNT, sentence("Until you have said so.")
    ),
    Restriction.PRE_MODERATION: RestrictionWords(sentence("What you write waits until a moderator has read it."), _ACCOUNT, _UNTIL_THEN),
    Restriction.MUTE: RestrictionWords(sentence("You cannot write or change comments."), _ACCOUNT, _UNTIL_THEN),
    Restriction.TAG_MUTE: RestrictionWords(
        sentence("You cannot tag comments or change your tags; those that are there go on counting."), _ACCOUNT, _UNTIL_THEN
    ),
    Restriction.REPORT_MUTE: RestrictionWords(
        sentence("You cannot report comments. A notice of illegal content stays open to you."), _ACCOUNT, _UNTIL_THEN
    ),
    Restriction.SUSPENSION: RestrictionWords(
        sentence("You cannot comment, tag or report, and your tags do not count until it ends."), _ACCOUNT, _UNTIL_THEN
    ),
    Restriction.BAN: RestrictionWords(sentence("You cannot comment, tag or report, and your tags do not count."), _ACCOUNT, _LASTING),
}
SOURCE_WORDS: dict[Source, Sentence] = {
    Source.REPORT: sentence("Readers reported it."),
    Source.NOTICE: sentence("Somebody gave notice of it as the law provides."),
    Source.SCREENING: sentence("Nobody reported it: an automatic check found something in the text."),
    Source.RESUBMISSION: sentence("Nobody reported it: you brought it back after it had been hidden or removed."),
    Source.OWN_INITIATIVE: sentence("Nobody reported it: a moderator looked at it without having been asked to."),
}
# By whether automated means detected, and whether they decided.
AUTOMATION_WORDS: dict[tuple[bool, bool], Sentence] = {
    (True, True): sentence("An automatic check found it and decided; no person has yet."),
    (True, False): sentence("An automatic check found it; a person decided."),
    (False, True): sentence("A rule decided by itself; no person has yet."),
    (False, False): sentence("None: people found it, and a person decided."),
}
GROUND_WORDS: dict[str, Sentence] = {
    "law": sentence("The law. What was written is taken to break it, as the sentence above explains."),
    "rules": sentence("The rules of this site."),
}
OTHER_CLAUSE = sentence("It is a rule that the sentence above names.")
NO_CLAUSE = sentence("No rule is named: the moderator left the comment as it was.")
WHO_DECIDES = sentence("A moderator who has not decided on it before reads your appeal and decides; never a machine.")
SAME_DECIDES = sentence(
    "This site has nobody else who could decide. So the moderator of the first decision reads your appeal, decides again after two days at the earliest,"
    " and says so to everybody; never a machine."
)
OTHER_WAYS = sentence("It costs nothing, and takes no other legal way from you.")


def clause_meaning(reason: DecisionReason) -> Sentence:
    """Return what the clause that was applied says."""
    if reason is DecisionReason.WITHIN_RULES:
        return NO_CLAUSE
    return REASON_MEANINGS.get(reason, OTHER_CLAUSE)


def who_decides(*, alone: bool) -> Sentence:
    """Return who decides on an appeal; ``alone``: nobody could but who decided first."""
    return SAME_DECIDES if alone else WHO_DECIDES


def words_of(statement: StatementOfReasons) -> RestrictionWords:
    """Return what a statement says of the restriction."""
    return RESTRICTION_WORDS[Restriction(statement.restriction)]


def automation_of(statement: StatementOfReasons) -> Sentence:
    """Return what automated means had to do with it."""
    return AUTOMATION_WORDS[statement.detected_automatically, statement.decided_automatically]


def clause_of(statement: StatementOfReasons) -> tuple[Sentence, Sentence]:
    """Return what the clause is called and what it says."""
    reason = DecisionReason(statement.clause)
    return DECISION_LABELS[reason], clause_meaning(reason)
