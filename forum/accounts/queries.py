"""Reads of people: accounts, their roles, sign-ins and tokens."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple, cast

from sqlalchemy import Table, bindparam, func, select
from sqlalchemy.orm import Session

from forum.access.viewer import Role
from forum.accounts.models import Account, ApiToken, Membership, SignIn
from forum.clock import now
from forum.db.direct import read
from forum.refusals import not_found
from forum.sentences import sentence


def fold_handle(handle: str) -> str:
    """Return the handle as it is stored and compared: without @ and case."""
    return handle.strip().removeprefix("@").lower()


def fold_email(email: str) -> str:
    """Return the address as it is stored and compared: case does not matter to anyone who gives addresses out."""
    return email.strip().lower()


def fold_login(login: str) -> str:
    """Return a handle or an e-mail address, as typed to sign in, as it is compared: every spelling of one login is the same."""
    return fold_email(login) if is_email(login) else fold_handle(login)


def is_email(login: str) -> bool:
    """Whether a login is an e-mail address, not a handle with its @."""
    return "@" in login.strip().removeprefix("@")


class Named(NamedTuple):
    """What everybody may know of a person, without the rest of the row."""

    id: int
    handle: str
    display_name: str
    credential: str
    verified: bool
    is_guest: bool
    left_at: datetime | None

    @property
    def shown_handle(self) -> str:
        """The handle as others see it; empty for a former member."""
        return self.handle if self.left_at is None else ""


_ACCOUNTS = cast(Table, Account.__table__)
_NAMED = select(*(_ACCOUNTS.c[name] for name in Named._fields)).where(_ACCOUNTS.c.id == bindparam("account_id"))


def get_named(session: Session, account_id: int) -> Named:
    """Return what everybody may know of a person whose account there is."""
    session.flush()
    (found,) = read(session, _NAMED, {"account_id": account_id})
    return Named(*found)


def find_account(session: Session, handle: str) -> Account | None:
    """Return the account with this handle, or None; a former member has none that leads anywhere."""
    return session.scalar(select(Account).where(Account.handle == fold_handle(handle), Account.left_at.is_(None)))


def get_account(session: Session, handle: str) -> Account:
    """Return the account with this handle. Raises Refusal ``not-found``."""
    account = find_account(session, handle)
    if account is None:
        raise not_found(sentence("person"))
    return account


def get_member(session: Session, handle: str) -> Account:
    """Return the account that has a public page under this handle: a guest has none. Raises Refusal ``not-found``."""
    account = get_account(session, handle)
    if account.is_guest:
        raise not_found(sentence("person"))
    return account


def find_account_by_login(session: Session, login: str) -> Account | None:
    """Return the account that signs in as ``login``, a handle or an e-mail address, or None."""
    column = Account.email if is_email(login) else Account.handle
    return session.scalar(select(Account).where(column == fold_login(login)))


def find_account_by_address(session: Session, email: str) -> Account | None:
    """Return the account that a mail to this address can open, or None: not one that is being deleted, nor a guest's."""
    found = session.scalar(
        select(Account).where(Account.email == fold_email(email), Account.left_at.is_(None), Account.is_guest.is_(False))
    )
    return found if found is not None and (found.leaving_at is None or found.leaving_at > now()) else None


def accounts_by_id(session: Session, ids: Collection[int]) -> Mapping[int, Account]:
    """Return the accounts with these ids in one read."""
    if not ids:
        return {}
    return {account.id: account for account in session.scalars(select(Account).where(Account.id.in_(ids)))}


def known_handles(session: Session, handles: Collection[str]) -> frozenset[str]:
    """Return those of ``handles`` (folded) that belong to somebody who is here; at most 50 are looked up."""
    asked = sorted(handles)[:50]
    known = select(Account.handle).where(Account.handle.in_(asked), Account.left_at.is_(None), Account.is_guest.is_(False))
    return frozenset(session.scalars(known)) if asked else frozenset()


def roles_of(session: Session, account_id: int) -> Mapping[int, Role]:
    """Return the account's role on each site where it has one."""
    rows = session.execute(select(Membership.site_id, Membership.role).where(Membership.account_id == account_id))
    return {site_id: Role(role) for site_id, role in rows}


def find_writes(session: Session, account_id: int) -> int | None:
    """Return the number that rises with everything an account changes, as this database has it, or None where it has no such account yet."""
    return session.scalar(select(Account.writes).where(Account.id == account_id))


def list_sign_ins(session: Session, account_id: int) -> list[SignIn]:
    """Return where the account is signed in, last seen first; at most 100."""
    return list(
        session.scalars(
            select(SignIn).where(SignIn.account_id == account_id).order_by(SignIn.last_seen_at.desc(), SignIn.id.desc()).limit(100)
        )
    )


def list_tokens(session: Session, account_id: int) -> list[ApiToken]:
    """Return the account's tokens, newest first."""
    return list(session.scalars(select(ApiToken).where(ApiToken.account_id == account_id).order_by(ApiToken.id.desc())))


def count_tokens(session: Session, account_id: int) -> int:
    """Return how many tokens the account has."""
    return session.scalar(select(func.count()).where(ApiToken.account_id == account_id)) or 0
