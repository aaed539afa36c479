"""What the tests of signing in from elsewhere share: a host site, a moving clock, and what must not have changed."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from forum.accounts.models import Account, SignIn
from forum.clock import now
from forum.db.transaction import reading
from forum.mail.models import OutgoingMail
from forum.sso.models import Identity, UsedToken
from tests.sso.host import Host, make_host


@pytest.fixture
def host(app: Flask) -> Host:
    """A host site with a key of each algorithm."""
    return make_host()


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """A clock that stands still until a test moves it."""
    with time_machine.travel(now(), tick=False) as traveller:
        yield traveller


@pytest.fixture
def kept() -> Callable[[], Any]:
    """Return a function that reads every row which a refused sign-in must leave as it was."""

    def read() -> Any:
        with reading() as session:
            return [
                [tuple(row) for row in session.execute(select(*table.__table__.columns).order_by(*table.__table__.primary_key))]
                for table in (Account, SignIn, Identity, UsedToken)
            ]

    return read


@pytest.fixture
def link(app: Flask) -> Callable[[str], str]:
    """Return a function that reads the path of the link in the newest mail to an address."""

    def read(to: str) -> str:
        with reading() as session:
            mail = session.scalars(select(OutgoingMail).where(OutgoingMail.to_address == to).order_by(OutgoingMail.id.desc())).first()
            assert mail is not None
            found = re.search(r"(/mail/[\w-]{43})$", mail.body, re.MULTILINE)
        assert found is not None
        return found[1]

    return read
