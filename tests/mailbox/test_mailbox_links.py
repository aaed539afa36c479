"""A mailed link is good once, for one purpose and for its time; opening it does nothing, and its secret is nowhere but in the mail."""

import logging
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from forum.db.transaction import reading, writing
from forum.mailbox.links import HOURS, data_of, link_address, make_link, read_link, use_link
from forum.mailbox.models import MailLink, Purpose
from forum.refusals import Kind, Refusal
from tests.conftest import ApiClient, Person, add_account
from tests.mailbox.conftest import send
from tests.privacy.marks import tables_with

pytestmark = pytest.mark.postgresql_slow

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(START, tick=True) as traveller:
        yield traveller


def make(purpose: Purpose = Purpose.GUEST, **named: object) -> str:
    with writing() as session:
        return make_link(session, purpose, email="anna@example.org", **named)  # type: ignore[arg-type]


def use(purpose: Purpose, secret: str) -> MailLink:
    with writing() as session:
        link = use_link(session, purpose, secret)
        session.expunge(link)
        return link


def refused(purpose: Purpose, secret: str) -> str:
    with pytest.raises(Refusal) as caught, writing() as session:
        use_link(session, purpose, secret)
    assert caught.value.kind is Kind.LINK_EXPIRED
    with pytest.raises(Refusal) as seen, reading() as session:
        read_link(session, secret)
    return str(seen.value.detail)


def test_it_is_good_once_and_brings_back_what_was_given(app: Flask) -> None:
    secret = make(data={"next": "/a/on-touch"})
    assert len(secret) == 43
    assert link_address(secret) == f"http://127.0.0.1:8000/mail/{secret}"
    assert data_of(use(Purpose.GUEST, secret)) == {"next": "/a/on-touch"}
    assert refused(Purpose.GUEST, secret)


@pytest.mark.parametrize("purpose", Purpose)
def test_it_has_its_time(clock: time_machine.Traveller, app: Flask, purpose: Purpose) -> None:
    secret, late = make(purpose), make(purpose)
    lasts = timedelta(hours=HOURS[purpose])
    assert lasts == timedelta(minutes=30) if purpose in (Purpose.SIGN_IN, Purpose.RESET) else timedelta(days=3)
    clock.move_to(START + lasts - timedelta(seconds=30))
    assert use(purpose, secret).purpose == purpose
    clock.move_to(START + lasts + timedelta(seconds=30))
    assert refused(purpose, late) == refused(purpose, "made up") == refused(purpose, secret)


def test_it_is_for_one_purpose(app: Flask) -> None:
    secret = make(Purpose.CONFIRM)
    for purpose in set(Purpose) - {Purpose.CONFIRM}:
        with pytest.raises(Refusal), writing() as session:
            use_link(session, purpose, secret)
    assert use(Purpose.CONFIRM, secret)


def test_of_many_at_once_one_gets_it(app: Flask) -> None:
    secret = make()
    got: list[int] = []
    start = threading.Barrier(6)

    def follow() -> None:
        with app.app_context():
            start.wait()
            try:
                got.append(use(Purpose.GUEST, secret).id)
            except Refusal:
                return

    threads = [threading.Thread(target=follow) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 1


def test_others_for_the_same_are_used_up_with_it(app: Flask, person: Callable[..., Person]) -> None:
    anna, ben = person("anna"), person("ben")
    first, second = make(Purpose.SIGN_IN, account_id=anna.id), make(Purpose.SIGN_IN, account_id=anna.id)
    other, of_another = make(Purpose.CONFIRM, account_id=anna.id), make(Purpose.SIGN_IN, account_id=ben.id)
    assert use(Purpose.SIGN_IN, second)
    assert refused(Purpose.SIGN_IN, first)
    assert use(Purpose.CONFIRM, other)
    assert use(Purpose.SIGN_IN, of_another)


def test_old_ones_are_forgotten(clock: time_machine.Traveller, app: Flask) -> None:
    make()
    clock.shift(timedelta(days=4))
    make()
    with reading() as session:
        assert session.query(MailLink).count() == 1


def test_the_secret_is_stored_nowhere_once_the_mail_is_gone(app: Flask) -> None:
    secret = make()
    assert tables_with(secret) == set()


def test_opening_it_changes_nothing_and_tells_no_other_site(client: FlaskClient, visitor: ApiClient, link: Callable[..., str]) -> None:
    visitor.post("/accounts", {"handle": "anna", "email": "anna@example.org", "password": "correct horse battery"})
    path = link("confirm")
    for _ in range(3):
        assert client.head(path).status_code == 200
        page = client.get(path)
        assert (page.status_code, page.headers["Referrer-Policy"], page.headers["Cache-Control"]) == (
            200,
            "no-referrer",
            "private, no-cache",
        )
    # Of the page itself only its own form names it: no other link carries it on.
    assert page.text.count(path) == 1
    done = send(client, path)
    assert (done.status_code, done.headers["Location"], done.headers["Referrer-Policy"]) == (303, "/", "no-referrer")
    gone = client.get(path)
    assert (gone.status_code, gone.headers["Referrer-Policy"]) == (410, "no-referrer")
    assert "not good any more" in gone.text
    assert path not in gone.text


def test_a_form_without_its_token_uses_nothing_up(client: FlaskClient, visitor: ApiClient, link: Callable[..., str]) -> None:
    visitor.post("/accounts", {"handle": "anna", "email": "anna@example.org", "password": "correct horse battery"})
    path = link("confirm")
    refused = client.post(path, data={"csrf_token": "old"})
    assert refused.status_code == 403
    assert "Confirm the address" in refused.text
    assert send(client, path).status_code == 303


@pytest.mark.parametrize("path", ["/mail/{}", "/mail/{}/", "/mail/{}/password", "/mail/{}/more", "/mail//{}"])
def test_no_log_line_has_the_secret(make_app: Callable[..., Flask], path: str) -> None:
    handlers, level = logging.getLogger().handlers[:], logging.getLogger().level
    app, said = make_app(log_level="debug"), StringIO()
    logging.getLogger().handlers[0].setStream(said)  # type: ignore[attr-defined]
    try:
        with app.app_context():
            with writing() as session:
                account_id = add_account(session, "anna").id
            secret = make(Purpose.CONFIRM, account_id=account_id)
        for method in ("GET", "POST", "HEAD", "PUT"):
            answer = app.test_client().open(path.format(secret), method=method)
            assert answer.status_code < 500
    finally:
        logging.getLogger().handlers[:] = handlers
        logging.getLogger().setLevel(level)
    assert said.getvalue().count('"event": "request"') == 4
    assert secret not in said.getvalue()
