"""A discussion with people who have confirmed addresses, a real mail server, and a clock that the test moves."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
import time_machine
from flask import Flask
from sqlalchemy import update

from forum.accounts.models import Account
from forum.clock import now
from forum.db.transaction import writing
from forum.jobs.run import run_due
from forum.mail.delivery import send_due
from tests.conftest import Person
from tests.mail.conftest import mail_to, postbox
from tests.mail.postbox import Postbox

__all__ = ["mail_to", "postbox"]
START = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
SAID = "This names a person who did not ask to be named, so it cannot stand here as it is."


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@dataclass
class Scene:
    """People, an article by ``author``, and what a test does with them; mail goes to ``box``."""

    app: Flask
    box: Postbox
    clock: time_machine.Traveller
    person: Callable[..., Person]
    article: Callable[..., int]
    people: dict[str, Person] = field(default_factory=dict)
    article_id: int = 0

    def add(self, handle: str, **named: object) -> Person:
        """Add somebody whose address is confirmed."""
        made = self.person(handle, **named)
        with writing() as session:
            session.execute(update(Account).where(Account.id == made.id).values(email_confirmed_at=now()))
        self.people[handle] = made
        return made

    def __getitem__(self, handle: str) -> Person:
        return self.people[handle]

    def post(self, by: str, text: str = "A comment that says enough.", *, to: int | None = None, stance: str | None = None) -> int:
        """Post a comment and return its id."""
        body = {"body_md": text, "parent_id": to, "stance": stance}
        answer = self[by].client.post(f"/articles/{self.article_id}/comments", body)
        assert answer.status_code == 201, answer.text
        number: int = answer.json["id"]
        return number

    def follow(self, handle: str, kind: str, target_id: int) -> None:
        """Let somebody follow something."""
        assert self[handle].client.put(f"/me/follows/{kind}/{target_id}").status_code == 204

    def set(self, handle: str, **wanted: object) -> None:
        """Change when somebody gets mail."""
        answer = self[handle].client.patch("/me/notifications/settings", wanted)
        assert answer.status_code == 200, answer.text

    def remove(self, comment_id: int) -> None:
        """Let ``moderator``, who has been added, remove a comment."""
        moderator = self["moderator"].client
        item = moderator.post(f"/mod/comments/{comment_id}/items").json["item"]
        order = {"action": "remove", "reason": "harassment", "statement": SAID, "version": item["version"]}
        assert moderator.post(f"/mod/items/{item['id']}/decisions", order).status_code == 201

    def work(self) -> None:
        """Do what is due: all jobs, then all mail."""
        while run_due(50):
            pass
        while send_due(50):
            pass

    def pass_time(self, by: timedelta) -> None:
        """Move the clock and do what became due."""
        self.clock.shift(by)
        self.work()

    def letters(self, handle: str = "") -> list[EmailMessage]:
        """Return the mails that arrived, all or those to somebody."""
        return [letter for letter in self.box.letters if not handle or letter["To"] == f"{handle}@example.org"]

    def told(self, handle: str) -> list[str]:
        """Return why somebody was told, newest first."""
        return [item["reason"] for item in self[handle].client.get("/me/notifications").json["items"]]


@pytest.fixture
def scene(clock: time_machine.Traveller, app: Flask, postbox: Postbox, person: Callable[..., Person], article: Callable[..., int]) -> Scene:
    """A scene with an author, a writer and a reader."""
    made = Scene(app, postbox, clock, person, article)
    for handle in ("author", "writer", "reader"):
        made.add(handle)
    made.article_id = article(authors=(made["author"].id,))
    made.work()
    return made


def text_of(letter: EmailMessage) -> str:
    """Return the plain text of a mail."""
    part = letter.get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def html_of(letter: EmailMessage) -> str:
    """Return the HTML of a mail."""
    part = letter.get_body(("html",))
    assert part is not None
    return str(part.get_content())
