"""Sanctions: a writer under pre-moderation, muted or suspended. There are none yet, so this phase keeps their place in the order."""

from forum.moderation.screening.context import ScreeningContext
from forum.moderation.screening.findings import Finding


def look(context: ScreeningContext) -> tuple[Finding, ...]:
    """Find nothing: no sanction can be given so far."""
    del context
    return ()
