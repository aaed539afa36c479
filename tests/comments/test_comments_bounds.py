"""What a page costs, in counts: the same for 100 comments and for 100,000, in every order, whatever the planner knows.

Work is measured in steps of SQLite's virtual machine and in rows touched on PostgreSQL (measure.py); plans must name the order's own index.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from forum.articles.models import Article
from forum.comments.models import Comment
from forum.comments.stance import Stance
from forum.comments.thread import ORDERS
from forum.db.base import db
from forum.db.schema import refresh_statistics
from forum.db.transaction import reading, writing
from forum.posting.series_queries import Parts, read_threads
from forum.posting.series_schemas import PartOut
from forum.web.context import cursors
from tests.comments.conftest import COMMENTS, DEEP, WIDE, Large
from tests.comments.measure import Cost, Statement, cost_of, plan_of, statements_of, work_of
from tests.comments.trees import SORTS
from tests.conftest import PASSWORD, ApiClient, Person
from tests.seeding import seed_discussion

pytestmark = pytest.mark.postgresql_slow

INDEX_OF = {
    "oldest": "ix_roots_by_published_at",
    "newest": "ix_roots_by_published_at",
    "active": "ix_roots_by_activity_at",
    "most_tagged": "ix_roots_by_tag_n",
    "most_valued": "ix_roots_by_score_valued",
    "most_contested": "ix_roots_by_score_contested",
    "unanswered": "ix_roots_by_author_replied_doubt_rank_published_at",
}
# Article with its authors, leads, roots, replies.
# A further page asks for no leads.
PAGE_STATEMENTS, NEXT_STATEMENTS = 4, 3
# Steps of SQLite's virtual machine (rows on PostgreSQL) that a page of 5 roots with 3 replies may take: several times what it takes.
PAGE_WORK = {"sqlite": 4000, "postgresql": 250}
# The same for a branch that must be gone down: each of its comments once, light.
BRANCH_WORK = {"sqlite": 60 * DEEP, "postgresql": 8 * DEEP}


def read(large: Large, path: str, client: ApiClient | None = None) -> tuple[Any, list[Statement]]:
    """Read an address and return its answer with the statements it took."""
    visitor = client or ApiClient(large.app.test_client())
    # Another test may have had this answer kept.
    large.app.wsgi_app.forget()  # type: ignore[attr-defined]
    with statements_of(large.app) as statements:
        answer = visitor.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json, statements


@contextmanager
def connection(large: Large) -> Iterator[Any]:
    with large.app.app_context(), reading() as session:
        yield session.connection()


def costs(large: Large, path: str) -> tuple[Any, Cost, list[str]]:
    """Return an address's answer, its cost and the plans of all of its statements."""
    answer, statements = read(large, path)
    with connection(large) as opened:
        return answer, cost_of(opened, statements), [step for one in statements for step in plan_of(opened, one)]


@pytest.fixture(params=["without statistics", "with statistics"])
def planner(request: pytest.FixtureRequest, large: Large, database: str) -> str:
    """The large database before and after ANALYZE: SQLite has no statistics until it is told to, PostgreSQL looks after itself."""
    known: str = request.param
    if large.known != known:
        large.known = known
        with large.app.app_context():
            if known == "with statistics":
                refresh_statistics()
            else:
                forget_statistics()
            # SQLite reads its statistics when a connection first looks at the schema.
            db.engine.dispose()
    return known


def forget_statistics() -> None:
    with writing() as session:
        if session.scalar(text("SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_stat1'")):
            session.execute(text("DELETE FROM sqlite_stat1"))


@pytest.mark.parametrize("sort", SORTS)
def test_the_first_page_costs_the_same(large: Large, planner: str, database: str, sort: str) -> None:
    asked = f"limit=5&replies=3&sort={sort}"
    _, small, _ = costs(large, f"/articles/{large.small.article_id}/comments?{asked}")
    page, big, plan = costs(large, f"/articles/{large.big.article_id}/comments?{asked}")
    assert page["article"]["comment_count"] == COMMENTS
    assert small.statements == big.statements == PAGE_STATEMENTS
    # Five roots, one more to know whether there are others, three replies each, the article; a thread of one reply less on a small page.
    assert abs(small.rows - big.rows) <= 2
    assert max(small.work, big.work) <= PAGE_WORK[database]
    check_plan(plan, sort)


def test_what_an_author_has_written_elsewhere_is_not_read(large: Large, planner: str, database: str) -> None:
    """All roots of a short discussion on one page, the authors' own last: they wrote thousands of comments in the long one."""
    works = []
    for sort in ("oldest", "unanswered"):
        page, cost, _ = costs(large, f"/articles/{large.small.article_id}/comments?limit=50&replies=0&sort={sort}")
        assert page["next"] is None
        works.append(cost.work)
    assert works[1] - works[0] <= PAGE_WORK[database]


@pytest.mark.parametrize("sort", SORTS)
def test_a_page_deep_inside_costs_what_the_first_does(large: Large, planner: str, database: str, sort: str) -> None:
    """Jump into the middle by the cursor of a page of fifty, taken again and again from the far end of equal scores."""
    cursor = deep_cursor(large, sort)
    page, cost, plan = costs(large, f"/articles/{large.big.article_id}/comments?limit=5&replies=3&sort={sort}&cursor={cursor}")
    assert len(page["items"]) == 5
    assert cost.statements <= NEXT_STATEMENTS
    assert cost.work <= PAGE_WORK[database]
    check_plan(plan, sort)


def deep_cursor(large: Large, sort: str) -> str:
    """Return a cursor that stands after the middle one of the big article's roots in an order."""
    order = ORDERS[sort]
    with large.app.app_context(), reading() as session:
        roots = select(Comment).where(Comment.article_id == large.big.article_id, Comment.depth == 0)
        middle = session.scalars(
            roots.order_by(*(column.desc() if order.descending else column for column in order.key)).offset(4000).limit(1)
        ).one()
        purpose = f"thread:{large.big.article_id}::{sort}:None:None:None:None"
        return cursors().write(purpose, [0, *(getattr(middle, name) for name in order.columns)])


def check_plan(plan: list[str], sort: str) -> None:
    """Assert that the order's own index is used, and that no step reads or sorts all comments."""
    assert any(INDEX_OF[sort] in step for step in plan), plan
    assert any("ix_replies_by_root" in step for step in plan), plan
    assert not [step for step in plan if step.startswith(("SCAN comments", "Seq Scan using nothing on comments"))], plan


def test_the_map_of_a_discussion_costs_the_same(large: Large, planner: str, database: str) -> None:
    """Thirty threads, whatever the number of comments; a small discussion has fewer."""
    found, cost, plan = costs(large, f"/articles/{large.big.article_id}/map")
    _, small, _ = costs(large, f"/articles/{large.small.article_id}/map")
    assert len(found["threads"]) == 30
    assert cost.statements == small.statements == 2
    assert max(cost.work, small.work) <= PAGE_WORK[database]
    assert any(INDEX_OF["most_tagged"] in step for step in plan), plan
    assert not [step for step in plan if step.startswith(("SCAN comments", "Seq Scan using nothing on comments"))], plan


def test_the_open_questions_of_a_discussion_are_an_index_of_their_own(large: Large, planner: str, database: str) -> None:
    earlier = Parts(previous=PartOut(large.big.article_id, "The part before", "/a/before", 1))
    with statements_of(large.app) as statements, large.app.app_context(), reading() as session:
        here = session.get_one(Article, large.small.article_id)
        before = len(statements)
        found = read_threads(session, here, earlier)
    assert len(found.open) == 5
    asked = statements[before]
    with connection(large) as opened:
        assert work_of(opened, asked) <= PAGE_WORK[database]
        plan = plan_of(opened, asked)
    assert any("ix_roots_open" in step for step in plan), plan


def test_a_full_page_costs_its_rows(large: Large, planner: str, database: str) -> None:
    page, cost, _ = costs(large, f"/articles/{large.big.article_id}/comments?limit=50&replies=50&sort=newest")
    shown = len(page["items"]) + sum(len(item["replies"]) for item in page["items"])
    assert cost.statements == PAGE_STATEMENTS
    assert cost.rows <= shown + 4
    assert cost.work <= {"sqlite": 200, "postgresql": 6}[database] * shown


def test_a_root_with_fifty_thousand_replies(large: Large, planner: str, database: str) -> None:
    context, cost, _ = costs(large, f"/comments/{large.wide}/context")
    assert len(context["replies"]) == 50
    assert context["more_replies"] == {"count": WIDE - 50, "after": large.wide + 50}
    assert cost.statements <= 10
    assert cost.work <= {"sqlite": 6000, "postgresql": 400}[database]
    replies, cost, plan = costs(large, f"/comments/{large.wide}/replies?after={large.wide + 50}&limit=50")
    assert replies["more_replies"]["count"] == WIDE - 100
    assert cost.rows <= 110
    # PostgreSQL may well prefer the primary key for a thread that is half of all there is.
    assert database == "postgresql" or any("ix_replies_by_root" in step for step in plan)
    # What follows is counted in the index: light, but each once.
    assert cost.work <= {"sqlite": 12, "postgresql": 3}[database] * WIDE


@pytest.mark.parametrize("depth", [1, DEEP // 2, DEEP])
def test_a_thread_five_thousand_deep(large: Large, planner: str, database: str, depth: int) -> None:
    comment_id = large.deep + depth
    context, cost, _ = costs(large, f"/comments/{comment_id}/context")
    assert context["comment"]["depth"] == depth
    assert [above["id"] for above in context["ancestors"]] == sorted({large.deep, *range(max(large.deep, comment_id - 50), comment_id)})
    below = min(50, DEEP - depth)
    assert [reply["id"] for reply in context["replies"]] == list(range(comment_id + 1, comment_id + 1 + below))
    assert (context["more_replies"] or {"count": 0})["count"] == DEEP - depth - below
    assert cost.statements <= 10
    assert cost.work <= BRANCH_WORK[database]
    one, cost, _ = costs(large, f"/comments/{comment_id}")
    assert one["depth"] == depth
    assert cost.statements <= 6


def test_the_deepest_matches_have_their_context(large: Large, planner: str) -> None:
    page, cost, _ = costs(large, f"/articles/{large.big.article_id}/comments?stance=skepticism&limit=50&sort=newest")
    assert len(page["items"]) == 50
    assert cost.statements <= 6


def test_a_readers_own_marks(large: Large, planner: str, database: str) -> None:
    with statements_of(large.app):
        browser = large.app.test_client()
        signed_in: Any = browser.post("/api/v1/session", json={"login": "anna", "password": PASSWORD}).json
    ids = ",".join(str(comment_id) for comment_id in large.big.comment_ids[:200])
    mine: Any
    mine, statements = read(large, f"/articles/{large.big.article_id}/mine?ids={ids}", ApiClient(browser, csrf=signed_in["csrf_token"]))
    assert len(mine["items"]) == 200
    assert len(statements) <= 7
    with connection(large) as opened:
        assert sum(work_of(opened, one) for one in statements) <= {"sqlite": 12_000, "postgresql": 900}[database]
        assert any("ix_comments_hidden" in step for one in statements for step in plan_of(opened, one))


def test_the_list_of_articles_and_the_counts(large: Large, planner: str, database: str) -> None:
    _, listed, _ = costs(large, "/articles?sort=active")
    assert listed.statements <= 5
    addresses = "&".join(f"url=https%3A%2F%2Fhost.example%2F{number}" for number in range(50))
    _, counted, _ = costs(large, f"/counts?{addresses}")
    assert counted.statements == 1
    assert listed.work + counted.work <= {"sqlite": 3000, "postgresql": 60}[database]


# What is read whole, though there might be a key to go by. PostgreSQL does so with every small table, unless it is told that this costs very much.
SCANS = re.compile(
    r"^(?:SCAN|Seq Scan using nothing on) (articles|comments|accounts|tags|tag_events|revisions|sanctions|api_tokens|sign_ins|decisions|rate_limits|reports|review_items)"
)


@pytest.mark.parametrize("comments", [20, 400])
def test_writing_costs_the_same_in_a_long_discussion(app: Flask, person: Callable[..., Person], comments: int) -> None:
    with writing() as session:
        seeded = seed_discussion(session, comments=comments)
    anna = person("anna")
    root = seeded.comment_ids[0]
    reply = {"body_md": "I doubt it.", "parent_id": seeded.comment_ids[1]}
    with statements_of(app) as posted:
        assert anna.client.post(f"/articles/{seeded.article_id}/comments", reply).status_code == 201
    with statements_of(app) as tagged:
        assert anna.client.put(f"/comments/{root}/tag", {"stance": Stance.SKEPTICISM}).status_code == 200
    with statements_of(app) as again:
        assert anna.client.put(f"/comments/{root}/tag", {"stance": Stance.SKEPTICISM}).status_code == 200
    # Two of them are screening's: the site's rules, and what is known of the writer. One asks whether the writer's account is restricted.
    known = app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite")
    assert len(posted) <= (16 if known else 19)
    assert len(tagged) <= (13 if known else 16)
    assert len(again) <= (8 if known else 10)
    with app.app_context(), reading() as session:
        if not known:
            session.execute(text("SET LOCAL enable_seqscan = off"))
        # The plan of an insertion names what foreign keys would be looked for if one were broken, which is never done here.
        for one in (one for one in (*posted, *tagged) if not one.sql.startswith("INSERT")):
            plan = plan_of(session.connection(), one)
            assert not [step for step in plan if SCANS.search(step)], (one.sql, plan)
