"""WordPress' paragraphs: expectations follow wpautop's documented outline."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forum.transfer.paragraphs import paragraphs


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one", "<p>one</p>"),
        ("one\ntwo", "<p>one<br>two</p>"),
        ("one\r\n\r\ntwo\r\n", "<p>one</p>\n<p>two</p>"),
        ("one\n \t\n\n\ntwo", "<p>one</p>\n<p>two</p>"),
        ("one<br />two", "<p>one<br />two</p>"),
        ("one<br />\ntwo", "<p>one<br>two</p>"),
        ("said:\n<blockquote>a\n\nb</blockquote>\nyes", "<p>said:</p>\n<blockquote>\n<p>a</p>\n<p>b</p>\n</blockquote>\n<p>yes</p>"),
        ("x\n<pre>a\n\n  b</pre>y", "<p>x</p>\n<pre>a\n\n  b</pre>\n<p>y</p>"),
        ("<pre>never\n\nclosed", "<pre>\n<p>never</p>\n<p>closed</p>"),
        ("  \n ", ""),
        ("", ""),
    ],
)
def test_blank_lines_make_paragraphs(text: str, expected: str) -> None:
    assert paragraphs(text) == expected


@given(st.lists(st.sampled_from(["<", "p", ">", "\n", " ", "a", "<pre>", "</pre>", "<br>", "<p>", "</li>"])).map("".join))
def test_no_letter_is_lost(text: str) -> None:
    def letters(html: str) -> str:
        return "".join(c for c in html if c == "a")

    assert letters(paragraphs(text)) == letters(text)


@pytest.mark.parametrize("piece", ["<pre>", "</pre><pre", "\n \n", "<p", " ", "<br ", "<br>\n"])
def test_long_hostile_text_gives_no_more_than_its_share(piece: str) -> None:
    text = piece * (100_000 // len(piece))
    assert len(paragraphs(text)) <= 4 * len(text) + 20
