"""The phases of screening, in their order. Each is a pure function of a context; all of them run, and the strongest finding wins."""

from collections.abc import Callable
from dataclasses import dataclass

from forum.moderation.screening.context import ScreeningContext
from forum.moderation.screening.findings import Finding
from forum.moderation.screening.phases import confidentiality, duplicate, heat, history, limits, links, newcomer, sanctions, words


@dataclass(frozen=True)
class Phase:
    """A phase: its name, what it finds, and whether it is for moderators too, who pass everything else.

    ``reads_text``: it looks for patterns in the text, so nobody may wait for it with the database locked; ``reads_facts``: it needs to know who writes, and where.
    """

    name: str
    look: Callable[[ScreeningContext], tuple[Finding, ...]]
    is_for_staff: bool = False
    reads_text: bool = False
    reads_facts: bool = True


# The order is that of the findings, and of equally strong ones the first is the one that a writer is told of: what makes the text impossible,
# who may not write, what was said already; then what is in the text, what is known of the writer, and last what passes by itself.
PHASES: tuple[Phase, ...] = (
    Phase("limits", limits.look, is_for_staff=True, reads_text=True, reads_facts=False),
    Phase("sanctions", sanctions.look, is_for_staff=True),
    Phase("duplicate", duplicate.look),
    Phase("confidentiality", confidentiality.look, is_for_staff=True, reads_text=True, reads_facts=False),
    Phase("words", words.look, reads_text=True, reads_facts=False),
    Phase("links", links.look, reads_text=True),
    Phase("newcomer", newcomer.look),
    Phase("history", history.look),
    Phase("heat", heat.look),
)
