"""Tables of what is discussed: sites, series, articles with their counts, their other addresses and their authors."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from forum.db.base import Base
from forum.db.columns import Id, Key, Moment

REOPENS = "reopens_at IS NOT NULL"


class Site(Base):
    """A place with its own articles, roles and rules.

    ``creates_articles``: a page of an allowed origin gets its discussion when it is first visited. ``takes_guests``: people may write with a name and an
    address. ``sso_issuer`` and ``sso_address``: who signs the host's tokens (``iss``), and where people sign in there; empty: nobody.
    """

    __tablename__ = "sites"
    __table_args__ = (UniqueConstraint("slug"),)

    id: Mapped[Key]
    slug: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(Moment)
    creates_articles: Mapped[bool] = mapped_column(default=False, server_default=false())
    takes_guests: Mapped[bool] = mapped_column(default=False, server_default=false())
    sso_issuer: Mapped[str] = mapped_column(String(255), default="", server_default="")
    sso_address: Mapped[str] = mapped_column(Text, default="", server_default="")

    @property
    def site_id(self) -> int:
        """The site itself: predicates ask every thing for its site."""
        return self.id


class SiteOrigin(Base):
    """An origin (scheme, host, port) whose pages may show this site's discussions; it belongs to one site only."""

    __tablename__ = "site_origins"
    __table_args__ = (UniqueConstraint("origin"),)

    id: Mapped[Key]
    site_id: Mapped[int] = mapped_column(Id, ForeignKey("sites.id", ondelete="CASCADE"), index=True)
    origin: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(Moment)


class SiteToken(Base):
    """A token by which a host's own programs add articles to its site; it is nobody's account."""

    __tablename__ = "site_tokens"
    __table_args__ = (UniqueConstraint("token_hash"),)

    id: Mapped[Key]
    site_id: Mapped[int] = mapped_column(Id, ForeignKey("sites.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(80))
    hint: Mapped[str] = mapped_column(String(16))
    token_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(Moment)
    last_used_at: Mapped[datetime | None] = mapped_column(Moment)


class Series(Base):
    """Articles that belong together, in parts."""

    __tablename__ = "series"
    __table_args__ = (UniqueConstraint("site_id", "slug"),)

    id: Mapped[Key]
    site_id: Mapped[int] = mapped_column(Id, ForeignKey("sites.id"))
    slug: Mapped[str] = mapped_column(String(120))
    title: Mapped[str] = mapped_column(String(200))


class Article(Base):
    """What is discussed: written here (``body_md``) or living at ``url``.

    The counts, tallies and ``version`` belong to the discussion below it and change in the transaction of whatever changes them; ``version`` rises with
    everything that a reader of the discussion could see. ``reopens_at``: when a closed discussion opens again by itself.
    ``merged_into_id``: the article of which its discussion has become a part; it has no comments then, and whoever comes is led there. No foreign key:
    SQLite could not take the column away again without writing the table anew.
    ``stance_*`` count the writers' stances of visible roots, ``tag_*`` the readers' tags on visible comments; the two are never added together.
    """

    __tablename__ = "articles"
    __table_args__ = (
        UniqueConstraint("site_id", "slug"),
        UniqueConstraint("site_id", "key"),
        Index(None, "site_id", "last_activity_at", "id"),
        Index(None, "site_id", "created_at", "id"),
        Index(None, "site_id", "comment_count", "id"),
        Index(None, "series_id", "part"),
        Index("ix_articles_reopening", "reopens_at", sqlite_where=text(REOPENS), postgresql_where=text(REOPENS)),
    )

    id: Mapped[Key]
    site_id: Mapped[int] = mapped_column(Id, ForeignKey("sites.id"))
    slug: Mapped[str] = mapped_column(String(120))
    key: Mapped[str | None] = mapped_column(String(200))
    url: Mapped[str | None] = mapped_column(Text)
    title: Mapped[str] = mapped_column(String(300))
    body_md: Mapped[str | None] = mapped_column(Text)
    body_html: Mapped[str | None] = mapped_column(Text)
    renderer: Mapped[int] = mapped_column(default=0, server_default="0")
    main_claim: Mapped[str] = mapped_column(String(200), default="", server_default="")
    opening_question: Mapped[str] = mapped_column(String(300), default="", server_default="")
    series_id: Mapped[int | None] = mapped_column(Id, ForeignKey("series.id"))
    part: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(Moment)
    closed_at: Mapped[datetime | None] = mapped_column(Moment)
    closed_reason: Mapped[str] = mapped_column(String(300), default="", server_default="")
    reopens_at: Mapped[datetime | None] = mapped_column(Moment)
    last_activity_at: Mapped[datetime] = mapped_column(Moment)
    merged_into_id: Mapped[int | None] = mapped_column(Id)
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    comment_count: Mapped[int] = mapped_column(default=0, server_default="0")
    stance_agreement: Mapped[int] = mapped_column(default=0, server_default="0")
    stance_disagreement: Mapped[int] = mapped_column(default=0, server_default="0")
    stance_skepticism: Mapped[int] = mapped_column(default=0, server_default="0")
    stance_encouragement: Mapped[int] = mapped_column(default=0, server_default="0")
    tag_agreement: Mapped[int] = mapped_column(default=0, server_default="0")
    tag_disagreement: Mapped[int] = mapped_column(default=0, server_default="0")
    tag_skepticism: Mapped[int] = mapped_column(default=0, server_default="0")
    tag_encouragement: Mapped[int] = mapped_column(default=0, server_default="0")

    authors: Mapped[list["ArticleAuthor"]] = relationship(lazy="selectin", order_by="ArticleAuthor.position", cascade="all, delete-orphan")

    @property
    def author_ids(self) -> tuple[int, ...]:
        """The accounts of the authors, in order."""
        return tuple(author.account_id for author in self.authors)


class ArticleAuthor(Base):
    """Who wrote an article: a relation, not a role."""

    __tablename__ = "article_authors"

    article_id: Mapped[int] = mapped_column(Id, ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True)
    account_id: Mapped[int] = mapped_column(Id, ForeignKey("accounts.id"), primary_key=True, index=True)
    position: Mapped[int]


class ArticleAddress(Base):
    """An address of an article after normalisation; an article may have several, an address only one article on its site."""

    __tablename__ = "article_addresses"
    __table_args__ = (UniqueConstraint("site_id", "address_hash"),)

    id: Mapped[Key]
    site_id: Mapped[int] = mapped_column(Id, ForeignKey("sites.id"))
    article_id: Mapped[int] = mapped_column(Id, ForeignKey("articles.id", ondelete="CASCADE"), index=True)
    address: Mapped[str] = mapped_column(Text)
    # Addresses may have 2,000 characters, which is near the limit of a PostgreSQL index entry; the hash is what is unique.
    address_hash: Mapped[str] = mapped_column(String(64))
