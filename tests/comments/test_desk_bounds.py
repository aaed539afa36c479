"""What the author's desk costs where an article has 100,000 comments: a window of those that wait, found by their index, and never the article.

Beside the bounds of discussions, with which it shares the large database.
"""

import pytest
from flask import Flask

from forum.access.viewer import Via, Viewer
from forum.accounts.models import Account
from forum.db.transaction import reading
from forum.desk.schemas import DeskQuery
from forum.desk.steps import read_desk
from tests.comments.conftest import Large
from tests.comments.measure import Statement, plan_of, statements_of, work_of
from tests.comments.test_comments_bounds import connection, planner

__all__ = ["planner"]
pytestmark = pytest.mark.slow

# Steps of SQLite's virtual machine (rows on PostgreSQL): 500 rows that are sorted, up to 1,000 that are counted, and a page.
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


def session_knows(opened: object, author_id: int) -> bool:
    """Whether the author is there: a desk of nobody would cost nothing."""
    with reading() as session:
        return session.get(Account, author_id) is not None
