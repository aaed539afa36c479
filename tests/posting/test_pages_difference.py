"""What changed between two texts: nothing lost, nothing added, bounded work."""

from difflib import SequenceMatcher
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forum.text import difference
from forum.text.difference import WORK_MAX, Piece, find_difference

texts = st.text(alphabet="ab \n<*.", max_size=60)


@given(texts, texts)
def test_the_pieces_make_up_both_texts(before: str, after: str) -> None:
    pieces = find_difference(before, after)
    assert "".join(piece.text for piece in pieces if piece.kind != "added") == before
    assert "".join(piece.text for piece in pieces if piece.kind != "removed") == after
    assert all(piece.text for piece in pieces)


@given(texts)
def test_the_same_text_has_not_changed(text: str) -> None:
    assert {piece.kind for piece in find_difference(text, text)} <= {"same"}


def test_words_are_compared_whole() -> None:
    assert find_difference("It helps much.", "It helped much.") == [
        Piece("same", "It "),
        Piece("removed", "helps"),
        Piece("added", "helped"),
        Piece("same", " much."),
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a " * 5000, "b " * 5000),
        ("\n" * 10_000, "x\n" * 5000),
        ("".join(f"w{n} " for n in range(1500)), "".join(f"w{n} " for n in reversed(range(1500)))),
        ("".join(f"{n}\n" for n in range(2000)), "".join(f"{n}\n" for n in range(1, 2001))),
    ],
)
def test_no_stretch_beyond_the_bound_is_compared(before: str, after: str, monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []

    class Counting(SequenceMatcher[str]):
        def __init__(self, isjunk: Any, a: Any, b: Any) -> None:
            compared.append(len(a) * len(b))
            super().__init__(isjunk, a, b)

    monkeypatch.setattr(difference, "SequenceMatcher", Counting)
    pieces = find_difference(before, after)
    assert max(compared, default=0) <= WORK_MAX
    assert sum(compared) <= 2 * WORK_MAX
    assert "".join(piece.text for piece in pieces if piece.kind != "added") == before
