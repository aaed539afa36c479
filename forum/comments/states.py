"""The states of a comment, the events that lead from one to another, and what each is called: data, read by queries, predicates and the presenter.

What readers see (these states) is one machine, what moderators must do (items of the moderation room) another.
"""

from enum import StrEnum

from forum.sentences import Sentence, sentence


class State(StrEnum):
    """What readers see of a comment."""

    HELD = "held"
    VISIBLE = "visible"
    SCREENED = "screened"
    REMOVED = "removed"
    WITHDRAWN = "withdrawn"
    ERASED = "erased"


class RevisionState(StrEnum):
    """What became of one text: shown, waiting for a moderator, declined by one, replaced while it waited, or kept from readers by a redaction."""

    ACCEPTED = "accepted"
    HELD = "held"
    DECLINED = "declined"
    REPLACED = "replaced"
    REDACTED = "redacted"


HELD, VISIBLE, SCREENED, REMOVED, WITHDRAWN, ERASED = State

# Event → state it may start from → the states it may lead to, the usual one first. Anything else is refused with the allowed ones named. How a new
# comment begins is screening's answer: visible or held. ``undo`` takes a moderator's batch back and leads to where each comment was before it.
MOVES: dict[str, dict[State, tuple[State, ...]]] = {
    "approve": {HELD: (VISIBLE,)},
    "reject": {HELD: (REMOVED,)},
    "edit": {HELD: (HELD,), SCREENED: (SCREENED,), VISIBLE: (VISIBLE,)},
    "screen_out": {VISIBLE: (SCREENED,)},
    "remove": {VISIBLE: (REMOVED,), SCREENED: (REMOVED,)},
    "restore": {SCREENED: (VISIBLE,), REMOVED: (VISIBLE,)},
    "resubmit": {REMOVED: (HELD,)},
    "withdraw": {HELD: (WITHDRAWN,), VISIBLE: (WITHDRAWN,), SCREENED: (WITHDRAWN,), REMOVED: (WITHDRAWN,)},
    "unwithdraw": {WITHDRAWN: (VISIBLE, HELD)},
    "erase": {state: (ERASED,) for state in State if state is not ERASED},
    "undo": {VISIBLE: (HELD, SCREENED, REMOVED), SCREENED: (VISIBLE,), REMOVED: (HELD, VISIBLE, SCREENED)},
}


STATE_WORDS: dict[State, Sentence] = {
    State.HELD: sentence("held"),
    State.VISIBLE: sentence("visible"),
    State.SCREENED: sentence("screened"),
    State.REMOVED: sentence("removed"),
    State.WITHDRAWN: sentence("withdrawn"),
    State.ERASED: sentence("erased"),
}
EVENT_WORDS: dict[str, Sentence] = {
    "approve": sentence("approve"),
    "reject": sentence("reject"),
    "edit": sentence("edit"),
    "screen_out": sentence("hide until a moderator has looked"),
    "remove": sentence("remove"),
    "restore": sentence("show again"),
    "resubmit": sentence("edit and submit again"),
    "withdraw": sentence("withdraw"),
    "unwithdraw": sentence("undo the withdrawal"),
    "erase": sentence("erase"),
    "undo": sentence("undo a decision"),
}

# Who may cause an event; only what the asker's own part allows is offered when another is refused.
WRITERS_EVENTS = ("edit", "resubmit", "withdraw", "unwithdraw")
MODERATORS_EVENTS = ("approve", "reject", "screen_out", "remove", "restore")


def allowed_events(state: State, events: tuple[str, ...] = WRITERS_EVENTS) -> tuple[str, ...]:
    """Return which of ``events``, by default a writer's, may happen to a comment in ``state``."""
    return tuple(event for event in events if state in MOVES[event])
