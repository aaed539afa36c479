"""Confirming that it is still oneself (ASVS V7.5.1): before factors are shown in full or changed, whoever is signed in proves it anew.

By the password, and by a second factor where there is one; an account without a password by a sign-in that is not older than ten minutes. So a sign-in that was
stolen is not enough to take a factor away. On pages it holds for ten minutes, for this sign-in in this browser; programs send both each time.
"""

from datetime import timedelta
from typing import Any

from flask import session as cookie
from sqlalchemy.orm import Session

from forum.access.viewer import Viewer
from forum.accounts.models import Account, SignIn
from forum.accounts.passwords import is_password
from forum.clock import now
from forum.db.transaction import reading, writing
from forum.factors.challenges import Purpose
from forum.factors.proving import Proof, prove
from forum.factors.queries import has_factor
from forum.refusals import Fault, Kind, Refusal, invalid, not_found
from forum.sentences import sentence
from forum.web.limits import charge

HOLDS = timedelta(minutes=10)
KEY = "confirmed"
AGAIN = sentence("Please confirm first that it is you; after that you have ten minutes.")
OLD = sentence("Your account has no password, so this takes a new sign-in: sign out, sign in again, and come back within ten minutes.")


def prepare_confirmation(viewer: Viewer, *, password: str, code: str = "", answer: str = "") -> Proof | None:
    """Return the proof of the second factor that is still to be redeemed, or None where there is none. Called while no transaction is open.

    Raises Refusal ``validation``, ``forbidden`` for a sign-in that is too old where there is no password, ``rate-limited``.
    """
    account_id = viewer.account_id
    if account_id is None:
        raise Refusal(Kind.UNAUTHENTICATED, "Please sign in first.")
    with writing() as session:
        charge(session, "sign_in_rate", f"account:{account_id}")
    with reading() as session:
        account = session.get(Account, account_id)
        if account is None:
            raise not_found(sentence("account"))
        known, needs_factor, fresh = account.password_hash, has_factor(session, account_id), is_fresh(session, viewer)
    if known is not None and not is_password(password, known):
        raise invalid(Fault("/password", "wrong", "This is not your password."))
    if known is None and not fresh:
        raise Refusal(Kind.FORBIDDEN, OLD)
    return prove(account_id, code=code, answer=answer, purpose=Purpose.CONFIRM) if needs_factor else None


def is_fresh(session: Session, viewer: Viewer) -> bool:
    """Whether the present sign-in is not older than ten minutes."""
    row = session.get(SignIn, viewer.signin_id) if viewer.signin_id is not None else None
    return row is not None and now() - row.created_at <= HOLDS


def remember_confirmation(viewer: Viewer) -> None:
    """Remember in the cookie that this sign-in has just been confirmed."""
    cookie[KEY] = {"sign_in": viewer.signin_id, "at": now().timestamp()}


def is_confirmed(viewer: Viewer) -> bool:
    """Whether this sign-in was confirmed within the last ten minutes."""
    kept: dict[str, Any] = cookie.get(KEY) or {}
    return bool(kept) and kept["sign_in"] == viewer.signin_id and 0 <= now().timestamp() - kept["at"] <= HOLDS.total_seconds()


def require_confirmed(viewer: Viewer) -> None:
    """Raise Refusal ``forbidden`` unless this sign-in was confirmed within the last ten minutes."""
    if not is_confirmed(viewer):
        raise Refusal(Kind.FORBIDDEN, AGAIN)
