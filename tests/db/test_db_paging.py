"""Cursors: whatever was written is read back for the same listing, and any other text is refused before it reaches the database."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forum.db.paging import Cursors
from forum.refusals import Kind, Refusal
from tests.conftest import SECRET

moments = st.datetimes(min_value=datetime.fromtimestamp(0, UTC).replace(tzinfo=None), timezones=st.just(UTC))
values = st.lists(
    st.one_of(st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), st.booleans(), st.text(max_size=30), moments), max_size=5
)
cursors = Cursors(SECRET)


@given(known=values, purpose=st.text(max_size=40))
def test_what_is_written_is_read_back(known: list[object], purpose: str) -> None:
    cursor = cursors.write(purpose, known)
    assert cursor.isascii()
    assert cursor.replace("-", "").replace("_", "").isalnum()
    found = cursors.read(purpose, cursor)
    assert found == known
    assert [type(value) for value in found] == [type(value) for value in known]


@given(known=values, place=st.integers(0, 10_000), letter=st.sampled_from("ABCxyz019-_"))
def test_a_changed_cursor_is_refused(known: list[object], place: int, letter: str) -> None:
    cursor = cursors.write("list", known)
    # Not the last letter: its lowest bits say nothing in base64.
    place %= len(cursor) - 1
    changed = cursor[:place] + letter + cursor[place + 1 :]
    if changed != cursor:
        refuse(cursors, "list", changed)
    refuse(cursors, "list", cursor[: len(cursor) // 2])


@given(text=st.text(max_size=80))
def test_a_made_up_cursor_is_refused(text: str) -> None:
    refuse(cursors, "list", text)


def test_a_cursor_is_for_one_listing_and_one_installation() -> None:
    cursor = cursors.write("newest", [1, 2.5])
    refuse(cursors, "oldest", cursor)
    refuse(Cursors(SECRET + "!"), "newest", cursor)


def refuse(reader: Cursors, purpose: str, cursor: str) -> None:
    with pytest.raises(Refusal) as refused:
        reader.read(purpose, cursor)
    assert refused.value.kind is Kind.BAD_CURSOR
