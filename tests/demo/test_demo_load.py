"""The demo discussion in a database, on both: what is stored equals the file and a fresh count, and its people can sign in."""

import tomllib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from forum.accounts.models import Account
from forum.articles.models import Article
from forum.comments.models import Comment, Revision
from forum.db.base import db
from forum.db.transaction import reading, writing
from forum.demo.load import is_demo, is_empty, load_demo, who_signs_in
from forum.stances.models import Tag, TagEvent
from tests.conftest import add_account
from tests.stances.recount import find_miscounts

pytestmark = pytest.mark.postgresql_slow

DEMO = tomllib.loads((Path(__file__).parents[2] / "forum" / "demo" / "discussion.toml").read_text(encoding="utf-8"))
PASSWORD = "made for this test"


@pytest.fixture
def loaded(app: Flask) -> dict[str, int]:
    """What the loader says it stored."""
    with writing() as session:
        return load_demo(session, PASSWORD)


@contextmanager
def counted_statements() -> Iterator[list[str]]:
    """Collect every statement sent to the database inside the block; an insert of many rows is one."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def test_everything_of_the_file_is_stored(loaded: dict[str, int], session: Session) -> None:
    given = sum(len(handles) for comment in DEMO["comments"] for handles in comment.get("tags", {}).values())
    assert loaded == {"people": len(DEMO["people"]), "articles": len(DEMO["articles"]), "comments": len(DEMO["comments"]), "tags": given}
    stored = {table: session.scalar(select(func.count()).select_from(table)) for table in (Account, Article, Comment, Tag, TagEvent)}
    assert list(stored.values()) == [len(DEMO["people"]), len(DEMO["articles"]), len(DEMO["comments"]), given, given]


def test_every_count_equals_a_recount(loaded: dict[str, int], session: Session) -> None:
    assert find_miscounts(session) == []


def test_threads_and_words_are_those_of_the_file(loaded: dict[str, int], session: Session) -> None:
    by_text = {comment.body_md: comment for comment in session.scalars(select(Comment))}
    comments = {item["label"]: by_text[item.get("edited_body_md", item["body_md"]).strip()] for item in DEMO["comments"]}
    handles = {account.id: account.handle for account in session.scalars(select(Account))}
    for item in DEMO["comments"]:
        comment = comments[item["label"]]
        assert comment.parent_id == (comments[item["parent"]].id if "parent" in item else None)
        assert comment.parent_id is None or comment.parent_id < comment.id
        assert handles[comment.author_id] == item["by"]
        assert comment.stance == item.get("stance")
        assert comment.state == ("withdrawn" if item.get("withdrawn") else "visible")
        assert (comment.edited_at is not None) == ("edited_body_md" in item)
        tags = Counter(session.scalars(select(Tag.stance).where(Tag.comment_id == comment.id)))
        assert tags == {stance: len(given) for stance, given in item.get("tags", {}).items() if given}


def test_nothing_happens_before_its_cause(loaded: dict[str, int], session: Session) -> None:
    times = {comment.id: comment.created_at for comment in session.scalars(select(Comment))}
    articles = {article.id: article.created_at for article in session.scalars(select(Article))}
    for comment in session.scalars(select(Comment)):
        assert comment.created_at > articles[comment.article_id]
        assert comment.parent_id is None or comment.created_at > times[comment.parent_id]
        assert sorted(times, key=times.__getitem__) == sorted(times), "ids rise with time, as they do when people write"
    for comment_id, at in session.execute(select(Tag.comment_id, Tag.created_at)):
        assert at > times[comment_id]


def test_edits_have_their_history(loaded: dict[str, int], session: Session) -> None:
    revisions = Counter(session.scalars(select(Revision.comment_id)))
    edited = sum("edited_body_md" in item for item in DEMO["comments"])
    assert edited
    assert Counter(revisions.values()) == {1: len(DEMO["comments"]) - edited, 2: edited}


def test_three_people_can_sign_in_and_nobody_else(loaded: dict[str, int], client: FlaskClient) -> None:
    with reading() as session:
        people = who_signs_in(session, PASSWORD)
    assert {person.kind for person in people} == {"reader", "author", "moderator"}
    assert all(person.has_password for person in people)
    for item in DEMO["people"]:
        answer = client.post("/api/v1/session", json={"login": item["handle"], "password": PASSWORD})
        assert answer.status_code == (200 if item["sign_in"] else 401), item["handle"]
    author = next(person for person in people if person.kind == "author")
    answer = client.post("/api/v1/session", json={"login": author.handle, "password": PASSWORD})
    assert answer.json
    assert answer.json["account"]["handle"] == author.handle


def test_the_database_is_known_as_empty_as_the_demo_and_as_neither(app: Flask) -> None:
    with reading() as session:
        assert (is_empty(session), is_demo(session)) == (True, False)
    with writing() as session:
        add_account(session, "somebody")
    with reading() as session:
        assert (is_empty(session), is_demo(session)) == (False, False)


def test_the_demo_stays_the_demo_while_people_write(loaded: dict[str, int]) -> None:
    with writing() as session:
        add_account(session, "somebody")
    with reading() as session:
        assert (is_empty(session), is_demo(session)) == (False, True)


def test_loading_costs_a_few_statements_a_row(app: Flask) -> None:
    with counted_statements() as sent, writing() as session:
        counts = load_demo(session, PASSWORD)
    # Per comment: lock its place, insert it and its revision, its tags as one, recount, update the counts above it.
    assert len(sent) < 25 * (counts["comments"] + counts["articles"]) + 5 * counts["people"]
    # And the tags of a comment cost the same however many they are.
    assert sum(statement.startswith("INSERT INTO tags ") for statement in sent) <= counts["comments"]


def test_loading_is_all_or_nothing(app: Flask) -> None:
    def load_and_fail() -> None:
        with writing() as session:
            load_demo(session, PASSWORD)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        load_and_fail()
    with reading() as session:
        assert is_empty(session)
