"""Tables of who is told of what: people who are told, what they follow, and what they were told of.

The rule: a person is told of one thing once, whatever brought them to it (``uq_notifications_once``), and no text stands in any of these rows.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from forum.db.base import Base
from forum.db.columns import Id, Key, Moment, one_of

UNREAD = "read_at IS NULL"
WAITS = "mail_due_at IS NOT NULL"


class Delivery(StrEnum):
    """When mail goes; ``none``: the inbox alone."""

    AT_ONCE = "at_once"
    HOURLY = "hourly"
    DAILY = "daily"
    NONE = "none"


class Target(StrEnum):
    """What can be followed: an article's discussion, one thread of it, the new articles of an author, those of a site."""

    ARTICLE = "article"
    THREAD = "thread"
    AUTHOR = "author"
    SITE = "site"


class Subject(StrEnum):
    """What a notification is about; its ``subject_id`` is an id of that."""

    COMMENT = "comment"
    ARTICLE = "article"
    THANKS = "thanks"
    ANSWERED = "answered"
    STATEMENT = "statement"


class Reason(StrEnum):
    """Why somebody is told, the nearest reason first; it decides which of their settings counts, and what unsubscribing ends."""

    REPLY = "reply"
    MENTION = "mention"
    DESK = "desk"
    THREAD = "thread"
    ARTICLE = "article"
    AUTHOR = "author"
    SITE = "site"
    THANKS = "thanks"
    ANSWERED = "answered"
    DECISION = "decision"


class Subscriber(Base):
    """Somebody who can be told: an account, or a confirmed address without one.

    ``answers``, ``desk`` and ``follows`` say when mail goes about answers to oneself, comments on one's articles, and what one follows. Between the hours
    ``quiet_from`` and ``quiet_to`` of ``zone`` no mail goes; a daily one goes at ``digest_hour``. ``feed_hash``: the secret of the private feed, hashed.
    """

    __tablename__ = "subscribers"
    __table_args__ = (
        UniqueConstraint("account_id"),
        UniqueConstraint("email"),
        UniqueConstraint("feed_hash"),
        CheckConstraint("(account_id IS NULL) <> (email IS NULL)", name="account_or_address"),
        one_of("answers", Delivery),
        one_of("desk", Delivery),
        one_of("follows", Delivery),
    )

    id: Mapped[Key]
    account_id: Mapped[int | None] = mapped_column(Id, ForeignKey("accounts.id", ondelete="CASCADE"))
    email: Mapped[str | None] = mapped_column(String(254))
    language: Mapped[str] = mapped_column(String(16), default="", server_default="")
    answers: Mapped[str] = mapped_column(String(8), default=Delivery.AT_ONCE.value, server_default=Delivery.AT_ONCE.value)
    desk: Mapped[str] = mapped_column(String(8), default=Delivery.DAILY.value, server_default=Delivery.DAILY.value)
    follows: Mapped[str] = mapped_column(String(8), default=Delivery.DAILY.value, server_default=Delivery.DAILY.value)
    quiet_from: Mapped[int | None]
    quiet_to: Mapped[int | None]
    zone: Mapped[str] = mapped_column(String(64), default="UTC", server_default="UTC")
    digest_hour: Mapped[int] = mapped_column(default=7, server_default="7")
    feed_hash: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(Moment)


class Follow(Base):
    """Somebody follows something: an article, a thread (its root), an author (an account) or a site, by ``target_id``."""

    __tablename__ = "follows"
    __table_args__ = (one_of("kind", Target), Index(None, "kind", "target_id", "subscriber_id"))

    subscriber_id: Mapped[int] = mapped_column(Id, ForeignKey("subscribers.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    target_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    created_at: Mapped[datetime] = mapped_column(Moment)


class Notification(Base):
    """Somebody is told of something: what (``subject``, ``subject_id``), why, where it is. ``mail_due_at``: the digest that will name it; ``mailed_at``: when a mail did."""

    __tablename__ = "notifications"
    __table_args__ = (
        UniqueConstraint("subscriber_id", "subject", "subject_id", name="uq_notifications_once"),
        one_of("subject", Subject),
        one_of("reason", Reason),
        Index(None, "subscriber_id", "id"),
        Index(None, "comment_id"),
        Index(None, "created_at"),
        Index("ix_notifications_unread", "subscriber_id", sqlite_where=text(UNREAD), postgresql_where=text(UNREAD)),
        Index("ix_notifications_digest", "subscriber_id", "mail_due_at", sqlite_where=text(WAITS), postgresql_where=text(WAITS)),
    )

    id: Mapped[Key]
    subscriber_id: Mapped[int] = mapped_column(Id, ForeignKey("subscribers.id", ondelete="CASCADE"))
    subject: Mapped[str] = mapped_column(String(16))
    subject_id: Mapped[int] = mapped_column(Id)
    reason: Mapped[str] = mapped_column(String(16))
    article_id: Mapped[int | None] = mapped_column(Id, ForeignKey("articles.id", ondelete="CASCADE"))
    comment_id: Mapped[int | None] = mapped_column(Id, ForeignKey("comments.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(Moment)
    read_at: Mapped[datetime | None] = mapped_column(Moment)
    mail_due_at: Mapped[datetime | None] = mapped_column(Moment)
    mailed_at: Mapped[datetime | None] = mapped_column(Moment)
