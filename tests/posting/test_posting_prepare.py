"""What happens to a text before any write: it is looked at and rendered, and a text that is refused is not looked at."""

from typing import Any

import pytest

from forum.moderation.screening.pipeline import Glance, glance
from forum.moderation.screening.rules import Rules
from forum.posting import prepare
from forum.posting.prepare import prepare_body
from forum.refusals import Refusal
from forum.text.render import render


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was done, in order."""
    order: list[str] = []

    def look(text: str, _site_id: int) -> Glance:
        order.append("look")
        return glance(text, Rules())

    def rendered(*given: Any, **named: Any) -> Any:
        order.append("render")
        return render(*given, **named)

    monkeypatch.setattr(prepare, "glance_at", look)
    monkeypatch.setattr(prepare, "render", rendered)
    return order


def test_a_text_is_looked_at_before_any_transaction(done: list[str]) -> None:
    prepared = prepare_body("I *doubt* it.", site_id=1)
    assert done == ["look", "render"]
    assert prepared.seen is not None
    assert prepared.seen.context.text == prepared.body_md == "I *doubt* it."


def test_a_text_that_is_only_shown_is_not_looked_at(done: list[str]) -> None:
    assert prepare_body("I *doubt* it.").seen is None
    assert done == ["render"]


@pytest.mark.parametrize("body_md", ["", "a" * 10_001, "a\x00b", "- " * 40 + "a"])
def test_a_text_that_is_refused_is_not_looked_at(body_md: str, done: list[str]) -> None:
    with pytest.raises(Refusal):
        prepare_body(body_md, site_id=1)
    assert done == []
