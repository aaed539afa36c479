"""Many moderators work one queue at once: each item is decided once, whoever came second learns by whom, and a kill in the middle changes nothing of that."""

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from forum.access.permissions import Scope
from forum.access.viewer import DEFAULT_SITE_ID, Role, Viewer
from forum.accounts.actions import create_token
from forum.articles.actions import ArticleDraft, create_article
from forum.articles.queries import lock_article
from forum.comments import actions
from forum.comments.models import Comment, Revision
from forum.comments.queries import lock_place, newest_revision
from forum.comments.stance import Stance
from forum.comments.states import RevisionState, State
from forum.db.base import db
from forum.db.transaction import reading, writing
from forum.jobs.models import Job
from forum.moderation import log
from forum.moderation.intake import take_in
from forum.moderation.items import Cause, open_item
from forum.moderation.models import Batch, Decision, LogEntry, Report, ReviewItem
from forum.moderation.reasons import ReportReason
from forum.moderation.reporting import report
from forum.moderation.review import ACTIONS, Action, ItemState, Origin, ReportState
from forum.moderation.screening.findings import Finding, Outcome, Verdict
from forum.sentences import sentence
from forum.stances.actions import put_tag
from tests.conftest import add_account
from tests.faults.service import Client, Reply, Service, pause
from tests.stances.recount import find_miscounts

pytestmark = pytest.mark.postgresql_slow

READERS, WRITERS, ARTICLES = 6, 6, 3
STATEMENT = "Please leave out what could tell readers who this was; the rest of your point can stand."
# What moderators do in the states in which items are opened here; what is not sent with the right words is refused, and none of these is.
CHOICES = {
    "held": ("approve", "approve", "remove", "redact"),
    "screened": ("restore", "restore", "remove", "redact"),
    "visible": ("no_action", "no_action", "remove", "screen_out", "lock", "notice", "redact"),
    # A row may show a comment as it is after a decision that came while the page was put together; whoever acts on it is too late.
    "removed": ("no_action",),
}
BULK = {"held": ("approve", "remove"), "screened": ("restore", "remove"), "visible": ("no_action", "remove", "screen_out")}


@dataclass
class Ledger:
    """What the server said: decisions that were taken, batches, the claims of a contest, and refusals with what had been sent."""

    decisions: dict[int, tuple[int, int, str]] = field(default_factory=dict)
    batches: dict[int, tuple[int, frozenset[int]]] = field(default_factory=dict)
    undone: set[int] = field(default_factory=set)
    claims: dict[tuple[int, int], list[int]] = field(default_factory=dict)
    refused: list[tuple[Reply, int, dict[str, Any]]] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def note(self, change: Callable[[], object]) -> None:
        """Write something down and tell those who wait."""
        with self.changed:
            change()
            self.changed.notify_all()

    def wait_for(self, count: int, at_work: Callable[[], bool]) -> None:
        """Wait until ``count`` decisions were taken, or nobody is at work any more."""
        with self.changed:
            while len(self.decisions) < count and at_work():
                self.changed.wait(0.2)


@dataclass
class Stage:
    """A service on a database of its own with a queue, the moderators and readers, and the application that looks at the database directly."""

    service: Service
    app: Flask
    moderators: list[int]
    tokens: list[str]
    readers: list[str]
    comments: list[int]
    said: Ledger = field(default_factory=Ledger)


def viewer_of(account_id: int) -> Viewer:
    return Viewer(account_id, roles={DEFAULT_SITE_ID: Role.MEMBER})


def verdict(outcome: Outcome) -> Verdict:
    return Verdict(
        (Finding("links", outcome, "many-links", sentence("It has more links than the rules allow."), "promotion", ("https://a.example",)),)
    )


def open_case(session: Session, number: int, article_id: int, people: list[int], moderator: int) -> int:
    """Store a comment and bring it before the moderators as the application does; every number a different way."""
    writer, *readers = random.Random(number).sample(people, 4)
    article = lock_article(session, article_id)
    way = number % 8
    roots = session.scalars(
        select(Comment).where(Comment.article_id == article_id, Comment.depth == 0, Comment.state == "visible").limit(5)
    ).all()
    parent = roots[number % len(roots)] if roots and number % 3 else None
    new = actions.NewComment(
        f"Case {number}: I saw it myself.", f"<p>Case {number}: I saw it myself.</p>\n", 1, tuple(Stance)[number % 4], writer
    )
    state = State.HELD if way in (0, 1) else State.VISIBLE
    comment = actions.store(session, article, parent, parent, new, state=state)
    if state is State.VISIBLE:
        for reader, stance in zip(readers, Stance, strict=False):
            put_tag(session, viewer_of(reader), comment.id, stance)
    place = lock_place(session, comment.id)
    if way in (0, 1, 2):
        take_in(session, place, newest_revision(session, comment.id), verdict(Outcome.REPORT if way == 2 else Outcome.HOLD))
    elif way == 3:
        report(session, viewer_of(readers[0]), comment.id, reason=ReportReason.CONFIDENTIALITY, note="")
    elif way == 4:
        for reader in readers:
            report(session, viewer_of(reader), comment.id, reason=ReportReason.HARASSMENT, note="")
    elif way == 5:
        text = actions.Text("Another text.", "<p>Another text.</p>\n", 1)
        revision = actions.propose(session, place, text=text, stance=None)
        take_in(session, place, revision, verdict(Outcome.HOLD), origin=Origin.EDIT)
    elif way == 6:
        open_item(session, place, Cause(Origin.MODERATOR, "own_initiative", 2, opened_by=moderator))
    else:
        report(session, viewer_of(readers[0]), comment.id, reason=ReportReason.OFF_TOPIC, note="")
        report(session, viewer_of(readers[1]), comment.id, reason=ReportReason.OTHER, note="I cannot follow this.")
    return comment.id


@pytest.fixture
def set_up(make_app: Callable[..., Flask]) -> Iterator[Callable[[int, int], Stage]]:
    """Return a function that serves a database with so many open items and moderators."""
    services = []

    def make(items: int, moderators: int) -> Stage:
        app = make_app(rate_limits="off", secret_key="")
        settings = app.extensions["forum_settings"]
        with app.app_context(), writing() as session:
            staff = [add_account(session, f"mod{number}", role=Role.MODERATOR).id for number in range(moderators)]
            people = [add_account(session, f"person{number}").id for number in range(READERS + WRITERS)]
            tokens = [create_token(session, who, name="desk", scopes=[Scope.READ, Scope.MODERATE])[1] for who in staff]
            readers = [create_token(session, who, name="reading", scopes=[Scope.READ, Scope.TAG])[1] for who in people[: moderators // 4]]
            articles = [create_article(session, DEFAULT_SITE_ID, ArticleDraft(title=f"Article {n}"))[0].id for n in range(ARTICLES)]
            comments = [open_case(session, n, articles[n % ARTICLES], people, staff[n % moderators]) for n in range(items)]
        with app.app_context():
            with reading() as session:
                states = Counter(session.scalars(select(Comment.state)))
                assert set(states) == set(BULK)
                assert session.scalar(select(func.count()).where(ReviewItem.state == ItemState.OPEN.value)) == items
                assert find_miscounts(session) == []
            db.engine.dispose()
        service = Service(Path(settings.data_dir), settings.database_url)
        services.append(service)
        service.start()
        return Stage(service, app, staff, tokens, readers, comments)

    yield make
    for service in services:
        service.stop()


class Moderator:
    """One moderator at work over HTTP: takes items off the queue at random, most often where the others are, too."""

    def __init__(self, stage: Stage, number: int, meeting: threading.Barrier) -> None:
        self.stage, self.number, self.meeting = stage, number, meeting
        self.client, self.chance, self.turn = Client(stage.service.port, stage.tokens[number]), random.Random(number), 0

    def work(self, contests: int) -> None:
        """Decide on ``contests`` items together with all others, then on whatever is left until the queue is empty."""
        try:
            for number in range(contests):
                self.contest(with_claim=number % 3 == 0)
            while rows := self.queue():
                self.take(rows)
        except BaseException:
            self.meeting.abort()
            raise

    def queue(self) -> list[dict[str, Any]]:
        reply = self.client.insist("GET", "/api/v1/mod/items?limit=20")
        assert reply.status == 200, reply
        rows: list[dict[str, Any]] = reply.body["items"]
        return rows

    def contest(self, *, with_claim: bool) -> None:
        """All see the same item at the same version, and all decide at once; or all claim it before, and one has it."""
        self.meeting.wait()
        row = self.queue()[0]
        self.meeting.wait()
        if with_claim:
            claim = self.client.insist("PUT", f"/api/v1/mod/items/{row['id']}/claim")
            self.stage.said.note(lambda: self.stage.said.claims.setdefault((row["id"], row["version"]), []).append(claim.status))
            self.meeting.wait()
        self.decide(row)

    def take(self, rows: list[dict[str, Any]]) -> None:
        """Take something off the queue, in one of the ways in which moderators do."""
        row = self.chance.choice(rows[:3] if self.chance.random() < 0.6 else rows)
        way = self.chance.random()
        if way < 0.15:
            self.decide_batch(rows)
        elif way < 0.45:
            claim = self.client.insist("PUT", f"/api/v1/mod/items/{row['id']}/claim")
            assert claim.status in (200, 409), claim
            if claim.status == 200 and self.chance.random() < 0.3:
                assert self.client.insist("DELETE", f"/api/v1/mod/items/{row['id']}/claim").status == 204
            elif claim.status == 200 or self.chance.random() < 0.5:
                # Whoever does not have it tries nevertheless.
                self.decide(row)
                self.client.insist("DELETE", f"/api/v1/mod/items/{row['id']}/claim")
        elif way < 0.7:
            case = self.client.insist("GET", f"/api/v1/mod/items/{row['id']}")
            assert case.status == 200, case
            assert case.body["recused"] == []
            if case.body["can"]:
                self.decide(case.body["item"])
        else:
            self.decide(row)

    def key(self) -> str:
        self.turn += 1
        return f"{self.number}-{self.turn}"

    def order(self, row: dict[str, Any]) -> dict[str, Any]:
        action = self.chance.choice(CHOICES[row["comment"]["state"]])
        order: dict[str, Any] = {"action": action, "version": row["version"], "note": f"by {self.number}"}
        if action in ("approve", "restore", "no_action"):
            return order | {"reason": "within_rules"}
        if action == "redact":
            order["spans"] = [{"start": 0, "end": 4}]
        elif action == "notice":
            order["notice"] = "Please stay with the article."
        return order | {"reason": "off_topic", "statement": f"{STATEMENT} ({self.key()})"}

    def decide(self, row: dict[str, Any]) -> None:
        """Decide on an item as it was seen; whoever is too late gets the decision that stands and the own words."""
        order = self.order(row)
        reply = self.client.insist("POST", f"/api/v1/mod/items/{row['id']}/decisions", order, key=self.key())
        if reply.status == 201:
            taken = (self.number, row["id"], order["action"])
            self.stage.said.note(lambda: self.stage.said.decisions.update({reply.body["id"]: taken}))
            if order["action"] == "screen_out" and self.chance.random() < 0.7:
                self.decide(row | {"version": row["version"] + 1, "comment": {"state": "screened"}})
            return
        assert reply.status in (409, 412), reply
        assert {name: reply.body["draft"][name] for name in order} == order, "the own words come back"
        self.stage.said.note(lambda: self.stage.said.refused.append((reply, row["id"], order)))

    def decide_batch(self, rows: list[dict[str, Any]]) -> None:
        """Decide on up to five like items at once, and take half of these batches back."""
        known = [row for row in rows if row["comment"]["state"] in BULK]
        state = self.chance.choice(known)["comment"]["state"] if known else ""
        alike = [row for row in known if row["comment"]["state"] == state]
        if not alike:
            return
        some = self.chance.sample(alike, min(5, len(alike)))
        action = self.chance.choice(BULK[state])
        words = {"reason": "off_topic", "statement": STATEMENT} if action in ("remove", "screen_out") else {"reason": "within_rules"}
        order = words | {"action": action, "items": [{"id": row["id"], "version": row["version"]} for row in some]}
        if self.chance.random() < 0.3:
            seen = self.client.insist("POST", "/api/v1/mod/batches", order | {"preview": True})
            assert (seen.status, seen.body["id"]) == (200, None), seen
        reply = self.client.insist("POST", "/api/v1/mod/batches", order, key=self.key())
        assert reply.status == 201, reply
        batch_id, done = reply.body["id"], frozenset(one["id"] for one in reply.body["items"] if one["ok"])
        assert {one["problem"] for one in reply.body["items"]} <= {None, "stale-version", "claimed-by-other", "conflict"}, reply
        self.stage.said.note(lambda: self.stage.said.batches.update({batch_id: (self.number, done)}))
        if self.chance.random() < 0.5:
            undone = self.client.insist("DELETE", f"/api/v1/mod/batches/{batch_id}")
            assert (undone.status, undone.body["undone_at"] is None) == (200, False), undone
            self.stage.said.note(lambda: self.stage.said.undone.add(batch_id))


def read_and_tag(stage: Stage, token: str, is_over: threading.Event) -> None:
    """Tag comments that others judge meanwhile, until the queue is empty."""
    client, chance = Client(stage.service.port, token), random.Random(token)
    while not is_over.is_set():
        reply = client.insist(
            "PUT", f"/api/v1/comments/{chance.choice(stage.comments)}/tag", {"stance": chance.choice(tuple(Stance)).value}
        )
        assert reply.status in (200, 403, 404, 409), reply
        pause()


def check_everything(stage: Stage) -> None:
    """Every item is decided once; what was acknowledged is there and nothing else; reports, states, log and counts follow from the decisions."""
    said = stage.said
    with stage.app.app_context(), reading() as session:
        items = {item.id: item for item in session.scalars(select(ReviewItem))}
        decisions = list(session.scalars(select(Decision).order_by(Decision.id)))
        assert len(items) == len(stage.comments)
        assert {item.state for item in items.values()} == {ItemState.CLOSED}
        final = {one.item_id: one for one in decisions if one.closes and one.undone_at is None}
        closing = Counter(one.item_id for one in decisions if one.closes and one.undone_at is None)
        assert closing == dict.fromkeys(items, 1), "every item is decided exactly once"
        check_acknowledged(stage, session, decisions)
        check_losers(stage, decisions)
        check_consequences(session, items, decisions, final)
        assert find_miscounts(session) == []
        assert session.scalar(select(func.count()).select_from(Job).where(Job.buried_at.is_not(None))) == 0
        if session.get_bind().dialect.name == "sqlite":
            assert session.scalars(text("PRAGMA integrity_check")).all() == ["ok"]
            assert session.execute(text("PRAGMA foreign_key_check")).all() == []
    assert all(sorted(claims) == [200, *[409] * (len(stage.moderators) - 1)] for claims in said.claims.values()), "one has it, whoever asks"
    # Who is late may have waited for their turn and always find another version, never a closed case.
    assert {412} <= {reply.status for reply, _, _ in said.refused} <= {409, 412}, "they met"


def check_acknowledged(stage: Stage, session: Session, decisions: list[Decision]) -> None:
    """Each decision that was acknowledged stands as it was taken, and by people there are no others."""
    single = {
        one.id: (stage.moderators.index(one.moderator_id), one.item_id, one.action)
        for one in decisions
        if one.moderator_id is not None and one.batch_id is None
    }
    assert single == stage.said.decisions
    stored = {batch.id: batch for batch in session.scalars(select(Batch))}
    in_batches: dict[int, set[int]] = {batch_id: set() for batch_id in stored}
    for one in decisions:
        if one.batch_id is not None and one.undoes_id is None:
            in_batches[one.batch_id].add(one.item_id)
    assert stage.said.batches == {
        batch_id: (stage.moderators.index(stored[batch_id].moderator_id), frozenset(done)) for batch_id, done in in_batches.items()
    }
    assert {batch_id for batch_id, batch in stored.items() if batch.undone_at is not None} == stage.said.undone
    undone = {one.id for one in decisions if one.undone_at is not None}
    assert undone == {one.undoes_id for one in decisions if one.action == Action.UNDO}
    assert len({(one.item_id, one.item_version) for one in decisions}) == len(decisions)


def check_losers(stage: Stage, decisions: list[Decision]) -> None:
    """Whoever was too late was told of a decision on that item which there is, and by whom; whoever met a claim was told of none, since there was none."""
    known = {one.id: one for one in decisions}
    for reply, item_id, order in stage.said.refused:
        if reply.body["type"] == "/problems/claimed-by-other":
            assert (reply.status, reply.body.get("decision")) == (409, None)
            continue
        assert reply.status == 412, reply
        told = reply.body["decision"]
        one = known[told["id"]]
        assert (told["item_id"], told["action"], told["batch_id"]) == (item_id, one.action, one.batch_id)
        assert one.item_id == item_id
        assert one.item_version >= order["version"], "it came after what the loser had seen"
        assert told["by"] == f"mod{stage.moderators.index(one.moderator_id)}"  # type: ignore[arg-type]


def check_consequences(session: Session, items: dict[int, ReviewItem], decisions: list[Decision], final: dict[int, Decision]) -> None:
    """Comments are as the decisions left them, reports have their outcome, waiting edits are settled, and the log has one row for each decision."""
    comments = {comment.id: comment for comment in session.scalars(select(Comment))}
    states: dict[int, str] = {}
    for one in decisions:
        assert one.from_state == states.get(one.comment_id, one.from_state), "each begins where the one before ended"
        states[one.comment_id] = one.to_state
    assert states == {comment_id: comment.state for comment_id, comment in comments.items()}
    for item_id, item in items.items():
        comment, one = comments[item.comment_id], final[item_id]
        assert (item.claimed_by, item.revision_id) == (None, None)
        assert comment.restriction_id == (one.id if one.action == Action.REMOVE else None)
    for filed in session.scalars(select(Report)):
        one = final[filed.item_id]
        assert filed.state == (ReportState.UPHELD if ACTIONS[Action(one.action)].upholds else ReportState.DECLINED)
        assert (filed.decision_id, filed.closed_at is None) == (one.id, False)
    assert session.scalar(select(func.count()).where(Revision.state == RevisionState.HELD.value)) == 0
    rows = Counter(session.scalars(select(LogEntry.decision_id)))
    assert rows == {one.id: 1 for one in decisions}, "the log has one row for each decision"
    verified = log.verify(session, DEFAULT_SITE_ID)
    assert (verified.count, verified.faults) == (len(decisions), ())


def check_latecomer(stage: Stage) -> None:
    """Who decides on a closed item at its present version is told what stands, too."""
    client = Client(stage.service.port, stage.tokens[0])
    row = client.send("GET", "/api/v1/mod/items?state=closed&limit=1").body["items"][0]
    order = {"action": "remove", "reason": "off_topic", "statement": STATEMENT, "version": row["version"]}
    late = client.send("POST", f"/api/v1/mod/items/{row['id']}/decisions", order)
    assert (late.status, late.body["type"]) == (409, "/problems/illegal-transition")
    assert (late.body["decision"]["item_id"], late.body["draft"]["statement"]) == (row["id"], STATEMENT)


@pytest.mark.slow
@pytest.mark.parametrize("is_killed", [False, True], ids=["undisturbed", "killed"])
@pytest.mark.parametrize(("items", "moderators"), [(60, 4), (500, 8)])
def test_one_queue(set_up: Callable[[int, int], Stage], items: int, moderators: int, is_killed: bool) -> None:
    stage, is_over = set_up(items, moderators), threading.Event()
    meeting = threading.Barrier(moderators)
    with ThreadPoolExecutor(moderators + len(stage.readers)) as people:
        reading_on = [people.submit(read_and_tag, stage, token, is_over) for token in stage.readers]
        at_work = [people.submit(Moderator(stage, number, meeting).work, items // 10) for number in range(moderators)]
        try:
            if is_killed:
                stage.said.wait_for(items // 3, lambda: not all(share.done() for share in at_work))
                stage.service.kill()
                assert not stage.service.is_ready()
                stage.service.start()
            for share in at_work:
                share.result()
        finally:
            is_over.set()
        for share in reading_on:
            share.result()
    check_everything(stage)
    check_latecomer(stage)
