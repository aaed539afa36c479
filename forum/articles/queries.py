"""Reads of articles: by id, slug, key or address; pages of them; counts of many at once."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest
from typing import Any

from sqlalchemy import ClauseElement, ColumnElement, String, bindparam, func, select
from sqlalchemy.orm import Session, aliased, joinedload

from forum.articles.address import BadAddress, normalize_address
from forum.articles.models import Article, ArticleAddress, Series, Site, SiteOrigin, SiteToken
from forum.db.columns import Id
from forum.db.paging import first_after
from forum.db.quick import read_quickly
from forum.db.rows import get_row
from forum.refusals import Moved, not_found
from forum.sentences import sentence

SORTS: dict[str, tuple[ColumnElement[Any], ...]] = {
    "active": (Article.last_activity_at.expression, Article.id.expression),
    "newest": (Article.created_at.expression, Article.id.expression),
    "most_commented": (Article.comment_count.expression, Article.id.expression),
}


@dataclass(frozen=True)
class ArticlePage:
    """A page of articles and the sort key after which the next begins, or None."""

    articles: Sequence[Article]
    next_key: tuple[Any, ...] | None


def get_site(session: Session, site_id: int) -> Site:
    """Return a site. Raises Refusal ``not-found``."""
    site = session.get(Site, site_id)
    if site is None:
        raise not_found(sentence("site"))
    return site


def list_all_origins(session: Session) -> list[str]:
    """Return every origin whose pages may show a discussion of any site."""
    return list(session.scalars(select(SiteOrigin.origin).order_by(SiteOrigin.id)))


def list_origins(session: Session, site_id: int) -> list[SiteOrigin]:
    """Return the origins whose pages may show the site's discussions, in the order in which they were added."""
    return list(session.scalars(select(SiteOrigin).where(SiteOrigin.site_id == site_id).order_by(SiteOrigin.id)))


def find_site_of_origin(session: Session, origin: str) -> Site | None:
    """Return the site to which an origin's pages belong, or None."""
    return session.scalar(select(Site).join(SiteOrigin, SiteOrigin.site_id == Site.id).where(SiteOrigin.origin == origin))


def list_site_tokens(session: Session, site_id: int) -> list[SiteToken]:
    """Return the site's tokens, newest first."""
    return list(session.scalars(select(SiteToken).where(SiteToken.site_id == site_id).order_by(SiteToken.id.desc())))


# In the same statement, for one article; a list reads the authors of all in a second one.
_WITH_AUTHORS = (joinedload(Article.authors),)
_BY_SLUG = select(Article).where(Article.site_id == bindparam("site_id"), Article.slug == bindparam("slug")).options(*_WITH_AUTHORS)


def get_article(session: Session, article_id: int) -> Article:
    """Return an article. Raises Refusal ``not-found``, and Moved where its discussion is part of another one now."""
    return _here(session, get_row(session, Article, article_id, *_WITH_AUTHORS))


def get_article_by_slug(session: Session, site_id: int, slug: str) -> Article:
    """Return an article by its slug. Raises Refusal ``not-found``, and Moved where its discussion is part of another one now."""
    return _here(session, _find_by_slug(session, site_id, slug))


def get_present_article(session: Session, site_id: int, slug: str) -> Article:
    """Return the article in which the discussion of the one with this slug goes on: itself, unless it was merged. Raises Refusal ``not-found``."""
    article = _find_by_slug(session, site_id, slug)
    if article is None:
        raise not_found(sentence("article"))
    return follow_merges(session, article)


def lock_article(session: Session, article_id: int) -> Article:
    """Return an article, locked until the transaction ends and as it stands now. Always the first lock taken: article → root → parent → comment.

    Raises Refusal ``not-found``, and Moved where its discussion has become part of another one, perhaps while the lock was waited for.
    """
    return _here(session, lock_row(session, article_id))


def lock_row(session: Session, article_id: int) -> Article | None:
    """Return an article's row as ``lock_article`` does, whatever has become of its discussion; None where there is none."""
    return session.scalar(select(Article).where(Article.id == article_id).with_for_update().execution_options(populate_existing=True))


def follow_merges(session: Session, article: Article) -> Article:
    """Return the article in which the discussion of ``article`` goes on: itself, unless it was merged into another one."""
    seen = {article.id}
    while article.merged_into_id is not None and article.merged_into_id not in seen:
        seen.add(article.merged_into_id)
        article = session.get_one(Article, article.merged_into_id)
    return article


def _find_by_slug(session: Session, site_id: int, slug: str) -> Article | None:
    return session.scalars(_BY_SLUG, {"site_id": site_id, "slug": slug}).unique().one_or_none()


def _here(session: Session, article: Article | None) -> Article:
    if article is None:
        raise not_found(sentence("article"))
    if article.merged_into_id is None:
        return article
    there = follow_merges(session, article)
    raise Moved({"article_id": there.id, "slug": there.slug})


def hold_article(session: Session, article_id: int) -> Article:
    """Do what ``lock_article`` does, without reading again what this transaction has loaded where nobody else can write meanwhile: on SQLite.

    Only for transactions that have written nothing yet.
    """
    if session.get_bind().dialect.name == "sqlite":
        return get_article(session, article_id)
    return lock_article(session, article_id)


def state_of_article() -> ClauseElement:
    """Return the select of what changes whenever anything does that a visitor could see on the article ``article_id``.

    Its version; that of the parts before it (``versions_before``), whose open questions it lists; whether guests are taken.
    """
    state = select(Article.version, _versions_before(), Site.takes_guests)
    return state.join(Site, Site.id == Article.site_id).where(Article.id == bindparam("article_id"))


def _versions_before() -> ColumnElement[int]:
    before = aliased(Article)
    earlier = select(func.sum(before.version)).where(before.series_id == Article.series_id, before.part < Article.part)
    return func.coalesce(earlier.correlate(Article).scalar_subquery(), 0)


def versions_before(session: Session, article: Article) -> int:
    """Return the sum of the versions of the parts before ``article`` in its series: another number whenever anything changes that a visitor could see there.

    Which parts these are changes only with the version of all of them.
    """
    if article.series_id is None or article.part is None:
        return 0
    return session.scalar(select(_versions_before()).select_from(Article).where(Article.id == article.id)) or 0


def find_article_by_address(session: Session, site_id: int, address: str) -> Article | None:
    """Return the article that has this normalised address, as its own or as an alias, or None."""
    return session.scalar(
        select(Article)
        .join(ArticleAddress, ArticleAddress.article_id == Article.id)
        .where(ArticleAddress.site_id == site_id, ArticleAddress.address_hash == hash_address(address))
    )


def find_article_by_key(session: Session, site_id: int, key: str) -> Article | None:
    """Return the article with this key, or the one into which it was merged, or None."""
    article = session.scalar(select(Article).where(Article.site_id == site_id, Article.key == key))
    return follow_merges(session, article) if article is not None else None


def list_articles(session: Session, site_id: int, *, sort: str, after_key: Sequence[Any] | None, limit: int) -> ArticlePage:
    """Return at most ``limit`` articles in the order ``sort``, all descending, after ``after_key``."""
    columns = SORTS[sort]
    ids = select(Article.id).where(Article.site_id == site_id, Article.merged_into_id.is_(None))
    found = first_after(session, ids, columns, after_key or (), descending=True, limit=limit + 1)
    in_order = select(Article).where(Article.id.in_(found)).order_by(*(column.desc() for column in columns))
    rows = list(session.scalars(in_order.limit(limit + 1)))
    page = rows[:limit]
    names = [str(column.key) for column in columns]
    return ArticlePage(page, tuple(getattr(page[-1], name) for name in names) if len(rows) > limit else None)


# As many as may be asked for at once (CountsQuery); those left over are empty.
MOST_COUNTED = 50
_WANTED = tuple(f"wanted_{number}" for number in range(MOST_COUNTED))
_COUNTS = (
    select(ArticleAddress.address_hash, Article.comment_count)
    .join(Article, Article.id == ArticleAddress.article_id)
    .where(
        ArticleAddress.site_id == bindparam("site_id", type_=Id),
        ArticleAddress.address_hash.in_([bindparam(name, type_=String) for name in _WANTED]),
    )
)


def count_comments(site_id: int, hashes: Sequence[str]) -> tuple[int, ...]:
    """Return the visible comments of each of up to 50 addresses (``find_hashes``), in one read; an unknown one counts 0."""
    return counts_in(read_quickly(_COUNTS, site_id=site_id, **wanted_of(hashes)), hashes)


def counts_of_addresses() -> ClauseElement:
    """Return the select of what ``counts_in`` reads; its values are the site's id and those of ``wanted_of``."""
    return _COUNTS


def wanted_of(hashes: Sequence[str]) -> dict[str, str]:
    """Return the values for ``counts_of_addresses``."""
    return dict(zip_longest(_WANTED, hashes, fillvalue=""))


def counts_in(rows: Sequence[tuple[str, int]] | Sequence[tuple[Any, ...]], hashes: Sequence[str]) -> tuple[int, ...]:
    """Return the counts in the order of ``hashes``."""
    counts = dict(rows)
    return tuple(counts.get(known, 0) for known in hashes)


def find_hashes(urls: Sequence[str]) -> tuple[str, ...]:
    """Return by what the articles of addresses are found; empty for what is no address."""
    return tuple(_hash_or_none(url) or "" for url in urls)


def series_by_id(session: Session, ids: Collection[int]) -> dict[int, Series]:
    """Return the series with these ids in one read."""
    return {series.id: series for series in session.scalars(select(Series).where(Series.id.in_(ids)))} if ids else {}


def list_parts(session: Session, series_id: int) -> list[Article]:
    """Return a series' articles in the order of their parts; at most 100."""
    parts = select(Article).where(Article.series_id == series_id, Article.merged_into_id.is_(None))
    return list(session.scalars(parts.order_by(Article.part, Article.id).limit(100)))


def list_addresses(session: Session, article_id: int) -> list[str]:
    """Return every address of an article, oldest first."""
    return list(session.scalars(select(ArticleAddress.address).where(ArticleAddress.article_id == article_id).order_by(ArticleAddress.id)))


def hash_address(address: str) -> str:
    """Return the hash by which a normalised address is found."""
    return hashlib.sha256(address.encode()).hexdigest()


# A list of articles asks for the same addresses again and again.
@lru_cache(maxsize=4096)
def _hash_or_none(url: str) -> str | None:
    try:
        return hash_address(normalize_address(url))
    except BadAddress:
        return None
