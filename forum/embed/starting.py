"""The way from a host page to its discussion: found by key or address, opened by the page's first visit where the site allows that.

The rule: an address whose origin is not on the site's list opens nothing, whoever asks.
"""

from sqlalchemy.orm import Session

from forum.articles.actions import TITLE_MAX, ArticleDraft, create_article
from forum.articles.address import normalize_address
from forum.articles.models import Article, Site
from forum.articles.queries import find_article_by_address, find_article_by_key, find_site_of_origin
from forum.articles.site_actions import origin_of
from forum.comments.models import Comment
from forum.refusals import Kind, Refusal


def find_article(session: Session, site: Site, *, url: str, key: str) -> Article | None:
    """Return the article of a page: by its key, else by its address, or None. Raises BadAddress for an address that no page has."""
    article = find_article_by_key(session, site.id, key) if key else None
    return article or (find_article_by_address(session, site.id, normalize_address(url)) if url else None)


def address_in_frame(session: Session, article: Article, comment_id: int | None) -> str:
    """Return where the frame goes on to: the comment that the page's address names, if readers can see its place, else the discussion."""
    comment = session.get(Comment, comment_id) if comment_id is not None else None
    if comment is not None and comment.article_id == article.id and comment.listed:
        return f"/c/{comment.id}#c{comment.id}"
    return f"/a/{article.slug}"


def may_start(session: Session, site: Site, url: str) -> bool:
    """Whether a page at ``url`` may open its own discussion."""
    try:
        owner = find_site_of_origin(session, origin_of(url)) if site.creates_articles and url else None
    except Refusal:
        return False
    return owner is not None and owner.id == site.id


def start_article(session: Session, site: Site, *, url: str, key: str, title: str) -> Article:
    """Return the page's article, made now if it is not there. Raises Refusal ``forbidden`` where pages may not open discussions, or ``validation``."""
    if not may_start(session, site, url):
        raise Refusal(
            Kind.FORBIDDEN, "This page may not open a discussion here; the people who run this site can allow it, or add the article."
        )
    name = " ".join(title.split())[:TITLE_MAX]
    article, _created = create_article(session, site.id, ArticleDraft(name or url, url=url, key=key or None))
    return article
