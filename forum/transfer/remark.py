"""Reads a Remark42 backup (`userbackup` or `backup`): a line of what is known of users and pages, then a line for each comment.

Follows backend/app/migrator/native.go and store/comment.go of Remark42; the first line is the one in which pages are closed.
"""

import re
from collections.abc import Generator, Iterator
from pathlib import Path

from forum.transfer.fields import Fields, WrongField
from forum.transfer.json_reading import JsonReader
from forum.transfer.records import (
    UNDATED,
    Advance,
    ArticleState,
    Changed,
    CommentState,
    ImportedArticle,
    ImportedComment,
    Kind,
    LeftOut,
    Record,
    person,
    sample,
    tidy,
    unmapped,
    web_address,
)

VERSIONS = (0, 1)
# One line holds all users of a site that are blocked or verified, and all its closed pages.
_FIRST_LINE_LIMIT = 32_000_000
_HINT = "this is no Remark42 backup. In Remark42: 'remark42 backup', or the file in its backup folder."


def read(file: Path, advance: Advance) -> Iterator[Record]:
    """Yield what a backup holds. Raises ImportRefused when it cannot be read to its end."""
    document = JsonReader(file, advance)
    closed = yield from _first_line(document)
    while not document.is_at_end():
        line = document.line
        if not document.is_object():
            document.refuse(f"a comment was expected here: {_HINT}")
        fields = Fields(document.value())
        try:
            # All of it or nothing: a wrong field may stand behind right ones.
            yield from list(_comment(fields, closed, line))
        except WrongField as wrong:
            yield wrong.left_out(fields.shown("id"), line)


def recognises(head: bytes) -> bool:
    """Return whether a file that begins so is a Remark42 backup."""
    return bool(re.match(rb'\s*\{\s*"version"\s*:\s*[01]\s*,\s*"(?:users|posts)"\s*:', head) or b'"locator":{"' in head)


def _first_line(document: JsonReader) -> Generator[Record, None, set[str]]:
    if not document.is_object():
        document.refuse(_HINT)
    first = document.value(limit=_FIRST_LINE_LIMIT)
    fields = Fields(first)
    try:
        is_ours = fields.has("version") and (fields.has("users") or fields.has("posts")) and fields.number("version") in VERSIONS
    except WrongField:
        is_ours = False
    if not is_ours:
        document.refuse(_HINT)
    for user in _records(first.get("users")):
        blocked = user.get("blocked")
        if isinstance(blocked, dict) and blocked.get("status") is True:
            yield LeftOut(Kind.PERSON, str(user.get("id"))[:80], "they are blocked there: nobody can sign in as an imported person", "")
    return {str(page.get("url")) for page in _records(first.get("posts")) if page.get("read_only") is True}


def _records(values: object) -> Iterator[dict[str, object]]:
    return (value for value in (values if isinstance(values, list) else ()) if isinstance(value, dict))


def _comment(fields: Fields, closed: set[str], line: int) -> Iterator[ImportedArticle | ImportedComment | LeftOut | Changed]:
    place, user, edit = fields.inside("locator"), fields.inside("user"), fields.inside("edit")
    address, external_id, created_at = place.text("url"), fields.text("id"), fields.moment("time")
    body, source = fields.text("text"), fields.text("orig")
    article_id = f"{place.text('site')}:{address}"
    if not external_id or not address:
        yield LeftOut(Kind.COMMENT, external_id, "it has no id, or names no page", sample(body))
        return
    title = tidy(fields.text("title"))
    state = ArticleState.PUBLISHED
    yield ImportedArticle(article_id, web_address(address), title, None, address in closed, state, line, is_implied=True)
    if created_at is None:
        yield Changed(Kind.COMMENT, external_id, UNDATED, fields.text("time")[:40])
    yield from unmapped(external_id, votes=_votes(fields), picture=user.text("picture"))
    yield ImportedComment(
        external_id=external_id,
        article_external_id=article_id,
        parent_external_id=fields.text("pid") or None,
        author=person(user.text("name"), user=user.text("id")),
        created_at=created_at,
        body_html=body,
        state=CommentState.DELETED if fields.flag("delete") else CommentState.VISIBLE,
        line=line,
        body_md=source or None,
        edited_at=edit.moment("time"),
        is_pinned=fields.flag("pin"),
    )


def _votes(fields: Fields) -> str:
    score, votes = fields.number("score"), len(fields.inside("votes"))
    return f"{score:+.0f} of {votes or 'unknown'} votes" if score or votes else ""
