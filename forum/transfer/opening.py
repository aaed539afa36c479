"""Opens an export as it was downloaded: plain, packed by gzip, or the one file in a zip archive; used by the readers.

The rule: never more than a piece of it in memory, and a packed file that unpacks to far too much is refused while it is read.
"""

import gzip
import struct
import zlib
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import IO
from zipfile import BadZipFile, ZipFile, ZipInfo

from forum.transfer.records import Advance, ImportRefused

CHUNK = 65_536
# Deflate reaches 1,000 to 1; real exports stay near 10.
PACKED_RATIO_LIMIT = 100
_FREE_RATIO_BYTES = 50_000_000
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
# The list of an archive's files is read into memory as a whole, and an export is one file.
_LIST_LIMIT = 100_000
_END_OF_LIST = struct.Struct("<4s4H2LH")
_EXPORTS = (".xml", ".json", ".ndjson", ".txt")
_LOCKED = 1


def chunks(file: Path, advance: Advance) -> Iterator[bytes]:
    """Yield what the file holds, unpacked, in pieces; ``advance`` is told the bytes read from disk. Raises ImportRefused."""
    try:
        if file.is_dir():
            raise ImportRefused(f"{file.name} is a folder; name the export file in it.")
        with file.open("rb") as raw:
            magic = raw.peek(4)[:4]
            if magic == _ZIP:
                yield from _unzipped(file, raw, advance)
                return
            stream: IO[bytes] = gzip.GzipFile(fileobj=raw) if magic[:2] == _GZIP else raw  # type: ignore[assignment]
            yield from _measured(file, stream, raw, advance)
    except (EOFError, zlib.error, gzip.BadGzipFile, BadZipFile):
        raise ImportRefused(f"{file.name} is packed and broken or cut off; fetch it again.") from None
    except OSError as error:
        raise ImportRefused(f"{file.name} cannot be read: {error.strerror or error}.") from None


def beginning(file: Path, size: int = 4096) -> bytes:
    """Return the first bytes of what the file holds, unpacked; nothing of a pipe, which can be read but once, or of what cannot be read."""
    if not file.is_file():
        return b""
    found = b""
    try:
        for chunk in chunks(file, lambda _: None):
            found += chunk
            if len(found) >= size:
                break
    except ImportRefused:
        return b""
    return found[:size]


def _unzipped(file: Path, raw: BufferedReader, advance: Advance) -> Iterator[bytes]:
    if not raw.seekable():
        raise ImportRefused(f"{file.name} is a zip archive; unpack it and import the file inside.")
    if _list_size(raw) > _LIST_LIMIT:
        raise ImportRefused(f"{file.name} is a zip archive of very many files; unpack it and import the export file inside.")
    with ZipFile(raw) as archive:
        inside = _only_export(file, archive)
        try:
            with archive.open(inside) as stream:
                yield from _measured(file, stream, raw, advance)
        except (RuntimeError, LookupError):
            raise ImportRefused(f"{file.name} is a zip archive packed in an unusual way; unpack it and import the file inside.") from None


def _list_size(raw: BufferedReader) -> int:
    """Return how many bytes the archive's list of files takes, as its last record says; too many where there is no such record."""
    end = raw.seek(0, 2)
    raw.seek(max(0, end - 65_535 - _END_OF_LIST.size))
    tail = raw.read()
    raw.seek(0)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + _END_OF_LIST.size > len(tail):
        raise BadZipFile
    return int(_END_OF_LIST.unpack_from(tail, at)[5])


def _only_export(file: Path, archive: ZipFile) -> ZipInfo:
    found = [one for one in archive.infolist() if not one.is_dir() and _is_export(one.filename)]
    if len(found) != 1:
        counted = f"{len(found)} export files" if found else "no XML or JSON file"
        raise ImportRefused(f"{file.name} is a zip archive with {counted} in it; unpack it and import the one you mean.")
    if found[0].flag_bits & _LOCKED:
        raise ImportRefused(f"{file.name} is a zip archive with a password; unpack it and import the file inside.")
    return found[0]


def _is_export(name: str) -> bool:
    # Archives made on a Mac have a second, hidden file for each.
    last = name.replace("\\", "/").rpartition("/")[2]
    return last.lower().endswith(_EXPORTS) and not last.startswith(".") and not name.startswith("__MACOSX/")


def _measured(file: Path, stream: IO[bytes], raw: BufferedReader, advance: Advance) -> Iterator[bytes]:
    unpacked = packed = told = 0
    while chunk := stream.read(CHUNK):
        unpacked += len(chunk)
        # A packed file may be a pipe, which cannot tell its position; then it is measured by what came out.
        packed = raw.tell() if raw.seekable() else unpacked
        advance(packed - told)
        told = packed
        if unpacked > _FREE_RATIO_BYTES and unpacked > PACKED_RATIO_LIMIT * packed:
            raise ImportRefused(
                f"{file.name} unpacks to more than {PACKED_RATIO_LIMIT} times its size; unpack it yourself if you trust it."
            )
        yield chunk
