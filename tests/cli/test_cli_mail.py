"""``forum mail``: what was given up can be seen and tried again; the texts, which hold secrets, are never shown."""

from collections.abc import Callable
from contextvars import Context
from typing import Any

from forum.app import create_app
from forum.clock import now
from forum.db.base import db
from forum.db.transaction import reading, writing
from forum.mail.actions import post_mail
from forum.mail.models import OutgoingMail
from forum.settings import load_settings
from tests.cli.conftest import Forum


def inside(act: Callable[..., Any], *given: Any, **named: Any) -> Any:
    """Do something in the application that the commands use."""

    def run() -> Any:
        with create_app(load_settings()).app_context():
            try:
                return act(*given, **named)
            finally:
                db.session.remove()
                db.engine.dispose()

    return Context().run(run)


def make(*, dead: bool) -> int:
    with writing() as session:
        mail = post_mail(session, kind="sign_in", to="anna@example.org", subject="A subject", body="A secret.")
        mail.attempts = 8 if dead else 2
        mail.failed_at = now() if dead else None
        mail.last_error = "SMTPRecipientsRefused 550 5.1.1"
        return mail.id


def test_dead_letters_are_seen_and_tried_again(installed: Forum) -> None:
    dead, waiting = inside(make, dead=True), inside(make, dead=False)
    shown = installed("mail", "list").out.splitlines()
    assert shown[0].startswith(f"{dead}  sign_in to anna@example.org: given up after 8, ")
    assert shown[0].endswith("(SMTPRecipientsRefused 550 5.1.1)")
    assert shown[1].startswith(f"{waiting}  sign_in to anna@example.org: waits until ")
    assert shown[2] == "1 given up, 1 waiting."
    assert "secret" not in "".join(shown).lower()
    assert installed("mail", "retry", str(dead)).out == "1 mail will be tried again.\n"
    assert installed("mail", "list").out.splitlines()[-1] == "0 given up, 2 waiting."
    assert "no such mail that was given up" in installed("mail", "retry", str(dead)).refusal
    assert "no such mail" in installed("mail", "retry", "999").refusal
    assert installed("mail", "retry").code == 2
    assert inside(attempts_of, dead) == 0


def attempts_of(mail_id: int) -> int:
    with reading() as session:
        return session.get_one(OutgoingMail, mail_id).attempts


def test_an_empty_list_says_so(installed: Forum) -> None:
    assert installed("mail", "list").out == "0 given up, 0 waiting.\n"


def test_a_new_password_from_the_command_line_is_told_by_mail(installed: Forum) -> None:
    good = "correct horse battery\n"
    installed("account", "create", "anna", "--email", "anna@example.org", "--password-stdin", typed=good)
    assert installed("account", "password", "anna", "--password-stdin", typed=good).code == 0
    assert "password_changed to anna@example.org" in installed("mail", "list").out
