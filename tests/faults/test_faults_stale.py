"""Two processes that keep answers, one writer, many readers: whoever has been told that something was written finds it, wherever they ask.

And a server that is told to read its settings anew, or to end, fails nobody meanwhile.
"""

import http.client
import os
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask

from forum.access.permissions import Scope
from forum.access.viewer import DEFAULT_SITE_ID
from forum.accounts.actions import create_token
from forum.articles.actions import ArticleDraft, create_article
from forum.db.base import db
from forum.db.transaction import writing
from tests.conftest import add_account
from tests.faults.service import Client, Service, pause

pytestmark = pytest.mark.slow

POSTS = 60
READERS = 4


@dataclass
class Stage:
    """A served database with one article, whose writer has a token."""

    service: Service
    article_id: int
    page: str
    token: str


@pytest.fixture
def stage(make_app: Callable[..., Flask]) -> Iterator[Stage]:
    app = make_app(rate_limits="off", secret_key="")
    settings = app.extensions["forum_settings"]
    with app.app_context():
        with writing() as session:
            account = add_account(session, "writer")
            token = create_token(session, account.id, name="load", scopes=[Scope.READ, Scope.COMMENT])[1]
            article = create_article(session, DEFAULT_SITE_ID, ArticleDraft(title="Read while it is written"))[0]
            article_id, page = article.id, f"/a/{article.slug}"
        db.engine.dispose()
    service = Service(Path(settings.data_dir), settings.database_url)
    try:
        service.start()
        yield Stage(service, article_id, page, token)
    finally:
        service.stop()


def get(port: int, path: str) -> tuple[int, str]:
    """Ask on a connection of its own, so that either process may answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def keep_reading(stage: Stage, stop: threading.Event, failures: list[str]) -> None:
    """Read the discussion again and again until told to stop; it never grows shorter."""
    most = 0
    while not stop.is_set():
        try:
            status, text = get(stage.service.port, f"/api/v1/articles/{stage.article_id}/comments?sort=newest&limit=50")
        except (OSError, http.client.HTTPException) as error:
            failures.append(repr(error))
            continue
        shown = text.count('"parent_id"')
        if status != 200 or shown < most:
            failures.append(f"{status}: {shown} comments after {most}")
        most = max(most, shown)


@pytest.fixture
def readers(stage: Stage) -> Iterator[list[str]]:
    """Readers who go on until the test has ended; what went wrong for them."""
    stop, failures = threading.Event(), list[str]()
    threads = [threading.Thread(target=keep_reading, args=(stage, stop, failures)) for _ in range(READERS)]
    for thread in threads:
        thread.start()
    try:
        yield failures
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)


def test_what_was_acknowledged_is_read_at_once_from_any_process(stage: Stage, readers: list[str]) -> None:
    writer = Client(stage.service.port, stage.token)
    listing = f"/api/v1/articles/{stage.article_id}/comments?sort=newest&limit=50"
    last = 0
    for turn in range(POSTS):
        word = f"word-{turn}-of-many"
        if turn % 3 == 2:
            reply = writer.send("PATCH", f"/api/v1/comments/{last}", {"body_md": word})
        else:
            reply = writer.send("POST", f"/api/v1/articles/{stage.article_id}/comments", {"body_md": word})
        assert reply.status in (200, 201), reply
        last = reply.body["id"]
        for _ in range(4):
            assert word in get(stage.service.port, listing)[1]
        assert word in get(stage.service.port, f"{stage.page}?sort=newest")[1]
    assert readers == []


def test_new_settings_are_read_without_a_failed_request(stage: Stage, readers: list[str]) -> None:
    assert stage.service.process is not None
    before = set(stage.service.workers())
    os.kill(stage.service.process.pid, signal.SIGHUP)
    while before & set(stage.service.workers()) or len(stage.service.workers()) < len(before):
        pause()
    assert get(stage.service.port, stage.page)[0] == 200
    assert readers == []


def test_no_open_connection_is_closed_on_a_request(stage: Stage) -> None:
    """Clients that keep a connection and repeat nothing, as a proxy with a POST: closing what happens to be idle would fail some of them each time."""
    over, failures, answers = threading.Event(), list[str](), list[int]()

    def ask() -> None:
        client = Client(stage.service.port, "")
        while not over.is_set():
            try:
                answers.append(client.send("GET", "/api/v1/articles").status)
            except (OSError, http.client.HTTPException) as error:
                failures.append(repr(error))
            pause()

    assert stage.service.process is not None
    threads = [threading.Thread(target=ask) for _ in range(2 * READERS)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        before, wanted = set(stage.service.workers()), len(answers) + 100
        os.kill(stage.service.process.pid, signal.SIGHUP)
        while before & set(stage.service.workers()) or len(stage.service.workers()) < len(before) or len(answers) < wanted:
            pause()
    over.set()
    for thread in threads:
        thread.join(30)
    assert failures == []
    assert set(answers) == {200}


def test_what_was_begun_before_the_end_is_finished(stage: Stage) -> None:
    assert stage.service.process is not None
    answers: list[int] = []
    refused = threading.Event()

    def ask() -> None:
        while not refused.is_set():
            try:
                answers.append(get(stage.service.port, stage.page)[0])
            except ConnectionRefusedError:
                refused.set()
            except ConnectionResetError:
                # Waiting to be taken up when the socket was closed, and never read.
                refused.set()

    threads = [threading.Thread(target=ask) for _ in range(READERS)]
    for thread in threads:
        thread.start()
    while len(answers) < 100:
        pause()
    stage.service.process.send_signal(signal.SIGTERM)
    for thread in threads:
        thread.join(60)
    assert stage.service.process.wait(60) == 0
    assert set(answers) == {200}
