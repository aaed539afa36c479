"""Where a reader goes on: the next page of a discussion, the comment just written, the page that a form was sent from. Always ours."""

from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from flask import request
from msgspec import to_builtins

from forum.posting.forms import DiscussionQuery
from forum.web.context import settings
from forum.web.pages import safe_next


def discussion_address(page: str, query: DiscussionQuery, **changes: Any) -> str:
    """Return the address of a discussion's page with this order and these filters; what is left at its default is left out."""
    asked = to_builtins(query) | {"stand": None, "cursor": None} | changes
    default = to_builtins(DiscussionQuery())
    kept = {name: value for name, value in asked.items() if value is not None and value != default[name]}
    return f"{page}?{urlencode(kept)}" if kept else page


def comment_address(comment_id: int) -> str:
    """Return the address that lands on a comment, whatever page of the discussion it is on."""
    return f"/c/{comment_id}#c{comment_id}"


def address_before(comment_id: int) -> str:
    """Return the discussion's page that this request's form stood on, at the comment; when that is not known, the comment's own."""
    came = urlsplit(request.referrer or "")
    is_discussion = came.netloc == request.host and came.path.startswith("/a/") and came.path.count("/") == 2
    page = safe_next(f"{came.path}?{came.query}" if came.query else came.path, otherwise="") if is_discussion else ""
    return f"{page}#c{comment_id}" if page else comment_address(comment_id)


def oembed_address(page: str) -> str:
    """Return the address under which other sites' programs get a quotation of a page of ours (oEmbed 1.0, section 4, discovery)."""
    base = settings().base_url
    return f"{base}/oembed?url={quote(base + page, safe='')}&format=json"
