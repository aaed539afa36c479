"""Writes the whole database into an archive, from one snapshot, while it is used: ``forum export`` and ``forum backup``.

The rule: nothing under the final name is ever half a file, and nothing that was there is replaced unless that was asked for.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO, cast

import msgspec
from msgspec import Struct
from sqlalchemy import Select, String, collate, func, select, text
from sqlalchemy.orm import Session

from forum.articles.models import Site
from forum.clock import now
from forum.db.base import Base
from forum.db.schema import schema_revision
from forum.db.transaction import reading
from forum.settings import SECRET_FILE, Settings
from forum.transfer.archive_file import (
    ARCHIVE_VERSION,
    FORMAT,
    SCHEMA,
    SECRET_KEY,
    ArchiveWriter,
    LeftOutOfArchive,
    Manifest,
    file_refusal,
)
from forum.transfer.archive_shape import Schema, TableShape, describe, row_type
from forum.transfer.archive_tables import DERIVED_TABLES, SECRET_COLUMNS, SECRET_TABLES, TRANSIENT_TABLES
from forum.transfer.engine import Bar, no_bar
from forum.transfer.records import Advance, ImportRefused

# Rows may be wide: so many at a time bound the memory.
PREFETCH = 200
_PACE = 1000


@dataclass(frozen=True)
class ArchiveOrder:
    """What to write: with or without what proves who somebody is, and the installation's settings."""

    settings: Settings
    secrets: bool


def write_archive(stream: BinaryIO, order: ArchiveOrder, *, bar: Bar = no_bar) -> Manifest:
    """Write the database as it is at one moment into ``stream``, a pipe perhaps, and return what it is."""
    schema = describe(secrets=order.secrets)
    with ArchiveWriter(stream, now()) as writer:
        writer.add(SCHEMA, msgspec.json.format(msgspec.json.encode(schema), indent=2) + b"\n")
        with snapshot() as session:
            with bar("Writing", _count(session, schema)) as advance:
                for shape in schema.tables:
                    _write_table(session, writer, shape, advance)
            key = _secret_key(order)
            if key is not None:
                writer.add(SECRET_KEY, key)
            manifest = _manifest(session, order, writer, has_key=key is not None)
        writer.finish(manifest)
    return manifest


def write_file(file: Path, order: ArchiveOrder, *, force: bool, bar: Bar = no_bar) -> Manifest:
    """Write an archive to ``file``, which only its owner can read: under another name first, which it changes once all of it is on the disk.

    Raises ArchiveRefused when something of that name is there and ``force`` is False, or when the file cannot be written.
    """
    draft = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        if not force and os.path.lexists(file):
            raise _is_there(file)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                manifest = write_archive(stream, order, bar=bar)
                stream.flush()
                os.fsync(stream.fileno())
            _put(draft, file, force=force)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise ImportRefused(f"{file} cannot be written: {error.strerror or type(error).__name__}.") from None
    return manifest


@contextmanager
def snapshot() -> Iterator[Session]:
    """Open a transaction that sees one state of the database throughout, for as long as it takes; others go on writing meanwhile."""
    with reading() as session:
        if session.get_bind().dialect.name == "postgresql":
            session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
            take_time(session)
        yield session


def take_time(session: Session) -> None:
    """Let the open transaction take longer than a request's may."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET LOCAL statement_timeout = 0"))
        session.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))


def encoded_rows(session: Session, shape: TableShape) -> Iterator[bytes]:
    """Yield a table's rows as an archive has them: in the order of its key, which is the same on both databases, and byte by byte the same for the same row."""
    encode = msgspec.json.Encoder().encode
    return map(encode, read_rows(session, shape))


def read_rows(session: Session, shape: TableShape) -> Iterator[Struct]:
    """Yield a table's rows as structures, in the same order."""
    made = row_type(shape, {})
    for row in session.execute(_rows(session, shape), execution_options={"yield_per": PREFETCH}):
        yield made(*row)


def discussion_of(session: Session) -> str:
    """Return the name of this discussion among all: made of its first site, it stays the same wherever the database is restored."""
    first = session.execute(select(Site.id, Site.created_at).order_by(Site.id).limit(1)).first()
    return sha256(msgspec.json.encode(tuple(first) if first else ())).hexdigest()[:16]


def _write_table(session: Session, writer: ArchiveWriter, shape: TableShape, advance: Advance) -> None:
    with writer.table(shape.name) as write:
        for number, row in enumerate(encoded_rows(session, shape), start=1):
            write(row)
            if not number % _PACE:
                advance(_PACE)


def _rows(session: Session, shape: TableShape) -> Select[Any]:
    table = Base.metadata.tables[shape.name]
    # How text is ordered depends on where a PostgreSQL was set up; SQLite orders by bytes.
    by_bytes = session.get_bind().dialect.name == "postgresql"
    key = (table.c[name] for name in shape.key)
    order = [collate(column, "C") if by_bytes and isinstance(column.type, String) else column for column in key]
    return select(*(table.c[column.name] for column in shape.columns)).order_by(*order)


def _count(session: Session, schema: Schema) -> int:
    return sum(session.scalar(select(func.count()).select_from(Base.metadata.tables[shape.name])) or 0 for shape in schema.tables)


def _secret_key(order: ArchiveOrder) -> bytes | None:
    """Return the secret that was made for this installation; one that stands in the settings is kept where those are."""
    if not order.secrets or order.settings.secret_key:
        return None
    file = Path(order.settings.data_dir) / SECRET_FILE
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise file_refusal(str(file), error) from None


def _manifest(session: Session, order: ArchiveOrder, writer: ArchiveWriter, *, has_key: bool) -> Manifest:
    if order.secrets:
        left_out = LeftOutOfArchive(dict(DERIVED_TABLES))
    else:
        columns = {f"{table}.{name}": why for table, names in SECRET_COLUMNS.items() for name, why in names.items()}
        left_out = LeftOutOfArchive({**DERIVED_TABLES, **SECRET_TABLES, **TRANSIENT_TABLES}, columns)
    return Manifest(
        format=FORMAT,
        archive_version=ARCHIVE_VERSION,
        schema_revision=cast(str, schema_revision(session)),
        product_version=version("forum"),
        created_at=writer.moment,
        discussion=discussion_of(session),
        site_name=order.settings.site_name,
        base_url=order.settings.base_url,
        sites=list(session.scalars(select(Site.slug).order_by(Site.id))),
        secrets=order.secrets,
        secret_key=has_key,
        left_out=left_out,
        tables=writer.sums,
    )


def _put(draft: Path, file: Path, *, force: bool) -> None:
    if force:
        draft.replace(file)
    else:
        try:
            # A link fails where a name is taken; some file systems know no links.
            os.link(draft, file)
        except FileExistsError:
            raise _is_there(file) from None
        except OSError:
            if os.path.lexists(file):
                raise _is_there(file) from None
            draft.rename(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        with suppress(OSError):
            os.fsync(folder)
    finally:
        os.close(folder)


def _is_there(file: Path) -> ImportRefused:
    return ImportRefused(f"{file} is there already: choose another name, or add --force to replace it.")
