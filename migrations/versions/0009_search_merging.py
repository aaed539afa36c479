"""SQLite's index of search is merged by a job instead of by whoever posts."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

HOW_MANY = {"automerge": (0, 4), "usermerge": (8, 4), "crisismerge": (64, 16)}


def upgrade() -> None:
    _set({name: new for name, (new, _old) in HOW_MANY.items()})


def downgrade() -> None:
    _set({name: old for name, (_new, old) in HOW_MANY.items()})


def _set(values: dict[str, int]) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name, value in values.items():
            op.execute(f"INSERT INTO comment_words (comment_words, rank) VALUES ('{name}', {value})")
