"""What is answered follows an author's reply at any depth, at a cost that only an author's reply has, and in the same few statements however deep it stands."""

import pytest
from flask import Flask
from sqlalchemy import select

from forum.accounts.models import Account
from forum.articles.models import Article
from forum.comments import actions
from forum.comments.models import Comment
from forum.comments.queries import lock_place
from forum.comments.states import State
from forum.db.transaction import reading, writing
from tests.comments.measure import Statement, statements_of
from tests.conftest import add_account
from tests.seeding import Plan, PlannedComment, Seeded, store_plan
from tests.stances.recount import find_miscounts

pytestmark = pytest.mark.postgresql_slow

DEEP = 1500


def chain(size: int, *, author_at: frozenset[int] = frozenset()) -> Plan:
    """Return one chain of comments, written by a reader but for the author's at these places."""
    return Plan([PlannedComment(place - 1 if place else None, 0 if place in author_at else 3, place) for place in range(size)])


def store(plan: Plan) -> Seeded:
    with writing() as session:
        return store_plan(session, plan)


def post(app: Flask, made: Seeded, writer: int, below: int) -> tuple[int, list[Statement]]:
    """Store a reply below the comment at a place, and return its id with the statements that took."""
    with statements_of(app) as statements, writing() as session:
        article = session.get_one(Article, made.article_id)
        parent = session.get_one(Comment, made.comment_ids[below])
        root = session.get_one(Comment, parent.root_id)
        new = actions.NewComment("A word.", "<p>A word.</p>\n", 1, None, made.account_ids[writer])
        reply_id = actions.store(session, article, parent, root, new).id
    return reply_id, list(statements)


def move(app: Flask, reply_id: int, event: str) -> int:
    """Move a comment and return how many statements that took."""
    with statements_of(app) as statements, writing() as session:
        actions.move(session, lock_place(session, reply_id), event, to=State.VISIBLE if event == "unwithdraw" else None)
    return len(statements)


def answered(made: Seeded) -> list[bool]:
    with reading() as session:
        assert find_miscounts(session) == []
        return list(session.scalars(select(Comment.author_replied).where(Comment.id.in_(made.comment_ids)).order_by(Comment.id)))


def test_a_readers_reply_costs_the_same_with_an_author_as_without(app: Flask) -> None:
    with_author, without = store(chain(30)), store(Plan(chain(30).comments, authors=()))
    for below in (0, 29):
        _, one = post(app, with_author, 3, below)
        _, other = post(app, without, 3, below)
        assert len(one) == len(other), below
        assert not [statement.sql for statement in (*one, *other) if "RECURSIVE" in statement.sql or "SET author_repl" in statement.sql]


def test_an_authors_reply_answers_a_whole_deep_branch_and_gives_it_back(app: Flask) -> None:
    made = store(chain(DEEP))
    reply_id, deep = post(app, made, 0, DEEP - 1)
    assert answered(made) == [True] * DEEP
    short = store(chain(3))
    _, shallow = post(app, short, 0, 2)
    # A statement writes a thousand rows.
    assert len(deep) == len(shallow) + 1
    taken = move(app, reply_id, "withdraw")
    assert answered(made) == [False] * DEEP
    assert move(app, reply_id, "unwithdraw") <= taken
    assert answered(made) == [True] * DEEP


def test_what_another_answer_holds_stays_answered(app: Flask) -> None:
    # The author wrote the fourth comment of the chain as well: it answers the first three whatever becomes of the deep reply.
    made = store(chain(8, author_at=frozenset({3})))
    assert answered(made) == [True] * 3 + [False] * 5
    deep, _ = post(app, made, 0, 7)
    assert answered(made) == [True] * 8
    middle, _ = post(app, made, 0, 5)
    move(app, deep, "withdraw")
    assert answered(made) == [True] * 6 + [False] * 2
    move(app, middle, "withdraw")
    assert answered(made) == [True] * 3 + [False] * 5
    move(app, made.comment_ids[3], "withdraw")
    assert answered(made) == [False] * 8


def test_becoming_an_author_is_remembered(app: Flask) -> None:
    made = store(chain(2))
    with writing() as session:
        assert session.get_one(Account, made.account_ids[0]).is_author is True
        assert add_account(session, "reader").is_author is False
