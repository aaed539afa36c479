"""A real streaming replica, held back, stopped and caught up: nobody misses what they wrote, no page of a discussion is older than it was, and readers never notice."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask
from structlog.testing import capture_logs

from forum.access.permissions import Scope
from forum.access.viewer import DEFAULT_SITE_ID, Role
from forum.accounts.actions import create_token
from forum.app import create_app
from forum.articles.actions import ArticleDraft, create_article
from forum.clock import now
from forum.db.base import db
from forum.db.quick import QUICK
from forum.db.schema import bring_up_to_date
from forum.db.transaction import writing
from forum.settings import SettingsError, load_settings
from forum.web import lagging
from forum.web.front import FRONT
from forum.web.lagging import LAGGING
from tests.conftest import PASSWORD, ApiClient, OutsideClient, add_account, test_settings
from tests.db.standby import Standby
from tests.faults.cluster import Database

slow = pytest.mark.slow


@dataclass
class Stage:
    """Two servers of one site, which have the primary and its replica; and what became of each read that the replica may answer."""

    folder: Path
    standby: Standby
    apps: tuple[Flask, Flask]
    outcomes: list[str]

    def visitor(self, which: int = 0) -> ApiClient:
        """Return a visitor of one server."""
        return ApiClient(self.apps[which].test_client())

    def person(self, handle: str, which: int = 0, *, role: Role = Role.MEMBER) -> ApiClient:
        """Return somebody new who is signed in at one server."""
        with self.apps[which].app_context(), writing() as session:
            add_account(session, handle, role=role)
        return self.enter(handle, which)

    def enter(self, handle: str, which: int) -> ApiClient:
        """Sign somebody in at one server."""
        browser = self.apps[which].test_client()
        answer = browser.post("/api/v1/session", json={"login": handle, "password": PASSWORD})
        return ApiClient(browser, csrf=answer.get_json()["csrf_token"])

    def token(self, handle: str, which: int) -> ApiClient:
        """Make a token of somebody's, for use at one server."""
        with self.apps[which].app_context(), writing() as session:
            account = add_account(session, handle)
            secret = create_token(session, account.id, name="a program", scopes=[Scope.READ, Scope.COMMENT])[1]
        return ApiClient(self.apps[which].test_client(), token=secret)

    def article(self, title: str) -> int:
        """Make an article."""
        with self.apps[0].app_context(), writing() as session:
            return create_article(session, DEFAULT_SITE_ID, ArticleDraft(title=title))[0].id

    def settle(self) -> None:
        """Let the replica have everything, and both servers know it."""
        for app in self.apps:
            replica = app.extensions[LAGGING].replica
            self.standby.let_go()
            replica.look()
            while not replica.is_used:
                self.standby.catch_up()
                replica.look()
        self.outcomes.clear()

    def outcome(self) -> str:
        """Return what became of the last read that the replica may answer, and forget it."""
        found = self.outcomes[-1] if self.outcomes else "not asked"
        self.outcomes.clear()
        return found


@pytest.fixture(scope="module")
def servers(worker: str) -> Iterator[tuple[Path, Database, Standby]]:
    """A primary with our tables, and its replica."""
    folder = Path("/tmp") / f"forum-replica-{os.getpid()}-{worker}"
    folder.mkdir()
    folder.chmod(0o777)
    database = Database(folder / "pg")
    standby = Standby(database, folder / "copy")
    try:
        with create_app(test_settings(folder / "first", database.url)).app_context():
            bring_up_to_date()
            db.engine.dispose()
        standby.make()
        yield folder, database, standby
        standby.stop()
    finally:
        database.end()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def stage(servers: tuple[Path, Database, Standby], monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    folder, database, standby = servers
    outcomes: list[str] = []
    monkeypatch.setattr(lagging, "count_replica", outcomes.append)
    apps = (make(folder, database, standby.url), make(folder, database, standby.url))
    stage = Stage(folder, standby, apps, outcomes)
    stage.settle()
    yield stage
    standby.let_go()
    for app in apps:
        close(app)


def make(folder: Path, database: Database, replica_url: str, **named: Any) -> Flask:
    app = create_app(
        test_settings(folder / "data", database.url, database_replica_url=replica_url, rate_limits="off", log_level="info", **named)
    )
    app.test_client_class = OutsideClient
    # The first requests ask what is due, which is asked once a minute.
    app.test_client().get("/")
    return app


def close(app: Flask) -> None:
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    app.extensions[LAGGING].replica.engine.dispose()


def post(client: ApiClient, article_id: int, words: str) -> int:
    answer = client.post(f"/articles/{article_id}/comments", {"body_md": words})
    assert answer.status_code in (201, 202), answer.text
    found: int = answer.json["id"]
    return found


def texts(client: ApiClient, article_id: int, query: str = "") -> list[str]:
    answer = client.get(f"/articles/{article_id}/comments{query}")
    assert answer.status_code == 200, answer.text
    return [item["body_html"] for item in answer.json["items"]]


@slow
def test_the_replica_answers_readers_and_nobody_else(stage: Stage) -> None:
    article_id = stage.article("Read by all")
    reader, moderator = stage.person("reader"), stage.person("moderator", role=Role.MODERATOR)
    stage.settle()
    for client in (stage.visitor(), reader):
        for path in (
            "//",
            "/articles",
            f"/articles/{article_id}",
            f"/articles/{article_id}/comments?sort=oldest",
            "//modlog",
            "//transparency",
        ):
            stage.apps[0].extensions[FRONT].forget()
            assert client.get(path).status_code == 200
            assert stage.outcome() == "answered", path
    for client, path in ((moderator, "//"), (moderator, "/mod/items"), (reader, "/me"), (reader, f"/articles/{article_id}/mine?ids=1")):
        assert client.get(path).status_code == 200
        assert stage.outcome() == "not asked", path
    assert stage.visitor().get("/articles/999999").status_code == 404


@slow
def test_no_page_is_older_than_the_primary_while_the_replica_is_behind(stage: Stage) -> None:
    """A writer at one server, readers at the other, which has kept a page that was made from the replica."""
    article_id = stage.article("A hot one")
    writer = stage.person("hot", 0)
    stage.settle()
    reader = stage.visitor(1)
    assert texts(reader, article_id) == []
    assert stage.outcome() == "answered"
    stage.standby.hold_back()
    post(writer, article_id, "The first.")
    stage.outcomes.clear()
    assert len(texts(reader, article_id)) == 1
    assert stage.outcome() == "behind", "made from the primary, and kept as what it is"
    assert len(texts(reader, article_id)) == 1
    assert stage.outcome() == "not asked", "kept"
    post(writer, article_id, "The second.")
    assert len(texts(reader, article_id)) == 2
    assert len(texts(reader, article_id, "?sort=oldest")) == 2
    assert stage.outcome() == "behind"
    stage.settle()
    assert len(texts(reader, article_id, "?sort=newest")) == 2
    assert stage.outcome() == "answered"
    # What was made from the replica is kept under the state that it shows.
    stage.standby.hold_back()
    post(writer, article_id, "The third.")
    assert len(texts(reader, article_id, "?sort=newest")) == 3


@slow
@pytest.mark.parametrize("way", ["cookie", "token"])
def test_who_has_written_reads_it_at_any_server(stage: Stage, way: str) -> None:
    """A comment that waits for a moderator changes nothing that others see: the article's version does not tell."""
    article_id = stage.article("Held here")
    with stage.apps[0].app_context():
        writer = stage.person(f"by_{way}", 0) if way == "cookie" else stage.token(f"by_{way}", 0)
    other = stage.person(f"other_{way}", 1)
    stage.standby.hold_back()
    body = {"body_md": "buy cheap pills at https://a.example https://b.example https://c.example https://d.example"}
    first = writer.post(f"/articles/{article_id}/comments", body)
    assert first.status_code in (201, 202), first.text
    elsewhere = stage.enter(f"by_{way}", 1) if way == "cookie" else ApiClient(stage.apps[1].test_client(), token=writer.token)
    stage.outcomes.clear()
    for client in (writer, elsewhere):
        assert client.get(f"/comments/{first.json['id']}").status_code == 200
        assert stage.outcome() == "behind"
        assert client.get("/articles").status_code == 200
        assert stage.outcome() == "behind", "the number says it, whatever is read"
    assert other.get("/articles").status_code == 200
    assert stage.outcome() == "answered"
    stage.settle()
    assert writer.get(f"/comments/{first.json['id']}").status_code == 200
    assert stage.outcome() == "answered"


@slow
def test_who_is_new_is_answered_by_the_primary_until_the_replica_knows_them(stage: Stage) -> None:
    stage.standby.hold_back()
    newcomer = stage.person("newcomer")
    assert newcomer.get("/articles").status_code == 200
    assert stage.outcome() == "behind"
    stage.settle()
    assert newcomer.get("/articles").status_code == 200
    assert stage.outcome() == "answered"


@slow
def test_what_may_lag_lags_five_seconds_at_most_and_that_is_said_and_measured(stage: Stage) -> None:
    def titles() -> list[str]:
        return [article["title"] for article in stage.visitor().get("/articles?sort=newest").json["items"]]

    with time_machine.travel(now(), tick=False) as clock, capture_logs() as lines:
        stage.settle()
        stage.standby.hold_back()
        clock.shift(timedelta(seconds=1))
        titles()
        stage.article("Unheard of")
        stage.outcomes.clear()
        assert "Unheard of" not in titles()
        assert stage.outcome() == "answered"
        for _ in range(5):
            clock.shift(timedelta(seconds=1))
            titles()
            assert stage.outcome() == "answered"
        clock.shift(timedelta(seconds=1))
        assert "Unheard of" in titles()
        assert stage.outcome() == "away"
        titles()
        figures = stage.visitor().get("//metrics").text
        assert "forum_replica_used 0.0" in figures
        assert "forum_replica_lag_seconds 6.0" in figures
        stage.settle()
        clock.shift(timedelta(seconds=1))
        assert "Unheard of" in titles()
        assert stage.outcome() == "answered"
    said = [line["event"] for line in lines if "replica" in line["event"]]
    assert said == ["the replica is too far behind and is not asked", "the replica is asked again"]


@slow
def test_a_log_that_ends_within_a_record_is_ended_once_a_second_while_nothing_else_is_wrong(stage: Stage) -> None:
    """Otherwise an idle site's replica would look behind: what a reader causes to be written is not sent before the next commit."""
    replica = stage.apps[0].extensions[LAGGING].replica
    ended: list[str] = []
    stage.apps[0].extensions[QUICK].witness = lambda sql, seconds: ended.append(sql) if "pg_current_xact_id" in sql else None
    with time_machine.travel(now(), tick=False) as clock:
        stage.settle()
        assert ended == [], "it has everything"
        stage.standby.hold_back()
        stage.article("Not seen there")
        counts = []
        for _ in range(20):
            clock.shift(timedelta(seconds=1))
            replica.is_near()
            counts.append(len(ended))
    assert 1 <= counts[6] <= 7
    assert counts[6:] == [counts[6]] * 14, "never while it is known to be behind"


@slow
def test_a_replica_that_goes_and_comes_is_not_noticed(stage: Stage) -> None:
    article_id = stage.article("Always there")
    stage.settle()
    with time_machine.travel(now(), tick=False) as clock, capture_logs() as lines:
        assert texts(stage.visitor(), article_id, "?sort=oldest") == []
        assert stage.outcome() == "answered"
        stage.standby.stop()
        try:
            for sort in ("newest", "active", "oldest"):
                stage.apps[0].extensions[FRONT].forget()
                assert texts(stage.visitor(), article_id, f"?sort={sort}") == []
                assert stage.outcome() == "away"
        finally:
            stage.standby.start()
        clock.shift(timedelta(seconds=5))
        stage.settle()
        stage.apps[0].extensions[FRONT].forget()
        assert texts(stage.visitor(), article_id) == []
        assert stage.outcome() == "answered"
    said = [line["event"] for line in lines if "replica" in line["event"]]
    assert said == ["the replica is away; the primary answers alone", "the replica is asked again"]


@slow
def test_a_server_that_is_no_replica_is_not_asked(stage: Stage) -> None:
    app = make(stage.folder, stage.standby.primary, stage.standby.primary.url)
    try:
        with capture_logs() as lines:
            assert not app.extensions[LAGGING].replica.is_near()
            assert ApiClient(app.test_client()).get("/articles").status_code == 200
        assert stage.outcome() == "away"
        assert lines == [], "it was said at the first look"
    finally:
        close(app)


@slow
def test_every_write_of_an_account_raises_its_number_and_no_read_does(stage: Stage) -> None:
    article_id = stage.article("Counted")
    writer = stage.person("counted")
    stage.standby.hold_back()

    def is_counted(act: Callable[[], Any]) -> bool:
        stage.settle()
        writer.get("/articles")
        assert stage.outcome() == "answered"
        stage.standby.hold_back()
        act()
        writer.get("/articles")
        return stage.outcome() == "behind"

    assert is_counted(lambda: post(writer, article_id, "A comment that is written."))
    assert is_counted(lambda: writer.patch("/me", {"credential": "Physiotherapist"}))
    assert not is_counted(lambda: writer.get(f"/articles/{article_id}/comments"))
    assert not is_counted(lambda: writer.post(f"/articles/{article_id}/comments", {"body_md": ""}))


@pytest.mark.parametrize(
    ("primary", "replica", "words"),
    [
        ("", "postgresql://replica/forum", "only PostgreSQL has replicas"),
        ("postgresql://primary/forum", "sqlite:///forum.sqlite3", "must begin with postgresql://"),
        ("postgresql://primary/forum", "postgresql://replica:port/forum", "FORUM_DATABASE_REPLICA_URL cannot be read"),
    ],
)
def test_what_cannot_be_a_replica_is_refused_with_the_way_out(primary: str, replica: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        load_settings({}, database_url=primary, database_replica_url=replica)


def test_a_replica_is_connected_to_when_it_is_asked_and_not_before(tmp_path: Path) -> None:
    app = create_app(test_settings(tmp_path, "postgresql://nowhere/forum", database_replica_url="postgresql://nowhere/forum"))
    assert app.extensions[LAGGING].replica.lag_seconds is None
