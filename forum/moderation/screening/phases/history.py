"""Recent history: a writer much of whose recent work had to be removed is read first, for as long as it is recent."""

from forum.moderation.screening.context import ScreeningContext
from forum.moderation.screening.findings import Finding, Outcome
from forum.sentences import sentence


def look(context: ScreeningContext) -> tuple[Finding, ...]:
    """Find a writer with at least ``history_percent`` removed of at least ``history_min_count`` comments in the last ``history_days``."""
    rules, writer = context.rules, context.writer
    written, removed = writer.recent_count, writer.recent_removed_count
    if written < rules.history_min_count or removed * 100 < rules.history_percent * written:
        return ()
    detail = sentence(
        "%(removed)s of the writer's last %(written)s comments within %(days)s days were removed.",
        removed=removed,
        written=written,
        days=rules.history_days,
    )
    return (Finding("history", Outcome.HOLD, "recent-removals", detail),)
