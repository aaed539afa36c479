"""Reads of who is told of what: subscribers with their addresses, what they follow, and their inbox."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from forum.accounts.models import Account
from forum.notifications.models import Delivery, Follow, Notification, Reason, Subscriber, Target
from forum.notifications.schedule import Hours

FOLLOWED_BY = {Reason.ARTICLE: Target.ARTICLE, Reason.THREAD: Target.THREAD, Reason.AUTHOR: Target.AUTHOR, Reason.SITE: Target.SITE}
"""Which follow is behind a reason; the others follow from what somebody wrote or is."""

MOST_FOLLOWS = 500


@dataclass(frozen=True)
class Recipient:
    """Somebody who can be told, with the address that mail may go to: empty where none is confirmed. ``has_inbox``: they can sign in and read it here."""

    subscriber: Subscriber
    address: str
    has_inbox: bool

    @property
    def hours(self) -> Hours:
        """When mail may come."""
        known = self.subscriber
        return Hours(known.quiet_from, known.quiet_to, known.zone, known.digest_hour)

    def delivery_of(self, reason: Reason) -> Delivery:
        """When mail goes about what is told for ``reason``."""
        known = self.subscriber
        if reason is Reason.DECISION:
            return Delivery.AT_ONCE
        if reason is Reason.DESK:
            return Delivery(known.desk)
        return Delivery(known.follows if reason in FOLLOWED_BY else known.answers)


def _recipients() -> Select[Subscriber, str | None, bool, bool]:
    # An address that is not confirmed may be somebody else's; a guest has followed a link there. Whoever has left is told nothing.
    is_proven = or_(Account.email_confirmed_at.is_not(None), Account.guest_email.is_not(None))
    address = func.coalesce(Account.email, Account.guest_email)
    return select(Subscriber, address, and_(is_proven, Account.left_at.is_(None)), Account.is_guest.is_(False)).outerjoin(
        Account, Account.id == Subscriber.account_id
    )


def find_recipient(session: Session, subscriber_id: int) -> Recipient | None:
    """Return somebody who can be told, or None where there is no such row any more."""
    row = session.execute(_recipients().where(Subscriber.id == subscriber_id)).first()
    return _recipient(*row) if row is not None else None


def list_recipients(session: Session, *conditions: ColumnElement[bool]) -> list[Recipient]:
    """Return the subscribers that fit ``conditions``, by their ids."""
    rows = session.execute(_recipients().where(*conditions).order_by(Subscriber.id)).all()
    return [_recipient(*row) for row in rows]


def list_followers(session: Session, kind: Target, target_ids: Sequence[int], *, after: int, limit: int) -> list[Recipient]:
    """Return who follows one of these, with subscribers' ids over ``after``, in their order."""
    follows = select(Follow.subscriber_id).where(Follow.kind == kind.value, Follow.target_id.in_(target_ids), Follow.subscriber_id > after)
    ids = session.scalars(follows.distinct().order_by(Follow.subscriber_id).limit(limit)).all()
    return list_recipients(session, Subscriber.id.in_(ids)) if ids else []


def find_subscriber_of(session: Session, account_id: int) -> Subscriber | None:
    """Return the subscriber that an account is, or None where nothing was ever set or told."""
    return session.scalar(select(Subscriber).where(Subscriber.account_id == account_id))


def find_subscriber_at(session: Session, email: str) -> Subscriber | None:
    """Return the subscriber that an address without an account is, or None."""
    return session.scalar(select(Subscriber).where(Subscriber.email == email))


def is_following(session: Session, subscriber_id: int, kind: Target, target_id: int) -> bool:
    """Whether somebody follows this."""
    return session.get(Follow, (subscriber_id, kind.value, target_id)) is not None


def list_follows(session: Session, subscriber_id: int) -> list[Follow]:
    """Return what somebody follows, the latest first."""
    mine = select(Follow).where(Follow.subscriber_id == subscriber_id)
    return list(session.scalars(mine.order_by(Follow.created_at.desc(), Follow.kind, Follow.target_id).limit(MOST_FOLLOWS)))


def count_follows(session: Session, subscriber_id: int) -> int:
    """Return how much somebody follows."""
    return session.scalar(select(func.count()).select_from(Follow).where(Follow.subscriber_id == subscriber_id)) or 0


def list_notifications(session: Session, subscriber_id: int, *, before: int | None, limit: int) -> list[Notification]:
    """Return what somebody was told of, newest first, with ids under ``before``."""
    mine = select(Notification).where(Notification.subscriber_id == subscriber_id)
    if before is not None:
        mine = mine.where(Notification.id < before)
    return list(session.scalars(mine.order_by(Notification.id.desc()).limit(limit)))


def count_unread(session: Session, subscriber_id: int) -> int:
    """Return how much of what somebody was told of was not read."""
    unread = (
        select(func.count()).select_from(Notification).where(Notification.subscriber_id == subscriber_id, Notification.read_at.is_(None))
    )
    return session.scalar(unread) or 0


def _recipient(subscriber: Subscriber, email: str | None, is_confirmed: bool | None, is_member: bool | None) -> Recipient:
    if subscriber.email is not None:
        return Recipient(subscriber, subscriber.email, has_inbox=False)
    return Recipient(subscriber, email or "" if is_confirmed else "", has_inbox=bool(is_member))
