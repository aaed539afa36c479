"""Tables of signing in from elsewhere: who somebody is there, the keys of host sites, the tokens that were used."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from forum.db.base import Base
from forum.db.columns import Id, Key, Moment, one_of


class Algorithm(StrEnum):
    """How a host site signs its tokens; a key has one and no other is tried."""

    HS256 = "HS256"
    EDDSA = "EdDSA"


class Identity(Base):
    """Who an account is elsewhere: the issuer and its name for the person (``sub``)."""

    __tablename__ = "identities"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    id: Mapped[Key]
    account_id: Mapped[int] = mapped_column(Id, ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    issuer: Mapped[str] = mapped_column(String(255))
    subject: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(Moment)
    last_used_at: Mapped[datetime | None] = mapped_column(Moment)


class HostKey(Base):
    """A key with which a site's host signs tokens: a shared secret (HS256) or the host's public key as a JWK (EdDSA)."""

    __tablename__ = "host_keys"
    __table_args__ = (UniqueConstraint("site_id", "kid"), one_of("algorithm", Algorithm))

    id: Mapped[Key]
    site_id: Mapped[int] = mapped_column(Id, ForeignKey("sites.id", ondelete="CASCADE"))
    kid: Mapped[str] = mapped_column(String(64))
    algorithm: Mapped[str] = mapped_column(String(8))
    key: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Moment)
    last_used_at: Mapped[datetime | None] = mapped_column(Moment)


class UsedToken(Base):
    """A token that was used, by the hash of its issuer and ``jti``: kept until nobody would take it any more."""

    __tablename__ = "used_tokens"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(Moment, index=True)
