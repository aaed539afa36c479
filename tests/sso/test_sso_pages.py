"""Signing in with the host's account on pages: by the widget's token, by going there and back, and what stands nowhere afterwards."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from forum.access.viewer import DEFAULT_SITE_ID
from forum.accounts.models import Account
from forum.accounts.queries import find_account
from forum.articles.queries import get_site
from forum.clock import now
from forum.db.transaction import reading, writing
from forum.factors.models import Factor, FactorKind
from forum.sso.keys import edit_sso
from forum.sso.models import Identity
from tests.conftest import Person
from tests.journeys.reader import Reader
from tests.sso.host import ISSUER, Host

pytestmark = pytest.mark.postgresql_slow

FRAME = {"X-Forum-Frame": "1"}
RETURN = "/sign-in/sso/return"


def who(browser: FlaskClient, **headers: str) -> str | None:
    found = browser.get("/api/v1/session", headers=headers).get_json()["account"]
    return found["handle"] if found else None


def set_out(browser: FlaskClient, then: str = "/") -> str:
    """Go to the host's sign-in page and return the state that it gets."""
    answer = browser.get(f"/sign-in/sso?next={quote(then, safe='')}")
    assert answer.status_code == 303
    there = urlsplit(answer.headers["Location"])
    assert (there.scheme, there.netloc, there.path) == ("https", "host.example", "/sign-in")
    query = parse_qs(there.query)
    assert query["from"] == ["talk"]
    assert query["return"] == [f"http://127.0.0.1:8000{RETURN}"]
    return query["state"][0]


def come_back(browser: FlaskClient, token: str, state: str) -> TestResponse:
    return browser.get(RETURN, query_string={"token": token, "state": state})


def silent(browser: FlaskClient, token: str, then: str = "/a/x") -> TestResponse:
    """Do what the frame's script does."""
    page = browser.get("/embed/token", headers=FRAME)
    csrf = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert csrf is not None
    return browser.post("/sign-in/sso", data={"csrf_token": csrf[1], "token": token, "next": then}, headers=FRAME)


def test_the_widgets_token_signs_the_frame_in_and_nothing_else(host: Host, client: FlaskClient) -> None:
    answer = silent(client, host.token())
    assert (answer.status_code, answer.headers["Location"]) == (303, "/a/x")
    assert who(client, **FRAME) == "anna"
    assert who(client) is None


def test_the_frame_goes_nowhere_else(host: Host, client: FlaskClient) -> None:
    assert silent(client, host.token(), "https://evil.example/").headers["Location"] == "/"


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"aud": "https://elsewhere.example"}, 401),
        ({"exp": 5}, 401),
        ({"user": {"email_verified": False}}, 403),
        ({"user": {"role": "admin"}}, 401),
        ({"header": {"alg": "none"}}, 401),
        ({"header": {"kid": "foreign"}}, 401),
    ],
)
def test_a_refused_token_leaves_the_frame_a_visitor(
    host: Host, client: FlaskClient, kept: Callable[[], Any], changed: dict[str, Any], status: int
) -> None:
    token, before = host.token(**changed), kept()
    answer = silent(client, token)
    assert answer.status_code == status
    assert token not in answer.text
    assert who(client, **FRAME) is None
    assert kept() == before


def test_without_the_sessions_token_nobody_is_signed_in(host: Host, client: FlaskClient, kept: Callable[[], Any]) -> None:
    before = kept()
    assert client.post("/sign-in/sso", data={"token": host.token()}).status_code == 403
    assert kept() == before


def test_there_and_back(host: Host, client: FlaskClient) -> None:
    assert "Sign in with your account at host.example" in client.get("/sign-in?next=/at").text
    state = set_out(client, "/at")
    token = host.token()
    with capture_logs() as lines:
        answer = come_back(client, token, state)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/at")
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert token not in str(lines)
    assert who(client) == "anna"


def test_what_came_back_once_does_not_come_back_again(host: Host, client: FlaskClient, app: Flask) -> None:
    state, token = set_out(client), host.token()
    assert come_back(client, token, state).headers["Location"] == "/"
    other = app.test_client()
    again = set_out(other)
    assert come_back(other, token, again).headers["Location"].startswith("/sign-in")
    assert "was used already" in other.get("/sign-in").text
    assert who(other) is None


@pytest.mark.parametrize("state", ["", "wrong", "x" * 300, "é", "\u0130"])
def test_a_wrong_state_signs_nobody_in(host: Host, client: FlaskClient, kept: Callable[[], Any], state: str) -> None:
    set_out(client)
    before = kept()
    token = host.token()
    answer = come_back(client, token, state)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in")
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert token not in answer.text
    assert kept() == before
    assert who(client) is None


def test_somebody_elses_way_back_signs_nobody_in(host: Host, app: Flask, kept: Callable[[], Any]) -> None:
    attacker, victim = app.test_client(), app.test_client()
    state = set_out(attacker)
    set_out(victim)
    before = kept()
    assert come_back(victim, host.token(), state).headers["Location"] == "/sign-in"
    assert "not started in this browser" in victim.get("/sign-in").text
    assert kept() == before


def test_a_way_back_is_open_for_an_hour(host: Host, client: FlaskClient, clock: time_machine.Traveller) -> None:
    state = set_out(client)
    clock.shift(3601)
    assert come_back(client, host.token(), state).headers["Location"] == "/sign-in"
    assert who(client) is None


def test_three_tabs_come_back_each_to_its_own_place(host: Host, client: FlaskClient) -> None:
    states = {path: set_out(client, path) for path in ("/at", "/modlog")}
    assert come_back(client, host.token(), states["/at"]).headers["Location"] == "/at"
    # Signed in there is a new cookie; the other tab starts again.
    assert come_back(client, host.token(), states["/modlog"]).headers["Location"] == "/sign-in"
    assert who(client) == "anna"


@pytest.mark.parametrize("then", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/a\nb"])
def test_nobody_is_sent_elsewhere_afterwards(host: Host, client: FlaskClient, then: str) -> None:
    assert come_back(client, host.token(), set_out(client, then)).headers["Location"] == "/"


def test_whoever_is_signed_in_need_not_go(host: Host, client: FlaskClient) -> None:
    come_back(client, host.token(), set_out(client))
    assert client.get("/sign-in/sso?next=/at").headers["Location"] == "/at"


def test_without_an_address_the_way_there_is_not_offered(host: Host, client: FlaskClient) -> None:
    with writing() as session:
        edit_sso(session, get_site(session, DEFAULT_SITE_ID), issuer=ISSUER, address="")
    assert "host.example" not in client.get("/sign-in").text
    assert client.get("/sign-in/sso").status_code == 404


def test_the_second_factor_is_still_asked(host: Host, client: FlaskClient, app: Flask) -> None:
    come_back(client, host.token(), set_out(client))
    with writing() as session:
        account = find_account(session, "anna")
        assert account is not None
        key = Factor(account_id=account.id, kind=FactorKind.PASSKEY.value, name="Key", credential_id=b"1" * 16)
        key.created_at = key.confirmed_at = now()
        session.add(key)
    other = app.test_client()
    answer = come_back(other, host.token(), set_out(other))
    assert answer.status_code == 200
    assert "/sign-in/second" in answer.text
    assert who(other) is None
    frame = app.test_client()
    assert silent(frame, host.token()).status_code == 200
    assert who(frame, **FRAME) is None
    program = app.test_client().post("/api/v1/session/sso", json={"token": host.token()})
    assert program.get_json()["type"] == "/problems/second-factor-required"


def test_connecting_an_account_from_the_way_back_on(
    host: Host, app: Flask, person: Callable[..., Person], link: Callable[[str], str], kept: Callable[[], Any]
) -> None:
    anna = person("anna")
    client = app.test_client()
    token, before = host.token(user={"email": "anna@example.org"}), kept()
    answer = come_back(client, token, set_out(client))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in/link")
    assert kept() == before
    reader = Reader(client)
    page = reader.open("/sign-in/link")
    assert "anna@example.org" in page.text
    assert "on its way" in reader.send("/sign-in/link").text
    assert kept() == before
    own = Reader(anna.client.client)
    assert "is connected" in own.send(own.open(link("anna@example.org")).path).text
    assert own.open("/settings/accounts").text.count("host.example") >= 1
    with reading() as session:
        assert session.scalar(select(Identity.account_id)) == anna.id


def test_the_frame_offers_to_connect(host: Host, client: FlaskClient, person: Callable[..., Person]) -> None:
    person("anna")
    answer = silent(client, host.token(user={"email": "anna@example.org"}))
    assert answer.status_code == 409
    assert "/sign-in/link" in answer.text


def test_nobody_asks_for_a_mail_without_a_token(client: FlaskClient, person: Callable[..., Person]) -> None:
    person("anna")
    assert client.get("/sign-in/link").headers["Location"] == "/sign-in"
    page = client.get("/sign-in")
    csrf = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert csrf is not None
    assert client.post("/sign-in/link", data={"csrf_token": csrf[1]}).status_code == 410


def test_disconnecting_on_the_page(host: Host, client: FlaskClient) -> None:
    come_back(client, host.token(), set_out(client))
    reader = Reader(client)
    page = reader.open("/settings/accounts")
    assert "host.example" in page.text
    with writing() as session:
        session.get_one(Account, 1).email_confirmed_at = None
        identity_id = session.scalar(select(Identity.id))
    action = f"/settings/accounts/{identity_id}/disconnect"
    assert "Nothing else would let you in" in reader.send(action).text
    with writing() as session:
        session.get_one(Account, 1).email_confirmed_at = now()
    assert "It is disconnected" in reader.send(action).text
    assert "No other account is connected yet" in reader.open("/settings/accounts").text
