"""Which sanctions are in force now, and whether one forbids what a person is about to do. Asked by every room in which people act."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, exists, or_, select
from sqlalchemy.orm import Session

from forum.clock import now
from forum.db.columns import Moment, fixed
from forum.db.direct import read
from forum.refusals import Kind, Refusal, not_found
from forum.sanctions.kinds import ACKNOWLEDGED, HOLDING, KINDS, Activity, SanctionKind
from forum.sanctions.models import Sanction
from forum.sentences import sentence

LISTED_MOST = 100


def is_in_force(sanction: Sanction, moment: datetime) -> bool:
    """Whether a sanction has an effect at ``moment``: begun, neither over nor lifted nor, where that ends it, acknowledged."""
    over = sanction.ends_at is not None and sanction.ends_at <= moment
    done = KINDS[SanctionKind(sanction.kind)].acknowledged and sanction.acknowledged_at is not None
    return sanction.starts_at <= moment and not over and not done and sanction.lifted_at is None


def in_force(moment: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """Return the condition that ``is_in_force`` asks of a row."""
    return and_(
        Sanction.starts_at <= moment,
        or_(Sanction.ends_at.is_(None), Sanction.ends_at > moment),
        Sanction.lifted_at.is_(None),
        or_(Sanction.kind.not_in(map(fixed, ACKNOWLEDGED)), Sanction.acknowledged_at.is_(None)),
    )


# Written once: they are asked for at every post and every tag.
_MINE_IN_FORCE = (
    select(Sanction)
    .where(
        Sanction.account_id == bindparam("account_id"),
        Sanction.site_id == bindparam("site_id"),
        in_force(bindparam("moment", type_=Moment)),
    )
    .order_by(Sanction.id.desc())
)
_IS_ANY_IN_FORCE = _MINE_IN_FORCE.with_only_columns(Sanction.id).order_by(None).limit(1)


def list_in_force(session: Session, account_id: int, site_id: int) -> Sequence[Sanction]:
    """Return a person's sanctions that have an effect now, newest first; a reminder has none but stands in the list until it is acknowledged or lifted."""
    given = {"account_id": account_id, "site_id": site_id, "moment": now()}
    # Almost nobody has any, and looking for one costs less than making rows of it.
    if not read(session, _IS_ANY_IN_FORCE, given):
        return ()
    return session.scalars(_MINE_IN_FORCE, given).all()


def list_sanctions(session: Session, account_id: int, site_id: int) -> Sequence[Sanction]:
    """Return a person's newest 100 sanctions, newest first, in force or over."""
    mine = select(Sanction).where(Sanction.account_id == account_id, Sanction.site_id == site_id)
    return session.scalars(mine.order_by(Sanction.id.desc()).limit(LISTED_MOST)).all()


def get_sanction(session: Session, sanction_id: int) -> Sanction:
    """Return a sanction. Raises Refusal ``not-found``."""
    found = session.get(Sanction, sanction_id)
    if found is None:
        raise not_found(sentence("sanction"))
    return found


def is_pre_moderated(account_id: BindParameter[Any], site_id: BindParameter[Any], moment: BindParameter[datetime]) -> ColumnElement[bool]:
    """Return the condition that a person's texts wait for a moderator at ``moment``, for a statement that asks for more at once."""
    held = (Sanction.account_id == account_id, Sanction.site_id == site_id, Sanction.kind.in_(map(fixed, HOLDING)))
    return exists().where(*held, in_force(moment))


def forbidding(sanctions: Sequence[Sanction], activity: Activity) -> Sanction | None:
    """Return which of the ``sanctions`` in force forbids ``activity``, the one that lasts longest; None: none does."""

    def lasts(sanction: Sanction) -> tuple[bool, bool, datetime]:
        # What the person has to wait for comes before what they can end themselves.
        waits = not KINDS[SanctionKind(sanction.kind)].acknowledged
        return waits, sanction.ends_at is None, sanction.ends_at or sanction.starts_at

    against = [sanction for sanction in sanctions if activity in KINDS[SanctionKind(sanction.kind)].forbids]
    return max(against, key=lasts, default=None)


def require_free(session: Session, account_id: int | None, site_id: int, activity: Activity) -> Sequence[Sanction]:
    """Return the sanctions that are in force. Raises Refusal ``sanctioned`` when one of them forbids ``activity``, with its address and its end."""
    if account_id is None:
        return ()
    found = list_in_force(session, account_id, site_id)
    against = forbidding(found, activity)
    if against is not None:
        raise _refusal(against)
    return found


def address_of(sanction: Sanction) -> str:
    """Return the page that tells a person what was imposed, why, until when, and how to appeal."""
    return f"/sanctions/{sanction.id}"


def _refusal(sanction: Sanction) -> Refusal:
    known = KINDS[SanctionKind(sanction.kind)]
    members: dict[str, Any] = {"sanction": address_of(sanction), "until": sanction.ends_at}
    if known.acknowledged:
        detail = sentence("A moderator has given you a warning. Please read it and say that you have; then you can go on.")
    elif sanction.ends_at is None:
        detail = sentence("Your account is restricted: %(label)s. You can read why, and appeal.", label=known.label)
    else:
        detail = sentence(
            "Your account is restricted until %(until)s: %(label)s. You can read why, and appeal.",
            until=f"{sanction.ends_at:%Y-%m-%d %H:%M} UTC",
            label=known.label,
        )
    return Refusal(Kind.SANCTIONED, detail, members=members)
