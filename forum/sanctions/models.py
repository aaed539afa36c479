"""The table of sanctions. Whether one is in force is asked when it matters, from its times: no job ends it."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, String, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column

from forum.db.base import Base
from forum.db.columns import Id, Moment, one_of
from forum.sanctions.kinds import SanctionKind

# Literal, never bound, as in forum/comments/models.py.
STOPS_TAGS = "tags_stopped"


class Sanction(Base):
    """One measure against one person on one site, from ``starts_at`` until ``ends_at`` (None: without an end) or until it was lifted.

    ``decision_id``: the decision on a comment that it came with, and ``reason`` a code of the moderation room above – deliberately no foreign key and no
    list of values. ``statement`` is what the person reads. ``tags_stopped``: the person's tags have been taken out of the counts for it and not put back.
    No sanction can be stored without its statement of reasons (``statements.sanction_id``).
    """

    __tablename__ = "sanctions"
    __table_args__ = (
        one_of("kind", SanctionKind),
        CheckConstraint("length(statement) >= 40", name="statement"),
        CheckConstraint("ends_at IS NULL OR ends_at > starts_at", name="ends_later"),
        CheckConstraint("(lifted_at IS NULL) = (lifted_by IS NULL)", name="lifted"),
        ForeignKeyConstraint(["id"], ["statements.sanction_id"], name="fk_sanctions_stated", deferrable=True, initially="DEFERRED"),
        Index(None, "account_id", "site_id", "id"),
        Index("ix_sanctions_stopping", "ends_at", sqlite_where=text(STOPS_TAGS), postgresql_where=text(STOPS_TAGS)),
        Index(None, "site_id", "created_at"),
    )

    # It refers to its statement, which is no reason for the database not to number it.
    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    site_id: Mapped[int] = mapped_column(Id, ForeignKey("sites.id"))
    account_id: Mapped[int] = mapped_column(Id, ForeignKey("accounts.id"))
    kind: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(32))
    statement: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text, default="", server_default="")
    decision_id: Mapped[int | None] = mapped_column(Id, index=True)
    imposed_by: Mapped[int] = mapped_column(Id, ForeignKey("accounts.id"))
    starts_at: Mapped[datetime] = mapped_column(Moment)
    ends_at: Mapped[datetime | None] = mapped_column(Moment)
    acknowledged_at: Mapped[datetime | None] = mapped_column(Moment)
    lifted_at: Mapped[datetime | None] = mapped_column(Moment)
    lifted_by: Mapped[int | None] = mapped_column(Id, ForeignKey("accounts.id"))
    overturned: Mapped[bool] = mapped_column(default=False, server_default=false())
    tags_stopped: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[datetime] = mapped_column(Moment)
