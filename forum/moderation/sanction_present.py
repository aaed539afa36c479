"""Sanctions as moderators get them, with the strikes and what the ladder suggests. A bounded number of reads, whatever a person was given."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from forum.clock import now
from forum.moderation.queries import handles_of
from forum.moderation.sanction_queries import count_strikes
from forum.moderation.sanction_schemas import SanctionOut, SanctionsOut
from forum.sanctions.kinds import SanctionKind, suggest
from forum.sanctions.models import Sanction
from forum.sanctions.queries import address_of, is_in_force, list_sanctions


def present_sanctions(session: Session, sanctions: Sequence[Sanction]) -> list[SanctionOut]:
    """Return sanctions in their order; one read for the names."""
    handles = handles_of(session, [account_id for sanction in sanctions for account_id in (sanction.imposed_by, sanction.lifted_by)])
    moment = now()
    return [
        SanctionOut(
            id=sanction.id,
            kind=SanctionKind(sanction.kind),
            reason=sanction.reason,
            statement=sanction.statement,
            note=sanction.note,
            by=handles.get(sanction.imposed_by, ""),
            decision_id=sanction.decision_id,
            starts_at=sanction.starts_at,
            ends_at=sanction.ends_at,
            in_force=is_in_force(sanction, moment),
            acknowledged_at=sanction.acknowledged_at,
            lifted_at=sanction.lifted_at,
            lifted_by=handles.get(sanction.lifted_by),
            overturned=sanction.overturned,
            url=address_of(sanction),
        )
        for sanction in sanctions
    ]


def present_all(session: Session, account_id: int, site_id: int) -> SanctionsOut:
    """Return everything that was imposed on a person; three reads."""
    strikes = count_strikes(session, account_id, site_id)
    return SanctionsOut(present_sanctions(session, list_sanctions(session, account_id, site_id)), strikes, suggest(strikes))
