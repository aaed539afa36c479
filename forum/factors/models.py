"""Tables of second factors: authenticator apps, passkeys, recovery codes."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from forum.db.base import Base
from forum.db.columns import Id, Key, Moment, one_of


class FactorKind(StrEnum):
    """What a factor is."""

    TOTP = "totp"
    PASSKEY = "passkey"


class Factor(Base):
    """Something by which an account proves itself. Counts only once it is confirmed (``confirmed_at``).

    ``secret`` is a TOTP secret in base 32, ``last_step`` the step whose code was used last (RFC 6238), so that none is used twice. ``credential_id``,
    ``public_key``, ``sign_count`` and ``transports`` are a passkey's (WebAuthn Level 3).
    """

    __tablename__ = "factors"
    __table_args__ = (UniqueConstraint("credential_id"), one_of("kind", FactorKind))

    id: Mapped[Key]
    account_id: Mapped[int] = mapped_column(Id, ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(80))
    secret: Mapped[str | None] = mapped_column(String(64))
    last_step: Mapped[int | None] = mapped_column(Id)
    credential_id: Mapped[bytes | None] = mapped_column(LargeBinary(1023))
    public_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(Id, default=0, server_default="0")
    transports: Mapped[str] = mapped_column(String(120), default="", server_default="")
    created_at: Mapped[datetime] = mapped_column(Moment)
    confirmed_at: Mapped[datetime | None] = mapped_column(Moment)
    last_used_at: Mapped[datetime | None] = mapped_column(Moment)


class UsedChallenge(Base):
    """A challenge that was answered, by its hash: kept until the cookie that carried it would not be taken any more."""

    __tablename__ = "used_challenges"

    challenge_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(Moment, index=True)


class RecoveryCode(Base):
    """A code that stands in once for a lost factor, stored hashed."""

    __tablename__ = "recovery_codes"

    account_id: Mapped[int] = mapped_column(Id, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(Moment)
    used_at: Mapped[datetime | None] = mapped_column(Moment)
