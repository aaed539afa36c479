"""Random histories of everything that can befall a comment and its writer: decisions, appeals, sanctions that end by themselves, erasure; with a clock that moves.

After each step: no restriction without its statement of reasons, no appeal decided by its first decider, no hidden text anywhere, counts equal a recount,
the log verifies, and the tags of whoever is suspended – and of nobody else – stand aside. Drawn from a seed, so that a failure can be played again.
"""

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from forum.access.viewer import Role
from forum.clock import now
from forum.comments.models import Comment, Revision
from forum.comments.states import RevisionState, State
from forum.db.transaction import reading, writing
from forum.jobs.models import Job
from forum.jobs.run import run_due
from forum.moderation import log
from forum.moderation.models import CommentRestriction, Decision, Report, StatementOfReasons
from forum.moderation.review import Action, ReportState
from forum.redress.models import Appeal, Outcome
from forum.sanctions.kinds import KINDS, SanctionKind
from forum.sanctions.models import Sanction
from forum.sanctions.queries import is_in_force
from forum.stances.models import Tag
from tests.conftest import add_account
from tests.moderation.test_moderation_histories import MODERATORS, WRITERS, History
from tests.stances.recount import find_miscounts
from tests.world import World, make_world

pytestmark = pytest.mark.postgresql_slow

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
REASONS = "A sentence for whoever appeals that says in more than forty characters what was found."
STATEMENT = "A sentence for the writer that says in more than forty characters what was decided."
JUDGES = (*MODERATORS, "judge")
LONG = 300
RESTRICTED = (State.HELD.value, State.SCREENED.value, State.REMOVED.value)


@dataclass
class Process(History):
    """A discussion in which people are also sanctioned, appeal, and are answered. Every text that is written carries a mark of its own."""

    clock: time_machine.Traveller | None = None
    texts: int = 0

    def go(self) -> None:
        """Take one step."""
        self.step += 1
        acts = {
            self.post: 16,
            self.edit: 8,
            self.withdraw: 3,
            self.unwithdraw: 3,
            self.tag: 12,
            self.report: 10,
            self.open: 3,
            self.decide: 18,
            self.batch: 2,
            self.undo: 2,
            self.appeal: 14,
            self.ask: 3,
            self.answer: 3,
            self.judge: 14,
            self.sanction: 4,
            self.lift: 3,
            self.acknowledge: 4,
            self.tick: 6,
            self.erase: 2,
        }
        self.chance.choices(list(acts), list(acts.values()))[0]()

    def text(self) -> str:
        """Return a text with its mark, now and then one that is held."""
        rude = "You are a fucking idiot." if self.chance.random() < 0.2 else "A thought."
        self.texts += 1
        return f"{rude} mark{self.texts:04}x"

    def some(self, statement: Any) -> Any:
        """Return one of the rows that a statement finds, detached, or None; they stand in one order, or a seed would mean another history each time."""
        with reading() as session:
            rows = sorted(session.scalars(statement).all(), key=lambda row: int(row.id))
            session.expunge_all()
        return self.chance.choice(rows) if rows else None

    def handle_of(self, account_id: int) -> str:
        """Return who has this account."""
        return next(name for name, known in self.world.ids.items() if known == account_id)

    def appeal(self) -> None:
        decision = self.some(select(Decision).where(Decision.undone_at.is_(None)))
        if decision is None:
            return
        with reading() as session:
            writer = self.handle_of(session.get_one(Comment, decision.comment_id).author_id)
            declined = select(Report.reporter_id).where(Report.decision_id == decision.id, Report.state == ReportState.DECLINED.value)
            reporters = [self.handle_of(account_id) for account_id in session.scalars(declined) if account_id is not None]
        who = self.chance.choice([writer, *reporters])
        self.send(who, "POST", f"/decisions/{decision.id}/appeals", {"body": "I see this otherwise; please look again."})

    def ask(self) -> None:
        appeal = self.some(select(Appeal).where(Appeal.decided_at.is_(None)))
        if appeal is not None:
            self.send(self.chance.choice(JUDGES), "POST", f"/appeals/{appeal.id}/question", {"question": "What do you mean by that?"})

    def answer(self) -> None:
        appeal = self.some(select(Appeal).where(Appeal.asked_at.is_not(None)))
        if appeal is not None and appeal.appellant_id is not None:
            self.send(self.handle_of(appeal.appellant_id), "POST", f"/appeals/{appeal.id}/answer", {"answer": "That it helped."})

    def judge(self) -> None:
        appeal = self.some(select(Appeal).where(Appeal.decided_at.is_(None)))
        if appeal is None:
            return
        outcome = self.chance.choice(("uphold", "overturn", "overturn", "change"))
        judge = self.chance.choice(JUDGES)
        # It rises with the comment as well, which is why nobody can know it without looking.
        seen = self.callers[judge].get(f"/appeals/{appeal.id}").json["version"]
        body: dict[str, Any] = {"outcome": outcome, "reasons": REASONS, "version": seen}
        if outcome == "change" or (outcome == "overturn" and appeal.part == "reporter"):
            action = self.chance.choice(("remove", "redact", "screen_out", "lock", "notice"))
            body |= {"action": action, "reason": "off_topic", "statement": STATEMENT}
            if action == "redact":
                body["spans"] = [{"start": 0, "end": 3}]
            if action == "notice":
                body["notice"] = "Please stay with the question."
        if appeal.sanction_id is not None:
            body = {"outcome": "overturn", "reasons": REASONS, "version": seen}
        self.send(judge, "POST", f"/appeals/{appeal.id}/decision", body)

    def sanction(self) -> None:
        kinds = list(SanctionKind)
        # A ban ends all that a history is about; one in forty is enough.
        kind = self.chance.choices(kinds, [1 if kind is SanctionKind.BAN else 6 for kind in kinds])[0]
        body: dict[str, Any] = {"kind": kind, "reason": "harassment", "statement": STATEMENT}
        if KINDS[kind].has_end:
            body["days"] = self.chance.choice((1, 2, 5))
        who = "admin" if kind is SanctionKind.BAN else self.chance.choice(MODERATORS)
        answer = self.send(who, "POST", f"/mod/accounts/{self.chance.choice(WRITERS)}/sanctions", body)
        if answer.status_code == 201 and self.chance.random() < 0.3:
            made = answer.json["id"]
            with reading() as session:
                subject = self.handle_of(session.get_one(Sanction, made).account_id)
            self.send(subject, "POST", f"/sanctions/{made}/appeals", {"body": "I see this otherwise; please look again."})

    def lift(self) -> None:
        sanction = self.some(select(Sanction).where(Sanction.lifted_at.is_(None), Sanction.ends_at.is_(None)))
        if sanction is not None:
            self.send("admin", "DELETE", f"/mod/accounts/{self.handle_of(sanction.account_id)}/sanctions/{sanction.id}")

    def acknowledge(self) -> None:
        sanction = self.some(select(Sanction).where(Sanction.acknowledged_at.is_(None)))
        if sanction is not None:
            self.send(self.handle_of(sanction.account_id), "PUT", f"/sanctions/{sanction.id}/acknowledgement")

    def tick(self) -> None:
        assert self.clock is not None
        self.clock.shift(self.chance.choice((timedelta(hours=3), timedelta(days=1), timedelta(days=3), timedelta(days=9))))
        run_due(200)
        self.callers = {who: self.world.enter(who) for who in self.callers}

    def erase(self) -> None:
        comment_id = self.someone()[0]
        asked = self.send("admin", "POST", f"/mod/comments/{comment_id}/erasure", {"reason": "confidentiality", "why": REASONS})
        if asked.status_code == 201:
            self.send("moderator", "POST", f"/mod/erasures/{asked.json['id']}/confirmation")


def check(process: Process) -> None:
    """Everything holds."""
    # A visitor's request first: whatever has ended by itself is settled by the next request, whoever sends it.
    visitor = process.world.enter("visitor")
    seen = visitor.get(f"/articles/{process.world.article_id}/comments?limit=50&replies=50").text
    seen += visitor.get("/modlog").text
    with reading() as session:
        check_statements(session)
        check_appeals(session)
        check_tags(session)
        assert find_miscounts(session) == []
        assert log.verify(session, 1).faults == ()
        assert session.scalar(select(func.count()).select_from(Job).where(Job.attempts > 0)) == 0
        hidden = hidden_texts(session)
    if process.step % 10 == 0:
        for comment_id, _ in process.comments:
            seen += visitor.get(f"/comments/{comment_id}").text + visitor.get(f"/comments/{comment_id}/revisions").text
            seen += visitor.get(f"//c/{comment_id}").text + visitor.get(f"//c/{comment_id}/history").text
    for text in hidden:
        assert text.split()[-1] not in seen, text


def check_statements(session: Session) -> None:
    stated = select(StatementOfReasons.id)
    bare = select(Decision.id).where(Decision.restricts.is_(True), ~exists(stated.where(StatementOfReasons.decision_id == Decision.id)))
    assert session.scalars(bare).all() == []
    restricted = select(Comment.id).where(Comment.state.in_(RESTRICTED))
    bound = exists().where(CommentRestriction.comment_id == Comment.id, CommentRestriction.decision_id == StatementOfReasons.decision_id)
    assert session.scalars(restricted.where(~bound)).all() == []
    free = select(CommentRestriction.comment_id).join(Comment, Comment.id == CommentRestriction.comment_id)
    assert session.scalars(free.where(Comment.state.not_in(RESTRICTED))).all() == []
    assert session.scalars(select(Sanction.id).where(~exists(stated.where(StatementOfReasons.sanction_id == Sanction.id)))).all() == []


def check_appeals(session: Session) -> None:
    for appeal in session.scalars(select(Appeal)):
        if appeal.decided_by is None:
            continue
        # Where all others have a part in it, the same person decides, after waiting, and says so.
        waited = appeal.alone_from is not None and appeal.decided_at is not None and appeal.decided_at >= appeal.alone_from
        assert appeal.decided_by != appeal.first_decider_id or (appeal.same_person and waited), appeal.id
        assert appeal.decided_by != appeal.appellant_id, appeal.id
        if appeal.outcome != Outcome.UPHELD and appeal.decision_id is not None and appeal.part == "writer":
            assert session.get_one(Decision, appeal.decision_id).undone_at is not None, appeal.id


def check_tags(session: Session) -> None:
    moment = now()
    stopping = {
        sanction.account_id
        for sanction in session.scalars(select(Sanction))
        if KINDS[SanctionKind(sanction.kind)].stops_tags and is_in_force(sanction, moment)
    }
    aside = set(session.scalars(select(Tag.account_id).where(Tag.suspended.is_(True))))
    counting = set(session.scalars(select(Tag.account_id).where(Tag.suspended.is_(False))))
    assert aside <= stopping
    assert not counting & stopping


def hidden_texts(session: Session) -> list[str]:
    """Return every text that readers may not see now: of comments that are not visible, and of revisions that were never accepted or were taken out."""
    found = [comment.body_md for comment in session.scalars(select(Comment).where(Comment.state != State.VISIBLE.value)) if comment.body_md]
    shown = Comment.state == State.VISIBLE.value
    public = {comment.body_md for comment in session.scalars(select(Comment).where(shown))}
    # An earlier text is in the history, for everybody; one that a redaction kept from readers is there again once that was overturned.
    earlier = select(Revision.body_md).join(Comment, Comment.id == Revision.comment_id)
    public |= set(session.scalars(earlier.where(shown, Revision.state == RevisionState.ACCEPTED.value)))
    kept = select(Revision.body_md).where(Revision.state != RevisionState.ACCEPTED.value, Revision.body_md != "")
    # A redacted text keeps its mark in what is left of it.
    marks = {text.split()[-1] for text in public if text}
    return found + [text for text in session.scalars(kept) if text.split()[-1] not in marks]


@pytest.mark.parametrize("seed", [1, 2])
def test_a_random_history(app: Flask, seed: int) -> None:
    run(app, seed, 110)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [20, 23, 25])
def test_a_long_random_history(app: Flask, seed: int) -> None:
    run(app, seed, LONG)


def run(app: Flask, seed: int, steps: int) -> None:
    with time_machine.travel(START, tick=True) as clock:
        world: World = make_world(app)
        with writing() as session:
            world.ids["judge"] = add_account(session, "judge", role=Role.MODERATOR).id
        callers = {who: world.enter(who) for who in (*WRITERS, *JUDGES, "author")}
        process = Process(world, random.Random(seed), callers, clock=clock)
        for _ in range(5):
            process.post()
        while process.step < steps:
            process.go()
            check(process)
    with reading() as session:
        outcomes = set(session.scalars(select(Appeal.outcome)))
        actions = set(session.scalars(select(Decision.action)))
    assert Action.REMOVE.value in actions, process.answers
    if steps >= LONG:
        # A short history need not come so far.
        assert Action.UNDO.value in actions, process.answers
        assert outcomes & {"overturned", "changed"}, process.answers
