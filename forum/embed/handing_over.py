"""A sign-in carried from a window into a frame by a code: good once, for two minutes, for whoever types it or is handed it by the window.

The window shows the code and the frame takes it, never the reverse: a link that somebody else has begun can sign nobody in but whoever opens it.
"""

import secrets
from datetime import timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from forum.accounts.actions import hash_secret
from forum.accounts.models import Account, HandOver
from forum.clock import now
from forum.refusals import Fault, Refusal, invalid

VALID = timedelta(minutes=2)
# Crockford's base 32: no letter that is read for another. Ten of them are 50 bits.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 10
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1", "-": "", " ": ""})


def make_code(session: Session, account_id: int) -> str:
    """Store a new code for the account and return it, in two groups; codes that are over are forgotten."""
    moment = now()
    session.execute(delete(HandOver).where(HandOver.expires_at <= moment))
    code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    session.add(HandOver(code_hash=hash_secret(code), account_id=account_id, expires_at=moment + VALID))
    session.flush()
    return f"{code[:5]}-{code[5:]}"


def take_code(session: Session, code: str) -> Account:
    """Use a code up and return whose it is, however it was spelt. Raises Refusal ``validation`` for one that is unknown, used or over."""
    found = session.get(HandOver, hash_secret(code.upper().translate(_READ_AS)), with_for_update=True)
    account = session.get(Account, found.account_id) if found is not None and found.expires_at > now() else None
    if found is not None:
        session.delete(found)
        session.flush()
    if account is None or account.left_at is not None:
        raise wrong_code()
    return account


def wrong_code() -> Refusal:
    """Return the refusal of a code that opens nothing."""
    return invalid(
        Fault("/code", "wrong", "This code does not fit any more: it is good once, for two minutes. Open the window again for a new one.")
    )
