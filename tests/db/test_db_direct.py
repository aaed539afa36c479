"""Statements that go straight to the driver behave as those that SQLAlchemy runs: the same values, errors and listeners, in the same transaction."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import bindparam, event, func, select
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from forum.accounts.models import Account
from forum.articles.models import Article
from forum.clock import now
from forum.db.base import db
from forum.db.direct import LONGEST_LIST, read, write
from forum.db.rows import insert_of, next_ids
from forum.db.transaction import reading, undoable, writing
from forum.jobs.models import Job
from forum.stances.models import Tag
from forum.web.statements import hear_statements
from tests.comments.measure import statements_of
from tests.world import make_world

ADD_JOB = insert_of(Job, "kind", "payload", "due_at", "created_at", "attempts")
ADD_TAG = insert_of(Tag, "comment_id", "account_id", "stance", "counted", "suspended", "created_at", "changed_at")
ASK = select(Account.id, Account.created_at, Account.left_at, Account.verified, Account.handle).where(Account.id == bindparam("account_id"))


def job() -> dict[str, object]:
    return {"kind": "note", "payload": "{}", "due_at": now(), "created_at": now(), "attempts": 0}


def test_the_values_are_those_that_sqlalchemy_gives(app: Flask) -> None:
    with app.app_context():
        account_id = make_world(app).ids["writer"]
        with reading() as session:
            (found,) = read(session, ASK, {"account_id": account_id})
            assert found == tuple(session.execute(ASK, {"account_id": account_id}).one())
            assert (found[1].tzinfo is not None, found[2], found[3]) == (True, None, False)
            assert read(session, ASK, {"account_id": 0}) == []


def test_what_is_written_has_its_id_and_is_gone_with_its_transaction(app: Flask) -> None:
    def write_and_fail() -> None:
        with writing() as session:
            assert write(session, ADD_JOB, job()) is not None
            raise ZeroDivisionError

    with app.app_context():
        with writing() as session:
            ids = [write(session, ADD_JOB, job()) for _ in range(3)]
            assert next_ids(session, Job, 2)[0] == int(ids[-1] or 0) + 1
        with pytest.raises(ZeroDivisionError):
            write_and_fail()
        with reading() as session:
            assert list(session.scalars(select(Job.id).order_by(Job.id))) == ids
            assert session.get_one(Job, ids[0]).due_at.tzinfo is not None


def test_what_the_database_refuses_is_sqlalchemys_error_and_quotes_nothing(app: Flask) -> None:
    with app.app_context():
        world = make_world(app)
        tag = {"comment_id": world.comment(), "account_id": 0, "stance": "agreement", "counted": True, "suspended": False}

        def refuse() -> None:
            with writing() as session:
                write(session, ADD_TAG, {**tag, "stance": "another", "created_at": now(), "changed_at": now()})

        with pytest.raises(IntegrityError) as refused:
            refuse()
        assert refused.value.params is None
        with reading() as session:
            assert session.scalar(select(func.count()).select_from(Tag).where(Tag.account_id == 0)) == 0


def test_listeners_hear_of_each(app: Flask) -> None:
    heard: list[str] = []

    def note(_connection: object, _cursor: object, sql: str, *_: object) -> None:
        heard.append(sql)

    with app.app_context(), statements_of(app) as asked:
        event.listen(db.engine, "after_cursor_execute", note)
        try:
            with writing() as session:
                write(session, ADD_JOB, job())
                read(session, ASK, {"account_id": 0})
        finally:
            event.remove(db.engine, "after_cursor_execute", note)
    assert [sql.split()[0] for sql in heard if not sql.startswith("BEGIN")] == ["INSERT", "SELECT"]
    assert [one.sql.split()[0] for one in asked] == ["INSERT", "SELECT"]


def test_listeners_hear_of_what_fails(app: Flask) -> None:
    """What ran into the database's time limit was the slowest of all, and is in the log of slow statements."""
    heard: list[tuple[str, bool]] = []

    def note(failed: Any) -> None:
        heard.append((failed.statement.split()[0], hasattr(failed.execution_context, "forum_begun")))

    def refuse() -> None:
        with writing() as session:
            write(session, ADD_JOB, {**job(), "kind": None})

    with app.app_context():
        event.listen(db.engine, "handle_error", note)
        statements = hear_statements(db.engine, 1)
        try:
            with pytest.raises(IntegrityError):
                refuse()
        finally:
            event.remove(db.engine, "handle_error", note)
    assert statements is not None
    assert heard == [("INSERT", True)]


IN_LIST = (
    select(Account.id).where(Account.id.in_(bindparam("ids", expanding=True)), Account.handle != bindparam("handle")).order_by(Account.id)
)


@pytest.mark.parametrize("length", [0, 1, 2, LONGEST_LIST, LONGEST_LIST + 1])
def test_a_list_is_prepared_for_its_length(app: Flask, person: Callable[..., Any], length: int) -> None:
    known = sorted(person(handle).id for handle in ("anna", "bela"))[:length]
    strangers = range(-length, -len(known))
    with app.app_context(), reading() as session:
        assert read(session, IN_LIST, {"ids": [*strangers, *known], "handle": "nobody"}) == [(account_id,) for account_id in known]


def test_a_list_of_moments_is_refused(app: Flask) -> None:
    with app.app_context(), reading() as session, pytest.raises(TypeError, match="as they are"):
        read(session, select(Job.id).where(Job.due_at.in_(bindparam("moments", expanding=True))), {"moments": [now()]})


def test_what_an_insertion_returns_is_read(app: Flask) -> None:
    with app.app_context(), writing() as session:
        ((job_id, kind),) = read(session, ADD_JOB.returning(Job.id, Job.kind), job())
        assert (session.get_one(Job, job_id).kind, kind) == ("note", "note")


def test_what_a_block_wrote_is_undone_and_what_was_written_before_it_stays(app: Flask) -> None:
    def fail(session: Session) -> None:
        with undoable(session):
            session.add(Job(kind="second", payload="{}", due_at=now(), created_at=now(), attempts=0))
            write(session, ADD_JOB, job())
            session.flush()
            raise ZeroDivisionError

    with app.app_context():
        with writing() as session:
            session.add(Job(kind="first", payload="{}", due_at=now(), created_at=now(), attempts=0))
            with pytest.raises(ZeroDivisionError):
                fail(session)
            assert not list(session)
            with undoable(session):
                session.add(Job(kind="third", payload="{}", due_at=now(), created_at=now(), attempts=0))
            with pytest.raises(IntegrityError), undoable(session):
                write(session, ADD_JOB, job() | {"kind": None})
            with undoable(session):
                write(session, ADD_JOB, job())
        with reading() as session:
            assert list(session.scalars(select(Job.kind).order_by(Job.id))) == ["first", "third", "note"]


@pytest.mark.postgresql_only
def test_a_lost_connection_is_not_used_again(app: Flask) -> None:
    with app.app_context():
        ask = select(func.pg_terminate_backend(func.pg_backend_pid()))
        with reading() as session:
            with pytest.raises(OperationalError) as lost:
                read(session, ask, {})
            assert lost.value.connection_invalidated
        with reading() as session:
            assert read(session, select(Article.id).where(Article.id == bindparam("at")), {"at": 0}) == []
