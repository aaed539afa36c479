"""Writes of people: sign up, change profile and password, sign-ins and tokens. Actions flush and never commit."""

import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from forum.access.permissions import Scope
from forum.access.viewer import Role
from forum.accounts.models import Account, ApiToken, Membership, SignIn
from forum.accounts.passwords import find_password_faults
from forum.accounts.queries import count_tokens, find_account, find_account_by_login, fold_email, fold_handle
from forum.clock import now
from forum.refusals import Fault, Kind, Refusal, invalid, not_found
from forum.sentences import sentence
from forum.text.limits import find_line_faults
from forum.text.mentions import HANDLE_PATTERN
from forum.web.limits import charge

log = structlog.get_logger(__name__)
NAME_MAX = 80
CREDENTIAL_MAX = 120
TOKENS_MAX = 20
TOKEN_PREFIX = "fo_"
_HANDLE = re.compile(HANDLE_PATTERN)
_EMAIL = re.compile(r"[^@\s<>()\[\]\\,;:\"]{1,64}@(?:[^@\s<>()\[\]\\,;:\".]{1,63}\.)+[^@\s<>()\[\]\\,;:\".]{2,63}")
# Names that would pass for the service itself, or that addresses of the site use.
RESERVED = frozenset(
    {
        "admin",
        "administrator",
        "moderator",
        "moderators",
        "staff",
        "support",
        "system",
        "forum",
        "root",
        "me",
        "everyone",
        "all",
        "here",
        "author",
        "erased",
    }
)

# Rooms above that show people register here; a name that changed must change on every page that shows it. app.py fills the list.
on_profile_change: list[Callable[[Session, int], None]] = []
# What follows a new account, and a new password: mail to its owner. app.py fills both.
on_new_account: list[Callable[[Session, Account], None]] = []
on_password_change: list[Callable[[Session, Account], None]] = []
# Called when a link in a mail to the account's address was followed.
on_address_confirmed: list[Callable[[Session, Account], None]] = []
# Called when the reader of an address takes over an account that somebody registered with it: what could let that somebody in again has to go.
on_take_over: list[Callable[[Session, Account], None]] = []


@dataclass(frozen=True)
class NewAccount:
    """What a person signs up with, as typed."""

    handle: str
    email: str
    password: str
    display_name: str = ""


def check_new_account(session: Session, new: NewAccount) -> None:
    """Raise Refusal ``validation`` with everything that speaks against signing up like this."""
    handle, email = fold_handle(new.handle), fold_email(new.email)
    faults = list(find_password_faults(new.password, handle=handle, email=email))
    if not _HANDLE.fullmatch(handle):
        faults.insert(
            0, Fault("/handle", "invalid", "A handle has 1 to 30 letters a–z, digits, - or _, and begins and ends with a letter or digit.")
        )
    elif handle in RESERVED or find_account(session, handle) is not None:
        faults.insert(0, Fault("/handle", "taken", sentence("The handle '%(handle)s' is taken; choose another.", handle=handle)))
    if not is_address(email):
        faults.append(Fault("/email", "invalid", "This is not an e-mail address such as anna@example.org."))
    elif find_account_by_login(session, email) is not None:
        faults.append(Fault("/email", "taken", "There is an account with this address; sign in instead."))
    faults += _line_faults("/display_name", new.display_name, NAME_MAX) if new.display_name else []
    if faults:
        raise invalid(*faults)


def create_account(session: Session, new: NewAccount, *, password_hash: str | None) -> Account:
    """Store a checked new account and return it; two people who take one handle at once get one ``conflict``."""
    handle = fold_handle(new.handle)
    account = Account(
        handle=handle,
        email=fold_email(new.email) or None,
        display_name=new.display_name.strip() or handle,
        password_hash=password_hash,
        created_at=now(),
    )
    session.add(account)
    try:
        session.flush()
    except IntegrityError:
        raise Refusal(Kind.CONFLICT, "Someone has just taken this handle or address; choose another.") from None
    log.info("account created", account=account.id)
    return account


def sign_up(session: Session, new: NewAccount, *, password_hash: str | None) -> Account:
    """Store a checked new account of somebody who signs up, and let those know who have something to do then."""
    account = create_account(session, new, password_hash=password_hash)
    for listener in on_new_account:
        listener(session, account)
    return account


def is_address(email: str) -> bool:
    """Whether this could be an e-mail address; whether it is one only a mail can show."""
    return _EMAIL.fullmatch(email) is not None and email.isprintable()


def confirm_address(session: Session, account: Account) -> None:
    """Record that a link in a mail to the account's address was followed."""
    account.email_confirmed_at = now()
    session.flush()
    for listener in on_address_confirmed:
        listener(session, account)
    log.info("address confirmed", account=account.id)


def change_address(session: Session, account: Account, email: str) -> None:
    """Give the account an address that was just proven to be its owner's. Raises Refusal ``conflict`` when another account has it by now."""
    account.email = fold_email(email)
    try:
        session.flush()
    except IntegrityError:
        raise Refusal(Kind.CONFLICT, "Another account has this address by now; nothing was changed.") from None
    log.info("address changed", account=account.id)
    confirm_address(session, account)


def take_over(session: Session, account: Account) -> None:
    """Open the account to whoever reads its address, which nobody had confirmed: its password, sign-ins and tokens may be somebody else's, and end."""
    account.password_hash = None
    end_sign_ins(session, account.id)
    session.execute(delete(ApiToken).where(ApiToken.account_id == account.id))
    for listener in on_take_over:
        listener(session, account)
    confirm_address(session, account)
    log.warning("account taken over by the reader of its address", account=account.id)


def set_role(session: Session, account: Account, *, site_id: int, role: Role) -> None:
    """Give the account a role on a site, in place of the one it had there."""
    session.execute(delete(Membership).where(Membership.account_id == account.id, Membership.site_id == site_id))
    if role is not Role.MEMBER:
        session.add(Membership(account_id=account.id, site_id=site_id, role=role.value))
    session.flush()
    log.info("role set", account=account.id, site=site_id, role=role.value)


def edit_profile(session: Session, account: Account, *, display_name: str | None, credential: str | None) -> None:
    """Change what readers see of a person; None leaves a line as it is. Raises Refusal ``validation`` or ``rate-limited``.

    A verified credential that is changed is no longer verified: what was checked was the old one.
    """
    faults = _line_faults("/display_name", display_name, NAME_MAX) if display_name is not None else []
    faults += _line_faults("/credential", credential, CREDENTIAL_MAX) if credential else []
    if faults:
        raise invalid(*faults)
    before = (account.display_name, account.credential)
    if display_name is not None:
        account.display_name = display_name.strip()
    if credential is not None and credential.strip() != account.credential:
        account.credential, account.verified = credential.strip(), False
    session.flush()
    if before != (account.display_name, account.credential):
        # Each change makes every page that shows the name a new version.
        charge(session, "edit_rate", str(account.id))
        for listener in on_profile_change:
            listener(session, account.id)


def count_write(session: Session, account_id: int) -> None:
    """Let the account's number rise, at the end of a transaction in which it has changed something: a replica that has the number has the change."""
    session.execute(
        update(Account).where(Account.id == account_id).values(writes=Account.writes + 1).execution_options(synchronize_session=False)
    )


def change_password(session: Session, account: Account, *, password_hash: str, keep_signin_id: int | None) -> None:
    """Store a new password and end every other sign-in (ASVS V7.4.3); tokens stay, they have secrets of their own."""
    account.password_hash = password_hash
    end_sign_ins(session, account.id, keep=keep_signin_id)
    for listener in on_password_change:
        listener(session, account)
    log.info("password changed", account=account.id)


def start_sign_in(session: Session, account: Account, *, device: str) -> str:
    """Open a sign-in and return its secret name for the cookie; only the hash is stored."""
    secret = secrets.token_urlsafe(32)
    moment = now()
    session.add(SignIn(token_hash=hash_secret(secret), account_id=account.id, device=device[:200], created_at=moment, last_seen_at=moment))
    session.flush()
    log.info("signed in", account=account.id)
    return secret


def end_sign_in(session: Session, account_id: int, signin_id: int) -> None:
    """End one of the account's sign-ins. Raises Refusal ``not-found`` when it has no such one."""
    result = session.execute(delete(SignIn).where(SignIn.id == signin_id, SignIn.account_id == account_id))
    if not getattr(result, "rowcount", 0):
        raise not_found(sentence("sign-in"))
    log.info("signed out", account=account_id)


def end_sign_ins(session: Session, account_id: int, *, keep: int | None = None) -> None:
    """End all of the account's sign-ins, but for the one to keep."""
    statement = delete(SignIn).where(SignIn.account_id == account_id)
    session.execute(statement if keep is None else statement.where(SignIn.id != keep))
    log.info("signed out everywhere", account=account_id, but_here=keep is not None)


def create_token(session: Session, account_id: int, *, name: str, scopes: list[Scope]) -> tuple[ApiToken, str]:
    """Store a new personal token and return it with its secret, which exists nowhere else. Raises Refusal ``validation``."""
    faults = _line_faults("/name", name, NAME_MAX)
    if count_tokens(session, account_id) >= TOKENS_MAX:
        faults.append(Fault("", "too-many", sentence("An account has at most %(most)s tokens; revoke one first.", most=TOKENS_MAX)))
    if faults:
        raise invalid(*faults)
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    token = ApiToken(
        account_id=account_id,
        name=name.strip(),
        hint=secret[:7],
        token_hash=hash_secret(secret),
        scopes=" ".join(scope.value for scope in Scope if scope in scopes),
        created_at=now(),
    )
    session.add(token)
    session.flush()
    log.info("token created", account=account_id, token=token.id)
    return token, secret


def revoke_token(session: Session, account_id: int, token_id: int) -> None:
    """Delete one of the account's tokens. Raises Refusal ``not-found``."""
    result = session.execute(delete(ApiToken).where(ApiToken.id == token_id, ApiToken.account_id == account_id))
    if not getattr(result, "rowcount", 0):
        raise not_found(sentence("token"))
    log.info("token revoked", account=account_id, token=token_id)


def hash_secret(secret: str) -> str:
    """Return the hash by which a random secret is stored and found; it has 256 random bits, so that a plain hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _line_faults(pointer: str, text: str, maximum: int) -> list[Fault]:
    return [Fault(pointer, found.code, found.detail) for found in find_line_faults(text, maximum=maximum)]
