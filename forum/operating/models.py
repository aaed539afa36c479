"""Tables of what was done to articles by command: each change with what it takes to undo it."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from forum.db.base import Base
from forum.db.columns import Id, Key, Moment, one_of


class ChangeKind(StrEnum):
    """What was done to an article."""

    MOVE = "move"
    MERGE = "merge"
    ADD_ALIAS = "add_alias"
    REMOVE_ALIAS = "remove_alias"


class ArticleChange(Base):
    """One change of an article, or of two of them (``into_id``: what ``article_id`` was merged into), made by command.

    ``before``: what it takes to undo it, a JSON object of ids, addresses and times, without any text of a comment.
    """

    __tablename__ = "article_changes"
    __table_args__ = (one_of("kind", ChangeKind),)

    id: Mapped[Key]
    site_id: Mapped[int] = mapped_column(Id, ForeignKey("sites.id"))
    kind: Mapped[str] = mapped_column(String(16))
    article_id: Mapped[int] = mapped_column(Id, ForeignKey("articles.id", ondelete="CASCADE"), index=True)
    into_id: Mapped[int | None] = mapped_column(Id, ForeignKey("articles.id", ondelete="CASCADE"), index=True)
    before: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Moment)
    undone_at: Mapped[datetime | None] = mapped_column(Moment)


class ArticleChangeRoot(Base):
    """A thread (its first comment) that a merge took to another article; undoing takes it back with everything below it."""

    __tablename__ = "article_change_roots"

    change_id: Mapped[int] = mapped_column(Id, ForeignKey("article_changes.id", ondelete="CASCADE"), primary_key=True)
    root_id: Mapped[int] = mapped_column(Id, ForeignKey("comments.id", ondelete="CASCADE"), primary_key=True, index=True)
