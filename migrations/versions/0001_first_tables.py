"""First tables: people, articles, comments, tags, and the one site that every installation begins with."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("handle", sa.String(length=40), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("display_name", sa.String(length=80), nullable=False),
        sa.Column("credential", sa.String(length=120), server_default="", nullable=False),
        sa.Column("verified", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
        sa.UniqueConstraint("email", name="uq_accounts_email"),
        sa.UniqueConstraint("handle", name="uq_accounts_handle"),
    )
    op.create_table(
        "rate_limits",
        sa.Column("bucket", sa.String(length=64), nullable=False),
        sa.Column("due", sa.Float(precision=53), nullable=False),
        sa.PrimaryKeyConstraint("bucket", name="pk_rate_limits"),
    )
    op.create_index("ix_rate_limits_due", "rate_limits", ["due"], unique=False)

    op.create_table(
        "sites",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sites"),
        sa.UniqueConstraint("slug", name="uq_sites_slug"),
    )
    op.create_table(
        "stored_answers",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("caller", sa.String(length=64), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("location", sa.String(length=200), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stored_answers"),
        sa.UniqueConstraint("caller", "key_hash", name="uq_stored_answers_caller_key_hash"),
    )
    op.create_index("ix_stored_answers_created_at", "stored_answers", ["created_at"], unique=False)

    op.create_table(
        "api_tokens",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("account_id", ROW_ID, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("hint", sa.String(length=16), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_api_tokens_account_id_accounts", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_api_tokens"),
        sa.UniqueConstraint("token_hash", name="uq_api_tokens_token_hash"),
    )
    op.create_index("ix_api_tokens_account_id", "api_tokens", ["account_id"], unique=False)

    op.create_table(
        "external_refs",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("site_id", ROW_ID, nullable=False),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("external_id", sa.String(length=255), nullable=False),
        sa.Column("local_id", ROW_ID, nullable=False),
        sa.CheckConstraint("kind IN ('article', 'account', 'comment')", name=op.f("ck_external_refs_kind")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_external_refs_site_id_sites"),
        sa.PrimaryKeyConstraint("id", name="pk_external_refs"),
        sa.UniqueConstraint("site_id", "source", "kind", "external_id", name="uq_external_refs_site_id_source_kind_external_id"),
    )
    op.create_index("ix_external_refs_kind_local_id", "external_refs", ["kind", "local_id"], unique=False)

    op.create_table(
        "memberships",
        sa.Column("account_id", ROW_ID, nullable=False),
        sa.Column("site_id", ROW_ID, nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.CheckConstraint("role IN ('member', 'publisher', 'moderator', 'admin')", name=op.f("ck_memberships_role")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_memberships_account_id_accounts", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_memberships_site_id_sites", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_id", "site_id", name="pk_memberships"),
    )
    op.create_index("ix_memberships_site_id_role", "memberships", ["site_id", "role"], unique=False)

    op.create_table(
        "series",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("site_id", ROW_ID, nullable=False),
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_series_site_id_sites"),
        sa.PrimaryKeyConstraint("id", name="pk_series"),
        sa.UniqueConstraint("site_id", "slug", name="uq_series_site_id_slug"),
    )
    op.create_table(
        "sign_ins",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("account_id", ROW_ID, nullable=False),
        sa.Column("device", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_sign_ins_account_id_accounts", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_sign_ins"),
        sa.UniqueConstraint("token_hash", name="uq_sign_ins_token_hash"),
    )
    op.create_index("ix_sign_ins_account_id", "sign_ins", ["account_id"], unique=False)

    op.create_table(
        "articles",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("site_id", ROW_ID, nullable=False),
        sa.Column("slug", sa.String(length=120), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("body_md", sa.Text(), nullable=True),
        sa.Column("body_html", sa.Text(), nullable=True),
        sa.Column("renderer", sa.Integer(), server_default="0", nullable=False),
        sa.Column("main_claim", sa.String(length=200), server_default="", nullable=False),
        sa.Column("opening_question", sa.String(length=300), server_default="", nullable=False),
        sa.Column("series_id", ROW_ID, nullable=True),
        sa.Column("part", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_reason", sa.String(length=300), server_default="", nullable=False),
        sa.Column("last_activity_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("comment_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("stance_agreement", sa.Integer(), server_default="0", nullable=False),
        sa.Column("stance_disagreement", sa.Integer(), server_default="0", nullable=False),
        sa.Column("stance_skepticism", sa.Integer(), server_default="0", nullable=False),
        sa.Column("stance_encouragement", sa.Integer(), server_default="0", nullable=False),
        sa.Column("tag_agreement", sa.Integer(), server_default="0", nullable=False),
        sa.Column("tag_disagreement", sa.Integer(), server_default="0", nullable=False),
        sa.Column("tag_skepticism", sa.Integer(), server_default="0", nullable=False),
        sa.Column("tag_encouragement", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["series_id"], ["series.id"], name="fk_articles_series_id_series"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_articles_site_id_sites"),
        sa.PrimaryKeyConstraint("id", name="pk_articles"),
        sa.UniqueConstraint("site_id", "key", name="uq_articles_site_id_key"),
        sa.UniqueConstraint("site_id", "slug", name="uq_articles_site_id_slug"),
    )
    op.create_index("ix_articles_series_id_part", "articles", ["series_id", "part"], unique=False)
    op.create_index("ix_articles_site_id_comment_count_id", "articles", ["site_id", "comment_count", "id"], unique=False)
    op.create_index("ix_articles_site_id_created_at_id", "articles", ["site_id", "created_at", "id"], unique=False)
    op.create_index("ix_articles_site_id_last_activity_at_id", "articles", ["site_id", "last_activity_at", "id"], unique=False)

    op.create_table(
        "article_addresses",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("site_id", ROW_ID, nullable=False),
        sa.Column("article_id", ROW_ID, nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("address_hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name="fk_article_addresses_article_id_articles", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_article_addresses_site_id_sites"),
        sa.PrimaryKeyConstraint("id", name="pk_article_addresses"),
        sa.UniqueConstraint("site_id", "address_hash", name="uq_article_addresses_site_id_address_hash"),
    )
    op.create_index("ix_article_addresses_article_id", "article_addresses", ["article_id"], unique=False)

    op.create_table(
        "article_authors",
        sa.Column("article_id", ROW_ID, nullable=False),
        sa.Column("account_id", ROW_ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_article_authors_account_id_accounts"),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name="fk_article_authors_article_id_articles", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("article_id", "account_id", name="pk_article_authors"),
    )
    op.create_index("ix_article_authors_account_id", "article_authors", ["account_id"], unique=False)

    op.create_table(
        "comments",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("site_id", ROW_ID, nullable=False),
        sa.Column("article_id", ROW_ID, nullable=False),
        sa.Column("parent_id", ROW_ID, nullable=True),
        sa.Column("root_id", ROW_ID, nullable=True),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("author_id", ROW_ID, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("stance", sa.String(length=16), nullable=True),
        sa.Column("body_md", sa.Text(), nullable=True),
        sa.Column("body_html", sa.Text(), nullable=True),
        sa.Column("renderer", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("activity_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("locked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lead", sa.Integer(), server_default="0", nullable=False),
        sa.Column("featured", sa.String(length=200), nullable=True),
        sa.Column("reply_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("thread_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("author_replied", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("tag_agreement", sa.Integer(), server_default="0", nullable=False),
        sa.Column("tag_disagreement", sa.Integer(), server_default="0", nullable=False),
        sa.Column("tag_skepticism", sa.Integer(), server_default="0", nullable=False),
        sa.Column("tag_encouragement", sa.Integer(), server_default="0", nullable=False),
        sa.Column("tag_n", sa.Integer(), server_default="0", nullable=False),
        sa.Column("score_valued", sa.Float(precision=53), server_default="0", nullable=False),
        sa.Column("score_contested", sa.Float(precision=53), server_default="0", nullable=False),
        sa.Column("doubt_rank", sa.Integer(), server_default="0", nullable=False),
        sa.Column("thread_agreement", sa.Integer(), server_default="0", nullable=False),
        sa.Column("thread_disagreement", sa.Integer(), server_default="0", nullable=False),
        sa.Column("thread_skepticism", sa.Integer(), server_default="0", nullable=False),
        sa.Column("thread_encouragement", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("stance IN ('agreement', 'disagreement', 'skepticism', 'encouragement')", name=op.f("ck_comments_stance")),
        sa.CheckConstraint("state IN ('held', 'visible', 'screened', 'removed', 'withdrawn', 'erased')", name=op.f("ck_comments_state")),
        sa.CheckConstraint("(depth = 0) = (parent_id IS NULL)", name=op.f("ck_comments_root_has_no_parent")),
        sa.CheckConstraint("lead BETWEEN 0 AND 2", name=op.f("ck_comments_lead")),
        sa.CheckConstraint("parent_id IS NULL OR parent_id < id", name=op.f("ck_comments_parent_is_older")),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name="fk_comments_article_id_articles"),
        sa.ForeignKeyConstraint(["author_id"], ["accounts.id"], name="fk_comments_author_id_accounts"),
        sa.ForeignKeyConstraint(["parent_id"], ["comments.id"], name="fk_comments_parent_id_comments"),
        sa.ForeignKeyConstraint(["root_id"], ["comments.id"], name="fk_comments_root_id_comments"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_comments_site_id_sites"),
        sa.PrimaryKeyConstraint("id", name="pk_comments"),
    )
    op.create_index("ix_comments_article_id_created_at_id", "comments", ["article_id", "created_at", "id"], unique=False)
    op.create_index("ix_comments_article_id_stance_created_at_id", "comments", ["article_id", "stance", "created_at", "id"], unique=False)
    op.create_index("ix_comments_author_id_id", "comments", ["author_id", "id"], unique=False)
    op.create_index(
        "ix_comments_hidden",
        "comments",
        ["author_id", "article_id", "id"],
        unique=False,
        sqlite_where=sa.text("state NOT IN ('visible', 'erased')"),
        postgresql_where=sa.text("state NOT IN ('visible', 'erased')"),
    )
    op.create_index(
        "ix_comments_leads",
        "comments",
        ["article_id", "lead"],
        unique=False,
        sqlite_where=sa.text("lead > 0"),
        postgresql_where=sa.text("lead > 0"),
    )
    op.create_index("ix_comments_parent_id", "comments", ["parent_id"], unique=False)
    op.create_index(
        "ix_replies_by_root",
        "comments",
        ["root_id", "id"],
        unique=False,
        sqlite_where=sa.text("depth > 0 AND state <> 'held'"),
        postgresql_where=sa.text("depth > 0 AND state <> 'held'"),
    )
    op.create_index(
        "ix_roots_by_activity_at",
        "comments",
        ["article_id", "activity_at", "id"],
        unique=False,
        sqlite_where=sa.text("depth = 0 AND state <> 'held'"),
        postgresql_where=sa.text("depth = 0 AND state <> 'held'"),
    )
    op.create_index(
        "ix_roots_by_author_replied_doubt_rank_created_at",
        "comments",
        ["article_id", "author_replied", "doubt_rank", "created_at", "id"],
        unique=False,
        sqlite_where=sa.text("depth = 0 AND state <> 'held'"),
        postgresql_where=sa.text("depth = 0 AND state <> 'held'"),
    )
    op.create_index(
        "ix_roots_by_created_at",
        "comments",
        ["article_id", "created_at", "id"],
        unique=False,
        sqlite_where=sa.text("depth = 0 AND state <> 'held'"),
        postgresql_where=sa.text("depth = 0 AND state <> 'held'"),
    )
    op.create_index(
        "ix_roots_by_score_contested",
        "comments",
        ["article_id", "score_contested", "id"],
        unique=False,
        sqlite_where=sa.text("depth = 0 AND state <> 'held'"),
        postgresql_where=sa.text("depth = 0 AND state <> 'held'"),
    )
    op.create_index(
        "ix_roots_by_score_valued",
        "comments",
        ["article_id", "score_valued", "id"],
        unique=False,
        sqlite_where=sa.text("depth = 0 AND state <> 'held'"),
        postgresql_where=sa.text("depth = 0 AND state <> 'held'"),
    )
    op.create_index(
        "ix_roots_by_tag_n",
        "comments",
        ["article_id", "tag_n", "id"],
        unique=False,
        sqlite_where=sa.text("depth = 0 AND state <> 'held'"),
        postgresql_where=sa.text("depth = 0 AND state <> 'held'"),
    )

    op.create_table(
        "revisions",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("comment_id", ROW_ID, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("body_md", sa.Text(), nullable=False),
        sa.Column("stance", sa.String(length=16), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("stance IN ('agreement', 'disagreement', 'skepticism', 'encouragement')", name=op.f("ck_revisions_stance")),
        sa.ForeignKeyConstraint(["comment_id"], ["comments.id"], name="fk_revisions_comment_id_comments"),
        sa.PrimaryKeyConstraint("id", name="pk_revisions"),
        sa.UniqueConstraint("comment_id", "number", name="uq_revisions_comment_id_number"),
    )
    op.create_table(
        "tag_events",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("comment_id", ROW_ID, nullable=False),
        sa.Column("account_id", ROW_ID, nullable=False),
        sa.Column("stance", sa.String(length=16), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("stance IN ('agreement', 'disagreement', 'skepticism', 'encouragement')", name=op.f("ck_tag_events_stance")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_tag_events_account_id_accounts"),
        sa.ForeignKeyConstraint(["comment_id"], ["comments.id"], name="fk_tag_events_comment_id_comments"),
        sa.PrimaryKeyConstraint("id", name="pk_tag_events"),
    )
    op.create_index(
        "ix_tag_events_comment_id_account_id_created_at", "tag_events", ["comment_id", "account_id", "created_at"], unique=False
    )

    op.create_table(
        "tags",
        sa.Column("comment_id", ROW_ID, nullable=False),
        sa.Column("account_id", ROW_ID, nullable=False),
        sa.Column("stance", sa.String(length=16), nullable=False),
        sa.Column("counted", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("stance IN ('agreement', 'disagreement', 'skepticism', 'encouragement')", name=op.f("ck_tags_stance")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_tags_account_id_accounts"),
        sa.ForeignKeyConstraint(["comment_id"], ["comments.id"], name="fk_tags_comment_id_comments"),
        sa.PrimaryKeyConstraint("comment_id", "account_id", name="pk_tags"),
    )
    op.create_index("ix_tags_account_id", "tags", ["account_id"], unique=False)
    op.create_index("ix_tags_comment_id_counted_stance", "tags", ["comment_id", "counted", "stance"], unique=False)

    op.execute("INSERT INTO sites (slug, created_at) VALUES ('main', CURRENT_TIMESTAMP)")


def downgrade() -> None:
    op.drop_index("ix_tags_comment_id_counted_stance", table_name="tags")
    op.drop_index("ix_tags_account_id", table_name="tags")

    op.drop_table("tags")
    op.drop_index("ix_tag_events_comment_id_account_id_created_at", table_name="tag_events")

    op.drop_table("tag_events")
    op.drop_table("revisions")
    op.drop_index(
        "ix_roots_by_tag_n",
        table_name="comments",
        sqlite_where=sa.text("depth = 0 AND state <> 'held'"),
        postgresql_where=sa.text("depth = 0 AND state <> 'held'"),
    )
    op.drop_index(
        "ix_roots_by_score_valued",
        table_name="comments",
        sqlite_where=sa.text("depth = 0 AND state <> 'held'"),
        postgresql_where=sa.text("depth = 0 AND state <> 'held'"),
    )
    op.drop_index(
        "ix_roots_by_score_contested",
        table_name="comments",
        sqlite_where=sa.text("depth = 0 AND state <> 'held'"),
        postgresql_where=sa.text("depth = 0 AND state <> 'held'"),
    )
    op.drop_index(
        "ix_roots_by_created_at",
        table_name="comments",
        sqlite_where=sa.text("depth = 0 AND state <> 'held'"),
        postgresql_where=sa.text("depth = 0 AND state <> 'held'"),
    )
    op.drop_index(
        "ix_roots_by_author_replied_doubt_rank_created_at",
        table_name="comments",
        sqlite_where=sa.text("depth = 0 AND state <> 'held'"),
        postgresql_where=sa.text("depth = 0 AND state <> 'held'"),
    )
    op.drop_index(
        "ix_roots_by_activity_at",
        table_name="comments",
        sqlite_where=sa.text("depth = 0 AND state <> 'held'"),
        postgresql_where=sa.text("depth = 0 AND state <> 'held'"),
    )
    op.drop_index(
        "ix_replies_by_root",
        table_name="comments",
        sqlite_where=sa.text("depth > 0 AND state <> 'held'"),
        postgresql_where=sa.text("depth > 0 AND state <> 'held'"),
    )
    op.drop_index("ix_comments_parent_id", table_name="comments")
    op.drop_index("ix_comments_leads", table_name="comments", sqlite_where=sa.text("lead > 0"), postgresql_where=sa.text("lead > 0"))
    op.drop_index(
        "ix_comments_hidden",
        table_name="comments",
        sqlite_where=sa.text("state NOT IN ('visible', 'erased')"),
        postgresql_where=sa.text("state NOT IN ('visible', 'erased')"),
    )
    op.drop_index("ix_comments_author_id_id", table_name="comments")
    op.drop_index("ix_comments_article_id_stance_created_at_id", table_name="comments")
    op.drop_index("ix_comments_article_id_created_at_id", table_name="comments")

    op.drop_table("comments")
    op.drop_index("ix_article_authors_account_id", table_name="article_authors")

    op.drop_table("article_authors")
    op.drop_index("ix_article_addresses_article_id", table_name="article_addresses")

    op.drop_table("article_addresses")
    op.drop_index("ix_articles_site_id_last_activity_at_id", table_name="articles")
    op.drop_index("ix_articles_site_id_created_at_id", table_name="articles")
    op.drop_index("ix_articles_site_id_comment_count_id", table_name="articles")
    op.drop_index("ix_articles_series_id_part", table_name="articles")

    op.drop_table("articles")
    op.drop_index("ix_sign_ins_account_id", table_name="sign_ins")

    op.drop_table("sign_ins")
    op.drop_table("series")
    op.drop_index("ix_memberships_site_id_role", table_name="memberships")

    op.drop_table("memberships")
    op.drop_index("ix_external_refs_kind_local_id", table_name="external_refs")

    op.drop_table("external_refs")
    op.drop_index("ix_api_tokens_account_id", table_name="api_tokens")

    op.drop_table("api_tokens")
    op.drop_index("ix_stored_answers_created_at", table_name="stored_answers")

    op.drop_table("stored_answers")
    op.drop_table("sites")
    op.drop_index("ix_rate_limits_due", table_name="rate_limits")

    op.drop_table("rate_limits")
    op.drop_table("accounts")
