"""Reads of appeals and statements of reasons: one, those of a person, the moderators' list, and who on a site could decide. Each costs the page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from forum.access.viewer import Role
from forum.accounts.models import Account, Membership
from forum.db.paging import first_after
from forum.moderation.models import Decision, Report, StatementOfReasons
from forum.moderation.review import ReportState
from forum.redress.models import IS_OPEN, Appeal
from forum.sanctions.models import Sanction

OWN_MOST = 100
OPEN_MOST = 100
STAFF_MOST = 1000
MODERATING = (Role.MODERATOR.value, Role.ADMIN.value)


def find_appeal(session: Session, *, decision_id: int | None = None, sanction_id: int | None = None) -> Appeal | None:
    """Return the appeal against a decision or a sanction, or None: there is one at most."""
    about = Appeal.decision_id == decision_id if decision_id is not None else Appeal.sanction_id == sanction_id
    return session.scalar(select(Appeal).where(about))


def find_appeal_of_report(session: Session, report: Report) -> Appeal | None:
    """Return the appeal in which a report was brought up, or else the one against the decision that declined it; None when there is neither."""
    own = session.scalar(select(Appeal).where(Appeal.report_id == report.id).order_by(Appeal.id.desc()).limit(1))
    if own is not None or report.decision_id is None:
        return own
    return find_appeal(session, decision_id=report.decision_id)


def lock_appeal(session: Session, appeal_id: int) -> Appeal:
    """Return an appeal, locked and as it stands now; what it is about was locked before."""
    locked = select(Appeal).where(Appeal.id == appeal_id).with_for_update().execution_options(populate_existing=True)
    return session.scalars(locked).one()


def find_statement(session: Session, *, decision_id: int | None = None, sanction_id: int | None = None) -> StatementOfReasons | None:
    """Return the statement of reasons of a decision or a sanction; None where nothing was restricted."""
    is_of = StatementOfReasons.decision_id == decision_id if decision_id is not None else StatementOfReasons.sanction_id == sanction_id
    return session.scalar(select(StatementOfReasons).where(is_of))


def find_undoing(session: Session, decision: Decision) -> Decision | None:
    """Return the decision that took this one back, or None."""
    return session.scalar(select(Decision).where(Decision.comment_id == decision.comment_id, Decision.undoes_id == decision.id).limit(1))


def find_sanction_with(session: Session, decision_id: int) -> Sanction | None:
    """Return what was imposed on a writer together with a decision and was not lifted, or None."""
    imposed = select(Sanction).where(Sanction.decision_id == decision_id, Sanction.lifted_at.is_(None))
    return session.scalar(imposed.order_by(Sanction.id.desc()).limit(1))


def list_statements(session: Session, account_id: int) -> Sequence[StatementOfReasons]:
    """Return what a person was restricted by, newest first; at most 100."""
    own = select(StatementOfReasons).where(StatementOfReasons.account_id == account_id)
    return session.scalars(own.order_by(StatementOfReasons.id.desc()).limit(OWN_MOST)).all()


def list_own_appeals(session: Session, account_id: int) -> Sequence[Appeal]:
    """Return a person's own appeals, newest first; at most 100."""
    return session.scalars(select(Appeal).where(Appeal.appellant_id == account_id).order_by(Appeal.id.desc()).limit(OWN_MOST)).all()


def list_open(session: Session, site_id: int, *, after_id: int, limit: int) -> Sequence[Appeal]:
    """Return a site's appeals on which nobody has decided, oldest first, after one of them (0: from the oldest)."""
    waiting = select(Appeal).where(Appeal.site_id == site_id, text(IS_OPEN), Appeal.id > after_id)
    return session.scalars(waiting.order_by(Appeal.id).limit(limit)).all()


@dataclass(frozen=True)
class Place:
    """A place in the list of decided appeals: the last one's time and id."""

    decided_at: datetime
    appeal_id: int


def list_decided(session: Session, site_id: int, *, after: Place | None, limit: int) -> Sequence[Appeal]:
    """Return a site's decided appeals, newest decision first, after a place in that order."""
    done = select(Appeal.id).where(Appeal.site_id == site_id, Appeal.decided_at.is_not(None))
    columns = (Appeal.decided_at.expression, Appeal.id.expression)
    ids = first_after(session, done, columns, () if after is None else (after.decided_at, after.appeal_id), descending=True, limit=limit)
    found = select(Appeal).where(Appeal.id.in_(ids))
    return session.scalars(found.order_by(Appeal.decided_at.desc(), Appeal.id.desc()).limit(limit)).all()


def count_open(session: Session, site_id: int) -> int:
    """Return how many appeals wait for somebody to decide, counted up to 100."""
    some = select(Appeal.id).where(Appeal.site_id == site_id, text(IS_OPEN)).order_by(Appeal.id).limit(OPEN_MOST)
    return session.scalar(select(func.count()).select_from(some.subquery())) or 0


def find_declined_report(session: Session, decision_id: int, account_id: int | None) -> Report | None:
    """Return the report of this person that a decision declined, or None."""
    if account_id is None:
        return None
    own = select(Report).where(
        Report.reporter_id == account_id, Report.decision_id == decision_id, Report.state == ReportState.DECLINED.value
    )
    return session.scalar(own.order_by(Report.id).limit(1))


def list_staff(session: Session, site_id: int, *, admins_only: bool) -> frozenset[int]:
    """Return the accounts that moderate a site, or only those that administer it, without those who have left."""
    roles = (Role.ADMIN.value,) if admins_only else MODERATING
    staff = (
        select(Membership.account_id)
        .join(Account, Account.id == Membership.account_id)
        .where(Membership.site_id == site_id, Membership.role.in_(roles), Account.left_at.is_(None))
    )
    return frozenset(session.scalars(staff.limit(STAFF_MOST)))
