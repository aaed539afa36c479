"""Reads of who somebody is elsewhere, and of a site's keys."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from forum.accounts.models import Account
from forum.accounts.queries import fold_email
from forum.sso.models import HostKey, Identity


def find_identity(session: Session, issuer: str, subject: str) -> Identity | None:
    """Return whose account the issuer's ``subject`` is here, or None."""
    return session.scalar(select(Identity).where(Identity.issuer == issuer, Identity.subject == subject))


def find_holder(session: Session, email: str) -> Account | None:
    """Return the account that has this address, whoever and in whatever state it is: the address is not free then."""
    return session.scalar(select(Account).where(Account.email == fold_email(email)))


def list_identities(session: Session, account_id: int) -> list[Identity]:
    """Return the account's identities elsewhere, oldest first."""
    return list(session.scalars(select(Identity).where(Identity.account_id == account_id).order_by(Identity.id)))


def find_key(session: Session, site_id: int, kid: str) -> HostKey | None:
    """Return the site's key of this name, or None; other sites' keys are none of its."""
    return session.scalar(select(HostKey).where(HostKey.site_id == site_id, HostKey.kid == kid))


def list_keys(session: Session, site_id: int) -> list[HostKey]:
    """Return the site's keys, newest first."""
    return list(session.scalars(select(HostKey).where(HostKey.site_id == site_id).order_by(HostKey.id.desc())))


def count_keys(session: Session, site_id: int) -> int:
    """Return how many keys the site has."""
    return session.scalar(select(func.count()).where(HostKey.site_id == site_id)) or 0
