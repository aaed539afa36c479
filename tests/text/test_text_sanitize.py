"""The allow-list itself: idempotent, the same in every thread, and blind to nothing that a parser might write."""

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from forum.text import markdown
from forum.text import sanitize as rules
from forum.text.render import render, render_article
from forum.text.sanitize import sanitize, sanitize_article, sanitize_imported

REL = 'rel="nofollow ugc noopener"'


def _to_html(body_md: str) -> str:
    return markdown.to_html(body_md, markdown.COMMENT)


@pytest.mark.parametrize(
    "html",
    [
        f'<p><a href="https://b.example/?a=1&amp;b=2" title="t" {REL}>x</a> <a class="mention" href="/u/anna">@anna</a></p>',
        '<ol start="7"><li>a<ul><li>b</li></ul></li></ol><hr>',
        '<pre><code class="language-c++">a &lt; b\n</code></pre>',
        "<blockquote><p>a<br>b <strong>c</strong> <em>d</em> <s>e</s></p></blockquote>",
    ],
)
def test_what_is_allowed_stays_as_it_is(html: str) -> None:
    assert sanitize(html) == html


@pytest.mark.parametrize(
    ("html", "safe"),
    [
        ('<p class="x" id="y" style="color:red" onclick="z">a</p>', "<p>a</p>"),
        ('<a href="/u/Anna" class="button">a</a>', "a"),
        ('<a href="/u/../admin">a</a>', "a"),
        ('<a href="/u/anna?x">a</a>', "a"),
        ('<a href="https://b.example" rel="opener">a</a>', '<a href="https://b.example">a</a>'),
        ('<a href="java&#115;cript:x">a</a>', "a"),
        ('<a href="https://bank.example@evil.example">a</a>', "a"),
        ('<a title=" href=&quot;https://b.example&quot;" rel=x>a <em>b</em></a>', "a <em>b</em>"),
        ('<ol start="-1"><li>a</li></ol>', "<ol><li>a</li></ol>"),
        ('<code class="language-x language-y">a</code>', "<code>a</code>"),
        ("<h2>a</h2><img src=https://b.example/c.png><sub>d</sub>", "ad"),
        ("a\ud800b", "a\ufffdb"),
        ("<pre>&#13;a</pre>", "<pre>a</pre>"),
    ],
)
def test_what_is_not_allowed_goes(html: str, safe: str) -> None:
    assert sanitize(html) == safe


def test_headings_belong_to_articles_and_mentions_to_comments() -> None:
    html = '<h1>1</h1><h2>2</h2><h4>4</h4><h5>5</h5><a class="mention" href="/u/anna">@anna</a>'
    assert sanitize_article(html) == "1<h2>2</h2><h4>4</h4>\n5@anna"
    assert sanitize_article('<a href="https://b.example" class="mention">a</a>') == '<a href="https://b.example">a</a>'
    assert sanitize(html).replace("\n", "") == '1245<a class="mention" href="/u/anna">@anna</a>'


_TAGS = (
    "p ul ol li strong em s pre code blockquote h2 table td div svg math style script textarea title select option noscript template form"
    " button plaintext b nobr"
)
TAGS = _TAGS.split()
PIECES = [
    *(f"<{tag}>" for tag in TAGS),
    *(f"</{tag}>" for tag in TAGS),
    *(
        '<a href="https://b.example">',
        '<a class=mention href="/u/a">',
        "</a>",
        "<br>",
        "<hr>",
        "<!--",
        "-->",
        "<img src=x onerror=y>",
        "<![CDATA[",
    ),
    *("&lt;", "&amp;", "&", "<", ">", '"', "a", " ", "\n", "\r", "\xa0", "&#13;", "&#10;", "&#x0;", "\x00", "]]>"),
]


_INSIDE = "a &amp; &lt; &gt; &quot; lt; #60; amp; ' \" é"
INSIDE = [*_INSIDE.split(), " b", "\n", "<br>\n", "\u2028", "\ufffe", "\U0001f600"]
HOSTILE = [*PIECES, "<p/>", "<P>", "</p>", "<br />", "&nbsp", "&lt", "&#60;", "\x0c", "\x7f", "\x85", "\ud800", "<p title=x>"]
_plain_text = st.lists(st.sampled_from(INSIDE), max_size=6).map("".join)
_marked = st.builds("<{0}>{1}</{0}>".format, st.sampled_from(["em", "strong", "s", "code", "u", "a"]), _plain_text)
_ADDRESSES = (
    *(
        "https://b.example",
        "http://b.example/",
        "https://b.example/a?b=c;d#e",
        "https://b.example/%C3%A4,+@~:1",
        "https://b.example//a/../b",
        "http://-",
    ),
    *(
        "https://b.example:80",
        "https://",
        "mailto:a@b.example",
        "javascript:a",
        "https://b.example/?a&amp;b",
        "https://bank.example@b.example",
        "/u/anna",
    ),
)
_linked = st.builds(
    '<a href="{}" {}>{}</a>'.format,
    st.sampled_from(_ADDRESSES) | st.text("ab./:?=%#@+,;~-_", max_size=12).map("https://b".__add__),
    st.sampled_from([REL, REL, "rel=x", 'rel="nofollow"', f'title="a" {REL}']),
    _plain_text,
)
_paragraph = st.lists(_plain_text | _marked | _linked, max_size=5).map(lambda parts: f"<p>{''.join(parts)}</p>\n")
_some = st.lists(_paragraph, min_size=1, max_size=4).map("".join)
_paragraphs = st.lists(_some | _some.map("<blockquote>\n{}</blockquote>\n".format), min_size=1, max_size=3).map("".join)


@st.composite
def _nearly_plain(draw: st.DrawFn) -> str:
    """Paragraphs as Markdown writes them, in most of them one piece too much or some characters too few."""
    html = draw(_paragraphs)
    place = draw(st.integers(0, len(html)))
    return html[:place] + draw(st.just("") | st.sampled_from(HOSTILE)) + html[place + draw(st.integers(0, 4)) :]


@settings(max_examples=500)
@given(_nearly_plain() | st.lists(st.sampled_from(HOSTILE), max_size=20).map("".join) | st.text(max_size=100).map(_to_html))
def test_what_is_passed_by_bleach_is_what_bleach_would_answer(html: str) -> None:
    for policy in (rules._COMMENT, rules._ARTICLE, rules._IMPORTED):
        if rules._PLAIN.fullmatch(html):
            assert rules._cleaners(policy)[0].clean(html) == html


def test_bleach_changes_no_character_that_is_passed_by_it() -> None:
    for first in range(0, 0x110000, 0x800):
        passed = "".join(chr(point) for point in range(first, first + 0x800) if rules._PLAIN.fullmatch(f"<p>{chr(point)}</p>\n"))
        html = f"<p>a{'b'.join(passed)}c</p>\n"
        assert rules._cleaners(rules._COMMENT)[0].clean(html) == html


def test_bleach_changes_nothing_where_its_reader_begins_a_new_piece() -> None:
    # html5lib reads 10,240 characters at a time.
    for before in range(0, 36, 3):
        html = f"<p>{'x' * before}</p>\n" + "<p>a&amp;<em>b</em><br>\n</p>\n" * 400
        assert rules._PLAIN.fullmatch(html)
        assert rules._cleaners(rules._COMMENT)[0].clean(html) == html


@pytest.mark.parametrize(
    "piece", ["<p></p>\n", "<blockquote>\n<p></p>\n</blockquote>\n", "<p><em>a</em>", f'<p><a href="https://b/" {REL}>a</a>']
)
def test_what_is_nearly_plain_is_read_once(piece: str) -> None:
    # Read in every way that it could be put together, this would take for ever.
    assert not rules._PLAIN.fullmatch(piece * 5_000 + "<x>")


@pytest.mark.parametrize(
    ("body_md", "asked"),
    [
        ('Two lines\nof text, "so" & <so>.\n\nA *second* **paragraph** with `code` and ~~more~~.', 0),
        ("Kein Wort Englisch: Größe, 日本, 😀", 0),
        ("[a link](https://b.example/c?d=e#f), https://b.example", 0),
        ("[a link](https://b.example/?c&d)", 1),
        ("[a *link*](https://b.example)", 1),
        ("[a link](https://b.example 'titled')", 1),
        ("[a link](mailto:a@b.example)", 1),
        ("*a **b** c*", 1),
        ("- a list", 1),
        ("> quoted\n\nand answered\n\n> again", 0),
        ("> quoted\n> > twice", 1),
        ("> - a list", 1),
        ("    code", 1),
        ("---", 1),
    ],
)
def test_bleach_is_asked_where_there_is_more_than_text_and_marks(body_md: str, asked: int, monkeypatch: pytest.MonkeyPatch) -> None:
    cleaners = rules._cleaners(rules._COMMENT)
    seen: list[str] = []

    class Watched:
        def clean(self, html: str) -> str:
            seen.append(html)
            return str(cleaners[0].clean(html))

    monkeypatch.setattr(rules, "_cleaners", lambda policy: (Watched(), cleaners[1]))
    sanitize(_to_html(body_md))
    assert len(seen) == asked


@example('<h2><a class=mention href="/u/a"><h2>')
@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_cleaning_twice_changes_nothing(html: str) -> None:
    for clean in (sanitize, sanitize_article):
        assert clean(clean(html)) == clean(html)


@given(st.text(max_size=200))
def test_what_is_rendered_is_clean_already(body_md: str) -> None:
    assert sanitize(render(body_md).html) == render(body_md).html
    assert sanitize_article(render_article(body_md).html) == render_article(body_md).html


def test_eight_threads_answer_as_one() -> None:
    texts = [f"*{number}* **b** `c`\n\n> [d](https://b.example/{number}) @anna ~~e~~ https://b.example/{number}" for number in range(60)]
    bodies = [f"<div><b>{number}<i>x</b>y</i><ul><li>a<li>b</div>" for number in range(60)]
    expected = [render(text, known_handles={"anna"}) for text in texts], [sanitize_imported(body) for body in bodies]
    start = Barrier(8)

    def work(_: int) -> tuple[object, object]:
        start.wait()
        return [render(text, known_handles={"anna"}) for text in texts], [sanitize_imported(body) for body in bodies]

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(work, range(8)))
    finally:
        sys.setswitchinterval(interval)
    assert all(answer == expected for answer in answers)


def test_no_thread_has_the_cleaner_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[object] = []
    build: Callable[..., object] = rules._build_bleach

    def watch(policy: object) -> object:
        built.append(policy)
        return build(policy)

    monkeypatch.setattr(rules, "_build_bleach", watch)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(sanitize, "<p>a").result() == "<p>a</p>"
        assert pool.submit(sanitize, "<p>b").result() == "<p>b</p>"
    assert len(built) == 1
