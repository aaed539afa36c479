"""The archive as a file: a zip whose members are written one after the other, to a pipe as well, and read in constant memory.

The rule: nothing in a file is believed. Only members with known names are read, each counted and hashed while it is, and compared with the manifest at
its end; what is too long, unpacks to too much or was cut off is refused by ArchiveRefused. The format is described in docs/archive.md.
"""

import io
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from types import TracebackType
from typing import Annotated, Any, BinaryIO, Self
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

import msgspec
from msgspec import Meta, Struct

from forum.transfer.archive_shape import NAME, Schema
from forum.transfer.records import ImportRefused, tidy

FORMAT = "forum-archive"
ARCHIVE_VERSION = 1
MANIFEST, SCHEMA, SECRET_KEY = "manifest.json", "schema.json", "secret_key"
LINE_LIMIT = 16_000_000
DOCUMENT_LIMIT = 4_000_000
# Deflate reaches 1,000 to 1. Rows that differ in nothing but their numbers come near 100.
PACKED_RATIO_LIMIT = 300
FREE_RATIO_BYTES = 50_000_000
_CHUNK = 262_144
# What the zip's own list of members may take: an archive has some sixty.
_LIST_LIMIT = 1_000_000
_BROKEN = (BadZipFile, EOFError, zlib.error, OSError, ValueError, OverflowError, RuntimeError, IndexError, KeyError, TypeError)
_Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
_Count = Annotated[int, Meta(ge=0, le=2**62)]


class ArchiveRefused(ImportRefused):
    """The archive cannot be read, or not into this database; the message is a sentence with the way out, and whatever it quotes steers no terminal."""

    def __init__(self, message: str) -> None:
        super().__init__(tidy(message))


class TableSum(Struct, frozen=True):
    """What a table's member must be: so many rows, so many bytes, this SHA-256."""

    rows: _Count
    bytes: _Count
    sha256: _Digest


class LeftOutOfArchive(Struct, frozen=True):
    """What an archive does not hold although the database did, each with the reason."""

    tables: dict[str, str] = {}
    columns: dict[str, str] = {}


class Manifest(Struct, frozen=True):
    """What an archive is: written last. ``discussion`` names the database that it comes from, and stays the same wherever it is restored."""

    format: str
    archive_version: int
    schema_revision: str
    product_version: str
    created_at: Annotated[datetime, Meta(tz=True)]
    discussion: Annotated[str, Meta(pattern="^[0-9a-f]{16}$")]
    site_name: str
    base_url: str
    sites: list[str]
    secrets: bool
    secret_key: bool
    left_out: LeftOutOfArchive
    tables: dict[Annotated[str, Meta(pattern=NAME)], TableSum]


def member_of(table: str) -> str:
    """Return the name of a table's member."""
    return f"tables/{table}.ndjson"


class ArchiveWriter:
    """Writes an archive's members into a stream, which need not be one that can be wound back; ``finish`` last. A context manager: what is not finished is no zip file."""

    def __init__(self, stream: BinaryIO, moment: datetime) -> None:
        self._zip = ZipFile(stream, "w", ZIP_DEFLATED, compresslevel=6)
        self.moment = moment
        self.sums: dict[str, TableSum] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        # Otherwise zipfile would write its list of members at the very end, and a part would look like a whole.
        self._zip.fp = None

    def add(self, name: str, content: bytes) -> None:
        """Write a whole member."""
        self._zip.writestr(self._info(name), content)

    @contextmanager
    def table(self, name: str) -> Iterator[Callable[[bytes], None]]:
        """Open a table's member; what is returned takes one row's JSON at a time."""
        digest, pieces, counts = sha256(), bytearray(), [0, 0]
        with self._zip.open(self._info(member_of(name)), "w", force_zip64=True) as member:

            def flush() -> None:
                digest.update(pieces)
                member.write(pieces)
                counts[1] += len(pieces)
                pieces.clear()

            def write(row: bytes) -> None:
                pieces.extend(row)
                pieces.extend(b"\n")
                counts[0] += 1
                if len(pieces) >= _CHUNK:
                    flush()

            yield write
            flush()
        self.sums[name] = TableSum(counts[0], counts[1], digest.hexdigest())

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest and the zip's list of members."""
        self.add(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n")
        self._zip.close()

    def _info(self, name: str) -> ZipInfo:
        info = ZipInfo(name, (max(self.moment.year, 1980), *self.moment.timetuple()[1:6]))
        info.compress_type = ZIP_DEFLATED
        # A regular file that its owner alone reads, once it is unpacked.
        info.external_attr = 0o100600 << 16
        return info


class _Bounded(io.RawIOBase):
    """A file of which zipfile takes no more than a bounded piece at once: its list of members is read whole."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw

    def read(self, size: int = -1, /) -> bytes:
        if size > _LIST_LIMIT:
            raise BadZipFile("its list of members is too long")
        return self._raw.read(size) if size >= 0 else self._raw.read(_LIST_LIMIT)

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._raw.seek(offset, whence)

    def tell(self) -> int:
        return self._raw.tell()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True


class Archive:
    """An archive that is being read: its manifest and the description of its tables, checked against each other. A context manager."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        """Open it. ``stream`` can be wound back; ``name`` is what a refusal calls the file. Raises ArchiveRefused."""
        self.name = name
        self._size = stream.seek(0, io.SEEK_END)
        with self._explained("it is no archive of a forum, or it was cut off or damaged on its way"):
            self._zip = ZipFile(_Bounded(stream))
            names = [info.filename for info in self._zip.infolist()]
            self._members = {info.filename: info for info in self._zip.infolist()}
        if len(names) != len(self._members):
            raise ArchiveRefused(f"{name} has two members of one name; no archive has.")
        self.manifest = self._manifest()
        self.schema = self._document(SCHEMA, Schema)
        self.shapes = {shape.name: shape for shape in self.schema.tables}
        self._check_names()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._zip.close()

    @property
    def rows(self) -> int:
        """How many rows it says it has."""
        return sum(one.rows for one in self.manifest.tables.values())

    def lines(self, table: str) -> Iterator[bytes]:
        """Yield a table's rows as they are written. Raises ArchiveRefused, at the latest after the last one when its member is not what the manifest says."""
        digest, rest, seen, wanted = sha256(), b"", [0, 0], self.manifest.tables[table]
        for chunk in self._chunks(member_of(table)):
            digest.update(chunk)
            seen[1] += len(chunk)
            if seen[1] > wanted.bytes:
                break
            *whole, rest = (rest + chunk).split(b"\n")
            if len(rest) > LINE_LIMIT:
                raise ArchiveRefused(f"{self._place(table, seen[0] + 1)} is longer than {LINE_LIMIT:,} bytes; no archive has such a row.")
            seen[0] += len(whole)
            yield from whole
        if rest or TableSum(seen[0], seen[1], digest.hexdigest()) != wanted:
            raise ArchiveRefused(f"{self.name}: {member_of(table)} is not what the manifest says of it; the file was changed or damaged.")

    def rows_of(self, table: str, kind: type[Any]) -> Iterator[Any]:
        """Yield a table's rows as ``kind``, a structure or a dictionary. Raises ArchiveRefused."""
        decode = msgspec.json.Decoder(kind).decode
        for number, line in enumerate(self.lines(table), start=1):
            try:
                row = decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                raise ArchiveRefused(f"{self._place(table, number)}: {str(error).rstrip('.')}.") from None
            has_zero = b"\\u0000" in line
            for value in _values(row):
                if type(value) is datetime and value.tzinfo is not UTC:
                    raise ArchiveRefused(f"{self._place(table, number)} has a moment that is not in UTC; an archive's all are.")
                if has_zero and isinstance(value, str) and "\0" in value:
                    raise ArchiveRefused(f"{self._place(table, number)} holds the character NUL, which no text has.")
            yield row

    def packed_size(self, table: str) -> int:
        """Return how many bytes of the file a table takes."""
        return self._members[member_of(table)].compress_size

    def secret_key(self) -> bytes | None:
        """Return the installation's secret, if the archive has it."""
        return self._content(SECRET_KEY) if self.manifest.secret_key else None

    def _manifest(self) -> Manifest:
        if MANIFEST not in self._members:
            raise ArchiveRefused(f"{self.name} is a zip file without {MANIFEST}: it is no archive of a forum.")
        with self._decoded(MANIFEST):
            about = msgspec.json.decode(self._content(MANIFEST), type=dict[str, Any])
        if about.get("format") != FORMAT:
            raise ArchiveRefused(f"{self.name} is a zip file, but no archive of a forum.")
        if about.get("archive_version") != ARCHIVE_VERSION:
            raise ArchiveRefused(
                f"{self.name} has a version of the format that this program does not know: read it with the version that made it."
            )
        manifest: Manifest = self._document(MANIFEST, Manifest)
        return manifest

    def _check_names(self) -> None:
        tables = self.manifest.tables.keys()
        wanted = {member_of(table) for table in tables} | ({SECRET_KEY} if self.manifest.secret_key else set())
        if tables != self.shapes.keys() or len(self.schema.tables) != len(tables) or not wanted <= self._members.keys():
            raise ArchiveRefused(f"{self.name}: {MANIFEST}, {SCHEMA} and the members do not name the same tables; the file was changed.")
        for shape in self.schema.tables:
            names = [column.name for column in shape.columns]
            if len(set(names)) != len(names) or not names or not set(shape.key) <= set(names):
                raise ArchiveRefused(f"{self.name}: {SCHEMA} describes the columns of '{shape.name}' in a way that no table has.")

    def _document(self, name: str, type_: type[Any]) -> Any:
        if name not in self._members:
            raise ArchiveRefused(f"{self.name} has no {name}; the file was changed.")
        with self._decoded(name):
            return msgspec.json.decode(self._content(name), type=type_)

    def _content(self, name: str) -> bytes:
        pieces, size = [], 0
        for chunk in self._chunks(name):
            size += len(chunk)
            if size > DOCUMENT_LIMIT:
                raise ArchiveRefused(f"{self.name}: {name} is longer than {DOCUMENT_LIMIT:,} bytes; no archive has such a one.")
            pieces.append(chunk)
        return b"".join(pieces)

    def _chunks(self, name: str) -> Iterator[bytes]:
        info, unpacked = self._members[name], 0
        if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            raise ArchiveRefused(f"{self.name}: {name} is packed in a way that no archive is; pack it again as an ordinary zip file.")
        broken = f"{name} is damaged, or the file was cut off; fetch it again"
        with self._explained(broken):
            member = self._zip.open(info)
        with member:
            while True:
                with self._explained(broken):
                    chunk = member.read(_CHUNK)
                if not chunk:
                    return
                unpacked += len(chunk)
                # How long it is when packed is the file's own word, as everything in its list.
                if unpacked > FREE_RATIO_BYTES and unpacked > PACKED_RATIO_LIMIT * min(info.compress_size, self._size):
                    raise ArchiveRefused(f"{self.name}: {name} unpacks to more than {PACKED_RATIO_LIMIT} times its size; no archive does.")
                yield chunk

    @contextmanager
    def _explained(self, why: str) -> Iterator[None]:
        try:
            yield
        except _BROKEN as error:
            raise ArchiveRefused(f"{self.name}: {why} ({type(error).__name__}).") from None

    @contextmanager
    def _decoded(self, name: str) -> Iterator[None]:
        try:
            yield
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ArchiveRefused(f"{self.name}: {name} is not as an archive's is: {str(error).rstrip('.')}.") from None

    def _place(self, table: str, number: int) -> str:
        return f"{self.name}: {member_of(table)}, line {number}"


def _values(row: Struct | dict[str, Any]) -> Iterable[Any]:
    return row.values() if isinstance(row, dict) else msgspec.structs.astuple(row)


def file_refusal(name: str, error: OSError) -> ArchiveRefused:
    """Return the refusal of a file that cannot be opened."""
    return ArchiveRefused(f"{name} cannot be read: {error.strerror or type(error).__name__}.")
