"""What the tests of this folder share: a discussion with people in it, and a clock that stands still until a test moves it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
import time_machine
from flask import Flask

from tests.conftest import Person
from tests.redress.court import Court

START = datetime(2026, 10, 31, 23, 50, tzinfo=UTC)


@pytest.fixture
def clock(app: Flask) -> Iterator[time_machine.Traveller]:
    """The clock, ten minutes before November."""
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def court(clock: time_machine.Traveller, person: Callable[..., Person], article: Callable[..., int]) -> Court:
    """A discussion, a writer, a reader, and two moderators who have a part in nothing."""
    author = person("marit")
    made = Court(person, article("On touch", authors=(author.id,)), {"marit": author})
    for name in ("anna", "ben", "moda", "modb"):
        made.someone(name)
    return made
