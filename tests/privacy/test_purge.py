"""Fourteen days after a redaction its originals are destroyed – unless it was undone or an appeal is open – and not an hour earlier."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select

from forum.comments.models import Revision
from forum.db.transaction import reading, writing
from forum.jobs.actions import enqueue
from forum.jobs.models import Job
from forum.jobs.run import run_due
from forum.moderation import log
from forum.moderation.models import Decision, LogEntry, ModeratorNote, StoredFinding
from forum.moderation.moves import PURGE_ORIGINALS
from forum.privacy.forgetting import FORGOTTEN
from tests.privacy.marks import files_with, tables_with
from tests.stances.recount import find_miscounts
from tests.world import World, make_world

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
MARK = "Zinnober"
TEXT = f"{MARK} came to me in March. She got better."
STATEMENT = "A sentence for the writer that says in more than forty characters what was decided."
REASONS = "A sentence for whoever appeals that says in more than forty characters what was found."


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(START, tick=True) as traveller:
        yield traveller


@pytest.fixture
def world(clock: time_machine.Traveller, app: Flask) -> World:
    return make_world(app)


def redact(world: World) -> tuple[int, int]:
    """Have a comment reported, edited and redacted; return it and the decision."""
    writer, member, moderator = world.enter("writer"), world.enter("member"), world.enter("moderator")
    path = f"/articles/{world.article_id}/comments"
    comment_id = writer.request("POST", path, {"body_md": TEXT}, headers={"Idempotency-Key": "one"}).json["id"]
    assert member.post(f"/comments/{comment_id}/reports", {"reason": "confidentiality", "note": f"It names {MARK}."}).status_code == 201
    item_id = moderator.get("/mod/items").json["items"][0]["id"]
    item = moderator.post(f"/mod/items/{item_id}/reveal").json["item"]
    order = {"action": "redact", "reason": "confidentiality", "statement": STATEMENT, "version": item["version"]}
    made = moderator.post(f"/mod/items/{item_id}/decisions", order | {"spans": [{"start": 0, "end": len(MARK)}]})
    assert made.status_code == 201, made.text
    return comment_id, made.json["id"]


def test_the_originals_go_after_fourteen_days(world: World, clock: time_machine.Traveller) -> None:
    comment_id, _ = redact(world)
    clock.move_to(START + timedelta(days=13, hours=23))
    run_due(50)
    assert tables_with(MARK) >= {"revisions.body_md", "reports.note"}
    clock.move_to(START + timedelta(days=14, hours=1))
    run_due(50)
    clock.shift(timedelta(hours=1))
    run_due(50)
    assert tables_with(MARK) == set()
    assert files_with(world.app, MARK) == set()
    shown = world.enter("visitor").get(f"/comments/{comment_id}").json
    assert shown["body_md"] == "[identifying detail removed] came to me in March. She got better."
    history = world.enter("visitor").get(f"/comments/{comment_id}/revisions").json["items"]
    assert [(revision["state"], revision["body_md"] is None) for revision in history] == [("redacted", True), ("accepted", False)]
    with reading() as session:
        assert log.verify(session, 1).faults == ()


def test_an_open_appeal_keeps_them(world: World, clock: time_machine.Traveller) -> None:
    _, decision_id = redact(world)
    appeal = world.enter("writer").post(f"/decisions/{decision_id}/appeals", {"body": "Nobody could know who that is."})
    assert appeal.status_code == 201, appeal.text
    clock.move_to(START + timedelta(days=20))
    run_due(50)
    assert "revisions.body_md" in tables_with(MARK)
    body = {"outcome": "uphold", "reasons": REASONS, "version": appeal.json["version"]}
    assert world.enter("admin").post(f"/appeals/{appeal.json['id']}/decision", body).status_code == 201
    clock.shift(timedelta(days=2))
    run_due(50)
    assert tables_with(MARK) == set()


def test_what_was_overturned_is_not_purged(world: World, clock: time_machine.Traveller) -> None:
    comment_id, decision_id = redact(world)
    appeal = world.enter("writer").post(f"/decisions/{decision_id}/appeals", {"body": "Nobody could know who that is."})
    body = {"outcome": "overturn", "reasons": REASONS, "version": appeal.json["version"]}
    assert world.enter("admin").post(f"/appeals/{appeal.json['id']}/decision", body).status_code == 201
    clock.move_to(START + timedelta(days=20))
    run_due(50)
    assert world.enter("visitor").get(f"/comments/{comment_id}").json["body_md"] == TEXT


def test_another_redactions_originals_wait_for_their_own_time(world: World, clock: time_machine.Traveller) -> None:
    """The first redaction is under appeal when the second one's time comes: it could still be overturned, so its texts stay."""
    comment_id, first = redact(world)
    filed = world.enter("writer").post(f"/decisions/{first}/appeals", {"body": "Nobody could know who that is."})
    assert filed.status_code == 201, filed.text
    assert world.enter("writer").patch(f"/comments/{comment_id}", {"body_md": "Somebody from Snoring got better."}).status_code == 200
    decide(world, comment_id, action="redact", spans=[{"start": 14, "end": 21}])
    clock.move_to(START + timedelta(days=16))
    run_due(50)
    assert tables_with("Snoring") == set(), "the second one's"
    assert "revisions.body_md" in tables_with(MARK), "the first one's"
    shown = world.enter("visitor").get(f"/comments/{comment_id}").json["body_md"]
    assert shown == "Somebody from [identifying detail removed] got better."


def test_changes_that_were_never_shown_go_with_them(world: World, clock: time_machine.Traveller) -> None:
    writer = world.enter("writer")
    comment_id = writer.post(f"/articles/{world.article_id}/comments", {"body_md": TEXT}).json["id"]
    for more in ("you are a fucking idiot.", "you are a fucking idiot, once more."):
        assert writer.patch(f"/comments/{comment_id}", {"body_md": f"{TEXT} And {more}"}).status_code == 202
    decide(world, comment_id, action="redact", spans=[{"start": 0, "end": len(MARK)}])
    assert tables_with(MARK) == {"revisions.body_md", "revisions.body_html"}
    clock.move_to(START + timedelta(days=14, hours=1))
    run_due(50)
    assert tables_with(MARK) == set()
    with reading() as session:
        rows = session.execute(select(Revision.number, Revision.state, Revision.body_md).order_by(Revision.number)).all()
        assert [(number, state) for number, state, _ in rows] == [(1, "redacted"), (2, "replaced"), (3, "declined"), (4, "accepted")]
        assert [bool(text) for _, _, text in rows] == [False, False, False, True], "number and time remain"


def test_what_quotes_the_passage_goes_and_what_quotes_the_rest_stays(world: World, clock: time_machine.Traveller) -> None:
    _, decision_id = redact(world)
    public = "You wrote that somebody came to me in March, which is fine to say to readers here."
    named = f"You wrote “{MARK} came to me in March”, which tells readers who it was. Please do not do that."
    with writing() as session:
        decision = session.get_one(Decision, decision_id)
        decision.statement, decision.note = public, f"This is {MARK}."
        note = {"site_id": 1, "account_id": world.ids["writer"], "author_id": world.ids["moderator"], "created_at": decision.created_at}
        session.add_all([ModeratorNote(body=public, **note), ModeratorNote(body=named, **note)])
    clock.move_to(START + timedelta(days=14, hours=1))
    run_due(50)
    assert tables_with(MARK) == set()
    with reading() as session:
        assert (session.get_one(Decision, decision_id).statement, session.get_one(Decision, decision_id).note) == (public, "")
        assert session.scalars(select(ModeratorNote.body).order_by(ModeratorNote.id)).all() == [public, FORGOTTEN]


def test_what_screening_found_is_forgotten_and_that_it_did_is_not(world: World, clock: time_machine.Traveller) -> None:
    writer = world.enter("writer")
    text = f"See https://{MARK.lower()}.example/ for more of it."
    comment_id = writer.post(f"/articles/{world.article_id}/comments", {"body_md": text}).json["id"]
    decide(world, comment_id, action="redact", spans=[{"start": 4, "end": len(text) - 16}])
    assert tables_with(MARK.lower()) >= {"findings.matches", "findings.detail", "decisions.statement"}
    clock.move_to(START + timedelta(days=14, hours=1))
    run_due(50)
    assert tables_with(MARK.lower()) == set()
    with reading() as session:
        found = session.scalars(select(StoredFinding)).one()
        assert (found.phase, found.code, found.matches, found.spans) == ("links", "new-account-link", "[]", "[]")


def test_the_decisions_page_says_until_when_they_are_kept(world: World, clock: time_machine.Traveller) -> None:
    _, decision_id = redact(world)
    page = world.enter("writer").client.get(f"/decisions/{decision_id}").text
    assert "is kept until" in page
    assert "2026-03-15T12:0" in page
    clock.move_to(START + timedelta(days=15))
    assert "was kept until" in world.enter("writer").client.get(f"/decisions/{decision_id}").text
    removed = world.decision()
    assert "kept until" not in world.enter("writer").client.get(f"/decisions/{removed}").text


def test_a_job_for_what_was_undone_or_done_does_nothing(world: World, clock: time_machine.Traveller) -> None:
    _, decision_id = redact(world)
    clock.move_to(START + timedelta(days=14, hours=1))
    run_due(50)
    for known in (decision_id, 9_999_999):
        with writing() as session:
            enqueue(session, PURGE_ORIGINALS, {"decision_id": known})
    run_due(50)
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(LogEntry).where(LogEntry.event == "purge")) == 1
        assert session.scalar(select(func.count()).select_from(Job).where(Job.kind == PURGE_ORIGINALS)) == 0
        assert find_miscounts(session) == []


def decide(world: World, comment_id: int, **order: Any) -> int:
    """Let a moderator decide on a comment and return the decision."""
    moderator = world.enter("moderator")
    item = moderator.post(f"/mod/comments/{comment_id}/items").json["item"]
    assert moderator.post(f"/mod/items/{item['id']}/reveal").status_code == 200
    sent = {"reason": "confidentiality", "statement": STATEMENT, "version": item["version"], **order}
    answer = moderator.post(f"/mod/items/{item['id']}/decisions", sent)
    assert answer.status_code == 201, answer.text
    return int(answer.json["id"])
