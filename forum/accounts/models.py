"""Tables of people: accounts, their roles on sites, sign-ins and personal tokens. Secrets are stored as hashes only."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from forum.access.viewer import Role
from forum.db.base import Base
from forum.db.columns import Id, Key, Moment, one_of

AWAY = "away_until IS NOT NULL"


class Account(Base):
    """A person. ``handle`` is stored folded and is unique; an account without ``password_hash`` cannot sign in (imported, or single sign-on).

    ``leaving_at``: when the account is deleted, as its owner has asked; ``leaving_with`` says what becomes of the comments. ``left_at``: when that was done.
    ``email_confirmed_at``: when the address in ``email`` was last proven to be theirs. A guest wrote without an account: a name and
    ``guest_email``, no more; nobody signs in as one. ``away_note``: what an author says while away, shown until ``away_until``. ``is_author``: of an
    article, now or once. ``has_news``: the inbox
    holds something that was not read. ``writes`` rises with everything that the account changes, where a replica of the database is asked.
    """

    __tablename__ = "accounts"
    __table_args__ = (
        UniqueConstraint("handle"),
        UniqueConstraint("email"),
        Index(None, "guest_email", unique=True),
        Index("ix_accounts_away", "away_until", sqlite_where=text(AWAY), postgresql_where=text(AWAY)),
    )

    id: Mapped[Key]
    handle: Mapped[str] = mapped_column(String(40))
    email: Mapped[str | None] = mapped_column(String(254))
    display_name: Mapped[str] = mapped_column(String(80))
    credential: Mapped[str] = mapped_column(String(120), default="", server_default="")
    verified: Mapped[bool] = mapped_column(default=False, server_default=false())
    password_hash: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(Moment)
    leaving_at: Mapped[datetime | None] = mapped_column(Moment)
    leaving_with: Mapped[str | None] = mapped_column(String(16))
    left_at: Mapped[datetime | None] = mapped_column(Moment)
    email_confirmed_at: Mapped[datetime | None] = mapped_column(Moment)
    is_guest: Mapped[bool] = mapped_column(default=False, server_default=false())
    guest_email: Mapped[str | None] = mapped_column(String(254))
    away_note: Mapped[str] = mapped_column(String(300), default="", server_default="")
    away_until: Mapped[datetime | None] = mapped_column(Moment)
    is_author: Mapped[bool] = mapped_column(default=False, server_default=false())
    has_news: Mapped[bool] = mapped_column(default=False, server_default=false())
    writes: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")

    @property
    def shown_handle(self) -> str:
        """The handle as others see it; empty for a former member, whose handle leads nowhere."""
        return self.handle if self.left_at is None else ""


class Membership(Base):
    """A role on one site; no row means member."""

    __tablename__ = "memberships"
    __table_args__ = (one_of("role", Role), Index(None, "site_id", "role"))

    account_id: Mapped[int] = mapped_column(Id, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    site_id: Mapped[int] = mapped_column(Id, ForeignKey("sites.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str] = mapped_column(String(16))


class SignIn(Base):
    """One sign-in, named by the signed cookie; ending the row ends it everywhere at once."""

    __tablename__ = "sign_ins"
    __table_args__ = (UniqueConstraint("token_hash"),)

    id: Mapped[Key]
    token_hash: Mapped[str] = mapped_column(String(64))
    account_id: Mapped[int] = mapped_column(Id, ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    device: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(Moment)
    last_seen_at: Mapped[datetime] = mapped_column(Moment)


class ApiToken(Base):
    """A personal token for the API; ``scopes`` are words separated by spaces, ``hint`` its first letters, to tell tokens apart."""

    __tablename__ = "api_tokens"
    __table_args__ = (UniqueConstraint("token_hash"),)

    id: Mapped[Key]
    account_id: Mapped[int] = mapped_column(Id, ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    hint: Mapped[str] = mapped_column(String(16))
    token_hash: Mapped[str] = mapped_column(String(64))
    scopes: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(Moment)
    last_used_at: Mapped[datetime | None] = mapped_column(Moment)


class HandOver(Base):
    """A code by which a frame takes over the sign-in of a window: stored hashed, good once, for two minutes."""

    __tablename__ = "hand_overs"

    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[int] = mapped_column(Id, ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[datetime] = mapped_column(Moment, index=True)
