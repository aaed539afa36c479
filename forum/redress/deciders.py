"""Who may decide on an appeal: another person than the first time, with no part in it; on a site with nobody else the same person, later, and said so.

The rule of product design C-9. The database has the last word (``appeals.another_person``); this says it before, and in words.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from forum.access.viewer import Role, Viewer
from forum.clock import now
from forum.moderation.recusal import find_recusals, recused_among
from forum.redress.matters import Matter
from forum.redress.models import Appeal
from forum.redress.queries import list_staff
from forum.sanctions.kinds import KINDS, SanctionKind
from forum.sentences import Sentence, sentence

ALONE_AFTER = timedelta(hours=48)
"""So long an appeal waits where only the person who decided first can decide: time to think again, or to find somebody else."""

OWN = sentence("it is your own appeal.")
FIRST = sentence("you decided the first time.")
EARLIER = sentence("you have already decided in this matter.")
ADMIN = sentence("only an administrator can lift a ban.")


@dataclass(frozen=True)
class Standing:
    """How somebody stands to an appeal: ``why`` not (None: may decide), and ``alone_from``, where nobody else is there: from when the same person may."""

    why: Sentence | None = None
    alone_from: datetime | None = None

    @property
    def may_ask(self) -> bool:
        """Whether they may ask the appellant; who has to wait may ask meanwhile."""
        return self.why is None or self.alone_from is not None


def list_free(session: Session, matter: Matter) -> frozenset[int]:
    """Return who could decide on an appeal: the site's moderators without the first decider, the appellant, and who has a part in it. At most two reads."""
    staff = list_staff(session, matter.site_id, admins_only=needs_admin(matter))
    free = staff - {each for each in (matter.first_decider_id, matter.appellant_id) if each is not None}
    if matter.comment is None or matter.article is None:
        return free
    return free - recused_among(session, free, matter.article, matter.comment)


def is_alone(session: Session, matter: Matter) -> bool:
    """Whether nobody could decide on an appeal but who decided first; a rule's decision is anybody's to look at."""
    return matter.first_decider_id is not None and not list_free(session, matter)


def needs_admin(matter: Matter) -> bool:
    """Whether only an administrator can take back what is appealed."""
    return matter.sanction is not None and KINDS[SanctionKind(matter.sanction.kind)].imposed_by is Role.ADMIN


def look(session: Session, viewer: Viewer, matter: Matter, appeal: Appeal) -> Standing:
    """Return how ``viewer``, a moderator, stands to an appeal. A bounded number of reads."""
    if viewer.account_id == matter.appellant_id:
        return Standing(OWN)
    if needs_admin(matter) and not viewer.role_on(matter.site_id).includes(Role.ADMIN):
        return Standing(ADMIN)
    if matter.comment is not None and matter.article is not None:
        recusals = find_recusals(session, viewer, matter.article, matter.comment)
        if recusals:
            return Standing(recusals[0])
    if viewer.account_id == matter.first_decider_id:
        return _alone(session, matter, appeal)
    if viewer.account_id in matter.earlier_ids and list_free(session, matter) - matter.earlier_ids:
        return Standing(EARLIER)
    return Standing()


def _alone(session: Session, matter: Matter, appeal: Appeal) -> Standing:
    if list_free(session, matter):
        return Standing(FIRST)
    # Whoever could have decided may have left since: then it is as if nobody had been there from the beginning.
    alone_from = appeal.alone_from or appeal.created_at + ALONE_AFTER
    if now() < alone_from:
        why = sentence(
            "you decided the first time. Nobody else is there to decide, so you can from %(when)s on.",
            when=f"{alone_from:%Y-%m-%d %H:%M} UTC",
        )
        return Standing(why, alone_from)
    return Standing(None, alone_from)
