"""The author's desk and telling people: how urgently a comment waits, what an author decided, who follows what, whom programs are told by.

What is there already gets its rank; nobody is told of anything that was written before.
"""

from math import log2

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
WAITING = "state = 'visible' AND NOT author_replied AND (attention IS NULL OR attention = 'later')"
OPEN_QUESTION = (
    "depth = 0 AND state = 'visible' AND NOT author_replied AND stance IN ('skepticism', 'disagreement') "
    "AND (attention IS NULL OR attention = 'later')"
)
ATTENTIONS = "attention IN ('thanked', 'no_reply', 'later')"
BATCH = 5000
TABLES = (
    "webhook_deliveries",
    "webhook_secrets",
    "webhooks",
    "continuations",
    "reply_templates",
    "attention_events",
    "notifications",
    "follows",
    "subscribers",
)


def upgrade() -> None:
    for table, column in _added():
        op.add_column(table, column)
    # A constraint of the column's own needs no new table on SQLite.
    op.execute(f"ALTER TABLE comments ADD COLUMN attention VARCHAR(16) CONSTRAINT ck_comments_attention CHECK ({ATTENTIONS})")
    _rank(op.get_bind())
    _mark_answered(op.get_bind())
    op.create_index("ix_comments_waiting", "comments", ["article_id", "stance", "desk_rank", "published_at", "id"], **_where(WAITING))
    op.create_index("ix_roots_open", "comments", ["article_id", "doubt_rank", "published_at", "id"], **_where(OPEN_QUESTION))
    op.create_index("ix_comments_attended", "comments", ["article_id", "id"], **_where("attention IS NOT NULL"))
    op.create_index("ix_articles_reopening", "articles", ["reopens_at"], **_where("reopens_at IS NOT NULL"))
    op.create_index("ix_accounts_away", "accounts", ["away_until"], **_where("away_until IS NOT NULL"))
    _people()
    _desk()
    _webhooks()


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    op.drop_index("ix_comments_waiting", table_name="comments")
    op.drop_index("ix_roots_open", table_name="comments")
    op.drop_index("ix_comments_attended", table_name="comments")
    op.drop_index("ix_articles_reopening", table_name="articles")
    op.drop_index("ix_accounts_away", table_name="accounts")
    op.drop_column("comments", "attention")
    for table, column in reversed(_added()):
        op.drop_column(table, column.name)


def _added() -> list[tuple[str, sa.Column[object]]]:
    return [
        ("comments", sa.Column("desk_base", sa.Float(53), server_default="0", nullable=False)),
        ("comments", sa.Column("desk_rank", sa.Float(53), server_default="0", nullable=False)),
        ("comments", sa.Column("attention_until", MOMENT)),
        ("comments", sa.Column("author_reply_id", ROW_ID)),
        ("articles", sa.Column("reopens_at", MOMENT)),
        ("accounts", sa.Column("away_note", sa.String(length=300), server_default="", nullable=False)),
        ("accounts", sa.Column("away_until", MOMENT)),
        ("accounts", sa.Column("is_author", sa.Boolean(), server_default=sa.false(), nullable=False)),
        ("accounts", sa.Column("has_news", sa.Boolean(), server_default=sa.false(), nullable=False)),
        ("mails", sa.Column("about", sa.Text(), server_default="", nullable=False)),
    ]


def _where(condition: str) -> dict[str, sa.TextClause]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def _rank(connection: sa.Connection) -> None:
    columns = "id, stance, body_md, tag_disagreement + tag_skepticism"
    last = 0
    while rows := connection.execute(
        sa.text(f"SELECT {columns} FROM comments WHERE id > :last ORDER BY id LIMIT {BATCH}"), {"last": last}
    ).all():
        ranks = [
            {"at": comment_id, "base": (base := _base(stance, body)), "rank": base - log2(1 + con)}
            for comment_id, stance, body, con in rows
        ]
        connection.execute(sa.text("UPDATE comments SET desk_base = :base, desk_rank = :rank WHERE id = :at"), ranks)
        last = rows[-1][0]


def _mark_answered(connection: sa.Connection) -> None:
    """Let everything above an author's visible reply be answered, and each root name the first such reply in its thread."""
    theirs = (
        "JOIN article_authors a ON a.article_id = c.article_id AND a.account_id = c.author_id WHERE c.state = 'visible' AND c.depth > 0"
    )
    above = f"""WITH RECURSIVE above(at) AS (
        SELECT c.parent_id FROM comments c {theirs}
        UNION SELECT c.parent_id FROM above JOIN comments c ON c.id = above.at WHERE c.parent_id IS NOT NULL
    ) SELECT at FROM above"""
    connection.execute(sa.text(f"UPDATE comments SET author_replied = true WHERE NOT author_replied AND id IN ({above})"))
    first = connection.execute(sa.text(f"SELECT c.root_id, min(c.id) FROM comments c {theirs} GROUP BY c.root_id")).all()
    for start in range(0, len(first), BATCH):
        found = [{"at": root_id, "first": reply_id} for root_id, reply_id in first[start : start + BATCH]]
        connection.execute(sa.text("UPDATE comments SET author_reply_id = :first WHERE id = :at"), found)
    connection.execute(sa.text("UPDATE accounts SET is_author = true WHERE id IN (SELECT account_id FROM article_authors)"))


def _base(stance: str | None, body: str | None) -> float:
    asks = (body or "").rstrip(" \n*_)\"'”’").endswith("?")
    return {"skepticism": -4.0, "disagreement": -3.0}.get(stance or "", -3.0 if asks else -1.0)


def _people() -> None:
    op.create_table(
        "subscribers",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("account_id", ROW_ID),
        sa.Column("email", sa.String(length=254)),
        sa.Column("language", sa.String(length=16), server_default="", nullable=False),
        sa.Column("answers", sa.String(length=8), server_default="at_once", nullable=False),
        sa.Column("desk", sa.String(length=8), server_default="daily", nullable=False),
        sa.Column("follows", sa.String(length=8), server_default="daily", nullable=False),
        sa.Column("quiet_from", sa.Integer()),
        sa.Column("quiet_to", sa.Integer()),
        sa.Column("zone", sa.String(length=64), server_default="UTC", nullable=False),
        sa.Column("digest_hour", sa.Integer(), server_default="7", nullable=False),
        sa.Column("feed_hash", sa.String(length=64)),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("(account_id IS NULL) <> (email IS NULL)", name="account_or_address"),
        *(sa.CheckConstraint(f"{name} IN ('at_once', 'hourly', 'daily', 'none')", name=name) for name in ("answers", "desk", "follows")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_subscribers_account_id_accounts", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_subscribers"),
        sa.UniqueConstraint("account_id", name="uq_subscribers_account_id"),
        sa.UniqueConstraint("email", name="uq_subscribers_email"),
        sa.UniqueConstraint("feed_hash", name="uq_subscribers_feed_hash"),
    )
    op.create_table(
        "follows",
        sa.Column("subscriber_id", ROW_ID, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("target_id", ROW_ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("kind IN ('article', 'thread', 'author', 'site')", name="kind"),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscribers.id"], name="fk_follows_subscriber_id_subscribers", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("subscriber_id", "kind", "target_id", name="pk_follows"),
    )
    op.create_index("ix_follows_kind_target_id_subscriber_id", "follows", ["kind", "target_id", "subscriber_id"])
    op.create_table(
        "notifications",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("subscriber_id", ROW_ID, nullable=False),
        sa.Column("subject", sa.String(length=16), nullable=False),
        sa.Column("subject_id", ROW_ID, nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("article_id", ROW_ID),
        sa.Column("comment_id", ROW_ID),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("read_at", MOMENT),
        sa.Column("mail_due_at", MOMENT),
        sa.Column("mailed_at", MOMENT),
        sa.CheckConstraint("subject IN ('comment', 'article', 'thanks', 'answered', 'statement')", name="subject"),
        sa.CheckConstraint(
            "reason IN ('reply', 'mention', 'desk', 'thread', 'article', 'author', 'site', 'thanks', 'answered', 'decision')",
            name="reason",
        ),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscribers.id"], name="fk_notifications_subscriber_id_subscribers", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name="fk_notifications_article_id_articles", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["comment_id"], ["comments.id"], name="fk_notifications_comment_id_comments", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_notifications"),
        sa.UniqueConstraint("subscriber_id", "subject", "subject_id", name="uq_notifications_once"),
    )
    op.create_index("ix_notifications_subscriber_id_id", "notifications", ["subscriber_id", "id"])
    op.create_index("ix_notifications_comment_id", "notifications", ["comment_id"])
    op.create_index("ix_notifications_created_at", "notifications", ["created_at"])
    op.create_index("ix_notifications_unread", "notifications", ["subscriber_id"], **_where("read_at IS NULL"))
    op.create_index("ix_notifications_digest", "notifications", ["subscriber_id", "mail_due_at"], **_where("mail_due_at IS NOT NULL"))


def _desk() -> None:
    op.create_table(
        "attention_events",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("comment_id", ROW_ID, nullable=False),
        sa.Column("account_id", ROW_ID, nullable=False),
        sa.Column("attention", sa.String(length=16)),
        sa.Column("until", MOMENT),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint(ATTENTIONS, name="attention"),
        sa.ForeignKeyConstraint(["comment_id"], ["comments.id"], name="fk_attention_events_comment_id_comments"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_attention_events_account_id_accounts"),
        sa.PrimaryKeyConstraint("id", name="pk_attention_events"),
    )
    op.create_index("ix_attention_events_comment_id", "attention_events", ["comment_id"])
    op.create_index("ix_attention_events_account_id", "attention_events", ["account_id"])
    op.create_table(
        "reply_templates",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("account_id", ROW_ID, nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.Column("body_md", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_reply_templates_account_id_accounts", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_reply_templates"),
    )
    op.create_index("ix_reply_templates_account_id_id", "reply_templates", ["account_id", "id"])
    op.create_table(
        "continuations",
        sa.Column("comment_id", ROW_ID, nullable=False),
        sa.Column("article_id", ROW_ID, nullable=False),
        sa.Column("account_id", ROW_ID, nullable=False),
        sa.Column("line", sa.String(length=200), server_default="", nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["comment_id"], ["comments.id"], name="fk_continuations_comment_id_comments", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name="fk_continuations_article_id_articles", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_continuations_account_id_accounts"),
        sa.PrimaryKeyConstraint("comment_id", name="pk_continuations"),
    )
    op.create_index("ix_continuations_article_id", "continuations", ["article_id"])
    op.create_index("ix_continuations_account_id", "continuations", ["account_id"])


def _webhooks() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("site_id", ROW_ID, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("kinds", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("paused_at", MOMENT),
        sa.Column("is_gone", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("rests_until", MOMENT),
        sa.Column("tried_at", MOMENT),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_webhooks_site_id_sites", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_webhooks"),
    )
    op.create_index("ix_webhooks_site_id", "webhooks", ["site_id"])
    op.create_table(
        "webhook_secrets",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("webhook_id", ROW_ID, nullable=False),
        sa.Column("secret", sa.String(length=120), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT),
        sa.ForeignKeyConstraint(["webhook_id"], ["webhooks.id"], name="fk_webhook_secrets_webhook_id_webhooks", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_secrets"),
    )
    op.create_index("ix_webhook_secrets_webhook_id", "webhook_secrets", ["webhook_id"])
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("webhook_id", ROW_ID, nullable=False),
        sa.Column("message_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("queued_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("claimed_until", MOMENT),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_status", sa.Integer()),
        sa.Column("last_error", sa.String(length=300), server_default="", nullable=False),
        sa.Column("delivered_at", MOMENT),
        sa.Column("failed_at", MOMENT),
        sa.ForeignKeyConstraint(["webhook_id"], ["webhooks.id"], name="fk_webhook_deliveries_webhook_id_webhooks", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_deliveries"),
        sa.UniqueConstraint("message_id", name="uq_webhook_deliveries_message_id"),
    )
    op.create_index("ix_webhook_deliveries_webhook_id_id", "webhook_deliveries", ["webhook_id", "id"])
    op.create_index(
        "ix_webhook_deliveries_waiting",
        "webhook_deliveries",
        ["webhook_id", "due_at", "id"],
        **_where("delivered_at IS NULL AND failed_at IS NULL"),
    )
    op.create_index("ix_webhook_deliveries_failed", "webhook_deliveries", ["webhook_id", "id"], **_where("failed_at IS NOT NULL"))
    op.create_index("ix_webhook_deliveries_created_at", "webhook_deliveries", ["created_at"])
