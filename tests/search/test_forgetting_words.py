"""What is destroyed is out of the index: as a match at once, and as bytes in the files."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from sqlalchemy import text

from forum.db.base import db
from forum.db.transaction import reading
from forum.jobs.run import run_due
from forum.search import actions
from forum.search.actions import forget_all_words
from forum.text.words import fold_html
from tests.privacy.marks import files_with
from tests.world import World, make_world

MARK = "Zinnoberrot"
FOLDED = MARK.lower()
WHY = "It names a patient, and the writer cannot be reached to change it."
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(START, tick=True) as traveller:
        yield traveller


@pytest.fixture
def world(app: Flask) -> Iterator[World]:
    yield make_world(app)
    with db.engine.begin() as connection:
        # Among them what no comment has.
        connection.execute(text("DELETE FROM comment_words"))


def say(world: World, said: str) -> int:
    answer = world.enter("writer").post(f"/articles/{world.article_id}/comments", {"body_md": said})
    assert answer.status_code == 201, answer.text
    return int(answer.json["id"])


def erase(world: World, comment_id: int) -> None:
    asked = world.enter("admin").post(f"/mod/comments/{comment_id}/erasure", {"reason": "confidentiality", "why": WHY})
    assert world.enter("moderator").post(f"/mod/erasures/{asked.json['id']}/confirmation").status_code == 200


def found(world: World, query: str) -> list[int]:
    return [item["id"] for item in world.enter("visitor").get(f"/search?q={query}").json["items"]]


def test_it_is_found_no_more_at_once(world: World) -> None:
    known = say(world, f"{MARK} lives above the bakery.")
    assert found(world, FOLDED) == [known]
    assert world.enter("writer").delete(f"/comments/{known}").status_code == 204
    assert found(world, FOLDED) == []
    erase(world, known)
    assert found(world, FOLDED) == []
    with reading() as session:
        assert session.scalar(text("SELECT count(*) FROM comment_words")) == 0


def test_what_an_edit_took_away_finds_nothing(world: World) -> None:
    known = say(world, f"{MARK} lives above the bakery.")
    assert world.enter("writer").patch(f"/comments/{known}", {"body_md": "Somebody lives above the bakery."}).status_code == 200
    assert (found(world, FOLDED), found(world, "somebody")) == ([], [known])


@pytest.mark.sqlite_only
@pytest.mark.parametrize("is_hidden_before", [False, True])
def test_no_byte_of_it_stays_in_a_small_index(app: Flask, world: World, is_hidden_before: bool) -> None:
    for number in range(3):
        say(world, f"Said before, {number}.")
    known = say(world, f"{MARK} lives above the bakery.")
    assert files_with(app, FOLDED), "the index holds the word"
    say(world, "Said after.")
    if is_hidden_before:
        assert world.enter("writer").delete(f"/comments/{known}").status_code == 204
    erase(world, known)
    assert files_with(app, FOLDED) == set()
    assert files_with(app, MARK) == set()
    assert len(found(world, "said")) == 4


@pytest.mark.sqlite_only
def test_no_byte_of_it_stays_in_a_large_index_after_the_job(
    app: Flask, world: World, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "MERGED_AT_ONCE", 2)
    known = say(world, f"{MARK} lives above the bakery.")
    with db.engine.begin() as connection:
        rows = [
            {"id": 1000 + number, "words": " ".join(f"{FOLDED[:4]}{number * 7 + place}" for place in range(60))} for number in range(3000)
        ]
        connection.execute(text("INSERT INTO comment_words (rowid, words, marks) VALUES (:id, :words, '')"), rows)
    erase(world, known)
    assert files_with(app, FOLDED), "a few pages were not enough"
    clock.shift(timedelta(minutes=6))
    run_due(50)
    assert files_with(app, FOLDED) == set()


@pytest.mark.sqlite_only
def test_no_byte_of_it_stays_where_others_write_meanwhile(
    app: Flask, world: World, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "MERGED_AT_ONCE", 2)
    monkeypatch.setattr(actions, "MERGED_BESIDE", 2)
    known = say(world, f"{MARK} lives above the bakery.")
    merge, merged = actions._merge, 0

    def write_meanwhile(pages: int) -> bool:
        nonlocal merged
        has_merged, merged = merge(pages), merged + 1
        if 1 < merged <= 8:
            put(5000 + merged, " ".join(f"meanwhile{place}" for place in range(merged)))
        return has_merged

    def put(number: int, words: str) -> None:
        with db.engine.begin() as connection:
            connection.execute(
                text("INSERT INTO comment_words (rowid, words, marks) VALUES (:id, :words, '')"), {"id": number, "words": words}
            )

    for number in range(84):
        put(1000 + number, " ".join(f"{FOLDED[:4]}{number * 700 + place}" for place in range(700)))
        if number % 9 == 8:
            # So that there are segments of several levels: what is put together then is not where others write.
            merge(1000)
    erase(world, known)
    assert files_with(app, FOLDED), "a few pages were not enough"
    monkeypatch.setattr(actions, "_merge", write_meanwhile)
    clock.shift(timedelta(minutes=6))
    run_due(50)
    assert merged > 8
    assert files_with(app, FOLDED) == set()
    with reading() as session:
        least = session.scalar(text("SELECT v FROM comment_words_config WHERE k = 'usermerge'"))
    assert least == 8


@pytest.mark.sqlite_only
def test_merging_ends(app: Flask, world: World) -> None:
    forget_all_words()
    say(world, "Said once.")
    forget_all_words()
    forget_all_words()
    assert len(found(world, "once")) == 1


@pytest.mark.postgresql_only
def test_the_planner_takes_no_sample_of_it(world: World) -> None:
    for number in range(30):
        say(world, f"{MARK} {number}")
    with db.engine.begin() as connection:
        connection.execute(text("ANALYZE comment_words"))
        kept = connection.execute(text("SELECT * FROM pg_stats WHERE tablename = 'comment_words'")).all()
    assert [row.attname for row in kept] == ["comment_id"]
    assert FOLDED not in str(kept)


@pytest.mark.sqlite_only
def test_words_can_be_folded_by_every_connection(app: Flask, tmp_path: Path, make_app: Callable[..., Flask]) -> None:
    with db.engine.connect() as connection:
        assert connection.scalar(text("SELECT forum_words('<p>Größe</p>')")) == fold_html("<p>Größe</p>")
