"""A handle for somebody who comes from elsewhere: as they wish, or like their name, and always one that nobody has."""

import re
import secrets
import unicodedata

from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.accounts.actions import RESERVED
from forum.accounts.models import Account

HANDLE_MAX = 30
NOBODY = "member"
NUMBERED = 50
_ROOM = HANDLE_MAX - len(f"-{NUMBERED}")


def choose_handle(session: Session, *wishes: str) -> str:
    """Return a free handle made of the first wish of which something is left; with a number where somebody has it already."""
    base = next((made for made in map(fold_wish, wishes) if made), NOBODY)
    short = base[:_ROOM].rstrip("-_")
    offered = [base, *(f"{short}-{number}" for number in range(2, NUMBERED))]
    taken = set(session.scalars(select(Account.handle).where(Account.handle.in_(offered))))
    return next((handle for handle in offered if handle not in taken), f"{short[:12]}-{secrets.token_hex(8)}")


def fold_wish(wish: str) -> str:
    """Return what of a wish can be a handle: letters without their marks, digits, - and _; empty when nothing is left or the name is reserved."""
    plain = unicodedata.normalize("NFKD", wish).encode("ascii", "ignore").decode().lower()
    made = re.sub(r"[^a-z0-9_]+", "-", plain).strip("-_")[:HANDLE_MAX].rstrip("-_")
    return "" if made in RESERVED else made
