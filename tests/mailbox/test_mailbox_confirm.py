"""An address is confirmed by its owner alone, and changed only by who reads the new one; nobody learns whose address it is."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from forum.accounts.models import Account
from forum.db.transaction import reading, writing
from tests.conftest import PASSWORD, ApiClient, Person
from tests.mailbox.conftest import Mails, send

pytestmark = pytest.mark.postgresql_slow

ADDRESS = "anna@example.org"


def account(account_id: int) -> Account:
    with reading() as session:
        found = session.get_one(Account, account_id)
        session.expunge(found)
        return found


def test_signing_up_sends_the_confirmation(client: FlaskClient, visitor: ApiClient, mails: Mails, link: Callable[..., str]) -> None:
    made = visitor.post("/accounts", {"handle": "anna", "email": ADDRESS, "password": PASSWORD, "display_name": "Buy at shop.example"})
    assert made.json["email_confirmed"] is False
    (mail,) = mails(ADDRESS)
    assert mail.subject == "Open Discussion: is this your address?"
    # Whoever signs up with somebody else's address sends them nothing of their own.
    assert "shop.example" not in mail.subject + mail.body
    page = client.get(link("confirm"))
    assert f"This address belongs to @anna: {ADDRESS}" in page.text
    assert send(client, link("confirm")).status_code == 303
    session = visitor.post("/session", {"login": "anna", "password": PASSWORD}).json
    assert session["account"]["email_confirmed"] is True


def test_the_page_of_signing_up_sends_it_too(client: FlaskClient, mails: Mails) -> None:
    assert send(client, "/sign-up", handle="anna", email=ADDRESS, password=PASSWORD).status_code == 303
    assert [mail.kind for mail in mails()] == ["confirm"]
    assert "not confirmed yet" in client.get("/settings").text


def test_it_is_sent_again_on_request(person: Callable[..., Person], mails: Mails, link: Callable[..., str]) -> None:
    anna = person("anna")
    assert anna.client.post("/me/confirmation").status_code == 202
    browser = anna.client.client
    assert send(browser, "/settings", "/settings/confirmation").headers["Location"] == "/settings"
    assert "A mail is on its way to anna@example.org" in browser.get("/settings").text
    assert len(mails(ADDRESS)) == 2
    assert send(browser, link("confirm")).headers["Location"] == "/settings"
    assert anna.client.get("/me").json["email_confirmed"] is True
    again = anna.client.post("/me/confirmation")
    assert (again.status_code, again.json["type"]) == (409, "/problems/conflict")
    assert send(browser, "/settings", "/settings/confirmation").headers["Location"] == "/settings"
    assert "confirmed already" in browser.get("/settings").text


def test_an_account_without_an_address_has_nothing_to_confirm(person: Callable[..., Person]) -> None:
    anna = person("anna")
    with writing() as session:
        session.get_one(Account, anna.id).email = None
    assert anna.client.post("/me/confirmation").status_code == 409
    assert "has no address yet" in anna.client.client.get("/settings").text
    assert anna.client.put("/me/email", {"email": "new@example.org", "password": PASSWORD}).status_code == 202


def test_a_new_address_takes_effect_when_its_link_is_followed(
    person: Callable[..., Person], client: FlaskClient, mails: Mails, link: Callable[..., str]
) -> None:
    anna = person("anna")
    client.post("/api/v1/password-resets", json={"email": ADDRESS})
    old_reset = link("reset")
    assert anna.client.put("/me/email", {"email": " New@Example.org ", "password": PASSWORD}).status_code == 202
    assert [mail.kind for mail in mails(ADDRESS)][-1] == "address_asked"
    assert "new@example.org" in mails(ADDRESS)[-1].body
    assert account(anna.id).email == ADDRESS
    path = link("change_address", "new@example.org")
    assert "From now on @anna has this address: new@example.org" in client.get(path).text
    assert send(client, path).status_code == 303
    assert (account(anna.id).email, account(anna.id).email_confirmed_at is not None) == ("new@example.org", True)
    assert client.get(old_reset).status_code == 410, "what was mailed to the old address opens nothing any more"


def test_the_form_of_the_settings(person: Callable[..., Person], mails: Mails) -> None:
    anna = person("anna")
    browser = anna.client.client
    wrong = send(browser, "/settings/email", email="new@example.org", password="not that password")
    assert wrong.status_code == 422
    assert "This is not your password." in wrong.text
    assert 'value="new@example.org"' in wrong.text
    assert "not that password" not in wrong.text
    for email, said in (("x", "This is not an e-mail address"), (ADDRESS, "has already")):
        assert said in send(browser, "/settings/email", email=email, password=PASSWORD).text
    assert mails() == []
    done = send(browser, "/settings/email", email="new@example.org", password=PASSWORD)
    assert done.headers["Location"] == "/settings/email"
    assert "on its way to new@example.org" in browser.get("/settings/email").text
    assert len(mails()) == 2


def test_a_visitor_is_sent_to_sign_in(client: FlaskClient) -> None:
    for path in ("/settings/email", "/settings/confirmation"):
        answer = client.post(path, data={"email": "x@example.org"})
        assert answer.headers["Location"].startswith("/sign-in?next=/settings"), path


def test_a_taken_address_is_told_to_its_owner_and_not_to_who_asks(person: Callable[..., Person], mails: Mails) -> None:
    anna, _ben = person("anna"), person("ben")
    free = anna.client.put("/me/email", {"email": "free@example.org", "password": PASSWORD})
    taken = anna.client.put("/me/email", {"email": "ben@example.org", "password": PASSWORD})
    assert (free.status_code, free.data) == (taken.status_code, taken.data)
    assert free.status_code == 202
    assert [mail.kind for mail in mails("ben@example.org")] == ["address_taken"]
    assert "@ben" in mails("ben@example.org")[0].body
    assert "anna" not in mails("ben@example.org")[0].body


def test_taken_meanwhile_it_changes_nothing(
    person: Callable[..., Person], client: FlaskClient, visitor: ApiClient, link: Callable[..., str]
) -> None:
    anna = person("anna")
    anna.client.put("/me/email", {"email": "new@example.org", "password": PASSWORD})
    path = link("change_address")
    assert visitor.post("/accounts", {"handle": "ben", "email": "new@example.org", "password": PASSWORD}).status_code == 201
    refused = send(client, path)
    assert refused.status_code == 409
    assert "Another account has this address by now" in refused.text
    assert account(anna.id).email == ADDRESS


def test_a_second_wish_replaces_the_first(person: Callable[..., Person], client: FlaskClient, link: Callable[..., str]) -> None:
    anna = person("anna")
    anna.client.put("/me/email", {"email": "one@example.org", "password": PASSWORD})
    first = link("change_address")
    anna.client.put("/me/email", {"email": "two@example.org", "password": PASSWORD})
    assert client.get(first).status_code == 410
    assert send(client, link("change_address")).status_code == 303
    assert account(anna.id).email == "two@example.org"


def test_a_confirmation_of_the_former_address_is_good_for_nothing(
    person: Callable[..., Person], client: FlaskClient, link: Callable[..., str]
) -> None:
    anna = person("anna")
    anna.client.post("/me/confirmation")
    path = link("confirm")
    with writing() as session:
        session.get_one(Account, anna.id).email = "other@example.org"
    assert client.get(path).status_code == 410
    assert account(anna.id).email_confirmed_at is None


@pytest.mark.parametrize("ask", ["/session/mail", "/password-resets", "/me/confirmation", "/me/email"])
def test_mails_are_limited(make_app: Callable[..., Flask], ask: str) -> None:
    app = make_app(mail_rate="2/h")
    visitor = ApiClient(app.test_client())
    visitor.post("/accounts", {"handle": "anna", "email": ADDRESS, "password": PASSWORD})
    visitor.csrf = visitor.post("/session", {"login": "anna", "password": PASSWORD}).json["csrf_token"]
    body = {"/me/confirmation": None, "/me/email": {"email": "new@example.org", "password": PASSWORD}}.get(ask, {"email": ADDRESS})
    method = "PUT" if ask == "/me/email" else "POST"
    answers = [visitor.request(method, ask, body).status_code for _ in range(3)]
    assert answers == [202, 202, 429]
