"""The XML stream: what is broken or dangerous is refused in one sentence with its place, and memory stays bounded."""

import gzip
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from forum.transfer.elements import DEPTH_LIMIT, TEXT_LIMIT, Element, read_elements
from forum.transfer.opening import CHUNK
from forum.transfer.records import ImportRefused

WANTED = frozenset({("r", "a"), ("r", "a", "b")})
Write = Callable[[bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(content: bytes) -> Path:
        file = tmp_path / "export.xml"
        file.write_bytes(content)
        return file

    return write_file


def read(file: Path) -> list[Element]:
    return list(read_elements(file, WANTED, "r", advance=lambda _: None, hint="no export."))


def test_elements_come_in_the_order_in_which_they_end(write: Write) -> None:
    found = read(write(b"<r>x<a> one <c>skipped</c>two<b>in</b></a>\n<a/></r>"))
    assert [(element.path[-1], element.text, element.line) for element in found] == [("b", "in", 1), ("a", "one two", 1), ("a", "", 2)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "export.xml is empty; export it again."),
        (b"<r><a>\n  <b></a></r>", "export.xml, line 2, column 7: mismatched tag; correct it there"),
        (b"<r><a>half", "line 1, column 10: no element found; the file seems cut off"),
        (b"<r><a>&nbsp;</a></r>", "line 1, column 6: undefined entity"),
        (b"<r><a>\x00</a></r>", "line 1, column 6: not well-formed"),
        (
            b"\n<?xml version='1.0'?><r/>",
            "line 2, column 0: XML or text declaration not at start of entity; delete everything before '<?xml'.",
        ),
        (b"<html><body/></html>", "The file begins with <html>, not with <r>: no export."),
        (b"<" + b"x" * 500 + b"/>", "The file begins with <" + "x" * 59 + "…>"),
        ('<?xml version="1.0" encoding="utf-8"?>\n<r>é</r>'.encode("latin-1"), "line 2, column 3: not well-formed"),
        (b"<?xml version='1.0' encoding='klingon'?><r/>", "unknown encoding: klingon; convert the file to UTF-8"),
        (b"<?xml version='1.0' encoding='Shift_JIS'?><r/>", "multi-byte encodings are not supported; convert the file to UTF-8"),
        (b"<?xml version='1.0' encoding='utf-16'?><r/>", "convert the file to UTF-8"),
        (b"PK\x03\x04rest", "export.xml is packed and broken or cut off"),
        (b"\x1f\x8bnot packed", "export.xml is packed and broken or cut off"),
        (gzip.compress(b"<r></r>" * 1000, mtime=0)[:-9], "export.xml"),
        (b"<r>" + b"<a>" * (DEPTH_LIMIT + 1), f"elements lie in one another more than {DEPTH_LIMIT} deep"),
    ],
)
def test_broken_files_are_refused_in_one_sentence(write: Write, content: bytes, message: str) -> None:
    with pytest.raises(ImportRefused) as refused:
        read(write(content))
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


BOMB = b"""<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><r><a>&b;</a></r>"""


@pytest.mark.parametrize(
    "content",
    [
        BOMB,
        b"<!DOCTYPE r SYSTEM 'http://host.example/r.dtd'><r/>",
        b"<!DOCTYPE r [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><r><a>&x;</a></r>",
        b"<!DOCTYPE r><r/>",
    ],
)
def test_document_types_and_entities_are_refused(write: Write, content: bytes) -> None:
    with pytest.raises(ImportRefused, match="declares a document type or entities"):
        read(write(content))


def test_a_folder_and_an_unreadable_path_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match="is a folder"):
        read(tmp_path)
    with pytest.raises(ImportRefused, match="cannot be read"):
        read(tmp_path / "missing.xml")


def test_encodings_that_name_themselves_are_read(write: Write) -> None:
    for encoding in ("utf-8", "utf-16", "windows-1252", "iso-8859-1"):
        content = f'<?xml version="1.0" encoding="{encoding}"?><r><a>Grüße</a></r>'.encode(encoding)
        assert read(write(content))[0].text == "Grüße"


def test_packed_files_are_read_and_bombs_are_not(write: Write) -> None:
    assert read(write(gzip.compress(b"<r><a>packed</a></r>")))[0].text == "packed"
    bomb = gzip.compress(b"<r><a>" + b" " * 80_000_000 + b"</a></r>", 9)
    with pytest.raises(ImportRefused, match="unpacks to more than 100 times its size"):
        read(write(bomb))


def test_a_huge_text_or_tag_does_not_fill_memory(write: Write) -> None:
    text = write(b"<r><a>" + b"x" * 20_000_000 + b"</a><c>" + b"y" * 20_000_000 + b"</c></r>")
    tracemalloc.start()
    try:
        found = read(text)
        assert TEXT_LIMIT < len(found[0].text) <= TEXT_LIMIT + CHUNK
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()
    with pytest.raises(ImportRefused, match="longer than 4 MB"):
        read(write(b"<r><!--" + b"x" * 20_000_000 + b"--></r>"))


def test_the_bytes_read_are_told_as_they_are_read(write: Write) -> None:
    told: list[int] = []
    content = b"<r>" + b"<a>text</a>" * 30_000 + b"</r>"
    found = list(read_elements(write(content), WANTED, "r", advance=told.append, hint=""))
    assert len(found) == 30_000
    assert sum(told) == len(content)
    assert len(told) > 3
