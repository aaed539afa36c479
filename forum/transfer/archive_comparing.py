"""Compares an archive with a database that is in use, row by row; decides what ``forum import forum`` does with it.

Into an unused database it is restored. Where the same discussion is already, nothing is changed, and what differs is counted. Everywhere else
the engine of all importers takes it (``own``).
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import Any

import msgspec
from sqlalchemy.orm import Session

from forum.db.base import Base
from forum.db.transaction import reading
from forum.settings import Settings
from forum.transfer.archive_file import Archive, file_refusal
from forum.transfer.archive_report import ArchiveReport, Rows
from forum.transfer.archive_restoring import find_used_table, restore
from forum.transfer.archive_shape import TableShape, row_type
from forum.transfer.archive_writing import discussion_of, read_rows, snapshot
from forum.transfer.engine import Bar, no_bar
from forum.transfer.records import Advance

_PACE = 1000


@contextmanager
def open_archive(file: Path) -> Iterator[Archive]:
    """Open an archive; ``-`` is standard input, which is kept in an unnamed file meanwhile. Raises ArchiveRefused."""
    name = "standard input" if str(file) == "-" else file.name
    try:
        stream = TemporaryFile() if str(file) == "-" else file.open("rb")  # noqa: SIM115 closed below
    except OSError as error:
        raise file_refusal(name, error) from None
    with stream:
        if str(file) == "-":
            copyfileobj(sys.stdin.buffer, stream)
            stream.seek(0)
        with Archive(stream, name) as archive:
            yield archive


def bring_in(file: Path, settings: Settings, *, dry_run: bool, bar: Bar = no_bar) -> ArchiveReport | None:
    """Restore an archive where nobody has done anything, compare it where its discussion is already; None: the database has another discussion.

    Raises ArchiveRefused, and then nothing was changed.
    """
    with open_archive(file) as archive:
        with reading() as session:
            is_used = find_used_table(session) is not None
        if not is_used:
            return restore(archive, settings, dry_run=dry_run, bar=bar)
        with snapshot() as session:
            if discussion_of(session) != archive.manifest.discussion:
                return None
            report = ArchiveReport(archive.name, dry_run)
            with bar("Comparing", archive.rows) as advance:
                for shape in archive.schema.tables:
                    report.tables[shape.name] = _compare(session, archive, shape, advance)
    return _conclude(report) if report.is_known else None


def _conclude(report: ArchiveReport) -> ArchiveReport:
    total = report.total
    if total.already_here == total.in_file:
        report.notes.append("All of it is here already; nothing was changed.")
    else:
        report.notes.append(
            "This discussion is here already, and one has gone on since the other; nothing was changed. To have it as it is in the file, restore it into a new database."
        )
    return report


def _compare(session: Session, archive: Archive, shape: TableShape, advance: Advance) -> Rows:
    """Count a table's rows; both sides are ordered by the key, so that one walk is enough."""
    common, counts = _common(shape), Rows()
    decoded = archive.rows_of(shape.name, row_type(shape, {}))
    here = read_rows(session, common) if common is not None else iter(())
    keys = shape.key
    at = next(here, None)
    for row in decoded:
        counts.in_file += 1
        key = _key(row, keys)
        while at is not None and _key(at, keys) < key:
            at = next(here, None)
        if at is None or _key(at, keys) != key:
            counts.missing += 1
        elif all(getattr(at, name) == getattr(row, name) for name in at.__struct_fields__):
            counts.already_here += 1
        else:
            counts.differs += 1
        if not counts.in_file % _PACE:
            advance(_PACE)
    return counts


def _key(row: msgspec.Struct, names: list[str]) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in names)


def _common(shape: TableShape) -> TableShape | None:
    """Return the part of a table's description that this version's database has too; None where it does not have the table, or orders it by another key."""
    table = Base.metadata.tables.get(shape.name)
    if table is None or [column.name for column in table.primary_key.columns] != shape.key:
        return None
    return msgspec.structs.replace(shape, columns=[column for column in shape.columns if column.name in table.columns])
