"""A search from its query to its page: read what is asked, look up whom and what it names, take a window of matches, rank it, read the page's comments.

Called by the page and the API door alike.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from forum.access.viewer import DEFAULT_SITE_ID
from forum.accounts.queries import find_account
from forum.articles.address import BadAddress, normalize_address
from forum.articles.models import Article
from forum.articles.queries import find_article_by_address, follow_merges, get_present_article
from forum.refusals import Refusal
from forum.search.matching import Wanted, as_tsquery, marks_of_days
from forum.search.present import present_found, present_understood
from forum.search.queries import Window, list_found, read_window
from forum.search.ranking import score
from forum.search.schemas import SearchOut
from forum.search.syntax import Asked, parse
from forum.sentences import sentence
from forum.web.context import cursors

_OWN_PAGE = re.compile(r"(?:^|/)a/(?P<slug>[^/?#]+)")
_MOST_ID = 2**63 - 1


@dataclass
class Named:
    """The accounts and articles that a search names and that there are; of what there is not, a note was made."""

    people: list[int] = field(default_factory=list)
    other_people: list[int] = field(default_factory=list)
    articles: list[Article] = field(default_factory=list)
    other_articles: list[Article] = field(default_factory=list)


@dataclass(frozen=True)
class Place:
    """Where a page begins: in the window of the ids from ``low`` up to but without ``high``, after a score and an id; ``low`` 0: a window yet to be read."""

    high: int | None = None
    low: int = 0
    score: float = 0.0
    comment_id: int = 0


def search(session: Session, query: str, *, article: str, cursor: str, limit: int) -> SearchOut:
    """Return a page of what ``query`` finds, in ``article`` where one is named. Raises Refusal ``bad-cursor``, and nothing else whatever is asked."""
    asked = parse(query)
    if article.strip():
        asked.articles.append(article.strip()[:2000])
    named = _look_up(session, asked)
    wanted = _wanted(asked, named)
    purpose = "search:" + hashlib.sha256(as_tsquery(wanted).encode()).hexdigest()
    place = Place(*cursors().read(purpose, cursor)) if cursor else Place()
    understood = present_understood(asked, named.articles, named.other_articles)
    if asked.is_empty:
        return SearchOut(understood, [], None)
    window = read_window(session, wanted, high=place.high, low=max(place.low, 1))
    ids, following = _page_of(window, wanted, place, limit)
    rows = list_found(session, wanted, ids)
    items = present_found(session, [rows[known] for known in ids if known in rows], asked.terms)
    values = [following.high, following.low, following.score, following.comment_id] if following else None
    return SearchOut(understood, items, cursors().write(purpose, values) if values else None)


def _page_of(window: Window, wanted: Wanted, place: Place, limit: int) -> tuple[list[int], Place | None]:
    """Return the ids of a page of the ranked window and where the next page begins, if anywhere."""
    ranked = sorted((-score(words, wanted.terms), -comment_id) for comment_id, words in window.matches)
    if place.comment_id:
        ranked = [key for key in ranked if key > (-place.score, -place.comment_id)]
    shown = ranked[:limit]
    ids = [-comment_id for _, comment_id in shown]
    if len(ranked) > limit:
        return ids, Place(window.high, window.low, -shown[-1][0], ids[-1])
    return ids, Place(window.low) if window.low > 1 else None


def _wanted(asked: Asked, named: Named) -> Wanted:
    groups: list[tuple[str, ...]] = [(f"s{DEFAULT_SITE_ID}",)]
    if asked.people:
        groups.append(tuple(f"u{account_id}" for account_id in named.people))
    if asked.articles:
        groups.append(tuple(f"a{article.id}" for article in named.articles))
    if asked.stances:
        groups.append(tuple(f"t{stance.value}" for stance in asked.stances))
    days = marks_of_days(asked.since, asked.until)
    if days is not None:
        groups.append(days)
    unwanted = (
        *(f"u{account_id}" for account_id in named.other_people),
        *(f"a{article.id}" for article in named.other_articles),
        *(f"t{stance.value}" for stance in asked.other_stances),
    )
    return Wanted(tuple(asked.terms), tuple(asked.absent), tuple(groups), unwanted)


def _look_up(session: Session, asked: Asked) -> Named:
    named = Named()
    for handles, ids in ((asked.people, named.people), (asked.other_people, named.other_people)):
        for handle in handles:
            account = find_account(session, handle)
            if account is None or account.is_guest:
                asked.notes.append(sentence("Nobody here is called '%(handle)s'.", handle=handle))
            else:
                ids.append(account.id)
    for references, articles in ((asked.articles, named.articles), (asked.other_articles, named.other_articles)):
        for reference in references:
            found = next((found for find in _WAYS if (found := find(session, reference)) is not None), None)
            if found is None:
                asked.notes.append(sentence("No discussion was found by '%(reference)s'.", reference=reference[:80]))
            elif found not in articles:
                articles.append(found)
    return named


def _find_by_id(session: Session, reference: str) -> Article | None:
    is_id = reference.isascii() and reference.isdigit() and 0 < len(reference) < 20 and int(reference) <= _MOST_ID
    article = session.get(Article, int(reference)) if is_id else None
    return follow_merges(session, article) if article is not None and article.site_id == DEFAULT_SITE_ID else None


def _find_by_slug(session: Session, reference: str) -> Article | None:
    try:
        return get_present_article(session, DEFAULT_SITE_ID, reference)
    except Refusal:
        return None


def _find_by_address(session: Session, reference: str) -> Article | None:
    try:
        found = find_article_by_address(session, DEFAULT_SITE_ID, normalize_address(reference))
    except BadAddress:
        return None
    return follow_merges(session, found) if found is not None else None


def _find_by_own_page(session: Session, reference: str) -> Article | None:
    match = _OWN_PAGE.search(reference)
    return _find_by_slug(session, match["slug"]) if match else None


_WAYS: tuple[Callable[[Session, str], Article | None], ...] = (_find_by_id, _find_by_slug, _find_by_address, _find_by_own_page)
