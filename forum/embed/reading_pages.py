"""What other sites' servers read: a discussion as a piece of HTML that they put into their own pages, for readers and search engines without a script.

The rule: it is what a visitor sees, whoever asks, and the same for all; nothing is made by asking.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from msgspec import UNSET, Meta

from forum.access.permissions import Permission
from forum.access.viewer import VISITOR
from forum.articles.address import BadAddress
from forum.articles.models import Article, Site
from forum.articles.present import present_articles
from forum.articles.steps import load_site
from forum.comments.schemas import CommentOut, ItemOut, ThreadQuery
from forum.embed.starting import find_article
from forum.posting.discussion import read_discussion
from forum.posting.layout import Node, arrange
from forum.posting.structured import describe
from forum.refusals import Refusal
from forum.text.elsewhere import for_elsewhere
from forum.web.context import settings
from forum.web.doors import AnyCall, Call
from forum.web.pages import Page, PageDoors
from forum.web.translation import translated

doors = PageDoors("embed_reading")
FRAGMENT_SECONDS = 60
# Bytes of the comments' HTML, and characters of them in the data for search engines: the bound on what somebody else's page gets to carry.
HTML_MOST, DESCRIBED_MOST = 100_000, 30_000
TEMPLATE = "embed/static.html"


class StaticQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A host page by its address or a key of its own, and the level of the heading that the discussion gets there."""

    url: Annotated[str, Meta(max_length=4000)] = ""
    key: Annotated[str, Meta(max_length=200)] = ""
    level: Annotated[int, Meta(ge=2, le=5)] = 2


@dataclass(frozen=True)
class Thread:
    """A thread as far as it is shown, and how many of its comments are not."""

    top: Node
    more: int


def redisplay_static(call: AnyCall, refusal: Refusal) -> Page:
    """Say in a line what is wrong with the request: it is shown where the discussion would have been."""
    faults = [translated(fault.detail) for fault in refusal.faults] or [translated(refusal.detail)]
    return _fragment(2, problem=" ".join(faults))


@doors.door("GET", "/embed/static", Permission.ARTICLE_READ, load=load_site, query=StaticQuery, redisplay=redisplay_static, impersonal=True)
def show_static(call: Call[Site, None, StaticQuery]) -> Page:
    """Show the discussion of a host page as HTML for that page itself."""
    query = call.query
    try:
        article = find_article(call.session, call.thing, url=query.url, key=query.key)
    except BadAddress as error:
        return _fragment(query.level, problem=translated(error.detail), status=422)
    if article is None:
        join = f"{settings().base_url}/at?url={quote(query.url, safe='')}" if query.url else ""
        return _fragment(query.level, join=join, seconds=FRAGMENT_SECONDS)
    return _discussion(call, article)


def _discussion(call: Call[Site, None, StaticQuery], article: Article) -> Page:
    shown = present_articles(call.session, [article], with_text=True)[0]
    page = read_discussion(call.session, VISITOR, article, ThreadQuery())
    threads, comments = _fitting(page.items)
    return _fragment(
        call.query.level,
        article=shown,
        threads=threads,
        is_whole=page.next is None and len(threads) == len(page.items) and not any(thread.more for thread in threads),
        join=f"{settings().base_url}{shown.page}",
        data=describe(shown, comments, most=DESCRIBED_MOST),
        seconds=FRAGMENT_SECONDS,
    )


def _fitting(items: Sequence[ItemOut]) -> tuple[list[Thread], list[CommentOut]]:
    """Return the threads, and the comments in them, that stay within the bound; of a thread the first so many, which are a whole tree."""
    threads: list[Thread] = []
    comments: list[CommentOut] = []
    left = HTML_MOST
    for item in items:
        kept: list[CommentOut] = []
        for comment in (item, *(item.replies or ())):
            left -= len((comment.body_html or "").encode())
            if left < 0:
                break
            kept.append(comment)
        if kept:
            count = 0 if item.thread_count is UNSET else item.thread_count
            threads.append(Thread(arrange(kept[0], kept[1:]), count - len(kept) + 1))
            comments += kept
        if left < 0:
            break
    return threads, comments


def _fragment(level: int, *, status: int = 200, seconds: int = 0, **shown: Any) -> Page:
    base = settings().base_url
    known = {"article": None, "threads": (), "is_whole": True, "join": "", "data": "", "problem": ""}
    context = known | {"level": level, "base": base, "elsewhere": lambda html: for_elsewhere(html, base)} | shown
    return Page(TEMPLATE, context, status, shared_seconds=seconds)
