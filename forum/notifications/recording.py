"""Records that people are told of something: a row in each one's inbox and what mail goes about it, in a handful of statements however many they are.

The rule: who was told of it before is not told again, whatever brings them to it now, so that every caller may simply be run again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import Table, bindparam, update
from sqlalchemy.orm import Session

from forum.accounts.models import Account
from forum.clock import now
from forum.db.direct import read
from forum.db.upsert import unless_there
from forum.mail.actions import host_of_messages
from forum.mail.filling import Unwritten, post_unwritten
from forum.notifications.models import Notification, Reason, Subject
from forum.notifications.queries import Addressee
from forum.notifications.schedule import Slot, slot_for

ONE, DIGEST = "notification", "digest"
"""The kinds of mail: about one thing, and about everything since the last."""

GRACE = timedelta(minutes=1)
"""So much later a digest goes than its time: a transaction that gathered something for it just before has ended by then, and nothing falls between two."""


@dataclass(frozen=True)
class News:
    """What people are told of: the subject with its id, the article and comment it is about where there is one."""

    subject: Subject
    subject_id: int
    article_id: int | None = None
    comment_id: int | None = None


_ACCOUNTS = cast(Table, Account.__table__)
_HAS_NEWS = (
    update(_ACCOUNTS)
    .where(_ACCOUNTS.c.id.in_(bindparam("account_ids", expanding=True)), _ACCOUNTS.c.has_news.is_(False))
    .values(has_news=True)
)
_COLUMNS = ("subscriber_id", "subject", "subject_id", "reason", "article_id", "comment_id", "created_at", "mail_due_at")


@lru_cache
def _store(dialect: str) -> Any:
    values: dict[str, Any] = {name: bindparam(name) for name in _COLUMNS}
    return unless_there(dialect, Notification).values(values).returning(Notification.id, Notification.subscriber_id)


@dataclass(frozen=True)
class _Told:
    reason: Reason
    person: Addressee
    slot: Slot | None


def tell_all(session: Session, news: News, people: Iterable[tuple[Reason, Addressee]]) -> None:
    """Tell people of ``news``, each for the first reason that is given here; those who know of it are left out. Writes at most four statements."""
    moment = now()
    told: dict[int, _Told] = {}
    for reason, person in people:
        if person.id not in told:
            told[person.id] = _Told(reason, person, _slot(person, reason, moment))
    if not told:
        return
    added = _insert(session, news, told, moment)
    _mail(session, news, [(told[subscriber_id], notification_id) for notification_id, subscriber_id in added])
    unaware = [person.account_id for _, subscriber_id in added if (person := told[subscriber_id].person).has_news is False]
    if unaware:
        session.connection().execute(_HAS_NEWS, {"account_ids": unaware})


def message_id(subject: str, number: int, subscriber_id: int) -> str:
    """Return the Message-ID, without brackets, of the mail to somebody about something: what answers it can name it, whether it was sent or not."""
    return f"{subject}.{number}.{subscriber_id}@{host_of_messages()}"


def _slot(person: Addressee, reason: Reason, moment: datetime) -> Slot | None:
    return slot_for(person.delivery_of(reason), person.hours, moment) if person.address else None


def _insert(session: Session, news: News, told: Mapping[int, _Told], moment: datetime) -> Sequence[tuple[int, int]]:
    rows = [
        {
            "subscriber_id": subscriber_id,
            "subject": news.subject.value,
            "subject_id": news.subject_id,
            "reason": each.reason.value,
            "article_id": news.article_id,
            "comment_id": news.comment_id,
            "created_at": moment,
            "mail_due_at": each.slot.at if each.slot is not None and each.slot.gathers else None,
        }
        for subscriber_id, each in told.items()
    ]
    connection = session.connection()
    statement = _store(connection.dialect.name)
    # The usual news concerns one person.
    found = read(session, statement, rows[0]) if len(rows) == 1 else connection.execute(statement, rows)
    return [(row[0], row[1]) for row in found]


def _mail(session: Session, news: News, added: Sequence[tuple[_Told, int]]) -> None:
    single, gathered = [], []
    for told, notification_id in added:
        person, slot = told.person, told.slot
        if slot is None:
            continue
        if slot.gathers:
            # One for each time at which a mail goes: whoever is told of more until then has it in the same.
            about: dict[str, int | str] = {"subscriber": person.id, "due_at": slot.at.isoformat()}
            name = message_id(DIGEST, int(slot.at.timestamp()), person.id)
            gathered.append(Unwritten(name, person.address, about, slot.at + GRACE))
        else:
            name = message_id(news.subject, news.subject_id, person.id)
            single.append(Unwritten(name, person.address, {"notification": notification_id}, slot.at))
    post_unwritten(session, ONE, single)
    post_unwritten(session, DIGEST, gathered)
