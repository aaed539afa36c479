"""Erasure: one asks, another confirms, and the text is nowhere any more – no table, no file, no log line – while its place and the replies stay."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from forum.access.viewer import Role
from forum.accounts.actions import set_role
from forum.accounts.models import Account
from forum.comments.models import Comment
from forum.comments.states import State
from forum.db.transaction import reading, writing
from forum.jobs.run import run_due
from forum.moderation import log
from forum.moderation.models import LogEntry
from forum.posting.continuing import forget_continuation
from forum.privacy.forgetting import forgetters
from forum.privacy.models import Erasure
from forum.privacy.quotes import Quotes
from tests.conftest import ApiClient
from tests.db.together import all_at_once
from tests.privacy.marks import files_with, tables_with
from tests.stances.recount import find_miscounts
from tests.world import World, make_world

MARK = "Zinnober"
SECRET = f"{MARK} lives above the bakery in Little Snoring."
STATEMENT = "A sentence for the writer that says in more than forty characters what was decided."
WHY = "It names a patient, and the writer cannot be reached to change it."


@pytest.fixture
def world(app: Flask) -> World:
    return make_world(app)


def everywhere(world: World) -> int:
    """Write a text with the mark through every door that keeps one, and return its comment."""
    writer, member, moderator = world.enter("writer"), world.enter("member"), world.enter("moderator")
    path = f"/articles/{world.article_id}/comments"
    made = writer.request("POST", path, {"body_md": SECRET, "stance": "skepticism"}, headers={"Idempotency-Key": "one"})
    comment_id: int = made.json["id"]
    assert member.post(path, {"body_md": "A reply that stays.", "parent_id": comment_id}).status_code == 201
    assert member.put(f"/comments/{comment_id}/tag", {"stance": "agreement"}).status_code == 200
    assert member.post(f"/comments/{comment_id}/reports", {"reason": "other", "note": f"It says: {SECRET}"}).status_code == 201
    assert writer.patch(f"/comments/{comment_id}", {"body_md": f"{SECRET} You are a fucking idiot."}).status_code == 202
    opened = moderator.request("POST", f"/mod/comments/{comment_id}/items", headers={"Idempotency-Key": "two"})
    item = opened.json["item"]
    order = {"action": "remove", "reason": "confidentiality", "version": item["version"], "note": f"See {SECRET}"}
    decided = moderator.post(f"/mod/items/{item['id']}/decisions", {**order, "statement": f"You wrote: {SECRET} Please do not."})
    assert decided.status_code == 201, decided.text
    appeal = writer.post(f"/decisions/{decided.json['id']}/appeals", {"body": f"But {SECRET}"})
    assert appeal.status_code == 201, appeal.text
    assert moderator.post("/mod/accounts/writer/notes", {"body": f"Wrote: {SECRET}", "item_id": item["id"]}).status_code == 201
    return comment_id


def erase(world: World, comment_id: int) -> None:
    asked = world.enter("admin").post(f"/mod/comments/{comment_id}/erasure", {"reason": "confidentiality", "why": f"{WHY} {SECRET}"})
    assert asked.status_code == 201, asked.text
    done = world.enter("moderator").post(f"/mod/erasures/{asked.json['id']}/confirmation")
    assert done.status_code == 200, done.text


def test_nothing_keeps_an_erased_text(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    comment_id = everywhere(world)
    before = tables_with(MARK)
    assert before >= {
        "comments.body_md",
        "comments.body_html",
        "revisions.body_md",
        "reports.note",
        "decisions.note",
        "decisions.statement",
        "stored_answers.body",
        "appeals.body",
        "moderator_notes.body",
    }, before
    erase(world, comment_id)
    run_due(50)
    assert tables_with(MARK) == set()
    assert files_with(world.app, MARK) == set()
    said = capfd.readouterr()
    assert MARK not in said.out + said.err
    with reading() as session:
        assert find_miscounts(session) == []
        assert log.verify(session, 1).faults == ()


@pytest.mark.sqlite_only
def test_the_files_did_hold_it(world: World) -> None:
    """What is not found after an erasure was there before."""
    everywhere(world)
    assert files_with(world.app, MARK)


def test_its_place_and_the_replies_stay(world: World) -> None:
    comment_id = everywhere(world)
    erase(world, comment_id)
    shown = world.enter("visitor").get(f"/comments/{comment_id}/context").json
    comment = shown["comment"]
    assert (comment["state"], comment["body_md"], comment["author"], comment["tally"]["n"]) == ("erased", None, None, 0)
    assert [reply["body_md"] for reply in shown["replies"]] == ["A reply that stays."]
    assert world.enter("writer").get(f"/comments/{comment_id}").json["body_md"] is None
    rows = world.enter("visitor").get("/modlog").json["items"]
    assert "erase" in [row["event"] for row in rows]


def test_rooms_that_keep_something_are_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []
    monkeypatch.setattr("forum.privacy.forgetting.forgetters", [lambda session, comment_id: told.append(comment_id)])
    comment_id = world.comment()
    erase(world, comment_id)
    assert told == [comment_id]
    assert forget_continuation in forgetters


def test_the_one_who_asks_does_not_confirm(world: World) -> None:
    erasure_id = world.erasure(by="admin")
    refused = world.enter("admin").post(f"/mod/erasures/{erasure_id}/confirmation")
    assert (refused.status_code, refused.json["type"]) == (403, "/problems/recused")
    with pytest.raises(IntegrityError), writing() as session:
        session.execute(update(Erasure).values(confirmed_by=Erasure.asked_by, done_at=Erasure.asked_at))


def test_nor_does_the_writer(world: World) -> None:
    comment_id = world.comment(by="moderator")
    asked = world.enter("admin").post(f"/mod/comments/{comment_id}/erasure", {"reason": "other", "why": WHY})
    assert world.enter("moderator").post(f"/mod/erasures/{asked.json['id']}/confirmation").status_code == 403
    with reading() as session:
        assert session.get_one(Comment, comment_id).state == State.VISIBLE


def test_nor_does_an_author_of_the_article(world: World) -> None:
    """Authors do not judge their critics, whatever else they are."""
    with writing() as session:
        set_role(session, session.get_one(Account, world.ids["author"]), site_id=1, role=Role.MODERATOR)
    erasure_id = world.erasure(by="admin")
    assert world.enter("author").post(f"/mod/erasures/{erasure_id}/confirmation").status_code == 403
    assert world.enter("moderator").post(f"/mod/erasures/{erasure_id}/confirmation").status_code == 200


def test_the_log_has_who_asked_who_gave_up_and_who_confirmed(world: World) -> None:
    dropped = world.erasure(by="admin")
    assert world.enter("moderator").delete(f"/mod/erasures/{dropped}").status_code == 204
    confirmed = world.erasure(by="admin")
    assert world.enter("moderator").post(f"/mod/erasures/{confirmed}/confirmation").status_code == 200
    with reading() as session:
        rows = session.execute(select(LogEntry.event, LogEntry.actor_id, LogEntry.is_public).order_by(LogEntry.id)).all()
        admin, moderator = world.ids["admin"], world.ids["moderator"]
        assert [tuple(row) for row in rows] == [
            ("erasure_asked", admin, False),
            ("erasure_dropped", moderator, False),
            ("erasure_asked", admin, False),
            ("erase", moderator, True),
        ]
        assert log.verify(session, 1).faults == ()


def test_two_who_confirm_at_once_erase_once(world: World) -> None:
    with writing() as session:
        set_role(session, session.get_one(Account, world.ids["publisher"]), site_id=1, role=Role.MODERATOR)
    erasure_id = world.erasure(by="admin")
    answers: list[int] = []
    callers = [world.enter(who) for who in ("moderator", "publisher")]

    def confirm(caller: ApiClient) -> Callable[[], None]:
        return lambda: answers.append(caller.post(f"/mod/erasures/{erasure_id}/confirmation").status_code)

    all_at_once([confirm(caller) for caller in callers])
    assert sorted(answers) == [200, 409]
    with reading() as session:
        assert session.scalars(select(LogEntry.event).where(LogEntry.event == "erase")).all() == ["erase"]
        assert log.verify(session, 1).faults == ()


def test_one_erasure_waits_at_a_time(world: World) -> None:
    comment_id, admin = world.comment(), world.enter("admin")
    body = {"reason": "confidentiality", "why": WHY}
    assert admin.post(f"/mod/comments/{comment_id}/erasure", body).status_code == 201
    assert admin.post(f"/mod/comments/{comment_id}/erasure", body).status_code == 409
    assert admin.client.get("/mod").text.count('href="/mod/erasures">Erasures <b>1</b>') == 1


def test_what_is_given_up_stays(world: World) -> None:
    erasure_id = world.erasure(by="admin")
    moderator = world.enter("moderator")
    assert moderator.delete(f"/mod/erasures/{erasure_id}").status_code == 204
    assert moderator.delete(f"/mod/erasures/{erasure_id}").status_code == 204
    assert moderator.post(f"/mod/erasures/{erasure_id}/confirmation").status_code == 409
    assert moderator.get("/mod/erasures").json["items"] == []


@pytest.mark.parametrize("state", ["held", "screened", "removed", "withdrawn"])
def test_every_state_can_be_erased(world: World, state: str) -> None:
    comment_id = world.comment()
    ways: dict[str, Any] = {
        "screened": lambda: world.enter("member").post(f"/comments/{comment_id}/reports", {"reason": "confidentiality"}),
        "removed": lambda: world.decision(at=_item(world, comment_id)),
        "withdrawn": lambda: world.enter("writer").delete(f"/comments/{comment_id}"),
    }
    if state == "held":
        body = {"body_md": "You are a fucking idiot."}
        comment_id = world.enter("writer").post(f"/articles/{world.article_id}/comments", body).json["id"]
    else:
        ways[state]()
    with reading() as session:
        assert session.get_one(Comment, comment_id).state == state
    erase(world, comment_id)
    with reading() as session:
        comment = session.get_one(Comment, comment_id)
        assert (comment.state, comment.body_md) == ("erased", None)
        assert find_miscounts(session) == []
    assert world.enter("moderator").get("/mod/items").json["items"] == []


def _item(world: World, comment_id: int) -> tuple[int, int]:
    item = world.enter("moderator").post(f"/mod/comments/{comment_id}/items").json["item"]
    return item["id"], item["version"]


@pytest.mark.parametrize(
    ("sentence", "quotes"),
    [
        ("You wrote: “lives above  the BAKERY in Little”, which tells who it is.", True),
        ("It lives above the shop.", False),
        ("Nothing of it.", False),
        ("", False),
    ],
)
def test_what_counts_as_a_quotation(sentence: str, quotes: bool) -> None:
    assert (sentence in Quotes([SECRET]).among([sentence, "Another sentence."])) is quotes
    assert not Quotes(["A word."]).among(["She had a word. With me."])


def test_what_readers_can_read_is_no_quotation() -> None:
    quotes = Quotes(["Anna Weber came to me in March.", "Anna Weber"], unless=["[…] came to me in March."])
    named = "It says “anna weber came to me”."
    assert quotes.among(["It says that somebody came to me in March.", named]) == {named}


def test_the_pages_say_what_happens_first(world: World) -> None:
    comment_id = world.comment()
    admin, moderator = world.enter("admin"), world.enter("moderator")
    page = admin.client.get(f"/mod/comments/{comment_id}/erase").text
    assert "Nobody can bring it back" in page
    sent = {"csrf_token": admin.csrf, "reason": "confidentiality", "why": "Too short."}
    refused = admin.client.post(f"/mod/comments/{comment_id}/erase", data=sent)
    assert refused.status_code == 422
    assert "Too short." in refused.text
    assert admin.client.post(f"/mod/comments/{comment_id}/erase", data=sent | {"why": WHY}).status_code == 303
    assert "Destroy the text for good" not in admin.client.get("/mod/erasures").text
    waiting = moderator.client.get("/mod/erasures").text
    assert "Destroy the text for good" in waiting
    erasure_id = waiting.partition("/mod/erasures/")[2].partition("/")[0]
    assert moderator.client.post(f"/mod/erasures/{erasure_id}/confirm", data={"csrf_token": moderator.csrf}).status_code == 303
    with reading() as session:
        assert session.get_one(Comment, comment_id).state == State.ERASED
