"""Who is read first."""

import pytest

from forum.moderation.screening.context import ScreeningContext, WriterFacts
from forum.moderation.screening.phases.newcomer import look
from forum.moderation.screening.rules import Rules


@pytest.mark.parametrize(
    ("hold_first", "accepted", "is_edit", "is_author", "is_held"),
    [
        ("", 0, False, False, False),
        ("0", 0, False, False, False),
        ("1", 0, False, False, True),
        ("1", 1, False, False, False),
        ("3", 2, False, False, True),
        ("3", 3, False, False, False),
        ("3", 0, True, False, False),
        ("3", 0, False, True, False),
        ("all", 500, False, False, True),
        ("all", 500, True, False, True),
        ("all", 500, False, True, False),
    ],
)
def test_newcomers(hold_first: str, accepted: int, is_edit: bool, is_author: bool, is_held: bool) -> None:
    writer = WriterFacts(accepted_count=accepted, is_article_author=is_author)
    found = look(ScreeningContext("Hello", rules=Rules(hold_first=hold_first), writer=writer, is_edit=is_edit))
    assert [(finding.code, finding.outcome) for finding in found] == ([("new-commenter", "hold")] if is_held else [])
