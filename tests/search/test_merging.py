"""The segments of SQLite's index: a text makes one, whoever runs jobs has them merged, and without such a worker there are never too many."""

import pytest
from flask import Flask
from sqlalchemy import text

from forum.db.base import db
from forum.db.transaction import reading, writing
from forum.jobs.run import run_due
from forum.search.actions import count_unindexed, merge_words, rebuild
from tests.search.conftest import Said, put
from tests.world import World, make_world

pytestmark = pytest.mark.sqlite_only
FEW, MANY = 12, 64
# One row or more for each segment; how the index says so itself is nobody else's business.
SEGMENTS = text("SELECT count(DISTINCT segid) FROM comment_words_idx")


@pytest.fixture
def world(app: Flask) -> World:
    with writing() as session:
        # Earlier tests leave what they have written in the index: it begins anew.
        session.execute(text("DELETE FROM comments"))
    rebuild()
    return make_world(app)


def count_segments() -> int:
    with reading() as session:
        return session.scalar(SEGMENTS) or 0


def say(world: World, number: int) -> None:
    answer = world.enter("writer").post(f"/articles/{world.article_id}/comments", {"body_md": f"zinnober{number} und ocker"})
    assert answer.status_code == 201, answer.text


def test_a_post_merges_nothing_and_whoever_runs_jobs_does(world: World) -> None:
    before = count_segments()
    for number in range(FEW):
        say(world, number)
    assert count_segments() == before + FEW
    run_due(100)
    assert count_segments() <= before + 1
    found = world.enter("visitor").get("/search?q=zinnober7").json["items"]
    assert [item["body_html"].count("zinnober7") for item in found] == [1]
    with reading() as session:
        assert count_unindexed(session) == 0


def test_few_segments_are_left_as_they_are(world: World) -> None:
    before = count_segments()
    say(world, 1)
    say(world, 2)
    run_due(100)
    assert count_segments() == before + 2


def test_a_merge_of_nothing_writes_nothing(world: World) -> None:
    say(world, 1)
    run_due(100)
    # The driver's own, outside of any transaction, in which others' writes are not seen.
    connection = db.engine.raw_connection()
    try:
        ask = connection.cursor()
        before = ask.execute("PRAGMA data_version").fetchone()
        with writing() as session:
            merge_words(session)
        assert ask.execute("PRAGMA data_version").fetchone() == before
        for number in range(FEW):
            say(world, number)
        assert ask.execute("PRAGMA data_version").fetchone() != before, "what is written is seen"
    finally:
        connection.close()


def test_without_anybody_who_runs_jobs_the_segments_are_bounded(world: World) -> None:
    for number in range(MANY + FEW):
        with writing() as session:
            put(session, Said(f"ocker{number}"))
        assert count_segments() <= MANY + 1
    with reading() as session:
        assert count_unindexed(session) == 0
