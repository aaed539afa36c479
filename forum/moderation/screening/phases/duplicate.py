"""Duplicates: the same text again, by its writer or by others. Who wrote it is gathered by the caller, by fingerprint."""

from forum.moderation.screening.context import ScreeningContext
from forum.moderation.screening.findings import Finding, Outcome
from forum.sentences import nsentence, sentence


def look(context: ScreeningContext) -> tuple[Finding, ...]:
    """Find a text that its writer posted at this place (refused) or elsewhere (held), or that several others posted (held).

    Short texts ("Thank you!") may be repeated anywhere but at the same place. An edit repeats nothing.
    """
    if context.is_edit or not context.limits_repetition:
        return ()
    rules, repetition, found = context.rules, context.repetition, []
    if repetition.own_same_place:
        detail = sentence("You have posted the same text here already. To add something, edit that comment or write what is new.")
        found.append(Finding("duplicate", Outcome.REJECT, "duplicate", detail, reason="off_topic"))
    if len(context.folded) < rules.duplicate_min_length:
        return tuple(found)
    if count := repetition.own_elsewhere_count:
        detail = nsentence(
            "The writer posted the same text at another place.", "The writer posted the same text at %(num)s other places.", count
        )
        found.append(Finding("duplicate", Outcome.HOLD, "duplicate-elsewhere", detail, reason="promotion"))
    if repetition.others_count >= rules.duplicate_others:
        detail = sentence("The same text was posted by %(count)s other accounts.", count=repetition.others_count)
        found.append(Finding("duplicate", Outcome.HOLD, "duplicate-of-others", detail, reason="promotion"))
    return tuple(found)
