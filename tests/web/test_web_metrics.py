"""``/metrics`` shows what was counted to whom it may, by the program's own names; slow statements are logged without their values."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from forum.clock import now
from forum.db.transaction import writing
from forum.jobs.actions import enqueue
from forum.web import measuring, metrics, statements
from forum.web.metrics_sharing import Sharing, prepare_folder
from forum.web.statements import Statements, hear_statements

pytestmark = pytest.mark.postgresql_slow


@pytest.fixture(autouse=True)
def _afresh(app: Flask) -> Iterator[None]:
    measuring.end_counting()
    measuring.begin_counting()
    app.extensions.pop(metrics.QUEUE_FIGURES, None)
    yield
    measuring.end_counting()
    measuring.begin_counting()


def shown(client: FlaskClient, **named: str) -> dict[str, float]:
    answer = client.get("/metrics", **named)
    assert (answer.status_code, answer.mimetype) == (200, "text/plain")
    lines = [line.rpartition(" ") for line in answer.text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


def test_requests_are_counted_by_endpoint_method_and_class_of_status(client: FlaskClient) -> None:
    client.get("/health/ready")
    client.get("/nowhere-at-all")
    client.open("/health/ready", method="INVENTED")
    found = shown(client)
    assert found['forum_requests_total{endpoint="service_api.ready",method="GET",status="2xx"}'] == 1
    assert found['forum_requests_total{endpoint="none",method="GET",status="4xx"}'] == 1
    assert found['forum_requests_total{endpoint="none",method="other",status="4xx"}'] == 1
    assert found['forum_request_seconds_count{endpoint="service_api.ready",method="GET"}'] == 1
    assert found['forum_database_statements_total{kind="select"}'] >= 1
    assert not [name for name in found if "nowhere" in name or "INVENTED" in name]


def test_what_waits_is_shown_and_remembered_for_a_moment(app: Flask, client: FlaskClient) -> None:
    with writing() as session:
        enqueue(session, "age-item", {"item_id": 1}, due_at=now() - timedelta(hours=1))
        enqueue(session, "age-item", {"item_id": 2}, due_at=now() + timedelta(hours=1))
    found = shown(client)
    assert found['forum_queue_waiting{queue="jobs"}'] == 1
    assert found['forum_queue_oldest_seconds{queue="jobs"}'] >= 3600
    assert {f'forum_queue_waiting{{queue="{name}"}}' for name in ("mails", "moderation")} <= set(found)
    with writing() as session:
        enqueue(session, "age-item", {"item_id": 3})
    assert shown(client)['forum_queue_waiting{queue="jobs"}'] == 1


@pytest.mark.parametrize("address", ["203.0.113.7", "", "nonsense"])
def test_others_learn_nothing(client: FlaskClient, address: str) -> None:
    assert client.get("/metrics", environ_overrides={"REMOTE_ADDR": address}).status_code == 404


def test_a_proxy_that_is_not_declared_opens_it_to_nobody(client: FlaskClient) -> None:
    assert client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 404


def test_networks_may_be_allowed() -> None:
    assert metrics.is_allowed("10.1.2.3", "127.0.0.0/8 10.0.0.0/8")
    assert metrics.is_allowed("::ffff:127.0.0.1", "127.0.0.0/8 ::1")
    assert not metrics.is_allowed("127.0.0.1", "")


def test_without_the_extra_it_says_what_is_missing(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "LIBRARY", "not_installed_here")
    answer = client.get("/metrics")
    assert answer.status_code == 503
    assert "forum[metrics]" in answer.get_json()["detail"]


def test_the_figures_of_other_processes_are_added_also_of_those_that_ended(tmp_path: Path) -> None:
    group = prepare_folder(str(tmp_path))
    other, mine = (Sharing(tmp_path / "metrics", group, lambda: None) for _ in range(2))
    measuring.count_job("leave", "done")
    other._write()
    total, living = mine.read_all()
    assert (total.counters["jobs", "leave", "done"], len(living)) == (2, 2)


def test_a_slow_statement_is_logged_without_its_values_and_so_many_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "MOST_A_MINUTE", 2)
    engine = create_engine("sqlite://")
    heard = Statements(1)
    heard.listen(engine)
    heard._slow_seconds = 0
    with capture_logs() as lines, engine.connect() as connection:
        for _ in range(3):
            connection.execute(text("SELECT :word"), {"word": "confidential"})
    assert [line["event"] for line in lines] == ["slow statement"] * 2
    assert "SELECT" in lines[0]["sql"]
    assert "confidential" not in str(lines)


def test_a_statement_that_fails_late_is_slow_too() -> None:
    engine = create_engine("sqlite://")
    heard = Statements(1)
    heard.listen(engine)
    heard._slow_seconds = 0
    with capture_logs() as lines, engine.connect() as connection, pytest.raises(OperationalError):
        connection.execute(text("SELECT nothing"))
    assert [line["failure"] for line in lines] == ["OperationalError"]


def test_where_nothing_is_wanted_nothing_is_heard() -> None:
    measuring.end_counting()
    assert hear_statements(create_engine("sqlite://"), 0) is None
    measuring.count_request("articles_api.get", "GET", 200, 0.01)
    assert measuring.read_figures().requests == {}
