"""Reads Isso's database, a SQLite file, and the JSON that its generic importer takes; both name pages by path alone.

Follows isso/db/comments.py and isso/migrate.py. The database is only read: what a server left beside it (a journal, a write-ahead log) is
read from a copy, so that nothing is written next to the original either.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from forum.transfer.fields import Fields, WrongField
from forum.transfer.records import (
    UNDATED,
    Advance,
    ArticleState,
    Changed,
    CommentState,
    ImportedArticle,
    ImportedComment,
    ImportRefused,
    Kind,
    Record,
    person,
    tidy,
    unmapped,
    web_address,
)

MAGIC = b"SQLite format 3\0"
TEXT_LIMIT = 10_000_000
_TABLES = {
    "threads": ("id", "uri", "title"),
    "comments": ("id", "tid", "parent", "created", "modified", "mode", "text", "author", "email", "website", "likes", "dislikes"),
}
_EACH_THREAD, _EACH_COMMENT = "SELECT {} FROM threads ORDER BY id", "SELECT {} FROM comments ORDER BY id"
_NEEDED = frozenset({"id", "uri", "tid", "parent", "created", "mode", "text"})
_SIDES = ("-wal", "-journal")
_STATES = {1: CommentState.VISIBLE, 2: CommentState.HELD, 4: CommentState.DELETED}
_HINT = "this is no database of Isso. Its place is 'dbpath' in Isso's configuration."
_EACH = 1000


def read(file: Path, advance: Advance, *, base_url: str | None = None) -> Iterator[Record]:
    """Yield what a database of Isso holds. Raises ImportRefused when it cannot be read to its end."""
    base = require_base(file, base_url)
    try:
        with _opened(file) as database, closing(sqlite3.connect(database, uri=True, isolation_level=None)) as connection:
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, TEXT_LIMIT)
            connection.executescript("PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA query_only=ON; BEGIN")
            connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
            columns = {table: _columns(file, connection, table) for table in _TABLES}
            yield from _threads(connection, columns["threads"], base)
            yield from _comments(connection, columns["comments"], base, _Progress(connection, file, advance))
    except (sqlite3.Error, OverflowError, UnicodeError) as error:
        raise ImportRefused(
            f"{file.name} cannot be read as a database: {error}; stop Isso, copy the file again, and import the copy."
        ) from None


def recognises(head: bytes) -> bool:
    """Return whether a file that begins so is a SQLite database."""
    return head.startswith(MAGIC)


def require_base(file: Path, base_url: str | None) -> str:
    """Return the address that paths are put behind. Raises ImportRefused where none was given."""
    if base_url is None:
        raise ImportRefused(
            f"{file.name} names its pages by their paths alone: say where they are, for example --base-url https://blog.example."
        )
    return base_url.rstrip("/")


def address_of(base: str, uri: str) -> str | None:
    """Return the address of what Isso knows as ``uri``, or None where that is no path but a name that somebody gave to the page."""
    return web_address(uri, base + uri if uri.startswith("/") else "")


class _Progress:
    """Tells the progress bar of rows what it wants to hear in bytes."""

    def __init__(self, connection: sqlite3.Connection, file: Path, advance: Advance) -> None:
        self._each = file.stat().st_size * _EACH // max(1, connection.execute("SELECT count(*) FROM comments").fetchone()[0])
        self._advance = advance
        self._rows = 0

    def step(self) -> None:
        self._rows += 1
        if self._rows % _EACH == 0:
            self._advance(self._each)


@contextmanager
def _opened(file: Path) -> Iterator[str]:
    """Yield the address under which the database can be read without writing anything beside it."""
    try:
        with file.open("rb") as raw:
            head = raw.read(100)
    except OSError as error:
        raise ImportRefused(f"{file.name} cannot be read: {error.strerror or error}.") from None
    if not head.startswith(MAGIC):
        raise ImportRefused(f"{file.name}: {_HINT}" if head else f"{file.name} is empty; copy it again.")
    sides = [side for ending in _SIDES if (side := file.with_name(file.name + ending)).exists()]
    # 2 stands for a write-ahead log: even a reader makes files beside the database then.
    if not sides and 2 not in head[18:20]:
        yield f"{file.absolute().as_uri()}?mode=ro"
        return
    with tempfile.TemporaryDirectory() as folder:
        before = [one.stat() for one in (file, *sides)]
        for one in (file, *sides):
            shutil.copyfile(one, Path(folder, "isso.db" + one.name.removeprefix(file.name)))
        after = [one.stat() for one in (file, *sides)]
        if [(one.st_size, one.st_mtime_ns) for one in before] != [(one.st_size, one.st_mtime_ns) for one in after]:
            raise ImportRefused(f"{file.name} was written to while it was read; stop Isso and try again.")
        yield Path(folder, "isso.db").as_uri()


def _columns(file: Path, connection: sqlite3.Connection, table: str) -> str:
    """Return what to select: a column that an older Isso did not have reads as missing. A view could do anything, and is refused."""
    made = connection.execute("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)).fetchone()
    if made is None or not str(made[0]).upper().startswith("CREATE TABLE"):
        raise ImportRefused(f"{file.name} has no table '{table}': {_HINT}")
    there = {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
    if missing := _NEEDED & set(_TABLES[table]) - there:
        raise ImportRefused(f"{file.name} has no column '{min(missing)}' in its table '{table}': {_HINT}")
    return ", ".join(name if name in there else f"NULL AS {name}" for name in _TABLES[table])


def _threads(connection: sqlite3.Connection, columns: str, base: str) -> Iterator[Record]:
    for row in connection.execute(_EACH_THREAD.format(columns)):
        thread = Fields(dict(zip(_TABLES["threads"], row, strict=True)))
        uri = thread.text("uri")
        yield ImportedArticle(
            _article_id(base, thread.text("id")), address_of(base, uri), tidy(thread.text("title")), None, False, ArticleState.PUBLISHED, 0
        )


def _comments(connection: sqlite3.Connection, columns: str, base: str, progress: _Progress) -> Iterator[Record]:
    for row in connection.execute(_EACH_COMMENT.format(columns)):
        progress.step()
        fields = Fields(dict(zip(_TABLES["comments"], row, strict=True)))
        try:
            yield from list(_comment(fields, base))
        except WrongField as wrong:
            yield wrong.left_out(fields.shown("id"), 0)


def _comment(fields: Fields, base: str) -> Iterator[Record]:
    external_id = _comment_id(base, fields.text("id"))
    parent, created_at = fields.text("parent"), fields.moment("created")
    if created_at is None:
        yield Changed(Kind.COMMENT, external_id, UNDATED, fields.text("created")[:40])
    yield from unmapped(external_id, votes=votes_of(fields), website=fields.text("website"))
    yield ImportedComment(
        external_id=external_id,
        article_external_id=_article_id(base, fields.text("tid")),
        parent_external_id=_comment_id(base, parent) if parent not in ("", "0") else None,
        author=person(fields.text("author") or "Anonymous", email=fields.text("email")),
        created_at=created_at,
        body_html="",
        state=_STATES.get(int(fields.number("mode")), CommentState.HELD),
        line=0,
        body_md=fields.text("text"),
        edited_at=fields.moment("modified"),
    )


def votes_of(fields: Fields) -> str:
    """Return a record's likes and dislikes for the report, empty where there are none."""
    likes, dislikes = fields.number("likes"), fields.number("dislikes")
    return f"+{likes:.0f} −{dislikes:.0f}" if likes or dislikes else ""


def _article_id(base: str, number: str) -> str:
    # Two databases number alike: without the address a second blog's comments would pass for the first one's.
    return f"{base}/#thread-{number}"


def _comment_id(base: str, number: str) -> str:
    return f"{base}/#isso-{number}"
