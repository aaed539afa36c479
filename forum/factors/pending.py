"""Who has proven the first factor in this browser and not yet the second: remembered in the signed cookie for five minutes, never in a form.

The attempt's random name is good once: a cookie that was kept and is sent again after that sign-in opens nothing.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import session as cookie
from sqlalchemy.orm import Session

from forum.accounts.actions import hash_secret
from forum.clock import now
from forum.db.upsert import insert_if_absent
from forum.factors.models import UsedChallenge
from forum.refusals import Kind, Refusal
from forum.sentences import sentence

LIFE = timedelta(minutes=5)
KEY = "second-step"
TOO_LATE = sentence("That took longer than five minutes. Please sign in again.")


@dataclass(frozen=True)
class Pending:
    """Whose sign-in waits for its second factor, and the attempt's random name."""

    account_id: int
    attempt: str


def remember(account_id: int) -> None:
    """Remember that the account has proven its first factor in this browser, just now."""
    cookie[KEY] = {"account": account_id, "attempt": secrets.token_hex(16), "at": now().timestamp()}


def get_pending() -> Pending:
    """Return whose sign-in waits in this browser. Raises Refusal ``unauthenticated`` when nobody's does, or for too long."""
    kept: dict[str, Any] = cookie.get(KEY) or {}
    age = now().timestamp() - kept.get("at", 0)
    if not kept or not 0 <= age <= LIFE.total_seconds():
        raise Refusal(Kind.UNAUTHENTICATED, TOO_LATE)
    return Pending(kept["account"], kept["attempt"])


def finish(session: Session, pending: Pending) -> None:
    """Let the attempt be good no more. Raises Refusal ``unauthenticated`` when it was finished already."""
    if not insert_if_absent(session, UsedChallenge, challenge_hash=hash_secret(pending.attempt), expires_at=now() + LIFE):
        raise Refusal(Kind.UNAUTHENTICATED, TOO_LATE)
