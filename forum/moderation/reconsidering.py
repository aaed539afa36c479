"""The token with which a writer sends a text again that could identify a patient: it says that details are changed or left out, of this very text.

The rule: signed for one account, one place and one text, good for an hour and once. Made and used by `intake` inside the transaction that stores the text.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from forum.clock import now
from forum.db.upsert import insert_if_absent
from forum.moderation.models import Reconsideration
from forum.refusals import Kind, Refusal
from forum.web.context import cursors

LASTS = timedelta(hours=1)


@dataclass(frozen=True)
class Asked:
    """Who sends a text, for which place, and the token that came with it, if one did."""

    account_id: int
    place: str
    token: str | None = None


def make_token(asked: Asked, text: str) -> str:
    """Return a new token for this text at this place by this account."""
    return cursors().write(_purpose(asked, text), [now() + LASTS, secrets.token_hex(8)])


def use_token(session: Session, asked: Asked, text: str) -> bool:
    """Use up the token that was sent and return whether it was good: of this text, in time, and not used before."""
    if not asked.token:
        return False
    try:
        ends_at, _ = cursors().read(_purpose(asked, text), asked.token)
    except Refusal as refusal:
        if refusal.kind is not Kind.BAD_CURSOR:
            raise
        return False
    moment = now()
    if moment >= ends_at:
        return False
    # What has ended is turned away by its own time; nothing of it has to be remembered.
    session.execute(delete(Reconsideration).where(Reconsideration.used_at < moment - LASTS))
    return insert_if_absent(session, Reconsideration, token_hash=_digest(asked.token), used_at=moment)


def _purpose(asked: Asked, text: str) -> str:
    return f"reconsider:{asked.account_id}:{asked.place}:{_digest(text)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
