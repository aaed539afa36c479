"""A database with one very large discussion and a small one, made once for all tests of bounds and emptied by nobody."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from flask import Flask

from forum.app import create_app
from forum.db.base import db
from forum.db.schema import bring_up_to_date
from forum.db.transaction import writing
from tests.conftest import OutsideClient, add_account, test_settings
from tests.seeding import Seeded, seed_discussion, without_index

COMMENTS, WIDE, DEEP = 100_000, 50_000, 5_000


@dataclass
class Large:
    """An application whose database holds a discussion of 100 comments and one of 100,000; ``known`` is what the planner has been told."""

    app: Flask
    small: Seeded
    big: Seeded
    known: str = ""

    @property
    def wide(self) -> int:
        """The root of 50,000 replies."""
        return self.big.roots[0]

    @property
    def deep(self) -> int:
        """The root of a chain of 5,000 replies."""
        return self.big.roots[1]


@pytest.fixture(scope="session")
def large_apps(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Callable[[str], Large]]:
    """Return the large database on ``sqlite`` or ``postgresql``, seeded at the first call."""
    made: dict[str, Large] = {}

    def get(kind: str) -> Large:
        if kind not in made:
            url = request.getfixturevalue("postgresql")("large") if kind == "postgresql" else ""
            app = create_app(test_settings(tmp_path_factory.mktemp("large"), url, rate_limits="off"))
            app.test_client_class = OutsideClient
            with app.app_context():
                bring_up_to_date()
                with writing() as session, without_index(session):
                    small = seed_discussion(session, comments=100)
                    big = seed_discussion(session, comments=COMMENTS, wide=WIDE, deep=DEEP)
                    add_account(session, "anna")
            made[kind] = Large(app, small, big)
        return made[kind]

    yield get
    for large in made.values():
        with large.app.app_context():
            db.engine.dispose()


@pytest.fixture
def large(large_apps: Callable[[str], Large], database: str) -> Large:
    """The large database of the test's kind."""
    return large_apps(database)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what does not exist: PostgreSQL without statistics, since it gathers them by itself."""
    left_out = [item for item in items if "postgresql" in item.name and "without statistics" in item.name]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)
