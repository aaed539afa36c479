"""Signing in with a second factor: on the page, by program, and no weaker way beside it."""

from collections.abc import Callable

import pytest
import time_machine
from flask import Flask
from structlog.testing import capture_logs

from forum.access.permissions import Scope
from forum.accounts.actions import create_token
from forum.accounts.models import Account, SignIn
from forum.db.transaction import reading, writing
from forum.factors import extra
from forum.factors.actions import Change, on_security_change
from forum.factors.codes import hash_code
from forum.factors.models import RecoveryCode
from forum.refusals import Kind
from tests.conftest import PASSWORD, ApiClient
from tests.factors.people import SECOND, SECURITY, Protected, is_in
from tests.journeys.reader import Reader, parse

pytestmark = pytest.mark.postgresql_slow


def sign_ins() -> int:
    with reading() as session:
        return session.query(SignIn).count()


def test_the_password_alone_opens_nothing(protect: Callable[..., Protected], reader: Reader) -> None:
    anna = protect()
    reader.open("/sign-in?next=/settings")
    screen = anna.give_password(reader)
    assert screen.heading == "One more step to sign in"
    assert sign_ins() == 0
    assert not is_in(reader.open("/"))
    assert reader.open("/settings").path == "/sign-in"


def test_the_code_signs_in_and_goes_on(protect: Callable[..., Protected], reader: Reader) -> None:
    anna = protect()
    reader.open("/sign-in?next=/settings")
    anna.give_password(reader)
    screen = reader.send(SECOND, code=anna.wrong())
    assert (screen.status, sign_ins()) == (422, 0)
    assert "This code does not fit." in screen.errors
    assert screen.form(SECOND).one("input", name="code").attributes["value"] == ""
    screen = reader.send(SECOND, code=f" {anna.code()[:3]} {anna.code()[3:]} ")
    assert (screen.path, is_in(screen), sign_ins()) == ("/settings", True, 1)


def test_a_recovery_code_signs_in_once(protect: Callable[..., Protected], app: Flask) -> None:
    anna = protect()
    first, second = Reader(app.test_client()), Reader(app.test_client())
    anna.give_password(first)
    assert is_in(first.send(SECOND, code=anna.codes[3]))
    anna.give_password(second)
    screen = second.send(SECOND, code=anna.codes[3])
    assert (screen.status, is_in(screen)) == (422, False)
    with reading() as session:
        rows = session.query(RecoveryCode).all()
        assert len(rows) == 10
        assert sum(row.used_at is not None for row in rows) == 1
        assert not {row.code_hash for row in rows} & set(anna.codes)


def test_five_minutes_for_the_second_step(protect: Callable[..., Protected], reader: Reader, clock: time_machine.Traveller) -> None:
    anna = protect()
    anna.give_password(reader)
    clock.shift(301)
    screen = reader.send(SECOND, code=anna.code())
    assert (screen.heading, screen.status) == ("Sign in", 401)
    assert "longer than five minutes" in screen.errors


def test_nobody_skips_the_first_step(protect: Callable[..., Protected], reader: Reader) -> None:
    anna = protect()
    reader.open("/sign-in")
    token = reader.screen.form("/sign-in").one("input", name="csrf_token").attributes["value"]
    for code in (anna.code(), anna.codes[0]):
        answer = reader.client.post(SECOND, data={"csrf_token": token, "code": code})
        assert (answer.status_code, sign_ins()) == (401, 0)
    # A form cannot say who it is.
    assert reader.client.post(SECOND, data={"csrf_token": token, "code": anna.code(), "account": "1"}).status_code in (401, 422)


def test_the_code_of_another_account_is_wrong(protect: Callable[..., Protected], reader: Reader) -> None:
    anna, ben = protect("anna"), protect("ben")
    anna.give_password(reader)
    assert reader.send(SECOND, code=ben.codes[0]).status == 422
    if ben.code() not in {anna.code(steps) for steps in (-1, 0, 1)}:
        assert reader.send(SECOND, code=ben.code()).status == 422
    assert sign_ins() == 0


def test_a_cookie_from_before_opens_nothing_afterwards(
    protect: Callable[..., Protected], reader: Reader, app: Flask, clock: time_machine.Traveller
) -> None:
    anna = protect()
    anna.give_password(reader)
    kept = reader.client.get_cookie("forum")
    assert kept is not None
    token = reader.screen.form(SECOND).one("input", name="csrf_token").attributes["value"]
    assert is_in(reader.send(SECOND, code=anna.code()))
    clock.shift(60)
    thief = app.test_client()
    thief.set_cookie("forum", kept.value)
    answer = thief.post(SECOND, data={"csrf_token": token, "code": anna.code()})
    assert (answer.status_code, sign_ins()) == (401, 1)


def test_six_wrong_codes_on_the_page(protect: Callable[..., Protected], reader: Reader, limited: Flask) -> None:
    anna = protect()
    anna.give_password(reader)
    for _ in range(5):
        assert reader.send(SECOND, code=anna.wrong()).status == 422
    screen = reader.send(SECOND, code=anna.code())
    assert (screen.status, sign_ins()) == (429, 0)
    assert "too fast" in screen.errors


def test_programs_send_the_code_as_well(protect: Callable[..., Protected], visitor: ApiClient) -> None:
    anna = protect()
    login = {"login": "anna", "password": PASSWORD}
    refused = visitor.post("/session", login)
    assert (refused.status_code, refused.json["type"]) == (401, f"/problems/{Kind.SECOND_FACTOR_REQUIRED}")
    assert "Set-Cookie" not in refused.headers
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")
    wrong = visitor.post("/session", login | {"code": anna.wrong()})
    assert (wrong.status_code, wrong.json["type"]) == (401, "/problems/unauthenticated")
    # Without the password nobody learns whether there is a second factor, and no code is used up.
    blind = visitor.post("/session", {"login": "anna", "password": "a wrong one", "code": anna.code()})
    assert blind.json["type"] == "/problems/unauthenticated"
    assert "code" not in blind.json["detail"]
    assert visitor.post("/session", login | {"code": anna.code()}).status_code == 200
    assert visitor.post("/session", login | {"code": anna.code()}).status_code == 401
    assert visitor.post("/session", login | {"code": anna.codes[0]}).status_code == 200


def test_codes_of_programs_are_charged(protect: Callable[..., Protected], visitor: ApiClient, limited: Flask) -> None:
    anna = protect()
    login = {"login": "anna", "password": PASSWORD}
    statuses = [visitor.post("/session", login | {"code": anna.wrong()}).status_code for _ in range(5)]
    assert statuses == [401] * 5
    assert visitor.post("/session", login | {"code": anna.code()}).status_code == 429


def test_a_stolen_sign_in_removes_no_factor(protect: Callable[..., Protected], app: Flask, clock: time_machine.Traveller) -> None:
    anna = protect()
    caller = ApiClient(app.test_client())
    signed_in = caller.post("/session", {"login": "anna", "password": PASSWORD, "code": anna.code()})
    caller.csrf = signed_in.json["csrf_token"]
    clock.shift(30)
    listed = caller.get("/me/factors").json
    factor = listed["items"][0]
    assert listed["recovery_codes_left"] == 10
    assert set(factor) == {"id", "kind", "name", "created_at", "last_used_at"}
    assert (factor["kind"], factor["name"]) == ("totp", "My phone")
    path = f"/me/factors/{factor['id']}"
    for body, pointer in (
        ({}, "/password"),
        ({"password": "a wrong one", "code": anna.code()}, "/password"),
        ({"password": PASSWORD}, "/code"),
        ({"password": PASSWORD, "code": anna.wrong()}, "/code"),
    ):
        refused = caller.request("DELETE", path, body)
        assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, pointer), body
    # A personal token may not, whatever its scopes.
    with writing() as session:
        token = create_token(session, anna.id, name="all", scopes=list(Scope))[1]
    assert ApiClient(app.test_client(), token=token).request("DELETE", path, {"password": PASSWORD, "code": anna.code()}).status_code == 403
    assert ApiClient(app.test_client(), token=token).get("/me/factors").status_code == 403
    assert caller.request("DELETE", "/me/factors/999", {"password": PASSWORD, "code": anna.codes[0]}).status_code == 404
    assert caller.request("DELETE", path, {"password": PASSWORD, "code": anna.code()}).status_code == 204
    assert caller.get("/me/factors").json == {"items": [], "recovery_codes_left": 0}
    assert ApiClient(app.test_client()).post("/session", {"login": "anna", "password": PASSWORD}).status_code == 200


def test_an_account_without_a_password_needs_a_new_sign_in(
    protect: Callable[..., Protected], reader: Reader, clock: time_machine.Traveller
) -> None:
    anna = protect()
    anna.give_password(reader)
    reader.send(SECOND, code=anna.code())
    with writing() as session:
        session.get_one(Account, anna.id).password_hash = None
    clock.shift(599)
    screen = reader.open(SECURITY)
    assert screen.page.all("input", name="password") == []
    screen = reader.send(f"{SECURITY}/confirm", "Go on")
    assert screen.status == 422
    clock.shift(2)
    screen = reader.open(SECURITY)
    assert "takes a new sign-in" in screen.text
    token = screen.page.all("input", name="csrf_token")[0].attributes["value"]
    answer = reader.client.post(f"{SECURITY}/confirm", data={"csrf_token": token, "code": anna.code()})
    assert answer.status_code == 403


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server without the extra."""

    def find(name: str) -> None:
        return None

    monkeypatch.setattr(extra, "find_spec", find)


def test_without_the_extra_nobody_gets_in_by_password_alone(
    protect: Callable[..., Protected], reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = protect()
    monkeypatch.setattr(extra, "find_spec", lambda name: None)
    screen = anna.give_password(reader)
    assert "pip install 'forum[security]'" in screen.text
    screen = reader.send(SECOND, code=anna.code())
    assert (screen.status, sign_ins()) == (503, 0)
    api = ApiClient(reader.client)
    assert api.post("/session", {"login": "anna", "password": PASSWORD}).status_code == 401
    assert api.post("/session", {"login": "anna", "password": PASSWORD, "code": anna.code()}).status_code == 503
    assert sign_ins() == 0
    # Recovery codes need no library.
    anna.give_password(reader)
    assert is_in(reader.send(SECOND, code=anna.codes[0]))
    reader.open(SECURITY)
    assert "pip install 'forum[security]'" in reader.screen.text
    screen = reader.send(f"{SECURITY}/confirm", "Go on", password=PASSWORD, code=anna.codes[1])
    assert screen.page.all("form", action=f"{SECURITY}/app") == []
    assert reader.open("/sign-in/passkey").path == "/"


def test_without_the_extra_the_page_says_how_to_get_it(enter: Callable[[str], Reader], bare: None, app: Flask) -> None:
    anna = enter("anna")
    anna.open(SECURITY)
    screen = anna.send(f"{SECURITY}/confirm", "Go on", password=PASSWORD)
    assert "pip install 'forum[security]'" in screen.text
    token = screen.page.all("input", name="csrf_token")[0].attributes["value"]
    assert anna.client.post(f"{SECURITY}/app", data={"csrf_token": token}).status_code == 503
    visitor = Reader(app.test_client())
    assert "pip install" in visitor.open("/sign-in/passkey").text
    assert "passkey" not in visitor.open("/sign-in").text


def test_what_the_visitor_came_for_is_done_after_the_second_step(
    protect: Callable[..., Protected], reader: Reader, article: Callable[..., int]
) -> None:
    anna = protect()
    article("On touch")
    reader.open("/a/on-touch?stand=skepticism")
    reader.send("/a/on-touch/comments", body_md="What I came to say.")
    assert reader.screen.page.all("form", action="/sign-in"), reader.screen.text
    screen = anna.give_password(reader)
    assert screen.heading == "One more step to sign in"
    assert "What I came to say." in screen.page.one("p", class_="purpose").text
    assert reader.send(SECOND, code=anna.wrong()).status == 422
    screen = reader.send(SECOND, code=anna.code())
    assert is_in(screen)
    assert "What I came to say." in screen.text


def test_the_second_step_works_in_a_frame(protect: Callable[..., Protected], app: Flask) -> None:
    anna = protect()
    reader = Reader(app.test_client())
    framed = {"Sec-Fetch-Dest": "iframe"}
    reader.open("/sign-in?next=/", headers=framed)
    for action, fields in (("/sign-in", {"login": "anna", "password": PASSWORD}), (SECOND, {"code": anna.code()})):
        form = reader.screen.form(action)
        data = {"csrf_token": form.one("input", name="csrf_token").attributes["value"], "next": "/sign-in", **fields}
        response = reader.client.post(action, data=data, headers=framed)
        if action == "/sign-in":
            assert "One more step" in response.text
            reader.screen = type(reader.screen)(response, action, parse(response.text))
    assert (response.status_code, sign_ins()) == (303, 1)


def test_an_old_form_asks_again(protect: Callable[..., Protected], reader: Reader) -> None:
    anna = protect()
    anna.give_password(reader)
    answer = reader.client.post(SECOND, data={"csrf_token": "old", "code": anna.code(), "next": "/settings"})
    assert (answer.status_code, sign_ins()) == (403, 0)
    screen = parse(answer.text)
    assert screen.one("form", action=SECOND).one("input", name="next").attributes["value"] == "/settings"


def test_a_used_recovery_code_is_told_and_counted(protect: Callable[..., Protected], reader: Reader) -> None:
    told: list[Change] = []
    anna = protect()
    on_security_change.append(lambda session, account_id, change: told.append(change))
    try:
        anna.give_password(reader)
        screen = reader.send(SECOND, code=anna.codes[0])
    finally:
        on_security_change.pop()
    assert told == [Change.CODE_USED]
    assert screen.notices == ["9 recovery codes are left."]


def test_no_secret_is_logged(protect: Callable[..., Protected], app: Flask) -> None:
    with capture_logs() as lines:
        anna = protect()
        caller = ApiClient(app.test_client())
        codes = [anna.wrong(), anna.code(), anna.codes[0]]
        for code in codes:
            caller.post("/session", {"login": "anna", "password": PASSWORD, "code": code})
    text = repr(lines)
    assert {"second factors changed", "second factor wrong", "second factor proven"} <= {line["event"] for line in lines}
    assert not [secret for secret in (anna.secret, *codes, hash_code(anna.id, anna.codes[0])) if secret in text]
