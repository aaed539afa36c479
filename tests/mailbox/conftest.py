"""What tests of mailed links share: the mails that were posted, and the links in them."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from forum.db.transaction import reading
from forum.jobs.run import run_due
from forum.mail.models import OutgoingMail

Mails = Callable[..., list[OutgoingMail]]


@pytest.fixture
def mails(app: Flask) -> Mails:
    """Return a function that runs the jobs that are due and reads the mails that were posted, the oldest first: all, or those to somebody."""

    def read(to: str = "") -> list[OutgoingMail]:
        while run_due(50):
            pass
        with reading() as session:
            found = list(session.scalars(select(OutgoingMail).order_by(OutgoingMail.id)))
            session.expunge_all()
        return [mail for mail in found if not to or mail.to_address == to]

    return read


@pytest.fixture
def link(mails: Mails) -> Callable[..., str]:
    """Return a function that reads the path of the link in the newest mail of a kind."""

    def read(kind: str, to: str = "") -> str:
        mail = [mail for mail in mails(to) if mail.kind == kind][-1]
        found = re.search(r"http://127\.0\.0\.1:8000(/mail/[\w-]{43})$", mail.body, re.MULTILINE)
        assert found is not None, mail.body
        return found[1]

    return read


def csrf_of(page: TestResponse) -> str:
    """Return the token in a page's form."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert found is not None, page.text
    return found[1]


def send(browser: FlaskClient, path: str, to: str = "", **fields: str) -> TestResponse:
    """Open a page and send its form, to another address where one is given."""
    return browser.post(to or path, data={"csrf_token": csrf_of(browser.get(path)), **fields})
