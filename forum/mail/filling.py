"""Mails that are written only when they are sent, so that what was hidden or unsubscribed meanwhile is not in them. Rooms enter theirs in ``FILLERS`` (``app.py``).

The rule: the row in the outbox says by ids what the mail is about; the letter is made of what is true at the moment of sending, or there is none.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy.orm import Session

from forum.clock import now
from forum.db.transaction import afterwards
from forum.db.upsert import insert_unless_there
from forum.jobs.telling import tell_of_passes
from forum.mail.models import OutgoingMail


@dataclass(frozen=True)
class Letter:
    """What a mail says and to whom, now: text and HTML say the same; ``headers`` are those beyond the usual ones."""

    to: str
    subject: str
    text: str
    html: str
    headers: Mapping[str, str] = field(default_factory=dict)


class Later(Exception):
    """A letter must not go now; at ``at`` it may, and is written then."""

    def __init__(self, at: datetime) -> None:
        super().__init__(at.isoformat())
        self.at = at


@dataclass(frozen=True)
class Filler:
    """How the mails of a kind are written: ``write`` reads and returns the letter, or None where there is nothing to say any more. It raises Later.

    ``settle`` is called in the transaction that records that it was sent (True) or that there was nothing to send (False).
    """

    write: Callable[[Session, Mapping[str, Any]], Letter | None]
    settle: Callable[[Session, Mapping[str, Any], bool], None]


FILLERS: dict[str, Filler] = {}


@dataclass(frozen=True)
class Unwritten:
    """A mail to be written when it is sent: ``message_id`` without brackets, one mail for each."""

    message_id: str
    to: str
    about: Mapping[str, int | str]
    due_at: datetime


def post_unwritten(session: Session, kind: str, mails: Sequence[Unwritten]) -> None:
    """Record mails of ``kind`` in the open transaction; one whose ``message_id`` is there already is not recorded again."""
    if not mails:
        return
    moment = now()
    rows = [
        {
            "message_id": f"<{mail.message_id}>",
            "kind": kind,
            "to_address": mail.to,
            "subject": "",
            "body": "",
            "about": msgspec.json.encode(dict(mail.about)).decode(),
            "created_at": moment,
            "due_at": mail.due_at,
        }
        for mail in mails
    ]
    session.execute(insert_unless_there(session, OutgoingMail), rows)
    if any(mail.due_at <= moment for mail in mails):
        afterwards(session, tell_of_passes)
