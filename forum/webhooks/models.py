"""Tables of webhooks: where programs are told, by which secrets they know us, and what was sent them."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from forum.db.base import Base
from forum.db.columns import Id, Key, Moment

WAITS = text("delivered_at IS NULL AND failed_at IS NULL")


class Webhook(Base):
    """An address that is told of what happens on a site. ``kinds``: of what, words separated by spaces, empty for everything. ``paused_at``: it is told nothing."""

    __tablename__ = "webhooks"

    id: Mapped[Key]
    site_id: Mapped[int] = mapped_column(Id, ForeignKey("sites.id", ondelete="CASCADE"), index=True)
    url: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(String(80))
    kinds: Mapped[str] = mapped_column(Text, default="", server_default="")
    created_at: Mapped[datetime] = mapped_column(Moment)
    paused_at: Mapped[datetime | None] = mapped_column(Moment)


class WebhookSecret(Base):
    """What a webhook's messages are signed with (base64): several while one replaces the other. It must be readable to sign with."""

    __tablename__ = "webhook_secrets"

    id: Mapped[Key]
    webhook_id: Mapped[int] = mapped_column(Id, ForeignKey("webhooks.id", ondelete="CASCADE"), index=True)
    secret: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime] = mapped_column(Moment)
    expires_at: Mapped[datetime | None] = mapped_column(Moment)


class WebhookDelivery(Base):
    """One message to one webhook: the same ``message_id`` at every attempt. It is waiting, delivered (``delivered_at``) or given up (``failed_at``)."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        UniqueConstraint("message_id"),
        Index(None, "webhook_id", "id"),
        Index("ix_webhook_deliveries_waiting", "due_at", "id", sqlite_where=WAITS, postgresql_where=WAITS),
        Index(None, "created_at"),
    )

    id: Mapped[Key]
    webhook_id: Mapped[int] = mapped_column(Id, ForeignKey("webhooks.id", ondelete="CASCADE"))
    message_id: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(40))
    payload: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Moment)
    due_at: Mapped[datetime] = mapped_column(Moment)
    claimed_until: Mapped[datetime | None] = mapped_column(Moment)
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    last_status: Mapped[int | None]
    last_error: Mapped[str] = mapped_column(String(300), default="", server_default="")
    delivered_at: Mapped[datetime | None] = mapped_column(Moment)
    failed_at: Mapped[datetime | None] = mapped_column(Moment)
