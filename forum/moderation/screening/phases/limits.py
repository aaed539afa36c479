"""Hard limits: a text that is too long or holds too many links is refused, whoever wrote it."""

from forum.moderation.screening.context import ScreeningContext
from forum.moderation.screening.findings import Finding, Outcome
from forum.sentences import sentence


def look(context: ScreeningContext) -> tuple[Finding, ...]:
    """Find a text longer than ``max_length`` and one with more links than ``max_links``."""
    rules, found = context.rules, []
    if len(context.text) > rules.max_length:
        detail = sentence(
            "At most %(most)s characters are allowed here; there are %(count)s.", most=rules.max_length, count=len(context.text)
        )
        found.append(Finding("limits", Outcome.REJECT, "too-long", detail))
    links = sum(address.is_link for address in context.addresses)
    if links > rules.max_links:
        detail = sentence("At most %(most)s links are allowed here; there are %(count)s.", most=rules.max_links, count=links)
        found.append(Finding("limits", Outcome.REJECT, "too-many-links", detail, reason="promotion"))
    return tuple(found)
