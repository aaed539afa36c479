"""Reads of second factors. A factor counts only once it is confirmed."""

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from forum.factors.models import Factor, FactorKind, RecoveryCode
from forum.refusals import not_found
from forum.sentences import sentence


def has_factor(session: Session, account_id: int) -> bool:
    """Whether the account has anything that is asked for beside its password."""
    return bool(session.scalar(select(exists().where(Factor.account_id == account_id, Factor.confirmed_at.is_not(None)))))


def list_factors(session: Session, account_id: int, *, kind: FactorKind | None = None) -> list[Factor]:
    """Return the account's confirmed factors, oldest first."""
    wanted = select(Factor).where(Factor.account_id == account_id, Factor.confirmed_at.is_not(None))
    return list(session.scalars((wanted.where(Factor.kind == kind.value) if kind else wanted).order_by(Factor.id)))


def count_factors(session: Session, account_id: int) -> int:
    """Return how many confirmed factors the account has."""
    return session.scalar(select(func.count()).where(Factor.account_id == account_id, Factor.confirmed_at.is_not(None))) or 0


def get_factor(session: Session, account_id: int, factor_id: int) -> Factor:
    """Return one of the account's confirmed factors. Raises Refusal ``not-found``."""
    factor = session.get(Factor, factor_id)
    if factor is None or factor.account_id != account_id or factor.confirmed_at is None:
        raise not_found(sentence("second factor"))
    return factor


def find_started_app(session: Session, account_id: int) -> Factor | None:
    """Return the authenticator app that the account is setting up, or None."""
    wanted = select(Factor).where(Factor.account_id == account_id, Factor.kind == FactorKind.TOTP.value, Factor.confirmed_at.is_(None))
    return session.scalar(wanted.order_by(Factor.id.desc()).limit(1))


def find_passkey(session: Session, credential_id: bytes) -> Factor | None:
    """Return the passkey that has this credential id, whosever it is, or None."""
    return session.scalar(select(Factor).where(Factor.credential_id == credential_id, Factor.confirmed_at.is_not(None)))


def count_codes_left(session: Session, account_id: int) -> int:
    """Return how many of the account's recovery codes are not used yet."""
    return session.scalar(select(func.count()).where(RecoveryCode.account_id == account_id, RecoveryCode.used_at.is_(None))) or 0


def has_code(session: Session, account_id: int, code_hash: str) -> bool:
    """Whether this is one of the account's recovery codes that is not used yet."""
    code = session.get(RecoveryCode, (account_id, code_hash))
    return code is not None and code.used_at is None
