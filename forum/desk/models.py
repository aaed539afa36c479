"""Tables of the author's desk: what an author decided about a comment, and templates of replies."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from forum.comments.attention import Attention
from forum.db.base import Base
from forum.db.columns import Id, Key, Moment, one_of


class AttentionEvent(Base):
    """An author set a comment aside, thanked for it, or took that back (``attention`` None); the present state is the comment's own."""

    __tablename__ = "attention_events"
    __table_args__ = (one_of("attention", Attention),)

    id: Mapped[Key]
    comment_id: Mapped[int] = mapped_column(Id, ForeignKey("comments.id"), index=True)
    account_id: Mapped[int] = mapped_column(Id, ForeignKey("accounts.id"), index=True)
    attention: Mapped[str | None] = mapped_column(String(16))
    until: Mapped[datetime | None] = mapped_column(Moment)
    created_at: Mapped[datetime] = mapped_column(Moment)


class ReplyTemplate(Base):
    """A text that an author begins replies with; it must be changed before it is sent."""

    __tablename__ = "reply_templates"
    __table_args__ = (Index(None, "account_id", "id"),)

    id: Mapped[Key]
    account_id: Mapped[int] = mapped_column(Id, ForeignKey("accounts.id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(String(80))
    body_md: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Moment)
