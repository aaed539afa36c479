"""Every place where a text can come to stand, one by one: it is found there before, and nowhere after; and what is not the text stays as it was."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from forum.comments.models import Comment
from forum.comments.queries import lock_place
from forum.db.transaction import reading, writing
from forum.moderation.actors import Actor, ActorKind
from forum.moderation.models import Decision, ModeratorNote, StoredFinding
from forum.privacy.erasing import erase
from forum.privacy.forgetting import FORGOTTEN, FORGOTTEN_BY_RULE
from forum.redress.models import Appeal
from forum.sanctions.models import Sanction
from forum.web.models import StoredAnswer
from tests.conftest import Reply
from tests.privacy.marks import tables_with
from tests.stances.recount import find_miscounts
from tests.world import World, make_world

MARK = "Zinnober"
SECRET = f"{MARK} lives above the bakery in Little Snoring."
STATEMENT = "A sentence for the writer that says in more than forty characters what was decided."
QUOTING = f"You wrote “{SECRET}”, which tells readers who that is. Please do not."
KEYED = {"Idempotency-Key": "once"}


@pytest.fixture
def world(app: Flask) -> World:
    return make_world(app)


def written(world: World, text: str = SECRET) -> int:
    answer = world.enter("writer").post(f"/articles/{world.article_id}/comments", {"body_md": text})
    assert answer.status_code in (201, 202), answer.text
    return int(answer.json["id"])


def case(world: World, comment_id: int) -> dict[str, Any]:
    found: dict[str, Any] = world.enter("moderator").post(f"/mod/comments/{comment_id}/items").json["item"]
    return found


def decide(world: World, comment_id: int, **order: Any) -> Reply:
    item = case(world, comment_id)
    sent = {"action": "remove", "reason": "confidentiality", "statement": STATEMENT, "version": item["version"], **order}
    answer = world.enter("moderator").post(f"/mod/items/{item['id']}/decisions", sent, headers=KEYED)
    assert answer.status_code == 201, answer.text
    return answer


def sent(answer: Reply) -> Reply:
    assert answer.status_code in (200, 201, 204), answer.text
    return answer


def in_a_sanction(world: World, comment_id: int) -> None:
    decide(world, comment_id, sanction={"kind": "mute", "statement": QUOTING})
    with writing() as session:
        session.scalars(select(Sanction)).one().note = f"See: {SECRET}"
    with reading() as session:
        sanction_id = session.scalars(select(Sanction.id)).one()
    filed = world.enter("writer").post(f"/sanctions/{sanction_id}/appeals", {"body": f"But {SECRET}"}, headers=KEYED)
    asked = world.enter("admin").post(
        f"/appeals/{sent(filed).json['id']}/question", {"question": f"Is it true that {SECRET}"}, headers=KEYED
    )
    sent(asked)
    sent(
        world.enter("writer").post(
            f"/appeals/{filed.json['id']}/answer", {"answer": f"Yes: {SECRET}"}, headers={"Idempotency-Key": "again"}
        )
    )


def in_an_appeal(world: World, comment_id: int) -> None:
    filed = sent(world.enter("writer").post(f"/decisions/{decide(world, comment_id).json['id']}/appeals", {"body": "It is not so."}))
    verdict = {"outcome": "uphold", "reasons": QUOTING, "version": filed.json["version"]}
    sent(world.enter("admin").post(f"/appeals/{filed.json['id']}/decision", verdict, headers=KEYED))


def in_an_erasure_given_up(world: World, comment_id: int) -> None:
    why = {"reason": "confidentiality", "why": QUOTING}
    asked = world.enter("admin").post(f"/mod/comments/{comment_id}/erasure", why, headers=KEYED)
    sent(world.enter("moderator").delete(f"/mod/erasures/{sent(asked).json['id']}"))


def in_a_batch(world: World, comment_id: int) -> None:
    item = case(world, comment_id)
    order = {"action": "no_action", "reason": "within_rules", "note": SECRET, "items": [{"id": item["id"], "version": item["version"]}]}
    sent(world.enter("moderator").post("/mod/batches", order, headers=KEYED))


def in_answers(world: World, comment_id: int) -> None:
    moderator, path = world.enter("moderator"), f"/articles/{world.article_id}/comments"
    item = sent(moderator.post(f"/mod/comments/{comment_id}/items", headers={"Idempotency-Key": "case"})).json["item"]
    sent(moderator.post(f"/mod/items/{item['id']}/reveal", headers={"Idempotency-Key": "reveal"}))
    reply = sent(world.enter("member").post(path, {"body_md": "A reply.", "parent_id": comment_id})).json["id"]
    sent(moderator.post(f"/mod/comments/{reply}/items", headers={"Idempotency-Key": "below"}))
    preview = {"action": "no_action", "reason": "within_rules", "preview": True, "items": [{"id": item["id"], "version": item["version"]}]}
    sent(moderator.post("/mod/batches", preview, headers={"Idempotency-Key": "preview"}))


def in_a_note(world: World, comment_id: int) -> None:
    sent(world.enter("moderator").post("/mod/accounts/writer/notes", {"body": f"Wrote that {SECRET}"}, headers=KEYED))


def in_a_line_below(world: World, comment_id: int) -> None:
    decide(world, comment_id, action="notice", notice=f"About “{SECRET}”: please ask a doctor.")
    with writing() as session:
        session.get_one(Comment, comment_id).featured = SECRET


def in_changes(world: World, comment_id: int) -> None:
    writer = world.enter("writer")
    for text in (f"{MARK}, again.", f"{MARK}, you are a fucking idiot.", f"{MARK}, you are a fucking idiot, once more."):
        assert writer.patch(f"/comments/{comment_id}", {"body_md": text}).status_code in (200, 202)


PLACES: dict[str, tuple[Callable[[World, int], None], set[str]]] = {
    "a sanction": (in_a_sanction, {"sanctions.statement", "sanctions.note", "appeals.body", "appeals.question", "appeals.answer"}),
    "an appeal": (in_an_appeal, {"appeals.reasons", "stored_answers.body"}),
    "an erasure given up": (in_an_erasure_given_up, {"erasures.why", "stored_answers.body"}),
    "a batch": (in_a_batch, {"decisions.note"}),
    "answers kept": (in_answers, {"stored_answers.body"}),
    "a note": (in_a_note, {"moderator_notes.body", "stored_answers.body"}),
    "a line below": (in_a_line_below, {"comments.notice", "comments.featured", "decisions.notice"}),
    "changes": (in_changes, {"revisions.body_md", "revisions.body_html"}),
}


@pytest.mark.parametrize("place", PLACES)
def test_it_is_gone_from(world: World, place: str) -> None:
    bring, columns = PLACES[place]
    comment_id = written(world)
    bring(world, comment_id)
    assert tables_with(MARK) >= columns
    with writing() as session:
        erase(session, lock_place(session, comment_id), Actor(ActorKind.ADMIN, world.ids["admin"]))
    assert tables_with(MARK) == set()
    with reading() as session:
        assert find_miscounts(session) == []


def test_a_rule_does_not_go_on_naming_what_it_found(world: World) -> None:
    comment_id = written(world, f"See https://{MARK.lower()}.example/ for more of it.")
    with reading() as session:
        held = session.scalars(select(Decision)).one()
        assert (held.rule, f"{MARK.lower()}.example" in held.statement) == ("links", True)
        assert session.scalar(select(func.count()).select_from(StoredFinding)) == 1
    with writing() as session:
        erase(session, lock_place(session, comment_id), Actor(ActorKind.ADMIN, world.ids["admin"]))
    assert tables_with(MARK.lower()) == set()
    with reading() as session:
        statements = session.scalars(select(Decision.statement).order_by(Decision.id)).all()
        assert statements[0] == FORGOTTEN_BY_RULE
        assert session.scalar(select(func.count()).select_from(StoredFinding)) == 0


def test_what_does_not_quote_it_stays_word_for_word(world: World) -> None:
    comment_id = written(world)
    decision_id = decide(world, comment_id).json["id"]
    sent(world.enter("moderator").post("/mod/accounts/writer/notes", {"body": "Answers kindly when asked."}))
    sent(world.enter("writer").post(f"/decisions/{decision_id}/appeals", {"body": "Nobody could know who that is."}))
    with writing() as session:
        erase(session, lock_place(session, comment_id), Actor(ActorKind.ADMIN, world.ids["admin"]))
    with reading() as session:
        assert session.get_one(Decision, decision_id).statement == STATEMENT
        assert session.scalars(select(ModeratorNote.body)).one() == "Answers kindly when asked."
        assert session.scalars(select(Appeal.body)).one() == "Nobody could know who that is."


def test_what_takes_its_place_is_long_enough_for_the_database() -> None:
    assert min(len(FORGOTTEN), len(FORGOTTEN_BY_RULE)) >= 40


def test_others_keep_what_they_wrote_themselves(world: World) -> None:
    comment_id = written(world)
    answer = {"body_md": f"> {SECRET}\n\nIs that so?", "parent_id": comment_id}
    reply = sent(world.enter("member").post(f"/articles/{world.article_id}/comments", answer)).json["id"]
    with writing() as session:
        erase(session, lock_place(session, comment_id), Actor(ActorKind.ADMIN, world.ids["admin"]))
    assert SECRET in world.enter("visitor").get(f"/comments/{reply}").json["body_md"]


def test_a_request_that_is_sent_again_posts_nothing_again(world: World) -> None:
    writer, path = world.enter("writer"), f"/articles/{world.article_id}/comments"
    first = sent(writer.post(path, {"body_md": SECRET}, headers=KEYED))
    other = sent(world.enter("member").post(path, {"body_md": "Something else."}, headers=KEYED))
    with writing() as session:
        erase(session, lock_place(session, first.json["id"]), Actor(ActorKind.ADMIN, world.ids["admin"]))
    again = writer.post(path, {"body_md": SECRET}, headers=KEYED)
    assert (again.status_code, again.data, again.headers["Idempotency-Replayed"]) == (201, b"", "true")
    assert again.headers["Location"] == first.headers["Location"]
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(Comment)) == 2
    kept = world.enter("member").post(path, {"body_md": "Something else."}, headers=KEYED)
    assert kept.json == other.json, "what has nothing to do with it is replayed as before"


def test_expired_answers_go_as_well(world: World) -> None:
    comment_id = written(world)
    sent(world.enter("member").post(f"/articles/{world.article_id}/comments", {"body_md": "Something else."}, headers=KEYED))
    with writing() as session:
        session.execute(update(StoredAnswer).values(created_at=session.get_one(Comment, comment_id).created_at.replace(year=2020)))
        erase(session, lock_place(session, comment_id), Actor(ActorKind.ADMIN, world.ids["admin"]))
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(StoredAnswer)) == 0


def test_a_pinned_comment_does_not_stay_on_top(world: World) -> None:
    comment_id = written(world)
    with writing() as session:
        session.get_one(Comment, comment_id).lead = 2
    with writing() as session:
        erase(session, lock_place(session, comment_id), Actor(ActorKind.ADMIN, world.ids["admin"]))
    with reading() as session:
        assert session.get_one(Comment, comment_id).lead == 0
