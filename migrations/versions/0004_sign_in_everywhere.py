"""Signing in everywhere: outgoing mail and mailed links, second factors, identities from elsewhere, what host sites may do, codes for frames.

An address that is known before this is not confirmed: nobody has followed a link to it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
WAITS = "sent_at IS NULL AND failed_at IS NULL"
TABLES = (
    "site_tokens",
    "site_origins",
    "recovery_codes",
    "mail_links",
    "identities",
    "host_keys",
    "hand_overs",
    "factors",
    "used_tokens",
    "used_challenges",
    "mails",
)


def upgrade() -> None:
    for table, column in _added():
        op.add_column(table, column)
    op.create_index("ix_accounts_guest_email", "accounts", ["guest_email"], unique=True)
    op.create_table(
        "mails",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("message_id", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("to_address", sa.String(length=254), nullable=False),
        sa.Column("subject", sa.String(length=300), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("claimed_until", MOMENT),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("sent_at", MOMENT),
        sa.Column("failed_at", MOMENT),
        sa.Column("last_error", sa.String(length=300), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_mails"),
        sa.UniqueConstraint("message_id", name="uq_mails_message_id"),
    )
    op.create_index("ix_mails_waiting", "mails", ["due_at", "id"], **_where(WAITS))
    op.create_table(
        "used_challenges",
        sa.Column("challenge_hash", sa.String(length=64), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("challenge_hash", name="pk_used_challenges"),
    )
    op.create_index("ix_used_challenges_expires_at", "used_challenges", ["expires_at"])
    op.create_table(
        "used_tokens",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name="pk_used_tokens"),
    )
    op.create_index("ix_used_tokens_expires_at", "used_tokens", ["expires_at"])
    op.create_table(
        "factors",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("account_id", ROW_ID, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("secret", sa.String(length=64)),
        sa.Column("last_step", ROW_ID),
        sa.Column("credential_id", sa.LargeBinary(length=1023)),
        sa.Column("public_key", sa.LargeBinary()),
        sa.Column("sign_count", ROW_ID, server_default="0", nullable=False),
        sa.Column("transports", sa.String(length=120), server_default="", nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("confirmed_at", MOMENT),
        sa.Column("last_used_at", MOMENT),
        sa.CheckConstraint("kind IN ('totp', 'passkey')", name=op.f("ck_factors_kind")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_factors_account_id_accounts", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_factors"),
        sa.UniqueConstraint("credential_id", name="uq_factors_credential_id"),
    )
    op.create_index("ix_factors_account_id", "factors", ["account_id"])
    op.create_table(
        "hand_overs",
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("account_id", ROW_ID, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_hand_overs_account_id_accounts", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("code_hash", name="pk_hand_overs"),
    )
    op.create_index("ix_hand_overs_account_id", "hand_overs", ["account_id"])
    op.create_index("ix_hand_overs_expires_at", "hand_overs", ["expires_at"])
    op.create_table(
        "host_keys",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("site_id", ROW_ID, nullable=False),
        sa.Column("kid", sa.String(length=64), nullable=False),
        sa.Column("algorithm", sa.String(length=8), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_used_at", MOMENT),
        sa.CheckConstraint("algorithm IN ('HS256', 'EdDSA')", name=op.f("ck_host_keys_algorithm")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_host_keys_site_id_sites", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_host_keys"),
        sa.UniqueConstraint("site_id", "kid", name="uq_host_keys_site_id_kid"),
    )
    op.create_table(
        "identities",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("account_id", ROW_ID, nullable=False),
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_used_at", MOMENT),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_identities_account_id_accounts", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_identities"),
        sa.UniqueConstraint("issuer", "subject", name="uq_identities_issuer_subject"),
    )
    op.create_index("ix_identities_account_id", "identities", ["account_id"])
    op.create_table(
        "mail_links",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("account_id", ROW_ID),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("data", sa.Text(), server_default="{}", nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT),
        sa.CheckConstraint("purpose IN ('confirm', 'sign_in', 'reset', 'link', 'guest')", name=op.f("ck_mail_links_purpose")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_mail_links_account_id_accounts", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_mail_links"),
        sa.UniqueConstraint("token_hash", name="uq_mail_links_token_hash"),
    )
    op.create_index("ix_mail_links_account_id_purpose", "mail_links", ["account_id", "purpose"])
    op.create_index("ix_mail_links_expires_at", "mail_links", ["expires_at"])
    op.create_table(
        "recovery_codes",
        sa.Column("account_id", ROW_ID, nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_recovery_codes_account_id_accounts", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_id", "code_hash", name="pk_recovery_codes"),
    )
    op.create_table(
        "site_origins",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("site_id", ROW_ID, nullable=False),
        sa.Column("origin", sa.String(length=255), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_site_origins_site_id_sites", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_site_origins"),
        sa.UniqueConstraint("origin", name="uq_site_origins_origin"),
    )
    op.create_index("ix_site_origins_site_id", "site_origins", ["site_id"])
    op.create_table(
        "site_tokens",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("site_id", ROW_ID, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("hint", sa.String(length=16), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("last_used_at", MOMENT),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_site_tokens_site_id_sites", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_site_tokens"),
        sa.UniqueConstraint("token_hash", name="uq_site_tokens_token_hash"),
    )
    op.create_index("ix_site_tokens_site_id", "site_tokens", ["site_id"])


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    op.drop_index("ix_accounts_guest_email", "accounts")
    for table, column in reversed(_added()):
        op.drop_column(table, column.name)


def _added() -> tuple[tuple[str, sa.Column], ...]:
    return (
        ("accounts", sa.Column("email_confirmed_at", MOMENT)),
        ("accounts", sa.Column("is_guest", sa.Boolean(), server_default=sa.false(), nullable=False)),
        ("accounts", sa.Column("guest_email", sa.String(254))),
        ("sites", sa.Column("creates_articles", sa.Boolean(), server_default=sa.false(), nullable=False)),
        ("sites", sa.Column("takes_guests", sa.Boolean(), server_default=sa.false(), nullable=False)),
        ("sites", sa.Column("sso_issuer", sa.String(255), server_default="", nullable=False)),
        ("sites", sa.Column("sso_address", sa.Text(), server_default="", nullable=False)),
    )


def _where(condition: str) -> dict[str, sa.TextClause]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}
