"""Random histories over several months: every figure of every month agrees with a plain recount of the rows, as far as it is told, and nothing small is told."""

import random
from datetime import UTC, datetime

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select

from forum.access.viewer import Role
from forum.db.transaction import reading, writing
from forum.moderation.models import Decision
from forum.transparency.months import Month, read_month
from forum.transparency.queries import tally
from tests.conftest import ApiClient, add_account
from tests.moderation.test_moderation_histories import WRITERS
from tests.redress.test_due_process_histories import JUDGES, Process
from tests.transparency.reading import check_alike
from tests.transparency.recount import recount
from tests.world import make_world

pytestmark = pytest.mark.postgresql_slow

START = datetime(2026, 3, 20, 12, tzinfo=UTC)


def live(app: Flask, seed: int, steps: int) -> ApiClient:
    """Let things happen and return a visitor."""
    with time_machine.travel(START, tick=True) as clock:
        world = make_world(app)
        with writing() as session:
            world.ids["judge"] = add_account(session, "judge", role=Role.MODERATOR).id
        callers = {who: world.enter(who) for who in (*WRITERS, *JUDGES, "author")}
        process = Process(world, random.Random(seed), callers, clock=clock)
        for _ in range(5):
            process.post()
        while process.step < steps:
            process.go()
        visitor = world.enter("visitor")
        for listed in visitor.get("/transparency").json["months"]:
            month = read_month(listed["month"])
            assert month is not None
            compare(visitor, month)
    return visitor


def compare(visitor: ApiClient, month: Month) -> None:
    figures = check_alike(visitor, str(month))
    with reading() as session:
        counts, others = recount(session, month.begin, month.end)
        assert sum(tally(session, 1, month).published.values()) == counts["removals", "total", "published"]
    assert set(figures) == set(counts) | set(others)
    for place, count in counts.items():
        cell = figures[place]
        assert cell["least"] <= count, (place, cell, count)
        assert cell["most"] is None or count <= cell["most"], (place, cell, count)
        assert not (cell["value"] is not None and 0 < count < 3), (place, "a small number is told")
        assert (cell["value"] == 0) == (count == 0), (place, cell, count)
    for place, value in others.items():
        assert figures[place]["value"] in (None, value), (place, figures[place], value)
        if place[2] in ("median", "ninetieth"):
            assert figures[place]["value"] == value, place


@pytest.mark.parametrize("seed", [3, 4])
def test_a_random_history_is_counted_right(app: Flask, seed: int) -> None:
    live(app, seed, 220)
    with reading() as session:
        assert (session.scalar(select(func.count()).select_from(Decision)) or 0) > 20


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40, 46))
def test_a_long_random_history_is_counted_right(app: Flask, seed: int) -> None:
    live(app, seed, 900)
