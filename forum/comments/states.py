"""The states of a comment and what each means for readers: data, read by queries, predicates and the presenter."""

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


# Event → (states it may start from, state it leads to). Anything else is refused with the allowed ones named.
MOVES: dict[str, tuple[frozenset[State], State]] = {
    "edit": (frozenset({State.VISIBLE}), State.VISIBLE),
    "withdraw": (frozenset({State.HELD, State.VISIBLE, State.SCREENED, State.REMOVED}), State.WITHDRAWN),
    "unwithdraw": (frozenset({State.WITHDRAWN}), State.VISIBLE),
    "erase": (frozenset(State) - {State.ERASED}, State.ERASED),
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
    "edit": sentence("edit"),
    "withdraw": sentence("withdraw"),
    "unwithdraw": sentence("undo the withdrawal"),
    "erase": sentence("erase"),
}

# What a comment's own writer may do to it; only these are offered when another is refused.
WRITERS_EVENTS = ("edit", "withdraw", "unwithdraw")


def allowed_events(state: State) -> tuple[str, ...]:
    """Return what the writer of a comment in ``state`` may do to it."""
    return tuple(event for event in WRITERS_EVENTS if state in MOVES[event][0])
