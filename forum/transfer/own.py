"""Reads an archive of a forum like ours into a database that has another discussion already: what other systems' exports hold of one, and a count of the rest.

Into an empty database an archive is restored instead, and loses nothing (``archive_comparing`` decides). Every id is made of the discussion's name and the number
that it had there, so that two archives never mix up and the same one again changes nothing.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, Struct

from forum.comments.stance import Stance
from forum.comments.states import State
from forum.transfer.archive_file import Archive, ArchiveRefused, file_refusal
from forum.transfer.records import (
    Advance,
    ArticleState,
    Changed,
    CommentState,
    ImportedArticle,
    ImportedComment,
    ImportedPerson,
    Kind,
    LeftOut,
    Record,
)

PINNED = 2
_YEARS = (1980, 2199)
_STATES: Mapping[State, CommentState] = {
    State.VISIBLE: CommentState.VISIBLE,
    State.HELD: CommentState.HELD,
    State.SCREENED: CommentState.REJECTED,
    State.REMOVED: CommentState.REJECTED,
    State.WITHDRAWN: CommentState.DELETED,
    State.ERASED: CommentState.DELETED,
}
_CARRIED = ("accounts", "articles", "comments")
_WITHOUT_TEXT = "its text was written there: the article and its discussion are brought in, the text is not"
_ELSEWHERE = "kept for a restore into an empty database, which takes all of it: nothing here can take"
_Moment = Annotated[datetime, Meta(tz=True)]


class _Account(Struct, frozen=True):
    id: int
    display_name: str


class _Article(Struct, frozen=True):
    id: int
    url: str | None
    title: str
    body_md: str | None
    created_at: _Moment
    closed_at: _Moment | None


class _Comment(Struct, frozen=True):
    id: int
    article_id: int
    parent_id: int | None
    author_id: int
    state: State
    stance: Stance | None
    body_md: str | None
    body_html: str | None
    created_at: _Moment
    edited_at: _Moment | None
    lead: int


def read(file: Path, advance: Advance) -> Iterator[Record]:
    """Yield the people, articles and comments of an archive, then what else it holds and is left out, row by row. Raises ArchiveRefused."""
    try:
        stream = file.open("rb")
    except OSError as error:
        raise file_refusal(file.name, error) from None
    with stream, Archive(stream, file.name) as archive:
        missing = [table for table in _CARRIED if table not in archive.shapes]
        if missing:
            raise ArchiveRefused(f"{file.name} has no table '{missing[0]}'; no archive of a forum is without.")
        of = archive.manifest.discussion
        for table, records in (("accounts", _people), ("articles", _articles), ("comments", _comments)):
            yield from records(archive, of)
            advance(archive.packed_size(table))
        for shape in archive.schema.tables:
            if shape.name not in _CARRIED:
                yield from _rest(archive, shape.name, shape.key)
                advance(archive.packed_size(shape.name))


def _people(archive: Archive, of: str) -> Iterator[Record]:
    for row in archive.rows_of("accounts", _Account):
        yield ImportedPerson(_id(of, row.id), row.display_name)


def _articles(archive: Archive, of: str) -> Iterator[Record]:
    for number, row in enumerate(archive.rows_of("articles", _Article), start=1):
        external_id = _id(of, row.id)
        is_closed = row.closed_at is not None
        yield ImportedArticle(external_id, row.url, row.title, _plausible(row.created_at), is_closed, ArticleState.PUBLISHED, number)
        if row.body_md:
            yield Changed(Kind.ARTICLE, external_id, _WITHOUT_TEXT, row.title)


def _comments(archive: Archive, of: str) -> Iterator[Record]:
    for number, row in enumerate(archive.rows_of("comments", _Comment), start=1):
        # What readers could not see is told to nobody by a report either.
        is_shown = row.state is State.VISIBLE
        yield ImportedComment(
            external_id=_id(of, row.id),
            article_external_id=_id(of, row.article_id),
            parent_external_id=_id(of, row.parent_id) if row.parent_id is not None else None,
            author=ImportedPerson(_id(of, row.author_id), ""),
            created_at=_plausible(row.created_at),
            body_html=(row.body_html or "") if is_shown else "",
            state=_STATES[row.state],
            line=number,
            body_md=row.body_md if is_shown else None,
            stance=row.stance.value if row.stance is not None else None,
            edited_at=_plausible(row.edited_at) if row.edited_at is not None else None,
            is_pinned=row.lead == PINNED,
        )


def _rest(archive: Archive, table: str, key: list[str]) -> Iterator[Record]:
    for row in archive.rows_of(table, dict[str, Any]):
        yield LeftOut(Kind.RECORD, " ".join(str(row.get(name)) for name in key), f"{_ELSEWHERE} a row of '{table}'", "")


def _plausible(at: datetime) -> datetime | None:
    return at if _YEARS[0] <= at.year <= _YEARS[1] else None


def _id(of: str, number: int) -> str:
    return f"{of}:{number}"
