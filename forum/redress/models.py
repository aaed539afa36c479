"""The table of appeals: one for each decision or sanction, decided by somebody else than the first time. Constraints, not good manners."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from forum.db.base import Base
from forum.db.columns import Id, Key, Moment, one_of

# Literal, never bound, as in forum/comments/models.py.
IS_OPEN = "decided_at IS NULL"


class Part(StrEnum):
    """In which part somebody appeals: who was restricted, or who reported and was turned down."""

    WRITER = "writer"
    REPORTER = "reporter"


class Outcome(StrEnum):
    """What an appeal came to: the decision stands, falls, or is replaced by another."""

    UPHELD = "upheld"
    OVERTURNED = "overturned"
    CHANGED = "changed"


class Appeal(Base):
    """One appeal, against a decision on a comment or against a sanction.

    ``report_id``: the report whose declining is appealed; its notice may have come from somebody without an account, then ``appellant_id`` is None.
    ``first_decider_id``: who decided the first time, None where a rule did. ``alone_from``: set where the site has nobody else to decide, and the time from which
    the same person may; ``same_person`` says to everybody concerned that this happened. ``question`` and ``answer``: one each way. ``replacement_id``: the decision
    or sanction that an outcome put in the place of the first one.
    """

    __tablename__ = "appeals"
    __table_args__ = (
        UniqueConstraint("decision_id"),
        UniqueConstraint("sanction_id"),
        one_of("part", Part),
        one_of("outcome", Outcome),
        CheckConstraint("(decision_id IS NULL) <> (sanction_id IS NULL)", name="decision_or_sanction"),
        CheckConstraint("appellant_id IS NOT NULL OR report_id IS NOT NULL", name="appellant"),
        CheckConstraint("(outcome IS NULL) = (decided_at IS NULL) AND (outcome IS NULL) = (decided_by IS NULL)", name="decided"),
        CheckConstraint("outcome IS NULL OR length(reasons) >= 40", name="reasons"),
        # The last line: nobody decides on an appeal against their own decision, unless there is nobody else, after the time set, and said so.
        CheckConstraint(
            "decided_by IS NULL OR first_decider_id IS NULL OR decided_by <> first_decider_id"
            " OR (same_person AND alone_from IS NOT NULL AND decided_at >= alone_from)",
            name="another_person",
        ),
        CheckConstraint("decided_by IS NULL OR appellant_id IS NULL OR decided_by <> appellant_id", name="not_ones_own"),
        Index("ix_appeals_open", "site_id", "id", sqlite_where=text(IS_OPEN), postgresql_where=text(IS_OPEN)),
        Index(None, "appellant_id", "id"),
        Index(None, "site_id", "decided_at"),
        Index(None, "site_id", "created_at"),
    )

    id: Mapped[Key]
    site_id: Mapped[int] = mapped_column(Id, ForeignKey("sites.id"))
    decision_id: Mapped[int | None] = mapped_column(Id, ForeignKey("decisions.id"))
    sanction_id: Mapped[int | None] = mapped_column(Id, ForeignKey("sanctions.id"))
    report_id: Mapped[int | None] = mapped_column(Id, ForeignKey("reports.id"), index=True)
    part: Mapped[str] = mapped_column(String(16))
    appellant_id: Mapped[int | None] = mapped_column(Id, ForeignKey("accounts.id"))
    first_decider_id: Mapped[int | None] = mapped_column(Id, ForeignKey("accounts.id"))
    body: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    question: Mapped[str | None] = mapped_column(Text)
    asked_by: Mapped[int | None] = mapped_column(Id, ForeignKey("accounts.id"))
    asked_at: Mapped[datetime | None] = mapped_column(Moment)
    answer: Mapped[str | None] = mapped_column(Text)
    answered_at: Mapped[datetime | None] = mapped_column(Moment)
    alone_from: Mapped[datetime | None] = mapped_column(Moment)
    same_person: Mapped[bool] = mapped_column(default=False, server_default=false())
    outcome: Mapped[str | None] = mapped_column(String(16))
    reasons: Mapped[str | None] = mapped_column(Text)
    replacement_id: Mapped[int | None] = mapped_column(Id)
    decided_by: Mapped[int | None] = mapped_column(Id, ForeignKey("accounts.id"))
    decided_at: Mapped[datetime | None] = mapped_column(Moment)
    created_at: Mapped[datetime] = mapped_column(Moment)
