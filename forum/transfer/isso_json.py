"""Reads the JSON that Isso's generic importer takes: a list of threads, each with its comments, without replies or states.

Follows the class Generic of isso/migrate.py. A thread's name may stand behind its comments, which wait for it on disk.
"""

import json
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from forum.transfer.fields import Fields, WrongField
from forum.transfer.isso import address_of, require_base
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
    content_id,
    person,
    tidy,
    unmapped,
)

_HINT = "this is no file for Isso's generic importer, which takes a list of threads that have an 'id' and 'comments'."
_WAITING_BYTES = 4_000_000


def read(file: Path, advance: Advance, *, base_url: str | None = None) -> Iterator[Record]:
    """Yield what the file holds. Raises ImportRefused when it cannot be read to its end."""
    base = require_base(file, base_url)
    document = JsonReader(file, advance)
    if not document.is_array():
        document.refuse(_HINT)
    for _ in document.items():
        line = document.line
        if not document.is_object():
            document.refuse(f"a thread was expected here: {_HINT}")
        with tempfile.SpooledTemporaryFile(max_size=_WAITING_BYTES) as waiting:
            thread = _take(document, waiting)
            if not {"id", "comments"} <= thread.keys():
                document.refuse(f"the thread that begins in line {line} has no 'id' or no 'comments': {_HINT}")
            yield from _thread(Fields(thread), base, line, waiting)
    if not document.is_at_end():
        document.refuse("the file should end here.")


def recognises(head: bytes) -> bool:
    """Return whether a file that begins so is for Isso's generic importer."""
    return re.match(rb"\s*\[\s*\{", head) is not None and b'"comments"' in head


def _take(document: JsonReader, waiting: IO[bytes]) -> dict[str, Any]:
    """Return a thread's own fields, and put its comments on disk."""
    thread: dict[str, Any] = {}
    for name in document.names():
        if name != "comments":
            thread[name] = document.value()
            continue
        thread[name] = None
        for _ in document.items():
            if not document.is_object():
                document.refuse(f"a comment was expected here: {_HINT}")
            waiting.write(json.dumps([document.line, document.value()]).encode() + b"\n")
    return thread


def _thread(thread: Fields, base: str, line: int, waiting: IO[bytes]) -> Iterator[Record]:
    uri = thread.shown("id")
    if not uri:
        yield LeftOut(Kind.ARTICLE, "", "the thread has no id, so that nobody knows which page it is", f"line {line}")
    else:
        yield ImportedArticle(
            base + "#" + uri, address_of(base, uri), tidy(thread.shown("title")), None, False, ArticleState.PUBLISHED, line
        )
    waiting.seek(0)
    for waited in waiting:
        comment_line, values = json.loads(waited)
        fields = Fields(values)
        try:
            yield from list(_comment(fields, base, uri, comment_line))
        except WrongField as wrong:
            yield wrong.left_out(fields.shown("id"), comment_line)


def _comment(fields: Fields, base: str, uri: str, line: int) -> Iterator[Record]:
    created, body, author = fields.text("created"), fields.text("text"), fields.text("author")
    # Its number orders it within its thread, and may stand twice there.
    external_id = f"{base}#{uri}#{fields.text('id')}-" + content_id(created, author, body)[8:24]
    created_at = fields.moment("created")
    if created_at is None:
        yield Changed(Kind.COMMENT, external_id, UNDATED, created[:40])
    yield from unmapped(external_id, website=fields.text("website"))
    yield ImportedComment(
        external_id=external_id,
        article_external_id=base + "#" + uri,
        parent_external_id=None,
        author=person(author or "Anonymous", email=fields.text("email")),
        created_at=created_at,
        body_html="",
        state=CommentState.VISIBLE,
        line=line,
        body_md=body,
    )
