"""``forum check``: a healthy place has no fault; each thing that is broken is found by its check, mended where it is only derived, and clean afterwards."""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, text

from forum.access.viewer import DEFAULT_SITE_ID
from forum.articles.actions import ArticleDraft, create_article
from forum.articles.models import Article
from forum.db.base import db
from forum.db.schema import refresh_statistics
from forum.db.transaction import reading, writing
from forum.demo.load import load_demo
from forum.moderation import log_triggers
from forum.operating.changing import change, merge_articles, undo
from forum.operating.checking import CHECKS, Outcome, run_checks
from forum.web.context import settings
from tests.conftest import PASSWORD, Person
from tests.operating.states import differences, state_of_all
from tests.redress.test_due_process_histories import run
from tests.seeding import seed_discussion
from tests.stances.recount import find_miscounts

pytestmark = pytest.mark.postgresql_slow


def look(*, repair: bool = False) -> dict[str, Outcome]:
    return {outcome.check.name: outcome for outcome in run_checks(repair=repair) if outcome.found}


def found() -> dict[str, list[str]]:
    return {name: [f"{fault.what}: {fault.said}" for fault in outcome.shown] for name, outcome in look().items()}


@pytest.fixture(autouse=True)
def _number_sites(request: pytest.FixtureRequest) -> None:
    """Between tests the one site is put in with its id, of which PostgreSQL's numbers know nothing."""
    if "app" in request.fixturenames:
        request.getfixturevalue("app")
        with writing() as session:
            if session.get_bind().dialect.name == "postgresql":
                session.execute(text("SELECT setval('sites_id_seq', 1)"))


@pytest.fixture
def demo(app: Flask) -> Iterator[None]:
    with writing() as session:
        load_demo(session, PASSWORD, with_cases=True)
        create_article(session, DEFAULT_SITE_ID, ArticleDraft("Elsewhere", url="https://example.org/elsewhere"))
    yield
    with writing() as session:
        if session.get_bind().dialect.name == "sqlite":
            session.execute(text("PRAGMA ignore_check_constraints = OFF"))


def test_a_healthy_place_has_no_fault(demo: None) -> None:
    assert found() == {}


# What is broken by SQL → the checks that may find it, its own one first; None: it is mended.
BROKEN = {
    "root": ("UPDATE comments SET root_id = 1 WHERE id = (SELECT max(id) FROM comments WHERE parent_id IS NOT NULL)", "places"),
    "depth": ("UPDATE comments SET depth = depth + 3 WHERE parent_id IS NOT NULL AND id % 2 = 0", "places"),
    "listed": ("UPDATE comments SET listed = false WHERE state = 'visible' AND id % 3 = 0", "publishing"),
    "published": ("UPDATE comments SET published_at = NULL WHERE state = 'visible' AND id % 3 = 0", "publishing"),
    "tag": ("UPDATE comments SET tag_agreement = 99 WHERE id = 2", "tallies"),
    "score": ("UPDATE comments SET score_valued = 0.77", "tallies"),
    "contested": ("UPDATE comments SET score_contested = 5 WHERE id = 3", "tallies"),
    "doubt": ("UPDATE comments SET doubt_rank = -40 WHERE id = 1", "tallies"),
    "desk": ("UPDATE comments SET desk_rank = -40, desk_base = 7 WHERE state <> 'erased'", "tallies"),
    "reply_count": ("UPDATE comments SET reply_count = reply_count + 1", "replies"),
    "thread_count": ("UPDATE comments SET thread_count = 77 WHERE depth = 0", "replies"),
    "activity": ("UPDATE comments SET activity_at = created_at", "replies"),
    "thread_tally": ("UPDATE comments SET thread_skepticism = 5", "threads"),
    "replied": ("UPDATE comments SET author_replied = NOT author_replied", "answers"),
    "reply_id": ("UPDATE comments SET author_reply_id = 1", "answers"),
    "counted": ("UPDATE tags SET counted = NOT counted", "tags"),
    "suspended": ("UPDATE tags SET suspended = true", "tags"),
    "count": ("UPDATE articles SET comment_count = comment_count + 1", "articles"),
    "stance": ("UPDATE articles SET stance_encouragement = 12", "articles"),
    "article_tag": ("UPDATE articles SET tag_encouragement = 12", "articles"),
    "last": ("UPDATE articles SET last_activity_at = created_at", "articles"),
    "hash": ("UPDATE article_addresses SET address_hash = 'x' || id", "addresses"),
    "case": ("UPDATE review_items SET article_id = (SELECT max(id) FROM articles)", "cases"),
    "search": ("DELETE FROM comment_words", "search"),
    "import": (
        "INSERT INTO external_refs (site_id, source, kind, external_id, local_id) VALUES (1, 'isso', 'comment', '7', 99999)",
        "imports",
    ),
}


# These in the quick suite; the others take the same ways.
QUICK = ("depth", "listed", "score", "reply_count", "replied", "suspended", "stance", "hash", "search")


@pytest.mark.parametrize("broken", [pytest.param(name, marks=() if name in QUICK else (pytest.mark.slow,)) for name in BROKEN])
def test_what_is_broken_is_found_and_mended(demo: None, broken: str) -> None:
    statement, name = BROKEN[broken]
    before = state_of_all()
    with writing() as session:
        session.execute(text(statement))
    faults = found()
    assert faults, "it was not broken"
    assert next(iter(faults)) == name
    assert set(faults) <= {name} | MAY_FOLLOW.get(name, set())
    outcomes = look(repair=True)
    assert all(outcome.left == 0 for outcome in outcomes.values()), outcomes
    assert found() == {}
    with reading() as session:
        assert find_miscounts(session) == []
    if broken not in ("published",):
        assert differences(before, state_of_all()) == []


MAY_FOLLOW = {
    "places": {"replies", "threads", "answers", "articles"},
    "publishing": {"replies", "threads", "articles"},
    "tags": {"tallies", "threads", "articles"},
}


def test_the_checks_are_named_once_and_say_what_they_are() -> None:
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    assert all(check.meaning and (check.mend is not None or check.way_out) for check in CHECKS)


# What no program may mend: it is explained, with the way out, and stays as it is.
BEYOND = {
    "tree": (
        "UPDATE comments SET article_id = (SELECT max(id) FROM articles) WHERE id = (SELECT max(id) FROM comments WHERE parent_id IS NOT NULL)",
        "trees",
    ),
    "merged": ("UPDATE articles SET merged_into_id = 99999 WHERE id = (SELECT max(id) FROM articles)", "merges"),
    "circle": ("UPDATE articles SET merged_into_id = id WHERE id = (SELECT max(id) FROM articles)", "merges"),
    "full": ("UPDATE articles SET merged_into_id = (SELECT max(id) FROM articles) WHERE id = 1", "merges"),
    "decision": ("UPDATE comments SET restriction_id = 99999 WHERE state = 'removed'", "restrictions"),
}


@pytest.mark.parametrize("broken", [pytest.param(name, marks=() if name in ("tree", "circle") else (pytest.mark.slow,)) for name in BEYOND])
def test_what_no_program_may_mend_is_explained(demo: None, broken: str) -> None:
    statement, name = BEYOND[broken]
    with writing() as session:
        session.execute(text(statement))
    outcomes = look(repair=True)
    assert outcomes[name].left == outcomes[name].found > 0
    assert outcomes[name].check.way_out
    assert name in found()


def test_a_log_that_was_written_anew_is_found(demo: None) -> None:
    with writing() as session:
        if session.get_bind().dialect.name == "postgresql":
            session.execute(text("ALTER TABLE moderation_log DISABLE TRIGGER USER"))
        else:
            session.execute(text("DROP TRIGGER moderation_log_refuses_update"))
    try:
        with writing() as session:
            assert session.execute(text("UPDATE moderation_log SET event = 'approve' WHERE seq = 2")).rowcount == 1  # type: ignore[attr-defined]
        wrong = found()
        assert "log" in wrong
        assert "Row 2 was changed" in wrong["log"][0]
        assert look(repair=True)["log"].left == 1
    finally:
        _rearm()


def _rearm() -> None:
    with writing() as session:
        if session.get_bind().dialect.name == "postgresql":
            session.execute(text("ALTER TABLE moderation_log ENABLE TRIGGER USER"))
            return
        for statement in log_triggers.SQLITE_DROP:
            session.execute(text(statement))
        for statement in log_triggers.SQLITE_CREATE:
            session.execute(text(statement))


@pytest.mark.sqlite_only
def test_references_to_nothing_are_found(demo: None) -> None:
    with db.engine.connect() as connection:
        connection.exec_driver_sql("ROLLBACK")
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.exec_driver_sql("UPDATE revisions SET comment_id = 99999 WHERE id = 2")
        connection.exec_driver_sql("PRAGMA foreign_keys = ON")
        connection.exec_driver_sql("BEGIN")
    assert found() == {"database": ["revisions 2: it refers to a row of comments that is not there"]}


@pytest.mark.postgresql_only
def test_numbers_that_are_taken_are_not_given_out_again(demo: None) -> None:
    with writing() as session:
        session.execute(text("SELECT setval('comments_id_seq', 3)"))
    assert list(found()) == ["numbers"]
    assert look(repair=True)["numbers"].left == 0
    assert found() == {}


def test_strangers_in_the_data_folder_are_named_and_left(demo: None, app: Flask) -> None:
    folder = Path(settings().data_dir)
    (folder / "mail").mkdir(exist_ok=True)
    stranger, draft, part = folder / "notes.txt", folder / ".secret_key.4711", folder / "mail" / ".abc.part"
    young = folder / ".backup.forum.4712.part"
    young.write_text("x")
    # What a worker that runs apart leaves.
    messages = [folder / f"forum.sqlite3-jobs{end}" for end in ("", "-wal", "-shm")]
    for file in messages:
        file.write_text("x")
    (folder / "mail" / "abc.eml").write_text("A mail.")
    for file in (stranger, draft, part):
        file.write_text("x")
        os.utime(file, (1_700_000_000, 1_700_000_000))
    try:
        assert sorted(found()["files"]) == [
            ".secret_key.4711: a process that was killed has left it unfinished",
            "mail/.abc.part: a process that was killed has left it unfinished",
            "notes.txt: it is not this program's",
        ]
        outcome = look(repair=True)["files"]
        assert (outcome.found, outcome.left) == (3, 1)
        assert stranger.exists()
        assert not draft.exists()
        assert not part.exists()
        assert young.exists()
    finally:
        stranger.unlink()
        young.unlink()
        for file in messages:
            file.unlink()
        (folder / "mail" / "abc.eml").unlink()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_no_history_leads_to_a_fault(app: Flask, seed: int) -> None:
    run(app, seed, 250)
    assert found() == {}
    with writing() as session:
        first = session.scalars(select(Article.id).order_by(Article.id)).first()
        other, _ = create_article(session, DEFAULT_SITE_ID, ArticleDraft("Elsewhere", url="https://example.org/elsewhere"))
        other_id = other.id
    assert first is not None
    before = state_of_all()
    made = change(lambda session: merge_articles(session, first, other_id).id)
    assert found() == {}
    change(lambda session: undo(session, made).id)
    assert found() == {}
    assert differences(before, state_of_all()) == []


def test_writers_go_on_and_nothing_that_they_do_is_taken_for_a_fault(
    app: Flask, article: Callable[..., int], person: Callable[..., Person]
) -> None:
    author, anna, ben = person("author"), person("anna"), person("ben")
    at = article("A lively one", authors=(author.id,))
    stop = threading.Event()
    trouble: list[str] = []
    said: list[int] = []

    def write(who: Person) -> None:
        below: int | None = None
        while not stop.is_set():
            body = {"body_md": f"A word of {who.handle}, number {len(said)}?"} | ({"parent_id": below} if below else {})
            answer = who.client.post(f"/articles/{at}/comments", body)
            if answer.status_code == 201:
                below = answer.json["id"] if len(said) % 7 else None
                said.append(answer.json["id"])
            elif answer.status_code >= 500 and answer.status_code != 503:
                trouble.append(answer.text)
            if said:
                who.client.put(f"/comments/{said[len(said) // 2]}/tag", {"stance": "skepticism"})

    threads = [threading.Thread(target=_in_context, args=(app, write, who)) for who in (author, anna, ben)]
    for thread in threads:
        thread.start()
    seen = [found() for _ in range(3)]
    with writing() as session:
        session.execute(text("UPDATE articles SET comment_count = comment_count + 5"))
        session.execute(text("UPDATE comments SET reply_count = reply_count + 1, tag_agreement = 3"))
    look(repair=True)
    stop.set()
    for thread in threads:
        thread.join()
    assert trouble == []
    assert said
    assert seen == [{}] * 3
    assert found() == {}
    with reading() as session:
        assert find_miscounts(session) == []


def _in_context(app: Flask, act: Callable[..., None], *given: object) -> None:
    with app.app_context():
        act(*given)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_discussion(make_app: Callable[..., Flask]) -> None:
    # A database of its own: emptying it row by row would take longer than a statement may.
    with make_app(rate_limits="off").app_context():
        with writing() as session:
            if session.get_bind().dialect.name == "postgresql":
                session.execute(text("SET LOCAL statement_timeout = 0"))
            seed_discussion(session, comments=30_000, wide=5_000, deep=1_000)
        refresh_statistics()
        assert found() == {}
        Path("/proc/self/clear_refs").write_text("5")
        before = _peak()
        assert found() == {}
        assert _peak() - before < 16_000, "kilobytes"
        db.engine.dispose()


def _peak() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM")))
