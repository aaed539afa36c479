"""What time alone changes of an author's marks: a note of being away is over, a closed discussion opens again."""

from datetime import datetime

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from forum.accounts.models import AWAY, Account
from forum.clock import now
from forum.desk.actions import raise_versions_of
from forum.desk.marks import next_reopening, reopen_due
from forum.web import due


def next_return(session: Session) -> datetime | None:
    """Return when the next author is back, past or to come, or None."""
    return session.scalar(select(func.min(Account.away_until)).where(text(AWAY)))


def welcome_back(session: Session) -> bool:
    """Take the note of one author who is back off their articles, and return whether there was any."""
    back = select(Account.id).where(text(AWAY), Account.away_until <= now()).order_by(Account.away_until, Account.id).limit(1)
    account_id = session.scalar(back)
    if account_id is None:
        return False
    raise_versions_of(session, account_id)
    # The author may have chosen another day meanwhile.
    over = update(Account).where(Account.id == account_id, text(AWAY), Account.away_until <= now())
    session.execute(over.values(away_note="", away_until=None))
    return True


REOPENINGS = due.Watch("reopenings", next_reopening, reopen_due)
RETURNS = due.Watch("returns", next_return, welcome_back)
