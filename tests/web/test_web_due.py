"""What is due by time alone: looked at before every answer, asked once a minute, and no reason to answer 503."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from forum.clock import now
from forum.db.flushing import NotOnDiskError
from forum.web import due

pytestmark = pytest.mark.postgresql_slow

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class Things:
    """Moments at which something becomes due, and how often they were asked about and settled."""

    def __init__(self) -> None:
        self.moments: list[datetime] = []
        self.asked = self.settled = 0
        self.failing: list[Exception] = []

    def find_next(self, session: Session) -> datetime | None:
        self.asked += 1
        return min(self.moments, default=None)

    def settle(self, session: Session) -> bool:
        if self.failing:
            raise self.failing.pop(0)
        over = [moment for moment in self.moments if moment <= now()]
        if over:
            self.moments.remove(min(over))
            self.settled += 1
        return bool(over)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def things(clock: time_machine.Traveller, app: Flask, monkeypatch: pytest.MonkeyPatch) -> Things:
    """The only watch there is, about which nothing is remembered."""
    made = Things()
    monkeypatch.setattr(due, "WATCHES", [due.Watch("things", made.find_next, made.settle)])
    due.forget()
    return made


def visit(app: Flask, times: int = 1, path: str = "/api/v1/articles") -> int:
    """Let somebody come by, and return the last answer's status."""
    return [app.test_client().get(path).status_code for _ in range(times)][-1]


def test_it_is_asked_at_most_once_a_minute(app: Flask, things: Things, clock: time_machine.Traveller) -> None:
    visit(app, 5)
    assert things.asked == 1
    clock.move_to(START + 60 * SECOND - timedelta(microseconds=1))
    visit(app, 5)
    assert things.asked == 1
    clock.move_to(START + 60 * SECOND)
    visit(app, 5)
    assert (things.asked, things.settled) == (2, 0)


def test_what_is_known_to_come_is_settled_when_it_comes(app: Flask, things: Things, clock: time_machine.Traveller) -> None:
    things.moments = [START + 30 * SECOND, START + 30 * SECOND, START + 31 * SECOND]
    clock.move_to(START + 30 * SECOND - timedelta(microseconds=1))
    visit(app)
    assert things.settled == 0
    clock.move_to(START + 30 * SECOND)
    visit(app)
    assert (things.settled, things.asked) == (2, 3)
    clock.move_to(START + 31 * SECOND)
    visit(app)
    assert (things.settled, things.moments) == (3, [])


def test_a_clock_that_goes_back_is_asked_again(app: Flask, things: Things, clock: time_machine.Traveller) -> None:
    things.moments = [START + timedelta(days=1)]
    clock.move_to(START + timedelta(hours=1))
    visit(app)
    clock.move_to(START)
    visit(app, 2)
    assert (things.asked, things.settled) == (2, 0)


def test_forgetting_asks_anew(app: Flask, things: Things) -> None:
    visit(app)
    due.forget()
    visit(app)
    assert things.asked == 2


def test_a_door_without_a_database_does_not_look(app: Flask, things: Things) -> None:
    assert visit(app, path="/health/live") == 200
    assert things.asked == 0


def failures() -> list[Exception]:
    lost = DBAPIError("UPDATE", None, Exception("lost"))
    return [
        OperationalError("UPDATE", None, Exception("the database is locked")),
        PoolTimeoutError("no connection"),
        ProgrammingError("UPDATE", None, Exception("there is no such table")),
        lost,
        NotOnDiskError("fdatasync", None, OSError("the disk did not confirm it")),
    ]


@pytest.mark.parametrize("failure", failures(), ids=lambda failure: type(failure).__name__)
def test_a_busy_database_turns_no_answer_into_a_503(app: Flask, things: Things, failure: Exception) -> None:
    things.moments, things.failing = [START], [failure]
    with capture_logs() as logged:
        assert visit(app) == 200
    assert [(entry["event"], entry["watch"]) for entry in logged if entry["log_level"] == "warning"] == [("due_not_settled", "things")]
    assert (things.settled, things.asked) == (0, 1)
    # The next request tries again at once.
    assert visit(app) == 200
    assert (things.settled, things.moments) == (1, [])


def test_a_lost_race_is_run_again(app: Flask, things: Things) -> None:
    class Lost(Exception):
        sqlstate = "40P01"

    things.moments, things.failing = [START], [DBAPIError("UPDATE", None, Lost()) for _ in range(3)]
    assert visit(app) == 200
    assert things.settled == 1


def test_what_another_process_has_settled_is_no_loop(app: Flask, things: Things, monkeypatch: pytest.MonkeyPatch) -> None:
    things.moments = [START]
    monkeypatch.setattr(due, "WATCHES", [due.Watch("things", things.find_next, lambda session: False)])
    assert visit(app) == 200
    assert things.asked == 1


def test_what_ends_by_itself_is_watched(app: Flask) -> None:
    assert [watch.name for watch in due.WATCHES] == ["suspensions", "reopenings", "returns"]
