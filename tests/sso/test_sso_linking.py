"""From somebody elsewhere to an account here: none is opened because another site says so, only because its mailbox was read."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select

from forum.access.permissions import Scope
from forum.accounts.actions import RESERVED, create_token
from forum.accounts.models import Account, ApiToken, SignIn
from forum.accounts.queries import find_account
from forum.clock import now
from forum.db.transaction import reading, writing
from forum.mail.models import OutgoingMail
from forum.sso.handles import choose_handle
from forum.sso.linking import connect
from forum.sso.models import Identity, UsedToken
from forum.sso.queries import list_identities
from forum.text.mentions import HANDLE_PATTERN
from tests.conftest import PASSWORD, ApiClient, Person, add_account
from tests.journeys.reader import Reader
from tests.sso.host import ISSUER, Host

pytestmark = pytest.mark.postgresql_slow

TAKEN = {"email": "anna@example.org"}
Link = Callable[[str], str]


def confirm(account_id: int, *, leaving: bool = False) -> None:
    with writing() as session:
        account = session.get_one(Account, account_id)
        account.email_confirmed_at = now()
        account.leaving_at = now() + timedelta(days=1) if leaving else None


def count(table: Any) -> int:
    with reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


@pytest.mark.parametrize("confirmed", [True, False])
def test_an_account_with_the_address_is_connected_by_mail_alone(
    app: Flask, host: Host, person: Callable[..., Person], link: Link, kept: Callable[[], Any], confirmed: bool
) -> None:
    anna = person("anna")
    with writing() as session:
        create_token(session, anna.id, name="a program", scopes=[Scope.READ])
    if confirmed:
        confirm(anna.id)
    visitor, before = ApiClient(app.test_client()), kept()
    answer = visitor.post("/session/sso", {"token": host.token(user=TAKEN)})
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/link-required")
    assert kept() == before

    assert visitor.post("/session/sso/link", {"token": host.token(user=TAKEN)}).status_code == 202
    assert count(Identity) == 0
    reader = Reader(app.test_client())
    page = reader.open(link("anna@example.org"))
    assert "host.example" in page.text
    assert "@anna" in page.text
    assert ("password" in page.text) is not confirmed
    assert count(Identity) == 0, "reading the link's page changes nothing"
    assert "is connected" in reader.send(page.path).text

    with reading() as session:
        account = find_account(session, "anna")
        assert account is not None
        assert account.email_confirmed_at is not None
        assert (account.password_hash is None) is not confirmed
        assert [row.subject for row in list_identities(session, account.id)] == ["42"]
    assert (count(SignIn), count(ApiToken)) == ((1, 1) if confirmed else (0, 0))
    assert visitor.post("/session/sso", {"token": host.token(user=TAKEN)}).json["account"]["handle"] == "anna"


def test_a_link_is_good_once_and_for_an_hour(
    app: Flask, host: Host, person: Callable[..., Person], link: Link, clock: time_machine.Traveller
) -> None:
    person("anna")
    visitor = ApiClient(app.test_client())
    assert visitor.post("/session/sso/link", {"token": host.token(user=TAKEN)}).status_code == 202
    reader = Reader(app.test_client())
    page = reader.open(link("anna@example.org"))
    clock.shift(3601)
    assert app.test_client().get(page.path).status_code == 410
    assert count(Identity) == 0


def test_a_link_is_good_no_more_once_the_account_has_another_address(
    app: Flask, host: Host, person: Callable[..., Person], link: Link
) -> None:
    anna = person("anna")
    assert ApiClient(app.test_client()).post("/session/sso/link", {"token": host.token(user=TAKEN)}).status_code == 202
    with writing() as session:
        session.get_one(Account, anna.id).email = "other@example.org"
    assert app.test_client().get(link("anna@example.org")).status_code == 410


def test_who_takes_an_account_over_gets_it_without_what_others_had_connected(
    app: Flask, host: Host, person: Callable[..., Person], link: Link
) -> None:
    anna = person("anna")
    with writing() as session:
        connect(session, session.get_one(Account, anna.id), issuer="https://elsewhere.example", subject="7")
    assert ApiClient(app.test_client()).post("/session/sso/link", {"token": host.token(user=TAKEN)}).status_code == 202
    reader = Reader(app.test_client())
    reader.send(reader.open(link("anna@example.org")).path)
    with reading() as session:
        assert [row.issuer for row in list_identities(session, anna.id)] == [ISSUER]


def test_asking_for_a_mail_sends_none_where_nothing_is_to_connect(app: Flask, host: Host) -> None:
    visitor = ApiClient(app.test_client())
    assert visitor.post("/session/sso/link", {"token": host.token()}).status_code == 202
    assert visitor.post("/session/sso", {"token": host.token()}).status_code == 200
    assert visitor.post("/session/sso/link", {"token": host.token()}).status_code == 202
    assert (count(OutgoingMail), count(Account)) == (0, 1)


def test_a_token_that_asked_for_the_mail_is_used_up(app: Flask, host: Host, person: Callable[..., Person]) -> None:
    person("anna")
    token = host.token(user=TAKEN)
    visitor = ApiClient(app.test_client())
    assert visitor.post("/session/sso/link", {"token": token}).status_code == 202
    assert visitor.post("/session/sso/link", {"token": token}).json["type"] == "/problems/sso-token-replayed"
    assert count(OutgoingMail) == 1


def test_a_guest_who_reads_the_mailbox_becomes_a_member(app: Flask, host: Host, link: Link) -> None:
    with writing() as session:
        session.add(Account(handle="guest-1", email="anna@host.example", display_name="Anna", is_guest=True, created_at=now()))
    visitor = ApiClient(app.test_client())
    assert visitor.post("/session/sso", {"token": host.token()}).json["type"] == "/problems/link-required"
    assert visitor.post("/session/sso/link", {"token": host.token()}).status_code == 202
    reader = Reader(app.test_client())
    reader.send(reader.open(link("anna@host.example")).path)
    assert visitor.post("/session/sso", {"token": host.token()}).json["account"]["handle"] == "guest-1"


def test_an_account_that_is_being_deleted_or_was_is_not_opened(app: Flask, host: Host, kept: Callable[[], Any]) -> None:
    visitor = ApiClient(app.test_client())
    assert visitor.post("/session/sso", {"token": host.token()}).status_code == 200
    with writing() as session:
        session.get_one(Account, 1).leaving_at = now() + timedelta(days=1)
    assert ApiClient(app.test_client()).post("/session/sso", {"token": host.token()}).status_code == 200
    for changed in ({"leaving_at": now() - timedelta(hours=1)}, {"left_at": now()}):
        with writing() as session:
            for name, value in changed.items():
                setattr(session.get_one(Account, 1), name, value)
        before = kept()
        answer = ApiClient(app.test_client()).post("/session/sso", {"token": host.token()})
        assert (answer.status_code, answer.json["type"]) == (403, "/problems/forbidden")
        assert kept() == before


def test_eight_at_once_with_one_token_are_one_sign_in(app: Flask, host: Host) -> None:
    token = host.token()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: ApiClient(app.test_client()).post("/session/sso", {"token": token}).status_code, range(8)))
    assert sorted(answers) == [200, *[409] * 7]
    assert (count(Account), count(Identity), count(SignIn), count(UsedToken)) == (1, 1, 1, 1)


def test_eight_first_visits_at_once_are_one_account(app: Flask, host: Host) -> None:
    tokens = [host.token() for _ in range(8)]

    def visit(token: str) -> int:
        client = ApiClient(app.test_client())
        answer = client.post("/session/sso", {"token": token})
        # Connected between the look and the transaction: told to send the same again, which works.
        return answer.status_code if answer.status_code == 200 else client.post("/session/sso", {"token": token}).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(visit, tokens))
    assert answers == [200] * 8
    assert (count(Account), count(Identity), count(SignIn)) == (1, 1, 8)


@pytest.mark.parametrize(
    ("wishes", "made"),
    [
        (("Anna", "Anna Lind"), "anna"),
        (("", "Ånna  Lïnd!"), "anna-lind"),
        (("Ян", "李"), "member"),
        (("admin", "Moderator"), "member"),
        (("--a__b--", ""), "a__b"),
        (("x" * 80, ""), "x" * 30),
        (("a\u202e\0b", ""), "a-b"),
        (("taken", "Tove"), "taken-2"),
        (("t" * 30, ""), "t" * 27 + "-2"),
    ],
)
def test_a_handle_is_made_of_a_wish_or_a_name(app: Flask, wishes: tuple[str, str], made: str) -> None:
    with writing() as session:
        add_account(session, "taken")
        add_account(session, "t" * 30)
        handle = choose_handle(session, *wishes)
    assert handle == made
    assert handle not in RESERVED


def test_a_handle_that_fifty_have_is_made_random(app: Flask) -> None:
    with writing() as session:
        add_account(session, "anna")
        for number in range(2, 50):
            add_account(session, f"anna-{number}")
        handle = choose_handle(session, "anna")
    assert len(handle) == len("anna-") + 16
    assert len(handle) <= 30
    assert re.fullmatch(HANDLE_PATTERN, handle)


def test_the_only_way_in_is_not_disconnected(app: Flask, host: Host) -> None:
    visitor = ApiClient(app.test_client())
    answer = visitor.post("/session/sso", {"token": host.token()})
    visitor.csrf = answer.json["csrf_token"]
    [shown] = visitor.get("/me/identities").json["items"]
    assert (shown["issuer"], shown["subject"]) == (ISSUER, "42")
    with writing() as session:
        session.get_one(Account, 1).email_confirmed_at = None
    answer = visitor.delete(f"/me/identities/{shown['id']}")
    assert (answer.status_code, answer.json["type"]) == (409, "/problems/conflict")
    confirm(1)
    assert visitor.delete(f"/me/identities/{shown['id']}").status_code == 204
    assert count(Identity) == 0


def test_nobody_disconnects_somebody_elses(app: Flask, host: Host, person: Callable[..., Person]) -> None:
    assert ApiClient(app.test_client()).post("/session/sso", {"token": host.token()}).status_code == 200
    with reading() as session:
        identity_id = session.scalar(select(Identity.id))
    other = person("other")
    assert other.client.delete(f"/me/identities/{identity_id}").status_code == 404
    assert count(Identity) == 1


def test_one_account_elsewhere_is_one_account_here(app: Flask, host: Host, person: Callable[..., Person], link: Link) -> None:
    anna = person("anna")
    assert ApiClient(app.test_client()).post("/session/sso/link", {"token": host.token(user=TAKEN)}).status_code == 202
    other = person("other")
    with writing() as session:
        connect(session, session.get_one(Account, other.id), issuer=ISSUER, subject="42")
    reader = Reader(app.test_client())
    path = reader.open(link("anna@example.org")).path
    assert "another account here" in reader.send(path).text
    with reading() as session:
        assert list_identities(session, anna.id) == []
    assert reader.sign_in("anna", PASSWORD).status == 200
