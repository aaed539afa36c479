"""What a page of the queue costs, in counts: the same with 10,000 open items as with 100, whatever it is narrowed to, on the first page and deep inside.

Work is measured in steps of SQLite's virtual machine and in rows touched on PostgreSQL (tests/comments/measure.py).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from sqlalchemy import insert, text

from forum.access.viewer import DEFAULT_SITE_ID, Role
from forum.app import create_app
from forum.articles.models import Article, Series
from forum.db.base import db
from forum.db.schema import bring_up_to_date, refresh_statistics
from forum.db.transaction import reading, writing
from forum.moderation.models import ItemReason, Report, ReviewItem
from forum.web.context import cursors
from tests.comments.measure import Cost, Statement, cost_of, plan_of, statements_of
from tests.conftest import PASSWORD, ApiClient, OutsideClient, add_account, test_settings
from tests.seeding import START, Plan, PlannedComment, store_plan, without_index

pytestmark = pytest.mark.postgresql_slow

SIZES = {"small": 100, "big": 10_000}
ARTICLES, LONG_SERIES, PEOPLE = 60, 50, 5
RARE = 3
LIMIT = 20
# For two open items there is one that was decided long ago.
CLOSED_SHARE = 0.5
# The session, the roles, the site, a person, the page's items, and what is shown of them: comments, articles, their authors, reasons, reports.
PAGE_STATEMENTS = 10
# About twice what a page of 20 takes, and what each of several articles adds: a page of its own, from up to three ranges of an index.
PAGE_WORK = {"sqlite": 9_000, "postgresql": 350}
ARTICLE_WORK = {"sqlite": 1_200, "postgresql": 50}
# The HTML page also counts each lane up to 100, open appeals and waiting erasures; its form names articles and series to choose from.
HTML_STATEMENTS, HTML_WORK = 12, {"sqlite": 15_000, "postgresql": 1_000}


@dataclass(frozen=True)
class Row:
    """An item as it was inserted, by which the expected pages are told."""

    id: int
    state: str
    lane: int
    rank: float
    article: int
    writer: str
    reasons: tuple[str, ...]
    closed: int

    @property
    def key(self) -> tuple[Any, ...]:
        """Its place in the order of the queue, or of what is closed."""
        return (self.lane, self.rank, self.id) if self.state == "open" else (-self.closed, -self.id)


@dataclass
class Queue:
    """An application whose queue was filled in bulk, a moderator's client, and the items; ``known`` is what the planner has been told."""

    app: Flask
    client: ApiClient
    items: Sequence[Row]
    articles: Sequence[int]
    known: str = ""

    def expected(self, asked: Sequence[tuple[str, Any]]) -> list[Row]:
        """Return what a selection consists of, in order; a plain loop over all items."""
        wanted = dict(asked)
        chosen = {value for name, value in asked if name == "article"}
        series = {"long": set(self.articles[:LONG_SERIES]), "short": set(self.articles[LONG_SERIES : LONG_SERIES + 2])}
        found = [
            item
            for item in self.items
            if item.state == wanted.get("state", "open")
            and item.lane == wanted.get("lane", item.lane)
            and item.writer == wanted.get("person", item.writer)
            and wanted.get("reason", item.reasons[0]) in item.reasons
            and (not chosen or item.article in chosen)
            and item.article in series.get(str(wanted.get("series")), {item.article})
        ]
        return sorted(found, key=lambda item: item.key)


# What the queue is narrowed to. The rare ones stand at the very end of the queue: whoever walks through all the others is found out.
SELECTIONS: dict[str, Callable[[Sequence[int]], list[tuple[str, Any]]]] = {
    "everything": lambda articles: [],
    "a lane": lambda articles: [("lane", 2)],
    "an article with much": lambda articles: [("article", articles[0])],
    "an article with little": lambda articles: [("article", articles[-1])],
    "several articles": lambda articles: [("article", article) for article in (articles[0], *articles[-3:])],
    "fifty articles": lambda articles: [("article", article) for article in articles[-50:]],
    "a lane of several articles": lambda articles: [("article", article) for article in articles[:4]] + [("lane", 3)],
    "a long series": lambda articles: [("series", "long")],
    "a short series": lambda articles: [("series", "short")],
    "an article of a series": lambda articles: [("series", "long"), ("article", articles[0])],
    "a person with much": lambda articles: [("person", "seed0")],
    "a person with little": lambda articles: [("person", "seed4")],
    "a frequent reason": lambda articles: [("reason", "off_topic")],
    "a rare reason": lambda articles: [("reason", "threat_selfharm")],
    "a reason without any": lambda articles: [("reason", "illegal")],
    "a reason in a lane": lambda articles: [("reason", "off_topic"), ("lane", 3)],
    "closed": lambda articles: [("state", "closed")],
    "closed, of an article with little": lambda articles: [("state", "closed"), ("article", articles[-1])],
    "closed, of a short series": lambda articles: [("state", "closed"), ("series", "short")],
    "closed, of a person with little": lambda articles: [("state", "closed"), ("person", "seed4")],
}
HOW_MANY_ARTICLES = {
    "several articles": 4,
    "fifty articles": 50,
    "a lane of several articles": 4,
    "a long series": LONG_SERIES,
    "a short series": 2,
    "closed, of a short series": 2,
}


def plan_items(count: int, articles: Sequence[int]) -> list[dict[str, Any]]:
    """Return the open and closed items to be, each about a comment of its own: most in equal ranks, three of the rare kind at the end."""
    open_count = count
    rows = []
    for place in range(open_count + int(count * CLOSED_SHARE)):
        is_open = place < open_count
        is_rare = open_count - RARE <= place < open_count or place >= open_count + int(count * CLOSED_SHARE) - RARE
        rows.append(
            {
                "state": "open" if is_open else "closed",
                "lane": 3 if is_rare else (place * 7) % 4,
                "rank": 0.0 if is_rare else -float(place % 5),
                "article": len(articles) - 1 if is_rare else place % 3 if place % 2 else place % (len(articles) - 1),
                "writer": 4 if is_rare else place % 7 % 4 and place % 4,
                "reasons": ("off_topic", "threat_selfharm") if is_rare else ("off_topic", "links") if place % 3 else ("newcomer",),
                # The rare ones were closed first and are listed last.
                "closed": 0 if is_open or is_rare else place % 1000 + 1,
            }
        )
    return rows


def fill(size: str) -> tuple[list[int], list[Row]]:
    """Fill the queue of the open application: articles and series, comments, items, reasons, reports; return the articles and the items."""
    planned: list[dict[str, Any]] = plan_items(SIZES[size], range(ARTICLES))
    with writing() as session, without_index(session):
        articles: list[int] = []
        comments: dict[int, int] = {}
        for place in range(ARTICLES):
            own = [number for number, item in enumerate(planned) if item["article"] == place]
            plan = Plan([PlannedComment(writer=planned[number]["writer"]) for number in own], people=PEOPLE, title=f"Article {place}")
            made = store_plan(session, plan)
            articles.append(made.article_id)
            comments.update(zip(own, made.comment_ids, strict=True))
        accounts = made.account_ids
        for slug, parts in (("long", articles[:LONG_SERIES]), ("short", articles[LONG_SERIES : LONG_SERIES + 2])):
            series = Series(site_id=DEFAULT_SITE_ID, slug=slug, title=slug.title())
            session.add(series)
            session.flush()
            for part, article_id in enumerate(parts, 1):
                article = session.get_one(Article, article_id)
                article.series_id, article.part = series.id, part
        rows = [
            Row(
                number + 1,
                item["state"],
                item["lane"],
                item["rank"],
                articles[item["article"]],
                f"seed{item['writer']}",
                item["reasons"],
                item["closed"],
            )
            for number, item in enumerate(planned)
        ]
        site = {"site_id": DEFAULT_SITE_ID}
        session.execute(
            insert(ReviewItem),
            [
                site
                | {
                    "id": row.id,
                    "article_id": row.article,
                    "comment_id": comments[row.id - 1],
                    "writer_id": accounts[planned[row.id - 1]["writer"]],
                    "state": row.state,
                    "origin": "report",
                    "reason": row.reasons[0],
                    "lane": row.lane,
                    "base_lane": row.lane,
                    "aged": False,
                    "priority": -row.rank,
                    "rank": row.rank,
                    "version": 1,
                    "opened_at": START,
                    "due_at": START,
                    "closed_at": START + timedelta(minutes=row.closed) if row.state == "closed" else None,
                }
                for row in rows
            ],
        )
        session.execute(
            insert(ItemReason),
            [
                site | {"item_id": row.id, "reason": reason, "state": row.state, "lane": row.lane, "rank": row.rank}
                for row in rows
                for reason in row.reasons
            ],
        )
        session.execute(
            insert(Report),
            [
                site
                | {
                    "reference": f"REF{row.id}",
                    "comment_id": comments[row.id - 1],
                    "item_id": row.id,
                    "reporter_id": accounts[(planned[row.id - 1]["writer"] + 1) % PEOPLE],
                    "reason": "off_topic",
                    "note": "",
                    "weight": 1.0,
                    "state": "open" if row.state == "open" else "declined",
                    "created_at": START,
                }
                for row in rows
            ],
        )
        add_account(session, "mod", role=Role.MODERATOR)
    return articles, rows


@pytest.fixture(scope="module")
def queues(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Callable[[str, str], Queue]]:
    """Return the small or the big queue on ``sqlite`` or ``postgresql``, filled at the first call."""
    made: dict[tuple[str, str], Queue] = {}

    def get(kind: str, size: str) -> Queue:
        if (kind, size) not in made:
            url = request.getfixturevalue("postgresql")(f"queue_{size}") if kind == "postgresql" else ""
            app = create_app(test_settings(tmp_path_factory.mktemp("queue"), url, rate_limits="off"))
            app.test_client_class = OutsideClient
            with app.app_context():
                bring_up_to_date()
                articles, rows = fill(size)
                db.engine.dispose()
            browser = app.test_client()
            signed_in: Any = browser.post("/api/v1/session", json={"login": "mod", "password": PASSWORD}).json
            made[kind, size] = Queue(app, ApiClient(browser, csrf=signed_in["csrf_token"]), rows, articles)
        return made[kind, size]

    yield get
    for queue in made.values():
        with queue.app.app_context():
            db.engine.dispose()


def tell_planner(queue: Queue, kind: str, known: str) -> None:
    """Let the planner know of the rows, or forget them: SQLite has no statistics until it is told to gather them, PostgreSQL looks after itself."""
    known = "with statistics" if kind == "postgresql" else known
    if queue.known == known:
        return
    queue.known = known
    with queue.app.app_context():
        if known == "with statistics":
            refresh_statistics()
        else:
            with writing() as session:
                if session.scalar(text("SELECT count(*) FROM sqlite_master WHERE name = 'sqlite_stat1'")):
                    session.execute(text("DELETE FROM sqlite_stat1"))
        # SQLite reads its statistics when a connection first looks at the schema.
        db.engine.dispose()


@pytest.fixture(params=["without statistics", "with statistics"])
def pair(queues: Callable[[str, str], Queue], database: str, request: pytest.FixtureRequest) -> tuple[Queue, Queue]:
    """The small and the big queue, with and without statistics."""
    small, big = queues(database, "small"), queues(database, "big")
    for queue in (small, big):
        tell_planner(queue, database, request.param)
    return small, big


@contextmanager
def connection(queue: Queue) -> Iterator[Any]:
    with queue.app.app_context(), reading() as session:
        yield session.connection()


def read(queue: Queue, path: str) -> tuple[Any, list[Statement]]:
    """Read an address as the moderator and return its answer with the statements it took."""
    with statements_of(queue.app) as statements:
        answer = queue.client.get(path)
    assert answer.status_code == 200, answer.text
    return answer, statements


def cost_and_plan(queue: Queue, statements: Sequence[Statement]) -> tuple[Cost, list[str]]:
    with connection(queue) as opened:
        return cost_of(opened, statements), [step for one in statements for step in plan_of(opened, one)]


def asked_for(queue: Queue, name: str, **more: Any) -> str:
    return urlencode([*SELECTIONS[name](queue.articles), *more.items()])


def deep_cursor(queue: Queue, name: str) -> tuple[str | None, list[int]]:
    """Return a cursor that stands after the middle one of a selection, and the ids that follow it."""
    asked = SELECTIONS[name](queue.articles)
    rows, wanted = queue.expected(asked), dict(asked)
    if len(rows) < 2:
        return None, []
    middle = len(rows) // 2
    row = rows[middle]
    filters = (
        wanted.get("state", "open"),
        wanted.get("lane"),
        [value for key, value in asked if key == "article"],
        wanted.get("series"),
        wanted.get("person"),
        wanted.get("reason"),
    )
    key: list[Any] = [row.lane, row.rank, row.id] if row.state == "open" else [START + timedelta(minutes=row.closed), row.id]
    with queue.app.app_context():
        written = cursors().write(f"queue:{DEFAULT_SITE_ID}:{filters}", key)
    return written, [following.id for following in rows[middle + 1 :]]


def check_cost(name: str, database: str, cost: Cost, plan: Sequence[str]) -> None:
    """Assert that a page costs the page: few statements, its rows, bounded work, and no table is read or sorted from end to end."""
    assert cost.statements <= PAGE_STATEMENTS
    assert cost.rows <= 9 * (LIMIT + 1)
    assert cost.work <= PAGE_WORK[database] + ARTICLE_WORK[database] * HOW_MANY_ARTICLES.get(name, 0), (cost, plan)
    walked = ("SCAN review_items", "SCAN item_reasons", "Seq Scan using nothing on review_items", "Seq Scan using nothing on item_reasons")
    assert not [step for step in plan if step.startswith(walked)], plan


@pytest.mark.parametrize("name", SELECTIONS)
def test_the_first_page_costs_the_same(pair: tuple[Queue, Queue], database: str, name: str) -> None:
    costs = []
    for queue in pair:
        answer, statements = read(queue, f"/mod/items?{asked_for(queue, name, limit=LIMIT)}")
        rows = queue.expected(SELECTIONS[name](queue.articles))
        assert [item["id"] for item in answer.json["items"]] == [row.id for row in rows[:LIMIT]]
        assert (answer.json["next"] is None) == (len(rows) <= LIMIT)
        cost, plan = cost_and_plan(queue, statements)
        costs.append(cost)
        if queue is pair[1]:
            check_cost(name, database, cost, plan)
    assert costs[0].statements == costs[1].statements


@pytest.mark.parametrize("name", SELECTIONS)
def test_a_page_deep_inside_costs_what_the_first_does(pair: tuple[Queue, Queue], database: str, name: str) -> None:
    _, big = pair
    cursor, following = deep_cursor(big, name)
    if cursor is None:
        return
    answer, statements = read(big, f"/mod/items?{asked_for(big, name, limit=LIMIT, cursor=cursor)}")
    assert [item["id"] for item in answer.json["items"]] == following[:LIMIT]
    check_cost(name, database, *cost_and_plan(big, statements))


@pytest.mark.parametrize("name", SELECTIONS)
def test_the_html_page_costs_little_more(pair: tuple[Queue, Queue], database: str, name: str) -> None:
    costs = []
    for queue in pair:
        _, statements = read(queue, f"//mod?{asked_for(queue, name, limit=LIMIT)}")
        costs.append(cost_and_plan(queue, statements)[0])
    assert costs[0].statements == costs[1].statements <= PAGE_STATEMENTS + HTML_STATEMENTS
    allowed = PAGE_WORK[database] + ARTICLE_WORK[database] * HOW_MANY_ARTICLES.get(name, 0) + HTML_WORK[database]
    assert costs[1].work <= allowed


@pytest.mark.parametrize(("size", "limit"), [("small", 7), ("big", 50)])
@pytest.mark.parametrize("name", SELECTIONS)
def test_paging_walks_every_item_once_in_order(
    queues: Callable[[str, str], Queue], database: str, name: str, size: str, limit: int
) -> None:
    queue = queues(database, size)
    wanted = [row.id for row in queue.expected(SELECTIONS[name](queue.articles))]
    # By each filter the small queue is walked to its end; of the big one, where that takes long, a few pages will do for most.
    is_whole = size == "small" or name in ("everything", "fifty articles", "a frequent reason")
    found: list[int] = []
    cursor: dict[str, str] | None = {}
    while cursor is not None and (is_whole or len(found) < 4 * limit):
        page = queue.client.get(f"/mod/items?{asked_for(queue, name, limit=limit, **cursor)}").json
        found += [item["id"] for item in page["items"]]
        cursor = {"cursor": page["next"]} if page["next"] else None
    assert found == (wanted if is_whole else wanted[: len(found)])
    assert cursor is None or not is_whole
