"""Idempotency-Key: one effect and one answer for a key, whoever repeats it and whenever it breaks, on both databases."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select

from forum.access.permissions import Scope
from forum.accounts.models import Account, ApiToken
from forum.articles.models import Article
from forum.comments.models import Comment
from forum.db.base import Base
from forum.db.transaction import reading
from forum.web import idempotency
from forum.web.models import StoredAnswer
from tests.access.test_access_doors import MAY
from tests.conftest import PASSWORD
from tests.world import GOOD, World, api_doors, make_world, unique

KEY = {"Idempotency-Key": "b1946ac9-2492-4d23"}


@pytest.fixture
def world(app: Flask) -> World:
    return make_world(app)


def count(table: type[Base]) -> int:
    with reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_every_post_replays_its_answer(world: World) -> None:
    for door in api_doors(world.app):
        if door.method != "POST":
            continue
        may = MAY[door.endpoint][0]
        who = "admin" if "admin" in may else may[-1]
        sent = GOOD[door.endpoint](world, who)
        headers = {"Idempotency-Key": unique("key").replace(" ", "-")}
        callers = [world.enter(who) for _ in range(3)]
        first, second, third = (sent.by(caller, "POST", headers) for caller in callers)
        assert first.status_code in door.answers, first.text
        assert "Idempotency-Replayed" not in first.headers
        for replay in (second, third):
            assert (replay.status_code, replay.headers["Idempotency-Replayed"]) == (first.status_code, "true"), door.endpoint
            assert replay.headers.get("Location") == first.headers.get("Location")
            assert (replay.mimetype, replay.headers["Cache-Control"]) == ("application/json", "no-store")
            assert bool(replay.data) == bool(first.data)
            if not first.data:
                continue
            # What is signed anew each time, or shown once.
            secret = {"token", "csrf_token", "preview", "secret", "address"}
            assert {k: v for k, v in replay.json.items() if k not in secret} == {k: v for k, v in first.json.items() if k not in secret}


def test_a_replay_makes_nothing_again(world: World) -> None:
    writer = world.enter("writer")
    path, body = f"/articles/{world.article_id}/comments", {"body_md": "Once."}
    ids = {writer.post(path, body, headers=KEY).json["id"] for _ in range(3)}
    assert (len(ids), count(Comment)) == (1, 1)
    with reading() as session:
        assert session.get_one(Article, world.article_id).comment_count == 1


def test_signing_up_again_with_the_key_is_not_refused_as_taken(world: World) -> None:
    visitor = world.enter("visitor")
    body = {"handle": "nora", "email": "nora@example.org", "password": PASSWORD}
    first, again = visitor.post("/accounts", body, headers=KEY), visitor.post("/accounts", body, headers=KEY)
    assert (first.status_code, again.status_code, again.data) == (201, 201, first.data)
    assert visitor.post("/accounts", body).status_code == 422, "without the key the handle is taken"


def test_signing_in_again_with_the_key_signs_in(world: World) -> None:
    body = {"login": "member", "password": PASSWORD}
    assert world.enter("visitor").post("/session", body, headers=KEY).status_code == 200
    later = world.enter("visitor")
    answer = later.post("/session", body, headers=KEY)
    assert answer.headers["Idempotency-Replayed"] == "true"
    later.csrf = answer.json["csrf_token"]
    assert later.patch("/me", {"display_name": "Mem"}).status_code == 200
    assert world.enter("visitor").post("/session", body | {"password": "a wrong one"}, headers=KEY).status_code == 401


def test_secrets_are_not_kept(world: World) -> None:
    member = world.enter("member")
    body = {"name": "Script", "scopes": ["read"]}
    made = member.post("/me/tokens", body, headers=KEY).json
    assert member.post("/me/tokens", body, headers=KEY).json == made | {"token": None}
    csrf = world.enter("visitor").post("/session", {"login": "member", "password": PASSWORD}, headers=KEY).json["csrf_token"]
    with reading() as session:
        kept = b"".join(session.scalars(select(StoredAnswer.body)))
        assert session.scalar(select(func.count()).select_from(ApiToken)) == 1
    for secret in (made["token"], csrf, PASSWORD):
        assert secret.encode() not in kept


@pytest.mark.parametrize("change", ["body", "path", "query"])
def test_a_key_stands_for_one_request(world: World, change: str) -> None:
    writer = world.enter("writer")
    path = f"/articles/{world.article_id}/comments"
    assert writer.post(path, {"body_md": "One."}, headers=KEY).status_code == 201
    other = f"/articles/{world.article()}/comments" if change == "path" else path + ("?x=1" if change == "query" else "")
    answer = writer.post(other, {"body_md": "Two." if change == "body" else "One."}, headers=KEY)
    assert (answer.status_code, answer.json["type"]) == (422, "/problems/idempotency-key-reused")
    assert count(Comment) == 1


@pytest.mark.parametrize(
    ("key", "status"),
    [("", 422), (" ", 422), ("a b", 422), ("x" * 200, 201), ("x" * 201, 422), ("é", 422), ('"quoted"', 201), ("a\tb", 422)],
)
def test_a_key_is_one_word(world: World, key: str, status: int) -> None:
    answer = world.enter("writer").post(
        f"/articles/{world.article_id}/comments", {"body_md": "A word."}, headers={"Idempotency-Key": key.encode().decode("latin-1")}
    )
    assert answer.status_code == status


def test_a_key_is_its_callers_own(world: World) -> None:
    path, body = f"/articles/{world.article_id}/comments", {"body_md": "The same words."}
    answers = [
        caller.post(path, body, headers=KEY)
        for caller in (world.enter("writer"), world.enter("member"), world.token("author", Scope.COMMENT))
    ]
    assert [answer.json["author"]["handle"] for answer in answers] == ["writer", "member", "author"]


def test_what_was_refused_is_not_kept(world: World) -> None:
    writer = world.enter("writer")
    path = f"/articles/{world.article_id}/comments"
    assert writer.post(path, {"body_md": " "}, headers=KEY).status_code == 422
    assert writer.post(path, {"body_md": "Now with words."}, headers=KEY).status_code == 201


def test_a_key_is_free_again_after_24_hours(world: World) -> None:
    writer = world.token("writer", Scope.COMMENT)
    path, start = f"/articles/{world.article_id}/comments", datetime(2026, 3, 1, tzinfo=UTC)
    seen = []
    for hours in (0, 23.9, 24.1):
        with time_machine.travel(start + timedelta(hours=hours), tick=False):
            seen.append(writer.post(path, {"body_md": "Again."}, headers=KEY).headers.get("Idempotency-Replayed"))
    assert seen == [None, "true", None]
    assert (count(Comment), count(StoredAnswer)) == (2, 1)


def test_a_crash_between_the_effect_and_its_answer_leaves_neither(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = world.enter("writer")
    path, body = f"/articles/{world.article_id}/comments", {"body_md": "Either both or neither."}

    def crash(*_: object, **__: object) -> None:
        raise RuntimeError("pulled the plug")

    with monkeypatch.context() as patch:
        patch.setattr(idempotency, "store", crash)
        answer = writer.post(path, body, headers=KEY)
        assert (answer.status_code, answer.json["type"]) == (500, "/problems/internal")
        assert "plug" not in answer.text
    assert (count(Comment), count(StoredAnswer)) == (0, 0)
    assert writer.post(path, body, headers=KEY).status_code == 201
    assert (count(Comment), count(StoredAnswer)) == (1, 1)


@pytest.mark.parametrize("in_one_process", [True, False])
def test_a_hundred_at_once_are_one(world: World, monkeypatch: pytest.MonkeyPatch, in_one_process: bool) -> None:
    if not in_one_process:
        # Other processes do not see this one's running keys: there the row alone decides.
        monkeypatch.setattr(idempotency, "_running", Forgetful())
    token = world.token("writer", Scope.COMMENT).token
    path = f"/api/v1/articles/{world.article_id}/comments"

    def send(_: int) -> tuple[int, bytes]:
        answer = Context().run(
            world.app.test_client().post, path, json={"body_md": "Double click."}, headers=KEY | {"Authorization": f"Bearer {token}"}
        )
        return answer.status_code, answer.data

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(send, range(100)))
    statuses = Counter(status for status, _ in answers)
    assert set(statuses) <= ({201, 409} if in_one_process else {201}), statuses
    assert len({body for status, body in answers if status == 201}) == 1
    assert (count(Comment), count(StoredAnswer), count(Account)) == (1, 1, 6)


class Forgetful(set[tuple[str, str]]):
    """A set that forgets at once what it is given."""

    def add(self, item: tuple[str, str]) -> None:
        """Forget it."""
