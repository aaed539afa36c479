"""A statement of reasons for every restriction, in its transaction: whoever decides, and whatever the database would otherwise let through."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from forum.comments.models import Comment
from forum.comments.states import State
from forum.db.transaction import reading, writing
from forum.moderation.models import CommentRestriction, Decision, StatementOfReasons
from forum.moderation.review import ACTIONS, Action
from tests.moderation.test_states import EXTRA, put_in_state
from tests.world import World, make_world

STATEMENT = "A sentence for the writer that says in more than forty characters what was decided."
RUDE = "You are a fucking idiot."
RESTRICTING = [action for action, rule in ACTIONS.items() if rule.restricts]
CODES = {
    Action.REMOVE: "removed",
    Action.REDACT: "redacted",
    Action.SCREEN_OUT: "screened",
    Action.LOCK: "locked",
    Action.NOTICE: "noticed",
}


@pytest.fixture
def world(app: Flask) -> World:
    return make_world(app)


def statements_on(comment_id: int) -> list[tuple[Decision, StatementOfReasons]]:
    with reading() as session:
        both = select(Decision, StatementOfReasons).join(StatementOfReasons, StatementOfReasons.decision_id == Decision.id)
        rows = session.execute(both.where(Decision.comment_id == comment_id).order_by(Decision.id)).all()
        session.expunge_all()
        return [(decision, statement) for decision, statement in rows]


def decide(world: World, comment_id: int, action: Action, *, reason: str = "off_topic", **fields: Any) -> int:
    moderator = world.enter("moderator")
    item = moderator.post(f"/mod/comments/{comment_id}/items").json["item"]
    body = {"action": action, "reason": reason, "statement": STATEMENT, "version": item["version"], **EXTRA.get(action, {}), **fields}
    answer = moderator.post(f"/mod/items/{item['id']}/decisions", body)
    assert answer.status_code == 201, answer.text
    found: int = answer.json["id"]
    return found


@pytest.mark.parametrize("action", RESTRICTING)
def test_a_moderators_restriction_has_all_that_the_law_asks_for(world: World, action: Action) -> None:
    comment_id = world.comment()
    decision_id = decide(world, comment_id, action, reason="illegal" if action is Action.REMOVE else "off_topic")
    [(decision, statement)] = statements_on(comment_id)
    assert (decision.id, decision.restricts, decision.statement) == (decision_id, True, STATEMENT)
    assert (statement.account_id, statement.restriction, statement.source) == (world.ids["writer"], CODES[action], "own_initiative")
    assert (statement.detected_automatically, statement.decided_automatically) == (False, False)
    assert (statement.ground, statement.clause) == (("law", "illegal") if action is Action.REMOVE else ("rules", "off_topic"))
    assert statement.appeal_until - decision.created_at == timedelta(days=184)
    assert (statement.mail_after, statement.mailed_at) == (decision.created_at, None)


@pytest.mark.parametrize("action", [action for action in ACTIONS if action not in RESTRICTING and action is not Action.UNLOCK])
def test_what_takes_nothing_away_has_none(world: World, action: Action) -> None:
    comment_id = world.comment()
    put_in_state(comment_id, next(iter(ACTIONS[action].events)))
    before = len(statements_on(comment_id))
    decide(world, comment_id, action, reason="within_rules")
    assert len(statements_on(comment_id)) == before


def test_a_rule_states_its_reasons_too(world: World) -> None:
    held = world.enter("writer").post(f"/articles/{world.article_id}/comments", {"body_md": RUDE}).json["id"]
    [(decision, statement)] = statements_on(held)
    assert (statement.restriction, statement.source, statement.clause) == ("held", "screening", "harassment")
    assert (statement.detected_automatically, statement.decided_automatically, decision.rule) == (True, True, "words")
    screened = world.comment()
    world.enter("member").post(f"/comments/{screened}/reports", {"reason": "confidentiality"})
    [(decision, statement)] = statements_on(screened)
    assert (statement.restriction, statement.source, statement.clause) == ("screened", "report", "confidentiality")
    assert (statement.detected_automatically, statement.decided_automatically) == (False, True)


def test_a_change_that_waits_and_is_declined_is_stated_twice(world: World) -> None:
    comment_id = world.comment()
    assert world.enter("writer").patch(f"/comments/{comment_id}", {"body_md": RUDE}).status_code == 202
    decide(world, comment_id, Action.NO_ACTION, reason="harassment")
    assert [statement.restriction for _, statement in statements_on(comment_id)] == ["change_held", "change_declined"]


def test_what_is_brought_back_is_held_for_a_reason(world: World) -> None:
    comment_id = world.comment()
    decide(world, comment_id, Action.REMOVE)
    writer = world.enter("writer")
    assert writer.patch(f"/comments/{comment_id}", {"body_md": "Said anew."}).status_code == 202
    assert [(statement.restriction, statement.source) for _, statement in statements_on(comment_id)] == [
        ("removed", "own_initiative"),
        ("held", "resubmission"),
    ]
    assert writer.delete(f"/comments/{comment_id}").status_code == 204
    assert writer.delete(f"/comments/{comment_id}/withdrawal").json["state"] == "held"
    assert [statement.restriction for _, statement in statements_on(comment_id)] == ["removed", "held", "held"]


def test_mails_about_a_batch_wait_until_it_cannot_be_undone(world: World) -> None:
    item_id, version = world.item()
    body = {"action": "remove", "reason": "off_topic", "statement": STATEMENT, "items": [{"id": item_id, "version": version}]}
    assert world.enter("moderator").post("/mod/batches", body).status_code == 201
    with reading() as session:
        statement = session.scalars(select(StatementOfReasons)).one()
        assert statement.mail_after - statement.created_at == timedelta(minutes=10)


@pytest.mark.parametrize("state", [State.HELD, State.SCREENED, State.REMOVED])
def test_the_database_takes_no_restricted_comment_without_one(world: World, state: State) -> None:
    comment_id = world.comment()
    with pytest.raises(IntegrityError), writing() as session:
        session.execute(update(Comment).where(Comment.id == comment_id).values(state=state.value))
    with reading() as session:
        assert session.get_one(Comment, comment_id).state == State.VISIBLE


def test_nor_lets_it_lose_the_one_it_has(world: World) -> None:
    comment_id = world.comment()
    decision_id = decide(world, comment_id, Action.REMOVE)
    with pytest.raises(IntegrityError), writing() as session:
        session.execute(delete(CommentRestriction).where(CommentRestriction.comment_id == comment_id))
    with pytest.raises(IntegrityError), writing() as session:
        session.execute(delete(StatementOfReasons).where(StatementOfReasons.decision_id == decision_id))


def test_nor_a_restricting_decision_without_one(world: World) -> None:
    decide(world, world.comment(), Action.NO_ACTION, reason="within_rules")
    with pytest.raises(IntegrityError), writing() as session:
        session.execute(update(Decision).values(restricts=True))
    with pytest.raises(IntegrityError), writing() as session:
        session.execute(update(Decision).values(action="remove"))
