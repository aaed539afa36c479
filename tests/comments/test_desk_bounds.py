"""What the author's desk costs where an article has 100,000 comments: a window of those that wait, found by their index, and never the article.

Beside the bounds of discussions, with which it shares the large database.
"""

import pytest
from flask import Flask
from sqlalchemy import func, select

from forum.access.viewer import Via, Viewer
from forum.accounts.models import Account
from forum.clock import now
from forum.comments.models import Comment
from forum.db.transaction import reading
from forum.desk.schemas import DeskQuery
from forum.desk.steps import read_desk
from forum.web.context import cursors
from tests.comments.conftest import Large
from tests.comments.measure import Statement, plan_of, statements_of, work_of
from tests.comments.test_comments_bounds import NEXT_STATEMENTS, PAGE_WORK, connection, costs, planner

__all__ = ["planner"]
pytestmark = pytest.mark.slow

# Steps of SQLite's virtual machine (rows on PostgreSQL): 500 rows that are sorted, up to 500 of each group that are counted, and a page.
WORK = {"sqlite": 100_000, "postgresql": 4_000}
TABS = ("waiting", "replied", "set_aside")


def read(app: Flask, author_id: int, query: DeskQuery) -> tuple[int, list[Statement]]:
    """Read a page of the desk and return how many comments it has, with its statements."""
    with app.test_request_context(), statements_of(app) as statements, reading() as session:
        found = read_desk(session, Viewer(author_id, "seed0", via=Via.COOKIE), query)
    return len(found.items), statements


@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize("asked", ["all", "big", "small"])
def test_a_page_of_the_desk_never_reads_the_article(large: Large, planner: str, database: str, tab: str, asked: str) -> None:
    author_id = large.big.account_ids[0]
    only = {"all": None, "big": large.big.article_id, "small": large.small.article_id}[asked]
    shown, statements = read(large.app, author_id, DeskQuery(tab=tab, article=only))  # type: ignore[arg-type]
    assert shown == 20 if (tab, asked) in (("waiting", "all"), ("waiting", "big"), ("replied", "all")) else shown <= 20
    assert len(statements) <= 14
    with connection(large) as opened:
        plan = [step for one in statements for step in plan_of(opened, one)]
        work = sum(work_of(opened, one) for one in statements)
        assert session_knows(opened, author_id)
    assert not [step for step in plan if step.startswith(("SCAN comments", "Seq Scan using nothing on comments"))], plan
    assert any("ix_comments_waiting" in step for step in plan) == (tab == "waiting"), plan
    assert work <= WORK[database], (work, plan)


def test_what_the_authors_began_ends_the_order_and_is_read_from_their_own_comments(large: Large, planner: str, database: str) -> None:
    """Not from the article, of which it is a fiftieth."""
    with large.app.app_context(), reading() as session:
        own = select(Comment.id).where(Comment.article_id == large.big.article_id, Comment.depth == 0, Comment.author_replied.is_(False))
        wanted = session.scalars(own.where(Comment.author_id == large.big.account_ids[0]).order_by(Comment.id)).all()
        theirs = session.scalar(select(func.count()).where(Comment.author_id == large.big.account_ids[0])) or 0
        purpose = f"thread:{large.big.article_id}::unanswered:None:None:None:None"
        cursor = cursors().write(purpose, [0, 2, 0, now(), wanted[0]])
    address = f"/articles/{large.big.article_id}/comments?limit=5&replies=3&sort=unanswered&cursor={cursor}"
    page, cost, plan = costs(large, address)
    assert [item["id"] for item in page["items"]] == list(wanted[1:6])
    assert cost.statements <= NEXT_STATEMENTS
    # Each of the author's comments once at most.
    assert cost.work <= PAGE_WORK[database] + {"sqlite": 30, "postgresql": 2}[database] * theirs
    assert any("ix_comments_author_id_id" in step for step in plan), plan
    assert not [step for step in plan if step.startswith(("SCAN comments", "Seq Scan using nothing on comments"))], plan


def session_knows(opened: object, author_id: int) -> bool:
    """Whether the author is there: a desk of nobody would cost nothing."""
    with reading() as session:
        return session.get(Account, author_id) is not None
