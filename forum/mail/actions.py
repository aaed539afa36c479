"""Writes of outgoing mail: post one with its cause, give a dead one another chance. Actions flush and never commit."""

import re
import secrets
from datetime import datetime
from urllib.parse import urlsplit

import structlog
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from forum.clock import now
from forum.db.transaction import afterwards
from forum.jobs.telling import tell_of_passes
from forum.mail.models import OutgoingMail
from forum.refusals import Fault, invalid, not_found
from forum.sentences import sentence
from forum.web.context import settings

log = structlog.get_logger(__name__)
SUBJECT_MAX = 300
ADDRESS_MAX = 254
# Line ends begin a header of their own, other control characters have no place in one (RFC 5322, section 2.2); the last two end lines for some programs.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_ADDRESS = re.compile(r"[^@\s<>()\[\]\\,;:\"]{1,64}@[^@\s<>()\[\]\\,;:\"]{1,189}")


def post_mail(session: Session, *, kind: str, to: str, subject: str, body: str, due_at: datetime | None = None) -> OutgoingMail:
    """Record a mail in the open transaction; it is sent after the commit, not before ``due_at``. Nobody waits for it here.

    Raises Refusal ``validation`` for an address or a subject that would write headers of its own.
    """
    if not _ADDRESS.fullmatch(to) or _CONTROL.search(to) or len(to) > ADDRESS_MAX:
        raise invalid(Fault("/email", "invalid", "This is not an e-mail address such as anna@example.org."))
    if _CONTROL.search(subject) or len(subject) > SUBJECT_MAX:
        raise invalid(Fault("/subject", "invalid", "The subject of a mail is one line of at most 300 characters."))
    moment = now()
    mail = OutgoingMail(
        message_id=f"<{secrets.token_hex(16)}@{host_of_messages()}>",
        kind=kind,
        to_address=to,
        subject=subject,
        body=body,
        created_at=moment,
        due_at=due_at or moment,
    )
    session.add(mail)
    session.flush()
    if mail.due_at <= moment:
        afterwards(session, tell_of_passes)
    log.info("mail posted", mail=mail.id, kind=kind)
    return mail


def retry_mail(session: Session, mail_id: int) -> OutgoingMail:
    """Let a mail that was given up be tried again from the beginning. Raises Refusal ``not-found`` for any other."""
    dead = (OutgoingMail.id == mail_id, OutgoingMail.failed_at.is_not(None))
    again = update(OutgoingMail).where(*dead).values(failed_at=None, attempts=0, claimed_until=None, due_at=now())
    found = session.scalar(again.returning(OutgoingMail.id))
    if found is None:
        raise not_found(sentence("mail that was given up"))
    afterwards(session, tell_of_passes)
    log.info("mail tried again", mail=mail_id)
    return session.get_one(OutgoingMail, mail_id, populate_existing=True)


def forget_mails_to(session: Session, address: str) -> None:
    """Delete every mail to ``address``, sent or waiting: its owner is leaving."""
    session.execute(delete(OutgoingMail).where(OutgoingMail.to_address == address))


def host_of_messages() -> str:
    """Return what stands behind the @ of our Message-IDs."""
    host = urlsplit(settings().base_url).hostname or "localhost"
    # Short enough for one line: the library would fold a longer one into an encoded word, which no mail program reads as an id.
    return f"[{host}]" if ":" in host else host[-30:].lstrip(".-")
