"""Mail is sent once, as it should look, over a real server; whatever the server does, nothing is lost and nobody waits for it."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from structlog.testing import capture_logs

from forum.db.transaction import writing
from forum.jobs.actions import enqueue
from forum.jobs.handlers import HANDLERS
from forum.jobs.run import run_passes
from forum.jobs.worker import Worker
from forum.mail.actions import post_mail, retry_mail
from forum.mail.delivery import MOST_ATTEMPTS, forget_old_mails, pass_mail, send_due, wait_after
from forum.mail.models import OutgoingMail
from forum.mail.transports import Patience
from forum.refusals import Refusal
from tests.conftest import PASSWORD, ApiClient
from tests.faults.service import pause
from tests.mail.postbox import Postbox, check_password, free_port, make_certificate, misbehaving, serving

pytestmark = pytest.mark.postgresql_slow

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
BRIEF = Patience(answer=0.3, mail=0.6)
FORUM = str(Path(sys.executable).parent / "forum")
State = Callable[[int], OutgoingMail]


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(START, tick=True) as traveller:
        yield traveller


def test_a_mail_is_sent_once_with_its_headers(
    clock: time_machine.Traveller, postbox: Postbox, post: Callable[..., int], state: State
) -> None:
    mail_id = post("Is this yours?", body="Grüße,\n.\nFrom us\n")
    assert (send_due(5), send_due(5)) == (1, 0)
    (letter,) = postbox.letters
    assert str(letter["From"]) == "Open Discussion <forum@[127.0.0.1]>"
    assert (letter["To"], letter["Subject"], letter["Auto-Submitted"]) == ("anna@example.org", "Is this yours?", "auto-generated")
    assert letter["Message-ID"] == state(mail_id).message_id
    assert letter["Date"].datetime == state(mail_id).created_at.replace(microsecond=0)
    plain, marked_up = letter.get_body(("plain",)), letter.get_body(("html",))
    assert plain is not None
    assert marked_up is not None
    assert plain.get_content().replace("\r\n", "\n") == "Grüße,\n.\nFrom us\n"
    assert "Grüße,<br>.<br>From us</p>" in marked_up.get_content()
    assert postbox.envelopes == [("forum@[127.0.0.1]", ["anna@example.org"])]
    assert (state(mail_id).body, state(mail_id).attempts, state(mail_id).sent_at is not None) == ("", 1, True)


def test_the_pass_of_the_worker_sends_it(app: Flask, postbox: Postbox, post: Callable[..., int]) -> None:
    post()
    assert (run_passes(), run_passes()) == (True, False)
    assert len(postbox.letters) == 1


def test_names_and_subjects_in_any_script(mail_to: Callable[..., None], post: Callable[..., int], state: State) -> None:
    box = Postbox()
    with serving(box, enable_SMTPUTF8=True) as port:
        mail_to(
            f"smtp://127.0.0.1:{port}", mail_from='"Größe, Fórum" <post@müller.example>', base_url="https://" + "talk." * 20 + "example"
        )
        mail_id = post("Ist das Ihre Adresse? 漢字 " * 8, to="änna@müller.example")
        assert send_due(5) == 1
    assert state(mail_id).last_error == ""
    (letter,) = box.letters
    assert letter["Subject"] == "Ist das Ihre Adresse? 漢字 " * 8
    assert letter["From"].addresses[0].display_name == "Größe, Fórum"
    assert box.envelopes == [("post@xn--mller-kva.example", ["änna@xn--mller-kva.example"])]
    assert letter["Message-ID"].endswith(".example>")


def test_what_a_server_cannot_take_is_given_up(mail_to: Callable[..., None], post: Callable[..., int], state: State) -> None:
    with serving(Postbox(), enable_SMTPUTF8=False) as port:
        mail_to(f"smtp://127.0.0.1:{port}")
        mail_id = post(to="änna@example.org")
        assert send_due(5) == 1
    assert (state(mail_id).last_error, state(mail_id).failed_at is not None) == ("SMTPNotSupportedError", True)


@pytest.mark.parametrize("letter", "\r\n\0\t\x85\u2028")
def test_nobody_writes_headers_of_their_own(app: Flask, letter: str) -> None:
    for to, subject in (
        ("anna@example.org", f"Hello{letter}Bcc: all@example.org"),
        (f"anna@example.org{letter}Bcc: b@example.org", "Hello"),
    ):
        with pytest.raises(Refusal), writing() as session:
            post_mail(session, kind="test", to=to, subject=subject, body="")


def test_starttls_is_used_where_it_is_offered_and_the_name_is_checked(
    mail_to: Callable[..., None], post: Callable[..., int], state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, trusted = make_certificate(tmp_path)
    box = Postbox()
    with serving(box, tls_context=context, authenticator=check_password) as port:
        mail_to(f"smtp://us%20er:p%40ss%3Aw%2Frd@127.0.0.1:{port}")
        mail_id = post()
        assert send_due(5) == 1
        assert (state(mail_id).failed_at, state(mail_id).last_error) == (None, "SSLCertVerificationError")
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        with time_machine.travel(datetime.now(UTC) + timedelta(minutes=2)):
            assert send_due(5) == 1
    assert box.encrypted == [True]
    assert state(mail_id).last_error == ""


def test_smtps(mail_to: Callable[..., None], post: Callable[..., int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, trusted = make_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    box = Postbox()
    with serving(box, ssl_context=context) as port:
        mail_to(f"smtps://127.0.0.1:{port}")
        post()
        assert send_due(5) == 1
    assert len(box.letters) == 1


def test_a_password_goes_to_no_other_machine_in_clear(mail_to: Callable[..., None], post: Callable[..., int], state: State) -> None:
    box = Postbox()
    with serving(box, authenticator=check_password, auth_require_tls=False) as port:
        # A name of this machine that does not say so.
        mail_to(f"smtp://us%20er:p%40ss%3Aw%2Frd@127.0.0.2:{port}")
        mail_id = post()
        with misbehaving(lambda caller: None):
            send_due(5)
    assert box.letters == []
    assert state(mail_id).sent_at is None


def test_refused_for_now_it_is_sent_later(clock: time_machine.Traveller, postbox: Postbox, post: Callable[..., int], state: State) -> None:
    postbox.at_recipient = ["450 4.2.0 Greylisted, Zinnober"]
    postbox.at_data = ["451 4.3.0 Not now, Zinnober"]
    mail_id = post()
    assert send_due(5) == 1
    assert (state(mail_id).last_error, state(mail_id).due_at) == ("SMTPRecipientsRefused 450 4.2.0", state(mail_id).due_at)
    assert send_due(5) == 0, "not before a minute has passed"
    clock.shift(timedelta(minutes=1, seconds=1))
    assert send_due(5) == 1
    assert state(mail_id).last_error == "SMTPDataError 451 4.3.0"
    clock.shift(timedelta(minutes=4))
    assert send_due(5) == 0
    clock.shift(timedelta(minutes=2))
    assert send_due(5) == 1
    assert [letter["Message-ID"] for letter in postbox.letters] == [state(mail_id).message_id]
    assert (state(mail_id).attempts, state(mail_id).sent_at is not None) == (3, True)


@pytest.mark.parametrize("where", ["at_recipient", "at_data"])
def test_refused_for_good_it_is_given_up_and_can_be_tried_again(
    clock: time_machine.Traveller, postbox: Postbox, post: Callable[..., int], state: State, where: str
) -> None:
    setattr(postbox, where, ["550 5.1.1 No such person, Zinnober"])
    mail_id, other = post(), post(to="other@example.org")
    with capture_logs() as lines:
        assert send_due(5) == 2, "one refused mail stops no other"
    assert state(mail_id).failed_at is not None
    assert state(mail_id).last_error.endswith("550 5.1.1")
    assert state(other).sent_at is not None
    assert "Zinnober" not in str(lines) + state(mail_id).last_error
    assert "anna@" not in str(lines)
    with writing() as session:
        retry_mail(session, mail_id)
    assert send_due(5) == 1
    assert state(mail_id).sent_at is not None
    with pytest.raises(Refusal), writing() as session:
        retry_mail(session, mail_id)


def test_after_eight_attempts_it_is_given_up(
    clock: time_machine.Traveller, mail_to: Callable[..., None], post: Callable[..., int], state: State
) -> None:
    mail_to(f"smtp://127.0.0.1:{free_port()}")
    mail_id, waits = post(), []
    for attempt in range(1, MOST_ATTEMPTS + 1):
        assert send_due(5) == 1, attempt
        assert state(mail_id).attempts == attempt
        waits.append(wait_after(attempt))
        clock.shift(waits[-1] + timedelta(seconds=1))
    assert send_due(5) == 0
    assert (state(mail_id).failed_at is not None, state(mail_id).last_error) == (True, "ConnectionRefusedError")
    assert state(mail_id).body, "it can still be tried again"
    assert [wait.total_seconds() / 60 for wait in waits] == [1, 5, 30, 120, 480, 480, 480, 480]


def test_a_server_that_is_down_is_asked_once_and_not_by_every_mail(
    clock: time_machine.Traveller, mail_to: Callable[..., None], post: Callable[..., int], state: State
) -> None:
    mail_to(f"smtp://127.0.0.1:{free_port()}")
    first, second = post(), post()
    assert send_due(5) == 1
    assert send_due(5) == 0
    box = Postbox()
    with serving(box) as port:
        mail_to(f"smtp://127.0.0.1:{port}")
        clock.shift(timedelta(seconds=31))
        assert send_due(5) == 1
        clock.shift(timedelta(minutes=1))
        assert send_due(5) == 1
    assert [state(mail_id).attempts for mail_id in (first, second)] == [2, 1]
    assert len(box.letters) == 2


def test_cut_off_after_the_text_it_is_sent_again_under_the_same_id(
    clock: time_machine.Traveller, postbox: Postbox, post: Callable[..., int], state: State
) -> None:
    postbox.drops = 1
    mail_id = post()
    assert send_due(5) == 1
    assert state(mail_id).sent_at is None
    clock.shift(timedelta(minutes=2))
    assert send_due(5) == 1
    assert [letter["Message-ID"] for letter in postbox.letters] == [state(mail_id).message_id] * 2


def silent(caller: socket.socket) -> None:
    """Say nothing at all."""


def dripping(caller: socket.socket) -> None:
    """Greet for ever, a letter at a time, each well within the time that one answer may take."""
    try:
        while True:
            caller.sendall(b"2")
            pause()
    except OSError:
        return


@pytest.mark.parametrize("act", [silent, dripping], ids=lambda act: act.__name__)
def test_a_server_that_never_comes_to_an_end_is_left(
    mail_to: Callable[..., None], post: Callable[..., int], state: State, act: Callable[[socket.socket], None]
) -> None:
    with misbehaving(act) as port:
        mail_to(f"smtp://127.0.0.1:{port}")
        mail_id = post()
        assert send_due(5, patience=BRIEF) == 1
    assert (state(mail_id).sent_at, state(mail_id).failed_at, state(mail_id).claimed_until) == (None, None, None)
    assert state(mail_id).last_error.split()[0] in ("TimeoutError", "SMTPServerDisconnected", "SMTPConnectError")


def test_two_workers_send_no_mail_twice(app: Flask, postbox: Postbox, post: Callable[..., int]) -> None:
    for _ in range(12):
        post()

    def work() -> None:
        with app.app_context():
            while send_due(1):
                pass

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({letter["Message-ID"] for letter in postbox.letters}) == len(postbox.letters) == 12


def test_no_transaction_is_open_while_the_server_is_asked(postbox: Postbox, post: Callable[..., int], app: Flask) -> None:
    def write_meanwhile() -> str:
        with app.app_context(), writing() as session:
            post_mail(session, kind="test", to="other@example.org", subject="Meanwhile", body="")
        return "250 OK"

    postbox.at_data = [write_meanwhile]
    post()
    assert send_due(1) == 1
    assert send_due(1) == 1


def test_killed_between_the_servers_yes_and_our_record_it_is_sent_twice_at_most(
    make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    box, started = Postbox(), threading.Event()
    with serving(box) as port:
        app = make_app(mail_url=f"smtp://127.0.0.1:{port}", secret_key="")
        settings = app.extensions["forum_settings"]
        with app.app_context(), writing() as session:
            message_id = post_mail(session, kind="test", to="anna@example.org", subject="Once", body="A secret.").message_id
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FORUM_")}
        chosen = {"DATA_DIR": settings.data_dir, "DATABASE_URL": settings.database_url, "MAIL_URL": settings.mail_url}
        environment = kept | {f"FORUM_{name}": value for name, value in chosen.items()}

        def kill() -> str:
            assert started.wait(60)
            os.kill(process.pid, signal.SIGKILL)
            process.wait(60)
            return "250 OK"

        box.at_data = [kill]
        process = subprocess.Popen([FORUM, "worker"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        started.set()
        try:
            assert process.wait(60) == -signal.SIGKILL
        finally:
            process.kill()
        with app.app_context():
            assert send_due(5) == 0, "whoever was killed may be sending it still"
            with time_machine.travel(datetime.now(UTC) + timedelta(minutes=6)):
                assert (send_due(5), send_due(5)) == (1, 0)
    assert [letter["Message-ID"] for letter in box.letters] == [message_id] * 2


def test_files_are_mail_too_and_one_mail_is_one_file(mail_to: Callable[..., None], post: Callable[..., int], tmp_path: Path) -> None:
    mail_to(f"file:{tmp_path / 'out'}")
    mail_id = post()
    assert send_due(5) == 1
    with writing() as session:
        mail = session.get_one(OutgoingMail, mail_id)
        mail.sent_at = None
    assert send_due(5) == 1
    (file,) = (tmp_path / "out").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert b"Auto-Submitted: auto-generated" in file.read_bytes()


def test_a_folder_that_cannot_be_written_loses_nothing(
    mail_to: Callable[..., None], post: Callable[..., int], state: State, tmp_path: Path
) -> None:
    (tmp_path / "out").write_text("a file, and no folder", encoding="utf-8")
    mail_to(f"file:{tmp_path / 'out'}")
    mail_id = post()
    assert send_due(5) == 1
    assert (state(mail_id).failed_at, state(mail_id).last_error) == (None, "FileExistsError")


def test_the_console_shows_it(mail_to: Callable[..., None], post: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    mail_to("console:")
    post("A subject")
    assert send_due(5) == 1
    assert "Subject: A subject" in capsys.readouterr().err


def test_what_was_sent_or_given_up_long_ago_is_forgotten(
    clock: time_machine.Traveller, postbox: Postbox, post: Callable[..., int], state: State
) -> None:
    postbox.at_recipient = ["550 no"]
    post()
    post()
    assert send_due(5) == 2
    waiting = post()
    with writing() as session:
        session.get_one(OutgoingMail, waiting).due_at = START + timedelta(days=60)
    clock.shift(timedelta(days=29))
    assert forget_old_mails() == 0
    clock.shift(timedelta(days=2))
    pass_mail()
    assert state(waiting).sent_at is None
    assert forget_old_mails() == 0
    with writing() as session:
        assert session.query(OutgoingMail).count() == 1


def test_nobody_who_posts_waits_for_the_server(mail_to: Callable[..., None], app: Flask, article: Callable[..., int]) -> None:
    """F24: signing up, asking for a link and posting are answered while the server says nothing; nobody has even called it."""
    called: list[socket.socket] = []
    with misbehaving(called.append) as port:
        mail_to(f"smtp://127.0.0.1:{port}")
        caller = ApiClient(app.test_client())
        assert caller.post("/accounts", {"handle": "anna", "email": "anna@example.org", "password": PASSWORD}).status_code == 201
        caller.csrf = caller.post("/session", {"login": "anna", "password": PASSWORD}).json["csrf_token"]
        assert caller.post("/session/mail", {"email": "anna@example.org"}).status_code == 202
        assert caller.post(f"/articles/{article()}/comments", {"body_md": "A word."}).status_code == 201
        assert called == []
        assert send_due(1, patience=BRIEF) == 1
    assert len(called) == 1


def test_jobs_go_on_while_a_pass_waits(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on, done = threading.Event(), threading.Event(), threading.Event()

    def wait() -> bool:
        begun.set()
        return go_on.wait(60) and False

    monkeypatch.setattr("forum.jobs.run.PASSES", [wait])
    monkeypatch.setitem(HANDLERS, "note", lambda session, payload: done.set())
    worker = Worker(app, interval=0.01)
    worker.start()
    try:
        assert begun.wait(60)
        with writing() as session:
            enqueue(session, "note", {"id": 1})
        assert done.wait(60)
    finally:
        go_on.set()
        worker.stop()
