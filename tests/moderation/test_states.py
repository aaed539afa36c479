"""Every state with every event, and every state with every decision: what is allowed leads where the table says, all else is refused with what is allowed."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select

from forum.comments.models import Comment
from forum.comments.queries import lock_place
from forum.comments.states import MOVES, WRITERS_EVENTS, State, allowed_events
from forum.db.transaction import reading, writing
from forum.moderation import log
from forum.moderation.actors import Actor, ActorKind
from forum.moderation.items import Cause, open_item
from forum.moderation.models import Decision, LogEntry, ReviewItem
from forum.moderation.moves import Deed, move_comment
from forum.moderation.review import ACTIONS, Action, Origin
from forum.refusals import Kind, Refusal
from tests.conftest import Person
from tests.restricting import give_reasons
from tests.stances.recount import find_miscounts
from tests.world import World, make_world

pytestmark = pytest.mark.postgresql_slow

STATEMENT = "A sentence for the writer that says in more than forty characters what was decided."
ACTOR = Actor(ActorKind.MODERATOR, 1)


@pytest.fixture
def world(app: Flask) -> World:
    return make_world(app)


def put_in_state(comment_id: int, state: State) -> None:
    """Bring a visible comment into a state by the moves that lead there."""
    ways: dict[State, tuple[tuple[str, State | None], ...]] = {
        State.VISIBLE: (),
        State.SCREENED: (("screen_out", None),),
        State.REMOVED: (("remove", None),),
        State.WITHDRAWN: (("withdraw", None),),
        State.ERASED: (("erase", None),),
        State.HELD: (("remove", None), ("undo", State.HELD)),
    }
    with writing() as session:
        for event, to in ways[state]:
            move_comment(session, lock_place(session, comment_id), event, Deed(ACTOR), to=to)
        give_reasons(session, lock_place(session, comment_id))


@pytest.mark.parametrize("event", list(MOVES))
@pytest.mark.parametrize("state", list(State))
def test_each_state_with_each_event(world: World, state: State, event: str) -> None:
    targets: tuple[State | None, ...] = MOVES[event].get(state, (None,))
    for target in targets:
        comment_id = world.comment(parent_id=world.comment())
        world.enter("member").put(f"/comments/{comment_id}/tag", {"stance": "skepticism"})
        put_in_state(comment_id, state)
        with reading() as session:
            rows = session.scalar(select(func.count()).select_from(LogEntry)) or 0
        if target is None:
            with pytest.raises(Refusal) as caught, writing() as session:
                move_comment(session, lock_place(session, comment_id), event, Deed(ACTOR))
            assert caught.value.kind is Kind.ILLEGAL_TRANSITION
            assert caught.value.allowed == tuple(name for name in WRITERS_EVENTS if state in MOVES[name]) == allowed_events(state)
        else:
            with writing() as session:
                move_comment(session, lock_place(session, comment_id), event, Deed(ACTOR), to=target)
                assert session.get_one(Comment, comment_id).state == target
                give_reasons(session, lock_place(session, comment_id))
            rows += 1
        with reading() as session:
            assert session.scalar(select(func.count()).select_from(LogEntry)) == rows
            assert find_miscounts(session) == []
            assert log.verify(session, 1).faults == ()


def test_a_move_to_a_state_that_the_event_does_not_lead_to_is_a_mistake_of_ours(world: World) -> None:
    comment_id = world.comment()
    with pytest.raises(ValueError, match="does not lead"), writing() as session:
        move_comment(session, lock_place(session, comment_id), "remove", Deed(ACTOR), to=State.HELD)


def test_what_fails_half_way_leaves_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    comment_id = world.comment()

    def fail(*_args: object, **_named: object) -> None:
        raise RuntimeError("the log is away")

    monkeypatch.setattr("forum.moderation.log.append", fail)
    with pytest.raises(RuntimeError), writing() as session:
        move_comment(session, lock_place(session, comment_id), "remove", Deed(ACTOR))
    with reading() as session:
        assert session.get_one(Comment, comment_id).state == State.VISIBLE
        assert find_miscounts(session) == []


CHOICES = list(ACTIONS)
EXTRA: dict[Action, dict[str, object]] = {
    Action.REDACT: {"spans": [{"start": 0, "end": 1}]},
    Action.NOTICE: {"notice": "Please stay with the question."},
}


@pytest.mark.parametrize("action", CHOICES)
@pytest.mark.parametrize("state", [State.HELD, State.VISIBLE, State.SCREENED, State.REMOVED])
def test_each_state_with_each_decision(world: World, state: State, action: Action) -> None:
    comment_id = world.comment()
    put_in_state(comment_id, state)
    with writing() as session:
        item = open_item(session, lock_place(session, comment_id), Cause(Origin.MODERATOR, "own_initiative", 2))
        item_id, version = item.id, item.version
    moderator = world.enter("moderator")
    can = moderator.get(f"/mod/items/{item_id}").json["can"]
    body = {"action": action, "reason": "off_topic", "statement": STATEMENT, "version": version, **EXTRA.get(action, {})}
    answer = moderator.post(f"/mod/items/{item_id}/decisions", body)
    known = ACTIONS[action]
    possible = state in known.events and (action, state) not in ((Action.APPROVE, State.VISIBLE), (Action.UNLOCK, State.VISIBLE))
    assert (action.value in can) == possible
    with reading() as session:
        comment, item = session.get_one(Comment, comment_id), session.get_one(ReviewItem, item_id)
        if not possible:
            assert (answer.status_code, answer.json["type"]) == (409, "/problems/illegal-transition")
            assert answer.json["allowed"] == can
            assert answer.json["draft"]["statement"] == STATEMENT
            assert (comment.state, item.state, item.version) == (state, "open", version)
        else:
            assert answer.status_code == 201, answer.text
            event = known.events[state]
            assert comment.state == (MOVES[event][state][0] if event else state)
            assert (item.state == "closed") == known.closes
            assert item.version == version + 1
            decision = session.scalars(select(Decision).order_by(Decision.id.desc())).first()
            assert decision is not None
            assert decision.moderator_id is not None
            assert (decision.from_state, decision.to_state, decision.comment_version) == (state, comment.state, comment.version)
            assert session.scalars(select(LogEntry.decision_id).where(LogEntry.decision_id.is_not(None))).all() == [decision.id]
        assert find_miscounts(session) == []


@pytest.mark.parametrize("statement", ["", "Too short."])
@pytest.mark.parametrize("action", CHOICES)
def test_what_takes_something_away_needs_a_sentence(person: Callable[..., Person], world: World, action: Action, statement: str) -> None:
    state = next(state for state in ACTIONS[action].events)
    comment_id = world.comment()
    put_in_state(comment_id, state)
    with writing() as session:
        place = lock_place(session, comment_id)
        item = open_item(session, place, Cause(Origin.MODERATOR, "own_initiative", 2))
        if action is Action.UNLOCK:
            place.comment.locked_at = place.comment.created_at
        item_id, version = item.id, item.version
    body = {"action": action, "reason": "off_topic", "statement": statement, "version": version, **EXTRA.get(action, {})}
    answer = world.enter("moderator").post(f"/mod/items/{item_id}/decisions", body)
    if not statement and not ACTIONS[action].restricts:
        assert answer.status_code == 201, answer.text
        assert len(answer.json["statement"]) >= 40
    else:
        assert answer.status_code == 422, answer.text
        assert "/statement" in [error["pointer"] for error in answer.json["errors"]]
