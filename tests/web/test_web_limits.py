"""Rate limits: so many at once and then one by one, in the database, so that they hold wherever a caller is answered."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select

from forum.access.permissions import Scope
from forum.comments.models import Comment
from forum.db.transaction import reading, writing
from forum.db.upsert import insert_if_absent
from forum.refusals import Kind, Refusal
from forum.web import limits
from forum.web.context import SETTINGS
from forum.web.limits import charge, forget_spent, network_of
from forum.web.models import RateLimit
from tests.world import World, make_world

START = datetime(2026, 7, 1, tzinfo=UTC)


@pytest.fixture
def limited(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Flask]:
    """Return a function that sets rates for one test and switches limits on."""

    def limit(**rates: str) -> Flask:
        monkeypatch.setitem(app.extensions, SETTINGS, msgspec.structs.replace(app.extensions[SETTINGS], rate_limits="on", **rates))
        return app

    return limit


def try_one(name: str = "comment_rate", key: str = "7") -> int | None:
    """Charge one event; return the seconds to wait when it is refused."""
    try:
        with writing() as session:
            charge(session, name, key)
    except Refusal as refusal:
        return refusal.retry_after if refusal.kind is Kind.RATE_LIMITED else -1
    return None


def test_a_burst_and_then_one_by_one(limited: Callable[..., Flask]) -> None:
    limited(comment_rate="4/60s")
    with time_machine.travel(START, tick=False) as clock:
        assert [try_one() for _ in range(5)] == [None] * 4 + [15]
        clock.move_to(START + timedelta(seconds=14))
        assert try_one() == 1
        clock.move_to(START + timedelta(seconds=15))
        assert [try_one(), try_one()] == [None, 15]
        clock.move_to(START + timedelta(minutes=10))
        assert [try_one() for _ in range(5)] == [None] * 4 + [15], "waiting longer saves nothing up beyond the burst"


def test_the_strictest_of_several_rates_decides_and_a_refusal_costs_nothing(limited: Callable[..., Flask]) -> None:
    limited(comment_rate="2/10s 3/d")
    with time_machine.travel(START, tick=False) as clock:
        assert [try_one(), try_one()] == [None, None]
        assert try_one() == 5
        clock.move_to(START + timedelta(seconds=5))
        assert try_one() is None
        clock.move_to(START + timedelta(minutes=5))
        waits = {try_one() for _ in range(20)}
        assert waits == {86_400 // 3 - 300}, "twenty refusals have moved nothing"


def test_buckets_are_apart(limited: Callable[..., Flask]) -> None:
    limited(comment_rate="1/d", edit_rate="1/d")
    assert [try_one(), try_one(key="8"), try_one("edit_rate")] == [None, None, None]
    assert None not in (try_one(), try_one(key="8"), try_one("edit_rate"))


def test_a_clock_set_back_locks_nobody_out(limited: Callable[..., Flask]) -> None:
    limited(comment_rate="1/60s")
    with time_machine.travel(START, tick=False) as clock:
        assert try_one() is None
        clock.move_to(START - timedelta(minutes=5))
        assert try_one() == 360, "a server whose clock is five minutes behind another's keeps to the same bucket"
        clock.move_to(START - timedelta(days=365))
        assert [try_one(), try_one()] == [None, 60]


def test_off_means_off(app: Flask) -> None:
    assert [try_one() for _ in range(50)] == [None] * 50
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(RateLimit)) == 0


def test_spent_buckets_are_forgotten_and_others_kept(limited: Callable[..., Flask]) -> None:
    limited(comment_rate="1/60s", edit_rate="1/d")
    with time_machine.travel(START, tick=False) as clock:
        assert [try_one(), try_one("edit_rate")] == [None, None]
        clock.move_to(START + timedelta(seconds=61))
        with writing() as session:
            assert forget_spent(session) == 1
        assert try_one() is None
        assert try_one("edit_rate") is not None


def test_a_bucket_that_is_forgotten_in_between_is_made_again(limited: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch) -> None:
    limited(comment_rate="2/d")
    calls: list[str] = []
    insert = insert_if_absent

    def first_one_vanishes(session: object, table: object, **values: object) -> bool:
        calls.append("insert")
        # As when another request deletes the row after this one found it there.
        return True if len(calls) == 1 else insert(session, table, **values)  # type: ignore[arg-type]

    monkeypatch.setattr(limits, "insert_if_absent", first_one_vanishes)
    assert try_one() is None
    assert len(calls) == 2


def test_of_many_at_once_no_more_than_the_limit_get_in(limited: Callable[..., Flask]) -> None:
    app = limited(comment_rate="10/d")
    world = make_world(app)
    token = world.token("writer", Scope.COMMENT).token
    articles = [world.article_id, world.article()]

    def send(number: int) -> tuple[int, str | None]:
        path = f"/api/v1/articles/{articles[number % 2]}/comments"
        answer = Context().run(app.test_client().post, path, json={"body_md": f"{number}"}, headers={"Authorization": f"Bearer {token}"})
        return answer.status_code, answer.headers.get("Retry-After")

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(send, range(40)))
    assert [status for status, _ in answers].count(201) == 10
    assert {status for status, _ in answers} == {201, 429}
    assert all(wait and int(wait) > 0 for status, wait in answers if status == 429)
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(Comment)) == 10


def test_tags_are_limited_by_account_and_changes_by_comment(limited: Callable[..., Flask]) -> None:
    world = make_world(limited(tag_rate="5/10m", tag_change_rate="2/h"))
    first, second = world.comment(), world.comment()
    stances = ["agreement", "skepticism", "agreement", "skepticism"]
    with time_machine.travel(START, tick=False):
        member = world.enter("member")
        assert [member.put(f"/comments/{first}/tag", {"stance": stance}).status_code for stance in stances] == [200, 200, 200, 429]
        assert member.put(f"/comments/{first}/tag", {"stance": "agreement"}).status_code == 200, "the same again is no change"
        assert member.put(f"/comments/{second}/tag", {"stance": "agreement"}).status_code == 200
        assert member.delete(f"/comments/{second}/tag").status_code == 204
        assert member.put(f"/comments/{second}/tag", {"stance": "agreement"}).status_code == 429


def test_edits_and_profile_changes_are_limited(limited: Callable[..., Flask]) -> None:
    world: World = make_world(limited(edit_rate="3/d"))
    comment, writer = world.comment(), world.enter("writer")
    changes = [
        writer.patch(f"/comments/{comment}", {"body_md": "Other."}),
        writer.patch("/me", {"credential": "x"}),
        writer.delete(f"/comments/{comment}"),
    ]
    assert [answer.status_code for answer in changes] == [200, 200, 204]
    assert writer.delete(f"/comments/{comment}/withdrawal").status_code == 429
    assert writer.patch("/me", {"credential": "x"}).status_code == 200, "nothing new costs nothing"


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("", "unknown"),
        (None, "unknown"),
        ("no address", "unknown"),
        ("192.0.2.7:80", "unknown"),
    ],
)
def test_what_counts_as_one_address(address: str | None, network: str) -> None:
    assert network_of(address) == network
