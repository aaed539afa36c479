"""What was done to articles by command, so that it can be undone, and which article a merged one has become part of."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
KINDS = "kind IN ('move', 'merge', 'add_alias', 'remove_alias')"


def upgrade() -> None:
    op.add_column("articles", sa.Column("merged_into_id", ROW_ID))
    op.create_table(
        "article_changes",
        sa.Column("id", ROW_ID, nullable=False),
        sa.Column("site_id", ROW_ID, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("article_id", ROW_ID, nullable=False),
        sa.Column("into_id", ROW_ID),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("undone_at", MOMENT),
        sa.CheckConstraint(KINDS, name=op.f("ck_article_changes_kind")),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_article_changes_site_id_sites"),
        sa.ForeignKeyConstraint(["article_id"], ["articles.id"], name="fk_article_changes_article_id_articles", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["into_id"], ["articles.id"], name="fk_article_changes_into_id_articles", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_article_changes"),
    )
    op.create_index("ix_article_changes_article_id", "article_changes", ["article_id"])
    op.create_index("ix_article_changes_into_id", "article_changes", ["into_id"])
    op.create_table(
        "article_change_roots",
        sa.Column("change_id", ROW_ID, nullable=False),
        sa.Column("root_id", ROW_ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["change_id"], ["article_changes.id"], name="fk_article_change_roots_change_id_article_changes", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["root_id"], ["comments.id"], name="fk_article_change_roots_root_id_comments", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("change_id", "root_id", name="pk_article_change_roots"),
    )
    op.create_index("ix_article_change_roots_root_id", "article_change_roots", ["root_id"])


def downgrade() -> None:
    op.drop_table("article_change_roots")
    op.drop_table("article_changes")
    op.drop_column("articles", "merged_into_id")
