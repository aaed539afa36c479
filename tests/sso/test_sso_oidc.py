"""A provider of OpenID Connect whose answers are not as they should be: nobody is signed in, and no account is made or opened."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from structlog.testing import capture_logs
from werkzeug.test import TestResponse

from forum.settings import SettingsError, describe_settings, load_settings
from forum.sso import fetching
from forum.sso.provider import KNOWN
from forum.web.context import SETTINGS
from tests.conftest import Person
from tests.journeys.reader import Reader
from tests.sso.double import CLIENT, SECRET, Double, provide

pytestmark = pytest.mark.postgresql_slow

RETURN = "/sign-in/oidc/return"
ISSUER = "https://login.example.org"


@pytest.fixture
def double(app: Flask) -> Iterator[Double]:
    """A provider that the application knows."""
    before = app.extensions[SETTINGS]
    with provide() as provider:
        named = {"oidc_issuer": provider.issuer, "oidc_client_id": CLIENT, "oidc_client_secret": SECRET, "oidc_name": "Clinic login"}
        app.extensions[SETTINGS] = msgspec.structs.replace(before, **named)
        yield provider
    app.extensions[SETTINGS] = before
    app.extensions.pop(KNOWN, None)


def set_out(browser: FlaskClient, double: Double, then: str = "/at") -> dict[str, str]:
    """Go to the provider and return what it is asked."""
    answer = browser.get(f"/sign-in/oidc?next={then}")
    assert answer.status_code == 303, answer.text
    return double.see(answer.headers["Location"])


def come_back(browser: FlaskClient, double: Double, state: str, /, **instead: str | None) -> TestResponse:
    """Come back from the provider."""
    query = {"code": "good", "state": state, "iss": double.issuer} | instead
    return browser.get(RETURN, query_string={name: value for name, value in query.items() if value is not None})


def who(browser: FlaskClient) -> str | None:
    found = browser.get("/api/v1/session").get_json()["account"]
    return found["handle"] if found else None


def said(browser: FlaskClient) -> str:
    """Return what the sign-in page says."""
    return Reader(browser).open("/sign-in").text


def test_there_and_back(double: Double, client: FlaskClient) -> None:
    assert "Sign in with Clinic login" in said(client)
    asked = set_out(client, double)
    assert asked["tenant"] == "1"
    assert (asked["response_type"], asked["client_id"], asked["scope"]) == ("code", CLIENT, "openid profile email")
    assert (asked["redirect_uri"], asked["code_challenge_method"]) == (f"http://127.0.0.1:8000{RETURN}", "S256")
    with capture_logs() as lines:
        answer = come_back(client, double, asked["state"])
    assert (answer.status_code, answer.headers["Location"]) == (303, "/at")
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert not any(secret in str(lines) for secret in (asked["state"], asked["nonce"], SECRET, "good"))
    assert who(client) == "anna"
    assert double.forms[0]["auth"] == f"{CLIENT}:{SECRET.replace(' ', '%20')}" or double.forms[0]["auth"] == f"{CLIENT}:{SECRET}"
    assert double.asked == ["/.well-known/openid-configuration", "/token", "/jwks", "/me"]


def test_metadata_and_keys_are_kept_for_an_hour(double: Double, app: Flask, clock: time_machine.Traveller) -> None:
    for _ in range(3):
        client = app.test_client()
        come_back(client, double, set_out(client, double)["state"])
        assert who(client) == "anna"
    assert double.asked.count("/.well-known/openid-configuration") == double.asked.count("/jwks") == 1
    clock.shift(3601)
    client = app.test_client()
    come_back(client, double, set_out(client, double)["state"])
    assert double.asked.count("/.well-known/openid-configuration") == double.asked.count("/jwks") == 2


def test_a_new_key_is_asked_for_once_and_made_up_ones_at_most_once_a_minute(
    double: Double, app: Flask, clock: time_machine.Traveller
) -> None:
    client = app.test_client()
    come_back(client, double, set_out(client, double)["state"])
    clock.shift(61)
    double.key = type(double.key).generate_key(2048, {"kid": "two"})
    client = app.test_client()
    come_back(client, double, set_out(client, double)["state"])
    assert who(client) == "anna"
    double.header = {"kid": "made up"}
    for _ in range(4):
        client = app.test_client()
        come_back(client, double, set_out(client, double)["state"])
        assert who(client) is None
    assert double.asked.count("/jwks") == 2


CLAIMS: dict[str, dict[str, Any]] = {
    "another nonce": {"nonce": "x"},
    "a nonce that is no text": {"nonce": ["x"]},
    "another audience": {"aud": "other"},
    "no audience of ours among them": {"aud": ["other", "third"]},
    "two audiences and no azp": {"aud": [CLIENT, "other"]},
    "two audiences and another azp": {"aud": [CLIENT, "other"], "azp": "other"},
    "one audience and another azp": {"azp": "other"},
    "another issuer": {"iss": "https://elsewhere.example"},
    "expired": {"exp": 1},
    "exp a text": {"exp": "9999999999"},
    "exp true": {"exp": True},
    "from the future": {"iat": 9_999_999_999, "exp": 9_999_999_999},
    "sub empty": {"sub": ""},
    "sub a number": {"sub": 7},
    "sub too long": {"sub": "x" * 256},
    **{f"no {name}": {name: None} for name in ("iss", "aud", "sub", "iat", "exp", "nonce")},
}
HEADERS: dict[str, dict[str, Any]] = {
    "alg none": {"alg": "none"},
    "alg HS256 with the client's secret": {"alg": "HS256"},
    "alg HS512 with the public key": {"alg": "HS512"},
    "alg of another kind": {"alg": "ES256"},
    "alg not announced": {"alg": "PS256"},
    "a key that is not shown": {"kid": "three"},
}
ANSWERS: dict[str, dict[str, Any]] = {
    "no ID token": {"id_token": None},
    "an ID token that is none": {"id_token": "x.y.z"},
    "an ID token of another type": {"id_token": 7},
    "an error": {"error": "invalid_request"},
}
USERS: dict[str, dict[str, Any]] = {
    "an address that is not confirmed": {"email_verified": False},
    "an address that may be confirmed": {"email_verified": None},
    "an address confirmed in words": {"email_verified": "true"},
    "no address": {"email": None},
    "an address that is none": {"email": "anna"},
    "somebody else": {"sub": "8"},
    "nobody": {"sub": None},
}
WRONG = [
    *(("claims", name, changed) for name, changed in CLAIMS.items()),
    *(("header", name, changed) for name, changed in HEADERS.items()),
    *(("answer", name, changed) for name, changed in ANSWERS.items()),
    *(("user", name, changed) for name, changed in USERS.items()),
]


@pytest.mark.parametrize(("what", "changed"), [(what, changed) for what, _, changed in WRONG], ids=[name for _, name, _ in WRONG])
def test_an_answer_that_breaks_a_rule_changes_nothing(
    double: Double, client: FlaskClient, kept: Callable[[], Any], what: str, changed: dict[str, Any]
) -> None:
    asked, before = set_out(client, double), kept()
    setattr(double, what, changed)
    answer = come_back(client, double, asked["state"])
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in"), answer.text
    assert kept() == before
    assert who(client) is None


def test_a_token_signed_with_another_key_of_the_same_name_is_refused(
    double: Double, client: FlaskClient, app: Flask, kept: Callable[[], Any]
) -> None:
    come_back(client, double, set_out(client, double)["state"])
    double.key = type(double.key).generate_key(2048, {"kid": "one"})
    other, before = app.test_client(), kept()
    come_back(other, double, set_out(other, double)["state"])
    assert who(other) is None
    assert kept() == before


@pytest.mark.parametrize(
    "instead",
    [
        {"state": "wrong"},
        {"state": None},
        {"state": "x" * 300},
        {"iss": "https://elsewhere.example"},
        {"iss": None},
        {"code": "bad"},
        {"code": None},
        {"code": "x" * 5000},
        {"error": "access_denied", "code": None},
        {"error": "access_denied"},
    ],
    ids=lambda instead: ", ".join(f"{name} {str(value)[:20]}" for name, value in instead.items()),
)
def test_a_way_back_that_is_not_as_it_should_be(
    double: Double, client: FlaskClient, kept: Callable[[], Any], instead: dict[str, str | None]
) -> None:
    asked, before = set_out(client, double), kept()
    answer = come_back(client, double, asked["state"], **instead)
    assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (303, "/sign-in")
    assert kept() == before
    assert who(client) is None
    # The way back is used up or was never one: even what is right comes too late.
    if "state" not in instead and "x" * 5000 not in instead.values():
        come_back(client, double, asked["state"])
        assert who(client) is None


def test_what_was_started_in_another_browser_signs_nobody_in(double: Double, app: Flask, kept: Callable[[], Any]) -> None:
    attacker, victim = app.test_client(), app.test_client()
    asked, before = set_out(attacker, double), kept()
    assert come_back(victim, double, asked["state"]).headers["Location"] == "/sign-in"
    assert "not started in this browser" in said(victim)
    assert kept() == before


HUGE = b'{"x": "' + b"x" * 300_000 + b'"}'
DOWN: dict[str, tuple[int, bytes, dict[str, str]]] = {
    "an error": (500, b"{}", {}),
    "no JSON": (200, b"<html>", {}),
    "a list": (200, b"[]", {}),
    "a redirect": (302, b"", {"Location": "http://127.0.0.1:9/elsewhere"}),
    "too long": (200, HUGE, {}),
    "less than it says": (200, b"{}", {"Content-Length": "100"}),
}


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/jwks", "/token", "/me"])
@pytest.mark.parametrize("name", DOWN)
def test_a_provider_that_does_not_answer_is_said_to(
    double: Double, client: FlaskClient, kept: Callable[[], Any], monkeypatch: pytest.MonkeyPatch, path: str, name: str
) -> None:
    monkeypatch.setattr(fetching, "TIMEOUT_SECONDS", 0.3)
    before = kept()
    if path == "/.well-known/openid-configuration":
        double.instead[path] = DOWN[name]
        answer = client.get("/sign-in/oidc?next=/at")
        assert 'href="/sign-in?next=/at"' in answer.text
    else:
        asked = set_out(client, double)
        double.instead[path] = DOWN[name]
        answer = come_back(client, double, asked["state"])
    if path == "/token" and name == "a list":
        assert answer.status_code in (303, 503)
    else:
        assert answer.status_code == 503, answer.text
        assert "Clinic login does not answer" in answer.text
        assert "Location" not in answer.headers
    assert kept() == before
    assert who(client) is None
    # Up again, it works at once.
    double.instead.clear()
    come_back(client, double, set_out(client, double)["state"])
    assert who(client) == "anna"


@pytest.mark.parametrize(
    "changed",
    [
        {"issuer": "https://elsewhere.example"},
        {"issuer": None},
        {"authorization_endpoint": "http://elsewhere.example/auth"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"token_endpoint": None},
        {"token_endpoint": 7},
        {"jwks_uri": "file:///etc/passwd"},
        {"userinfo_endpoint": "https://[bad"},
    ],
)
def test_metadata_that_cannot_be_trusted(double: Double, client: FlaskClient, changed: dict[str, Any]) -> None:
    double.metadata = changed
    assert client.get("/sign-in/oidc").status_code == 503


def test_without_userinfo_the_token_says_who_it_is(double: Double, client: FlaskClient) -> None:
    double.metadata = {"userinfo_endpoint": None, "token_endpoint_auth_methods_supported": ["client_secret_post"]}
    double.claims = {"email": "bo@login.example", "email_verified": True, "name": "\u202e", "preferred_username": "bo"}
    come_back(client, double, set_out(client, double)["state"])
    assert who(client) == "bo"
    assert client.get("/api/v1/session").get_json()["account"]["display_name"] == "bo"
    assert double.forms[0]["client_secret"] == SECRET


def test_an_account_with_the_address_is_connected_by_mail_alone(
    double: Double, app: Flask, person: Callable[..., Person], link: Callable[[str], str], kept: Callable[[], Any]
) -> None:
    person("anna")
    double.user = {"email": "anna@example.org"}
    client, before = app.test_client(), kept()
    assert come_back(client, double, set_out(client, double)["state"]).headers["Location"] == "/sign-in/link"
    assert kept() == before
    reader = Reader(client)
    reader.open("/sign-in/link")
    assert "on its way to anna@example.org" in reader.send("/sign-in/link").text
    page = reader.open(link("anna@example.org"))
    assert "is connected" in reader.send(page.path).text
    come_back(client, double, set_out(client, double)["state"])
    assert who(client) == "anna"


def test_where_signing_up_is_closed_the_provider_opens_no_account(
    double: Double, app: Flask, client: FlaskClient, kept: Callable[[], Any]
) -> None:
    app.extensions[SETTINGS] = msgspec.structs.replace(app.extensions[SETTINGS], registration="closed")
    before = kept()
    come_back(client, double, set_out(client, double)["state"])
    assert "Signing up is closed" in said(client)
    assert kept() == before


def test_without_a_provider_there_is_no_way_to_it(client: FlaskClient) -> None:
    assert client.get("/sign-in/oidc").status_code == 404
    assert client.get(RETURN).headers["Location"] == "/sign-in"
    assert "/sign-in/oidc" not in client.get("/sign-in").text


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ({"oidc_client_id": "forum"}, "FORUM_OIDC_ISSUER"),
        ({"oidc_issuer": ISSUER}, "FORUM_OIDC_CLIENT_ID"),
        ({"oidc_issuer": "http://login.example.org", "oidc_client_id": "forum"}, "https"),
        ({"oidc_issuer": "login.example.org", "oidc_client_id": "forum"}, "https"),
        ({"oidc_issuer": "https://a@login.example.org", "oidc_client_id": "forum"}, "https"),
        ({"oidc_issuer": f"{ISSUER}/?x=1", "oidc_client_id": "forum"}, "https"),
    ],
)
def test_settings_that_cannot_work_stop_the_start(tmp_path: Path, given: dict[str, str], part: str) -> None:
    with pytest.raises(SettingsError, match=part):
        load_settings({}, data_dir=str(tmp_path), **given)


def test_without_the_extra_the_start_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forum.settings.find_spec", lambda name: None if name == "authlib" else object())
    with pytest.raises(SettingsError, match=r"pip install 'forum\[sso\]'"):
        load_settings({}, data_dir=str(tmp_path), oidc_issuer=ISSUER, oidc_client_id="forum")


def test_the_clients_secret_is_not_shown() -> None:
    shown = {row.name: row.value for row in describe_settings({"FORUM_OIDC_CLIENT_SECRET": "a secret"})}
    assert shown["FORUM_OIDC_CLIENT_SECRET"] == "…"


def test_the_address_to_the_provider_is_not_kept(double: Double, client: FlaskClient) -> None:
    answer = client.get("/sign-in/oidc")
    assert "no-cache" in answer.headers["Cache-Control"] or "no-store" in answer.headers["Cache-Control"]
    assert urlsplit(answer.headers["Location"]).port == double.port
