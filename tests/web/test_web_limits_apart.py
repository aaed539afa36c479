"""Limits with a Redis: the same answers as without, no write for who does not give up, and a database that takes over when it is away."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import Context
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from sqlalchemy import event, func, select

from forum.access.permissions import Scope
from forum.db.base import db
from forum.db.transaction import reading, writing
from forum.db.valkey import SHUT, find_valkey
from forum.refusals import Kind, Refusal
from forum.web.limits import charge
from forum.web.models import RateLimit
from tests.web.redis_server import RedisServer, has_redis
from tests.world import make_world

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not has_redis(), reason="needs redis-server (make redis)")]
START = datetime(2026, 7, 1, tzinfo=UTC)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    """A running Redis."""
    made = RedisServer(tmp_path)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def limited(make_app: Callable[..., Flask], server: RedisServer) -> Iterator[Callable[..., Flask]]:
    """Return a function that makes an application with rates and that Redis; its context is open for the test."""
    contexts = []

    def limit(**rates: str) -> Flask:
        app = make_app(rate_limits="on", redis_url=server.url, **rates)
        contexts.append(app.app_context())
        contexts[-1].push()
        return app

    yield limit
    for context in contexts:
        db.session.remove()
        context.pop()


def try_one(name: str = "preview_rate", key: str = "7") -> int | None:
    """Charge one event; return the seconds to wait when it is refused."""
    try:
        with writing() as session:
            charge(session, name, key)
    except Refusal as refusal:
        return refusal.retry_after if refusal.kind is Kind.RATE_LIMITED else -1
    return None


def count_rows() -> int:
    with reading() as session:
        return session.scalar(select(func.count()).select_from(RateLimit)) or 0


@pytest.mark.parametrize("name", ["preview_rate", "comment_rate"])
def test_the_same_answers_as_the_rows(limited: Callable[..., Flask], name: str) -> None:
    limited(**{name: "4/60s 6/d"})
    with time_machine.travel(START, tick=False) as clock:
        assert [try_one(name) for _ in range(5)] == [None] * 4 + [15]
        clock.move_to(START + timedelta(seconds=14))
        assert try_one(name) == 1
        clock.move_to(START + timedelta(seconds=15))
        assert [try_one(name), try_one(name)] == [None, 15]
        clock.move_to(START + timedelta(minutes=10))
        assert [try_one(name), try_one(name), try_one(name, "8")] == [None, 86_400 // 6 - 600, None]
    assert (count_rows() == 0) is (name == "preview_rate")


def test_a_clock_set_back_locks_nobody_out(limited: Callable[..., Flask]) -> None:
    limited(preview_rate="1/60s", comment_rate="1/60s")
    for name in ("preview_rate", "comment_rate"):
        with time_machine.travel(START, tick=False) as clock:
            assert [try_one(name), try_one(name)] == [None, 60]
            clock.move_to(START - timedelta(days=365))
            assert [try_one(name), try_one(name)] == [None, 60]


def test_who_does_not_give_up_costs_the_database_nothing(limited: Callable[..., Flask]) -> None:
    limited(sign_in_rate="2/5m", preview_rate="2/5m")
    for name in ("sign_in_rate", "preview_rate"):
        assert [try_one(name), try_one(name)] == [None, None]
        assert try_one(name)
    statements: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
    assert all(try_one(name) for name in ("sign_in_rate", "preview_rate") for _ in range(10))
    assert statements == []


def test_what_is_rolled_back_is_given_back(limited: Callable[..., Flask]) -> None:
    limited(preview_rate="2/d")
    for _ in range(5):
        with suppress(LookupError), writing() as session:
            charge(session, "preview_rate", "7")
            raise LookupError
    assert [try_one(), try_one()] == [None, None]
    assert try_one()


def test_of_many_at_once_no_more_than_the_limit_get_in(limited: Callable[..., Flask]) -> None:
    app = limited(preview_rate="10/d")

    def send(_: int) -> int | None:
        with app.app_context():
            return try_one()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: Context().run(send, number), range(60)))
    assert answers.count(None) == 10


@pytest.mark.parametrize("trouble", ["gone", "frozen", "full"])
def test_the_database_takes_over_and_hands_back(limited: Callable[..., Flask], server: RedisServer, trouble: str) -> None:
    limited(preview_rate="2/d", sign_in_rate="2/d")
    with time_machine.travel(START, tick=False) as clock:
        assert [try_one("sign_in_rate"), try_one("sign_in_rate")] == [None, None]
        assert try_one("sign_in_rate")
        begin: dict[str, Callable[[], None]] = {"gone": server.stop, "frozen": server.freeze, "full": lambda: server.bound(1)}
        begin[trouble]()
        assert try_one("sign_in_rate"), "who tries passwords gains nothing"
        assert [try_one(), try_one()] == [None, None]
        assert try_one(), "the rows keep the limit"
        assert count_rows() == 2
        end: dict[str, Callable[[], None]] = {"gone": server.start, "frozen": server.thaw, "full": lambda: server.bound(0)}
        end[trouble]()
        clock.shift(SHUT)
        assert try_one(key="9") is None
        assert count_rows() == 2, "it is counted there again"


def test_an_emptied_one_lets_nobody_try_more_passwords(limited: Callable[..., Flask], server: RedisServer) -> None:
    limited(sign_in_rate="2/d")
    assert [try_one("sign_in_rate"), try_one("sign_in_rate")] == [None, None]
    assert try_one("sign_in_rate")
    server.client.flushall()
    assert try_one("sign_in_rate")


def test_comments_are_read_and_posted_while_it_is_away(limited: Callable[..., Flask], server: RedisServer) -> None:
    world = make_world(limited())
    comment = world.comment()
    token = {"Authorization": f"Bearer {world.token('writer', Scope.COMMENT).token}"}
    server.freeze()
    client = world.app.test_client()
    posted = Context().run(client.post, f"/api/v1/articles/{world.article_id}/comments", json={"body_md": "Still."}, headers=token)
    edited = Context().run(client.patch, f"/api/v1/comments/{comment}", json={"body_md": "Edited."}, headers=token)
    read = Context().run(client.get, f"/api/v1/articles/{world.article_id}/comments")
    assert (posted.status_code, edited.status_code, read.status_code) == (201, 200, 200)
    server.thaw()


def test_none_is_used_where_none_is_set(app: Flask) -> None:
    assert find_valkey() is None
