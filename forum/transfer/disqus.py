"""Reads a Disqus XML export (threads first, then posts in any order); knows its names and states, nothing of this site."""

from collections.abc import Iterator
from pathlib import Path

from forum.transfer.elements import Element, read_elements
from forum.transfer.records import (
    Advance,
    ArticleState,
    Changed,
    CommentState,
    ImportedArticle,
    ImportedComment,
    Kind,
    LeftOut,
    Record,
    content_id,
    moment,
    person,
    sample,
    tidy,
    web_address,
)

ROOT = "disqus"
THREAD = (ROOT, "thread")
POST = (ROOT, "post")
_THREAD_FIELDS = ("id", "link", "title", "createdAt", "isClosed", "isDeleted")
_POST_FIELDS = ("id", "message", "createdAt", "isDeleted", "isSpam", "isApproved", "thread", "parent")
_AUTHOR = (*POST, "author")
_AUTHOR_FIELDS = ("name", "email", "username", "isAnonymous")
_WANTED = frozenset(
    {
        THREAD,
        POST,
        *((*THREAD, name) for name in _THREAD_FIELDS),
        *((*POST, name) for name in _POST_FIELDS),
        *((*_AUTHOR, name) for name in _AUTHOR_FIELDS),
    }
)
_HINT = "this is no Disqus export. In Disqus: Admin, Moderation, Export; it arrives by mail as an XML file."


def read(file: Path, advance: Advance) -> Iterator[Record]:
    """Yield what a Disqus export holds. Raises ImportRefused when it cannot be read to its end."""
    fields: dict[str, Element] = {}
    for element in read_elements(file, _WANTED, ROOT, advance=advance, hint=_HINT):
        if element.path == THREAD:
            yield from _thread(element, fields)
            fields = {}
        elif element.path == POST:
            yield from _post(element, fields)
            fields = {}
        else:
            fields["/".join(element.path[2:])] = element


def recognises(head: bytes) -> bool:
    """Return whether a file that begins so is a Disqus export."""
    return b"<disqus" in head and b"http://disqus.com" in head


def _thread(thread: Element, fields: dict[str, Element]) -> Iterator[Record]:
    url = web_address(_text(fields, "link"), _text(fields, "id"))
    title = tidy(_text(fields, "title"))
    if not thread.id:
        yield LeftOut(Kind.ARTICLE, "", "the thread has no id, so that no comment can name it", url or title or f"line {thread.line}")
        return
    yield ImportedArticle(
        external_id=thread.id,
        url=url,
        title=title,
        created_at=moment(_text(fields, "createdAt")),
        is_closed=_is_true(_text(fields, "isClosed")),
        state=ArticleState.DELETED if _is_true(_text(fields, "isDeleted")) else ArticleState.PUBLISHED,
        line=thread.line,
    )


def _post(post: Element, fields: dict[str, Element]) -> Iterator[Record]:
    thread, parent = fields.get("thread"), fields.get("parent")
    body, created = _text(fields, "message"), _text(fields, "createdAt")
    external_id = post.id or _text(fields, "id") or content_id(thread.id if thread else "", created, _text(fields, "author/name"), body)
    if thread is None or not thread.id:
        yield LeftOut(Kind.COMMENT, external_id, "it names no thread", sample(body))
        return
    created_at = moment(created)
    if created_at is None:
        yield Changed(Kind.COMMENT, external_id, "its date cannot be read: the article's is used", created[:40])
    user = "" if _is_true(_text(fields, "author/isAnonymous")) else _text(fields, "author/username")
    yield ImportedComment(
        external_id=external_id,
        article_external_id=thread.id,
        parent_external_id=parent.id if parent and parent.id else None,
        author=person(_text(fields, "author/name"), user=user, email=_text(fields, "author/email")),
        created_at=created_at,
        body_html=body,
        state=_state(fields),
        line=post.line,
    )


def _state(fields: dict[str, Element]) -> CommentState:
    # Disqus marks what its filter removed as both spam and deleted; spam says more.
    if _is_true(_text(fields, "isSpam")):
        return CommentState.SPAM
    if _is_true(_text(fields, "isDeleted")):
        return CommentState.DELETED
    if "isApproved" in fields and not _is_true(_text(fields, "isApproved")):
        return CommentState.HELD
    return CommentState.VISIBLE


def _text(fields: dict[str, Element], name: str) -> str:
    return fields[name].text if name in fields else ""


def _is_true(text: str) -> bool:
    # A word that is neither true nor false counts as true: leaving out and saying so is the safer mistake.
    return text.lower() not in ("", "false", "0")
