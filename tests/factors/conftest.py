"""What tests of second factors share: a site that browsers make passkeys for, and people with a factor."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import msgspec
import pyotp
import pytest
import time_machine
from flask import Flask

from forum.clock import now
from forum.db.transaction import writing
from forum.factors.actions import confirm_app, start_app
from forum.web.context import SETTINGS
from tests.conftest import PASSWORD, add_account
from tests.factors.authenticator import Authenticator
from tests.factors.ceremonies import make
from tests.factors.people import APP, SECURITY, Protected
from tests.journeys.reader import Reader

START = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """The clock, stopped at the beginning of a step."""
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def local(app: Flask) -> Iterator[Flask]:
    """The application at an address for which browsers make passkeys."""
    before = app.extensions[SETTINGS]
    app.extensions[SETTINGS] = msgspec.structs.replace(before, base_url="http://localhost")
    yield app
    app.extensions[SETTINGS] = before


@pytest.fixture
def limited(app: Flask) -> Iterator[Flask]:
    """The application with rate limits."""
    before = app.extensions[SETTINGS]
    app.extensions[SETTINGS] = msgspec.structs.replace(before, rate_limits="on")
    yield app
    app.extensions[SETTINGS] = before


@pytest.fixture
def protect(app: Flask, clock: time_machine.Traveller) -> Callable[..., Protected]:
    """Return a function that makes an account with an authenticator app; the code it was set up with is used up, so the clock goes on a step."""

    def make(handle: str = "anna") -> Protected:
        with writing() as session:
            account_id = add_account(session, handle).id
            secret = start_app(session, account_id).secret or ""
            codes = confirm_app(session, account_id, name="My phone", code=pyotp.TOTP(secret).at(now()))
        clock.shift(60)
        return Protected(account_id, handle, secret, codes)

    return make


@pytest.fixture
def reader(app: Flask) -> Reader:
    """A reader whom nobody knows."""
    return Reader(app.test_client())


@pytest.fixture
def enter(app: Flask) -> Callable[[str], Reader]:
    """Return a function that makes an account and signs it in through the page."""

    def make(handle: str) -> Reader:
        with writing() as session:
            add_account(session, handle)
        newcomer = Reader(app.test_client())
        newcomer.sign_in(handle, PASSWORD)
        return newcomer

    return make


@pytest.fixture
def confirmed(enter: Callable[[str], Reader]) -> Callable[[str], Reader]:
    """Return a function that makes an account without factors and confirms it on the page."""

    def make(handle: str) -> Reader:
        newcomer = enter(handle)
        newcomer.open(SECURITY)
        screen = newcomer.send(f"{SECURITY}/confirm", "Go on", password=PASSWORD)
        assert screen.page.one("form", action=APP)
        return newcomer

    return make


@pytest.fixture
def key(local: Flask, confirmed: Callable[[str], Reader]) -> Authenticator:
    """Anna's passkey."""
    made = Authenticator()
    screen = make(confirmed("anna"), made)
    assert screen.heading == "Your recovery codes", screen.text
    return made
