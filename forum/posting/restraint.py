"""What a composer says beforehand to somebody whose account is restricted: what they cannot do, until when, and where it says why.

The rule: read for nobody but the person themself. Called by the pages that show a composer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from forum.access.viewer import Viewer
from forum.sanctions.kinds import KINDS, Activity, SanctionKind
from forum.sanctions.queries import address_of, forbidding, list_in_force
from forum.sentences import Sentence, sentence
from forum.web.translation import translated

# What does not concern writing has no sentence here.
SAID: dict[SanctionKind, Sentence] = {
    SanctionKind.REMINDER: sentence("A moderator has reminded you of the rules. Please read what they say, and tell us that you have."),
    SanctionKind.WARNING: sentence("A moderator has given you a warning. Please read it and say that you have; then you can go on."),
    SanctionKind.PRE_MODERATION: sentence("A moderator reads what you write before others can."),
    SanctionKind.MUTE: sentence("You cannot write or change comments for the time being. Reading, tagging and reporting go on."),
    SanctionKind.SUSPENSION: sentence(
        "You cannot write, tag or report for the time being, and your tags do not count meanwhile. Reading goes on."
    ),
    SanctionKind.BAN: sentence("You cannot write, tag or report here any more, and your tags do not count. Reading goes on."),
}


@dataclass(frozen=True)
class Restraint:
    """One sanction as its subject reads of it above a composer. ``stops``: nothing can be posted; ``until`` None: it has no end."""

    label: str
    said: str
    until: datetime | None
    address: str
    stops: bool


def read_restraints(session: Session, viewer: Viewer, site_id: int) -> Sequence[Restraint]:
    """Return what keeps ``viewer`` from writing, or changes what becomes of the text: of each kind the one that lasts longest. Nothing is read for a visitor."""
    if viewer.account_id is None:
        return ()
    found = sorted(list_in_force(session, viewer.account_id, site_id), key=lambda one: (one.ends_at is None, one.ends_at or one.starts_at))
    against = forbidding(found, Activity.WRITE)
    shown = [against] if against is not None else {sanction.kind: sanction for sanction in found}.values()
    return [
        Restraint(
            label=translated(KINDS[SanctionKind(sanction.kind)].label),
            said=translated(SAID[SanctionKind(sanction.kind)]),
            until=sanction.ends_at,
            address=address_of(sanction),
            stops=sanction is against,
        )
        for sanction in shown
        if SanctionKind(sanction.kind) in SAID
    ]
