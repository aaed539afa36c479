"""Jobs that never succeeded are listed: an index of them, however many wait. And what an account has changed is counted, so that a replica can tell."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BURIED = sa.text("buried_at IS NOT NULL")


def upgrade() -> None:
    op.add_column("accounts", sa.Column("writes", sa.BigInteger(), server_default="0", nullable=False))
    op.create_index("ix_jobs_buried", "jobs", ["buried_at", "id"], sqlite_where=BURIED, postgresql_where=BURIED)


def downgrade() -> None:
    op.drop_index("ix_jobs_buried", table_name="jobs")
    op.drop_column("accounts", "writes")
