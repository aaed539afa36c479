"""Finds what is named at a terminal: an article by its number, its slug or any of its addresses."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.access.viewer import DEFAULT_SITE_ID
from forum.articles.address import BadAddress, normalize_address
from forum.articles.models import Article
from forum.articles.queries import find_article_by_address
from forum.refusals import Kind, Refusal
from forum.sentences import sentence


def get_named_article(session: Session, named: str) -> Article:
    """Return the article that ``named`` means, one that was merged into another included. Raises Refusal ``not-found`` with the ways to name one."""
    found = session.get(Article, int(named)) if named.isascii() and named.isdigit() and len(named) < 19 else None
    if found is None:
        slug = named.rsplit("/a/", 1)[-1] if named.startswith("/a/") else named
        found = session.scalar(select(Article).where(Article.site_id == DEFAULT_SITE_ID, Article.slug == slug))
    if found is None:
        found = _find_by_address(session, named)
    if found is None:
        said = sentence(
            "No article is called '%(named)s': name it by its number, its slug or one of its addresses; 'forum article list' shows them.",
            named=named,
        )
        raise Refusal(Kind.NOT_FOUND, said)
    return found


def _find_by_address(session: Session, named: str) -> Article | None:
    try:
        return find_article_by_address(session, DEFAULT_SITE_ID, normalize_address(named))
    except BadAddress:
        return None
