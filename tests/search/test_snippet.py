"""Snippets: the place where most of what was searched stands, in parts that join to a piece of the text."""

import html

from hypothesis import given
from hypothesis import strategies as st

from forum.text.snippet import LENGTH, cut_snippet
from forum.text.words import fold_text, plain_text


def shown(said: str, *terms: str) -> str:
    parts = cut_snippet(f"<p>{html.escape(said)}</p>", [tuple(term.split()) for term in terms])
    return "".join(f"[{part.text}]" if part.match else part.text for part in parts)


def test_matches_are_parts() -> None:
    assert shown("Naïve dose, a Dosé response.", "dose") == "Naïve [dose], a [Dosé] response."
    assert shown("don't, I don", "don t") == "[don't], I don"
    assert shown("a b c a b", "a b c", "a b", "a") == "[a b c] [a b]"
    assert shown("漢字かな", "字 か") == "漢[字か]な"
    assert shown("nothing here", "dose") == "nothing here"
    assert shown("", "dose") == ""
    assert shown("x" * 300, "x" * 60) == f"[{'x' * LENGTH}]…"


def test_it_is_cut_where_most_stands() -> None:
    filler = "word " * 100
    assert shown(f"dose {filler} dose and mice {filler}", "dose", "mice").startswith("…word word")
    assert "[dose] and [mice]" in shown(f"dose {filler} dose and mice {filler}", "dose", "mice")
    assert shown(f"dose {filler} dose", "dose").startswith("[dose] word")


def test_markup_is_gone_and_blocks_are_apart() -> None:
    parts = cut_snippet('<p>One <em>do</em>se &amp; so</p><ul><li>more</li></ul><img alt="a>b">', [("dose",)])
    assert [(part.text, part.match) for part in parts] == [("One ", False), ("dose", True), (" & so more", False)]


@given(st.text(max_size=600), st.lists(st.text(min_size=1, max_size=4), max_size=4))
def test_whatever_is_cut_is_a_piece_of_the_text(said: str, asked: list[str]) -> None:
    terms = [words for one in asked if (words := tuple(fold_text(one)))]
    rendered = f"<p>{html.escape(said)}</p>"
    parts = cut_snippet(rendered, terms)
    joined = "".join(part.text for part in parts)
    text = plain_text(rendered)
    assert joined.removeprefix("…").removesuffix("…") in text or joined in text
    assert len(joined) <= LENGTH + 2
    assert all(part.text for part in parts)
