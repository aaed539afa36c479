"""Tables of webhooks: where programs are told, by which secrets they know us, and what was sent them."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from forum.db.base import Base
from forum.db.columns import Id, Key, Moment

WAITS = text("delivered_at IS NULL AND failed_at IS NULL")
FAILED = text("failed_at IS NOT NULL")


class Webhook(Base):
    """An address that is told of what happens on a site. ``kinds``: of what, words separated by spaces, empty for everything. ``paused_at``: it is told nothing.

    ``is_gone``: it was paused because it answered that it is gone. ``failures``: how many attempts have failed since the last that did not; ``rests_until``:
    nothing is sent to it before, so that one that is slow or away takes little of the sender's time; ``tried_at``: when something was sent last.
    """

    __tablename__ = "webhooks"

    id: Mapped[Key]
    site_id: Mapped[int] = mapped_column(Id, ForeignKey("sites.id", ondelete="CASCADE"), index=True)
    url: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(String(80))
    kinds: Mapped[str] = mapped_column(Text, default="", server_default="")
    created_at: Mapped[datetime] = mapped_column(Moment)
    paused_at: Mapped[datetime | None] = mapped_column(Moment)
    is_gone: Mapped[bool] = mapped_column(default=False, server_default=false())
    failures: Mapped[int] = mapped_column(default=0, server_default="0")
    rests_until: Mapped[datetime | None] = mapped_column(Moment)
    tried_at: Mapped[datetime | None] = mapped_column(Moment)


class WebhookSecret(Base):
    """What a webhook's messages are signed with (base64): several while one replaces the other. It must be readable to sign with; ``expires_at``: not after."""

    __tablename__ = "webhook_secrets"

    id: Mapped[Key]
    webhook_id: Mapped[int] = mapped_column(Id, ForeignKey("webhooks.id", ondelete="CASCADE"), index=True)
    secret: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime] = mapped_column(Moment)
    expires_at: Mapped[datetime | None] = mapped_column(Moment)


class WebhookDelivery(Base):
    """One message to one webhook: the same ``message_id`` at every attempt. It is waiting, delivered (``delivered_at``) or given up (``failed_at``).

    ``queued_at``: since when it has been tried, which a replay begins anew. ``last_error``: what went wrong at the last attempt, a word of ``troubles.py``.
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        UniqueConstraint("message_id"),
        Index(None, "webhook_id", "id"),
        Index("ix_webhook_deliveries_waiting", "webhook_id", "due_at", "id", sqlite_where=WAITS, postgresql_where=WAITS),
        Index("ix_webhook_deliveries_failed", "webhook_id", "id", sqlite_where=FAILED, postgresql_where=FAILED),
        Index(None, "created_at"),
    )

    id: Mapped[Key]
    webhook_id: Mapped[int] = mapped_column(Id, ForeignKey("webhooks.id", ondelete="CASCADE"))
    message_id: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(40))
    payload: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Moment)
    queued_at: Mapped[datetime] = mapped_column(Moment)
    due_at: Mapped[datetime] = mapped_column(Moment)
    claimed_until: Mapped[datetime | None] = mapped_column(Moment)
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    last_status: Mapped[int | None]
    last_error: Mapped[str] = mapped_column(String(300), default="", server_default="")
    delivered_at: Mapped[datetime | None] = mapped_column(Moment)
    failed_at: Mapped[datetime | None] = mapped_column(Moment)
