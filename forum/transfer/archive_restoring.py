"""Reads an archive into a database in which nobody has done anything: the identical state, ids and all, in one transaction.

The rule: a row goes in only where the database has its table and column, of that kind; the database's own constraints judge the rest, and all of it is committed
or nothing. An archive of an older schema goes into tables of that schema, which are brought up to this version's afterwards.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any

import msgspec
from sqlalchemy import func, insert, inspect, literal, select, text
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, StatementError
from sqlalchemy.orm import Session

from forum.access.viewer import DEFAULT_SITE_ID
from forum.articles.models import Site
from forum.db.base import Base
from forum.db.schema import bring_up_to_date, schema_head, schema_revision, settle
from forum.db.transaction import reading, writing
from forum.moderation import log
from forum.settings import Settings
from forum.transfer.archive_file import Archive, ArchiveRefused, member_of
from forum.transfer.archive_report import ArchiveReport, Rows
from forum.transfer.archive_secret import place_secret
from forum.transfer.archive_shape import ColumnShape, TableShape, kind_of, row_type, stored_table
from forum.transfer.archive_tables import DERIVED_TABLES, INCIDENTAL_TABLES
from forum.transfer.archive_writing import take_time
from forum.transfer.engine import Bar, no_bar
from forum.transfer.records import Advance, tidy

BATCH = 200
# Tables of the database that no archive may name: whose the schema is, the queue's, SQLite's, and what belongs to an index.
_NO_TABLES = ("alembic_", "forum_jobs_", "sqlite_", "pg_", *DERIVED_TABLES)


class _NothingWritten(Exception):
    """Ends the transaction of a dry run."""


@dataclass(frozen=True)
class _Plan:
    """A table as the archive and the database agree on it: which columns, and how long a text may be."""

    shape: TableShape
    lengths: Mapping[str, int]


def restore(archive: Archive, settings: Settings, *, dry_run: bool = False, bar: Bar = no_bar) -> ArchiveReport:
    """Fill an unused database with an archive and return the account of it; a dry run does the same and commits nothing.

    Raises ArchiveRefused, and then nothing has been written: for a database that is used, an archive of a version that this one does not know, a file that is not
    what its manifest says, and rows that the database refuses.
    """
    with reading() as session:
        check_unused(session)
        found = schema_revision(session)
    report = ArchiveReport(archive.name, dry_run)
    wanted = archive.manifest.schema_revision
    if wanted == schema_head():
        bring_up_to_date()
        _fill(archive, settings, report, bar)
    else:
        _restore_older(archive, settings, report, bar, found=found)
    if not dry_run:
        settle()
    return report


def check_unused(session: Session) -> None:
    """Raise ArchiveRefused when somebody has left something in the database."""
    table = find_used_table(session)
    if table is not None:
        raise ArchiveRefused(
            f"The database is in use: it has rows in '{table}'. Name another one by FORUM_DATABASE_URL or FORUM_DATA_DIR; none has to be there before."
        )


def find_used_table(session: Session) -> str | None:
    """Return the name of a table in which somebody has left something, or None: what ``forum init`` and a server that nobody used leave does not count."""
    there = set(inspect(session.connection()).get_table_names())
    for table in Base.metadata.sorted_tables:
        is_meant = table.name in there and table.name not in INCIDENTAL_TABLES
        if is_meant and session.scalar(select(literal(1)).select_from(table).limit(1)):
            return table.name
    if "sites" in there:
        sites = session.execute(text("SELECT * FROM sites LIMIT 2")).mappings().all()
        # Before any migration has been written that says otherwise, whatever a site can be set to is off or empty.
        if len(sites) > 1 or any(value for row in sites for name, value in row.items() if name not in ("id", "slug", "created_at")):
            return "sites"
    return None


def _restore_older(archive: Archive, settings: Settings, report: ArchiveReport, bar: Bar, *, found: str | None) -> None:
    from forum.db import migrating

    wanted = archive.manifest.schema_revision
    if wanted not in migrating.known_revisions():
        made = f"version {archive.manifest.product_version} (schema {wanted}), and this version's schema is {schema_head()}"
        raise ArchiveRefused(f"{archive.name} was made by {made}: read it with that version, or a newer one than this.")
    if report.dry_run:
        report.notes.append(
            f"It was made with the schema {wanted}: only its form was checked, since the tables of that schema would have to be made for more."
        )
        _read_through(archive, report, bar)
        return
    if found is not None and found != wanted:
        migrating.downgrade("base")
    try:
        migrating.upgrade(wanted)
        _fill(archive, settings, report, bar)
    finally:
        # Also when it was refused: then the tables are as empty as before, and this version's again.
        bring_up_to_date()
    report.notes.append(f"It was made with the schema {wanted}, and was brought up to this version's, {schema_head()}.")


def _read_through(archive: Archive, report: ArchiveReport, bar: Bar) -> None:
    with bar("Checking", archive.rows) as advance:
        for shape in archive.schema.tables:
            rows = report.tables[shape.name] = Rows()
            for batch in _batches(archive.rows_of(shape.name, row_type(shape, {}))):
                rows.in_file += len(batch)
                advance(len(batch))
            rows.created = rows.in_file


def _fill(archive: Archive, settings: Settings, report: ArchiveReport, bar: Bar) -> None:
    try:
        with suppress(_NothingWritten), writing() as session:
            take_time(session)
            check_unused(session)
            plans = [_plan(session, archive, shape) for shape in archive.schema.tables]
            _clear(session)
            with bar("Checking" if report.dry_run else "Writing", archive.rows) as advance:
                for plan in plans:
                    count = _insert(session, archive, plan, advance)
                    report.tables[plan.shape.name] = Rows(count, count)
            if session.scalar(select(Site.id).where(Site.id == DEFAULT_SITE_ID)) is None:
                raise ArchiveRefused(f"{archive.name} has no first site; no archive of a forum is without.")
            report.notes += _notes(session, archive)
            _check_deferred(session)
            if report.dry_run:
                raise _NothingWritten
            report.notes += place_secret(session, archive, settings)
    except (IntegrityError, DataError) as error:
        raise ArchiveRefused(f"{archive.name}: its rows do not fit together: {_first_line(error.orig or error)}.") from None


def _clear(session: Session) -> None:
    """Take away what a server that nobody used has left, and the site that every new database has."""
    there = set(inspect(session.connection()).get_table_names())
    for table in reversed(Base.metadata.sorted_tables):
        if table.name in there and table.name in INCIDENTAL_TABLES and table.name not in DERIVED_TABLES:
            session.execute(text(f"DELETE FROM {table.name}"))  # noqa: S608 a name of ours


def _plan(session: Session, archive: Archive, shape: TableShape) -> _Plan:
    inspector = inspect(session.connection())
    if shape.name.startswith(_NO_TABLES) or not inspector.has_table(shape.name):
        raise ArchiveRefused(
            f"{archive.name} has a table '{shape.name}', which a forum with the schema {archive.manifest.schema_revision} has not."
        )
    there = {column["name"]: column for column in inspector.get_columns(shape.name)}
    columns, lengths = [], {}
    for one in shape.columns:
        found = there.pop(one.name, None)
        if found is None or found.get("computed") or kind_of(found["type"]) is not one.kind:
            raise ArchiveRefused(
                f"{archive.name}: the column '{one.name}' of '{shape.name}' is not one that a forum with the schema {archive.manifest.schema_revision} has."
            )
        columns.append(ColumnShape(one.name, one.kind, bool(found["nullable"])))
        length = getattr(found["type"], "length", None)
        if length is not None:
            lengths[one.name] = int(length)
    key = inspector.get_pk_constraint(shape.name)["constrained_columns"]
    needed = [
        name for name, one in there.items() if name in key or not (one["nullable"] or one.get("computed") or one["default"] is not None)
    ]
    if needed:
        raise ArchiveRefused(f"{archive.name}: the rows of '{shape.name}' lack '{needed[0]}', without which there is none.")
    return _Plan(TableShape(shape.name, "", list(key), columns), lengths)


def _insert(session: Session, archive: Archive, plan: _Plan, advance: Advance) -> int:
    rows = archive.rows_of(plan.shape.name, row_type(plan.shape, plan.lengths))
    write = _copy if session.get_bind().dialect.name == "postgresql" else _execute
    done = Rows()

    def counted() -> Iterator[list[Any]]:
        for batch in _batches(rows):
            done.in_file += len(batch)
            yield batch
            advance(len(batch))

    refusing: tuple[type[Exception], ...] = (StatementError, *_driver_errors(session))
    try:
        write(session, plan.shape, counted())
    except refusing as error:
        # A lock that was held too long, or a full disk, is not the archive's fault.
        if isinstance(error, DBAPIError) and not isinstance(error, IntegrityError | DataError):
            raise
        why = _first_line(getattr(error, "orig", None) or error)
        raise ArchiveRefused(f"{archive.name}: {member_of(plan.shape.name)}: the database refuses a row: {why}.") from None
    return done.in_file


def _execute(session: Session, shape: TableShape, batches: Iterable[list[Any]]) -> None:
    connection, statement = session.connection(), insert(stored_table(shape))
    for batch in batches:
        connection.execute(statement, [msgspec.structs.asdict(row) for row in batch])


def _copy(session: Session, shape: TableShape, batches: Iterable[list[Any]]) -> None:
    """Write a table's rows by one COPY, which takes half the time of statements, and let its ids go on behind the last one."""
    columns = ", ".join(column.name for column in shape.columns)
    cursor: Any = session.connection().connection.cursor()
    with cursor, cursor.copy(f"COPY {shape.name} ({columns}) FROM STDIN") as copy:
        for batch in batches:
            for row in batch:
                copy.write_row(msgspec.structs.astuple(row))
    if shape.key == ["id"]:
        # Where a table has no rows its sequence stays at its beginning; one whose ids come from elsewhere has none.
        last = select(func.max(stored_table(shape).c.id)).scalar_subquery()
        session.execute(select(func.setval(func.pg_get_serial_sequence(shape.name, "id"), last)))


def _driver_errors(session: Session) -> tuple[type[Exception], ...]:
    """Return what a COPY raises for rows that the database refuses: it is none of SQLAlchemy's statements."""
    driver: Any = session.get_bind().dialect.dbapi
    return (driver.IntegrityError, driver.DataError)


def _batches(rows: Iterable[Any]) -> Iterator[list[Any]]:
    left = iter(rows)
    while batch := list(islice(left, BATCH)):
        yield batch


def _check_deferred(session: Session) -> None:
    """Raise IntegrityError for what would only be noticed at the end of the transaction."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    elif broken := session.execute(text("PRAGMA foreign_key_check")).first():
        raise IntegrityError("", None, ValueError(f"a row of {broken[0]} refers to nothing"))


def _notes(session: Session, archive: Archive) -> Iterator[str]:
    about = archive.manifest
    yield f"It is {tidy(about.site_name)}, {tidy(about.base_url)}, as it was at {about.created_at:%Y-%m-%d %H:%M:%S} UTC."
    if about.schema_revision == schema_head():
        for site_id, slug in session.execute(select(Site.id, Site.slug).order_by(Site.id)).all():
            walked = log.verify(session, site_id)
            faults = f"{len(walked.faults)} faults, which 'forum modlog verify' lists" if walked.faults else f"whole, {walked.count:,} rows"
            yield f"The moderation log of '{tidy(slug)}': {faults}."
    if not about.secrets:
        yield "It holds no passwords, tokens, second factors and webhooks: people set a password by a mailed link, or 'forum account password' does."


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200].rstrip(".") if lines else type(error).__name__
