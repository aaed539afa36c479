"""What the codes of moderation are called on a page, in the reader's language: lanes, reasons, outcomes, actions, and times in words.

Data and small functions; templates get this module as ``words``. A code without a word of its own is shown as it is, never an error.
"""

from collections.abc import Mapping
from datetime import datetime

from flask_babel import format_timedelta
from flask_babel import gettext as _

from forum.clock import now
from forum.comments.states import State
from forum.moderation.log_words import RULE_WORDS
from forum.moderation.reasons import DECISION_LABELS
from forum.moderation.review import ACTIONS, Action, Origin, ReportState
from forum.moderation.schemas import ItemRow
from forum.moderation.screening.findings import Outcome
from forum.refusals import Kind
from forum.sentences import Sentence, sentence
from forum.web.problems import PROBLEM_TYPES
from forum.web.translation import translated

LANES: tuple[Sentence, ...] = (sentence("Urgent"), sentence("Today"), sentence("Within two days"), sentence("This week"))
OWN_INITIATIVE = "own_initiative"
ORIGINS: dict[str, Sentence] = {
    Origin.SCREENING: sentence("Screening found something in it."),
    Origin.REPORT: sentence("It was reported."),
    Origin.EDIT: sentence("Its writer changed it, and the change waits."),
    Origin.RESUBMISSION: sentence("It was removed; its writer changed it and asks again."),
    Origin.MODERATOR: sentence("A moderator wants it looked at."),
}
REASONS: dict[str, Sentence] = {
    **RULE_WORDS,
    **{known.value: label for known, label in DECISION_LABELS.items()},
    OWN_INITIATIVE: sentence("A moderator’s own initiative"),
    Origin.EDIT: sentence("A change that waits"),
    Origin.RESUBMISSION: sentence("Changed after a removal"),
}
STATES: dict[str, Sentence] = {
    State.HELD: sentence("held back"),
    State.VISIBLE: sentence("visible"),
    State.SCREENED: sentence("hidden for now"),
    State.REMOVED: sentence("removed"),
    State.WITHDRAWN: sentence("withdrawn"),
    State.ERASED: sentence("erased"),
}
OUTCOMES: dict[str, Sentence] = {
    Outcome.PASS: sentence("let through"),
    Outcome.REPORT: sentence("brought before moderators"),
    Outcome.NUDGE: sentence("asked the writer to reconsider"),
    Outcome.HOLD: sentence("held it"),
    Outcome.REJECT: sentence("refused it"),
}
REPORT_STATES: dict[str, Sentence] = {
    ReportState.OPEN: sentence("open"),
    ReportState.UPHELD: sentence("upheld"),
    ReportState.DECLINED: sentence("declined"),
    ReportState.MOOT: sentence("moot"),
}
MEANINGS: dict[str, Sentence] = {
    Action.APPROVE: sentence("Everybody can read it."),
    Action.REMOVE: sentence("A line in its place says so; the replies stay."),
    Action.REDACT: sentence("The passages you mark are taken out, the rest is shown."),
    Action.SCREEN_OUT: sentence("Nobody reads it until somebody has decided; the case stays open."),
    Action.RESTORE: sentence("It stands again with its tags, as before."),
    Action.NO_ACTION: sentence("Nothing changes, and the case is closed."),
    Action.LOCK: sentence("No new replies below it; what is there stays."),
    Action.UNLOCK: sentence("New replies can be written below it again."),
    Action.NOTICE: sentence("A line of yours stands under it, for everybody."),
}
# Where a change waits, these two decide on the change.
OF_A_CHANGE: dict[str, Sentence] = {
    Action.APPROVE: sentence("The change is published in place of the text before it."),
    Action.NO_ACTION: sentence("The change is declined; readers keep the text that they have."),
}
# What is said after it was done; the writer's name stands in it, so that a slip is noticed.
DONE: dict[str, Sentence] = {
    Action.APPROVE: sentence("The comment by %(name)s is approved."),
    Action.REMOVE: sentence("The comment by %(name)s is removed."),
    Action.REDACT: sentence("What you marked in the comment by %(name)s is taken out; the rest is shown."),
    Action.SCREEN_OUT: sentence("The comment by %(name)s is hidden for now; somebody still has to decide."),
    Action.RESTORE: sentence("The comment by %(name)s is shown again."),
    Action.NO_ACTION: sentence("The comment by %(name)s stays as it is."),
    Action.LOCK: sentence("The branch below the comment by %(name)s takes no new replies."),
    Action.UNLOCK: sentence("The branch below the comment by %(name)s takes new replies again."),
    Action.NOTICE: sentence("Your notice stands under the comment by %(name)s."),
}
# Of several comments at once: what a batch will do to each, and what it did.
WILL: dict[str, Sentence] = {
    Action.APPROVE: sentence("will be approved"),
    Action.REMOVE: sentence("will be removed"),
    Action.SCREEN_OUT: sentence("will be hidden for now"),
    Action.RESTORE: sentence("will be shown again"),
    Action.NO_ACTION: sentence("stays as it is, and its case is closed"),
}
BATCHED: dict[str, Sentence] = {
    Action.APPROVE: sentence("Approved"),
    Action.REMOVE: sentence("Removed"),
    Action.SCREEN_OUT: sentence("Hidden for now"),
    Action.RESTORE: sentence("Shown again"),
    Action.NO_ACTION: sentence("Left as they are"),
}
UNDONE = sentence("Taken back")
HELD_BY_RULE = sentence("Held")
SETTLED = sentence("Closed without a decision")


def _said(known: Mapping[str, Sentence], code: str) -> str:
    return translated(known[code]) if code in known else code


def said(text: str) -> str:
    """Return a stored sentence in the reader's language, where that has it."""
    return translated(text)


def lane(number: int) -> str:
    """Return what a lane is called."""
    return translated(LANES[number])


def reason(code: str) -> str:
    """Return what a reason, or the phase of screening that is one, is called."""
    return _said(REASONS, code)


def reasons(codes: list[str]) -> str:
    """Return an item's reasons as one phrase, capitalised; an item without one says that it was opened by hand."""
    said = [reason(code) for code in codes] or [reason(OWN_INITIATIVE)]
    phrase = ", ".join(said)
    return phrase[:1].upper() + phrase[1:]


def phase(code: str) -> str:
    """Return what a phase of screening is called."""
    return _said(RULE_WORDS, code)


def outcome(code: str) -> str:
    """Return what a finding led to."""
    return _said(OUTCOMES, code)


def origin(code: str) -> str:
    """Return the sentence that says what opened an item."""
    return _said(ORIGINS, code)


def state(code: str) -> str:
    """Return what a comment's state is called."""
    return _said(STATES, code)


def report_state(code: str) -> str:
    """Return what became of a report, in a word."""
    return _said(REPORT_STATES, code)


def action(code: str) -> str:
    """Return what an action is called, those of rules and of undoing too."""
    others = {Action.UNDO.value: UNDONE, Action.HOLD.value: HELD_BY_RULE, Action.SETTLE.value: SETTLED}
    return _said({**others, **{known.value: rule.label for known, rule in ACTIONS.items()}}, code)


def meaning(code: str, *, of_a_change: bool = False) -> str:
    """Return what an action does, in a sentence; ``of_a_change``: where a change waits to be decided on."""
    return _said({**MEANINGS, **OF_A_CHANGE} if of_a_change else MEANINGS, code)


def batched(code: str) -> str:
    """Return what a batch did."""
    return _said(BATCHED, code)


def will(code: str) -> str:
    """Return what a batch will do to a comment."""
    return _said(WILL, code)


def problem(kind: str) -> str:
    """Return the title of a kind of refusal."""
    return translated(PROBLEM_TYPES[Kind(kind)].title) if kind in set(Kind) else kind


def how_long(until: datetime) -> str:
    """Return the time until a moment: "7 minutes"."""
    return str(format_timedelta(until - now(), granularity="minute", threshold=1))


def ago(moment: datetime) -> str:
    """Return how long a moment is from now, with its direction: "3 hours ago", "in 3 hours"."""
    return str(format_timedelta(moment - now(), granularity="minute", threshold=1, add_direction=True))


def due(item: ItemRow) -> str:
    """Return when an item should have been decided: "due in 3 hours", or that it is overdue."""
    if item.due_at <= now():
        return str(_("overdue by %(time)s", time=how_long(item.due_at)))
    return str(_("due %(when)s", when=ago(item.due_at)))
