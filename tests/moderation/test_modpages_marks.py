"""Passages marked in a text: what is read back is exactly what was marked, and nothing but marks may be added."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forum.moderation.marking import brackets_for, read_marks
from forum.moderation.schemas import Span
from forum.moderation.statements import STATEMENTS
from forum.refusals import Refusal

texts = st.text(alphabet="ab [](\n", max_size=40)


@pytest.mark.parametrize(
    ("text", "marked", "spans"),
    [
        ("I saw Mrs B.", "I saw Mrs B.", []),
        ("I saw Mrs B.", "I saw [[Mrs B]].", [(6, 11)]),
        ("a b a", "[[a]] b [[a]]", [(0, 1), (4, 5)]),
        ("see [x](u)", "see [[[x]]](u)", [(4, 7)]),
        ("one [[two]] three", "one [[two]] [[[three]]]", [(12, 17)]),
        ("", "", []),
    ],
)
def test_marks_become_spans(text: str, marked: str, spans: list[tuple[int, int]]) -> None:
    assert read_marks(marked, text) == [Span(*span) for span in spans]


@pytest.mark.parametrize(
    "marked", ["I saw [[Mrs C]].", "[[I saw Mrs B.", "I saw ]]Mrs[[ B.", "I [[saw [[Mrs]] B]].", "I saw [[]]Mrs B.", "I saw Mrs B"]
)
def test_anything_else_is_refused(marked: str) -> None:
    with pytest.raises(Refusal) as caught:
        read_marks(marked, "I saw Mrs B.")
    assert caught.value.faults[0].pointer == "/spans"


@given(texts, st.data())
def test_what_was_marked_is_covered_and_the_rest_is_whole(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    opening, closing = brackets_for(text)
    marked = text[:start] + opening + text[start:end] + closing + text[end:]
    try:
        [span] = read_marks(marked, text)
    except Refusal:
        # Brackets of the text beside the marks can make a run that is read otherwise; it is refused, never read wrongly.
        assert start == end or "[" in text or "]" in text
    else:
        assert "[" in text or "]" in text or (span.start, span.end) == (start, end)


@given(texts)
def test_a_text_without_marks_has_none(text: str) -> None:
    assert read_marks(text, text) == []


def test_every_statement_is_long_enough() -> None:
    assert all(len(text) >= 40 for texts_ in STATEMENTS.values() for text in texts_)
