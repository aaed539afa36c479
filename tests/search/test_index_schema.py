"""The index comes with its migration, with what was there before, and its triggers are there after every migration."""

from collections.abc import Callable

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import inspect, text

from forum.access.viewer import DEFAULT_SITE_ID
from forum.articles.actions import ArticleDraft, create_article
from forum.db.base import db
from forum.db.schema import bring_up_to_date
from forum.db.transaction import reading, writing
from forum.paths import resource
from forum.search.actions import count_unindexed
from forum.search.steps import search
from forum.search.triggers import recreate_triggers
from tests.conftest import add_account
from tests.db.catalogue import read_catalogue
from tests.search.conftest import Said, put

TRIGGERS = {
    "sqlite": {"comments_words_insert", "comments_words_update", "comments_words_delete"},
    "postgresql": {"comments_words_insert", "comments_words_update"},
}


@pytest.fixture
def own(make_app: Callable[..., Flask]) -> Flask:
    app = make_app()
    with app.app_context(), writing() as session:
        for handle in ("anna", "bob"):
            add_account(session, handle)
        create_article(session, DEFAULT_SITE_ID, ArticleDraft(title="On touch"), author_ids=())
    return app


def test_what_was_there_before_is_indexed(own: Flask) -> None:
    with own.test_request_context():
        with writing() as session:
            put(session, Said("Größe before"))
            put(session, Said("hidden before", state="removed"))
        db.session.remove()
        flask_migrate.downgrade(directory=str(resource("migrations")), revision="0006")
        assert [name for name in inspect(db.engine).get_table_names() if name.startswith("comment_words")] == []
        assert not read_catalogue(db.engine)["comments"]["triggers"]
        assert bring_up_to_date() is True
        with reading() as session:
            assert count_unindexed(session) == 0
            assert [item.id for item in search(session, "grosse", article="", cursor="", limit=20).items] == [1]
            assert search(session, "before -grosse", article="", cursor="", limit=20).items == []


def test_the_triggers_are_there_after_all_migrations(own: Flask, database: str) -> None:
    """A migration that lets SQLite write ``comments`` anew must end with the statements of ``forum/search/triggers.py``: a rebuilt table has no triggers."""
    with own.app_context():
        assert set(read_catalogue(db.engine)["comments"]["triggers"]) == TRIGGERS[database]


def test_triggers_that_are_gone_can_be_made_again(own: Flask, database: str) -> None:
    with own.app_context():
        before = read_catalogue(db.engine)
        with writing() as session:
            table = " ON comments" if database == "postgresql" else ""
            session.execute(text(f"DROP TRIGGER comments_words_update{table}"))
        with writing() as session:
            recreate_triggers(session)
        assert read_catalogue(db.engine) == before
