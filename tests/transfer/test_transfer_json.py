"""Reading JSON piece by piece: what is right comes out as any other reader reads it, what is broken is refused with its place, nothing fills memory."""

import gzip
import json
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forum.transfer import opening
from forum.transfer.fields import Fields, WrongField
from forum.transfer.json_reading import DEPTH_LIMIT, VALUE_LIMIT, JsonReader
from forum.transfer.records import ImportRefused

Write = Callable[[bytes | str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(content: bytes | str) -> Path:
        file = tmp_path / "export.json"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    return write_file


def walk(file: Path) -> Any:
    """Everything in the file, with the outermost object or array walked and, inside, every array as well."""
    document = JsonReader(file, lambda _: None)

    def take(deep: int) -> Any:
        if document.is_object() and deep:
            return {name: take(deep - 1) for name in document.names()}
        if document.is_array() and deep:
            return [take(deep - 1) for _ in document.items()]
        return document.value()

    found = take(3)
    if not document.is_at_end():
        document.refuse("the file should end here.")
    return found


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(
    st.lists(JSON, max_size=5) | st.dictionaries(st.text(), JSON, max_size=5), st.sampled_from([None, 1]), st.booleans(), st.integers(1, 7)
)
@settings(max_examples=150, deadline=None)
def test_any_json_is_read_as_it_is_in_pieces_of_any_size(
    tmp_path_factory: pytest.TempPathFactory, value: Any, indent: int | None, ascii_: bool, size: int
) -> None:
    file = tmp_path_factory.mktemp("json") / "any.json"
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_)
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    with patch.object(opening, "CHUNK", size):
        assert walk(file) == json.loads(text)


@given(st.binary(max_size=60) | st.text('{}[]",:\\ \nabnull0123.e-', max_size=60).map(str.encode))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = tmp_path_factory.mktemp("json") / "any.json"
    file.write_bytes(content)
    try:
        found = walk(file)
    except ImportRefused:
        return
    assert found == json.loads(content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        (" \n ", "is empty"),
        ("[1,\n2", "line 2, column 2: the file ends in the middle; fetch it again."),
        ('{"a": "x', "line 1, column 9: the file ends in the middle"),
        ('{"a"', "the file ends in the middle"),
        ('{"a":\n [1 2]}', "line 2, column 5: a comma was expected here; correct it there"),
        ('{"a" 1}', "line 1, column 6: a colon was expected here"),
        ("{1:2}", "line 1, column 2: a name in quotation marks was expected here"),
        ("[]x", "line 1, column 3: the file should end here"),
        ("[[[{'a':1}]]]", "line 1, column 5"),
        ("[tru]", "line 1, column 2: this is no JSON value"),
        ("[1e999]", "Number out of range"),
        (b'["\xe9"]', "line 1, column 2: this is not UTF-8"),
        ("[1]".encode("utf-16"), "is not in UTF-8"),
        ("[1]".encode("utf-32-be"), "is not in UTF-8"),
        ("[" * 100_000, f"more than {DEPTH_LIMIT} deep"),
        ('{"a":' * 100_000, f"more than {DEPTH_LIMIT} deep"),
        (b'["' + b"x" * (VALUE_LIMIT + 100_000) + b'"]', "a single value is larger than 4,000,000 bytes"),
    ],
)
def test_what_is_broken_is_refused_with_its_place_and_the_way_out(write: Write, content: bytes | str, message: str) -> None:
    with pytest.raises(ImportRefused) as refused:
        walk(write(content))
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_half_a_character_does_not_cost_the_rest(write: Write) -> None:
    assert walk(write('{"a": "cut \\ud83d", "b": "\\\\ud83d", "c": "\\ud83d\\ude00"}')) == {"a": "cut �", "b": "\\ud83d", "c": "😀"}
    assert walk(write(b"\xef\xbb\xbf[1]")) == [1]


def test_many_values_and_what_nobody_asked_for_do_not_fill_memory(write: Write) -> None:
    inner = json.dumps([{"text": "x" * 1000, "more": [{}]}] * 10_000)
    file = write(f'{{"skipped": {inner}, "taken": {inner}}}')
    tracemalloc.start()
    try:
        document = JsonReader(file, lambda _: None)
        count = 0
        for name in document.names():
            if name == "skipped":
                document.skip()
                continue
            for _ in document.items():
                count += document.value()["text"] == "x" * 1000
        assert count == 10_000
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_a_packed_bomb_of_json_is_refused(write: Write) -> None:
    bomb = gzip.compress(b'{"comments": [' + b"{}," * 27_000_000, 9)
    with pytest.raises(ImportRefused, match="unpacks to more than 100 times its size"):
        JsonReader(write(bomb), lambda _: None).skip()


@given(st.dictionaries(st.sampled_from("abc"), JSON | st.floats()))
def test_fields_are_what_they_should_be_or_wrong(values: dict[str, Any]) -> None:
    fields = Fields(values)
    for name in "abcd":
        for read, kind in ((fields.text, str), (fields.flag, bool), (fields.number, int | float), (fields.inside, Fields)):
            with suppress(WrongField):
                assert isinstance(read(name), kind)
        with suppress(WrongField):
            moment = fields.moment(name)
            assert moment is None or moment.tzinfo is not None
        assert isinstance(fields.shown(name), str)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2018-12-23T02:55:22.472041-06:00", "2018-12-23T08:55:22.472041+00:00"),
        ("2021-03-12T11:21:56.123456789Z", "2021-03-12T11:21:56.123456+00:00"),
        (1389720732.0, "2014-01-14T17:32:12+00:00"),
        ("1389720732", "2014-01-14T17:32:12+00:00"),
        ("0001-01-01T00:00:00.000Z", None),
        (1e300, None),
        (10**30, None),
        (-5, None),
        ("never", None),
        (None, None),
    ],
)
def test_moments_of_every_kind(value: Any, expected: str | None) -> None:
    found = Fields({"at": value}).moment("at")
    assert (found.isoformat() if found else None) == expected
