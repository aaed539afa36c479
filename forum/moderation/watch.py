"""A selection of the queue as an address – a watch that can be bookmarked – and what the queue can be narrowed to. Every read is bounded.

``back`` in forms and addresses is such an address's query: whoever came from a watch returns to it.
"""

from collections.abc import Collection
from typing import Any
from urllib.parse import urlencode

from msgspec import to_builtins
from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.articles.models import Series
from forum.articles.queries import list_articles
from forum.moderation.queries import articles_by_id
from forum.moderation.schemas import QueueQuery
from forum.web.pages import safe_next

QUEUE = "/mod"
RECENT = 12
SERIES_MOST = 100


def query_of(query: QueueQuery, **changes: Any) -> str:
    """Return a selection as the query of an address, without what is as usual and without a cursor unless ``changes`` has one."""
    usual = to_builtins(QueueQuery())
    chosen = {**to_builtins(query), "cursor": None, **changes}
    return urlencode({name: value for name, value in chosen.items() if value not in (None, usual[name])}, doseq=True)


def address_of(query: QueueQuery, **changes: Any) -> str:
    """Return the address of a selection of the queue."""
    return queue_address(query_of(query, **changes))


def queue_address(back: str) -> str:
    """Return the queue's address with the query ``back``, which came from a form and is trusted no further than that."""
    return safe_next(f"{QUEUE}?{back}", otherwise=QUEUE) if back else QUEUE


def item_address(item_id: int, back: str) -> str:
    """Return an item's address, from which one returns to the selection ``back``."""
    return f"{QUEUE}/items/{item_id}" + (f"?{urlencode({'back': back})}" if back else "")


def is_narrowed(query: QueueQuery) -> bool:
    """Whether less than all open, or all closed, items are asked for."""
    return bool(query.lane is not None or query.article or query.series or query.person or query.reason)


def article_choices(session: Session, site_id: int, *, chosen: Collection[int], shown: Collection[int]) -> dict[int, str]:
    """Return the titles of the articles that can be chosen: those that are, those of the items on the page, and the most recently discussed."""
    recent = [article.id for article in list_articles(session, site_id, sort="active", after_key=None, limit=RECENT).articles]
    ids = list(dict.fromkeys([*chosen, *shown, *recent]))
    articles = articles_by_id(session, ids)
    return {known: articles[known].title for known in ids if known in articles and articles[known].site_id == site_id}


def series_choices(session: Session, site_id: int) -> dict[str, str]:
    """Return the titles of a site's series by slug; at most 100."""
    rows = session.execute(select(Series.slug, Series.title).where(Series.site_id == site_id).order_by(Series.title).limit(SERIES_MOST))
    return {slug: title for slug, title in rows}
