"""Proving a second factor: by a code of the app, a recovery code or a passkey.

Two steps, as every door's: ``prove`` looks while no transaction is open and charges the attempt; ``redeem`` writes that it was used, by a conditional update, so
that of two requests with one code exactly one succeeds, on both databases.
"""

from dataclasses import dataclass

import structlog
from sqlalchemy import ColumnElement, or_, update
from sqlalchemy.orm import Session

from forum.clock import now
from forum.db.transaction import reading, writing
from forum.factors.actions import Change, tell
from forum.factors.challenges import Purpose, spend
from forum.factors.codes import LENGTH, fold_code, hash_code
from forum.factors.extra import require_extra
from forum.factors.models import Factor, FactorKind, RecoveryCode
from forum.factors.passkeys import check_proof
from forum.factors.queries import has_code, has_factor, list_factors
from forum.factors.totp import DIGITS, find_steps
from forum.refusals import Fault, Kind, Refusal, invalid
from forum.sentences import sentence
from forum.web.limits import charge

log = structlog.get_logger(__name__)
WRONG = sentence("This code does not fit. The app shows a new one every 30 seconds; check that the clock of your device is right.")
USED = sentence("This code was used already. Wait until the app shows the next one.")
MISSING = sentence("Your account has a second factor: send `code` as well, six digits from the authenticator app or a recovery code.")


@dataclass(frozen=True)
class Proof:
    """A second factor that fits and is not used up yet: a step of an app, a passkey's counter, or a recovery code's hash."""

    account_id: int
    factor_id: int = 0
    step: int = 0
    sign_count: int = 0
    code_hash: str = ""


def prove(account_id: int, *, code: str = "", answer: str = "", purpose: Purpose = Purpose.SECOND) -> Proof:
    """Return the proof that a code, or a passkey's answer to the challenge for ``purpose``, is. Called while no transaction is open.

    Raises Refusal ``validation``, ``rate-limited``, or ``unavailable`` without the extra.
    """
    return prove_passkey(account_id, answer, purpose) if answer else prove_code(account_id, code)


def prove_passkey(account_id: int, answer: str, purpose: Purpose) -> Proof:
    """Return the proof that a passkey's answer is; with 0 as account, of whoever's passkey it is. Raises Refusal ``validation``, ``unavailable``."""
    require_extra()
    challenge = spend(purpose, account_id)
    with reading() as session:
        found = check_proof(session, answer, challenge)
    return Proof(found.account_id, found.factor_id, sign_count=found.sign_count)


def prove_code(account_id: int, code: str) -> Proof:
    """Return the proof that a code is. Every attempt is charged, right or wrong. Raises Refusal ``validation``, ``rate-limited``, ``unavailable``."""
    typed = fold_code(code)
    if not typed:
        raise invalid(Fault("/code", "required", "Type the code that your app shows, or one of your recovery codes."))
    with writing() as session:
        charge(session, "second_factor_rate", f"account:{account_id}")
    with reading() as session:
        proof = _find_recovery_code(session, account_id, typed) if len(typed) == LENGTH else _find_step(session, account_id, typed)
    if proof is None:
        log.warning("second factor wrong", account=account_id)
        raise invalid(Fault("/code", "wrong", WRONG))
    return proof


def redeem(session: Session, proof: Proof) -> None:
    """Write that the proof was used. Raises Refusal ``validation`` when it was used meanwhile, or its factor is gone."""
    if proof.code_hash:
        mine = (RecoveryCode.account_id == proof.account_id, RecoveryCode.code_hash == proof.code_hash, RecoveryCode.used_at.is_(None))
        used = session.execute(update(RecoveryCode).where(*mine).values(used_at=now()))
    elif proof.step:
        fresh = or_(Factor.last_step.is_(None), Factor.last_step < proof.step)
        used = session.execute(
            update(Factor)
            .where(*_is(proof), fresh)
            .values(last_step=proof.step, last_used_at=now())
            .execution_options(synchronize_session=False)
        )
    else:
        # Keys that do not count send 0 each time.
        forward = Factor.sign_count < proof.sign_count if proof.sign_count else Factor.sign_count == 0
        values = {"sign_count": proof.sign_count, "last_used_at": now()}
        used = session.execute(update(Factor).where(*_is(proof), forward).values(values).execution_options(synchronize_session=False))
    if not getattr(used, "rowcount", 0):
        log.warning("second factor used twice", account=proof.account_id)
        raise invalid(Fault("/code", "used", USED))
    if proof.code_hash:
        tell(session, proof.account_id, Change.CODE_USED)
    log.info("second factor proven", account=proof.account_id, factor=proof.factor_id or None, by_recovery_code=bool(proof.code_hash))


def require_code(account_id: int, code: str) -> None:
    """Let pass whoever has no second factor, or proves it by ``code``: for programs, which sign in in one request (``signin.CODE_CHECKS``).

    The code is used up in a transaction of its own. Raises Refusal ``second-factor-required``, ``unauthenticated``, ``rate-limited``, ``unavailable``.
    """
    with reading() as session:
        needed = has_factor(session, account_id)
    if not needed:
        return
    if not fold_code(code):
        raise Refusal(Kind.SECOND_FACTOR_REQUIRED, MISSING)
    try:
        proof = prove_code(account_id, code)
        with writing() as session:
            redeem(session, proof)
    except Refusal as refusal:
        raise Refusal(Kind.UNAUTHENTICATED, refusal.detail) if refusal.kind is Kind.VALIDATION else refusal from None


def _is(proof: Proof) -> tuple[ColumnElement[bool], ...]:
    return (Factor.id == proof.factor_id, Factor.account_id == proof.account_id, Factor.confirmed_at.is_not(None))


def _find_recovery_code(session: Session, account_id: int, code: str) -> Proof | None:
    hashed = hash_code(account_id, code)
    return Proof(account_id, code_hash=hashed) if has_code(session, account_id, hashed) else None


def _find_step(session: Session, account_id: int, code: str) -> Proof | None:
    apps = list_factors(session, account_id, kind=FactorKind.TOTP)
    if not (apps and len(code) == DIGITS and code.isascii() and code.isdigit()):
        return None
    require_extra()
    used = False
    for app in apps:
        for step in find_steps(app.secret or "", code):
            if app.last_step is None or step > app.last_step:
                return Proof(account_id, app.id, step=step)
            used = True
    if used:
        log.warning("second factor used twice", account=account_id)
        raise invalid(Fault("/code", "used", USED))
    return None
