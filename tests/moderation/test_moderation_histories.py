"""Random histories of writers, readers and moderators: after each stretch everything agrees with a fresh count, and nothing that should be hidden is seen.

Drawn from a seed over the JSON API, so that a failure can be played again. Every answer is one that the documentation names.
"""

import random
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.comments.models import Comment
from forum.comments.states import State
from forum.db.transaction import reading
from forum.moderation import log
from forum.moderation.models import Decision, LogEntry, Report, ReviewItem
from forum.moderation.reasons import ReportReason
from forum.moderation.review import Action, ItemState, ReportState
from tests.conftest import ApiClient
from tests.stances.recount import find_miscounts
from tests.world import World, make_world

pytestmark = pytest.mark.postgresql_slow

STATEMENT = "A sentence for the writer that says in more than forty characters what was decided."
WRITERS = ("writer", "member", "publisher")
MODERATORS = ("moderator", "admin")
RUDE = "You are a fucking idiot."
STRETCH = 25


@dataclass
class History:
    """A discussion that several people work on at random."""

    world: World
    chance: random.Random
    callers: dict[str, ApiClient]
    comments: list[tuple[int, str]] = field(default_factory=list)
    batches: list[tuple[int, str]] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    step: int = 0

    def send(self, who: str, method: str, path: str, body: Any = None) -> Any:
        """Send a request and note how it was answered; nothing may fail in an unforeseen way."""
        answer = self.callers[who].request(method, path, body)
        assert answer.status_code < 500, (who, method, path, body, answer.text)
        self.answers[f"{method} {path.rstrip('0123456789')} {answer.status_code}"] += 1
        return answer

    def go(self) -> None:
        """Take one step."""
        self.step += 1
        act = self.chance.choices(
            (self.post, self.edit, self.withdraw, self.unwithdraw, self.tag, self.report, self.open, self.decide, self.batch, self.undo),
            (22, 8, 4, 5, 14, 14, 4, 22, 4, 3),
        )[0]
        act()

    def someone(self) -> tuple[int, str]:
        """Return a comment and its writer."""
        return self.chance.choice(self.comments)

    def text(self) -> str:
        """Return a text, now and then one that is held."""
        return f"{RUDE if self.chance.random() < 0.25 else 'A thought.'} ({self.step})"

    def post(self) -> None:
        who = self.chance.choice((*WRITERS, "author"))
        parent = self.someone()[0] if self.comments and self.chance.random() < 0.7 else None
        body = {"body_md": self.text(), "parent_id": parent, "stance": self.chance.choice((None, "skepticism", "agreement"))}
        answer = self.send(who, "POST", f"/articles/{self.world.article_id}/comments", body)
        if answer.status_code in (201, 202):
            self.comments.append((answer.json["id"], who))

    def edit(self) -> None:
        comment_id, who = self.someone()
        self.send(who, "PATCH", f"/comments/{comment_id}", {"body_md": self.text()})

    def withdraw(self) -> None:
        comment_id, who = self.someone()
        self.send(who, "DELETE", f"/comments/{comment_id}")

    def unwithdraw(self) -> None:
        comment_id, who = self.someone()
        self.send(who, "DELETE", f"/comments/{comment_id}/withdrawal")

    def tag(self) -> None:
        who = self.chance.choice((*WRITERS, *MODERATORS, "author"))
        stance = self.chance.choice(("agreement", "disagreement", "skepticism", "encouragement"))
        self.send(who, "PUT", f"/comments/{self.someone()[0]}/tag", {"stance": stance})

    def report(self) -> None:
        reason = self.chance.choice(list(ReportReason))
        self.send(self.chance.choice(WRITERS), "POST", f"/comments/{self.someone()[0]}/reports", {"reason": reason, "note": "See there."})

    def open(self) -> None:
        self.send(self.chance.choice(MODERATORS), "POST", f"/mod/comments/{self.someone()[0]}/items")

    def queue(self, who: str) -> list[dict[str, Any]]:
        """Return the first page of the queue."""
        items: list[dict[str, Any]] = self.send(who, "GET", "/mod/items?limit=10").json["items"]
        return items

    def decide(self) -> None:
        who = self.chance.choice(MODERATORS)
        items = self.queue(who)
        if not items:
            return
        row = self.chance.choice(items)
        if self.chance.random() < 0.3:
            self.send(who, "PUT", f"/mod/items/{row['id']}/claim")
        can = self.send(who, "GET", f"/mod/items/{row['id']}").json["can"]
        action = self.chance.choice(can or ["remove"])
        version = row["version"] + (3 if self.chance.random() < 0.1 else 0)
        body = {"action": action, "reason": "off_topic", "statement": STATEMENT, "version": version}
        if action == "redact":
            body["spans"] = [{"start": 0, "end": 3}]
        if action == "notice":
            body["notice"] = "Please stay with the question."
        self.send(who, "POST", f"/mod/items/{row['id']}/decisions", body)

    def batch(self) -> None:
        who = self.chance.choice(MODERATORS)
        wanted = [{"id": row["id"], "version": row["version"]} for row in self.queue(who)][: self.chance.randint(1, 5)]
        if wanted:
            action = self.chance.choice(("approve", "remove", "no_action", "restore"))
            body = {"action": action, "reason": "off_topic", "statement": STATEMENT, "items": wanted}
            answer = self.send(who, "POST", "/mod/batches", body)
            if answer.status_code == 201:
                self.batches.append((answer.json["id"], who))

    def undo(self) -> None:
        if self.batches:
            batch_id, who = self.batches.pop()
            self.send(who, "DELETE", f"/mod/batches/{batch_id}")


def check(history: History) -> None:
    """Everything agrees: counts, items, reports, log, and what everybody sees."""
    with reading() as session:
        assert find_miscounts(session) == []
        assert log.verify(session, 1).faults == ()
        check_items(session)
        check_log(session)
        texts = {comment.id: comment for comment in session.scalars(select(Comment))}
        states = {comment_id: (comment.state, comment.listed) for comment_id, comment in texts.items()}
    visitor = history.world.enter("visitor")
    for comment_id, (state, listed) in states.items():
        answer = visitor.get(f"/comments/{comment_id}")
        assert answer.status_code == (200 if listed else 404), (comment_id, state)
        assert (listed and answer.json["body_md"] is not None) == (state == State.VISIBLE), (comment_id, state)
        if listed:
            assert (answer.json["restriction"] is not None) == (state in (State.SCREENED, State.REMOVED)), (comment_id, state)


def check_items(session: Session) -> None:
    for item in session.scalars(select(ReviewItem)):
        decisions = session.scalars(select(Decision).where(Decision.item_id == item.id).order_by(Decision.id)).all()
        standing = [decision for decision in decisions if decision.closes and decision.undone_at is None]
        assert len(standing) == (item.state == ItemState.CLOSED), item.id
        assert [decision.item_version for decision in decisions] == sorted({decision.item_version for decision in decisions})
        open_reports = session.scalars(select(Report.id).where(Report.item_id == item.id, Report.state == ReportState.OPEN.value)).all()
        assert not open_reports or item.state == ItemState.OPEN, item.id
    for comment in session.scalars(select(Comment).where(Comment.state == State.HELD.value)):
        waiting = select(ReviewItem.id).where(ReviewItem.comment_id == comment.id, ReviewItem.state == ItemState.OPEN.value)
        assert session.scalar(waiting) is not None, f"{comment.id} is held, and nobody is asked to look"


def check_log(session: Session) -> None:
    logged = [decision_id for decision_id in session.scalars(select(LogEntry.decision_id)) if decision_id is not None]
    assert sorted(logged) == sorted(session.scalars(select(Decision.id)).all()), "one row for each decision"
    last: dict[int | None, str | None] = {}
    for row in session.scalars(select(LogEntry).where(LogEntry.comment_id.is_not(None)).order_by(LogEntry.seq)):
        if row.comment_id in last:
            assert row.from_state == last[row.comment_id], (row.seq, row.event)
        last[row.comment_id] = row.to_state
    for comment in session.scalars(select(Comment).where(Comment.id.in_(last))):
        assert comment.state == last[comment.id], comment.id


@pytest.mark.parametrize("seed", [1, 3])
def test_a_random_history(app: Flask, seed: int) -> None:
    run(app, seed, 250)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [11, 12])
def test_a_long_random_history(app: Flask, seed: int) -> None:
    run(app, seed, 600)


def run(app: Flask, seed: int, steps: int) -> None:
    world = make_world(app)
    history = History(world, random.Random(seed), {who: world.enter(who) for who in (*WRITERS, *MODERATORS, "author")})
    for _ in range(5):
        history.post()
    while history.step < steps:
        history.go()
        if history.step % STRETCH == 0:
            check(history)
    check(history)
    acts = {action for (action,) in actions_taken()}
    assert {Action.REMOVE, Action.APPROVE, Action.RESTORE, Action.NO_ACTION, Action.HOLD, Action.SCREEN_OUT} <= acts, acts
    assert any(" 412" in answer for answer in history.answers), history.answers


def actions_taken() -> list[Any]:
    with reading() as session:
        return list(session.execute(select(Decision.action).distinct()))
