"""Rows written past the unit of work: held by the session as if they had been flushed, whatever becomes of the transaction."""

import pytest
from flask import Flask
from sqlalchemy import event, inspect
from sqlalchemy.exc import IntegrityError

from forum.articles.models import Article
from forum.clock import now
from forum.comments.models import Comment
from forum.db.base import db
from forum.db.rows import insert_row, update_row
from forum.db.transaction import reading, writing
from tests.world import make_world


def _comment(article: Article, author_id: int, words: str) -> Comment:
    moment = now()
    return Comment(
        site_id=article.site_id,
        article_id=article.id,
        author_id=author_id,
        state="visible",
        body_md=words,
        body_html=words,
        renderer=1,
        created_at=moment,
        activity_at=moment,
    )


def test_a_row_is_stored_with_its_defaults_and_held(app: Flask) -> None:
    with app.app_context():
        world = make_world(app)
        with writing() as session:
            article = session.get_one(Article, world.article_id)
            comment = _comment(article, world.ids["writer"], "kept")
            insert_row(session, comment)
            assert session.get(Comment, comment.id) is comment
            assert not inspect(comment).modified
            assert (comment.version, comment.tag_n, comment.locked_at, comment.confidential) == (1, 0, None, False)
            known = comment.id
        with reading() as session:
            found = session.get_one(Comment, known)
            assert (found.body_md, found.version, found.lead, found.listed) == ("kept", 1, 0, False)


def test_what_was_rolled_back_is_not_in_the_way_of_its_key(app: Flask) -> None:
    with app.app_context():
        world = make_world(app)
        author_id = world.ids["writer"]
        kept = []
        for words in ("undone", "kept"):
            try:
                with writing() as session:
                    comment = _comment(session.get_one(Article, world.article_id), author_id, words)
                    insert_row(session, comment)
                    kept.append(comment)
                    if words == "undone":
                        raise InterruptedError
            except InterruptedError:
                continue
        with reading() as session:
            assert session.get_one(Comment, inspect(kept[1]).identity).body_md == "kept"


def test_columns_are_written_by_one_statement_and_nothing_is_left_to_flush(app: Flask) -> None:
    statements: list[str] = []
    with app.app_context():
        world = make_world(app)
        with writing() as session:
            article = session.get_one(Article, world.article_id)
            before = article.version

            def heard(_connection: object, _cursor: object, statement: str, *_: object) -> None:
                statements.append(statement)

            event.listen(db.engine, "before_cursor_execute", heard)
            try:
                update_row(session, article, {"version": before + 1, "title": "Another"})
                session.flush()
            finally:
                event.remove(db.engine, "before_cursor_execute", heard)
            assert (article.version, article.title) == (before + 1, "Another")
        assert len(statements) == 1
        with reading() as session:
            assert session.get_one(Article, world.article_id).title == "Another"


def test_a_row_that_breaks_a_rule_of_the_database_is_refused(app: Flask) -> None:
    with app.app_context():
        world = make_world(app)
        with writing() as session:
            comment = _comment(session.get_one(Article, world.article_id), world.ids["writer"], "no such state")
            comment.state = "nonsense"
            with pytest.raises(IntegrityError):
                insert_row(session, comment)
            session.rollback()
