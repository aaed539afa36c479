"""Exports as they were downloaded: a zip archive is read through when it holds one export, and is refused for what else it may be."""

import gzip
import io
import json
import zipfile
from pathlib import Path

import pytest

from forum.transfer.opening import beginning, chunks
from forum.transfer.records import ImportRefused


def unpack(file: Path) -> bytes:
    return b"".join(chunks(file, lambda _: None))


def archive(tmp_path: Path, **files: bytes) -> Path:
    file = tmp_path / "export.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in files.items():
            out.writestr(name.replace("__", "/").replace("_", "."), content)
    return file


def test_the_one_export_in_an_archive_is_read_through(tmp_path: Path) -> None:
    file = archive(tmp_path, blog_xml=b"<rss/>" * 30_000, readme_md=b"hello", **{"folder__._blog_xml": b"mac"})
    told: list[int] = []
    assert b"".join(chunks(file, told.append)) == b"<rss/>" * 30_000
    assert 0 < sum(told) <= file.stat().st_size
    assert beginning(file) == (b"<rss/>" * 30_000)[:4096]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "no XML or JSON file"),
        ({"readme_md": b"x"}, "no XML or JSON file"),
        ({"one_xml": b"x", "two_json": b"y"}, "2 export files"),
        ({f"n{number}_txt": b"" for number in range(2500)}, "very many files"),
    ],
)
def test_other_archives_are_refused_with_the_way_out(tmp_path: Path, files: dict[str, bytes], message: str) -> None:
    file = archive(tmp_path, **files)
    if not files:
        # An empty archive begins otherwise, and is no zip to anybody who looks at its first bytes.
        assert unpack(file).startswith(b"PK\x05\x06")
        return
    with pytest.raises(ImportRefused, match=message):
        unpack(file)


def test_a_bomb_in_an_archive_is_refused_whatever_it_says_of_itself(tmp_path: Path) -> None:
    file = archive(tmp_path, bomb_json=b" " * 80_000_000)
    with pytest.raises(ImportRefused, match="unpacks to more than 100 times its size"):
        unpack(file)


def test_a_broken_locked_or_oddly_packed_archive_is_refused(tmp_path: Path) -> None:
    whole = archive(tmp_path, blog_xml=bytes(range(256)) * 500).read_bytes()
    for content in (
        whole[:-30],
        whole[:200] + b"\0\0\0\0" + whole[204:],
        whole.replace(b"PK\x05\x06", b"PK\x05\x07"),
        b"PK\x03\x04" + b"x" * 100,
    ):
        (tmp_path / "export.zip").write_bytes(content)
        with pytest.raises(ImportRefused, match=r"export\.zip"):
            unpack(tmp_path / "export.zip")
    # The bit that says "with a password", in the file's own header and in the list.
    locked = bytearray(whole)
    locked[6] |= 1
    locked[whole.rindex(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "export.zip").write_bytes(locked)
    with pytest.raises(ImportRefused, match="password"):
        unpack(tmp_path / "export.zip")
    strange = bytearray(whole)
    strange[8] = strange[whole.rindex(b"PK\x01\x02") + 10] = 97
    (tmp_path / "export.zip").write_bytes(strange)
    with pytest.raises(ImportRefused, match="unusual way"):
        unpack(tmp_path / "export.zip")


def test_the_beginning_of_what_cannot_be_read_is_empty(tmp_path: Path) -> None:
    packed = io.BytesIO(gzip.compress(json.dumps(list(range(5000))).encode())).getvalue()
    (tmp_path / "a.gz").write_bytes(packed)
    assert beginning(tmp_path / "a.gz", 10) == b"[0, 1, 2, "
    (tmp_path / "a.gz").write_bytes(packed[:30])
    assert beginning(tmp_path / "a.gz") == b""
    assert beginning(tmp_path) == beginning(tmp_path / "missing") == b""
