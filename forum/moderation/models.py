"""Tables of moderation: review items, reports, decisions, statements of reasons, batches, findings, notes, rule sets, and the append-only log.

One open item per comment, one decision per version of an item, one open report per person and comment, no restriction without a statement: constraints, not
good manners.
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

from forum.comments.states import State
from forum.db.base import Base
from forum.db.columns import Id, Key, Moment, one_of
from forum.moderation.actors import ActorKind
from forum.moderation.reasons import DecisionReason, ReportReason
from forum.moderation.review import Action, ItemState, Origin, ReportState, Restriction, Source
from forum.moderation.screening.findings import Outcome

# Literal, never bound, as in forum/comments/models.py: a partial index is used only when the query's condition is its own.
IS_OPEN = "state = 'open'"
IS_CLOSED = "state = 'closed'"
UNSENT = "mailed_at IS NULL"


# What an item's reasons repeat of it.
STANDING = ("id", "site_id", "state", "lane", "rank")


def _open_by(name: str, *columns: str, row_id: str = "id") -> Index:
    # The site comes first in each: an index with both columns is never mistaken for the one of the whole site.
    where = text(IS_OPEN)
    return Index(f"ix_open_items_by_{name}", "site_id", *columns, "lane", "rank", row_id, sqlite_where=where, postgresql_where=where)


def _closed_by(name: str, *columns: str) -> Index:
    where = text(IS_CLOSED)
    return Index(f"ix_closed_items_by_{name}", "site_id", *columns, "closed_at", "id", sqlite_where=where, postgresql_where=where)


class ReviewItem(Base):
    """One case for moderators: a comment, why it is here, how urgent it is, who has it open. ``rank`` is minus the priority: the first is most urgent.

    ``lane`` is where it stands now, ``base_lane`` where it was put; an overdue one has moved up by one (``aged``). ``version`` rises with everything that a
    moderator should have seen before deciding: a report, an edit, a decision. ``revision_id``: the edit that waits, or None.
    """

    __tablename__ = "review_items"
    __table_args__ = (
        one_of("state", ItemState),
        one_of("origin", Origin),
        CheckConstraint("lane BETWEEN 0 AND 3", name="lane"),
        Index("uq_review_items_open_comment", "comment_id", unique=True, sqlite_where=text(IS_OPEN), postgresql_where=text(IS_OPEN)),
        UniqueConstraint(*STANDING),
        _open_by("lane"),
        _open_by("article", "article_id"),
        _open_by("writer", "writer_id"),
        _closed_by("time"),
        _closed_by("article", "article_id"),
        _closed_by("writer", "writer_id"),
        Index(None, "comment_id", "id"),
    )

    id: Mapped[Key]
    site_id: Mapped[int] = mapped_column(Id, ForeignKey("sites.id"))
    article_id: Mapped[int] = mapped_column(Id, ForeignKey("articles.id"))
    comment_id: Mapped[int] = mapped_column(Id, ForeignKey("comments.id"))
    writer_id: Mapped[int] = mapped_column(Id, ForeignKey("accounts.id"))
    state: Mapped[str] = mapped_column(String(16))
    origin: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(32))
    lane: Mapped[int]
    base_lane: Mapped[int]
    aged: Mapped[bool] = mapped_column(default=False, server_default=false())
    priority: Mapped[float] = mapped_column(Float(53), default=0.0, server_default="0")
    rank: Mapped[float] = mapped_column(Float(53), default=0.0, server_default="0")
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    revision_id: Mapped[int | None] = mapped_column(Id, ForeignKey("revisions.id"))
    opened_by: Mapped[int | None] = mapped_column(Id, ForeignKey("accounts.id"))
    opened_at: Mapped[datetime] = mapped_column(Moment)
    due_at: Mapped[datetime] = mapped_column(Moment)
    claimed_by: Mapped[int | None] = mapped_column(Id, ForeignKey("accounts.id"))
    claimed_until: Mapped[datetime | None] = mapped_column(Moment)
    closed_at: Mapped[datetime | None] = mapped_column(Moment)


class ItemReason(Base):
    """A reason for which an item is in the queue: a report's, a phase's, or ``own_initiative``; what the queue is filtered by.

    It repeats where its item stands, so that the open items with one reason are a range of an index; the database itself lets it follow.
    """

    __tablename__ = "item_reasons"
    __table_args__ = (
        ForeignKeyConstraint(
            ("item_id", *STANDING[1:]), [f"review_items.{name}" for name in STANDING], name="fk_item_reasons_standing", onupdate="CASCADE"
        ),
        _open_by("reason", "reason", row_id="item_id"),
    )

    item_id: Mapped[int] = mapped_column(Id, primary_key=True)
    reason: Mapped[str] = mapped_column(String(32), primary_key=True)
    site_id: Mapped[int] = mapped_column(Id)
    state: Mapped[str] = mapped_column(String(16))
    lane: Mapped[int]
    rank: Mapped[float] = mapped_column(Float(53))


class Batch(Base):
    """One decision on several like items at once, which its moderator can undo for ten minutes."""

    __tablename__ = "batches"
    __table_args__ = (one_of("action", Action), Index(None, "moderator_id", "id"))

    id: Mapped[Key]
    site_id: Mapped[int] = mapped_column(Id, ForeignKey("sites.id"))
    moderator_id: Mapped[int] = mapped_column(Id, ForeignKey("accounts.id"))
    action: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(Moment)
    undone_at: Mapped[datetime | None] = mapped_column(Moment)


class Decision(Base):
    """What was decided on a comment, by whom (``moderator_id``, or a ``rule`` when no person did), why, and what it changed. Never edited but for its undoing.

    ``item_version``: the version of the item that the moderator saw. ``comment_version``: the comment's right after. ``statement``: what the writer reads.
    ``notice``: the line that it put below the comment. ``restricts``: it takes something from the writer, so the database wants a statement of reasons for it
    (``stated_id``) before it commits. ``appeal_id``: the appeal that led to it – no foreign key, since appeals belong to a room above.
    """

    __tablename__ = "decisions"
    __table_args__ = (
        # The last line: should all locks fail, two decisions on one version of an item still cannot both be stored.
        UniqueConstraint("item_id", "item_version"),
        one_of("action", Action),
        one_of("reason", DecisionReason),
        CheckConstraint("(moderator_id IS NULL) <> (rule IS NULL)", name="moderator_or_rule"),
        CheckConstraint("length(statement) >= 40", name="statement"),
        CheckConstraint("action NOT IN ('remove', 'redact', 'screen_out', 'lock', 'notice', 'hold') OR restricts", name="restricts"),
        ForeignKeyConstraint(["stated_id"], ["statements.decision_id"], name="fk_decisions_stated", deferrable=True, initially="DEFERRED"),
        Index(None, "site_id", "created_at"),
        Index(None, "comment_id", "id"),
        Index(None, "moderator_id", "comment_id"),
        Index(None, "batch_id"),
    )

    id: Mapped[Key]
    site_id: Mapped[int] = mapped_column(Id, ForeignKey("sites.id"))
    item_id: Mapped[int] = mapped_column(Id, ForeignKey("review_items.id"))
    item_version: Mapped[int]
    comment_id: Mapped[int] = mapped_column(Id, ForeignKey("comments.id"))
    revision_id: Mapped[int | None] = mapped_column(Id, ForeignKey("revisions.id"))
    moderator_id: Mapped[int | None] = mapped_column(Id, ForeignKey("accounts.id"))
    rule: Mapped[str | None] = mapped_column(String(32))
    action: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(32))
    statement: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text, default="", server_default="")
    notice: Mapped[str | None] = mapped_column(String(500))
    from_state: Mapped[str] = mapped_column(String(16))
    to_state: Mapped[str] = mapped_column(String(16))
    comment_version: Mapped[int]
    closes: Mapped[bool]
    own_initiative: Mapped[bool] = mapped_column(default=False, server_default=false())
    restricts: Mapped[bool] = mapped_column(default=False, server_default=false())
    stated_id: Mapped[int | None] = mapped_column(Id, Computed("CASE WHEN restricts THEN id END", persisted=True), deferred=True)
    appeal_id: Mapped[int | None] = mapped_column(Id, index=True)
    batch_id: Mapped[int | None] = mapped_column(Id, ForeignKey("batches.id"))
    undoes_id: Mapped[int | None] = mapped_column(Id, ForeignKey("decisions.id"))
    undone_at: Mapped[datetime | None] = mapped_column(Moment)
    resubmitted_at: Mapped[datetime | None] = mapped_column(Moment)
    created_at: Mapped[datetime] = mapped_column(Moment)


class StatementOfReasons(Base):
    """Why somebody was restricted: one for each decision that takes something from a writer, and one for each sanction. Never edited.

    The items are those of Regulation (EU) 2022/2065, Article 17(3). What was decided in words – the facts – stands in the decision or the sanction itself.
    ``source``: what brought it up; ``detected_automatically`` and ``decided_automatically``: whether automated means found, and decided. ``ground``: ``law``, or the
    ``rules`` of the site; ``clause``: the reason's code. ``ends_at``: None for what lasts until it is decided otherwise. ``mail_after``: when the mail about it may
    go, since a batch can be undone; ``mailed_at``: when it went. ``decision_id`` and ``sanction_id`` are no foreign keys: those refer to this.
    """

    __tablename__ = "statements"
    __table_args__ = (
        UniqueConstraint("decision_id"),
        UniqueConstraint("sanction_id"),
        one_of("restriction", Restriction),
        one_of("source", Source),
        CheckConstraint("(decision_id IS NULL) <> (sanction_id IS NULL)", name="decision_or_sanction"),
        CheckConstraint("ground IN ('law', 'rules')", name="ground"),
        Index(None, "account_id", "id"),
        Index("ix_statements_to_mail", "mail_after", "id", sqlite_where=text(UNSENT), postgresql_where=text(UNSENT)),
    )

    id: Mapped[Key]
    site_id: Mapped[int] = mapped_column(Id, ForeignKey("sites.id"))
    account_id: Mapped[int] = mapped_column(Id, ForeignKey("accounts.id"))
    decision_id: Mapped[int | None] = mapped_column(Id)
    sanction_id: Mapped[int | None] = mapped_column(Id)
    restriction: Mapped[str] = mapped_column(String(16))
    source: Mapped[str] = mapped_column(String(16))
    detected_automatically: Mapped[bool]
    decided_automatically: Mapped[bool]
    ground: Mapped[str] = mapped_column(String(8))
    clause: Mapped[str] = mapped_column(String(32))
    ends_at: Mapped[datetime | None] = mapped_column(Moment)
    appeal_until: Mapped[datetime] = mapped_column(Moment)
    mail_after: Mapped[datetime] = mapped_column(Moment)
    mailed_at: Mapped[datetime | None] = mapped_column(Moment)
    created_at: Mapped[datetime] = mapped_column(Moment)


class CommentRestriction(Base):
    """The decision by which a comment is held, screened or removed at present. Without a row here the database takes none into such a state."""

    __tablename__ = "restrictions"
    __table_args__ = (Index(None, "decision_id"),)

    # No foreign keys to comments and decisions: both refer here, the one directly and the other by way of the statement.
    comment_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    decision_id: Mapped[int] = mapped_column(Id, ForeignKey("statements.decision_id", deferrable=True, initially="DEFERRED"))


class Reveal(Base):
    """Who has asked to see a masked text, and when last: it is shown to this moderator for ten minutes. Each asking is a row of the log."""

    __tablename__ = "reveals"

    comment_id: Mapped[int] = mapped_column(Id, ForeignKey("comments.id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(Id, ForeignKey("accounts.id"), primary_key=True)
    revealed_at: Mapped[datetime] = mapped_column(Moment)


class Reconsideration(Base):
    """A token with which a writer has sent a text again that could identify a patient, by its hash: each is good once."""

    __tablename__ = "reconsiderations"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    used_at: Mapped[datetime] = mapped_column(Moment, index=True)


class Report(Base):
    """What one person found wrong with a comment, or a notice of somebody without an account (``notifier_*``). ``reference`` opens its receipt."""

    __tablename__ = "reports"
    __table_args__ = (
        UniqueConstraint("reference"),
        one_of("reason", ReportReason),
        one_of("state", ReportState),
        CheckConstraint("(reporter_id IS NULL) = (notifier_email IS NOT NULL)", name="reporter_or_notifier"),
        Index("uq_reports_open", "comment_id", "reporter_id", unique=True, sqlite_where=text(IS_OPEN), postgresql_where=text(IS_OPEN)),
        Index(None, "reporter_id", "id"),
        Index(None, "item_id", "state"),
        Index(None, "comment_id", "reporter_id"),
        Index(None, "site_id", "created_at"),
        Index(None, "site_id", "closed_at"),
    )

    id: Mapped[Key]
    reference: Mapped[str] = mapped_column(String(24))
    site_id: Mapped[int] = mapped_column(Id, ForeignKey("sites.id"))
    comment_id: Mapped[int] = mapped_column(Id, ForeignKey("comments.id"))
    revision_id: Mapped[int | None] = mapped_column(Id, ForeignKey("revisions.id"))
    item_id: Mapped[int] = mapped_column(Id, ForeignKey("review_items.id"))
    reporter_id: Mapped[int | None] = mapped_column(Id, ForeignKey("accounts.id"))
    notifier_name: Mapped[str | None] = mapped_column(String(120))
    notifier_email: Mapped[str | None] = mapped_column(String(254))
    reason: Mapped[str] = mapped_column(String(32))
    note: Mapped[str] = mapped_column(Text, default="", server_default="")
    weight: Mapped[float] = mapped_column(Float(53))
    state: Mapped[str] = mapped_column(String(16))
    decision_id: Mapped[int | None] = mapped_column(Id, ForeignKey("decisions.id"))
    created_at: Mapped[datetime] = mapped_column(Moment)
    closed_at: Mapped[datetime | None] = mapped_column(Moment)


class StoredFinding(Base):
    """What one phase of screening found in one revision of a comment; ``matches`` is a JSON list of the words that led to it, ``spans`` of their places in the text."""

    __tablename__ = "findings"
    __table_args__ = (one_of("outcome", Outcome), Index(None, "comment_id", "id"), Index(None, "revision_id"))

    id: Mapped[Key]
    comment_id: Mapped[int] = mapped_column(Id, ForeignKey("comments.id"))
    revision_id: Mapped[int] = mapped_column(Id, ForeignKey("revisions.id"))
    phase: Mapped[str] = mapped_column(String(32))
    outcome: Mapped[str] = mapped_column(String(16))
    code: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(String(32))
    detail: Mapped[str] = mapped_column(Text)
    matches: Mapped[str] = mapped_column(Text, default="[]", server_default="[]")
    spans: Mapped[str] = mapped_column(Text, default="[]", server_default="[]")
    created_at: Mapped[datetime] = mapped_column(Moment)


class ModeratorNote(Base):
    """A private note of a moderator about a person, perhaps written at an item; only moderators read it."""

    __tablename__ = "moderator_notes"
    __table_args__ = (Index(None, "account_id", "id"), Index(None, "item_id", "id"))

    id: Mapped[Key]
    site_id: Mapped[int] = mapped_column(Id, ForeignKey("sites.id"))
    account_id: Mapped[int] = mapped_column(Id, ForeignKey("accounts.id"))
    item_id: Mapped[int | None] = mapped_column(Id, ForeignKey("review_items.id"))
    author_id: Mapped[int] = mapped_column(Id, ForeignKey("accounts.id"))
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Moment)


class RuleSet(Base):
    """A site's screening rules as they were from one moment on; the highest number holds. None: the shipped defaults."""

    __tablename__ = "rule_sets"
    __table_args__ = (UniqueConstraint("site_id", "number"),)

    id: Mapped[Key]
    site_id: Mapped[int] = mapped_column(Id, ForeignKey("sites.id"))
    number: Mapped[int]
    document: Mapped[str] = mapped_column(Text)
    changed_by: Mapped[int] = mapped_column(Id, ForeignKey("accounts.id"))
    created_at: Mapped[datetime] = mapped_column(Moment)


class LogEntry(Base):
    """One row of the moderation log: append-only (triggers refuse UPDATE and DELETE), hashed with the row before.

    Its ids are deliberately no foreign keys: the log outlives the accounts, comments and decisions it names. ``detail`` is a JSON object without any text of
    a comment, a report or a statement.
    """

    __tablename__ = "moderation_log"
    __table_args__ = (
        UniqueConstraint("site_id", "seq"),
        one_of("actor_kind", ActorKind),
        one_of("from_state", State),
        one_of("to_state", State),
        Index("ix_public_log", "site_id", "seq", sqlite_where=text("is_public"), postgresql_where=text("is_public")),
        Index(None, "comment_id", "id"),
        Index(None, "decision_id"),
    )

    id: Mapped[Key]
    site_id: Mapped[int] = mapped_column(Id)
    seq: Mapped[int] = mapped_column(Id)
    at: Mapped[datetime] = mapped_column(Moment)
    event: Mapped[str] = mapped_column(String(32))
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor_id: Mapped[int | None] = mapped_column(Id)
    rule: Mapped[str | None] = mapped_column(String(32))
    reason: Mapped[str | None] = mapped_column(String(32))
    article_id: Mapped[int | None] = mapped_column(Id)
    comment_id: Mapped[int | None] = mapped_column(Id)
    decision_id: Mapped[int | None] = mapped_column(Id)
    from_state: Mapped[str | None] = mapped_column(String(16))
    to_state: Mapped[str | None] = mapped_column(String(16))
    detail: Mapped[str] = mapped_column(Text, default="{}", server_default="{}")
    is_public: Mapped[bool]
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class LogHead(Base):
    """The last row of a site's log, locked by whoever appends: rows come one after the other, and a log that lost its end is found out."""

    __tablename__ = "moderation_log_heads"

    site_id: Mapped[int] = mapped_column(Id, primary_key=True)
    seq: Mapped[int] = mapped_column(Id)
    hash: Mapped[str] = mapped_column(String(64))
