"""The table that remembers what was imported as what, so that importing again changes nothing. Written and read by the engine alone."""

from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from forum.db.base import Base
from forum.db.columns import Id, Key, one_of

EXTERNAL_ID_LENGTH = 255


class RefKind(StrEnum):
    """What a reference leads to."""

    ARTICLE = "article"
    ACCOUNT = "account"
    COMMENT = "comment"


class ExternalRef(Base):
    """A thing of another system (``source`` is the format's name) and the row it became here.

    A person's ``external_id`` holds an e-mail address only as a hash. ``local_id`` has no foreign key, because three tables are meant.
    """

    __tablename__ = "external_refs"
    __table_args__ = (
        UniqueConstraint("site_id", "source", "kind", "external_id"),
        Index(None, "kind", "local_id"),
        one_of("kind", RefKind),
    )

    id: Mapped[Key]
    site_id: Mapped[int] = mapped_column(Id, ForeignKey("sites.id"))
    source: Mapped[str] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(16))
    external_id: Mapped[str] = mapped_column(String(EXTERNAL_ID_LENGTH))
    local_id: Mapped[int] = mapped_column(Id)
