"""Table of links that were mailed: each good once, for one purpose, for a short time."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from forum.db.base import Base
from forum.db.columns import Id, Key, Moment, one_of


class Purpose(StrEnum):
    """What following a mailed link does."""

    CONFIRM = "confirm"
    SIGN_IN = "sign_in"
    RESET = "reset"
    LINK = "link"
    GUEST = "guest"


class MailLink(Base):
    """A link in a mail: its secret is stored hashed. ``account_id`` is whom it is about, ``email`` the address that it proves.

    ``data``: what the room that made it needs to go on (JSON), such as where to return.
    """

    __tablename__ = "mail_links"
    __table_args__ = (
        UniqueConstraint("token_hash"),
        one_of("purpose", Purpose),
        Index(None, "account_id", "purpose"),
        Index(None, "expires_at"),
    )

    id: Mapped[Key]
    token_hash: Mapped[str] = mapped_column(String(64))
    purpose: Mapped[str] = mapped_column(String(16))
    account_id: Mapped[int | None] = mapped_column(Id, ForeignKey("accounts.id", ondelete="CASCADE"))
    email: Mapped[str] = mapped_column(String(254))
    data: Mapped[str] = mapped_column(Text, default="{}", server_default="{}")
    created_at: Mapped[datetime] = mapped_column(Moment)
    expires_at: Mapped[datetime] = mapped_column(Moment)
    used_at: Mapped[datetime | None] = mapped_column(Moment)
