"""Forgets what people were told of long ago; a pass of the worker, which looks once an hour."""

from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import delete, exists, select

from forum.clock import now
from forum.db.transaction import reading, writing
from forum.notifications.models import Follow, Notification, Subscriber

KEPT = timedelta(days=180)
AT_ONCE = 1000
_TIDIED = "forum_notifications_tidied_at"


def pass_notifications() -> bool:
    """Forget a piece of what is old, at most once an hour, and return whether there is more."""
    tidied_at: datetime | None = current_app.extensions.get(_TIDIED)
    if tidied_at is not None and tidied_at <= now() < tidied_at + timedelta(hours=1):
        return False
    is_more = forget_old(now() - KEPT)
    if not is_more:
        current_app.extensions[_TIDIED] = now()
    return is_more


def forget_old(before: datetime) -> bool:
    """Delete what people were told of before a moment, and addresses without an account that follow nothing any more; return whether there is more."""
    old = select(Notification.id).where(Notification.created_at < before).order_by(Notification.created_at).limit(AT_ONCE)
    following = exists().where(Follow.subscriber_id == Subscriber.id)
    idle = select(Subscriber.id).where(Subscriber.email.is_not(None), Subscriber.created_at < before, ~following).limit(AT_ONCE)
    with reading() as session:
        notifications, subscribers = session.scalars(old).all(), session.scalars(idle).all()
    if notifications or subscribers:
        with writing() as session:
            session.execute(delete(Notification).where(Notification.id.in_(notifications)))
            session.execute(delete(Subscriber).where(Subscriber.id.in_(subscribers), ~following))
    return len(notifications) == AT_ONCE or len(subscribers) == AT_ONCE
