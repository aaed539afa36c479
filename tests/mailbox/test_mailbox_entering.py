"""Signing in and resetting a password by mail: the same answer for every address, the second factor still asked, nothing left to who came before."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from forum.access.permissions import Scope
from forum.accounts.actions import create_token
from forum.accounts.admission import SECOND_STEPS, Onward
from forum.accounts.models import Account, ApiToken, SignIn
from forum.clock import now
from forum.db.transaction import reading, writing
from forum.factors.actions import Change, tell
from forum.factors.models import Factor, FactorKind
from forum.jobs.models import Job
from forum.mail.models import OutgoingMail
from forum.web.pages import Page
from tests.conftest import PASSWORD, ApiClient, Person
from tests.mailbox.conftest import Mails, csrf_of, send

pytestmark = pytest.mark.postgresql_slow

ADDRESS = "anna@example.org"
NEW = "another horse battery"


def confirm(account_id: int) -> None:
    with writing() as session:
        session.get_one(Account, account_id).email_confirmed_at = now()


def count(table: type[SignIn] | type[ApiToken], account_id: int) -> int:
    with reading() as session:
        return session.scalar(select(func.count()).where(table.account_id == account_id)) or 0


def who(browser: FlaskClient) -> str | None:
    found = browser.get("/api/v1/session").get_json()["account"]
    return found["handle"] if found else None


@pytest.mark.parametrize("path", ["/session/mail", "/password-resets"])
def test_every_address_is_answered_alike_and_costs_the_same(
    person: Callable[..., Person], visitor: ApiClient, mails: Mails, path: str
) -> None:
    person("anna")
    answers, statements = [], []
    for email in (ADDRESS, "nobody@example.org"):
        answer = visitor.post(path, {"email": email})
        answers.append((answer.status_code, answer.data, {name for name, _ in answer.headers}))
        with reading() as session:
            statements.append(session.scalar(select(func.count()).select_from(Job)))
            assert session.scalar(select(func.count()).select_from(OutgoingMail)) == 0, "what is found out is found out by a job"
    assert answers[0] == answers[1]
    assert statements == [1, 2]
    assert [mail.to_address for mail in mails()] == [ADDRESS]


def test_the_pages_say_the_same_for_every_address(person: Callable[..., Person], client: FlaskClient) -> None:
    person("anna")
    for path in ("/sign-in/mail", "/password"):
        pages = [send(client, path, email=email).text.replace(email, "") for email in (ADDRESS, "nobody@example.org")]
        assert pages[0] == pages[1]
        assert "Look into your mail" in pages[0]
        refused = send(client, path, email="x")
        assert refused.status_code == 422
        assert "This is not an e-mail address" in refused.text


def test_the_sign_in_page_offers_both(client: FlaskClient) -> None:
    page = client.get("/sign-in?next=/a/on-touch").text
    assert "/sign-in/mail?next=/a/on-touch" in page
    assert 'href="/password"' in page
    assert 'name="next" value="/a/on-touch"' in client.get("/sign-in/mail?next=/a/on-touch").text


def test_a_link_signs_in_and_goes_on(person: Callable[..., Person], client: FlaskClient, link: Callable[..., str]) -> None:
    anna = person("anna")
    confirm(anna.id)
    send(client, "/sign-in/mail?next=/a/on-touch", "/sign-in/mail", email=ADDRESS, next="/a/on-touch")
    path = link("sign_in")
    page = client.get(path)
    assert "You will be signed in as @anna in this browser." in page.text
    assert "its password" not in page.text.lower()
    assert who(client) is None
    done = send(client, path)
    assert done.headers["Location"] == "/a/on-touch"
    assert who(client) == "anna"
    assert count(SignIn, anna.id) == 2, "elsewhere she stays signed in"
    assert client.post("/api/v1/session", json={"login": "anna", "password": PASSWORD}).status_code == 200, "the password stays"


def test_it_sends_nobody_elsewhere(
    person: Callable[..., Person], visitor: ApiClient, client: FlaskClient, link: Callable[..., str]
) -> None:
    confirm(person("anna").id)
    visitor.post("/session/mail", {"email": ADDRESS, "next": "//evil.example"})
    assert send(client, link("sign_in")).headers["Location"] == "/"


def test_an_errand_travels_in_the_link_if_it_is_short(
    person: Callable[..., Person], article: Callable[..., int], client: FlaskClient, link: Callable[..., str]
) -> None:
    confirm(person("anna").id)
    article("On touch")
    asked = send(client, "/sign-in", "/a/on-touch/comments", body_md="A word of mine.", stance="agreement")
    assert asked.status_code == 401
    errand = asked.text.partition('name="errand" value="')[2].partition('"')[0].replace("&#34;", '"').replace("&amp;", "&")
    assert errand
    carried = client.post("/sign-in/mail", data={"csrf_token": csrf_of(asked), "errand": errand, "step": "form"})
    assert "Send the link" in carried.text
    sent = client.post("/sign-in/mail", data={"csrf_token": csrf_of(asked), "errand": errand, "email": ADDRESS})
    assert "too long" not in sent.text
    done = send(client, link("sign_in"))
    assert who(client) == "anna"
    assert "A word of mine." in done.text, "the text comes back in the form that it was typed into"
    long = client.post(
        "/sign-in/mail", data={"csrf_token": csrf_of(client.get("/settings")), "errand": f"post:{'x' * 30_000}", "email": ADDRESS}
    )
    assert "too long to travel in the link" in long.text


def test_the_second_factor_is_still_asked(
    person: Callable[..., Person], client: FlaskClient, visitor: ApiClient, link: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    confirm(person("anna").id)

    def ask(session: Session, account: Account, onward: Onward) -> Page | None:
        return Page(body=f"A code for {account.handle}, then {onward.then}")

    monkeypatch.setattr("forum.accounts.admission.SECOND_STEPS", [ask])
    assert SECOND_STEPS is not None
    visitor.post("/session/mail", {"email": ADDRESS, "next": "/settings"})
    assert send(client, link("sign_in")).text == "A code for anna, then /settings"
    assert who(client) is None


@pytest.mark.parametrize("by", ["sign_in", "reset"])
def test_who_signed_up_with_anothers_address_is_left_with_nothing(
    person: Callable[..., Person], client: FlaskClient, visitor: ApiClient, link: Callable[..., str], by: str
) -> None:
    """The account was registered by somebody who waits for the owner of the address to come ("pre-hijacking")."""
    hijacker = person("anna")
    with writing() as session:
        _, token = create_token(session, hijacker.id, name="Mine", scopes=[Scope.READ])
        session.add(
            Factor(account_id=hijacker.id, kind=FactorKind.TOTP.value, name="Mine", secret="x", created_at=now(), confirmed_at=now())
        )
    if by == "sign_in":
        visitor.post("/session/mail", {"email": ADDRESS})
        page = client.get(link("sign_in"))
        assert "Its password, if it has one, is removed" in page.text
        assert send(client, link("sign_in")).status_code == 303
        assert who(client) == "anna"
    else:
        visitor.post("/password-resets", {"email": ADDRESS})
        assert "Tokens that were made for programs end as well" in client.get(link("reset")).text
        assert send(client, link("reset"), f"{link('reset')}/password", new_password=NEW).headers["Location"] == "/sign-in"
    assert hijacker.client.get("/me").status_code == 401
    assert ApiClient(client.application.test_client(), token=token).get("/me").status_code == 401
    assert visitor.post("/session", {"login": "anna", "password": PASSWORD}).status_code == 401
    with reading() as session:
        assert session.get_one(Account, hijacker.id).email_confirmed_at is not None
        assert session.scalar(select(func.count()).select_from(Factor)) == 0


def test_a_reset_sets_a_password_and_ends_every_sign_in(
    person: Callable[..., Person], client: FlaskClient, mails: Mails, link: Callable[..., str]
) -> None:
    anna = person("anna")
    confirm(anna.id)
    send(client, "/password", email=ADDRESS)
    path = link("reset")
    weak = send(client, path, f"{path}/password", new_password="short")
    assert weak.status_code == 422
    assert "at least 8 characters" in weak.text
    assert "short" not in weak.text
    assert client.post(path, data={"csrf_token": csrf_of(client.get(path))}).status_code == 410, (
        "the button of other links does nothing here"
    )
    assert send(client, path, f"{path}/password", new_password=NEW).headers["Location"] == "/sign-in"
    assert who(client) is None
    assert count(SignIn, anna.id) == 0
    assert anna.client.get("/me").status_code == 401
    assert client.get(path).status_code == 410
    assert [mail.kind for mail in mails(ADDRESS)] == ["reset", "password_changed"]
    login = {"login": "anna", "password": NEW}
    assert client.post("/api/v1/session", json=login).status_code == 200


def test_a_reset_by_the_api(person: Callable[..., Person], visitor: ApiClient, link: Callable[..., str]) -> None:
    confirm(person("anna").id)
    assert visitor.post("/password-resets", {"email": ADDRESS}).status_code == 202
    token = link("reset").rpartition("/")[2]
    weak = visitor.put("/password-resets", {"token": token, "new_password": "anna@example.org"})
    assert (weak.status_code, weak.json["errors"][0]["pointer"]) == (422, "/new_password")
    assert visitor.put("/password-resets", {"token": token, "new_password": NEW}).status_code == 204
    again = visitor.put("/password-resets", {"token": token, "new_password": NEW})
    assert (again.status_code, again.json["type"]) == (410, "/problems/link-expired")
    assert visitor.post("/session", {"login": "anna", "password": NEW}).status_code == 200


def test_a_reset_stops_a_change_of_address_that_somebody_else_asked_for(
    person: Callable[..., Person], client: FlaskClient, link: Callable[..., str]
) -> None:
    anna = person("anna")
    confirm(anna.id)
    anna.client.put("/me/email", {"email": "thief@example.org", "password": PASSWORD})
    stolen = link("change_address")
    client.post("/api/v1/password-resets", json={"email": ADDRESS})
    path = link("reset")
    assert send(client, path, f"{path}/password", new_password=NEW).status_code == 303
    assert client.get(stolen).status_code == 410


def test_a_changed_password_is_told_by_mail(person: Callable[..., Person], mails: Mails) -> None:
    anna = person("anna")
    done = anna.client.put("/me/password", {"current_password": PASSWORD, "new_password": NEW})
    assert done.status_code == 204
    (mail,) = mails(ADDRESS)
    assert "The password of @anna" in mail.body
    assert NEW not in mail.body


@pytest.mark.parametrize("state", ["left", "leaving", "guest"])
def test_nobody_comes_in_by_the_address_of_an_account_that_goes(
    app: Flask, person: Callable[..., Person], visitor: ApiClient, mails: Mails, state: str
) -> None:
    anna = person("anna")
    with writing() as session:
        account = session.get_one(Account, anna.id)
        account.left_at = now() if state == "left" else None
        account.leaving_at = now() if state == "leaving" else None
        account.is_guest = state == "guest"
    for path in ("/session/mail", "/password-resets"):
        assert visitor.post(path, {"email": ADDRESS}).status_code == 202
    assert mails() == []


def test_a_link_to_an_address_that_was_changed_opens_nothing(
    person: Callable[..., Person], client: FlaskClient, visitor: ApiClient, link: Callable[..., str]
) -> None:
    anna = person("anna")
    visitor.post("/session/mail", {"email": ADDRESS})
    path = link("sign_in")
    with writing() as session:
        session.get_one(Account, anna.id).email = "other@example.org"
    assert client.get(path).status_code == 410


@pytest.mark.parametrize("what", Change)
def test_a_change_of_what_protects_an_account_is_told_by_mail(person: Callable[..., Person], mails: Mails, what: Change) -> None:
    anna = person("anna")
    with writing() as session:
        tell(session, anna.id, what)
    (mail,) = mails(ADDRESS)
    assert "@anna at http://127.0.0.1:8000: " in mail.body
    assert "/password\n" in mail.body
