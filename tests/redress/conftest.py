"""What the tests of this folder share."""

from collections.abc import Callable

import pytest

from tests.conftest import Person
from tests.redress.court import Court


@pytest.fixture
def court(person: Callable[..., Person], article: Callable[..., int]) -> Court:
    """A discussion, a writer, a reader, and two moderators who have a part in nothing."""
    author = person("marit")
    made = Court(person, article("On touch", authors=(author.id,)), {"marit": author})
    for name in ("anna", "ben", "moda", "modb"):
        made.someone(name)
    return made
