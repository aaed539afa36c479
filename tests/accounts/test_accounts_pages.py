"""The pages of people: signing up, in and out, and the settings."""

from collections.abc import Callable

import pytest
from flask import Flask

from forum.access.viewer import Role
from forum.accounts.device import name_device
from forum.db.transaction import writing
from tests.conftest import PASSWORD, add_account
from tests.journeys.reader import Reader

pytestmark = pytest.mark.postgresql_slow

ELSEWHERE = [
    "//evil.example",
    "https://evil.example/",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "javascript:alert(1)",
    "evil",
    "",
]


@pytest.fixture
def reader(app: Flask) -> Reader:
    """A reader whom nobody knows."""
    return Reader(app.test_client())


@pytest.fixture
def enter(app: Flask) -> Callable[..., Reader]:
    """Return a function that makes an account and signs it in through the page."""

    def make(handle: str, role: Role = Role.MEMBER) -> Reader:
        with writing() as session:
            add_account(session, handle, role=role)
        newcomer = Reader(app.test_client())
        newcomer.sign_in(handle, PASSWORD)
        return newcomer

    return make


def test_a_person_signs_up_and_is_there(reader: Reader) -> None:
    reader.open("/sign-up?next=/problems/")
    form = {"handle": "Anna", "email": "anna@example.org", "password": "a fine sentence", "display_name": "Anna Weber"}
    screen = reader.send("/sign-up", "Sign up", **form)
    assert screen.path == "/problems/"
    assert screen.notices == ["Welcome. You are signed in as @anna."]
    assert reader.open("/u/anna").heading == "Anna Weber"
    assert reader.open("/sign-up").path == "/"
    assert reader.open("/sign-in?next=/settings").path == "/settings"


def test_everything_wrong_with_a_sign_up_stands_beside_its_field(reader: Reader, app: Flask) -> None:
    with writing() as session:
        add_account(session, "anna")
    reader.open("/sign-up")
    screen = reader.send("/sign-up", "Sign up", handle="anna", email="nowhere", password="short", display_name="Anna")
    assert screen.status == 422
    for name, words in (("handle", "taken"), ("email", "not an e-mail address"), ("password", "at least 8")):
        field = screen.page.one("input", name=name)
        reason = screen.page.one("p", id=f"e-{name}")
        assert field.attributes["aria-invalid"] == "true"
        assert reason.attributes["id"] in field.attributes["aria-describedby"].split()
        assert words in reason.text
        assert any(link.attributes["href"] == f"#{field.attributes['id']}" for link in screen.page.one("div", class_="errors").all("a"))
    assert screen.page.one("input", name="handle").attributes["value"] == "anna"
    assert screen.page.one("input", name="display_name").attributes["value"] == "Anna"
    assert screen.page.one("input", name="password").attributes["value"] == "", "a password is never sent back"
    assert "short" not in screen.response.text.replace("shortened", "")


def test_signing_up_may_be_closed(make_app: Callable[..., Flask]) -> None:
    reader = Reader(make_app(registration="closed").test_client())
    screen = reader.open("/sign-up")
    assert "Signing up is closed here" in screen.text
    assert not screen.page.all("form", action="/sign-up")
    token = reader.open("/sign-in").page.all("input", name="csrf_token")[0].attributes["value"]
    form = {"csrf_token": token, "handle": "anna", "email": "anna@example.org", "password": "a fine sentence"}
    assert reader.client.post("/sign-up", data=form).status_code == 403


def test_unknown_and_wrong_are_answered_alike(reader: Reader, app: Flask) -> None:
    with writing() as session:
        add_account(session, "anna")
    screens = []
    for login, password in (("anna", "wrong password"), ("nobody", "wrong password")):
        reader.open("/sign-in")
        screens.append(reader.sign_in(login, password))
    assert [screen.status for screen in screens] == [401, 401]
    assert screens[0].errors == screens[1].errors != ""


@pytest.mark.parametrize("target", ELSEWHERE)
def test_nobody_is_sent_to_another_site(reader: Reader, app: Flask, target: str) -> None:
    with writing() as session:
        add_account(session, "anna")
    screen = reader.open("/sign-in", query_string={"next": target})
    assert screen.page.one("input", name="next").attributes["value"] == ""
    token = screen.page.all("input", name="csrf_token")[0].attributes["value"]
    answer = reader.client.post("/sign-in", data={"csrf_token": token, "login": "anna", "password": PASSWORD, "next": target})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")


def test_a_sign_in_without_its_token_asks_again_and_keeps_the_login(reader: Reader, app: Flask) -> None:
    with writing() as session:
        add_account(session, "anna")
    reader.open("/sign-in")
    screen = reader.send("/sign-in", "Sign in", login="anna", password=PASSWORD, csrf_token="forged")
    assert screen.status == 403
    assert screen.page.one("input", name="login").attributes["value"] == "anna"
    assert reader.sign_in("anna", PASSWORD).page.all("form", action="/sign-out")


def test_signing_out_ends_the_sign_in_on_the_server(enter: Callable[..., Reader]) -> None:
    anna = enter("anna")
    cookie = anna.client.get_cookie("forum")
    assert cookie is not None
    anna.open("/")
    assert anna.send("/sign-out").notices == ["You are signed out."]
    anna.client.set_cookie("forum", cookie.value)
    assert anna.open("/settings").heading == "Sign in"


def test_signing_out_twice_is_no_failure(enter: Callable[..., Reader], app: Flask) -> None:
    anna = enter("anna")
    stale = anna.open("/")
    anna.send("/sign-out")
    anna.screen = stale
    assert anna.send("/sign-out").notices == ["You are signed out."]


def test_the_settings_ask_a_visitor_to_sign_in_and_go_on(reader: Reader, app: Flask) -> None:
    with writing() as session:
        add_account(session, "anna")
    assert reader.open("/settings").heading == "Sign in"
    assert reader.sign_in("anna", PASSWORD).path == "/settings"


def test_the_profile_is_what_readers_see(enter: Callable[..., Reader], reader: Reader) -> None:
    anna = enter("anna")
    anna.open("/settings")
    screen = anna.send("/settings/profile", "Save profile", display_name="Anna Weber", credential="Physiotherapist")
    assert screen.notices == ["Your profile is saved."]
    assert reader.open("/u/anna").heading == "Anna Weber"
    assert "Physiotherapist" in reader.screen.text
    assert anna.send("/settings/profile", "Save profile", credential=None).status == 200
    assert "Physiotherapist" not in reader.open("/u/anna").text
    screen = anna.send("/settings/profile", "Save profile", display_name="x" * 81)
    assert screen.status == 422
    assert screen.page.one("input", name="display_name").attributes["value"] == "x" * 81
    assert screen.page.one("p", id="e-display_name").text


def test_a_new_password_ends_the_other_sign_ins(enter: Callable[..., Reader], app: Flask) -> None:
    anna, other = enter("anna"), Reader(app.test_client())
    other.sign_in("anna", PASSWORD)
    anna.open("/settings")
    screen = anna.send("/settings/password", "Change password", current_password="not it", new_password="a fine sentence")
    assert screen.status == 422
    assert screen.page.one("p", id="e-current_password").text
    assert not screen.page.all("p", id="e-display_name")
    screen = anna.send("/settings/password", "Change password", current_password=PASSWORD, new_password="a fine sentence")
    assert "Your password is changed." in screen.notices[0]
    assert other.open("/settings").heading == "Sign in"
    assert other.sign_in("anna", "a fine sentence").path == "/settings"


def test_sign_ins_are_listed_and_ended(enter: Callable[..., Reader], app: Flask) -> None:
    anna, other = enter("anna"), Reader(app.test_client())
    other.sign_in("anna", PASSWORD)
    screen = anna.open("/settings")
    rows = [form.attributes["action"] for form in screen.page.all("form") if form.attributes["action"].startswith("/settings/sign-ins/")]
    assert len(rows) == 3
    current = next(item for item in screen.page.all("li") if "This one" in item.text).one("form").attributes["action"]
    (theirs,) = {row for row in rows if row != "/settings/sign-ins/end"} - {current}
    assert anna.send(theirs).notices == ["That sign-in is ended."]
    assert other.open("/settings").heading == "Sign in"
    other.sign_in("anna", PASSWORD)
    anna.open("/settings")
    assert anna.send("/settings/sign-ins/end").notices == ["You are signed out everywhere."]
    for client in (anna, other):
        assert client.open("/settings").heading == "Sign in"


def test_somebody_else_s_sign_in_is_not_ended(enter: Callable[..., Reader]) -> None:
    anna, ben = enter("anna"), enter("ben")
    theirs = next(
        form.attributes["action"] for form in anna.open("/settings").page.all("form") if form.attributes["action"].endswith("/end")
    )
    token = ben.open("/settings").page.all("input", name="csrf_token")[0].attributes["value"]
    assert ben.client.post(theirs, data={"csrf_token": token}).status_code == 404
    assert anna.open("/settings").heading == "Settings"


def test_a_token_is_shown_once_works_and_is_revoked(enter: Callable[..., Reader], app: Flask) -> None:
    anna = enter("anna")
    anna.open("/settings")
    screen = anna.send("/settings/tokens", "Make a token", name="script")
    assert screen.status == 422
    assert "Choose at least one" in screen.page.one("p", id="e-scopes").text
    assert screen.page.one("input", name="name").attributes["value"] == "script"
    screen = anna.send("/settings/tokens", "Make a token", scopes=["read", "tag"])
    secret = screen.page.one("div", class_="secret").one("code").text
    headers = {"Authorization": f"Bearer {secret}"}
    assert app.test_client().get("/api/v1/me", headers=headers).get_json()["handle"] == "anna"
    assert secret not in anna.open("/settings").response.text
    revoke = next(form.attributes["action"] for form in anna.screen.page.all("form") if form.attributes["action"].endswith("/revoke"))
    assert "revoked" in anna.send(revoke).notices[0]
    assert app.test_client().get("/api/v1/me", headers=headers).status_code == 401


def test_scopes_are_offered_by_role(enter: Callable[..., Reader]) -> None:
    def offered(person: Reader) -> list[str]:
        return [box.attributes["value"] for box in person.open("/settings").page.all("input", name="scopes")]

    assert offered(enter("anna")) == ["read", "comment", "tag"]
    assert offered(enter("marit", Role.PUBLISHER)) == ["read", "comment", "tag", "admin"]
    assert offered(enter("imke", Role.MODERATOR)) == ["read", "comment", "tag", "moderate", "admin"]


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox · Linux"),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15",
            "Safari · macOS",
        ),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0", "Edge · Windows"),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36", "Chrome · Android"),
        ("curl/8.5.0", "curl"),
        ("x" * 200, "x" * 60),
        ("", ""),
    ],
)
def test_a_browser_is_named_in_words(header: str, words: str) -> None:
    assert name_device(header) == words
