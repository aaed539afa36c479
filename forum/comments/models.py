"""Tables of what is said: comments with their place in the thread, counts and scores, and their revisions.

A parent's id is always smaller than its replies', so the first K comments of a thread by id are a whole tree.
"""

from datetime import datetime

from sqlalchemy import (
    CheckConstraint,
    Computed,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from forum.comments.attention import Attention
from forum.comments.stance import Stance
from forum.comments.states import RevisionState, State
from forum.db.base import Base
from forum.db.columns import Id, Key, Moment, one_of

# Literal, never bound: both planners use a partial index only when the query's condition is the index's own, letter by letter.
# Listed, as text or as a tombstone, is what was ever public: it keeps its place whatever becomes of it, and what never was has none.
LISTED_ROOT = "depth = 0 AND listed"
LISTED_REPLY = "depth > 0 AND listed"
HAS_FINGERPRINT = "fingerprint IS NOT NULL"
IS_LOCKED = "locked_at IS NOT NULL"
# What may wait on an author's desk; one set aside until a date is among it, since that date may be over.
WAITING = "state = 'visible' AND NOT author_replied AND (attention IS NULL OR attention = 'later')"
IS_ATTENDED = "attention IS NOT NULL"
# What the next part of a series lists as open: doubts and objections that nobody among the authors has answered or dealt with.
OPEN_QUESTION = (
    "depth = 0 AND state = 'visible' AND NOT author_replied AND stance IN ('skepticism', 'disagreement') "
    "AND (attention IS NULL OR attention = 'later')"
)
HIDDEN = "state NOT IN ('visible', 'erased')"
RESTRICTED_ID = "CASE WHEN state IN ('held', 'screened', 'removed') THEN id END"


def _roots_by(*columns: str) -> Index:
    where = text(LISTED_ROOT)
    return Index(f"ix_roots_by_{'_'.join(columns)}", "article_id", *columns, "id", sqlite_where=where, postgresql_where=where)


class Comment(Base):
    """A comment. ``body_md`` and ``body_html`` are the accepted text, rendered once; the counts change in the transaction of their cause.

    ``reply_count``: visible direct replies. ``thread_count`` (roots): comments below it that have a place in the listing. ``author_replied``: an author of the
    article has a visible reply in its branch, at any depth; ``author_reply_id`` (roots): the first of them in the thread.
    ``lead``: 2 pinned, 1 featured, 0 neither; leads come first in every order.
    ``listed``: it was visible once, so it keeps its place; ``published_at``: when that was first, None before. The orders by time go by it, so that a late approval
    is not buried. ``withdrawn_from``: the state it was withdrawn from. ``restriction_*``: who hid it (``moderator`` or ``rule``), why, and the decision's id –
    deliberately no foreign key, since decisions belong to a room above. ``restricted_id``: its own id while it is held, screened or removed, for which the database
    wants a row in ``restrictions``, and so a statement of reasons, before it commits. ``confidential``: it may identify a patient, so moderators see it masked.
    ``notice``: a moderator's public line below it. ``fingerprint`` tells the same text.
    ``doubt_rank`` is minus the number of skepticism and disagreement tags, so that "most doubted first" ascends like the rest of its key. ``desk_base`` and
    ``desk_rank`` say how urgently it waits on an author's desk (``attention.py``); ``attention``: what an author decided instead of answering, ``later`` until
    ``attention_until``.
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
        Index("ix_comments_locked", "article_id", sqlite_where=text(IS_LOCKED), postgresql_where=text(IS_LOCKED)),
        Index("ix_comments_leads", "article_id", "lead", sqlite_where=text("lead > 0"), postgresql_where=text("lead > 0")),
        Index("ix_comments_attended", "article_id", "id", sqlite_where=text(IS_ATTENDED), postgresql_where=text(IS_ATTENDED)),
        Index(None, "article_id", "published_at", "id"),
        Index(None, "article_id", "stance", "published_at", "id"),
        Index(None, "site_id", "published_at", "stance"),
        Index(None, "author_id", "id"),
        Index(None, "fingerprint", "created_at", sqlite_where=text(HAS_FINGERPRINT), postgresql_where=text(HAS_FINGERPRINT)),
        Index(
            "ix_comments_waiting",
            "article_id",
            "stance",
            "desk_rank",
            "published_at",
            "id",
            sqlite_where=text(WAITING),
            postgresql_where=text(WAITING),
        ),
        Index(
            "ix_roots_open",
            "article_id",
            "doubt_rank",
            "published_at",
            "id",
            sqlite_where=text(OPEN_QUESTION),
            postgresql_where=text(OPEN_QUESTION),
        ),
        one_of("withdrawn_from", State),
        one_of("attention", Attention),
        ForeignKeyConstraint(
            ["restricted_id"], ["restrictions.comment_id"], name="fk_comments_restricted", deferrable=True, initially="DEFERRED"
        ),
        _roots_by("published_at"),
        _roots_by("activity_at"),
        _roots_by("tag_n"),
        _roots_by("score_valued"),
        _roots_by("score_contested"),
        _roots_by("author_replied", "doubt_rank", "published_at"),
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
    fingerprint: Mapped[str | None] = mapped_column(String(64))
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    created_at: Mapped[datetime] = mapped_column(Moment)
    listed: Mapped[bool] = mapped_column(default=False, server_default=false())
    published_at: Mapped[datetime | None] = mapped_column(Moment)
    edited_at: Mapped[datetime | None] = mapped_column(Moment)
    withdrawn_at: Mapped[datetime | None] = mapped_column(Moment)
    withdrawn_from: Mapped[str | None] = mapped_column(String(16))
    activity_at: Mapped[datetime] = mapped_column(Moment)
    locked_at: Mapped[datetime | None] = mapped_column(Moment)
    notice: Mapped[str | None] = mapped_column(String(500))
    restriction_by: Mapped[str | None] = mapped_column(String(16))
    restriction_reason: Mapped[str | None] = mapped_column(String(32))
    restriction_id: Mapped[int | None] = mapped_column(Id)
    restricted_id: Mapped[int | None] = mapped_column(Id, Computed(RESTRICTED_ID, persisted=True), deferred=True)
    confidential: Mapped[bool] = mapped_column(default=False, server_default=false())
    lead: Mapped[int] = mapped_column(default=0, server_default="0")
    featured: Mapped[str | None] = mapped_column(String(200))
    reply_count: Mapped[int] = mapped_column(default=0, server_default="0")
    thread_count: Mapped[int] = mapped_column(default=0, server_default="0")
    author_replied: Mapped[bool] = mapped_column(default=False, server_default=false())
    author_reply_id: Mapped[int | None] = mapped_column(Id)
    tag_agreement: Mapped[int] = mapped_column(default=0, server_default="0")
    tag_disagreement: Mapped[int] = mapped_column(default=0, server_default="0")
    tag_skepticism: Mapped[int] = mapped_column(default=0, server_default="0")
    tag_encouragement: Mapped[int] = mapped_column(default=0, server_default="0")
    tag_n: Mapped[int] = mapped_column(default=0, server_default="0")
    score_valued: Mapped[float] = mapped_column(Float(53), default=0.0, server_default="0")
    score_contested: Mapped[float] = mapped_column(Float(53), default=0.0, server_default="0")
    doubt_rank: Mapped[int] = mapped_column(default=0, server_default="0")
    desk_base: Mapped[float] = mapped_column(Float(53), default=0.0, server_default="0")
    desk_rank: Mapped[float] = mapped_column(Float(53), default=0.0, server_default="0")
    attention: Mapped[str | None] = mapped_column(String(16))
    attention_until: Mapped[datetime | None] = mapped_column(Moment)
    # The readers' tags on visible comments of the whole thread; kept on roots only.
    thread_agreement: Mapped[int] = mapped_column(default=0, server_default="0")
    thread_disagreement: Mapped[int] = mapped_column(default=0, server_default="0")
    thread_skepticism: Mapped[int] = mapped_column(default=0, server_default="0")
    thread_encouragement: Mapped[int] = mapped_column(default=0, server_default="0")


class Revision(Base):
    """One text that a comment had, or that its writer wanted it to have: number 1 is the first; the newest accepted one equals the comment's own.

    ``state`` says who may read it. One that waits (``held``) carries its rendering, so that accepting it renders nothing. ``redacted_id``: the decision whose
    redaction keeps it from readers – deliberately no foreign key, since decisions belong to a room above.
    """

    __tablename__ = "revisions"
    __table_args__ = (UniqueConstraint("comment_id", "number"), one_of("stance", Stance), one_of("state", RevisionState))

    id: Mapped[Key]
    comment_id: Mapped[int] = mapped_column(Id, ForeignKey("comments.id"))
    number: Mapped[int]
    body_md: Mapped[str] = mapped_column(Text)
    stance: Mapped[str | None] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16), default="accepted", server_default="accepted")
    body_html: Mapped[str | None] = mapped_column(Text)
    renderer: Mapped[int | None]
    redacted_id: Mapped[int | None] = mapped_column(Id)
    created_at: Mapped[datetime] = mapped_column(Moment)
