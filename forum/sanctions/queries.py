"""Which sanctions are in force now, and whether one forbids what a person is about to do. Asked by every room in which people act."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from forum.clock import now
from forum.refusals import Kind, Refusal
from forum.sanctions.kinds import KINDS, Deed, SanctionKind
from forum.sanctions.models import Sanction
from forum.sentences import sentence


def is_in_force(sanction: Sanction, moment: datetime) -> bool:
    """Whether a sanction has an effect at ``moment``: begun, neither over nor lifted nor, where that ends it, acknowledged."""
    over = sanction.ends_at is not None and sanction.ends_at <= moment
    done = KINDS[SanctionKind(sanction.kind)].acknowledged and sanction.acknowledged_at is not None
    return sanction.starts_at <= moment and not over and not done and sanction.lifted_at is None


def in_force(moment: datetime) -> ColumnElement[bool]:
    """Return the condition that ``is_in_force`` asks of a row."""
    return and_(
        Sanction.starts_at <= moment,
        or_(Sanction.ends_at.is_(None), Sanction.ends_at > moment),
        Sanction.lifted_at.is_(None),
        or_(Sanction.kind != SanctionKind.WARNING.value, Sanction.acknowledged_at.is_(None)),
    )


def list_in_force(session: Session, account_id: int, site_id: int) -> Sequence[Sanction]:
    """Return a person's sanctions that have an effect now, newest first; a reminder has none but stands in the list until it is acknowledged or lifted."""
    mine = select(Sanction).where(Sanction.account_id == account_id, Sanction.site_id == site_id, in_force(now()))
    return session.scalars(mine.order_by(Sanction.id.desc())).all()


def list_sanctions(session: Session, account_id: int, site_id: int) -> Sequence[Sanction]:
    """Return a person's newest 100 sanctions, newest first, in force or over."""
    mine = select(Sanction).where(Sanction.account_id == account_id, Sanction.site_id == site_id)
    return session.scalars(mine.order_by(Sanction.id.desc()).limit(100)).all()


def require_free(session: Session, account_id: int | None, site_id: int, deed: Deed) -> Sequence[Sanction]:
    """Return the sanctions that are in force. Raises Refusal ``sanctioned`` when one of them forbids ``deed``, with its address and its end."""
    if account_id is None:
        return ()
    found = list_in_force(session, account_id, site_id)
    forbidding = [sanction for sanction in found if deed in KINDS[SanctionKind(sanction.kind)].forbids]
    if not forbidding:
        return found
    # The one that lasts longest is what the person has to wait for.
    last = max(forbidding, key=lambda sanction: (sanction.ends_at is None, sanction.ends_at or sanction.starts_at))
    raise _refusal(last)


def _refusal(sanction: Sanction) -> Refusal:
    known = KINDS[SanctionKind(sanction.kind)]
    where = f"/sanctions/{sanction.id}"
    members: dict[str, Any] = {"sanction": where, "until": sanction.ends_at}
    if known.acknowledged:
        return Refusal(
            Kind.SANCTIONED,
            sentence(
                "A moderator has given you a warning. Read it and say that you have, at %(where)s; then you can go on.",
                where=where,
            ),
            members=members,
        )
    if sanction.ends_at is None:
        detail = sentence("Your account is restricted: %(label)s. Why, and how to appeal: %(where)s.", label=known.label, where=where)
    else:
        detail = sentence(
            "Your account is restricted until %(until)s: %(label)s. Why, and how to appeal: %(where)s.",
            until=f"{sanction.ends_at:%Y-%m-%d %H:%M} UTC",
            label=known.label,
            where=where,
        )
    return Refusal(Kind.SANCTIONED, detail, members=members)
