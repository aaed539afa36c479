"""An application whose mail goes to a server of this test."""

from collections.abc import Callable, Iterator

import msgspec
import pytest
from flask import Flask

from forum.db.transaction import reading, writing
from forum.mail.actions import post_mail
from forum.mail.models import OutgoingMail
from forum.web.context import SETTINGS
from tests.mail.postbox import Postbox, serving


@pytest.fixture
def mail_to(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that changes the application's settings of mail."""
    monkeypatch.delitem(app.extensions, "forum_mail_rests_until", raising=False)

    def change(url: str, **settings: str) -> None:
        monkeypatch.setitem(app.extensions, SETTINGS, msgspec.structs.replace(app.extensions[SETTINGS], mail_url=url, **settings))

    return change


@pytest.fixture
def postbox(mail_to: Callable[..., None]) -> Iterator[Postbox]:
    """A mail server, to which the application's mail goes."""
    box = Postbox()
    with serving(box) as port:
        mail_to(f"smtp://127.0.0.1:{port}")
        yield box


@pytest.fixture
def post(app: Flask) -> Callable[..., int]:
    """Return a function that posts a mail and returns its id."""

    def make(subject: str = "A subject", *, to: str = "anna@example.org", body: str = "A secret: Zinnober.\n") -> int:
        with writing() as session:
            return post_mail(session, kind="test", to=to, subject=subject, body=body).id

    return make


@pytest.fixture
def state(app: Flask) -> Callable[[int], OutgoingMail]:
    """Return a function that reads a mail's row."""

    def read(mail_id: int) -> OutgoingMail:
        with reading() as session:
            mail = session.get_one(OutgoingMail, mail_id)
            session.expunge(mail)
            return mail

    return read
