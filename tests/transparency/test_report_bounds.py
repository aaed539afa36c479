"""What a month's report costs, in counts: as many statements for a thousand cases as for ten, and work that follows the month's rows, not all there are."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert
from sqlalchemy.orm import Session

from forum.access.viewer import DEFAULT_SITE_ID
from forum.app import create_app
from forum.comments.stance import Stance
from forum.db.base import db
from forum.db.schema import bring_up_to_date, refresh_statistics
from forum.db.transaction import reading, writing
from forum.moderation.models import Decision, Report, ReviewItem, StatementOfReasons
from forum.redress.models import Appeal
from forum.sanctions.models import Sanction
from tests.comments.measure import Cost, cost_of, plan_of, statements_of
from tests.conftest import ApiClient, OutsideClient
from tests.conftest import test_settings as settings_for
from tests.seeding import START, Plan, PlannedComment, store_plan

pytestmark = pytest.mark.postgresql_slow

# How many cases each month from January 2026 on has; what is asked about are February and March.
CASES = (900, 10, 1_000, 900)
FEW, MANY, EMPTY = "2026-02", "2026-03", "2026-05"
# The site, its first moment, and eleven counts.
STATEMENTS = 13
# What ten cases may take, and what each more may add; reading all rows would take more than ten times the first.
WORK = {"sqlite": (8_000, 500), "postgresql": (400, 60)}
WORDS = "A sentence for the writer that says in more than forty characters what was decided."
TABLES = ("comments", "decisions", "reports", "review_items", "appeals", "sanctions", "statements")


def fill(session: Session) -> None:
    """Store each month's cases: a comment, its closed item, a rule's hold and a moderator's decision on it, a report, an appeal, a sanction."""
    minutes = [month * 31 * 1440 + at % 20_000 for month, cases in enumerate(CASES) for at in range(cases)]
    planned = [PlannedComment(writer=at % 4, minute=minute, stance=(None, *Stance)[at % 5]) for at, minute in enumerate(minutes)]
    made = store_plan(session, Plan(planned))
    accounts = made.account_ids
    rows: dict[type[Any], list[dict[str, object]]] = {
        table: [] for table in (ReviewItem, Decision, StatementOfReasons, Report, Appeal, Sanction)
    }
    for number, (comment, minute) in enumerate(zip(made.comment_ids, minutes, strict=True), 1):
        moment, writer, other = START + timedelta(minutes=minute), accounts[number % 4], accounts[(number + 1) % 4]
        site, late = {"site_id": DEFAULT_SITE_ID}, moment + timedelta(hours=1)
        about = site | {"comment_id": comment, "item_id": number}
        rows[ReviewItem].append(
            site
            | {"id": number, "article_id": made.article_id, "comment_id": comment, "writer_id": writer, "state": "closed"}
            | {
                "origin": "screening",
                "reason": "words",
                "lane": 1,
                "base_lane": number % 4,
                "opened_at": moment,
                "due_at": late,
                "closed_at": late,
            }
        )
        held = {"rule": "words", "action": "hold", "restricts": True, "moderator_id": None, "item_version": 1}
        left = {"rule": None, "action": "no_action", "restricts": False, "moderator_id": other, "item_version": 2}
        for decision_id, what in ((2 * number - 1, held), (2 * number, left)):
            said = {
                "reason": "other",
                "statement": WORDS,
                "from_state": "visible",
                "to_state": "visible",
                "comment_version": 1,
                "closes": True,
            }
            rows[Decision].append(about | what | said | {"id": decision_id, "created_at": moment})
        for of in ({"decision_id": 2 * number - 1, "sanction_id": None}, {"decision_id": None, "sanction_id": number}):
            stated = {"restriction": "held", "source": "screening", "detected_automatically": True, "decided_automatically": True}
            terms = {
                "ground": "rules",
                "clause": "other",
                "appeal_until": late,
                "mail_after": late,
                "mailed_at": late,
                "created_at": moment,
            }
            rows[StatementOfReasons].append(site | {"account_id": writer} | of | stated | terms)
        rows[Report].append(
            about
            | {"reference": f"REF{number}", "reporter_id": other, "reason": "off_topic", "weight": 1.0, "state": "declined"}
            | {"created_at": moment, "closed_at": late}
        )
        rows[Appeal].append(
            site
            | {
                "decision_id": 2 * number,
                "part": "writer",
                "appellant_id": writer,
                "body": "Please.",
                "outcome": "upheld",
                "reasons": WORDS,
            }
            | {"decided_by": other, "created_at": moment, "decided_at": late}
        )
        rows[Sanction].append(
            site
            | {"id": number, "account_id": writer, "kind": "reminder", "reason": "other", "statement": WORDS, "imposed_by": other}
            | {"starts_at": moment, "created_at": moment}
        )
    for table, values in rows.items():
        session.execute(insert(table.__table__), values)


@pytest.fixture(scope="module")
def histories(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Callable[[str], Flask]]:
    """Return the filled application on ``sqlite`` or ``postgresql``, made at the first call."""
    made: dict[str, Flask] = {}

    def get(kind: str) -> Flask:
        if kind not in made:
            url = request.getfixturevalue("postgresql")("months") if kind == "postgresql" else ""
            app = create_app(settings_for(tmp_path_factory.mktemp("months"), url, rate_limits="off"))
            app.test_client_class = OutsideClient
            with app.app_context():
                bring_up_to_date()
                with writing() as session:
                    fill(session)
                if kind == "postgresql":
                    refresh_statistics()
                db.engine.dispose()
            made[kind] = app
        return made[kind]

    yield get
    for app in made.values():
        with app.app_context():
            db.engine.dispose()


def ask(app: Flask, path: str) -> tuple[Cost, list[str]]:
    with statements_of(app) as statements:
        answer = ApiClient(app.test_client()).get(path)
    assert answer.status_code == 200, answer.text
    with app.app_context(), reading() as session:
        opened = session.connection()
        return cost_of(opened, statements), [step for one in statements for step in plan_of(opened, one)]


def test_a_report_costs_its_month(histories: Callable[[str], Flask], database: str) -> None:
    app = histories(database)
    few, plan = ask(app, f"/transparency/{FEW}")
    many, _ = ask(app, f"/transparency/{MANY}")
    nothing, _ = ask(app, f"/transparency/{EMPTY}")
    page, _ = ask(app, f"//transparency/{MANY}")
    assert few.statements == many.statements == nothing.statements == page.statements == STATEMENTS
    base, each = WORK[database]
    assert nothing.work <= few.work <= base, (few, plan)
    assert many.work <= base + 990 * each, many
    walked = tuple(f"{how} {table}" for table in TABLES for how in ("SCAN", "Seq Scan using nothing on"))
    assert not [step for step in plan if step.startswith(walked)], plan
    # Two rows for each case whose time is told, and no more than the groups of everything else.
    assert many.rows <= 3 * 1_000 + 100


def test_the_numbers_are_those_that_were_put_in(histories: Callable[[str], Flask], database: str) -> None:
    app = histories(database)
    visitor = ApiClient(app.test_client())
    cells = {
        (table["code"], row["code"]): row["cells"] for table in visitor.get(f"/transparency/{MANY}").json["tables"] for row in table["rows"]
    }
    assert cells["reports", "off_topic"]["declined"]["value"] == cells["appeals_filed", "writer"]["filed"]["value"] == 1_000
    assert cells["automatic", "check"]["let_stand"]["value"] == cells["sanctions", "reminder"]["total"]["value"] == 1_000
    assert cells["statements", "total"]["sent"]["value"] == 2_000
    assert cells["times", "reports"]["median"]["value"] == 3_600


def test_the_list_of_months_costs_nothing(histories: Callable[[str], Flask], database: str) -> None:
    cost, _ = ask(histories(database), "/transparency")
    assert cost.statements == 2
    assert cost.work <= {"sqlite": 200, "postgresql": 20}[database]
