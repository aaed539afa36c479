"""What becomes of the HTML of other systems, and that hostile HTML is cut down before the sanitisers see it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forum.text.html_scan import Tag, _Sought, scan
from forum.text.html_write import ENTITIES_MAX, NESTING_MAX
from forum.text.render import RENDERER, Rendered, render_imported
from forum.text.reshape import SOURCE_MAX, reshape

REL = 'rel="nofollow ugc noopener"'


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>a</p><p>b</p>", "<p>a</p><p>b</p>"),
        ("<div>a</div><div>b</div>", "<p>a</p><p>b</p>"),
        ("one\ntwo\n\nthree", "<p>one<br>two</p><p>three</p>"),
        ("<p>one\ntwo</p>", "<p>one two</p>"),
        ("a<br>b<br/><br />c", "<p>a<br>b</p><p>c</p>"),
        ("<h1>Title</h1><p>a</p><h4>b <i>c</i></h4>d", "<p><strong>Title</strong></p><p>a</p><p><strong>b <em>c</em></strong></p><p>d</p>"),
        (
            '<a href="https://b.example/?c=d&amp;e=f" target="_blank" class="x" id="y" onclick="z">g</a>',
            f'<p><a href="https://b.example/?c=d&amp;e=f" {REL}>g</a></p>',
        ),
        (
            '<a href="//b.example">a</a> <a href="/c">d</a> <a href="javascript:e">f</a> <a>g</a>',
            f'<p><a href="https://b.example" {REL}>a</a> d f g</p>',
        ),
        ('<img src="https://b.example/c.png" alt="A d">', f'<p><a href="https://b.example/c.png" {REL}>A d</a></p>'),
        ('<img src="https://b.example/c.png">', f'<p><a href="https://b.example/c.png" {REL}>https://b.example/c.png</a></p>'),
        ('<img src="smile.gif" alt=":)"> <img src="data:image/png,x">', "<p>:) </p>"),
        ('<a href="https://b.example"><img src="https://c.example/d.png" alt="e"></a>', f'<p><a href="https://b.example" {REL}>e</a></p>'),
        ('<iframe src="https://b.example/v">fallback</iframe>', f'<p><a href="https://b.example/v" {REL}>https://b.example/v</a></p>'),
        ("<b>a<i>b</b>c</i>d", "<p><strong>a<em>b</em></strong><em>c</em>d</p>"),
        ("<b>a<p>b</b>c", "<p><strong>a</strong></p><p><strong>b</strong>c</p>"),
        ("<strong>a <b>b</b> c</strong> d", "<p><strong>a b c</strong> d</p>"),
        ("<ul><li>a<li>b<ol start=3><li>c</ul>d", '<ul><li>a</li><li>b<ol start="3"><li>c</li></ol></li></ul><p>d</p>'),
        ("<li>a</li><li>b</li>", "<ul><li>a</li><li>b</li></ul>"),
        ("<ul>a<li>b<p>c</p><p>d</ul>", "<ul><li>a</li><li>b<p>c</p><p>d</p></li></ul>"),
        ("<blockquote cite=x><p>a</p></blockquote>b", "<blockquote><p>a</p></blockquote><p>b</p>"),
        ("<pre>\n a\n  b</pre>", "<pre> a\n  b</pre>"),
        ("<pre><code>a<br>b</code></pre>c", "<pre><code>a\nb</code></pre><p>c</p>"),
        ("<pre><div>a</div><div>b</div></pre>", "<pre>a\nb\n</pre>"),
        ("10<sup>6</sup> H<sub>2</sub>O", "<p>10<sup>6</sup> H<sub>2</sub>O</p>"),
        ("<table><tr><th>a<th>b<tr><td>c<td>d</table>", "<p>a | b</p><p>c | d</p>"),
        ("<dl><dt>a<dd>b</dl>", "<p>a</p><p>b</p>"),
        ("<q>a</q> <del>b</del> <kbd>c</kbd> <u>d</u>", "<p>“a” <s>b</s> <code>c</code> d</p>"),
        ("a<script>b</script>c<style>d</style>e<!-- f -->g<!doctype h>i<?j?>k", "<p>acegik</p>"),
        ("a < b && c > d", "<p>a &lt; b &amp;&amp; c &gt; d</p>"),
        ("a <b c", "<p>a &lt;b c</p>"),
        ("a <!-- b", "<p>a &lt;!-- b</p>"),
        ("a <script>b", "<p>a b</p>"),
        ("&lt;script&gt; &amp;amp; &#8217; &#0; &nbsp;x", "<p>&lt;script&gt; &amp;amp; ’ \ufffd &nbsp;x</p>"),
        ("a\x00\x08\ud800b\r\nc", "<p>ab<br>c</p>"),
        ("<hr><p></p><b></b><ul></ul>", "<hr><ul></ul>"),
        ("", ""),
    ],
)
def test_imported(html: str, expected: str) -> None:
    assert render_imported(html) == Rendered(expected, RENDERER)


def test_what_is_too_long_is_cut_visibly() -> None:
    assert reshape("a" * SOURCE_MAX) == f"<p>{'a' * SOURCE_MAX}</p>"
    assert reshape("a" * (SOURCE_MAX + 1)) == f"<p>{'a' * SOURCE_MAX}</p><p>…</p>"
    assert reshape("b<p>" + "<" * (ENTITIES_MAX + 1)) == "<p>b</p><p>…</p>"


UNITS = [
    "<ul><li>",
    "<ol><li><blockquote>",
    "<blockquote>",
    "<li>",
    "<p>x",
    "x<br>",
    "<b>x<i>x</b>x</i>",
    "<b><p>x",
    "<a href=https://b.example>x</a>",
]
UNITS += [
    "<b a=1>",
    "<h1>x</h1>",
    "<td>x",
    "<pre>x",
    "<img src=https://b.example/c>",
    "<b><i><s><code><sub><sup><a href=https://b.example>x<p>",
]
UNITS += [
    "<",
    "</",
    "<a ",
    '<a ="',
    "<a ='",
    "<!--",
    "<!-- -->",
    "<?",
    "<script>",
    "<script></script>",
    "<style>",
    "&amp;",
    '"',
    "\n",
    "\n ",
    "x ",
    "</p>",
]


@pytest.mark.parametrize("unit", UNITS)
def test_hostile_html_is_shallow_small_and_well_formed_before_it_is_cleaned(unit: str) -> None:
    source = (unit * 60_000)[:60_000]
    shaped = reshape(source)
    starts, deepest, open_tags = 0, 0, [""]
    for end, name in re.findall("<(/?)([a-z0-9]+)[^<>]*>", shaped):
        starts += not end
        if end:
            assert open_tags.pop() == name
        elif name not in ("br", "hr"):
            open_tags.append(name)
            deepest = max(deepest, len(open_tags))
    assert open_tags == [""]
    assert starts <= 5_001
    assert deepest <= 12 + 9
    assert len(shaped) <= 8 * len(source)


@pytest.mark.parametrize(
    "html",
    [
        "<a " + "x" * 190_000 + ">y",
        "<a " + "x " * 50_000 + ">y",
        "<a " + "".join(f"a{number}=1 " for number in range(10_000)) + ">y",
        "<a " + "x=" * 50_000 + ">y",
        "<a " + '"' * 100_001 + ">y",
    ],
)
def test_attributes_by_the_thousand_leave_the_words(html: str) -> None:
    assert reshape(html) == "<p>y</p>"


def test_a_long_address_is_not_multiplied() -> None:
    address = "https://b.example/" + "x" * 50_000
    assert len(reshape(f'<a href="{address}">' + "a<p>" * 10_000)) < 3 * len(address) + 100_000


def test_containers_that_are_left_out_take_their_ends_with_them() -> None:
    html = "<blockquote>" * (NESTING_MAX + 2) + "a" + "</blockquote>" * 3 + "b" + "</blockquote>" * NESTING_MAX + "c"
    deepest = f"<blockquote>{'<blockquote><p>a</p></blockquote>'}<p>b</p></blockquote>"
    outer = NESTING_MAX - 2
    assert reshape(html) == "<blockquote>" * outer + deepest + "</blockquote>" * outer + "<p>c</p>"


def test_no_end_is_looked_for_twice_in_vain() -> None:
    sought = _Sought("  b <a")
    assert sought.find("b", 0) == 2
    assert sought.find("b", 3) == 0
    assert sought.find("b", 0) == 0
    sought = _Sought("<b> <a")
    assert sought.match_tag(0) is not None
    assert sought.match_tag(4) is None
    assert sought.match_tag(0) is None


@pytest.mark.parametrize(
    ("html", "pieces"),
    [
        ("a<B CLASS=x>b</b >", ["a", ("b", False), "b", ("b", True), ""]),
        ('<a title="x>y" href=z>', ["", ("a", False), ""]),
        ("<br/>", ["", ("br", False), ""]),
        ("<SCRIPT>a<b></Script>c", ["", ("script", False), "", ("script", True), "c"]),
        ("<é><1></ b>", ["<é><1></ b>"]),
    ],
)
def test_scan(html: str, pieces: list[object]) -> None:
    assert [(piece.name, piece.closing) if isinstance(piece, Tag) else piece for piece in scan(html)] == pieces


def test_attributes_are_read_as_browsers_do() -> None:
    tag = Tag("a", closing=False, attributes=" HREF = 'x&amp;y' href=z title=\"q\" data-href=no hrefx=no /")
    assert tag.read("href", "title") == {"href": "x&y", "title": "q"}


@given(st.text(alphabet=st.sampled_from("<>/!-?='\" abp\n"), max_size=60))
def test_scan_drops_no_words(html: str) -> None:
    pieces = list(scan(html))
    assert sum(len(piece) for piece in pieces if isinstance(piece, str)) <= len(html)
    if "<" not in html:
        assert pieces == [html]
