"""Log lines: one a request with its id and who asked; never a secret, never a text that begins a line of its own."""

import json
import logging
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from forum.app import create_app
from forum.db.schema import bring_up_to_date
from forum.db.transaction import writing
from forum.web import idempotency
from tests.conftest import PASSWORD, OutsideClient, add_account, test_settings


class Logged:
    """An application whose log lines are kept."""

    def __init__(self, folder: Path, form: str) -> None:
        before = logging.getLogger().handlers[:], logging.getLogger().level
        self.app = create_app(test_settings(folder, log_format=form, log_level="info", rate_limits="off"))
        self.before = before
        self.app.test_client_class = OutsideClient
        with self.app.app_context():
            bring_up_to_date()
            with writing() as session:
                add_account(session, "anna")
        self.text = StringIO()
        logging.getLogger().handlers[0].setStream(self.text)  # type: ignore[attr-defined]

    def restore(self) -> None:
        """Let the process log as before."""
        logging.getLogger().handlers[:], level = self.before
        logging.getLogger().setLevel(level)

    @property
    def lines(self) -> list[str]:
        """What was written, line by line."""
        return self.text.getvalue().splitlines()

    def requests(self) -> list[dict[str, object]]:
        """The lines about requests, as what they say."""
        return [said for said in map(json.loads, self.lines) if said["event"] == "request"]


@pytest.fixture
def logged(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Logged]:
    made = Logged(tmp_path, getattr(request, "param", "json"))
    yield made
    made.restore()


def test_each_request_is_a_line_with_its_id(logged: Logged) -> None:
    client = logged.app.test_client()
    answers = [
        client.get("/api/v1/articles?cursor=what-somebody-asked"),
        client.get("/api/v1/nothing"),
        client.post("/api/v1/session", json={}),
    ]
    lines = logged.requests()
    assert [line["request_id"] for line in lines] == [answer.headers["X-Request-ID"] for answer in answers]
    assert [(line["method"], line["path"], line["status"]) for line in lines] == [
        ("GET", "/api/v1/articles", 400), ("GET", "/api/v1/nothing", 404), ("POST", "/api/v1/session", 422)]  # fmt: skip
    assert all(str(line["timestamp"]).endswith("Z") for line in lines)
    assert "what-somebody-asked" not in logged.text.getvalue()


@pytest.mark.parametrize(
    ("given", "taken"),
    [("abcdef-123.X_y", True), ("short", False), ("x" * 65, False), ("with space 12", False), ("ünïcode-id-1", False), ("", False)],
)
def test_a_callers_request_id_is_taken_when_it_is_one_word(logged: Logged, given: str, taken: bool) -> None:
    answer = logged.app.test_client().get("/health/live", headers={"X-Request-ID": given.encode().decode("latin-1")})
    assert (answer.headers["X-Request-ID"] == given) == taken
    assert logged.requests()[0]["request_id"] == answer.headers["X-Request-ID"]


@pytest.mark.parametrize("logged", ["json", "console"], indirect=True)
def test_no_secret_is_ever_logged(logged: Logged) -> None:
    client = logged.app.test_client()
    wrong, token_name = "a wrong guess quokka", "Night script"
    client.post("/api/v1/session", json={"login": "anna", "password": wrong})
    client.post("/api/v1/session", json={"login": wrong, "password": PASSWORD})
    csrf = client.post("/api/v1/session", json={"login": "anna", "password": PASSWORD}).get_json()["csrf_token"]
    made = client.post("/api/v1/me/tokens", json={"name": token_name, "scopes": ["read"]}, headers={"X-CSRF-Token": csrf}).get_json()[
        "token"
    ]
    client.get("/api/v1/me", headers={"Authorization": f"Bearer {made}"})
    client.get("/api/v1/me", headers={"Authorization": f"Bearer {made}x"})
    client.put(
        "/api/v1/me/password", json={"current_password": PASSWORD, "new_password": "the next one wombat"}, headers={"X-CSRF-Token": csrf}
    )
    client.post("/api/v1/accounts", json={"handle": "ben", "email": "ben@example.org", "password": "the third one numbat"})
    cookie = client.get_cookie(logged.app.config["SESSION_COOKIE_NAME"])
    assert cookie is not None
    text = logged.text.getvalue()
    for secret in (
        PASSWORD,
        wrong,
        csrf,
        made,
        made[3:],
        cookie.value,
        "quokka",
        "wombat",
        "numbat",
        "anna@example.org",
        "ben@example.org",
        "$argon2",
        logged.app.secret_key,
    ):
        assert str(secret) not in text, secret


def test_what_matters_to_safety_is_logged(logged: Logged) -> None:
    client = logged.app.test_client()
    client.post("/api/v1/session", json={"login": "anna", "password": "wrong guess"})
    client.post("/api/v1/session", json={"login": "nobody", "password": "wrong guess"})
    csrf = client.post("/api/v1/session", json={"login": "anna", "password": PASSWORD}).get_json()["csrf_token"]
    client.delete("/api/v1/me/sessions", headers={"X-CSRF-Token": csrf})
    said = [(line["event"], line.get("account"), line["level"]) for line in map(json.loads, logged.lines) if line["event"] != "request"]
    assert said == [
        ("sign-in failed", 1, "warning"),
        ("sign-in failed", None, "warning"),
        ("signed in", 1, "info"),
        ("signed out everywhere", 1, "info"),
    ]


@pytest.mark.parametrize("logged", ["json", "console"], indirect=True)
@pytest.mark.parametrize(
    "path", ["/a/x%0A2026-01-01 [critical] forged", "/a/x%0D%0Aforged", "/a/x%E2%80%A8forged", "/a/x%1b[31mforged", "/a/x%C2%85forged"]
)
def test_no_address_begins_a_line_of_its_own(logged: Logged, path: str) -> None:
    logged.app.test_client().get(path)
    assert len(logged.lines) == 1
    assert "forged" in logged.lines[0]
    assert "\x1b[31mforged" not in logged.lines[0]


def test_a_failure_is_logged_in_full_and_answered_in_short(logged: Logged, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the inner workings")

    monkeypatch.setattr(idempotency, "reserve", fail)
    answer = logged.app.test_client().post(
        "/api/v1/accounts", headers={"Idempotency-Key": "k"}, json={"handle": "ben", "email": "b@example.org", "password": PASSWORD}
    )
    assert (answer.status_code, answer.get_json()["type"]) == (500, "/problems/internal")
    assert "inner workings" not in answer.text
    failure = next(line for line in map(json.loads, logged.lines) if line["event"] == "unforeseen failure")
    assert failure["request_id"] == answer.headers["X-Request-ID"]
    assert "RuntimeError: the inner workings" in failure["exception"]
    assert PASSWORD not in str(failure)


def test_an_error_of_the_database_quotes_no_parameters(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(DBAPIError) as caught, writing() as session:
        session.execute(text("INSERT INTO nowhere VALUES (:secret)"), {"secret": "what somebody wrote"})
    assert "what somebody wrote" not in str(caught.value)


def test_the_applications_share_no_request_id(apps: Callable[[str], Flask]) -> None:
    client = apps("sqlite").test_client()
    assert len({client.get("/health/live").headers["X-Request-ID"] for _ in range(20)}) == 20
