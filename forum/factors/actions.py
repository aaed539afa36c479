"""Writes of second factors: add, remove, recovery codes. Actions flush and never commit."""

from collections.abc import Callable
from enum import StrEnum

import structlog
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from forum.clock import now
from forum.factors.codes import hash_code, make_codes
from forum.factors.models import Factor, FactorKind, RecoveryCode
from forum.factors.passkeys import NewPasskey
from forum.factors.queries import count_factors, find_started_app, get_factor
from forum.factors.totp import find_steps, make_secret
from forum.refusals import Fault, Kind, Refusal, invalid
from forum.sentences import sentence
from forum.text.limits import find_line_faults

log = structlog.get_logger(__name__)
NAME_MAX = 80
FACTORS_MAX = 10


class Change(StrEnum):
    """What has changed about how an account is protected."""

    APP_ADDED = "app_added"
    PASSKEY_ADDED = "passkey_added"
    REMOVED = "removed"
    CODES_RENEWED = "codes_renewed"
    CODE_USED = "code_used"
    UNLOCKED = "unlocked"


# Called in the transaction of the change with the account's id and what has changed: whoever tells the owner. app.py fills the list.
on_security_change: list[Callable[[Session, int, Change], None]] = []


def start_app(session: Session, account_id: int) -> Factor:
    """Begin to set up an authenticator app, in place of one that was begun and never confirmed. Raises Refusal ``validation``."""
    _require_room(session, account_id)
    unfinished = (Factor.account_id == account_id, Factor.confirmed_at.is_(None))
    session.execute(delete(Factor).where(*unfinished))
    app = Factor(account_id=account_id, kind=FactorKind.TOTP.value, name="", secret=make_secret(), created_at=now())
    session.add(app)
    session.flush()
    return app


def confirm_app(session: Session, account_id: int, *, name: str, code: str) -> list[str]:
    """Let the app that is being set up count from now on, since it shows the right code; that code is used. Return new recovery codes, if it is the first factor.

    Raises Refusal ``validation``, or ``conflict`` when none is being set up.
    """
    _require_room(session, account_id)
    _check_name(name)
    app = find_started_app(session, account_id)
    if app is None:
        raise Refusal(Kind.CONFLICT, "No app is being set up. Please begin again.")
    typed = "".join(code.split())
    steps = find_steps(app.secret or "", typed) if typed.isascii() and typed.isdigit() else []
    if not steps:
        raise invalid(
            Fault(
                "/code", "wrong", "This is not the code that the app should show now. Check the clock of your device, and try the next one."
            )
        )
    is_first = count_factors(session, account_id) == 0
    app.name, app.confirmed_at, app.last_step, app.last_used_at = name.strip(), now(), steps[-1], now()
    session.flush()
    tell(session, account_id, Change.APP_ADDED)
    return renew_codes(session, account_id, told=False) if is_first else []


def add_passkey(session: Session, account_id: int, made: NewPasskey, *, name: str) -> list[str]:
    """Store a checked passkey and return new recovery codes, if it is the first factor. Raises Refusal ``validation``, ``conflict``."""
    _require_room(session, account_id)
    _check_name(name)
    is_first = count_factors(session, account_id) == 0
    session.add(
        Factor(
            account_id=account_id,
            kind=FactorKind.PASSKEY.value,
            name=name.strip(),
            credential_id=made.credential_id,
            public_key=made.public_key,
            sign_count=made.sign_count,
            transports=made.transports,
            created_at=now(),
            confirmed_at=now(),
        )
    )
    try:
        session.flush()
    except IntegrityError:
        raise Refusal(Kind.CONFLICT, "This passkey is known here already.") from None
    tell(session, account_id, Change.PASSKEY_ADDED)
    return renew_codes(session, account_id, told=False) if is_first else []


def remove_factor(session: Session, account_id: int, factor_id: int) -> None:
    """Remove one of the account's factors; with the last one its recovery codes go as well. Raises Refusal ``not-found``."""
    session.delete(get_factor(session, account_id, factor_id))
    session.flush()
    if count_factors(session, account_id) == 0:
        session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    tell(session, account_id, Change.REMOVED)


def renew_codes(session: Session, account_id: int, *, told: bool = True) -> list[str]:
    """Return ten new recovery codes, which exist nowhere else; those from before are good no more."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    codes = make_codes()
    session.add_all(RecoveryCode(account_id=account_id, code_hash=hash_code(account_id, code), created_at=now()) for code in codes)
    session.flush()
    if told:
        tell(session, account_id, Change.CODES_RENEWED)
    return codes


def forget_factors(session: Session, account_id: int) -> int:
    """Delete everything by which the account proves itself beside its password, and return how many factors there were."""
    count = count_factors(session, account_id)
    session.execute(delete(Factor).where(Factor.account_id == account_id))
    session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    return count


def unlock(session: Session, account_id: int) -> int:
    """Remove an account's factors for somebody who has lost them, on the word of whoever runs the server; return how many there were."""
    count = forget_factors(session, account_id)
    tell(session, account_id, Change.UNLOCKED)
    return count


def tell(session: Session, account_id: int, change: Change) -> None:
    """Log the change and let every listener of ``on_security_change`` know of it."""
    log.warning("second factors changed", account=account_id, change=change.value)
    for listener in on_security_change:
        listener(session, account_id, change)


def _require_room(session: Session, account_id: int) -> None:
    if count_factors(session, account_id) >= FACTORS_MAX:
        raise invalid(
            Fault("", "too-many", sentence("An account has at most %(most)s second factors; remove one first.", most=FACTORS_MAX))
        )


def _check_name(name: str) -> None:
    faults = [Fault("/name", found.code, found.detail) for found in find_line_faults(name, maximum=NAME_MAX)]
    if faults:
        raise invalid(*faults)
