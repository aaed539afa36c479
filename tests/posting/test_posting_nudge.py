"""A text that may identify a patient comes back to its writer before it is posted, with the passages marked; a token posts it, once, and only that text."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select

from forum.clock import now
from forum.comments.models import Comment
from forum.db.transaction import reading
from forum.moderation.models import Reconsideration, StoredFinding
from forum.posting.nudge import mark_passages
from tests.privacy.marks import tables_with
from tests.world import World, make_world

pytestmark = pytest.mark.postgresql_slow

ASKED = "A 52-year-old patient of mine in Ribbleton improved within a week."
HELD = "My patient Anna Weber, 43, from Little Snoring, has fibromyalgia; ring her on 07700 900123."
OWN = "I am 43 and have fibromyalgia."


@pytest.fixture
def world(app: Flask) -> World:
    return make_world(app)


def post(world: World, text: str, **fields: Any) -> Any:
    return world.enter("writer").post(f"/articles/{world.article_id}/comments", {"body_md": text, **fields})


def count_comments() -> int:
    with reading() as session:
        return session.scalar(select(func.count()).select_from(Comment)) or 0


def test_the_writer_is_asked_and_told_which_passages(world: World) -> None:
    answer = post(world, ASKED)
    assert (answer.status_code, answer.json["type"]) == (422, "/problems/please-reconsider")
    [finding] = answer.json["findings"]
    passages = [ASKED[span["start"] : span["end"]] for span in finding["spans"]]
    assert {"52-year-old", "Ribbleton"} <= set(passages), passages
    assert (finding["phase"], finding["code"]) == ("confidentiality", "may-identify-patient")
    assert "Ribbleton" not in answer.json["detail"]
    assert count_comments() == 0
    assert tables_with("Ribbleton") == set(), "nothing is stored of what was not posted"


def test_sent_again_with_the_token_it_is_posted_and_read_afterwards(world: World) -> None:
    token = post(world, ASKED).json["token"]
    answer = post(world, ASKED, reconsidered=token)
    assert (answer.status_code, answer.json["state"]) == (201, "visible")
    [row] = world.enter("moderator").get("/mod/items").json["items"]
    assert (row["comment"]["id"], row["lane"], row["origin"], row["reasons"]) == (answer.json["id"], 2, "screening", ["confidentiality"])
    with reading() as session:
        assert session.scalars(select(StoredFinding.outcome)).all() == ["nudge"]
        assert session.scalars(select(Comment.confidential)).all() == [True]


def test_a_token_is_good_once(world: World) -> None:
    token = post(world, ASKED).json["token"]
    assert post(world, ASKED, reconsidered=token).status_code == 201
    again = post(world, ASKED, reconsidered=token)
    assert again.status_code == 422
    assert again.json.get("token") != token


def test_a_token_is_for_one_text_one_place_and_one_person(world: World) -> None:
    token = post(world, ASKED).json["token"]
    root = world.comment(by="member")
    other = world.enter("member").post(f"/articles/{world.article_id}/comments", {"body_md": ASKED, "reconsidered": token})
    for answer in (
        post(world, ASKED.replace("52", "53"), reconsidered=token),
        post(world, ASKED, reconsidered=token, parent_id=root),
        post(world, ASKED, reconsidered=token[:-2]),
        post(world, ASKED, reconsidered="x"),
        post(world, ASKED, reconsidered=""),
        other,
    ):
        assert answer.json["type"] == "/problems/please-reconsider"
    assert post(world, ASKED, reconsidered=token).status_code == 201


def test_a_token_lasts_an_hour(world: World) -> None:
    token = post(world, ASKED).json["token"]
    with time_machine.travel(now() + timedelta(minutes=61)):
        assert post(world, ASKED, reconsidered=token).status_code == 422


def test_used_tokens_are_forgotten_when_they_are_worth_nothing(world: World) -> None:
    assert post(world, ASKED, reconsidered=post(world, ASKED).json["token"]).status_code == 201
    with time_machine.travel(now() + timedelta(hours=2)):
        text = ASKED.replace("Ribbleton", "Fishwick")
        assert post(world, text, reconsidered=post(world, text).json["token"]).status_code == 201
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(Reconsideration)) == 1


def test_what_plainly_identifies_somebody_waits_for_a_moderator_at_once(world: World) -> None:
    answer = post(world, HELD)
    assert (answer.status_code, answer.json["state"]) == (202, "held")
    [row] = world.enter("moderator").get("/mod/items").json["items"]
    assert (row["lane"], row["masked"], row["comment"]["excerpt"]) == (0, True, None)


def test_people_speak_about_themselves(world: World) -> None:
    assert post(world, OWN).status_code == 201


@pytest.mark.parametrize("who", ["author", "moderator"])
def test_nobody_is_above_being_asked(world: World, who: str) -> None:
    answer = world.enter(who).post(f"/articles/{world.article_id}/comments", {"body_md": ASKED})
    assert answer.json["type"] == "/problems/please-reconsider"


def test_an_edit_is_asked_about_as_well(world: World) -> None:
    comment_id = world.comment()
    writer = world.enter("writer")
    answer = writer.patch(f"/comments/{comment_id}", {"body_md": ASKED})
    assert answer.json["type"] == "/problems/please-reconsider"
    assert writer.get(f"/comments/{comment_id}").json["body_md"] == "A word."
    changed = writer.patch(f"/comments/{comment_id}", {"body_md": ASKED, "reconsidered": answer.json["token"]})
    assert (changed.status_code, changed.json["body_md"]) == (200, ASKED)
    # The text stands: another stance is no reason to ask again.
    assert writer.patch(f"/comments/{comment_id}", {"stance": "skepticism"}).status_code == 200


def test_a_repeated_request_is_answered_from_what_was_kept(world: World) -> None:
    token = post(world, ASKED).json["token"]
    body = {"body_md": ASKED, "reconsidered": token}
    writer, path = world.enter("writer"), f"/articles/{world.article_id}/comments"
    first = writer.request("POST", path, body, headers={"Idempotency-Key": "one"})
    second = writer.request("POST", path, body, headers={"Idempotency-Key": "one"})
    assert (first.status_code, second.status_code, second.json["id"]) == (201, 201, first.json["id"])
    assert count_comments() == 1


def test_the_composer_marks_the_passages_and_keeps_what_was_typed(world: World) -> None:
    writer = world.enter("writer")
    slug = writer.get(f"/articles/{world.article_id}").json["slug"]
    sent = {"csrf_token": writer.csrf, "body_md": ASKED, "stance": "agreement"}
    asked = writer.client.post(f"/a/{slug}/comments", data=sent)
    assert asked.status_code == 422
    assert "<mark>52-year-old</mark>" in asked.text
    assert "<mark>Ribbleton</mark>" in asked.text
    assert f"{ASKED}</textarea>" in asked.text
    assert 'value="agreement" checked' in asked.text
    token = asked.text.partition('name="reconsidered" value="')[2].partition('"')[0]
    # Without the box the same comes back: a token alone says nothing.
    again = writer.client.post(f"/a/{slug}/comments", data=sent | {"reconsidered": token})
    assert again.status_code == 422
    token = again.text.partition('name="reconsidered" value="')[2].partition('"')[0]
    posted = writer.client.post(f"/a/{slug}/comments", data=sent | {"reconsidered": token, "attested": "1"})
    assert posted.status_code == 303
    assert count_comments() == 1


def test_the_form_of_an_edit_does_the_same(world: World) -> None:
    comment_id = world.comment()
    writer = world.enter("writer")
    sent = {"csrf_token": writer.csrf, "body_md": ASKED, "version": "1"}
    asked = writer.client.post(f"/c/{comment_id}/edit", data=sent)
    assert asked.status_code == 422
    assert "<mark>Ribbleton</mark>" in asked.text
    token = asked.text.partition('name="reconsidered" value="')[2].partition('"')[0]
    assert writer.client.post(f"/c/{comment_id}/edit", data=sent | {"reconsidered": token, "attested": "1"}).status_code == 303


def test_passages_that_overlap_are_marked_once() -> None:
    marked = mark_passages("abcdef", [(3, 5), (1, 4), (2, 2)])
    assert [(one.text, one.is_marked) for one in marked] == [("a", False), ("bcd", True), ("e", True), ("f", False)]
