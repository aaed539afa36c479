"""Challenges for passkeys: random, for one purpose and one account, five minutes, answered once.

A challenge travels in the signed cookie, so that showing a page writes nothing; once answered – rightly or not – its hash is stored until it would expire
anyway, so that the same cookie, kept and sent again, is refused.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from flask import session as cookie
from sqlalchemy import delete

from forum.accounts.actions import hash_secret
from forum.clock import now
from forum.db.transaction import writing
from forum.db.upsert import insert_if_absent
from forum.factors.models import UsedChallenge
from forum.refusals import Fault, invalid

LIFE = timedelta(minutes=5)
BYTES = 32
KEY = "passkey-"


class Purpose(StrEnum):
    """What a passkey is asked for; an answer to one is none to another."""

    REGISTER = "register"
    SIGN_IN = "sign-in"
    SECOND = "second"
    CONFIRM = "confirm"


@dataclass(frozen=True)
class Challenge:
    """What the browser was asked, and for which account (0: whoever answers)."""

    value: bytes
    account_id: int


def issue(purpose: Purpose, account_id: int = 0) -> Challenge:
    """Return a new challenge and remember it in this browser's cookie, in place of the last one for this purpose."""
    value = secrets.token_bytes(BYTES)
    cookie[KEY + purpose] = {"value": value.hex(), "account": account_id, "at": now().timestamp()}
    return Challenge(value, account_id)


def spend(purpose: Purpose, account_id: int = 0) -> Challenge:
    """Take the cookie's challenge, which nobody can use a second time. Called while no transaction is open.

    Raises Refusal ``validation`` when there is none, it is for another account, too old or used.
    """
    kept: dict[str, Any] = cookie.pop(KEY + purpose, None) or {}
    age = now().timestamp() - kept.get("at", 0)
    if not kept or kept["account"] != account_id or not 0 <= age <= LIFE.total_seconds():
        raise _too_old()
    with writing() as session:
        session.execute(delete(UsedChallenge).where(UsedChallenge.expires_at < now()))
        if not insert_if_absent(session, UsedChallenge, challenge_hash=hash_secret(kept["value"]), expires_at=now() + LIFE):
            raise _too_old()
    return Challenge(bytes.fromhex(kept["value"]), account_id)


def _too_old() -> Exception:
    return invalid(Fault("/answer", "too-old", "That took too long, or was answered already. Please try once more."))
