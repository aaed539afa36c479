"""The same discussion answers the same on SQLite and on PostgreSQL: order, filters, ties, times, text, to the last byte."""

from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from flask import Flask

from forum.db.transaction import writing
from tests.comments.trees import SORTS, random_plan
from tests.conftest import empty_database
from tests.seeding import START, store_plan

ASKED = (
    "",
    "&stance=skepticism",
    "&tagged=agreement",
    "&by=verified",
    "&by=author&answered=no",
    "&limit=2&replies=1",
    "&limit=50&replies=0",
)


@pytest.fixture
def answers(apps: Callable[[str], Flask]) -> dict[str, dict[str, Any]]:
    """What each database answers to the same questions about the same discussion."""
    found: dict[str, dict[str, Any]] = {}
    for kind in ("sqlite", "postgresql"):
        app = apps(kind)
        with app.app_context(), time_machine.travel(START, tick=False):
            empty_database()
            with writing() as session:
                seeded = store_plan(session, random_plan(30, 3))
            paths = [f"/articles/{seeded.article_id}/comments?sort={sort}{rest}" for sort in SORTS for rest in ASKED]
            paths += [f"/comments/{one}/{what}" for one in seeded.comment_ids for what in ("context", "replies?limit=2")]
            paths += ["/articles?sort=active", f"/articles/{seeded.article_id}"]
            client = app.test_client()
            replies = {path: client.get(f"/api/v1{path}") for path in paths}
            # A problem names its request, which is another one each time.
            found[kind] = {
                path: (one.status_code, one.headers.get("ETag"), one.text if one.status_code == 200 else "")
                for path, one in replies.items()
            }
            empty_database()
    return found


def test_both_databases_answer_alike(answers: dict[str, dict[str, Any]]) -> None:
    for path, on_sqlite in answers["sqlite"].items():
        assert answers["postgresql"][path] == on_sqlite, path
    assert sum(status == 200 for status, _, _ in answers["sqlite"].values()) > 80
