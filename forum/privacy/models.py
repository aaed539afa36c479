"""The table of erasures: one person asks for it, another confirms, and what was written is destroyed."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from forum.db.base import Base
from forum.db.columns import Id, Key, Moment

# Literal, never bound, as in forum/comments/models.py.
IS_OPEN = "done_at IS NULL AND dropped_at IS NULL"


class Erasure(Base):
    """A wish to destroy a comment's text for good: asked by an admin, confirmed by a second person, who may not be the same. ``dropped_at``: it was given up."""

    __tablename__ = "erasures"
    __table_args__ = (
        CheckConstraint("confirmed_by IS NULL OR confirmed_by <> asked_by", name="second_person"),
        CheckConstraint("(confirmed_by IS NULL) = (done_at IS NULL)", name="confirmed"),
        Index("uq_erasures_open", "comment_id", unique=True, sqlite_where=text(IS_OPEN), postgresql_where=text(IS_OPEN)),
        Index(None, "site_id", "id"),
    )

    id: Mapped[Key]
    site_id: Mapped[int] = mapped_column(Id, ForeignKey("sites.id"))
    comment_id: Mapped[int] = mapped_column(Id, ForeignKey("comments.id"))
    reason: Mapped[str] = mapped_column(String(32))
    why: Mapped[str] = mapped_column(Text)
    asked_by: Mapped[int] = mapped_column(Id, ForeignKey("accounts.id"))
    asked_at: Mapped[datetime] = mapped_column(Moment)
    confirmed_by: Mapped[int | None] = mapped_column(Id, ForeignKey("accounts.id"))
    done_at: Mapped[datetime | None] = mapped_column(Moment)
    dropped_at: Mapped[datetime | None] = mapped_column(Moment)
