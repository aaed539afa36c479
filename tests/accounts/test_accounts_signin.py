"""Signing in: the same answer and the same work whoever is asked for, limits that hold across processes, and a cookie that is new each time."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import select

from forum.accounts import passwords
from forum.accounts.models import Account, SignIn
from forum.app import create_app
from forum.db.base import db
from forum.db.transaction import reading, writing
from forum.web.context import SETTINGS
from tests.conftest import PASSWORD, ApiClient, OutsideClient, Reply, add_account
from tests.world import World, make_world

pytestmark = pytest.mark.postgresql_slow

START = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def world(app: Flask) -> World:
    return make_world(app)


def sign_in(
    app: Flask,
    login: str,
    password: str = PASSWORD,
    *,
    client: ApiClient | None = None,
    address: str = "192.0.2.1",
    headers: dict[str, str] | None = None,
) -> Reply:
    caller = client or ApiClient(app.test_client())
    environ = {"REMOTE_ADDR": address}
    answer = caller.post("/session", {"login": login, "password": password}, environ_overrides=environ, headers=headers or {})
    if answer.status_code == 200:
        caller.csrf = answer.json["csrf_token"]
    return answer


@pytest.mark.parametrize("login", ["member", "MEMBER", "@member", " member ", "member@example.org", "Member@Example.ORG"])
def test_handle_and_address_sign_in_however_they_are_spelt(world: World, login: str) -> None:
    answer = sign_in(world.app, login)
    assert answer.status_code == 200, answer.text
    assert answer.json["account"]["handle"] == "member"
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert answer.headers["Cache-Control"] == "no-store"


def test_unknown_and_wrong_get_one_answer_for_one_work(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with writing() as session:
        session.get_one(Account, world.ids["author"]).password_hash = None
    work: list[str] = []
    verify = passwords._hasher.verify

    class Counting:
        def verify(self, known: str, password: str) -> bool:
            work.append(known.rpartition("$")[0].rpartition("$")[0])
            return verify(known, password)

        def hash(self, password: str) -> str:
            raise AssertionError("a hash more than for the others")

        def check_needs_rehash(self, known: str) -> bool:
            return False

    monkeypatch.setattr(passwords, "_hasher", Counting())
    tried = [
        ("member", "a wrong one"),
        ("nobody-here", PASSWORD),
        ("nobody@example.org", PASSWORD),
        ("author", PASSWORD),
        ("", ""),
        ("member", PASSWORD[:-1]),
    ]
    answers = [sign_in(world.app, login, password) for login, password in tried]
    bodies = [{name: value for name, value in answer.json.items() if name != "instance"} for answer in answers]
    assert [answer.status_code for answer in answers] == [401] * len(tried)
    assert all(body == bodies[0] for body in bodies)
    assert all("Set-Cookie" not in answer.headers for answer in answers)
    assert {name for name, _ in answers[0].headers} == {name for name, _ in answers[1].headers}
    # One verification each, with the same parameters.
    assert len(work) == len(tried)
    assert len(set(work)) == 1


def test_the_hash_of_nobody_is_as_dear_as_the_others() -> None:
    assert not passwords.is_outdated(passwords._NOBODY)
    assert not passwords.is_password("the password of nobody", None)


def test_a_hash_of_other_parameters_is_made_anew(world: World) -> None:
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    with writing() as session:
        session.get_one(Account, world.ids["member"]).password_hash = cheap
    assert sign_in(world.app, "member").status_code == 200
    with reading() as session:
        kept = session.get_one(Account, world.ids["member"]).password_hash
    assert kept is not None
    assert not passwords.is_outdated(kept)
    assert sign_in(world.app, "member").status_code == 200


def test_signing_in_gives_a_new_cookie_and_ends_the_one_before(world: World) -> None:
    caller = ApiClient(world.app.test_client())
    name = world.app.config["SESSION_COOKIE_NAME"]
    # What an attacker may have put there beforehand is worth nothing afterwards.
    caller.client.set_cookie(name, "chosen-by-somebody-else")
    sign_in(world.app, "member", client=caller)
    first, csrf = caller.client.get_cookie(name), caller.csrf
    sign_in(world.app, "member", client=caller)
    second = caller.client.get_cookie(name)
    assert first is not None
    assert second is not None
    assert first.value != second.value
    old = ApiClient(world.app.test_client())
    old.client.set_cookie(name, first.value)
    assert old.get("/me").status_code == 401
    assert caller.post("/me/tokens", {"name": "x", "scopes": ["read"]}, headers={"X-CSRF-Token": csrf or ""}).status_code == 403
    with reading() as session:
        assert len(session.scalars(select(SignIn)).all()) == 1


def test_the_cookie_holds_no_password_and_the_database_not_the_cookie(world: World) -> None:
    caller = ApiClient(world.app.test_client())
    sign_in(world.app, "member", client=caller)
    cookie = caller.client.get_cookie(world.app.config["SESSION_COOKIE_NAME"])
    assert cookie is not None
    held = world.app.session_interface.get_signing_serializer(world.app).loads(cookie.value)  # type: ignore[attr-defined]
    with reading() as session:
        assert session.scalars(select(SignIn.token_hash)).one() != held["_user_id"]
    assert PASSWORD not in str(held)


LIMITED: dict[str, Any] = {"rate_limits": "on", "sign_in_rate": "3/5m", "sign_in_address_rate": "6/5m", "sign_up_rate": "2/10m"}


@pytest.fixture
def pair(make_app: Callable[..., Flask]) -> Iterator[tuple[Flask, Flask]]:
    """Two applications on one database, as two processes have them, with low limits."""
    first = make_app(**LIMITED)
    with first.app_context(), writing() as session:
        for handle in ("anna", "ben", "cleo"):
            add_account(session, handle)
    second = create_app(first.extensions[SETTINGS])
    second.test_client_class = OutsideClient
    yield first, second
    with second.app_context():
        db.session.remove()
        db.engine.dispose()


def test_a_login_has_its_guesses_once_however_spelt_and_wherever_asked(pair: tuple[Flask, Flask]) -> None:
    first, second = pair
    with time_machine.travel(START, tick=False) as clock:
        tried = [(first, "anna", "192.0.2.1"), (second, "@anna", "192.0.2.2"), (first, " ANNA", "192.0.2.3"), (second, "anna", "192.0.2.4")]
        answers = [sign_in(app, login, "wrong guess", address=address) for app, login, address in tried]
        assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
        assert sign_in(first, "anna", address="192.0.2.5").status_code == 429, "not even the right one, or the limit would tell which it is"
        assert sign_in(first, "ben", address="192.0.2.5").status_code == 200
        clock.move_to(START + timedelta(seconds=int(answers[-1].headers["Retry-After"])))
        assert sign_in(second, "anna", address="192.0.2.6").status_code == 200, "who waits as long as was said gets through"


def test_an_address_has_its_guesses_once_whatever_the_login(pair: tuple[Flask, Flask]) -> None:
    first, second = pair
    with time_machine.travel(START, tick=False):
        answers = [
            sign_in(app, f"nobody{number}", address="2001:db8:1:2::" + str(number)) for number, app in enumerate([first, second] * 4, 1)
        ]
        assert [answer.status_code for answer in answers] == [401] * 6 + [429] * 2, "a household's /64 is one address"
        assert sign_in(first, "anna", address="2001:db8:1:3::1").status_code == 200, "the /64 beside it is another"
        assert sign_in(first, "ben", address="192.0.2.77").status_code == 200


def test_nobodys_word_is_taken_for_where_it_comes_from(pair: tuple[Flask, Flask]) -> None:
    first, _ = pair
    with time_machine.travel(START, tick=False):
        headers = [
            {"X-Forwarded-For": f"203.0.113.{number}", "Forwarded": f"for=203.0.113.{number}", "X-Real-IP": f"203.0.113.{number}"}
            for number in range(7)
        ]
        answers = [sign_in(first, f"nobody{number}", headers=given) for number, given in enumerate(headers)]
    assert [answer.status_code for answer in answers] == [401] * 6 + [429]


def test_our_proxys_word_is_taken_but_not_what_was_sent_to_it(make_app: Callable[..., Flask]) -> None:
    app = make_app(**LIMITED, trusted_proxies=1)
    with time_machine.travel(START, tick=False):
        # The last address is the proxy's own addition; what stands before it is the caller's invention.
        statuses = [sign_in(app, f"nobody{n}", headers={"X-Forwarded-For": f"10.0.0.{n}, 203.0.113.9"}).status_code for n in range(7)]
        assert statuses == [401] * 6 + [429]
        assert sign_in(app, "nobody", headers={"X-Forwarded-For": "203.0.113.10"}).status_code == 401


def test_signing_up_is_limited_by_address(pair: tuple[Flask, Flask]) -> None:
    first, second = pair
    with time_machine.travel(START, tick=False):
        answers = [
            ApiClient(app.test_client()).post("/accounts", {"handle": f"new{n}", "email": f"new{n}@example.org", "password": PASSWORD})
            for n, app in enumerate([first, second, first])
        ]
    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert int(answers[-1].headers["Retry-After"]) > 0
