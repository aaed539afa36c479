"""New commenters: a site may hold everybody's first comments, or all comments, until a person has read them."""

from forum.moderation.screening.context import ScreeningContext
from forum.moderation.screening.findings import Finding, Outcome
from forum.sentences import nsentence, sentence

ALL = "all"


def look(context: ScreeningContext) -> tuple[Finding, ...]:
    """Find a comment among its writer's first N, as ``hold_first`` says; an edit only where all comments are held.

    The caller has put the server's setting into the rules where the site has none; what is empty here holds nobody.
    """
    first, writer = context.rules.hold_first, context.writer
    if writer.is_article_author or not first:
        return ()
    if first == ALL:
        detail = sentence("Every comment waits for a person to read it.")
    elif writer.accepted_count < int(first) and not context.is_edit:
        detail = nsentence(
            "A new writer's first comment is read first.", "A new writer's first %(num)s comments are read first.", int(first)
        )
    else:
        return ()
    return (Finding("newcomer", Outcome.HOLD, "new-commenter", detail),)
