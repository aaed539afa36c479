"""Random states, made by what people, moderators and programs do through the JSON API → archive → empty database: every table is the same, and so is the next archive."""

import random
from collections.abc import Callable, Sequence

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.accounts.models import HandOver
from forum.app import create_app
from forum.articles.models import Site
from forum.clock import now
from forum.db.base import Base, db
from forum.db.schema import bring_up_to_date
from forum.db.transaction import reading, writing
from forum.factors.models import UsedChallenge
from forum.jobs.run import run_due
from forum.moderation import log
from forum.moderation.models import Reconsideration, Reveal
from forum.sso.models import UsedToken
from forum.transfer.archive_tables import DERIVED_TABLES, SECRET_TABLES, TRANSIENT_TABLES
from forum.web.models import RateLimit, StoredAnswer
from tests.conftest import empty_database, test_settings
from tests.stances.recount import find_miscounts
from tests.transfer.archives import everything_in, make_archive, members, restored
from tests.world import EVERYBODY, GOOD, World, api_doors, make_world, own_factor

pytestmark = pytest.mark.postgresql_slow

# Whoever ends their own sign-ins or leaves is given back by the next step; what only reads makes no state.
Step = tuple[str, str, str, str]
RUN_JOBS = "run jobs"


def writing_doors(app: Flask) -> list[tuple[str, str]]:
    """Return the doors that change something, with their methods."""
    return [(door.endpoint, door.method) for door in api_doors(app) if door.method not in ("GET", "HEAD") and door.endpoint in GOOD]


def take(world: World, step: Step) -> None:
    """Take one step: a good request, or a comment with a text; a rule may refuse what a person may not do now."""
    endpoint, method, who, text = step
    if endpoint == RUN_JOBS:
        run_due(200)
    elif endpoint == "posting_api.create_comment":
        caller = world.enter("member" if who == "visitor" else who)
        caller.post(f"/articles/{world.article_id}/comments", {"body_md": text, "stance": "skepticism"})
    else:
        answer = GOOD[endpoint](world, who).by(world.enter(who), method)
        assert answer.status_code < 500, (step, answer.text)


def check_whole(session: Session) -> None:
    """Assert that counts and log are right."""
    assert find_miscounts(session) == []
    for site_id in session.scalars(select(Site.id)):
        assert log.verify(session, site_id).faults == ()


def go_round(app: Flask, elsewhere: Flask, *, secrets: bool) -> None:
    """Take the state of ``app`` to ``elsewhere``, an empty database, and compare."""
    archive = make_archive(app, secrets=secrets)
    with elsewhere.app_context():
        empty_database()
    report = restored(elsewhere, archive)
    assert everything_in(elsewhere, secrets=secrets) == everything_in(app, secrets=secrets)
    again = make_archive(elsewhere, secrets=secrets)
    kept, found = members(archive), members(again)
    assert {name: one for name, one in found.items() if name != "manifest.json"} == {
        name: one for name, one in kept.items() if name != "manifest.json"
    }
    with elsewhere.app_context(), reading() as session:
        check_whole(session)
        if not secrets:
            for table in Base.metadata.sorted_tables:
                if table.name in {*SECRET_TABLES, *TRANSIENT_TABLES} - {*DERIVED_TABLES}:
                    assert session.execute(select(table)).all() == []
    assert report.total.in_file == report.total.created == sum(one.in_file for one in report.tables.values())


def play(app: Flask, steps: Sequence[Step]) -> World:
    """Make a new world and take the steps."""
    empty_database()
    world = make_world(app)
    for step in steps:
        take(world, step)
    return world


@pytest.fixture
def elsewhere(make_app: Callable[..., Flask]) -> Flask:
    """An application on another database of the same kind."""
    return make_app(rate_limits="off")


def steps_of(app: Flask) -> st.SearchStrategy[list[Step]]:
    """Return lists of steps: any changing door, more comments, the jobs that follow."""
    text = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=60)
    doors = [*writing_doors(app), *[("posting_api.create_comment", "POST")] * 8, *[(RUN_JOBS, "")] * 4]
    one = st.tuples(st.sampled_from(doors), st.sampled_from(EVERYBODY[1:]), text)
    return st.lists(one.map(lambda drawn: (*drawn[0], drawn[1], drawn[2])), min_size=1, max_size=25)


def explore(app: Flask, elsewhere: Flask, examples: int) -> None:
    """Go round with ``examples`` random states."""

    @settings(max_examples=examples, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(steps=steps_of(app), secrets=st.booleans())
    def each(steps: list[Step], secrets: bool) -> None:
        play(app, steps)
        go_round(app, elsewhere, secrets=secrets)

    each()


def test_random_states_go_round(app: Flask, elsewhere: Flask) -> None:
    explore(app, elsewhere, 4)


@pytest.mark.slow
def test_many_random_states_go_round(app: Flask, elsewhere: Flask) -> None:
    explore(app, elsewhere, 60)


def everything_once(app: Flask, seed: int, people: Sequence[str] = ("admin",)) -> list[Step]:
    """Return every changing door once for each of ``people``, in a random order."""
    steps: list[Step] = [(endpoint, method, who, "") for endpoint, method in writing_doors(app) for who in people]
    random.Random(seed).shuffle(steps)
    rude: Step = ("posting_api.create_comment", "POST", "publisher", "You are a fucking idiot.")
    return [rude, *steps, ("posting_api.create_comment", "POST", "writer", "Ünï 🐢 \u2028 <b>"), (RUN_JOBS, "", "", "")]


def fill_the_rest(world: World) -> None:
    """Make rows that only pages make, and what a step makes to take it away again."""
    own_factor(world, "writer")
    world.article(url="https://host.example/somewhere")
    for step in (
        ("desk_api.create_template", "POST", "author", ""),
        ("notifications_api.follow_something", "PUT", "moderator", ""),
    ):
        take(world, step)
    for endpoint in ("embed_api.revoke_token", "accounts_api.delete_token", "sso_api.remove"):
        GOOD[endpoint](world, "admin")
    moment = now()
    made = [
        HandOver(code_hash="c" * 64, account_id=world.ids["writer"], expires_at=moment),
        RateLimit(bucket="b", due=moment.timestamp()),
        Reveal(comment_id=world.comment(), account_id=world.ids["moderator"], revealed_at=moment),
        UsedChallenge(challenge_hash="d" * 64, expires_at=moment),
        UsedToken(token_hash="e" * 64, expires_at=moment),
        Reconsideration(token_hash="f" * 64, used_at=moment),
        StoredAnswer(caller="account:1", key_hash="a" * 64, request_hash="b" * 64, status=201, body=bytes(range(256)), created_at=moment),
    ]
    with writing() as session:
        for row in made:
            session.merge(row)


def test_a_state_with_everything_in_it_goes_round(app: Flask, elsewhere: Flask) -> None:
    fill_the_rest(play(app, everything_once(app, 7)))
    # A table that nothing fills would be compared with nothing.
    empty = {name for name, rows in everything_in(app, secrets=True).items() if not rows}
    assert empty <= {"article_changes", "article_change_roots", "external_refs"}
    go_round(app, elsewhere, secrets=False)
    go_round(app, elsewhere, secrets=True)


@pytest.mark.slow
def test_a_busy_state_goes_round(app: Flask, elsewhere: Flask) -> None:
    fill_the_rest(play(app, everything_once(app, 9, ("admin", "moderator", "author", "writer"))))
    go_round(app, elsewhere, secrets=True)


@pytest.mark.slow
@pytest.mark.sqlite_only
def test_a_backup_moves_from_one_kind_of_database_to_the_other_and_back(
    app: Flask, make_app: Callable[..., Flask], postgresql: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    fill_the_rest(play(app, everything_once(app, 8)))
    other = create_app(test_settings(tmp_path_factory.mktemp("other"), postgresql("crossed"), rate_limits="off"))
    try:
        with other.app_context():
            bring_up_to_date()
        go_round(app, other, secrets=True)
        go_round(other, make_app(rate_limits="off"), secrets=True)
    finally:
        with other.app_context():
            db.session.remove()
            db.engine.dispose()
