"""HTML door of the search: a form, what was understood of it, and what was found."""

from datetime import UTC, date, datetime, time
from urllib.parse import urlencode

from forum.access.permissions import Permission
from forum.search.schemas import LIMIT, SearchPageQuery
from forum.search.steps import search
from forum.search.syntax import LENGTH_MAX
from forum.web.doors import Call
from forum.web.pages import Page, PageDoors

doors = PageDoors("search")


@doors.door("GET", "/search", Permission.ARTICLE_READ, query=SearchPageQuery)
def show_search(call: Call[None, None, SearchPageQuery]) -> Page:
    """Show the search and what it found: what everybody may read, whoever asks."""
    query = call.query
    found = search(call.session, query.q, article=query.article, cursor=query.cursor, limit=LIMIT)
    understood = found.understood
    context = {
        "query": query,
        "length_max": LENGTH_MAX,
        "understood": understood,
        "has_understood": any(getattr(understood, name) for name in understood.__struct_fields__ if name != "notes"),
        "after": _as_moment(understood.after),
        "before": _as_moment(understood.before),
        "chosen": understood.articles[-1] if query.article.strip() and understood.articles else None,
        "items": found.items,
        "is_first": not query.cursor,
        "first": _address(query),
        "everywhere": _address(SearchPageQuery(q=query.q)),
        "following": _address(query, found.next) if found.next else None,
    }
    return Page("search/search.html", context)


def _as_moment(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), UTC) if day is not None else None


def _address(query: SearchPageQuery, cursor: str = "") -> str:
    values = {"q": query.q, "article": query.article, "cursor": cursor}
    kept = {name: value for name, value in values.items() if value}
    return "/search" + (f"?{urlencode(kept)}" if kept else "")
