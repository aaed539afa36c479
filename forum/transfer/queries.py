"""Reads of what was imported as what."""

from collections.abc import Collection
from hashlib import sha256
from typing import Any

from sqlalchemy import and_, or_, select, text
from sqlalchemy.orm import Session

from forum.articles.actions import ArticleDraft
from forum.articles.address import normalize_address
from forum.articles.models import Article, Site
from forum.articles.queries import find_article_by_address, find_article_by_key
from forum.comments.models import Comment
from forum.transfer.models import EXTERNAL_ID_LENGTH, ExternalRef, RefKind

PINNED = 2


def find_local_ids(session: Session, site_id: int, source: str, *, kind: RefKind, external_ids: Collection[str]) -> dict[str, int]:
    """Return the local id of each of ``external_ids`` that was imported into the site before, in one read; at most some hundreds."""
    stored = {fit_external_id(external_id): external_id for external_id in external_ids}
    if not stored:
        return {}
    mine = (ExternalRef.site_id == site_id, ExternalRef.source == source, ExternalRef.kind == kind.value)
    rows = session.execute(select(ExternalRef.external_id, ExternalRef.local_id).where(*mine, ExternalRef.external_id.in_(stored)))
    return {stored[external_id]: local_id for external_id, local_id in rows}


def find_drafted(session: Session, site_id: int, draft: ArticleDraft) -> Article | None:
    """Return the article that creating ``draft`` would find instead, or None."""
    if draft.url:
        return find_article_by_address(session, site_id, normalize_address(draft.url))
    return find_article_by_key(session, site_id, draft.key) if draft.key else None


def has_pinned(session: Session, article_id: int) -> bool:
    """Return whether a thread of the article's discussion is pinned."""
    # With the condition of the index of leads.
    return session.scalar(select(Comment.id).where(Comment.article_id == article_id, text("lead > 0"), Comment.lead == PINNED)) is not None


def list_origins(session: Session, account_id: int) -> list[dict[str, Any]]:
    """Return what is remembered of where an account and its comments were imported from, in one read."""
    own = select(Comment.id).where(Comment.author_id == account_id)
    mine = or_(
        and_(ExternalRef.kind == RefKind.ACCOUNT.value, ExternalRef.local_id == account_id),
        and_(ExternalRef.kind == RefKind.COMMENT.value, ExternalRef.local_id.in_(own)),
    )
    rows = session.execute(
        select(ExternalRef.source, ExternalRef.kind, ExternalRef.external_id, ExternalRef.local_id).where(mine).order_by(ExternalRef.id)
    )
    return [dict(row) for row in rows.mappings()]


def find_site_id(session: Session, slug: str) -> int | None:
    """Return the id of the site with this slug, or None."""
    return session.scalar(select(Site.id).where(Site.slug == slug))


def fit_external_id(external_id: str) -> str:
    """Return the id as it is stored: one that is too long, or has a NUL, which PostgreSQL cannot store, ends in a hash of all of it."""
    if len(external_id) <= EXTERNAL_ID_LENGTH and "\0" not in external_id:
        return external_id
    digest = sha256(external_id.encode()).hexdigest()
    return external_id.replace("\0", "")[: EXTERNAL_ID_LENGTH - len(digest) - 1] + ":" + digest
