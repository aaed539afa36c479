"""The vocabulary of review: states of items and reports, where an item came from, and the actions with what each needs, as data (product design C-7)."""

from dataclasses import dataclass
from enum import StrEnum

from forum.comments.states import State
from forum.sentences import Sentence, sentence


class ItemState(StrEnum):
    """Whether somebody still has to look."""

    OPEN = "open"
    CLOSED = "closed"


class Origin(StrEnum):
    """What opened an item."""

    SCREENING = "screening"
    REPORT = "report"
    EDIT = "edit"
    RESUBMISSION = "resubmission"
    MODERATOR = "moderator"


class ReportState(StrEnum):
    """What became of a report; ``moot``: the comment was gone before anybody decided."""

    OPEN = "open"
    UPHELD = "upheld"
    DECLINED = "declined"
    MOOT = "moot"


class Action(StrEnum):
    """What can be decided. ``hold`` and ``settle`` are done by rules only, ``undo`` by undoing a batch."""

    APPROVE = "approve"
    REMOVE = "remove"
    REDACT = "redact"
    SCREEN_OUT = "screen_out"
    RESTORE = "restore"
    NO_ACTION = "no_action"
    LOCK = "lock"
    UNLOCK = "unlock"
    NOTICE = "notice"
    HOLD = "hold"
    SETTLE = "settle"
    UNDO = "undo"


class Restriction(StrEnum):
    """What a statement of reasons is about: what became of a comment, or what was imposed on a person."""

    HELD = "held"
    CHANGE_HELD = "change_held"
    CHANGE_DECLINED = "change_declined"
    SCREENED = "screened"
    REMOVED = "removed"
    REDACTED = "redacted"
    LOCKED = "locked"
    NOTICED = "noticed"
    REMINDER = "reminder"
    WARNING = "warning"
    PRE_MODERATION = "pre_moderation"
    MUTE = "mute"
    TAG_MUTE = "tag_mute"
    REPORT_MUTE = "report_mute"
    SUSPENSION = "suspension"
    BAN = "ban"


class Source(StrEnum):
    """What brought a restriction about: readers' reports, a notice under the law, an automated check, the writer's own bringing it back, or a moderator's own look."""

    REPORT = "report"
    NOTICE = "notice"
    SCREENING = "screening"
    RESUBMISSION = "resubmission"
    OWN_INITIATIVE = "own_initiative"


@dataclass(frozen=True)
class ActionRule:
    """When an action can be chosen and what it does: the states it starts from, the event it fires in each, whether it closes the item, what reports come to.

    ``restricts``: the writer loses something, so the moderator's own sentence is required; otherwise a stock sentence serves.
    """

    label: Sentence
    events: dict[State, str | None]
    closes: bool = True
    upholds: bool | None = None
    restricts: bool = False
    is_public: bool = True


_STANDING = (State.VISIBLE, State.SCREENED)
ACTIONS: dict[Action, ActionRule] = {
    Action.APPROVE: ActionRule(sentence("Approve"), {State.HELD: "approve", State.VISIBLE: None}, upholds=False),
    Action.REMOVE: ActionRule(
        sentence("Remove"),
        {State.HELD: "reject", State.VISIBLE: "remove", State.SCREENED: "remove"},
        upholds=True,
        restricts=True,
    ),
    Action.REDACT: ActionRule(
        sentence("Redact and show"),
        {State.HELD: "approve", State.VISIBLE: None, State.SCREENED: "restore"},
        upholds=True,
        restricts=True,
    ),
    Action.SCREEN_OUT: ActionRule(sentence("Hide for now"), {State.VISIBLE: "screen_out"}, closes=False, restricts=True),
    Action.RESTORE: ActionRule(sentence("Show again"), {State.SCREENED: "restore", State.REMOVED: "restore"}, upholds=False),
    Action.NO_ACTION: ActionRule(sentence("Leave as it is"), {State.VISIBLE: None, State.REMOVED: None}, upholds=False, is_public=False),
    Action.LOCK: ActionRule(sentence("Lock the branch"), {State.VISIBLE: None}, upholds=True, restricts=True),
    Action.UNLOCK: ActionRule(sentence("Unlock the branch"), {State.VISIBLE: None}, upholds=False),
    Action.NOTICE: ActionRule(sentence("Add a notice"), {State.VISIBLE: None}, upholds=True, restricts=True),
}
# A sentence for the writer where a decision takes nothing away and the moderator wrote none.
STOCK_STATEMENTS: dict[Action, Sentence] = {
    Action.APPROVE: sentence("A moderator has read your comment and found it within the rules; everybody can read it."),
    Action.RESTORE: sentence("A moderator has looked at your comment again; it is within the rules and can be read again."),
    Action.NO_ACTION: sentence("A moderator has looked at your comment and found nothing in it that breaks the rules."),
    Action.UNLOCK: sentence("A moderator has unlocked this branch of the discussion; it takes new replies again."),
}
