"""What a page weighs on the wire, and what it costs the database."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event
from sqlalchemy.engine import Engine

from forum.db.base import db
from forum.web import due
from tests.journeys.reader import Reader
from tests.posting import demo

STATIC = Path(__file__).parents[2] / "forum" / "static"
PAGE_MAX, STYLE_MAX, SCRIPT_MAX = 20_000, 6_000, 8_000


def weight(data: bytes) -> int:
    """Return the bytes on the wire, as the least of servers would compress them."""
    return len(gzip.compress(data, 6))


@contextmanager
def counting(engine: Engine) -> Iterator[list[str]]:
    """Collect the statements that are run inside the block."""
    statements: list[str] = []

    def note(connection: object, cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith("BEGIN"):
            statements.append(statement)

    # Asked once a minute, by whichever request comes then: never one that is measured.
    due.look()
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """An application with the demo discussion."""
    return demo.make_app(tmp_path_factory.mktemp("weight"))


@pytest.fixture
def reader(site: Flask) -> Iterator[Reader]:
    """A reader of the demo discussion."""
    with site.app_context():
        yield Reader(site.test_client())


@pytest.mark.parametrize("login", ["", "joel", "marit"])
def test_the_page_of_63_comments_is_light(reader: Reader, login: str) -> None:
    if login:
        reader.sign_in(login, demo.PASSWORD)
    screen = reader.open(f"{demo.PAGE}?replies=50")
    assert len(screen.comments) == 63
    assert bool(screen.page.all("form", action="/sign-out")) == bool(login)
    assert weight(screen.response.data) <= PAGE_MAX


def test_style_and_script_are_light() -> None:
    assert weight((STATIC / "forum.css").read_bytes()) <= STYLE_MAX
    assert weight((STATIC / "forum.js").read_bytes()) <= SCRIPT_MAX


@pytest.mark.parametrize(
    ("login", "path", "bound"),
    [
        ("", "/", 5),
        ("", demo.PAGE, 10),
        ("joel", demo.PAGE, 15),
        ("", f"{demo.PAGE}?stance=skepticism", 10),
        ("joel", "/settings", 6),
        ("", "/u/priya", 3),
    ],
)
def test_a_page_costs_a_bounded_number_of_reads(reader: Reader, login: str, path: str, bound: int) -> None:
    if login:
        reader.sign_in(login, demo.PASSWORD)
    with counting(db.engine) as statements:
        assert reader.open(path).status == 200
    assert len(statements) <= bound, [statement.partition("FROM")[2][:60] for statement in statements]
