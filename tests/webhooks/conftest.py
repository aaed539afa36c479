"""An application whose webhooks may lead to this machine, an admin, and receivers."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import msgspec
import pytest
import time_machine
from flask import Flask

from forum.access.viewer import Role
from forum.jobs.run import run_due, run_passes
from forum.web.context import SETTINGS
from forum.webhooks.delivery import send_due
from tests.conftest import ApiClient, Person
from tests.webhooks.receiver import Receiver, receiving

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """The clock, which a test moves."""
    with time_machine.travel(START, tick=True) as traveller:
        yield traveller


@pytest.fixture
def allow_hosts(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return a function that sets the private hosts to which webhooks may lead."""

    def allow(hosts: str) -> None:
        monkeypatch.setitem(app.extensions, SETTINGS, msgspec.structs.replace(app.extensions[SETTINGS], webhook_private_hosts=hosts))

    return allow


@pytest.fixture
def receiver(allow_hosts: Callable[[str], None]) -> Iterator[Receiver]:
    """A receiver on this machine, to which webhooks may lead."""
    allow_hosts("127.0.0.1")
    with receiving() as running:
        yield running


@pytest.fixture
def admin(person: Callable[..., Person]) -> ApiClient:
    """An admin of the site."""
    return person("root", Role.ADMIN).client


@pytest.fixture
def hook(admin: ApiClient, receiver: Receiver) -> Callable[..., tuple[int, str]]:
    """Return a function that adds a webhook and returns its id and its secret."""

    def make(url: str = "", **fields: object) -> tuple[int, str]:
        made = admin.post("/webhooks", {"url": url or receiver.url(), "name": "A program"} | fields)
        assert made.status_code == 201, made.text
        return made.json["webhook"]["id"], made.json["secret"]

    return make


def work() -> None:
    """Run every job that is due and every pass, until nothing is left to do now."""
    while run_due(50) or run_passes():
        pass


def send_all() -> int:
    """Send what is due now, and return how many attempts that were."""
    tried = 0
    while count := send_due():
        tried += count
    return tried
