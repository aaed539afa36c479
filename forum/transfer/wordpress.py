"""Reads a WordPress export (WXR 1.0, 1.1 or 1.2); knows its names, states and text rules, nothing of this site.

What was not public there (drafts, private and protected posts, comments that wait, spam, bin) must not become public here.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

from forum.transfer.elements import Element, read_elements
from forum.transfer.paragraphs import paragraphs
from forum.transfer.records import (
    Advance,
    ArticleState,
    Changed,
    CommentState,
    ImportedArticle,
    ImportedComment,
    ImportRefused,
    Kind,
    LeftOut,
    Record,
    content_id,
    moment,
    person,
    sample,
    tidy,
    unmapped,
    web_address,
)

ROOT = "rss"
CHANNEL = (ROOT, "channel")
ITEM = (*CHANNEL, "item")
COMMENT = (*ITEM, "wp:comment")
_CHANNEL_FIELDS = ("link", "wp:base_blog_url", "wp:wxr_version")
_ITEM_FIELDS = (
    *("title", "link", "pubDate", "wp:post_id", "wp:post_date", "wp:post_date_gmt", "wp:comment_status"),
    *("wp:status", "wp:post_parent", "wp:post_password"),
)
_COMMENT_FIELDS = ("id", "author", "author_email", "author_url", "date", "date_gmt", "content", "approved", "type", "parent")
_WANTED = frozenset(
    {
        *(ITEM, COMMENT),
        *((*CHANNEL, name) for name in _CHANNEL_FIELDS),
        *((*ITEM, name) for name in _ITEM_FIELDS),
        *((*COMMENT, f"wp:comment_{name}") for name in _COMMENT_FIELDS),
    }
)
_HINT = "this is no WordPress export. In WordPress: Tools, Export, All content."
_APPROVED = {"1": CommentState.VISIBLE, "approve": CommentState.VISIBLE, "approved": CommentState.VISIBLE, "spam": CommentState.SPAM}
_BINNED = ("trash", "post-trashed")
_PINGS = ("pingback", "trackback")
# The quarter hours and the fourteen hours between which every time zone of the world lies.
_ZONE_STEP = timedelta(minutes=15)
_ZONE_LIMIT = timedelta(hours=14)

Fields = dict[str, Element]


def read(file: Path, advance: Advance) -> Iterator[Record]:
    """Yield what a WordPress export holds. Raises ImportRefused when it cannot be read to its end or is another kind of feed."""
    channel: Fields = {}
    item: Fields = {}
    comment: Fields = {}
    unpublished: set[str] = set()
    is_wxr = False
    for element in read_elements(file, _WANTED, ROOT, advance=advance, hint=_HINT):
        *outer, name = element.path
        is_wxr = is_wxr or name.startswith("wp:")
        if element.path == COMMENT:
            yield from _comment(element, comment, _article_id(channel, item), _zone(item))
            comment = {}
        elif element.path == ITEM:
            yield from _article(element, item, _article_id(channel, item), unpublished)
            item = {}
        else:
            {CHANNEL: channel, ITEM: item, COMMENT: comment}[tuple(outer)].setdefault(name, element)
    if not is_wxr:
        raise ImportRefused(f"{file.name} is a feed of articles without comments: {_HINT}")


def recognises(head: bytes) -> bool:
    """Return whether a file that begins so is a WordPress export."""
    return b"<rss" in head and b"http://wordpress.org/export/" in head


def _article_id(channel: Fields, item: Fields) -> str:
    """Name the post as its blog would: numbers alone would confuse two blogs imported into one site."""
    blog, number = _text(channel, "wp:base_blog_url") or _text(channel, "link"), _text(item, "wp:post_id")
    return f"{blog.rstrip('/')}/?p={number}" if number and blog else _text(item, "link") or number


def _article(element: Element, item: Fields, external_id: str, unpublished: set[str]) -> Iterator[Record]:
    title, url = tidy(_text(item, "title")), web_address(_text(item, "link"))
    if not external_id:
        yield LeftOut(Kind.ARTICLE, "", "it has neither a number nor an address", title or f"line {element.line}")
        return
    state = _article_state(item, unpublished)
    if state is not ArticleState.PUBLISHED:
        unpublished.add(_text(item, "wp:post_id"))
    yield ImportedArticle(
        external_id=external_id,
        url=url,
        title=title,
        created_at=moment(_text(item, "wp:post_date_gmt")) or moment(_text(item, "wp:post_date")) or _rfc_822(_text(item, "pubDate")),
        is_closed=_text(item, "wp:comment_status") == "closed",
        state=state,
        line=element.line,
    )


def _article_state(item: Fields, unpublished: set[str]) -> ArticleState:
    status = _text(item, "wp:status") or "publish"
    if status == "trash":
        return ArticleState.DELETED
    # An attachment inherits; its post was created before it and stands before it in the file.
    inherited = status == "inherit" and _text(item, "wp:post_parent") not in unpublished
    is_public = (status == "publish" or inherited) and not _text(item, "wp:post_password")
    return ArticleState.PUBLISHED if is_public else ArticleState.UNPUBLISHED


def _comment(element: Element, fields: Fields, article_id: str, zone: timedelta) -> Iterator[Record]:
    number, body, name = _text(fields, "wp:comment_id"), _text(fields, "wp:comment_content"), _text(fields, "wp:comment_author")
    dates = _text(fields, "wp:comment_date_gmt"), _text(fields, "wp:comment_date")
    external_id = f"{article_id}#comment-{number}" if number else content_id(article_id, *dates, name, body)
    if not article_id:
        yield LeftOut(Kind.COMMENT, external_id, "its post has neither a number nor an address", sample(body))
        return
    if kind := _foreign_type(fields):
        yield LeftOut(Kind.COMMENT, external_id, kind, sample(body))
        return
    created_at = moment(dates[0])
    if created_at is None:
        created_at = moment(dates[1], offset=zone)
        used = "its local date is used" if created_at else "the article's is used"
        yield Changed(Kind.COMMENT, external_id, f"its date in UTC is missing or unreadable: {used}", dates[0] or dates[1])
    yield from unmapped(external_id, website=_text(fields, "wp:comment_author_url"))
    parent = _text(fields, "wp:comment_parent")
    yield ImportedComment(
        external_id=external_id,
        article_external_id=article_id,
        parent_external_id=f"{article_id}#comment-{parent}" if parent not in ("", "0") else None,
        author=person(name, email=_text(fields, "wp:comment_author_email")),
        created_at=created_at,
        body_html=paragraphs(body),
        state=_state(_text(fields, "wp:comment_approved").lower()),
        line=element.line,
    )


def _foreign_type(fields: Fields) -> str:
    kind = _text(fields, "wp:comment_type").lower()
    if kind in ("", "comment"):
        return ""
    if kind in _PINGS:
        return "it is a pingback or trackback, not a comment"
    # Shops keep their notes about orders as comments; whatever is not known to be public stays out.
    return "it is a plugin's record, not a comment"


def _state(approved: str) -> CommentState:
    if approved in _BINNED:
        return CommentState.DELETED
    return _APPROVED.get(approved, CommentState.HELD)


def _zone(item: Fields) -> timedelta:
    """How far the blog's clock was ahead of UTC when it published the post: comments without a date in UTC are placed by it."""
    local, utc = moment(_text(item, "wp:post_date")), moment(_text(item, "wp:post_date_gmt"))
    ahead = local - utc if local and utc else timedelta(0)
    return ahead if abs(ahead) <= _ZONE_LIMIT and ahead % _ZONE_STEP == timedelta(0) else timedelta(0)


def _rfc_822(text: str) -> datetime | None:
    try:
        return moment(parsedate_to_datetime(text).isoformat())
    except (ValueError, IndexError, TypeError):
        return None


def _text(fields: Fields, name: str) -> str:
    return fields[name].text if name in fields else ""
