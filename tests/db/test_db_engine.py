"""Connections and transactions: what each one is set to, that nobody's write is lost, and what callers see while the database is in trouble."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import create_engine, event, func, select, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from forum.access.viewer import DEFAULT_SITE_ID
from forum.articles.actions import ArticleDraft, create_article
from forum.articles.models import Article
from forum.comments.models import Comment
from forum.db.base import db
from forum.db.engine import engine_options
from forum.db.transaction import make_durable, reading, undoable, writing
from tests.conftest import PASSWORD, ApiClient, add_account
from tests.db.together import all_at_once
from tests.stances.recount import find_miscounts


def own_article(app: Flask) -> tuple[int, ApiClient]:
    """Return an article on the application's own database and somebody signed in there."""
    with app.app_context(), writing() as session:
        add_account(session, "anna")
        article_id = create_article(session, DEFAULT_SITE_ID, ArticleDraft(title="In trouble"))[0].id
    browser = app.test_client()
    signed_in: Any = browser.post("/api/v1/session", json={"login": "anna", "password": PASSWORD}).json
    return article_id, ApiClient(browser, csrf=signed_in["csrf_token"])


def post(client: ApiClient, article_id: int, **named: Any) -> Any:
    return client.post(f"/articles/{article_id}/comments", {"body_md": "Is it so?"}, **named)


def assert_unavailable(answer: Any) -> None:
    assert answer.status_code == 503, answer.text
    assert answer.content_type == "application/problem+json"
    assert answer.json["type"] == "/problems/unavailable"
    assert int(answer.headers["Retry-After"]) >= 1


@pytest.mark.sqlite_only
def test_every_sqlite_connection_has_a_log_and_checks_foreign_keys(app: Flask) -> None:
    with db.engine.connect() as first, db.engine.connect() as second:
        for connection in (first, second):
            known = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            }
            assert known == {"journal_mode": "wal", "synchronous": 1, "foreign_keys": 1, "busy_timeout": 5000}


@pytest.mark.postgresql_only
def test_every_postgresql_connection_has_its_limits(app: Flask) -> None:
    with db.engine.connect() as connection:
        names = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout", "TimeZone")
        assert [connection.exec_driver_sql(f"SHOW {name}").scalar() for name in names] == ["5s", "10s", "30s", "UTC"]


@pytest.mark.sqlite_only
def test_writing_says_so_before_its_first_statement(app: Flask) -> None:
    begun: list[str] = []

    def note(_connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        begun.extend([statement] if statement.startswith("BEGIN") else [])

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        with reading() as session:
            session.execute(select(Article.id))
        with writing() as session:
            session.execute(select(Article.id))
        with reading() as session:
            session.execute(select(Article.id))
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert begun == ["BEGIN", "BEGIN IMMEDIATE", "BEGIN"]


def test_a_failed_transaction_leaves_nothing(app: Flask) -> None:
    def fail() -> None:
        with writing() as session:
            add_account(session, "nobody")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with reading() as session:
        assert session.scalar(text("SELECT count(*) FROM accounts")) == 0


def test_a_savepoint_undoes_only_itself(app: Flask) -> None:
    with writing() as session:
        add_account(session, "anna")
        undone = session.begin_nested()
        add_account(session, "ben")
        undone.rollback()
    with reading() as session:
        assert session.scalars(text("SELECT handle FROM accounts")).all() == ["anna"]


def test_eight_threads_that_read_and_then_write_lose_nothing(app: Flask, article: Callable[..., int]) -> None:
    article_id, rounds = article(), 12

    def add() -> None:
        with app.app_context():
            for _ in range(rounds):
                with writing() as session:
                    found = session.scalars(select(Article).where(Article.id == article_id).with_for_update()).one()
                    found.comment_count = found.comment_count + 1
            db.session.remove()

    all_at_once([add] * 8)
    with writing() as session:
        found = session.get_one(Article, article_id)
        assert found.comment_count == 8 * rounds
        found.comment_count = 0


@pytest.mark.sqlite_only
def test_plain_begin_would_lose_them(tmp_path: Path) -> None:
    """The trap that ``writing`` avoids: reads under a plain BEGIN cannot become writes once another has written."""
    file = tmp_path / "trap.sqlite3"
    one, two = (sqlite3.connect(file, isolation_level=None, timeout=0) for _ in range(2))
    one.execute("PRAGMA journal_mode=WAL")
    one.execute("CREATE TABLE counts (n INTEGER)")
    one.execute("INSERT INTO counts VALUES (0)")
    one.execute("BEGIN")
    one.execute("SELECT n FROM counts").fetchone()
    two.execute("UPDATE counts SET n = 1")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        one.execute("UPDATE counts SET n = 1")
    one.close()
    two.close()


@contextmanager
def locked_out(app: Flask) -> Iterator[None]:
    """Hold what a writer needs from a connection that is not the application's, as another process would."""
    with app.app_context():
        url = db.engine.url
    other = create_engine(url, isolation_level="AUTOCOMMIT")
    with other.connect() as connection:
        is_sqlite = other.dialect.name == "sqlite"
        connection.exec_driver_sql("BEGIN EXCLUSIVE" if is_sqlite else "BEGIN")
        if not is_sqlite:
            connection.exec_driver_sql("LOCK TABLE articles IN ROW EXCLUSIVE MODE")
            connection.exec_driver_sql("SELECT id FROM articles FOR UPDATE")
        yield
        connection.exec_driver_sql("ROLLBACK")
    other.dispose()


def test_a_locked_database_answers_503_and_goes_on_reading(make_app: Callable[..., Flask]) -> None:
    app = make_app(database_timeout_seconds=1, rate_limits="off")
    article_id, anna = own_article(app)
    first = post(anna, article_id)
    assert first.status_code == 201
    with locked_out(app):
        assert_unavailable(post(anna, article_id))
        assert anna.get(f"/articles/{article_id}/comments").json["article"]["comment_count"] == 1
        assert anna.get(f"/comments/{first.json['id']}").status_code == 200
    assert post(anna, article_id).status_code == 201
    with app.app_context(), reading() as session:
        assert find_miscounts(session) == []


def test_no_connection_left_answers_503_and_heals(make_app: Callable[..., Flask]) -> None:
    app = make_app(database_timeout_seconds=1, database_pool_size=2, rate_limits="off")
    article_id, anna = own_article(app)
    with app.app_context():
        taken = [db.engine.connect() for _ in range(2)]
    assert_unavailable(anna.get(f"/articles/{article_id}"))
    for connection in taken:
        connection.close()
    assert anna.get(f"/articles/{article_id}").status_code == 200


@pytest.mark.sqlite_only
def test_a_full_disk_answers_503_and_heals(make_app: Callable[..., Flask]) -> None:
    app = make_app(rate_limits="off")
    article_id, anna = own_article(app)
    with app.app_context():
        engine = db.engine

    def pages(limit: int) -> Callable[..., None]:
        # What SQLite says when it cannot grow is the same as on a full disk.
        return lambda connection, *_rest: connection.execute(f"PRAGMA max_page_count={limit}") and None

    with engine.connect() as connection:
        used = int(connection.exec_driver_sql("PRAGMA page_count").scalar_one())
    full, roomy = pages(used), pages(1_000_000)
    event.listen(engine, "checkout", full)
    try:
        answers = [anna.post(f"/articles/{article_id}/comments", {"body_md": "x" * 9000}) for _ in range(12)]
        refused = [answer for answer in answers if answer.status_code != 201]
        assert refused
        for answer in refused:
            assert_unavailable(answer)
        count = len(answers) - len(refused)
        assert anna.get(f"/articles/{article_id}/comments").json["article"]["comment_count"] == count
    finally:
        event.remove(engine, "checkout", full)
        event.listen(engine, "checkout", roomy)
    assert anna.post(f"/articles/{article_id}/comments", {"body_md": "x" * 9000}).status_code == 201
    event.remove(engine, "checkout", roomy)
    with app.app_context(), reading() as session:
        assert session.scalar(text("PRAGMA integrity_check")) == "ok"
        assert find_miscounts(session) == []


@pytest.mark.sqlite_only
def test_the_log_shrinks_after_a_long_reader(make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_app(rate_limits="off")
    monkeypatch.setattr("forum.db.engine.PRAGMAS", ("journal_size_limit=65536", "journal_mode=WAL"))
    article_id, anna = own_article(app)
    with app.app_context():
        db.engine.dispose()
        assert db.engine.url.database
        file, log = Path(db.engine.url.database), Path(db.engine.url.database + "-wal")
    reader = sqlite3.connect(file, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM comments").fetchone()
    for _ in range(40):
        assert anna.post(f"/articles/{article_id}/comments", {"body_md": "word " * 1900}).status_code == 201
    grown = log.stat().st_size
    assert reader.execute("SELECT count(*) FROM comments").fetchone() == (0,), "one snapshot for the whole block"
    reader.execute("ROLLBACK")
    reader.close()
    for _ in range(3):
        assert post(anna, article_id).status_code == 201
    assert grown > 65536
    assert log.stat().st_size < grown


@pytest.mark.postgresql_only
@pytest.mark.parametrize("code", ["40001", "40P01"])
def test_a_lost_race_is_run_again_inside(app: Flask, article: Callable[..., int], person: Callable[..., Any], code: str) -> None:
    article_id, anna, left = article(), person("anna"), [2]

    def fail(connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        if "INSERT INTO revisions" in statement and left[0]:
            left[0] -= 1
            connection.exec_driver_sql(f"DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '{code}'; END $$")

    event.listen(db.engine, "before_cursor_execute", fail)
    try:
        answer = post(anna.client, article_id, headers={"Idempotency-Key": "k"})
    finally:
        event.remove(db.engine, "before_cursor_execute", fail)
    assert (answer.status_code, left) == (201, [0])
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(Comment)) == 1
        assert find_miscounts(session) == []


@pytest.mark.postgresql_only
def test_two_real_transactions_in_a_deadlock_both_get_through(app: Flask, article: Callable[..., int], person: Callable[..., Any]) -> None:
    """Two requests take the same two rows in opposite orders: PostgreSQL ends one of them, and its door runs it again."""
    first, second = article("One"), article("Two")
    anna, ben = person("anna"), person("ben")
    met, meetings = threading.Barrier(2), threading.local()

    def take_the_other(connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        if "INSERT INTO revisions" in statement and not getattr(meetings, "done", False):
            meetings.done = True
            met.wait()
            connection.exec_driver_sql(f"SELECT id FROM articles WHERE id = {meetings.other} FOR UPDATE")

    def write(client: ApiClient, own: int, other: int) -> None:
        meetings.other = other
        answers.append(post(client, own).status_code)

    answers: list[int] = []
    event.listen(db.engine, "before_cursor_execute", take_the_other)
    try:
        all_at_once([lambda: write(anna.client, first, second), lambda: write(ben.client, second, first)])
    finally:
        event.remove(db.engine, "before_cursor_execute", take_the_other)
    assert answers == [201, 201]
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(Comment)) == 2
        assert find_miscounts(session) == []


@pytest.mark.postgresql_only
def test_only_what_would_be_done_again_is_committed_before_it_is_on_disk(app: Flask) -> None:
    found = []
    for durable in (True, False, True):
        with writing(durable=durable) as session:
            found.append(session.scalar(text("SHOW synchronous_commit")))
    assert found == ["on", "off", "on"]

    def fail(session: Session) -> None:
        with undoable(session):
            make_durable(session)
            raise InterruptedError

    with writing(durable=False) as session:
        with pytest.raises(InterruptedError):
            fail(session)
        assert session.scalar(text("SHOW synchronous_commit")) == "off"
        make_durable(session)
        assert session.scalar(text("SHOW synchronous_commit")) == "on"


@pytest.mark.postgresql_only
@pytest.mark.parametrize("moment", ["INSERT INTO comments", "INSERT INTO revisions", "UPDATE articles"])
def test_a_terminated_backend_leaves_nothing_half_done(make_app: Callable[..., Flask], moment: str) -> None:
    app = make_app(rate_limits="off")
    article_id, anna = own_article(app)
    with app.app_context():
        engine = db.engine
    admin = create_engine(engine.url, isolation_level="AUTOCOMMIT")
    ended: list[int] = []

    def terminate(connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        if moment in statement and not ended:
            driver: Any = connection.connection.dbapi_connection
            ended.append(driver.info.backend_pid)
            with admin.connect() as opened:
                opened.execute(text("SELECT pg_terminate_backend(:pid, 2000)"), {"pid": ended[0]})

    event.listen(engine, "before_cursor_execute", terminate)
    key = {"Idempotency-Key": "again"}
    answer = post(anna, article_id, headers=key)
    assert ended
    if answer.status_code != 201:
        assert_unavailable(answer)
    with app.app_context(), reading() as session:
        found = session.scalar(select(func.count()).select_from(Comment))
        assert found == (1 if answer.status_code == 201 else 0)
        assert find_miscounts(session) == []
    again = post(anna, article_id, headers=key)
    assert again.status_code == 201
    with app.app_context(), reading() as session:
        assert session.scalar(select(func.count()).select_from(Comment)) == 1
        assert find_miscounts(session) == []
    admin.dispose()


def test_a_door_gives_up_after_four_tries(app: Flask, article: Callable[..., int], person: Callable[..., Any], database: str) -> None:
    class Lost(Exception):
        sqlstate = "40001"

    article_id, anna, tries = article(), person("anna"), []

    def fail(_connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        if "INSERT INTO revisions" in statement:
            tries.append(1)
            raise OperationalError(statement, {}, Lost())

    event.listen(db.engine, "before_cursor_execute", fail)
    try:
        answer = post(anna.client, article_id)
    finally:
        event.remove(db.engine, "before_cursor_execute", fail)
    assert_unavailable(answer)
    assert len(tries) == 4
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(Comment)) == 0


def test_the_connection_that_was_used_last_is_used_next(app: Flask) -> None:
    with app.app_context():
        first, second = db.engine.raw_connection(), db.engine.raw_connection()
        last = second.dbapi_connection
        first.close()
        second.close()
        with db.engine.connect() as connection:
            assert connection.connection.dbapi_connection is last


def test_options_name_the_bounds() -> None:
    options = engine_options("sqlite:///x", timeout_seconds=3, pool_size=7)
    assert (options["pool_size"], options["max_overflow"], options["pool_timeout"], options["connect_args"]["timeout"]) == (7, 0, 3, 3)
    options = engine_options("postgresql://x", timeout_seconds=3, pool_size=7)
    assert options["pool_pre_ping"] is True
    assert "lock_timeout=3000 " in options["connect_args"]["options"]
