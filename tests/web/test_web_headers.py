"""What stands on every answer: a strict policy, no sniffing, nothing of the inside; and the problem types with their pages."""

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from forum.app import create_app
from forum.refusals import Kind
from forum.web.problems import PROBLEM_TYPES
from tests.conftest import test_settings
from tests.world import GOOD, api_doors, make_world

ADDRESSES = ("/api/v1/articles", "/api/v1/nothing", "/health/live", "/", "/sign-in", "/nothing", "/problems/", "/api/v1/docs", "/a/x%00")


def test_every_answer_carries_the_headers_that_protect_its_reader(app: Flask) -> None:
    client = app.test_client()
    for address in ADDRESSES:
        headers = client.get(address).headers
        assert headers["X-Content-Type-Options"] == "nosniff", address
        assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
        # The window of a sign-in hands it over to the frame that opened it.
        assert headers["Cross-Origin-Opener-Policy"] == ("unsafe-none" if address == "/sign-in" else "same-origin")
        assert headers["X-Request-ID"]
        policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
        assert policy["default-src"] == policy["frame-ancestors"] == "'none'", address
        if headers["Content-Type"].startswith("text/html"):
            assert (policy["script-src"], policy["style-src"], policy["base-uri"], policy["form-action"]) == (
                "'self'",
                "'self'",
                "'none'",
                "'self'",
            )
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert "Strict-Transport-Security" not in headers
        assert not [name for name, _ in headers if name.startswith("Access-Control") or name in ("Server", "X-Powered-By")]


def test_behind_https_the_cookie_and_the_browser_keep_to_it(tmp_path: Path) -> None:
    made = create_app(test_settings(tmp_path, base_url="https://talk.example.org"))
    answer = made.test_client().get("/health/live")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    chosen = {name: made.config[f"SESSION_COOKIE_{name}"] for name in ("NAME", "SECURE", "HTTPONLY", "SAMESITE", "PATH")}
    assert chosen == {"NAME": "__Host-forum", "SECURE": True, "HTTPONLY": True, "SAMESITE": "Lax", "PATH": "/"}


def test_reading_changes_nothing(app: Flask) -> None:
    world = make_world(app)
    for door in api_doors(app):
        if door.is_safe:
            continue
        sent = GOOD[door.endpoint](world, "admin")
        for method in ("GET", "HEAD"):
            answer = world.enter("admin").request(method, sent.path)
            assert answer.status_code in (200, 405), (door.endpoint, method)


@pytest.mark.parametrize("kind", list(Kind), ids=lambda kind: kind.value)
def test_every_problem_type_is_explained_at_its_address(apps: Callable[[str], Flask], kind: Kind) -> None:
    client, known = apps("sqlite").test_client(), PROBLEM_TYPES[kind]
    page = client.get(f"/problems/{kind}")
    assert page.status_code == 200
    assert str(known.status) in page.text
    assert f"/problems/{kind}" in client.get("/problems/").text
    assert known.title[0].isupper()
    assert known.meaning.endswith((".", "?"))
    assert 400 <= known.status < 600


def test_a_program_is_answered_as_one_wherever_it_asks(apps: Callable[[str], Flask]) -> None:
    client = apps("sqlite").test_client()
    for accept in ("application/json", "application/problem+json", "application/json, text/html;q=0.5"):
        answer = client.get("/problems/nothing", headers={"Accept": accept})
        assert (answer.status_code, answer.mimetype) == (404, "application/problem+json"), accept
    for accept in ("", "*/*", "text/html,application/xhtml+xml,*/*;q=0.8", "nonsense"):
        assert client.get("/problems/nothing", headers={"Accept": accept}).mimetype == "text/html", accept
    assert client.get("/api/v1/nothing", headers={"Accept": "text/html"}).mimetype == "application/problem+json"


def test_nothing_of_the_inside_is_served(apps: Callable[[str], Flask]) -> None:
    client = apps("sqlite").test_client()
    for address in (
        "/console",
        "/.git/config",
        "/.env",
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/api/v1/articles?__debugger__=yes",
        "/static/",
    ):
        assert client.get(address).status_code in (404, 422), address
    assert client.open("/", method="TRACE").status_code == 405
