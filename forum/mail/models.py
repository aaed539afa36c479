"""Table of outgoing mail: written with its cause, sent by the worker, kept without its text once it is sent."""

from datetime import datetime

from sqlalchemy import Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from forum.db.base import Base
from forum.db.columns import Key, Moment

WAITS = text("sent_at IS NULL AND failed_at IS NULL")


class OutgoingMail(Base):
    """One mail. ``message_id`` is the same at every attempt, so that a mail sent twice is shown once; ``due_at``: not before.

    One that is written only when it is sent has neither subject nor text; ``about`` says for whom ``kind`` writes it then (JSON, ids).
    A mail is waiting, sent (``sent_at``) or given up (``failed_at``); whoever sends it holds it until ``claimed_until``.
    """

    __tablename__ = "mails"
    __table_args__ = (
        UniqueConstraint("message_id"),
        Index("ix_mails_waiting", "due_at", "id", sqlite_where=WAITS, postgresql_where=WAITS),
    )

    id: Mapped[Key]
    message_id: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(40))
    to_address: Mapped[str] = mapped_column(String(254))
    subject: Mapped[str] = mapped_column(String(300))
    body: Mapped[str] = mapped_column(Text)
    about: Mapped[str] = mapped_column(Text, default="", server_default="")
    created_at: Mapped[datetime] = mapped_column(Moment)
    due_at: Mapped[datetime] = mapped_column(Moment)
    claimed_until: Mapped[datetime | None] = mapped_column(Moment)
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    sent_at: Mapped[datetime | None] = mapped_column(Moment)
    failed_at: Mapped[datetime | None] = mapped_column(Moment)
    last_error: Mapped[str] = mapped_column(String(300), default="", server_default="")
