"""Tables that every door shares: rate limits and stored answers. Both live in the database, so that they hold across processes."""

from datetime import datetime

from sqlalchemy import Float, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from forum.db.base import Base
from forum.db.columns import Key, Moment


class RateLimit(Base):
    """One bucket of one rate: ``due`` is the theoretical arrival time (seconds since 1970) of the generic cell rate algorithm."""

    __tablename__ = "rate_limits"

    bucket: Mapped[str] = mapped_column(String(64), primary_key=True)
    due: Mapped[float] = mapped_column(Float(53), index=True)


class StoredAnswer(Base):
    """The answer to a POST that carried an Idempotency-Key, replayed for 24 hours; written in the transaction of its effect."""

    __tablename__ = "stored_answers"
    __table_args__ = (UniqueConstraint("caller", "key_hash"), Index(None, "created_at"))

    id: Mapped[Key]
    caller: Mapped[str] = mapped_column(String(64))
    key_hash: Mapped[str] = mapped_column(String(64))
    request_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    location: Mapped[str | None] = mapped_column(String(200))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(Moment)
