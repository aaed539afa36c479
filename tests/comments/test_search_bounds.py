"""What a search costs among 100,000 comments: a window of matches and a page, whatever is asked, and never the table.

Beside the bounds of discussions, with which it shares the large database.
"""

import pytest
from flask import Flask

from forum.db.transaction import reading
from forum.search.actions import rebuild
from forum.search.queries import READ, READ_IN_ALL, WINDOW
from forum.search.steps import search
from tests.comments.conftest import Large
from tests.comments.measure import Statement, plan_of, statements_of, work_of
from tests.comments.test_comments_bounds import connection

pytestmark = pytest.mark.slow

# Steps of SQLite's virtual machine, some twenty for each of 500 matches and a page; rows on PostgreSQL, each once
# in the index and once in the table, among them those that match but for a phrase's order.
WORK = {"sqlite": 40 * WINDOW, "postgresql": 2 * (READ_IN_ALL + READ + WINDOW)}
STATEMENTS = {"sqlite": 8, "postgresql": 24}
ASKED = {
    "a common word": "comment",
    "a rare word": "77777",
    "a word that nobody wrote": "zebra",
    "two that never meet": "comment stance:agreement -comment",
    "a phrase that never is one": '"comment comment"',
    "a common word and a person": "comment by:seed7",
    "a common word, an article and days": "comment article:2 after:2026-01-03 before:2026-02",
    "nothing but what must not be there": "-zebra",
}


@pytest.fixture(scope="module")
def indexed() -> set[str]:
    """The databases whose index was filled: the large one is stored without."""
    return set()


@pytest.fixture(autouse=True)
def index(large: Large, database: str, indexed: set[str]) -> None:
    """Fill the index of the test's database once."""
    if database not in indexed:
        with large.app.app_context():
            rebuild()
        indexed.add(database)


def read(app: Flask, query: str, cursor: str = "") -> tuple[int, str, list[Statement]]:
    """Search and return how many were found, the cursor of the next page and the statements."""
    with app.test_request_context(), statements_of(app) as statements, reading() as session:
        found = search(session, query, article="", cursor=cursor, limit=20)
    return len(found.items), found.next or "", statements


@pytest.mark.parametrize("asked", ASKED)
def test_a_search_reads_a_window_and_never_the_table(large: Large, database: str, asked: str) -> None:
    cursor = ""
    for _page in range(3):
        shown, cursor, statements = read(large.app, ASKED[asked], cursor)
        with connection(large) as opened:
            plan = [step for one in statements for step in plan_of(opened, one)]
            work = sum(work_of(opened, one) for one in statements)
        assert not [step for step in plan if step.startswith(("SCAN comments", "Seq Scan using nothing on comment"))], plan
        assert len(statements) <= STATEMENTS[database]
        assert work <= WORK[database], (work, plan)
        assert shown <= 20
        if not cursor:
            break
    expected = {"a rare word": 1, "a word that nobody wrote": 0, "two that never meet": 0, "a phrase that never is one": 0}
    if asked in expected and not cursor:
        assert shown == expected[asked] or _page > 0
