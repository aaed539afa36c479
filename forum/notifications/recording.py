"""Records that people are told of something: a row in each one's inbox and what mail goes about it, in a handful of statements however many they are.

The rule: who was told of it before is not told again, whatever brings them to it now, so that every caller may simply be run again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from forum.accounts.models import Account
from forum.clock import now
from forum.db.upsert import insert_unless_there
from forum.mail.actions import host_of_messages
from forum.mail.filling import Unwritten, post_unwritten
from forum.notifications.models import Notification, Reason, Subject, Subscriber
from forum.notifications.queries import Recipient
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


def tell_all(session: Session, news: News, reason: Reason, people: Sequence[Recipient]) -> None:
    """Tell ``people`` of ``news`` for ``reason``; those who know of it are left out. Writes at most four statements."""
    if not people:
        return
    moment = now()
    slots = {person.subscriber.id: _slot(person, reason, moment) for person in people}
    known = _insert(session, news, reason, slots, moment)
    by_id = {person.subscriber.id: person for person in people}
    told = [(by_id[subscriber_id], notification_id) for notification_id, subscriber_id in known]
    _mail(session, news, told, slots)
    if told:
        theirs = select(Subscriber.account_id).where(Subscriber.id.in_([person.subscriber.id for person, _ in told]))
        session.execute(
            update(Account).where(Account.id.in_(theirs), Account.has_news.is_(False)).values(has_news=True),
            execution_options={"synchronize_session": False},
        )


def message_id(subject: str, number: int, subscriber_id: int) -> str:
    """Return the Message-ID, without brackets, of the mail to somebody about something: what answers it can name it, whether it was sent or not."""
    return f"{subject}.{number}.{subscriber_id}@{host_of_messages()}"


def _slot(person: Recipient, reason: Reason, moment: datetime) -> Slot | None:
    return slot_for(person.delivery_of(reason), person.hours, moment) if person.address else None


def _insert(session: Session, news: News, reason: Reason, slots: dict[int, Slot | None], moment: datetime) -> Sequence[tuple[int, int]]:
    rows = [
        {
            "subscriber_id": subscriber_id,
            "subject": news.subject.value,
            "subject_id": news.subject_id,
            "reason": reason.value,
            "article_id": news.article_id,
            "comment_id": news.comment_id,
            "created_at": moment,
            "mail_due_at": slot.at if slot is not None and slot.gathers else None,
        }
        for subscriber_id, slot in slots.items()
    ]
    statement = insert_unless_there(session, Notification).returning(Notification.id, Notification.subscriber_id)
    return [(row[0], row[1]) for row in session.execute(statement, rows)]


def _mail(session: Session, news: News, told: Sequence[tuple[Recipient, int]], slots: dict[int, Slot | None]) -> None:
    single, gathered = [], []
    for person, notification_id in told:
        slot = slots[person.subscriber.id]
        if slot is None:
            continue
        if slot.gathers:
            # One for each time at which a mail goes: whoever is told of more until then has it in the same.
            about: dict[str, int | str] = {"subscriber": person.subscriber.id, "due_at": slot.at.isoformat()}
            name = message_id(DIGEST, int(slot.at.timestamp()), person.subscriber.id)
            gathered.append(Unwritten(name, person.address, about, slot.at + GRACE))
        else:
            name = message_id(news.subject, news.subject_id, person.subscriber.id)
            single.append(Unwritten(name, person.address, {"notification": notification_id}, slot.at))
    post_unwritten(session, ONE, single)
    post_unwritten(session, DIGEST, gathered)
