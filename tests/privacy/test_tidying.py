"""The database's own files: what was destroyed is out of them at once where nobody reads, and in any case after the job, which never gives up."""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import event, select, text

from forum.accounts.models import Account
from forum.db.base import db
from forum.db.transaction import afterwards, reading, writing
from forum.jobs.models import Job
from forum.jobs.run import run_due
from forum.privacy import tidying
from forum.privacy.tidying import TABLES, TIDY, tidy_later
from tests.conftest import add_account
from tests.privacy.marks import files_with
from tests.world import World, make_world

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = timedelta(minutes=6)
MARK = "Zinnober"
WHY = "It names a patient, and the writer cannot be reached to change it."


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(START, tick=True) as traveller:
        yield traveller


def erased(world: World) -> None:
    """Have a text with the mark written and erased."""
    made = world.enter("writer").post(f"/articles/{world.article_id}/comments", {"body_md": f"{MARK} lives above the bakery."})
    asked = world.enter("admin").post(f"/mod/comments/{made.json['id']}/erasure", {"reason": "confidentiality", "why": WHY})
    done = world.enter("moderator").post(f"/mod/erasures/{asked.json['id']}/confirmation")
    assert done.status_code == 200, done.text


def tidy_jobs() -> int:
    with reading() as session:
        return len(session.scalars(select(Job.id).where(Job.kind == TIDY)).all())


@pytest.mark.sqlite_only
def test_the_log_is_cut_at_once(app: Flask) -> None:
    world = make_world(app)
    erased(world)
    assert files_with(app, MARK) == set()
    assert Path(f"{app.extensions['forum_settings'].sqlite_file}-wal").stat().st_size < 200_000
    assert tidy_jobs() == 1


@pytest.mark.sqlite_only
def test_somebody_who_reads_is_not_waited_for_and_the_log_is_cut_later(
    make_app: Callable[..., Flask], clock: time_machine.Traveller
) -> None:
    app = make_app(database_timeout_seconds=1, rate_limits="off")
    with app.app_context():
        world = make_world(app)
        made = world.enter("writer").post(f"/articles/{world.article_id}/comments", {"body_md": f"{MARK} lives above the bakery."})
        reader = sqlite3.connect(app.extensions["forum_settings"].sqlite_file, isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM comments").fetchone()
        asked = world.enter("admin").post(f"/mod/comments/{made.json['id']}/erasure", {"reason": "confidentiality", "why": WHY})
        assert world.enter("moderator").post(f"/mod/erasures/{asked.json['id']}/confirmation").status_code == 200
        assert files_with(app, MARK), "the reader still needs the old pages"
        clock.shift(LATER)
        run_due(50)
        assert tidy_jobs() == 1, "it is tried again"
        reader.execute("ROLLBACK")
        reader.close()
        clock.shift(LATER)
        run_due(50)
        assert files_with(app, MARK) == set()
        assert tidy_jobs() == 0


@pytest.mark.sqlite_only
def test_what_lies_about_in_the_file_goes_with_the_job(app: Flask, clock: time_machine.Traveller) -> None:
    """What ``secure_delete`` missed, or what was deleted before it was switched on."""
    with db.engine.connect() as connection:
        raw: Any = connection.connection.cursor()
        raw.execute("PRAGMA secure_delete=OFF")
        raw.execute("CREATE TABLE scratch (said TEXT)")
        raw.executemany("INSERT INTO scratch VALUES (?)", [(f"{MARK} {place}" * 50,) for place in range(100)])
        raw.execute("DROP TABLE scratch")
        raw.execute("PRAGMA secure_delete=ON")
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    assert files_with(app, MARK), "a dropped table leaves its pages"
    with writing() as session:
        tidy_later(session)
    clock.shift(LATER)
    run_due(50)
    assert files_with(app, MARK) == set()


def test_many_causes_are_one_job_and_it_stays_until_it_is_done(
    app: Flask, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[bool] = []
    ways: dict[str, Callable[[], bool]] = {"busy": lambda: False, "broken": lambda: bool(1 // 0), "fine": lambda: True}

    def tidied(way: str) -> Callable[[], bool]:
        return lambda: done.append(True) or ways[way]()  # type: ignore[func-returns-value]

    for _ in range(3):
        with writing() as session:
            tidy_later(session)
            tidy_later(session)
    assert tidy_jobs() == 3, "one for each transaction"
    for way, left in (("busy", 1), ("broken", 1), ("fine", 0)):
        monkeypatch.setattr(tidying, "tidy_files", tidied(way))
        clock.shift(LATER)
        run_due(50)
        assert tidy_jobs() == left, way
    assert len(done) == 3, "once for each time, however many had asked"


def test_a_cause_that_comes_meanwhile_is_not_forgotten(app: Flask, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch) -> None:
    def tidied() -> bool:
        with writing() as session:
            tidy_later(session)
        return True

    monkeypatch.setattr(tidying, "tidy_files", tidied)
    with writing() as session:
        tidy_later(session)
    clock.shift(LATER)
    run_due(1)
    assert tidy_jobs() == 1


def test_what_is_rolled_back_asks_for_nothing(app: Flask) -> None:
    acts: list[str] = []

    def give_up() -> None:
        with writing() as session:
            afterwards(session, lambda: acts.append("never"))
            tidy_later(session)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        give_up()
    with writing() as session:
        session.execute(text("SELECT 1"))
    assert (acts, tidy_jobs()) == ([], 0)


def test_what_follows_a_transaction_disturbs_nobody(app: Flask) -> None:
    acts: list[str] = []

    def fails() -> None:
        acts.append("tried")
        raise RuntimeError("the disk is full")

    with writing() as session:
        assert afterwards(session, fails)
        assert not afterwards(session, fails), "once"
        afterwards(session, lambda: acts.append("next"))
        add_account(session, "anna")
        assert acts == []
    assert acts == ["tried", "next"]
    with reading() as session:
        assert session.scalars(select(Account.handle)).all() == ["anna"]


@pytest.mark.postgresql_only
def test_the_tables_are_vacuumed_outside_any_transaction(app: Flask, clock: time_machine.Traveller) -> None:
    said: list[str] = []
    event.listen(db.engine, "before_cursor_execute", note := lambda *args: said.append(args[2]))
    try:
        with writing() as session:
            tidy_later(session)
        assert not [one for one in said if one.startswith("VACUUM")], "nobody waits for it"
        clock.shift(LATER)
        run_due(50)
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert said.count(f"VACUUM (ANALYZE) {', '.join(TABLES)}") == 1
    assert tidy_jobs() == 0
    with reading() as session:
        assert session.scalar(text("SHOW statement_timeout")) != "0", "the connection is as it was"


@pytest.mark.postgresql_only
def test_no_text_is_among_the_planners_samples(app: Flask) -> None:
    world = make_world(app)
    for place in range(30):
        world.enter("writer").post(f"/articles/{world.article_id}/comments", {"body_md": f"{MARK} {place}"})
    with writing() as session:
        session.execute(text("ANALYZE"))
        sampled = session.execute(text("SELECT tablename, attname, histogram_bounds::text, most_common_vals::text FROM pg_stats")).all()
    names = {(row[0], row[1]) for row in sampled}
    assert ("comments", "state") in names, "there are samples"
    assert names & {("comments", "body_md"), ("comments", "body_html"), ("revisions", "body_md")} == set()
    assert MARK not in str([row for row in sampled if row[0] != "moderation_log"])
