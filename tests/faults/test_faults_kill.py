"""The server is killed while people write: what was acknowledged is there, nothing is half there, and nobody has to repair anything."""

import random
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from forum.access.permissions import Scope
from forum.access.viewer import DEFAULT_SITE_ID
from forum.accounts.actions import create_token
from forum.articles.actions import ArticleDraft, create_article
from forum.comments.models import Comment, Revision
from forum.comments.stance import Stance
from forum.db.base import db
from forum.db.transaction import reading, writing
from forum.stances.models import Tag
from forum.web.models import StoredAnswer
from tests.conftest import add_account
from tests.faults.service import Client, Service, pause
from tests.stances.recount import find_miscounts

pytestmark = pytest.mark.postgresql_slow

CLIENTS = 16


@dataclass
class Acknowledged:
    """What the server has said yes to: comments by their keys, the last tag of each reader on each comment."""

    comments: dict[str, int] = field(default_factory=dict)
    writers: dict[int, int] = field(default_factory=dict)
    tags: dict[tuple[int, int], str] = field(default_factory=dict)
    tagged: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)

    def comment(self, key: str, comment_id: int, writer: int) -> None:
        """Note a posted comment."""
        with self.changed:
            self.comments[key], self.writers[comment_id] = comment_id, writer
            self.changed.notify_all()

    def tag(self, comment_id: int, reader: int, stance: str) -> None:
        """Note a tag."""
        with self.changed:
            self.tags[comment_id, reader] = stance
            self.tagged += 1

    def wait_for(self, count: int) -> None:
        """Wait until ``count`` comments are acknowledged."""
        with self.changed:
            self.changed.wait_for(lambda: len(self.comments) >= count)

    def others(self, writer: int) -> list[int]:
        """Return acknowledged comments that somebody else wrote."""
        with self.changed:
            return [comment_id for comment_id, who in self.writers.items() if who != writer]


@dataclass
class Stage:
    """A service on a database of its own, the people who use it, and the application that looks at the database directly."""

    service: Service
    app: Flask
    article_id: int
    root_id: int
    accounts: list[int]
    tokens: list[str]
    said: Acknowledged = field(default_factory=Acknowledged)


@pytest.fixture
def stage(make_app: Callable[..., Flask]) -> Iterator[Stage]:
    """A served database with sixteen people and one article with one comment."""
    app = make_app(rate_limits="off", secret_key="")
    settings = app.extensions["forum_settings"]
    accounts, tokens = [], []
    with app.app_context(), writing() as session:
        for number in range(CLIENTS):
            account = add_account(session, f"client{number}")
            accounts.append(account.id)
            tokens.append(create_token(session, account.id, name="load", scopes=[Scope.READ, Scope.COMMENT, Scope.TAG])[1])
        article_id = create_article(session, DEFAULT_SITE_ID, ArticleDraft(title="Under load"))[0].id
    with app.app_context():
        db.engine.dispose()
    service = Service(Path(settings.data_dir), settings.database_url)
    try:
        service.start()
        first = Client(service.port, tokens[0]).send("POST", f"/api/v1/articles/{article_id}/comments", {"body_md": "Wide."}, key="first")
        made = Stage(service, app, article_id, first.body["id"], accounts, tokens)
        made.said.comment("first", first.body["id"], 0)
        yield made
    finally:
        service.stop()


def use(stage: Stage, number: int, posts: int, tags: int) -> None:
    """Do one client's share: a chain of answers to itself, replies to the one wide comment, roots; and tags on what others wrote."""
    client, chance, last = Client(stage.service.port, stage.tokens[number]), random.Random(number), stage.root_id
    work = ["post"] * posts + ["tag"] * tags
    chance.shuffle(work)
    for turn, what in enumerate(work):
        if what == "post":
            parent = chance.choice((last, last, stage.root_id, None))
            body = {"body_md": f"Client {number}, turn {turn}.", "parent_id": parent, "stance": chance.choice(tuple(Stance)).value}
            key = f"{number}-{turn}"
            reply = client.insist("POST", f"/api/v1/articles/{stage.article_id}/comments", body, key=key)
            assert reply.status == 201, reply
            last = reply.body["id"]
            stage.said.comment(key, last, number)
        else:
            known = stage.said.others(number) or [stage.root_id]
            target, stance = chance.choice(known), chance.choice(tuple(Stance)).value
            reply = client.insist("PUT", f"/api/v1/comments/{target}/tag", {"stance": stance})
            assert reply.status == (403 if target == stage.root_id and number == 0 else 200), reply
            if reply.status == 200:
                stage.said.tag(target, number, stance)


@dataclass(frozen=True)
class Copy:
    """A copy of the database's files, taken while it was written to, and what had been acknowledged before."""

    file: Path
    comments: frozenset[int]


# In a process of its own: closing a database's file gives up every lock that the process has on it.
COPY = """
import shutil, sqlite3, sys

file, copy = sys.argv[1:]
reader = sqlite3.connect(file, isolation_level=None)
reader.execute("BEGIN")
reader.execute("SELECT count(*) FROM comments").fetchone()
for suffix in ("", "-wal"):
    shutil.copyfile(file + suffix, copy + suffix)
reader.execute("ROLLBACK")
"""


def copy_database(stage: Stage, name: str) -> Copy:
    """Copy the files of the embedded database as a loss of power would leave them: a reader keeps the log from being written over meanwhile."""
    with stage.app.app_context():
        file = Path(str(db.engine.url.database))
    with stage.said.changed:
        before = frozenset(stage.said.comments.values())
    copy = file.parent / f"{name}.sqlite3"
    subprocess.run([sys.executable, "-c", COPY, str(file), str(copy)], check=True)
    return Copy(copy, before)


def check_copy(copy: Copy) -> None:
    """A copy opens, is whole and holds everything that was acknowledged before it was taken."""
    opened = sqlite3.connect(copy.file)
    assert opened.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert opened.execute("PRAGMA foreign_key_check").fetchall() == []
    held = {row[0] for row in opened.execute("SELECT id FROM comments")}
    opened.close()
    assert copy.comments <= held


def check_everything(stage: Stage, comments: int) -> None:
    """Every acknowledged comment and tag is there, whole and once; every count equals a recount; a key still gives the same answer."""
    said = stage.said
    assert len(said.comments) == len(set(said.comments.values())) == comments
    with stage.app.app_context(), reading() as session:
        rows = {row.id: row for row in session.scalars(select(Comment))}
        assert set(rows) == set(said.comments.values()), "all that was acknowledged, and nothing else"
        for key, comment_id in said.comments.items():
            if key != "first":
                number, turn = key.split("-")
                assert rows[comment_id].body_md == f"Client {number}, turn {turn}."
            assert (rows[comment_id].state, rows[comment_id].author_id) == ("visible", stage.accounts[said.writers[comment_id]])
        revisions = session.execute(select(Revision.comment_id, func.count()).group_by(Revision.comment_id)).all()
        assert {(comment_id, count) for comment_id, count in revisions} == {(comment_id, 1) for comment_id in rows}
        tags = {
            (comment_id, account_id): stance
            for comment_id, account_id, stance in session.execute(select(Tag.comment_id, Tag.account_id, Tag.stance))
        }
        assert tags == {(comment_id, stage.accounts[reader]): stance for (comment_id, reader), stance in said.tags.items()}
        assert session.scalars(select(StoredAnswer.status).distinct()).all() == [201]
        assert find_miscounts(session) == []
        if session.get_bind().dialect.name == "sqlite":
            assert session.scalars(text("PRAGMA integrity_check")).all() == ["ok"]
            assert session.execute(text("PRAGMA foreign_key_check")).all() == []
    check_keys(stage)


def check_keys(stage: Stage) -> None:
    for key, comment_id in list(stage.said.comments.items())[1::7]:
        number, turn = (int(word) for word in key.split("-"))
        row_parent, row_stance = facts(stage, comment_id)
        body = {"body_md": f"Client {number}, turn {turn}.", "parent_id": row_parent, "stance": row_stance}
        again = Client(stage.service.port, stage.tokens[number]).send(
            "POST", f"/api/v1/articles/{stage.article_id}/comments", body, key=key
        )
        assert (again.status, again.replayed, again.body["id"]) == (201, True, comment_id)


def facts(stage: Stage, comment_id: int) -> tuple[int | None, str | None]:
    with stage.app.app_context(), reading() as session:
        comment = session.get_one(Comment, comment_id)
        return comment.parent_id, comment.stance


@pytest.mark.parametrize(("comments", "tags"), [(97, 300), pytest.param(1009, 5008, marks=pytest.mark.slow)])
def test_killed_in_the_middle(stage: Stage, database: str, comments: int, tags: int) -> None:
    posts = (comments - 1) // CLIENTS
    copies: list[Copy] = []
    with ThreadPoolExecutor(CLIENTS) as people:
        at_work = [people.submit(use, stage, number, posts, tags // CLIENTS) for number in range(CLIENTS)]
        stage.said.wait_for(comments // 4)
        first = set(stage.service.workers())
        stage.service.kill_worker()
        stage.said.wait_for(comments // 2)
        while len(stage.service.workers()) < 2:
            pause()
        assert len(set(stage.service.workers()) - first) == 1, "the lost worker was made up for"
        copies += [copy_database(stage, "before")] if database == "sqlite" else []
        stage.service.kill()
        assert not stage.service.is_ready()
        stage.service.start()
        stage.said.wait_for(comments * 3 // 4)
        copies += [copy_database(stage, "after")] if database == "sqlite" else []
        for share in at_work:
            share.result()
    check_everything(stage, 1 + posts * CLIENTS)
    for copy in copies:
        check_copy(copy)
