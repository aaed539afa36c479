"""Sanctions: what a writer under pre-moderation writes is held. Whoever may not write at all is turned away before screening."""

from forum.moderation.screening.context import ScreeningContext
from forum.moderation.screening.findings import Finding, Outcome
from forum.sentences import sentence


def look(context: ScreeningContext) -> tuple[Finding, ...]:
    """Find a text, or a change of one, by somebody whose texts a moderator has decided to read first."""
    if not context.writer.pre_moderated:
        return ()
    detail = sentence("By decision of a moderator, what this account writes is read before others can see it.")
    return (Finding("sanctions", Outcome.HOLD, "pre-moderation", detail),)
