"""A program is told of what happens, once and signed as the reference library of Standard Webhooks wants it; whatever the receiver does, nothing is lost."""

import logging
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
from base64 import b64decode
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from standardwebhooks.webhooks import WebhookVerificationError
from structlog.testing import capture_logs

from forum.access.viewer import DEFAULT_SITE_ID
from forum.articles.models import Site
from forum.db.transaction import reading, writing
from forum.jobs import happening
from forum.jobs.happening import Happening
from forum.jobs.run import run_due
from forum.webhooks import delivery
from forum.webhooks.actions import add_webhook, ping
from forum.webhooks.delivery import MOST_ATTEMPTS, WAITS, forget_old_deliveries, send_due
from forum.webhooks.models import Webhook, WebhookDelivery
from forum.webhooks.sending import Message, Patience, send
from forum.webhooks.telling import tell_webhooks
from forum.webhooks.troubles import Trouble
from tests.conftest import ApiClient, Person
from tests.mail.postbox import free_port, make_certificate, misbehaving
from tests.webhooks.conftest import START, send_all, work
from tests.webhooks.receiver import Receiver, receiving

pytestmark = pytest.mark.postgresql_slow

Hook = Callable[..., tuple[int, str]]
BRIEF = Patience(step=0.3, whole=0.6)
FORUM = str(Path(sys.executable).parent / "forum")


def rows() -> list[WebhookDelivery]:
    with reading() as session:
        found = list(session.scalars(select(WebhookDelivery).order_by(WebhookDelivery.id)))
        session.expunge_all()
        return found


def webhook(webhook_id: int) -> Webhook:
    with reading() as session:
        found = session.get_one(Webhook, webhook_id)
        session.expunge(found)
        return found


def test_what_happens_is_told_in_ids_and_verified_by_the_reference_library(
    hook: Hook, receiver: Receiver, person: Callable[..., Person], article: Callable[..., int]
) -> None:
    webhook_id, secret = hook()
    work()
    anna = person("anna")
    article_id = article()
    made = anna.client.post(f"/articles/{article_id}/comments", {"body_md": "Nobody may learn of Zinnober.", "stance": "skepticism"}).json
    work()
    anna.client.patch(f"/comments/{made['id']}", {"body_md": "Zinnober, changed."}, headers={"If-Match": '"1"'})
    anna.client.delete(f"/comments/{made['id']}")
    work()
    told = [got.verified(secret) for got in receiver.got]
    assert [each["type"] for each in told] == ["article.created", "comment.published", "comment.edited", "comment.moved"]
    about = {"site_id": 1, "article_id": article_id}
    assert told[0]["data"] == about | {"state": "open"}
    # The state is read when it is told: both later happenings were told after the withdrawal.
    assert [each["data"] for each in told[1:]] == [
        about | {"comment_id": made["id"], "state": state} for state in ("visible", "withdrawn", "withdrawn")
    ]
    for each in told:
        assert set(each) == {"type", "timestamp", "data"}
        assert datetime.fromisoformat(each["timestamp"]).tzinfo is not None
    assert len({got.id for got in receiver.got}) == 4
    assert all("." not in got.id and got.id.startswith("msg_") for got in receiver.got)
    assert all(got.headers["content-type"] == "application/json" and got.path == "/hook" for got in receiver.got)
    assert not [got for got in receiver.got if b"innober" in got.body or b"anna" in got.body or b"skept" in got.body]
    assert [row.last_status for row in rows()] == [204] * 4
    assert all(row.delivered_at and row.attempts == 1 for row in rows())
    assert webhook_id == rows()[0].webhook_id


def test_a_secret_is_as_the_specification_wants_it(hook: Hook) -> None:
    _, secret = hook()
    assert secret.startswith("whsec_")
    assert 24 <= len(b64decode(secret.removeprefix("whsec_"), validate=True)) <= 64
    assert hook()[1] != secret


def test_a_signature_speaks_for_every_byte(hook: Hook, receiver: Receiver, article: Callable[..., int]) -> None:
    _, secret = hook()
    article()
    work()
    (got,) = receiver.got
    got.verified(secret)
    with pytest.raises(WebhookVerificationError):
        type(got)(got.path, got.headers, got.body.replace(b"open", b"shut")).verified(secret)
    with pytest.raises(WebhookVerificationError):
        type(got)(got.path, got.headers | {"webhook-id": "msg_other"}, got.body).verified(secret)
    with pytest.raises(WebhookVerificationError):
        got.verified(hook()[1])


def test_while_a_secret_rotates_both_are_good(
    clock: time_machine.Traveller, hook: Hook, receiver: Receiver, admin: ApiClient, article: Callable[..., int]
) -> None:
    webhook_id, old = hook()
    new = admin.post(f"/webhooks/{webhook_id}/secret", {}).json["secret"]
    article()
    work()
    assert len(receiver.got[-1].headers["webhook-signature"].split(" ")) == 2
    receiver.got[-1].verified(old)
    receiver.got[-1].verified(new)
    clock.move_to(START + timedelta(hours=24, minutes=1))
    article("Another")
    work()
    receiver.got[-1].verified(new)
    with pytest.raises(WebhookVerificationError):
        receiver.got[-1].verified(old)
    at_once = admin.post(f"/webhooks/{webhook_id}/secret", {"keeps_old": False}).json["secret"]
    article("A third")
    work()
    receiver.got[-1].verified(at_once)
    with pytest.raises(WebhookVerificationError):
        receiver.got[-1].verified(new)


def test_each_webhook_is_told_of_what_it_chose(
    hook: Hook, receiver: Receiver, admin: ApiClient, article: Callable[..., int], person: Callable[..., Person]
) -> None:
    hook(receiver.url("/articles"), kinds=["article.created"])
    hook(receiver.url("/all"))
    paused, _ = hook(receiver.url("/paused"))
    admin.patch(f"/webhooks/{paused}", {"paused": True})
    article_id = article()
    person("anna").client.post(f"/articles/{article_id}/comments", {"body_md": "Hello."})
    work()
    assert sorted(got.path for got in receiver.got) == ["/all", "/all", "/articles"]


def test_a_day_without_the_receiver_loses_nothing(
    clock: time_machine.Traveller, hook: Hook, receiver: Receiver, article: Callable[..., int]
) -> None:
    webhook_id, secret = hook()
    receiver.always = 503
    for number in range(3):
        article(f"On touch {number}")
    work()
    for minutes in range(10, 20 * 60, 10):
        clock.move_to(START + timedelta(minutes=minutes))
        send_all()
    assert not any(row.delivered_at or row.failed_at for row in rows())
    ids = {got.id for got in receiver.got}
    assert len(ids) == 3
    # However many messages wait, a receiver that is away is asked at most every half hour.
    assert len(receiver.got) <= 60
    assert webhook(webhook_id).failures == len(receiver.got)
    receiver.always, receiver.got = 200, []
    for minutes in range(20 * 60, 25 * 60, 10):
        clock.move_to(START + timedelta(minutes=minutes))
        send_all()
    assert {got.id for got in receiver.got} == ids
    assert len(receiver.got) == 3
    assert all(row.delivered_at and not row.last_error for row in rows())
    assert (webhook(webhook_id).failures, webhook(webhook_id).rests_until) == (0, None)
    clock.move_to(datetime.fromtimestamp(int(receiver.got[0].headers["webhook-timestamp"]), UTC))
    receiver.got[0].verified(secret)


def test_what_waits_is_told_as_soon_as_the_receiver_takes_anything(
    clock: time_machine.Traveller, hook: Hook, receiver: Receiver, article: Callable[..., int]
) -> None:
    hook()
    receiver.always = 503
    article()
    article("Another")
    work()
    for minutes in range(5, 300, 5):
        clock.move_to(START + timedelta(minutes=minutes))
        send_all()
    receiver.always, receiver.got = 200, []
    assert send_due() == 0
    clock.move_to(START + timedelta(minutes=331))
    article("A third")
    work()
    assert len({got.id for got in receiver.got}) == 3


def test_one_message_is_tried_eight_times_within_a_day_and_given_up(
    clock: time_machine.Traveller, hook: Hook, receiver: Receiver, article: Callable[..., int]
) -> None:
    hook()
    receiver.always = 500
    article()
    work()
    tried = [START]
    for wait in WAITS:
        clock.move_to(tried[-1] + wait - timedelta(seconds=2))
        assert send_due() == 0
        tried.append(tried[-1] + wait + timedelta(seconds=2))
        clock.move_to(tried[-1])
        assert send_due() == 1
    assert timedelta(hours=24) < tried[-1] - tried[0] < timedelta(hours=25)
    assert len(receiver.got) == MOST_ATTEMPTS
    assert len({got.id for got in receiver.got}) == 1
    assert len({got.headers["webhook-timestamp"] for got in receiver.got}) == MOST_ATTEMPTS
    (row,) = rows()
    assert (row.failed_at is not None, row.last_error, row.last_status) == (True, "status", 500)
    clock.move_to(tried[-1] + timedelta(days=1))
    assert send_due() == 0


def test_a_backlog_is_given_up_after_a_day_and_replayed(
    clock: time_machine.Traveller, hook: Hook, receiver: Receiver, admin: ApiClient, article: Callable[..., int]
) -> None:
    webhook_id, secret = hook()
    receiver.always = 500
    for number in range(10):
        article(f"On touch {number}")
    work()
    clock.move_to(START + timedelta(hours=27))
    send_all()
    # The first was asked for once more and waits for its next time no longer than the others: all are older than a day.
    assert all(row.failed_at for row in rows())
    receiver.always, receiver.got = 200, []
    before = admin.post(f"/webhooks/{webhook_id}/replay", {"since": (START + timedelta(hours=1)).isoformat()})
    assert (before.status_code, before.json) == (202, {"count": 0})
    assert admin.post(f"/webhooks/{webhook_id}/replay", {"since": START.isoformat()}).json == {"count": 10}
    clock.move_to(START + timedelta(hours=28))
    send_all()
    assert {got.id for got in receiver.got} == {row.message_id for row in rows()}
    assert len(receiver.got) == 10
    receiver.got[-1].verified(secret)
    (row, *_) = rows()
    assert admin.post(f"/webhooks/{webhook_id}/deliveries/{row.id}/replay").status_code == 202
    assert admin.post(f"/webhooks/{webhook_id}/deliveries/{row.id}/replay").status_code == 409
    send_all()
    assert [got.id for got in receiver.got].count(row.message_id) == 2


def test_killed_between_the_receivers_yes_and_our_record_it_comes_twice_with_one_id(
    clock: time_machine.Traveller, hook: Hook, receiver: Receiver, article: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    hook()
    article()
    run_due(10)

    class Killed(BaseException):
        """What no handler catches."""

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(delivery, "_record", die)
        with pytest.raises(Killed):
            send_due()
    assert len(receiver.got) == 1
    # It may still be on its way: nobody else takes it meanwhile.
    assert send_due() == 0
    clock.shift(timedelta(minutes=3))
    assert send_due() == 1
    assert len(receiver.got) == 2
    assert receiver.got[0].id == receiver.got[1].id
    assert receiver.got[0].body == receiver.got[1].body
    assert rows()[0].delivered_at is not None
    assert send_due() == 0


def test_a_worker_killed_while_the_receiver_says_yes_sends_it_again_with_one_id(
    make_app: Callable[..., Flask],
) -> None:
    started = threading.Event()
    with receiving() as receiver:
        app = make_app(webhook_private_hosts="127.0.0.1", secret_key="")
        settings = app.extensions["forum_settings"]
        with app.app_context(), writing() as session:
            site = session.get_one(Site, DEFAULT_SITE_ID)
            made, secret = add_webhook(session, site, url=receiver.url(), name="A program", kinds=list(Happening))
            ping(session, made)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FORUM_")}
        chosen = {"DATA_DIR": settings.data_dir, "DATABASE_URL": settings.database_url, "WEBHOOK_PRIVATE_HOSTS": "127.0.0.1"}

        def kill() -> None:
            assert started.wait(60)
            os.kill(process.pid, signal.SIGKILL)
            process.wait(60)

        receiver.first = [kill]
        environment = kept | {f"FORUM_{name}": value for name, value in chosen.items()}
        process = subprocess.Popen([FORUM, "worker"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        started.set()
        try:
            assert process.wait(60) == -signal.SIGKILL
        finally:
            process.kill()
        with app.app_context():
            assert send_due() == 0, "whoever was killed may be sending it still"
            receiver.got[0].verified(secret)
            with time_machine.travel(datetime.now(UTC) + timedelta(minutes=3)):
                assert (send_due(), send_due()) == (1, 0)
                receiver.got[1].verified(secret)
    assert receiver.got[0].id == receiver.got[1].id


def test_a_job_that_fails_leaves_no_message(
    hook: Hook, receiver: Receiver, article: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    hook()
    article()

    def half(session: Session, told: happening.Event) -> None:
        tell_webhooks(session, told)
        raise ValueError

    half.__qualname__ = tell_webhooks.__qualname__
    with monkeypatch.context() as patch:
        patch.setattr(happening, "LISTENERS", [half])
        run_due(10)
    assert rows() == []
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=1)):
        work()
    assert len(rows()) == 1


def test_gone_is_taken_at_its_word(hook: Hook, receiver: Receiver, admin: ApiClient, article: Callable[..., int]) -> None:
    webhook_id, _ = hook()
    receiver.always = 410
    article()
    work()
    shown = admin.get(f"/webhooks/{webhook_id}").json
    assert (shown["is_gone"], shown["paused_at"] is not None) == (True, True)
    article("Another")
    work()
    assert len(receiver.got) == 1
    assert admin.post(f"/webhooks/{webhook_id}/ping").status_code == 409
    receiver.always = 204
    assert admin.patch(f"/webhooks/{webhook_id}", {"paused": False}).json["is_gone"] is False
    article("A third")
    work()
    assert len(receiver.got) == 2


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(hook: Hook, receiver: Receiver, article: Callable[..., int], status: int) -> None:
    hook()
    receiver.statuses, receiver.headers = [status], {"Location": receiver.url("/elsewhere")}
    article()
    run_due(10)
    assert send_due() == 1
    assert [got.path for got in receiver.got] == ["/hook"]
    assert (rows()[0].last_error, rows()[0].last_status) == ("redirect", status)


def test_a_receiver_that_asks_for_a_rest_gets_it(
    clock: time_machine.Traveller, hook: Hook, receiver: Receiver, article: Callable[..., int]
) -> None:
    hook()
    receiver.statuses, receiver.headers = [429], {"Retry-After": "600"}
    article()
    work()
    clock.move_to(START + timedelta(minutes=9))
    assert send_due() == 0
    clock.move_to(START + timedelta(minutes=11))
    assert send_due() == 1


def _until_it_hangs_up(act: Callable[[socket.socket], None]) -> Callable[[socket.socket], None]:
    def behave(caller: socket.socket) -> None:
        with suppress(OSError):
            caller.recv(4096)
            act(caller)

    return behave


def _never(caller: socket.socket) -> None:
    while caller.recv(4096):
        continue


def _drip(caller: socket.socket) -> None:
    for _ in range(200):
        caller.sendall(b"H")
        if threading.Event().wait(0.05):
            return


def _endless_head(caller: socket.socket) -> None:
    caller.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        caller.sendall(b"X-More: " + b"x" * 8000 + b"\r\n")


def _gigabyte(caller: socket.socket) -> None:
    caller.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
    while True:
        caller.sendall(b"x" * 65_536)


def _nonsense(caller: socket.socket) -> None:
    caller.sendall(b"220 mail.test ESMTP\r\n")
    caller.close()


def _hang_up(caller: socket.socket) -> None:
    caller.close()


@pytest.mark.parametrize(
    ("behave", "trouble"),
    [
        (_never, Trouble.TOO_SLOW),
        (_drip, Trouble.TOO_SLOW),
        (_endless_head, Trouble.NO_ANSWER),
        (_nonsense, Trouble.NO_ANSWER),
        (_hang_up, Trouble.NO_ANSWER),
        # Its status is good, and of what follows nothing is read.
        (_gigabyte, None),
    ],
)
def test_no_receiver_costs_more_than_a_moment(behave: Callable[[socket.socket], None], trouble: Trouble | None) -> None:
    with misbehaving(_until_it_hangs_up(behave)) as port:
        outcome = send(Message(f"http://127.0.0.1:{port}/", {}, b"{}"), private_hosts=["127.0.0.1"], patience=BRIEF)
    assert outcome.trouble is trouble
    assert outcome.seconds < 3


def test_a_receiver_may_think_for_longer_than_it_may_take_to_be_reached() -> None:
    with receiving() as receiver:
        receiver.first = [lambda: threading.Event().wait(0.6)]
        outcome = send(Message(receiver.url(), {}, b"{}"), private_hosts=["127.0.0.1"], patience=Patience(step=0.2, whole=10))
    assert (outcome.trouble, outcome.status) == (None, 204)
    assert outcome.seconds >= 0.5


def test_nobody_listens() -> None:
    outcome = send(Message(f"http://127.0.0.1:{free_port()}/", {}, b"{}"), private_hosts=["127.0.0.1"], patience=BRIEF)
    assert (outcome.trouble, outcome.status) == (Trouble.NO_CONNECTION, None)


def test_one_that_is_away_does_not_hold_up_the_others(
    clock: time_machine.Traveller, hook: Hook, receiver: Receiver, article: Callable[..., int]
) -> None:
    with misbehaving(_until_it_hangs_up(_never)) as port:
        dead, _ = hook(f"http://127.0.0.1:{port}/")
        hook()
        for number in range(20):
            article(f"On touch {number}")
        while run_due(50):
            pass
        tried = 0
        while count := send_due(patience=BRIEF):
            tried += count
    assert len(receiver.got) == 20
    # Asked once, then left alone: its 19 others wait without costing anybody a second.
    assert tried == 21
    assert webhook(dead).failures == 1


def test_one_that_is_slow_has_a_tenth_of_the_time(
    clock: time_machine.Traveller, hook: Hook, article: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook_id, _ = hook()
    monkeypatch.setattr(delivery, "SLOW_SECONDS", 0.0)
    monkeypatch.setattr(delivery, "SLOW_RESTS", 10_000)
    article()
    article("Another")
    work()
    rested = webhook(webhook_id).rests_until
    assert rested is not None
    assert rested > START
    assert len([row for row in rows() if row.delivered_at]) == 1


def test_tls_is_checked_against_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good, trusted = make_certificate(tmp_path, name="localhost")

    def ask(url: str) -> Trouble | None:
        return send(Message(url, {}, b"{}"), private_hosts=["127.0.0.1", "localhost"], patience=Patience()).trouble

    with receiving(good) as receiver:
        # Signed by nobody whom we trust.
        assert ask(receiver.url(host="localhost", scheme="https")) is Trouble.TLS
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        assert ask(receiver.url(host="localhost", scheme="https")) is None
        # Trusted, and for another name.
        assert ask(receiver.url(scheme="https")) is Trouble.TLS
        assert [got.headers["host"] for got in receiver.got] == [f"localhost:{receiver.port}"]
        assert ssl.OPENSSL_VERSION


def test_several_workers_send_each_message_once(hook: Hook, receiver: Receiver, article: Callable[..., int], app: Flask) -> None:
    for number in range(3):
        hook(receiver.url(f"/{number}"))
    for number in range(12):
        article(f"On touch {number}")
    while run_due(50):
        pass
    problems: list[BaseException] = []

    def send_until_nothing_is_left() -> None:
        try:
            with app.app_context():
                for _ in range(200):
                    if not send_due() and all(row.delivered_at for row in rows()):
                        return
        except BaseException as error:  # noqa: BLE001 told by the test's own thread
            problems.append(error)

    workers = [threading.Thread(target=send_until_nothing_is_left) for _ in range(4)]
    for each in workers:
        each.start()
    for each in workers:
        each.join(60)
    assert problems == []
    assert len(receiver.got) == len({(got.path, got.id) for got in receiver.got}) == 36
    assert all(row.delivered_at and row.attempts == 1 for row in rows())


def test_what_is_old_is_forgotten(clock: time_machine.Traveller, hook: Hook, article: Callable[..., int]) -> None:
    hook()
    article()
    work()
    clock.move_to(START + timedelta(days=29))
    article("Another")
    work()
    assert forget_old_deliveries() == 0
    clock.move_to(START + timedelta(days=31))
    assert forget_old_deliveries() == 1
    assert len(rows()) == 1
    clock.move_to(START + timedelta(days=60))
    work()
    assert rows() == []


def test_no_log_line_holds_a_secret_or_an_address(
    hook: Hook, receiver: Receiver, admin: ApiClient, article: Callable[..., int], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with capture_logs() as lines:
        webhook_id, secret = hook(receiver.url("/services/T0/a-path-that-is-a-secret"))
        new = admin.post(f"/webhooks/{webhook_id}/secret", {}).json["secret"]
        receiver.statuses = [500]
        article()
        work()
        admin.post(f"/webhooks/{webhook_id}/ping")
        work()
    told = f"{lines} {caplog.text}"
    assert "webhook not told" in told
    for kept in (secret, new, secret.removeprefix("whsec_"), "a-path-that-is-a-secret"):
        assert kept not in told


def test_a_webhook_that_is_deleted_meanwhile_is_told_nothing_more(
    hook: Hook, receiver: Receiver, admin: ApiClient, article: Callable[..., int], app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook_id, _ = hook()
    article()
    run_due(10)
    record = delivery._record

    def delete_first(*told: object) -> None:
        with writing() as session:
            session.delete(session.get_one(Webhook, webhook_id))
        record(*told)  # type: ignore[arg-type]

    monkeypatch.setattr(delivery, "_record", delete_first)
    assert send_due() == 1
    assert rows() == []
    assert send_due() == 0
