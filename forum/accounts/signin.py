"""Who is behind a request: the sign-in that the cookie names, or the personal token; and checking a password with equal cost for all answers.

``attach`` hands this to flask-login; doors see nothing but ``current_user.viewer``.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import structlog
from flask import Flask, Request, request
from flask import session as cookie
from flask_login import AnonymousUserMixin, LoginManager, UserMixin, current_user, login_user
from sqlalchemy import Select, bindparam, delete, literal, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as BusyError
from sqlalchemy.orm import InstrumentedAttribute, Session

from forum.access.permissions import Scope
from forum.access.viewer import VISITOR, Role, Via, Viewer
from forum.accounts.actions import hash_secret, start_sign_in
from forum.accounts.models import Account, ApiToken, Membership, SignIn
from forum.accounts.passwords import hash_password, is_outdated, is_password
from forum.accounts.queries import find_account_by_login, fold_login, roles_of
from forum.clock import now
from forum.db.columns import Moment
from forum.db.quick import read_quickly
from forum.db.transaction import reading, writing
from forum.refusals import Kind, Refusal
from forum.sentences import sentence
from forum.web.context import settings
from forum.web.limits import charge, forget_spent, network_of

log = structlog.get_logger(__name__)
# A sign-in's last visit is written at most this often: a page load must not cost a write.
SEEN_EVERY = timedelta(hours=1)
# Other kinds of bearer tokens, by what they begin with; the rooms above register theirs. Raises Refusal for a token that is not known.
TOKEN_KINDS: dict[str, Callable[[str], Viewer]] = {}
# What asks an account for its second factor where a program signs in: raises Refusal unless the code (empty: none was sent) will do. app.py fills the list.
CODE_CHECKS: list[Callable[[int, str], None]] = []
WRONG = sentence("Login and password do not fit. Check both; case matters in the password.")


def _caller_by(table: type[SignIn | ApiToken], seen_at: InstrumentedAttribute[Any], *columns: Any) -> Select[*tuple[Any, ...]]:
    # One read for who asks: a row for each role, one without where there is none. Its columns are those of _Found.
    fresh = seen_at >= bindparam("seen", type_=Moment)
    who = select(
        table.id,
        table.account_id,
        Account.handle,
        Account.display_name,
        Account.writes,
        Account.has_news,
        Account.is_author,
        Membership.site_id,
        Membership.role,
        fresh,
        *columns,
    )
    whole = who.join(Account, Account.id == table.account_id).outerjoin(Membership, Membership.account_id == table.account_id)
    return whole.where(table.token_hash == bindparam("token_hash"))


_BY_COOKIE = _caller_by(SignIn, SignIn.last_seen_at, literal("")).where(
    SignIn.created_at >= bindparam("begun", type_=Moment), SignIn.last_seen_at >= bindparam("idle", type_=Moment)
)
_BY_TOKEN = _caller_by(ApiToken, ApiToken.last_used_at, ApiToken.scopes)


class _Found(NamedTuple):
    id: int
    account_id: int
    handle: str
    display_name: str
    writes: int
    has_news: bool
    is_author: bool
    site_id: int | None
    role: str
    is_fresh: bool | None
    scopes: str


class Caller(UserMixin):  # type: ignore[misc]
    """flask-login's user: the viewer, and the sign-in's secret name as id, so that ending the row signs out."""

    def __init__(self, viewer: Viewer, secret: str = "") -> None:
        self.viewer = viewer
        self.id = secret


class Visitor(AnonymousUserMixin):  # type: ignore[misc]
    """flask-login's anonymous user."""

    viewer = VISITOR


def attach(app: Flask) -> None:
    """Let flask-login find callers for ``app``: by cookie on every address, by bearer token under /api/."""
    manager = LoginManager()
    manager.session_protection = None
    manager.anonymous_user = Visitor
    manager.user_loader(_load_by_cookie)
    manager.request_loader(_load_by_token)
    manager.init_app(app)


def check_password(login: str, password: str) -> int:
    """Return the id of the account that ``login`` and ``password`` open. Raises Refusal ``unauthenticated`` or ``rate-limited``.

    The same sentence and the same work answer an unknown login, a wrong password and an account that has none. The attempt is charged in its own
    transaction, so that a failure counts; no transaction is open while the hash is computed.
    """
    with writing() as session:
        forget_spent(session)
        charge(session, "sign_in_address_rate", network_of(request.remote_addr))
        charge(session, "sign_in_rate", fold_login(login))
    with reading() as session:
        account = find_account_by_login(session, login)
        account_id, known = (account.id, account.password_hash) if account else (0, None)
    if not is_password(password, known):
        log.warning("sign-in failed", account=account_id or None, address=network_of(request.remote_addr))
        raise Refusal(Kind.UNAUTHENTICATED, WRONG)
    if known and is_outdated(known):
        with writing() as session:
            session.execute(update(Account).where(Account.id == account_id).values(password_hash=hash_password(password)))
    return account_id


def require_code(account_id: int, code: str) -> None:
    """Let pass whoever has proven the second factor by ``code`` as well, or has none. Every JSON door that signs somebody in calls this first.

    Called while no transaction is open (in a door's ``prepare``), since a wrong code is charged in a transaction of its own. Raises Refusal
    ``second-factor-required`` without a code where one is needed, ``unauthenticated`` for a wrong one, ``rate-limited``.
    """
    for check in CODE_CHECKS:
        check(account_id, code)


def sign_in(session: Session, account: Account) -> None:
    """Open a sign-in for this browser, in the open transaction, ending the one it had; the cookie is new (no fixation)."""
    former: Viewer = current_user.viewer
    if former.signin_id is not None:
        session.execute(delete(SignIn).where(SignIn.id == former.signin_id))
    secret = start_sign_in(session, account, device=request.user_agent.string)
    viewer = Viewer(account.id, account.handle, account.display_name, roles_of(session, account.id), None, Via.COOKIE)
    cookie.clear()
    cookie.permanent = True
    login_user(Caller(viewer, secret))


def sign_out() -> None:
    """Forget this browser's cookie; the row is ended by ``end_sign_in``."""
    cookie.clear()


def _bearer(incoming: Request) -> str | None:
    header = incoming.headers.get("Authorization")
    if header is None or not incoming.path.startswith("/api/"):
        return None
    kind, _, secret = header.partition(" ")
    # Another scheme speaks to somebody in front, such as a proxy that asks for a password of its own.
    return secret.strip() if kind.lower() == "bearer" else None


def _load_by_cookie(secret: str) -> Caller | None:
    if _bearer(request) is not None:
        return None
    limits = settings()
    moment = now()
    lasts = {"begun": moment - timedelta(days=limits.session_days), "idle": moment - timedelta(days=limits.session_idle_days)}
    rows = _find_callers(_BY_COOKIE, secret, moment, **lasts)
    if not rows:
        return None
    row = rows[0]
    viewer = Viewer(
        row.account_id,
        row.handle,
        row.display_name,
        _roles_in(rows),
        None,
        Via.COOKIE,
        row.id,
        writes=row.writes,
        has_news=bool(row.has_news),
        is_author=bool(row.is_author),
    )
    if not row.is_fresh:
        _touch(SignIn, viewer.signin_id)
    return Caller(viewer, secret)


def _load_by_token(incoming: Request) -> Caller | None:
    secret = _bearer(incoming)
    if secret is None:
        return None
    for prefix, find_viewer in TOKEN_KINDS.items():
        if secret.startswith(prefix):
            return Caller(find_viewer(secret))
    rows = _find_callers(_BY_TOKEN, secret, now())
    if not rows:
        raise Refusal(Kind.UNAUTHENTICATED, "This token is not known; it may have been revoked. Make a new one in the settings.")
    row = rows[0]
    scopes = frozenset(Scope(scope) for scope in row.scopes.split())
    viewer = Viewer(
        row.account_id,
        row.handle,
        row.display_name,
        _roles_in(rows),
        scopes,
        Via.TOKEN,
        writes=row.writes,
        has_news=bool(row.has_news),
        is_author=bool(row.is_author),
    )
    if not row.is_fresh:
        _touch(ApiToken, row.id)
    return Caller(viewer)


def _find_callers(statement: Select[*tuple[Any, ...]], secret: str, moment: datetime, **given: datetime) -> list[_Found]:
    return [_Found(*row) for row in read_quickly(statement, token_hash=hash_secret(secret), seen=moment - SEEN_EVERY, **given)]


def _roles_in(rows: Sequence[_Found]) -> Mapping[int, Role]:
    return {row.site_id: Role(row.role) for row in rows if row.site_id is not None}


def _touch(table: type[SignIn | ApiToken], row_id: int | None) -> None:
    column = "last_seen_at" if table is SignIn else "last_used_at"
    try:
        with writing(durable=False) as session:
            session.execute(update(table).where(table.id == row_id).values({column: now()}))
    except (DBAPIError, BusyError) as error:
        # Reading must go on while the database refuses to write.
        log.warning("last visit not written", reason=str(getattr(error, "orig", error)))
