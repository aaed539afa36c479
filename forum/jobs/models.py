"""The table of work that is still to be done. A job that is done is deleted; one that never succeeded stays, buried, until a person has looked at it."""

from datetime import datetime

from sqlalchemy import Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from forum.db.base import Base
from forum.db.columns import Key, Moment

WAITING = "buried_at IS NULL"
BURIED = "buried_at IS NOT NULL"


class Job(Base):
    """One piece of work: its kind names the handler, its payload (JSON) the rows it is about by their ids, never what is in them.

    ``attempts``: how often it has failed. ``last_error``: the type of the last failure, with its sentence if it was a refusal.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        Index("ix_jobs_waiting", "due_at", "id", sqlite_where=text(WAITING), postgresql_where=text(WAITING)),
        Index("ix_jobs_buried", "buried_at", "id", sqlite_where=text(BURIED), postgresql_where=text(BURIED)),
    )

    id: Mapped[Key]
    kind: Mapped[str] = mapped_column(String(40))
    payload: Mapped[str] = mapped_column(Text)
    due_at: Mapped[datetime] = mapped_column(Moment)
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    last_error: Mapped[str | None] = mapped_column(Text)
    buried_at: Mapped[datetime | None] = mapped_column(Moment)
    created_at: Mapped[datetime] = mapped_column(Moment)
