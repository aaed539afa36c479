"""What a decision is called and what follows from it, in words for the comment's writer and for moderators who look at it later. Data.

``REASON_WORDS`` is what pages call each reason; the templates know it under that name.
"""

from dataclasses import dataclass

from flask_babel import lazy_gettext
from flask_babel.speaklater import LazyString

from forum.comments.states import State
from forum.moderation.reasons import DECISION_LABELS, DecisionReason
from forum.moderation.review import Action, Origin
from forum.sentences import Sentence, sentence

REASON_WORDS: dict[str, LazyString] = {reason.value: lazy_gettext(label) for reason, label in DECISION_LABELS.items()}


@dataclass(frozen=True)
class DecisionWords:
    """A decision's headline for the writer and for others, and what it means for the comment; ``to_writer`` says that where the writer is spoken to."""

    writer: Sentence
    other: Sentence
    means: Sentence
    to_writer: Sentence | None = None


DECISION_WORDS: dict[Action, DecisionWords] = {
    Action.APPROVE: DecisionWords(
        sentence("Your comment was approved"), sentence("A comment was approved"), sentence("Everybody can read it.")
    ),
    Action.REMOVE: DecisionWords(
        sentence("Your comment was removed"),
        sentence("A comment was removed"),
        sentence("Only its writer and the moderators can read its text. Its place in the discussion stays, and so do the replies to it."),
        sentence("Only you and the moderators can read its text. Its place in the discussion stays, and so do the replies to it."),
    ),
    Action.REDACT: DecisionWords(
        sentence("A passage was taken out of your comment"),
        sentence("A passage was taken out of a comment"),
        sentence("Everybody can read the comment without that passage."),
    ),
    Action.SCREEN_OUT: DecisionWords(
        sentence("Your comment was hidden for now"),
        sentence("A comment was hidden for now"),
        sentence("Until a moderator has decided, only its writer and the moderators can read its text. The replies to it stay."),
        sentence("Until a moderator has decided, only you and the moderators can read its text. The replies to it stay."),
    ),
    Action.RESTORE: DecisionWords(
        sentence("Your comment is shown again"), sentence("A comment is shown again"), sentence("Everybody can read it, with its tags.")
    ),
    Action.NO_ACTION: DecisionWords(
        sentence("Your comment stays as it is"), sentence("A comment stays as it is"), sentence("Nothing about it has changed.")
    ),
    Action.LOCK: DecisionWords(
        sentence("Your comment and what is below it take no new replies"),
        sentence("A comment and what is below it take no new replies"),
        sentence("Everything there stays readable, and tags stay open."),
    ),
    Action.UNLOCK: DecisionWords(
        sentence("Your comment takes new replies again"),
        sentence("A comment takes new replies again"),
        sentence("Everybody can answer it."),
    ),
    Action.NOTICE: DecisionWords(
        sentence("A moderator put a notice below your comment"),
        sentence("A moderator put a notice below a comment"),
        sentence("The text is as it was; everybody sees the notice below it."),
    ),
    Action.HOLD: DecisionWords(
        sentence("Your comment waits for a person to read it"),
        sentence("A comment waits for a person to read it"),
        sentence("Others can read it once a moderator has approved it."),
    ),
    Action.SETTLE: DecisionWords(
        sentence("There was nothing left to decide about your comment"),
        sentence("There was nothing left to decide about a comment"),
        sentence("Nobody has to look at it any more."),
    ),
    Action.UNDO: DecisionWords(
        sentence("A decision on your comment was taken back"),
        sentence("A decision on a comment was taken back"),
        sentence("The comment is as it was before that decision."),
    ),
}
# A text that was never shown has no place to keep, and a change that waits hides nothing.
NEVER_SHOWN = DecisionWords(
    sentence("Your comment was not accepted"),
    sentence("A comment was not accepted"),
    sentence("Only its writer and the moderators can read it. It was not shown to others before."),
    sentence("Only you and the moderators can read it. It was not shown to others before."),
)
CHANGE_WAITS = DecisionWords(
    sentence("A change of your comment waits for a person to read it"),
    sentence("A change of a comment waits for a person to read it"),
    sentence("Until a moderator has approved the change, everybody reads the text before it."),
)
CHANGE_DECLINED = DecisionWords(
    sentence("The change of your comment was not published"),
    sentence("A change of a comment was not published"),
    sentence("Everybody reads the text before it."),
)
REASON_MEANINGS: dict[DecisionReason, Sentence] = {
    DecisionReason.CONFIDENTIALITY: sentence("It could identify a patient or client."),
    DecisionReason.THREAT_SELFHARM: sentence("It threatens somebody, or someone may be at risk."),
    DecisionReason.ILLEGAL: sentence("It breaks a law."),
    DecisionReason.HARASSMENT: sentence("It attacks a person instead of what they say."),
    DecisionReason.IMPERSONATION: sentence("It pretends to be someone, or claims a false credential."),
    DecisionReason.DANGEROUS_ADVICE: sentence("Whoever follows it could come to harm."),
    DecisionReason.PROMOTION: sentence("It advertises, or hides an interest."),
    DecisionReason.OFF_TOPIC: sentence("It belongs to another discussion."),
}
ORIGIN_WORDS: dict[Origin, Sentence] = {
    Origin.SCREENING: sentence("An automatic check found something in the text that a person should look at."),
    Origin.REPORT: sentence("Readers reported the comment."),
    Origin.EDIT: sentence("An automatic check found something in a change of the text that a person should look at."),
    Origin.RESUBMISSION: sentence("Its writer submitted it again."),
    Origin.MODERATOR: sentence("A moderator looked at it without having been asked to."),
}
NOW_WORDS: dict[State, Sentence] = {
    State.HELD: sentence("It waits for a person to read it; others cannot read it yet."),
    State.VISIBLE: sentence("Everybody can read it."),
    State.SCREENED: sentence("It is hidden until a moderator has looked at it."),
    State.REMOVED: sentence("It is removed."),
    State.WITHDRAWN: sentence("Its writer has withdrawn it."),
    State.ERASED: sentence("It is erased."),
}
