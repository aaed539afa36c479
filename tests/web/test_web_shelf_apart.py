"""Answers shared in a Redis: built once by one process, taken by the others only while they are true, and never believed."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from forum.app import create_app
from forum.db.base import db
from forum.db.schema import bring_up_to_date
from forum.settings import Settings
from forum.web.front import FRONT
from forum.web.shelf_apart import LASTS_SECONDS, OF_ONE_SERVER, SIGNATURE_BYTES
from tests.conftest import OutsideClient
from tests.conftest import test_settings as settings_for
from tests.web.redis_server import RedisServer, has_redis
from tests.web.test_web_front import counted
from tests.world import World, make_world

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not has_redis(), reason="needs redis-server (make redis)")]
AnySettings = Any


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    """A running Redis."""
    made = RedisServer(tmp_path)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def process(tmp_path: Path, database: str, postgresql: Callable[[str], str], server: RedisServer) -> Iterator[Callable[..., Flask]]:
    """Return a function that makes one more application on the same database and Redis, as another process has it."""
    url = postgresql("shared") if database == "postgresql" else ""
    made: list[Flask] = []

    def make(**overrides: AnySettings) -> Flask:
        application = create_app(settings_for(tmp_path / "data", url, redis_url=server.url, **overrides))
        application.test_client_class = OutsideClient
        with application.app_context():
            bring_up_to_date()
        made.append(application)
        return application

    yield make
    for application in made:
        with application.app_context():
            db.session.remove()
            db.engine.dispose()


@pytest.fixture
def world(process: Callable[..., Flask]) -> Iterator[World]:
    """A discussion with a comment, in the first process."""
    app = process()
    with app.app_context():
        world = make_world(app)
        world.comment()
        yield world
        db.session.remove()


def ask(app: Flask, path: str, **headers: str) -> tuple[Any, bool]:
    """Return the answer for a visitor, and whether Flask was asked for it."""
    return counted(app.extensions[FRONT], lambda: app.test_client().get(path, headers=headers))


def stored(server: RedisServer) -> dict[bytes, bytes]:
    """Return every shared answer."""
    client: Any = server.client
    return {place: client.get(place) for place in client.keys("*answer*")}


def paths(world: World) -> tuple[str, str]:
    page = world.enter("visitor").get(f"/articles/{world.article_id}").json["page"]
    return f"/api/v1/articles/{world.article_id}/comments", page


def test_one_process_builds_for_all(process: Callable[..., Flask], world: World) -> None:
    other = process(threads=3, jobs="apart")
    for path in paths(world):
        ask(other, "/health/ready")
        first, built = ask(world.app, path)
        second, built_again = ask(other, path)
        assert (built, built_again) == (True, False)
        assert second.data == first.data
        assert second.headers["ETag"] == first.headers["ETag"]
        assert second.headers["Content-Security-Policy"] == first.headers["Content-Security-Policy"]
        unchanged, _ = ask(other, path, If_None_Match=second.headers["ETag"])
        assert unchanged.status_code == 304


def test_what_has_changed_since_is_built_anew(process: Callable[..., Flask], world: World) -> None:
    other = process()
    for path in paths(world):
        ask(world.app, path)
        world.comment()
        changed, built = ask(other, path)
        assert built
        kept, built_again = ask(world.app, path)
        assert not built_again
        assert kept.data == changed.data


def test_the_page_of_somebody_who_is_signed_in_is_not_shared(process: Callable[..., Flask], world: World, server: RedisServer) -> None:
    page = paths(world)[1]
    reader = world.enter("member")
    for _ in range(2):
        assert b"Sign out" in reader.client.get(page).data
    assert not [answer for answer in stored(server).values() if b"<!doctype html>" in answer.lower()]
    ask(world.app, page)
    assert [answer for answer in stored(server).values() if b"<!doctype html>" in answer.lower()], "a visitor's is"


def test_an_entry_that_somebody_else_has_written_is_not_believed(process: Callable[..., Flask], world: World, server: RedisServer) -> None:
    path = paths(world)[0]
    client: Any = server.client
    before = stored(server)
    ask(world.app, path)
    ((place, whole),) = stored(server).items() - before.items()
    assert 0 < client.ttl(place) <= LASTS_SECONDS
    true = whole[SIGNATURE_BYTES:]
    assert b"items" in true
    for forged in (b"", b"x" * 10, whole[:SIGNATURE_BYTES] + true.replace(b"items", b"other"), b"\0" * SIGNATURE_BYTES + true):
        client.set(place, forged)
        answer, built = ask(process(), path)
        assert built
        assert b"items" in answer.data
    # Nor one that is true, but of another address.
    known = stored(server).keys()
    ask(world.app, f"{path}?sort=oldest")
    (elsewhere,) = stored(server).keys() - known
    client.set(elsewhere, whole)
    assert ask(process(), f"{path}?sort=oldest")[1]


def test_pages_under_other_settings_are_other_pages(process: Callable[..., Flask], world: World) -> None:
    page = paths(world)[1]
    ask(world.app, page)
    assert ask(process(site_name="Another name"), page)[1]


def test_without_the_server_everything_is_answered(process: Callable[..., Flask], world: World, server: RedisServer) -> None:
    other = process()
    path = paths(world)[0]
    server.stop()
    for app in (world.app, other):
        answer, built = ask(app, path)
        assert (answer.status_code, built) == (200, True)
        assert not ask(app, path)[1]


def test_only_known_settings_are_left_out() -> None:
    assert set(Settings.__struct_fields__) > OF_ONE_SERVER
