"""Reads the exports of Commento (version 1) and of Comentario (versions 1 and 3), which grew out of it.

Follows api/comment.go and domain_export.go of Commento, and internal/svc/impex_comentario.go of Comentario. Commenters stand behind the
comments, and a page's address is a host and a path, of which version 3 has the host in the comments' own addresses alone.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from forum.transfer.fields import Fields, WrongField
from forum.transfer.json_reading import JsonReader
from forum.transfer.opening import beginning
from forum.transfer.records import (
    UNDATED,
    Advance,
    ArticleState,
    Changed,
    CommentState,
    ImportedArticle,
    ImportedComment,
    ImportedPerson,
    ImportRefused,
    Kind,
    LeftOut,
    Record,
    person,
    tidy,
    unmapped,
)

_HINT = "this is no export of Commento or Comentario. In Comentario: Domain, Operations, Export data; in Commento: General, Export data."
_ANONYMOUS = ("", "anonymous", "0" * 64, "00000000-0000-0000-0000-000000000000")
_STATES = {"approved": CommentState.VISIBLE, "unapproved": CommentState.HELD, "flagged": CommentState.SPAM}
_DELETED = "[deleted]"
_LISTS = ("pages", "comments", "commenters")
_VERSIONS = (1, 3)

OfRecord = Callable[[Fields, int], Iterator[Record]]


def read(file: Path, advance: Advance, *, base_url: str | None = None) -> Iterator[Record]:
    """Yield what an export holds; ``base_url`` says where the pages are that it names by path alone. Raises ImportRefused."""
    document = JsonReader(file, advance)
    if not document.is_object():
        document.refuse(_HINT)
    version = 0
    found: set[str] = set()
    reader = _Reader(file, base_url)
    for name in document.names():
        if name == "version":
            version = _version(document)
        elif name in _LISTS:
            if not version:
                version = _version_ahead(document, file)
            found.add(name)
            yield from _list(document, name, reader.of(version, name))
        else:
            document.skip()
    if not document.is_at_end():
        document.refuse("the file should end here.")
    if not version or "comments" not in found:
        raise ImportRefused(f"{file.name}: {_HINT}")


def recognises_commento(head: bytes) -> bool:
    """Return whether a file that begins so is an export of Commento."""
    return _begins(head) and b'"commentHex"' in head and not _is_comentario(head)


def recognises_comentario(head: bytes) -> bool:
    """Return whether a file that begins so is an export of Comentario."""
    return _begins(head) and (_is_comentario(head) if b'"commentHex"' in head else b'"pages"' in head and b'"domainId"' in head)


def _begins(head: bytes) -> bool:
    return re.match(rb"\s*\{", head) is not None


def _is_comentario(head: bytes) -> bool:
    return b'"host"' in head and b'"domain"' not in head


def _version(document: JsonReader) -> int:
    version = document.value()
    if version not in _VERSIONS or isinstance(version, bool | float):
        document.refuse(f"version {str(version)[:20]} of the format is not known here, only 1 and 3: export it again with Comentario 3.")
    return int(version)


def _version_ahead(document: JsonReader, file: Path) -> int:
    """Return the version where it stands behind the lists: both have names that the other has not."""
    head = beginning(file)
    if b'"commentHex"' in head or b'"commenterHex"' in head:
        return 1
    if b'"pageId"' in head or b'"domainId"' in head:
        return 3
    return document.refuse(_HINT)


def _list(document: JsonReader, name: str, of_record: OfRecord) -> Iterator[Record]:
    if not document.is_array():
        # Nothing of a kind is written as null.
        if document.value() is None:
            return
        document.refuse(f"'{name}' should be a list: {_HINT}")
    for _ in document.items():
        line = document.line
        if not document.is_object():
            document.refuse(f"'{name}' should hold records: {_HINT}")
        fields = Fields(document.value())
        try:
            yield from list(of_record(fields, line))
        except WrongField as wrong:
            external_id = fields.shown("id") or fields.shown("commentHex") or fields.shown("commenterHex")
            left_out = wrong.left_out(external_id, line)
            kinds = {"pages": Kind.ARTICLE, "comments": Kind.COMMENT, "commenters": Kind.PERSON}
            yield LeftOut(kinds[name], external_id, left_out.why, left_out.sample)


class _Reader:
    def __init__(self, file: Path, base_url: str | None) -> None:
        self._file = file
        self._base = base_url.rstrip("/") if base_url else None

    def of(self, version: int, name: str) -> OfRecord:
        if version == 1:
            return {"pages": _nothing, "comments": self._comment_1, "commenters": _commenter_1}[name]
        if self._base is None:
            self._base = _find_base(self._file)
        return {"pages": self._page_3, "comments": _comment_3, "commenters": _commenter_3}[name]

    def _comment_1(self, fields: Fields, line: int) -> Iterator[Record]:
        external_id, body = fields.text("commentHex"), fields.text("markdown")
        # Commento wrote the path as "url", Comentario as "path" and the host as "host".
        host, path = fields.text("domain") or fields.text("host"), fields.text("path") or fields.text("url")
        url = f"{self._base or 'https://' + host}/{path.removeprefix('/')}" if host or self._base else None
        article_id = f"{host}/{path.removeprefix('/')}"
        if not external_id or not host:
            yield LeftOut(Kind.COMMENT, external_id, "it has no id, or names no site", f"line {line}")
            return
        yield ImportedArticle(article_id, url, "", None, False, ArticleState.PUBLISHED, line, is_implied=True)
        is_deleted = fields.flag("deleted") or body.strip() == _DELETED
        parent, score = fields.text("parentHex"), fields.number("score")
        yield from _undated(fields, "creationDate", external_id)
        yield from unmapped(external_id, votes=f"{score:+.0f}" if score else "")
        yield ImportedComment(
            external_id=external_id,
            article_external_id=article_id,
            parent_external_id=parent if parent not in ("", "root") else None,
            author=_author(fields.text("commenterHex")),
            created_at=fields.moment("creationDate"),
            body_html=fields.text("html"),
            state=CommentState.DELETED if is_deleted else _STATES.get(fields.text("state") or "approved", CommentState.HELD),
            line=line,
            body_md=body or None,
        )

    def _page_3(self, fields: Fields, line: int) -> Iterator[Record]:
        external_id, path = fields.text("id"), fields.text("path")
        if not external_id:
            yield LeftOut(Kind.ARTICLE, "", "the page has no id, so that no comment can name it", path or f"line {line}")
            return
        yield ImportedArticle(
            external_id=external_id,
            url=f"{self._base}/{path.removeprefix('/')}",
            title=tidy(fields.text("title")),
            created_at=fields.moment("createdTime"),
            is_closed=fields.flag("isReadonly"),
            state=ArticleState.PUBLISHED,
            line=line,
        )


def _comment_3(fields: Fields, line: int) -> Iterator[Record]:
    external_id, page, score = fields.text("id"), fields.text("pageId"), fields.number("score")
    if not external_id or not page:
        yield LeftOut(Kind.COMMENT, external_id, "it has no id, or names no page", f"line {line}")
        return
    writer, name = fields.text("userCreated"), fields.text("authorName")
    yield from _undated(fields, "createdTime", external_id)
    yield from unmapped(external_id, votes=f"{score:+.0f}" if score else "")
    yield ImportedComment(
        external_id=external_id,
        article_external_id=page,
        parent_external_id=fields.text("parentId") or None,
        author=person(name) if name and writer in _ANONYMOUS else _author(writer),
        created_at=fields.moment("createdTime"),
        body_html=fields.text("html"),
        state=_state_3(fields),
        line=line,
        body_md=fields.text("markdown") or None,
        edited_at=fields.moment("editedTime"),
        is_pinned=fields.flag("isSticky"),
    )


def _state_3(fields: Fields) -> CommentState:
    if fields.flag("isDeleted"):
        return CommentState.DELETED
    # One that a moderator turned down is neither approved nor waiting.
    if fields.flag("isPending"):
        return CommentState.HELD
    return CommentState.VISIBLE if fields.flag("isApproved") else CommentState.REJECTED


def _commenter_1(fields: Fields, _line: int) -> Iterator[Record]:
    return _commenter(
        fields, fields.text("commenterHex"), picture=fields.text("photo"), website=fields.text("link") or fields.text("websiteUrl")
    )


def _commenter_3(fields: Fields, _line: int) -> Iterator[Record]:
    return _commenter(fields, fields.text("id"), picture="", website=fields.text("websiteUrl"))


def _commenter(fields: Fields, number: str, *, picture: str, website: str) -> Iterator[Record]:
    yield ImportedPerson(_author(number).external_id, tidy(fields.text("name")))
    yield from unmapped(number, picture=picture, website=website)


def _author(number: str) -> ImportedPerson:
    """Return whom a comment names; the commenter of this number brings the name, wherever in the file."""
    return person("Anonymous") if number in _ANONYMOUS else ImportedPerson(f"user:{number}", "")


def _undated(fields: Fields, name: str, external_id: str) -> Iterator[Record]:
    if fields.moment(name) is None:
        yield Changed(Kind.COMMENT, external_id, UNDATED, fields.text(name)[:40])


def _nothing(_fields: Fields, _line: int) -> Iterator[Record]:
    return iter(())


def _find_base(file: Path) -> str:
    """Return where the pages of an export of version 3 are, as its first comment's own address says. Raises ImportRefused."""
    if file.is_file():
        document = JsonReader(file, lambda _: None)
        for name in document.names():
            if name != "comments" or not document.is_array():
                document.skip()
                continue
            for _ in document.items():
                values = document.value()
                address = values.get("url") if isinstance(values, dict) else None
                parts = urlsplit(address) if isinstance(address, str) else None
                if parts and parts.scheme in ("http", "https") and parts.netloc:
                    return f"{parts.scheme}://{parts.netloc}"
                break
            break
    raise ImportRefused(
        f"{file.name} names its pages by their paths alone: say where they are, for example --base-url https://blog.example."
    )
