"""Tables of readers' tags: the present one, keyed by comment and account, and every change as an event."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, false, true
from sqlalchemy.orm import Mapped, mapped_column

from forum.comments.stance import Stance
from forum.db.base import Base
from forum.db.columns import Id, Key, Moment, one_of


class Tag(Base):
    """What one reader makes of one comment. ``counted`` is false for those whose tag is shown but does not count (the article's authors).

    ``suspended``: its account is suspended at present, so it does not count either; taken back, everything is as if it never had been.
    """

    __tablename__ = "tags"
    __table_args__ = (one_of("stance", Stance), Index(None, "comment_id", "counted", "suspended", "stance"))

    comment_id: Mapped[int] = mapped_column(Id, ForeignKey("comments.id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(Id, ForeignKey("accounts.id"), primary_key=True, index=True)
    stance: Mapped[str] = mapped_column(String(16))
    counted: Mapped[bool] = mapped_column(default=True, server_default=true())
    suspended: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[datetime] = mapped_column(Moment)
    changed_at: Mapped[datetime] = mapped_column(Moment)


class TagEvent(Base):
    """One change of a tag; ``stance`` is None when it was removed. Append-only."""

    __tablename__ = "tag_events"
    __table_args__ = (one_of("stance", Stance), Index(None, "comment_id", "account_id", "created_at"), Index(None, "account_id", "id"))

    id: Mapped[Key]
    comment_id: Mapped[int] = mapped_column(Id, ForeignKey("comments.id"))
    account_id: Mapped[int] = mapped_column(Id, ForeignKey("accounts.id"))
    stance: Mapped[str | None] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(Moment)
