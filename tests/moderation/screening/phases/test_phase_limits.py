"""Hard limits hold for everybody."""

import pytest

from forum.moderation.screening.context import ScreeningContext, WriterFacts
from forum.moderation.screening.findings import Outcome
from forum.moderation.screening.phases.limits import look
from forum.moderation.screening.rules import Rules

RULES = Rules(max_length=100, max_links=2)
LINK = "https://example.org/a "


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("a", []),
        ("a" * 100, []),
        ("a" * 101, ["too-long"]),
        (LINK * 2, []),
        (LINK * 3, ["too-many-links"]),
        (LINK * 5, ["too-long", "too-many-links"]),
        ("www.example.org " * 3, ["too-many-links"]),
        # Names that are not links when shown do not count as links.
        ("example.org example.com example.net", []),
    ],
)
@pytest.mark.parametrize("is_staff", [False, True])
def test_limits(text: str, codes: list[str], is_staff: bool) -> None:
    found = look(ScreeningContext(text, rules=RULES, writer=WriterFacts(is_staff=is_staff)))
    assert [finding.code for finding in found] == codes
    assert all(finding.outcome is Outcome.REJECT for finding in found)


def test_the_sentence_names_the_numbers() -> None:
    (finding,) = look(ScreeningContext("a" * 1101, rules=RULES))
    assert finding.detail == "At most 100 characters are allowed here; there are 1,101."
