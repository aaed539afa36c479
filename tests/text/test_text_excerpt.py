"""A line of plain text out of rendered HTML."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forum.text.excerpt import excerpt
from forum.text.render import render


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("<p>one <em>two</em></p>\n<p>three</p>", "one two three"),
        ("<p>one</p><p>two</p>", "one two"),
        ("<p>a<br>\nb</p>", "a b"),
        ("<p>un<strong>believ</strong>able</p>", "unbelievable"),
        ("<ul>\n<li>one</li><li>two</li></ul><hr><blockquote><p>three</p></blockquote>", "one two three"),
        ("<p>a &lt;b&gt; &amp;amp; &quot;c&quot;&nbsp;d</p>", 'a <b> &amp; "c" d'),
        ('<p><a href="https://b.example" title="x &gt; y">link</a></p>', "link"),
        ('<p><a title="x > y">link</a></p>', "link"),
        ("<h2>Head</h2><p>text</p>", "Head text"),
    ],
)
def test_plain_text(html: str, text: str) -> None:
    assert excerpt(html) == text


@pytest.mark.parametrize(
    ("length", "text"),
    [(19, "one two, three four"), (18, "one two, three…"), (15, "one two, three…"), (14, "one two…"), (4, "one…"), (3, "on…"), (1, "…")],
)
def test_cut_after_a_word(length: int, text: str) -> None:
    assert excerpt("<p>one two, three four</p>", length=length) == text


def test_a_long_word_is_cut_between_letters() -> None:
    assert excerpt("<p>" + "e\u0301" * 20 + "</p>", length=6) == "e\u0301e\u0301…"
    family = "\U0001f469\u200d\U0001f467"
    assert excerpt(f"<p>{family * 4}</p>", length=6) == f"{family}…"


@given(st.text(max_size=200), st.integers(1, 60))
def test_never_longer_and_never_markup(body_md: str, length: int) -> None:
    cut = excerpt(render(body_md).html, length=length)
    assert len(cut) <= length
    assert "\n" not in cut
    whole = excerpt(render(body_md).html, length=10_000)
    assert cut == whole or whole.startswith(cut.removesuffix("…"))
