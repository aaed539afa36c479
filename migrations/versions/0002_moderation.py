"""Moderation: review items, reports, decisions, findings, notes, rule sets, the log; jobs; and what comments and revisions need for them.

No table is rebuilt: SQLite adds and drops columns in place, checks and all, so no row can be lost. What has a place in a listing is now told by
``listed``, which every comment that was ever public is.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
LISTED_BEFORE, LISTED = "state <> 'held'", "listed"
STATES = "'held', 'visible', 'screened', 'removed', 'withdrawn', 'erased'"
ACTIONS = "'approve', 'remove', 'redact', 'screen_out', 'restore', 'no_action', 'lock', 'unlock', 'notice', 'hold', 'settle', 'undo'"
REASONS = (
    "'confidentiality', 'threat_selfharm', 'illegal', 'harassment', 'impersonation', 'dangerous_advice', 'promotion', 'off_topic', 'other'"
)
REVISION_STATES = "'accepted', 'held', 'declined', 'replaced', 'redacted'"
# Orders of roots that stay as they are but for their condition, and those that go by another moment now.
SAME_ORDERS = (("activity_at",), ("tag_n",), ("score_valued",), ("score_contested",))
ORDERS_BEFORE = (("created_at",), ("author_replied", "doubt_rank", "created_at"))
ORDERS = (("published_at",), ("author_replied", "doubt_rank", "published_at"))


def upgrade() -> None:
    _change_comments()
    _create_tables()
    for statement in LOG_TRIGGERS[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    for statement in LOG_TRIGGERS_DROPPED[op.get_bind().dialect.name]:
        op.execute(statement)
    for index, table in reversed(INDEXES):
        op.drop_index(index, table_name=table)
    for table in reversed(TABLES):
        op.drop_table(table)
    _change_comments_back()


def _change_comments() -> None:
    # By hand: Alembic would rebuild the whole table on SQLite to add a check.
    op.execute(
        f"ALTER TABLE comments ADD COLUMN withdrawn_from VARCHAR(16) CONSTRAINT ck_comments_withdrawn_from CHECK (withdrawn_from IN ({STATES}))"
    )
    op.execute(
        f"ALTER TABLE revisions ADD COLUMN state VARCHAR(16) DEFAULT 'accepted' NOT NULL CONSTRAINT ck_revisions_state CHECK (state IN ({REVISION_STATES}))"
    )
    for table, column in _added():
        op.add_column(table, column)
    op.execute("UPDATE comments SET listed = true, published_at = COALESCE(published_at, created_at) WHERE state <> 'held'")
    _drop_listing((*SAME_ORDERS, *ORDERS_BEFORE), "created_at")
    _create_listing(LISTED, (*SAME_ORDERS, *ORDERS), "published_at")
    op.create_index("ix_comments_locked", "comments", ["article_id"], **_where("locked_at IS NOT NULL"))
    op.create_index("ix_comments_fingerprint_created_at", "comments", ["fingerprint", "created_at"], **_where("fingerprint IS NOT NULL"))


def _change_comments_back() -> None:
    op.drop_index("ix_comments_fingerprint_created_at", table_name="comments")
    op.drop_index("ix_comments_locked", table_name="comments")
    _drop_listing((*SAME_ORDERS, *ORDERS), "published_at")
    for table, column in reversed(_added()):
        op.drop_column(table, column.name)
    # The schema before knows no text that is kept from readers: what may not be read must not become history.
    op.execute("DELETE FROM revisions WHERE state <> 'accepted'")
    op.drop_column("revisions", "state")
    op.drop_column("comments", "withdrawn_from")
    _create_listing(LISTED_BEFORE, (*SAME_ORDERS, *ORDERS_BEFORE), "created_at")


def _added() -> tuple[tuple[str, sa.Column], ...]:
    return (
        ("comments", sa.Column("listed", sa.Boolean(), server_default=sa.false(), nullable=False)),
        ("comments", sa.Column("fingerprint", sa.String(64))),
        ("comments", sa.Column("notice", sa.String(500))),
        ("comments", sa.Column("restriction_by", sa.String(16))),
        ("comments", sa.Column("restriction_reason", sa.String(32))),
        ("comments", sa.Column("restriction_id", ROW_ID)),
        ("revisions", sa.Column("body_html", sa.Text())),
        ("revisions", sa.Column("renderer", sa.Integer())),
    )


def _where(condition: str) -> dict[str, sa.TextClause]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def _create_listing(listed: str, orders: tuple[tuple[str, ...], ...], moment: str) -> None:
    # The last one made is the first that SQLite thinks of when it has no statistics: the orders of roots come last.
    op.create_index(f"ix_comments_article_id_{moment}_id", "comments", ["article_id", moment, "id"])
    op.create_index(f"ix_comments_article_id_stance_{moment}_id", "comments", ["article_id", "stance", moment, "id"])
    for columns in orders:
        op.create_index(f"ix_roots_by_{'_'.join(columns)}", "comments", ["article_id", *columns, "id"], **_where(f"depth = 0 AND {listed}"))
    op.create_index("ix_replies_by_root", "comments", ["root_id", "id"], **_where(f"depth > 0 AND {listed}"))


def _drop_listing(orders: tuple[tuple[str, ...], ...], moment: str) -> None:
    for columns in orders:
        op.drop_index(f"ix_roots_by_{'_'.join(columns)}", table_name="comments")
    op.drop_index("ix_replies_by_root", table_name="comments")
    op.drop_index(f"ix_comments_article_id_{moment}_id", table_name="comments")
    op.drop_index(f"ix_comments_article_id_stance_{moment}_id", table_name="comments")


def _create_tables() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("buried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
    )
    op.create_index("ix_jobs_waiting", "jobs", ["due_at", "id"], **_where("buried_at IS NULL"))
    op.create_table(
        "moderation_log",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("site_id", ROW_ID, nullable=False),
        sa.Column("seq", ROW_ID, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event", sa.String(length=32), nullable=False),
        sa.Column("actor_kind", sa.String(length=16), nullable=False),
        sa.Column("actor_id", ROW_ID, nullable=True),
        sa.Column("rule", sa.String(length=32), nullable=True),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("article_id", ROW_ID, nullable=True),
        sa.Column("comment_id", ROW_ID, nullable=True),
        sa.Column("decision_id", ROW_ID, nullable=True),
        sa.Column("from_state", sa.String(length=16), nullable=True),
        sa.Column("to_state", sa.String(length=16), nullable=True),
        sa.Column("detail", sa.Text(), server_default="{}", nullable=False),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.CheckConstraint("actor_kind IN ('moderator', 'admin', 'writer', 'reader', 'rule')", name=op.f("ck_moderation_log_actor_kind")),
        sa.CheckConstraint(
            "from_state IN ('held', 'visible', 'screened', 'removed', 'withdrawn', 'erased')", name=op.f("ck_moderation_log_from_state")
        ),
        sa.CheckConstraint(
            "to_state IN ('held', 'visible', 'screened', 'removed', 'withdrawn', 'erased')", name=op.f("ck_moderation_log_to_state")
        ),
        sa.PrimaryKeyConstraint("id", name="pk_moderation_log"),
        sa.UniqueConstraint("site_id", "seq", name="uq_moderation_log_site_id_seq"),
    )
    op.create_index("ix_moderation_log_comment_id_id", "moderation_log", ["comment_id", "id"], unique=False)
    op.create_index("ix_moderation_log_decision_id", "moderation_log", ["decision_id"], unique=False)
    op.create_index("ix_public_log", "moderation_log", ["site_id", "seq"], unique=False, **_where("is_public"))

    op.create_table(
        "moderation_log_heads",
        sa.Column("site_id", ROW_ID, nullable=False),
        sa.Column("seq", ROW_ID, nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("site_id", name="pk_moderation_log_heads"),
    )
    op.create_table(
        "batches",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("site_id", ROW_ID, nullable=False),
        sa.Column("moderator_id", ROW_ID, nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            f"action IN ({ACTIONS})",
            name=op.f("ck_batches_action"),
        ),
        sa.ForeignKeyConstraint(["moderator_id"], ["accounts.id"], name="fk_batches_moderator_id_accounts"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_batches_site_id_sites"),
        sa.PrimaryKeyConstraint("id", name="pk_batches"),
    )
    op.create_index("ix_batches_moderator_id_id", "batches", ["moderator_id", "id"], unique=False)

    op.create_table(
        "rule_sets",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("site_id", ROW_ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("changed_by", ROW_ID, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["changed_by"], ["accounts.id"], name="fk_rule_sets_changed_by_accounts"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_rule_sets_site_id_sites"),
        sa.PrimaryKeyConstraint("id", name="pk_rule_sets"),
        sa.UniqueConstraint("site_id", "number", name="uq_rule_sets_site_id_number"),
    )
    op.create_table(
        "findings",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("comment_id", ROW_ID, nullable=False),
        sa.Column("revision_id", ROW_ID, nullable=False),
        sa.Column("phase", sa.String(length=32), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("matches", sa.Text(), server_default="[]", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("outcome IN ('pass', 'report', 'nudge', 'hold', 'reject')", name=op.f("ck_findings_outcome")),
        sa.ForeignKeyConstraint(["comment_id"], ["comments.id"], name="fk_findings_comment_id_comments"),
        sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name="fk_findings_revision_id_revisions"),
        sa.PrimaryKeyConstraint("id", name="pk_findings"),
    )
    op.create_index("ix_findings_comment_id_id", "findings", ["comment_id", "id"], unique=False)
    op.create_index("ix_findings_revision_id", "findings", ["revision_id"], unique=False)

    op.create_table(
        "review_items",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("site_id", ROW_ID, nullable=False),
        sa.Column("article_id", ROW_ID, nullable=False),
        sa.Column("comment_id", ROW_ID, nullable=False),
        sa.Column("writer_id", ROW_ID, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("base_lane", sa.Integer(), nullable=False),
        sa.Column("aged", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("priority", sa.Float(precision=53), server_default="0", nullable=False),
        sa.Column("rank", sa.Float(precision=53), server_default="0", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("revision_id", ROW_ID, nullable=True),
        sa.Column("opened_by", ROW_ID, nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_by", ROW_ID, nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("origin IN ('screening', 'report', 'edit', 'resubmission', 'moderator')", name=op.f("ck_review_items_origin")),
        sa.CheckConstraint("state IN ('open', 'closed')", name=op.f("ck_review_items_state")),
        sa.CheckConstraint("lane BETWEEN 0 AND 3", name=op.f("ck_review_items_lane")),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name="fk_review_items_article_id_articles"),
        sa.ForeignKeyConstraint(["claimed_by"], ["accounts.id"], name="fk_review_items_claimed_by_accounts"),
        sa.ForeignKeyConstraint(["comment_id"], ["comments.id"], name="fk_review_items_comment_id_comments"),
        sa.ForeignKeyConstraint(["opened_by"], ["accounts.id"], name="fk_review_items_opened_by_accounts"),
        sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name="fk_review_items_revision_id_revisions"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_review_items_site_id_sites"),
        sa.ForeignKeyConstraint(["writer_id"], ["accounts.id"], name="fk_review_items_writer_id_accounts"),
        sa.PrimaryKeyConstraint("id", name="pk_review_items"),
        sa.UniqueConstraint("id", "site_id", "state", "lane", "rank", name="uq_review_items_id_site_id_state_lane_rank"),
    )
    for name, column in (("time", ()), ("article", ("article_id",)), ("writer", ("writer_id",))):
        op.create_index(
            f"ix_closed_items_by_{name}",
            "review_items",
            ["site_id", *column, "closed_at", "id"],
            unique=False,
            **_where("state = 'closed'"),
        )
    for name, column in (("lane", ()), ("article", ("article_id",)), ("writer", ("writer_id",))):
        op.create_index(
            f"ix_open_items_by_{name}", "review_items", ["site_id", *column, "lane", "rank", "id"], unique=False, **_where("state = 'open'")
        )
    op.create_index("ix_review_items_comment_id_id", "review_items", ["comment_id", "id"], unique=False)
    op.create_index("uq_review_items_open_comment", "review_items", ["comment_id"], unique=True, **_where("state = 'open'"))

    op.create_table(
        "decisions",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("site_id", ROW_ID, nullable=False),
        sa.Column("item_id", ROW_ID, nullable=False),
        sa.Column("item_version", sa.Integer(), nullable=False),
        sa.Column("comment_id", ROW_ID, nullable=False),
        sa.Column("revision_id", ROW_ID, nullable=True),
        sa.Column("moderator_id", ROW_ID, nullable=True),
        sa.Column("rule", sa.String(length=32), nullable=True),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("from_state", sa.String(length=16), nullable=False),
        sa.Column("to_state", sa.String(length=16), nullable=False),
        sa.Column("comment_version", sa.Integer(), nullable=False),
        sa.Column("closes", sa.Boolean(), nullable=False),
        sa.Column("own_initiative", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("batch_id", ROW_ID, nullable=True),
        sa.Column("undoes_id", ROW_ID, nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resubmitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            f"action IN ({ACTIONS})",
            name=op.f("ck_decisions_action"),
        ),
        sa.CheckConstraint(
            f"reason IN ('within_rules', {REASONS})",
            name=op.f("ck_decisions_reason"),
        ),
        sa.CheckConstraint("(moderator_id IS NULL) <> (rule IS NULL)", name=op.f("ck_decisions_moderator_or_rule")),
        sa.CheckConstraint("length(statement) >= 40", name=op.f("ck_decisions_statement")),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name="fk_decisions_batch_id_batches"),
        sa.ForeignKeyConstraint(["comment_id"], ["comments.id"], name="fk_decisions_comment_id_comments"),
        sa.ForeignKeyConstraint(["item_id"], ["review_items.id"], name="fk_decisions_item_id_review_items"),
        sa.ForeignKeyConstraint(["moderator_id"], ["accounts.id"], name="fk_decisions_moderator_id_accounts"),
        sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name="fk_decisions_revision_id_revisions"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_decisions_site_id_sites"),
        sa.ForeignKeyConstraint(["undoes_id"], ["decisions.id"], name="fk_decisions_undoes_id_decisions"),
        sa.PrimaryKeyConstraint("id", name="pk_decisions"),
        sa.UniqueConstraint("item_id", "item_version", name="uq_decisions_item_id_item_version"),
    )
    op.create_index("ix_decisions_batch_id", "decisions", ["batch_id"], unique=False)
    op.create_index("ix_decisions_comment_id_id", "decisions", ["comment_id", "id"], unique=False)
    op.create_index("ix_decisions_moderator_id_comment_id", "decisions", ["moderator_id", "comment_id"], unique=False)

    op.create_table(
        "item_reasons",
        sa.Column("item_id", ROW_ID, nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("site_id", ROW_ID, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("rank", sa.Float(precision=53), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id", "site_id", "state", "lane", "rank"],
            ["review_items.id", "review_items.site_id", "review_items.state", "review_items.lane", "review_items.rank"],
            name="fk_item_reasons_standing",
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("item_id", "reason", name="pk_item_reasons"),
    )
    op.create_index(
        "ix_open_items_by_reason",
        "item_reasons",
        ["site_id", "reason", "lane", "rank", "item_id"],
        unique=False,
        **_where("state = 'open'"),
    )
    op.create_table(
        "moderator_notes",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("site_id", ROW_ID, nullable=False),
        sa.Column("account_id", ROW_ID, nullable=False),
        sa.Column("item_id", ROW_ID, nullable=True),
        sa.Column("author_id", ROW_ID, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_moderator_notes_account_id_accounts"),
        sa.ForeignKeyConstraint(["author_id"], ["accounts.id"], name="fk_moderator_notes_author_id_accounts"),
        sa.ForeignKeyConstraint(["item_id"], ["review_items.id"], name="fk_moderator_notes_item_id_review_items"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_moderator_notes_site_id_sites"),
        sa.PrimaryKeyConstraint("id", name="pk_moderator_notes"),
    )
    op.create_index("ix_moderator_notes_account_id_id", "moderator_notes", ["account_id", "id"], unique=False)
    op.create_index("ix_moderator_notes_item_id_id", "moderator_notes", ["item_id", "id"], unique=False)

    op.create_table(
        "reports",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("reference", sa.String(length=24), nullable=False),
        sa.Column("site_id", ROW_ID, nullable=False),
        sa.Column("comment_id", ROW_ID, nullable=False),
        sa.Column("revision_id", ROW_ID, nullable=True),
        sa.Column("item_id", ROW_ID, nullable=False),
        sa.Column("reporter_id", ROW_ID, nullable=True),
        sa.Column("notifier_name", sa.String(length=120), nullable=True),
        sa.Column("notifier_email", sa.String(length=254), nullable=True),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("weight", sa.Float(precision=53), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("decision_id", ROW_ID, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            f"reason IN ({REASONS})",
            name=op.f("ck_reports_reason"),
        ),
        sa.CheckConstraint("state IN ('open', 'upheld', 'declined', 'moot')", name=op.f("ck_reports_state")),
        sa.CheckConstraint("(reporter_id IS NULL) = (notifier_email IS NOT NULL)", name=op.f("ck_reports_reporter_or_notifier")),
        sa.ForeignKeyConstraint(["comment_id"], ["comments.id"], name="fk_reports_comment_id_comments"),
        sa.ForeignKeyConstraint(["decision_id"], ["decisions.id"], name="fk_reports_decision_id_decisions"),
        sa.ForeignKeyConstraint(["item_id"], ["review_items.id"], name="fk_reports_item_id_review_items"),
        sa.ForeignKeyConstraint(["reporter_id"], ["accounts.id"], name="fk_reports_reporter_id_accounts"),
        sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name="fk_reports_revision_id_revisions"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_reports_site_id_sites"),
        sa.PrimaryKeyConstraint("id", name="pk_reports"),
        sa.UniqueConstraint("reference", name="uq_reports_reference"),
    )
    op.create_index("ix_reports_comment_id_reporter_id", "reports", ["comment_id", "reporter_id"], unique=False)
    op.create_index("ix_reports_item_id_state", "reports", ["item_id", "state"], unique=False)
    op.create_index("ix_reports_reporter_id_id", "reports", ["reporter_id", "id"], unique=False)
    op.create_index("uq_reports_open", "reports", ["comment_id", "reporter_id"], unique=True, **_where("state = 'open'"))


TABLES = (
    "jobs",
    "moderation_log",
    "moderation_log_heads",
    "batches",
    "rule_sets",
    "findings",
    "review_items",
    "decisions",
    "item_reasons",
    "moderator_notes",
    "reports",
)
INDEXES = (
    ("ix_jobs_waiting", "jobs"),
    ("ix_moderation_log_comment_id_id", "moderation_log"),
    ("ix_moderation_log_decision_id", "moderation_log"),
    ("ix_public_log", "moderation_log"),
    ("ix_batches_moderator_id_id", "batches"),
    ("ix_findings_comment_id_id", "findings"),
    ("ix_findings_revision_id", "findings"),
    ("ix_closed_items_by_time", "review_items"),
    ("ix_closed_items_by_article", "review_items"),
    ("ix_closed_items_by_writer", "review_items"),
    ("ix_open_items_by_lane", "review_items"),
    ("ix_open_items_by_article", "review_items"),
    ("ix_open_items_by_writer", "review_items"),
    ("ix_review_items_comment_id_id", "review_items"),
    ("uq_review_items_open_comment", "review_items"),
    ("ix_decisions_batch_id", "decisions"),
    ("ix_decisions_comment_id_id", "decisions"),
    ("ix_decisions_moderator_id_comment_id", "decisions"),
    ("ix_open_items_by_reason", "item_reasons"),
    ("ix_moderator_notes_account_id_id", "moderator_notes"),
    ("ix_moderator_notes_item_id_id", "moderator_notes"),
    ("ix_reports_comment_id_reporter_id", "reports"),
    ("ix_reports_item_id_state", "reports"),
    ("ix_reports_reporter_id_id", "reports"),
    ("uq_reports_open", "reports"),
)

# The log is append-only.
LOG_TRIGGERS = {
    "sqlite": (
        "CREATE TRIGGER moderation_log_refuses_update BEFORE UPDATE ON moderation_log"
        " BEGIN SELECT RAISE(ABORT, 'moderation_log is append-only: UPDATE is refused'); END",
        "CREATE TRIGGER moderation_log_refuses_delete BEFORE DELETE ON moderation_log"
        " BEGIN SELECT RAISE(ABORT, 'moderation_log is append-only: DELETE is refused'); END",
        # INSERT OR REPLACE takes rows away without asking the trigger of DELETE.
        "CREATE TRIGGER moderation_log_refuses_replace BEFORE INSERT ON moderation_log"
        " WHEN EXISTS (SELECT 1 FROM moderation_log WHERE id = NEW.id)"
        " OR EXISTS (SELECT 1 FROM moderation_log WHERE site_id = NEW.site_id AND seq = NEW.seq)"
        " BEGIN SELECT RAISE(ABORT, 'moderation_log is append-only: a row that is there is not replaced'); END",
    ),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION refuse_moderation_log_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation',"
        " MESSAGE = 'moderation_log is append-only: ' || TG_OP || ' is refused'; END $$",
        "CREATE TRIGGER moderation_log_refuses_change BEFORE UPDATE OR DELETE OR TRUNCATE ON moderation_log"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_moderation_log_change()",
    ),
}
LOG_TRIGGERS_DROPPED = {
    "sqlite": (
        "DROP TRIGGER moderation_log_refuses_replace",
        "DROP TRIGGER moderation_log_refuses_delete",
        "DROP TRIGGER moderation_log_refuses_update",
    ),
    "postgresql": (
        "DROP TRIGGER moderation_log_refuses_change ON moderation_log",
        "DROP FUNCTION refuse_moderation_log_change()",
    ),
}
