"""Sends what is waiting: claimed in one short transaction, handed over outside of any, recorded in another; a pass of the worker's.

The rule: nothing is lost, and whoever is killed between a server's yes and our record of it has sent one mail twice at most, with the same Message-ID.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import structlog
from flask import current_app
from sqlalchemy import ColumnElement, and_, delete, or_, select, update
from sqlalchemy.orm import Session

from forum.clock import now
from forum.db.transaction import reading, writing
from forum.mail.filling import FILLERS, Filler, Later, Letter
from forum.mail.letters import mark_up
from forum.mail.message import make_message
from forum.mail.models import OutgoingMail
from forum.mail.queries import is_waiting
from forum.mail.transports import NotSent, Patience, send
from forum.mail_target import MailTarget, read_mail_target
from forum.web.context import settings

CLAIMED = timedelta(minutes=5)
MOST_ATTEMPTS = 8
WAITS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=8))
PATIENCE = Patience()
# For so long nobody in this process asks again a server that did not answer: every waiting mail would wait for it in turn.
RESTS = timedelta(seconds=30)
KEPT = timedelta(days=30)
_RESTING = "forum_mail_rests_until"
_TIDIED = "forum_mail_tidied_at"
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Claimed:
    id: int
    message_id: str
    kind: str
    to_address: str
    subject: str
    body: str
    about: str
    created_at: datetime
    attempts: int


def send_due(limit: int, *, patience: Patience = PATIENCE) -> int:
    """Try at most ``limit`` mails that are due, the longest due first, and return how many were tried, however that ended.

    Needs an application context and no open transaction. Raises SQLAlchemy's errors when the database is away.
    """
    rests_until: datetime | None = current_app.extensions.get(_RESTING)
    if rests_until is not None and now() < rests_until <= now() + RESTS:
        return 0
    for tried in range(limit):
        mail = _claim() if _is_anything_due() else None
        if mail is None:
            return tried
        if not _send(mail, patience):
            current_app.extensions[_RESTING] = now() + RESTS
            return tried + 1
    return limit


def pass_mail() -> bool:
    """Send the next mail and return whether there was one; the worker's pass. Once an hour, forget what was sent or given up long ago."""
    tidied_at: datetime | None = current_app.extensions.get(_TIDIED)
    if tidied_at is None or not tidied_at <= now() < tidied_at + timedelta(hours=1):
        current_app.extensions[_TIDIED] = now()
        forget_old_mails()
    return send_due(1) > 0


def forget_old_mails() -> int:
    """Delete the mails that were sent or given up 30 days ago, and return how many there were."""
    old = or_(OutgoingMail.sent_at < now() - KEPT, OutgoingMail.failed_at < now() - KEPT)
    with reading() as session:
        if session.scalar(select(OutgoingMail.id).where(old).limit(1)) is None:
            return 0
    with writing() as session:
        return int(getattr(session.execute(delete(OutgoingMail).where(old)), "rowcount", 0))


def _is_due(moment: datetime) -> ColumnElement[bool]:
    free = or_(OutgoingMail.claimed_until.is_(None), OutgoingMail.claimed_until <= moment)
    return and_(*is_waiting(), OutgoingMail.due_at <= moment, free)


def _is_anything_due() -> bool:
    # Asked without the lock for writing, which an idle worker would take from people on SQLite every few seconds.
    with reading() as session:
        return session.scalar(select(OutgoingMail.id).where(_is_due(now())).limit(1)) is not None


def _claim() -> _Claimed | None:
    moment = now()
    with writing() as session:
        first = select(OutgoingMail.id).where(_is_due(moment)).order_by(OutgoingMail.due_at, OutgoingMail.id).limit(1)
        mail_id = session.scalar(first.with_for_update(skip_locked=True))
        if mail_id is None:
            return None
        # An attempt counts from its beginning: one that takes the process with it must not be made for ever.
        mine = update(OutgoingMail).where(OutgoingMail.id == mail_id, _is_due(moment))
        mine = mine.values(claimed_until=moment + CLAIMED, attempts=OutgoingMail.attempts + 1)
        columns = (getattr(OutgoingMail, name) for name in _Claimed.__dataclass_fields__)
        row = session.execute(mine.returning(*columns)).first()
        return _Claimed(*row) if row is not None else None


def _send(mail: _Claimed, patience: Patience) -> bool:
    """Hand a mail over and record how that ended; False when the trouble is not this mail's."""
    known = settings()
    filler = FILLERS.get(mail.kind) if mail.about else None
    try:
        letter = _write(mail, filler)
        if letter is None:
            _record_nothing(mail, filler)
            return True
        message = make_message(letter, sender=known.mail_sender, message_id=mail.message_id, date=mail.created_at)
        send(message, read_mail_target(known.mail_url) or MailTarget("file"), data_dir=Path(known.data_dir), patience=patience)
    except Later as later:
        _put_off(mail, later.at)
        return True
    except NotSent as trouble:
        _record_failure(mail, str(trouble), is_final=trouble.is_final)
        return not trouble.is_general
    except Exception as error:  # noqa: BLE001 whatever it is, one mail must not stop the others; its text may quote the mail
        _record_failure(mail, type(error).__name__, is_final=False)
        return True
    with writing() as session:
        sent = {"sent_at": now(), "body": "", "claimed_until": None, "last_error": ""}
        session.execute(update(OutgoingMail).where(OutgoingMail.id == mail.id, OutgoingMail.sent_at.is_(None)).values(**sent))
        if filler is not None:
            filler.settle(session, msgspec.json.decode(mail.about), True)
    log.info("mail sent", mail=mail.id, kind=mail.kind, attempts=mail.attempts)
    return True


def _write(mail: _Claimed, filler: Filler | None) -> Letter | None:
    if filler is None:
        return Letter(mail.to_address, mail.subject, mail.body, mark_up(mail.body))
    with reading() as session:
        return filler.write(session, msgspec.json.decode(mail.about))


def _record_nothing(mail: _Claimed, filler: Filler | None) -> None:
    with writing() as session:
        session.execute(delete(OutgoingMail).where(OutgoingMail.id == mail.id, OutgoingMail.sent_at.is_(None)))
        if filler is not None:
            filler.settle(session, msgspec.json.decode(mail.about), False)
    log.info("mail has nothing to say any more", mail=mail.id, kind=mail.kind)


def _put_off(mail: _Claimed, at: datetime) -> None:
    mine = (OutgoingMail.id == mail.id, OutgoingMail.attempts == mail.attempts, *is_waiting())
    # It was no attempt: nobody was asked to take it.
    later = {"due_at": at, "claimed_until": None, "attempts": mail.attempts - 1}
    with writing() as session:
        session.execute(update(OutgoingMail).where(*mine).values(**later))
    log.info("mail put off", mail=mail.id, kind=mail.kind)


def _record_failure(mail: _Claimed, why: str, *, is_final: bool) -> None:
    moment = now()
    is_dead = is_final or mail.attempts >= MOST_ATTEMPTS
    # Only who still holds it: whoever took it over when the claim had run out records how that ended.
    mine = (OutgoingMail.id == mail.id, OutgoingMail.attempts == mail.attempts, *is_waiting())
    with writing() as session:
        _store_failure(session, mine, moment if is_dead else None, due_at=moment + wait_after(mail.attempts), why=why)
    say = log.error if is_dead else log.warning
    say("mail given up" if is_dead else "mail not sent", mail=mail.id, kind=mail.kind, attempts=mail.attempts, error=why)


def _store_failure(
    session: Session, mine: tuple[ColumnElement[bool], ...], failed_at: datetime | None, *, due_at: datetime, why: str
) -> None:
    values = {"failed_at": failed_at, "claimed_until": None, "last_error": why[:300], "due_at": due_at}
    session.execute(update(OutgoingMail).where(*mine).values(**values))


def wait_after(attempts: int) -> timedelta:
    """Return how long a mail waits after its ``attempts``-th failure: 1, 5, 30 minutes, 2 hours, and 8 from then on."""
    return WAITS[min(attempts, len(WAITS)) - 1]
