"""Tables of what is said: comments with their place in the thread, counts and scores, and their revisions.

A parent's id is always smaller than its replies', so the first K comments of a thread by id are a whole tree.
"""

from datetime import datetime

from sqlalchemy import CheckConstraint, Float, ForeignKey, Index, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from forum.comments.stance import Stance
from forum.comments.states import State
from forum.db.base import Base
from forum.db.columns import Id, Key, Moment, one_of

# Literal, never bound: both planners use a partial index only when the query's condition is the index's own, letter by letter.
LISTED_ROOT = "depth = 0 AND state <> 'held'"
LISTED_REPLY = "depth > 0 AND state <> 'held'"
HIDDEN = "state NOT IN ('visible', 'erased')"


def _roots_by(*columns: str) -> Index:
    where = text(LISTED_ROOT)
    return Index(f"ix_roots_by_{'_'.join(columns)}", "article_id", *columns, "id", sqlite_where=where, postgresql_where=where)


class Comment(Base):
    """A comment. ``body_md`` and ``body_html`` are the accepted text, rendered once; the counts change in the transaction of their cause.

    ``reply_count``: visible direct replies. ``thread_count`` (roots): comments below it that have a place in the listing. ``author_replied``: an author of the
    article has a visible reply directly below or, for a root, anywhere in the thread. ``lead``: 2 pinned, 1 featured, 0 neither; leads come first in every order.
    ``doubt_rank`` is minus the number of skepticism and disagreement tags, so that "most doubted first" ascends like the rest of its key.
    """

    __tablename__ = "comments"
    __table_args__ = (
        one_of("state", State),
        one_of("stance", Stance),
        CheckConstraint("(depth = 0) = (parent_id IS NULL)", name="root_has_no_parent"),
        CheckConstraint("parent_id IS NULL OR parent_id < id", name="parent_is_older"),
        CheckConstraint("lead BETWEEN 0 AND 2", name="lead"),
        Index("ix_replies_by_root", "root_id", "id", sqlite_where=text(LISTED_REPLY), postgresql_where=text(LISTED_REPLY)),
        Index("ix_comments_hidden", "author_id", "article_id", "id", sqlite_where=text(HIDDEN), postgresql_where=text(HIDDEN)),
        Index("ix_comments_leads", "article_id", "lead", sqlite_where=text("lead > 0"), postgresql_where=text("lead > 0")),
        Index(None, "article_id", "created_at", "id"),
        Index(None, "article_id", "stance", "created_at", "id"),
        Index(None, "author_id", "id"),
        _roots_by("created_at"),
        _roots_by("activity_at"),
        _roots_by("tag_n"),
        _roots_by("score_valued"),
        _roots_by("score_contested"),
        _roots_by("author_replied", "doubt_rank", "created_at"),
    )

    id: Mapped[Key]
    site_id: Mapped[int] = mapped_column(Id, ForeignKey("sites.id"))
    article_id: Mapped[int] = mapped_column(Id, ForeignKey("articles.id"))
    parent_id: Mapped[int | None] = mapped_column(Id, ForeignKey("comments.id"), index=True)
    # A root names itself once its id is known, hence nullable for the length of one flush.
    root_id: Mapped[int | None] = mapped_column(Id, ForeignKey("comments.id"))
    depth: Mapped[int] = mapped_column(default=0)
    author_id: Mapped[int] = mapped_column(Id, ForeignKey("accounts.id"))
    state: Mapped[str] = mapped_column(String(16))
    stance: Mapped[str | None] = mapped_column(String(16))
    body_md: Mapped[str | None] = mapped_column(Text)
    body_html: Mapped[str | None] = mapped_column(Text)
    renderer: Mapped[int]
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    created_at: Mapped[datetime] = mapped_column(Moment)
    published_at: Mapped[datetime | None] = mapped_column(Moment)
    edited_at: Mapped[datetime | None] = mapped_column(Moment)
    withdrawn_at: Mapped[datetime | None] = mapped_column(Moment)
    activity_at: Mapped[datetime] = mapped_column(Moment)
    locked_at: Mapped[datetime | None] = mapped_column(Moment)
    lead: Mapped[int] = mapped_column(default=0, server_default="0")
    featured: Mapped[str | None] = mapped_column(String(200))
    reply_count: Mapped[int] = mapped_column(default=0, server_default="0")
    thread_count: Mapped[int] = mapped_column(default=0, server_default="0")
    author_replied: Mapped[bool] = mapped_column(default=False, server_default=false())
    tag_agreement: Mapped[int] = mapped_column(default=0, server_default="0")
    tag_disagreement: Mapped[int] = mapped_column(default=0, server_default="0")
    tag_skepticism: Mapped[int] = mapped_column(default=0, server_default="0")
    tag_encouragement: Mapped[int] = mapped_column(default=0, server_default="0")
    tag_n: Mapped[int] = mapped_column(default=0, server_default="0")
    score_valued: Mapped[float] = mapped_column(Float(53), default=0.0, server_default="0")
    score_contested: Mapped[float] = mapped_column(Float(53), default=0.0, server_default="0")
    doubt_rank: Mapped[int] = mapped_column(default=0, server_default="0")
    # The readers' tags on visible comments of the whole thread; kept on roots only.
    thread_agreement: Mapped[int] = mapped_column(default=0, server_default="0")
    thread_disagreement: Mapped[int] = mapped_column(default=0, server_default="0")
    thread_skepticism: Mapped[int] = mapped_column(default=0, server_default="0")
    thread_encouragement: Mapped[int] = mapped_column(default=0, server_default="0")


class Revision(Base):
    """One text that a comment had: number 1 is the first; the newest equals the comment's own."""

    __tablename__ = "revisions"
    __table_args__ = (UniqueConstraint("comment_id", "number"), one_of("stance", Stance))

    id: Mapped[Key]
    comment_id: Mapped[int] = mapped_column(Id, ForeignKey("comments.id"))
    number: Mapped[int]
    body_md: Mapped[str] = mapped_column(Text)
    stance: Mapped[str | None] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(Moment)
