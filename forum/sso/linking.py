"""From who somebody is elsewhere to the account here.

The rule: an account that is here already is never opened because another site says so. It is connected only when its own mailbox is read (``link_mail``).
"""

import structlog
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from forum.access.viewer import DEFAULT_SITE_ID
from forum.accounts.actions import NewAccount, create_account
from forum.accounts.models import Account
from forum.accounts.queries import accounts_by_id
from forum.articles.models import Site
from forum.clock import now
from forum.refusals import Kind, Refusal, not_found
from forum.sentences import sentence
from forum.sso.handles import choose_handle
from forum.sso.models import Identity
from forum.sso.person import Person
from forum.sso.queries import find_holder, find_identity, list_identities

log = structlog.get_logger(__name__)
GONE = sentence("The account that this was connected to is being deleted here.")
LINK_REQUIRED = sentence(
    "There is an account here with your e-mail address. It is connected once you follow a link in a mail to that address."
)
CLOSED = "Signing up is closed here; ask the people who run this site for an account."


def find_account_of(session: Session, person: Person) -> Account | None:
    """Return the account that is connected, or None. Raises Refusal ``forbidden`` for one that is being deleted."""
    identity = find_identity(session, person.issuer, person.subject)
    if identity is None:
        return None
    account = accounts_by_id(session, [identity.account_id])[identity.account_id]
    if account.left_at is not None or (account.leaving_at is not None and account.leaving_at <= now()):
        raise Refusal(Kind.FORBIDDEN, GONE)
    return account


def enter(session: Session, person: Person, *, may_create: bool = True) -> Account:
    """Return the account to sign in, made anew for somebody whose address nobody has here.

    Raises Refusal ``link-required`` where an account has the address, ``forbidden`` for an account that is being deleted, or where none may be made.
    """
    account = find_account_of(session, person)
    if account is None:
        # One at a time: two first visits at once, with two tokens, get one account.
        session.execute(select(Site.id).where(Site.id == DEFAULT_SITE_ID).with_for_update())
        account = find_account_of(session, person)
    if account is None:
        return _create(session, person, may_create=may_create)
    identity = find_identity(session, person.issuer, person.subject)
    if identity is not None:
        identity.last_used_at = now()
        session.flush()
    return account


def connect(session: Session, account: Account, *, issuer: str, subject: str) -> Identity:
    """Store that the account is who the issuer calls ``subject``. Raises Refusal ``conflict`` when that is somebody else's already."""
    known = find_identity(session, issuer, subject)
    if known is None:
        known = Identity(account_id=account.id, issuer=issuer, subject=subject, created_at=now())
        session.add(known)
        try:
            session.flush()
        except IntegrityError:
            raise Refusal(Kind.CONFLICT, "This account elsewhere was connected at this very moment; sign in with it.") from None
        log.info("identity connected", account=account.id, issuer=issuer)
    if known.account_id != account.id:
        raise Refusal(Kind.CONFLICT, "This account elsewhere is connected to another account here already.")
    return known


def disconnect(session: Session, account: Account, identity_id: int) -> None:
    """Forget one of the account's identities. Raises Refusal ``not-found``, or ``conflict`` when nothing else would let its owner in."""
    mine = list_identities(session, account.id)
    found = next((identity for identity in mine if identity.id == identity_id), None)
    if found is None:
        raise not_found(sentence("connection"))
    if len(mine) == 1 and account.password_hash is None and account.email_confirmed_at is None:
        raise Refusal(
            Kind.CONFLICT,
            "Nothing else would let you in. Confirm an e-mail address or set a password first; then this can be disconnected.",
        )
    session.delete(found)
    session.flush()
    log.info("identity disconnected", account=account.id, issuer=found.issuer)


def forget_identities(session: Session, account: Account) -> None:
    """Delete who the account is elsewhere: it is deleted, or taken over by the reader of its address."""
    session.execute(delete(Identity).where(Identity.account_id == account.id))


def _create(session: Session, person: Person, *, may_create: bool) -> Account:
    if find_holder(session, person.email) is not None:
        raise Refusal(Kind.LINK_REQUIRED, LINK_REQUIRED)
    if not may_create:
        raise Refusal(Kind.FORBIDDEN, CLOSED)
    handle = choose_handle(session, person.handle, person.name)
    account = create_account(session, NewAccount(handle, person.email, "", person.name), password_hash=None)
    # The issuer has confirmed the address, and it is nobody's here that could be taken from them.
    account.email_confirmed_at = now()
    connect(session, account, issuer=person.issuer, subject=person.subject).last_used_at = now()
    session.flush()
    return account
