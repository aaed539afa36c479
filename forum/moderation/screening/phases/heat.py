"""Heat: where comments above are reported, nobody writes quickly: the wait between two own comments grows with the open reports."""

from datetime import timedelta
from math import ceil

from forum.moderation.screening.context import ScreeningContext
from forum.moderation.screening.findings import Finding, Outcome
from forum.sentences import nsentence


def look(context: ScreeningContext) -> tuple[Finding, ...]:
    """Find a comment that comes too soon after its writer's last one in a thread with open reports above.

    Minutes to wait = ``heat_base_minutes`` + reports above + reports above on the writer's own comments, at most ``heat_most_minutes``.
    """
    heat, rules = context.heat, context.rules
    if context.is_edit or not context.limits_repetition or not heat.reports_above or heat.since_own_last is None:
        return ()
    minutes = min(rules.heat_base_minutes + heat.reports_above + heat.own_reports_above, rules.heat_most_minutes)
    left = timedelta(minutes=minutes) - heat.since_own_last
    if left <= timedelta():
        return ()
    detail = nsentence(
        "Comments above were reported, so there has to be a minute between two of your comments here. Your text is kept; send it again then.",
        "Comments above were reported, so there have to be %(num)s minutes between two of your comments here."
        " Your text is kept; send it again then.",
        minutes,
    )
    return (Finding("heat", Outcome.REJECT, "slow-down", detail, retry_after=ceil(left.total_seconds())),)
