"""What a comment, an article and an imported body look like once rendered, and that hostile shapes never run out of stack."""

import sys
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forum.text.render import RENDERER, Rendered, render, render_article, render_imported

Strangers = Callable[..., list[str]]
REL = 'rel="nofollow ugc noopener"'


@pytest.mark.parametrize(
    ("body_md", "html"),
    [
        ("a *b* **c** ~~d~~ `e`", "<p>a <em>b</em> <strong>c</strong> <s>d</s> <code>e</code></p>"),
        ("one\ntwo", "<p>one<br>\ntwo</p>"),
        ("> quote\n\nanswer", "<blockquote>\n<p>quote</p>\n</blockquote>\n<p>answer</p>"),
        ("3. c\n4. d", '<ol start="3">\n<li>c</li>\n<li>d</li>\n</ol>'),
        ("```python title\nif a < b:\n```", '<pre><code class="language-python">if a &lt; b:\n</code></pre>'),
        ("```x&y\na\n```", "<pre><code>a\n</code></pre>"),
        ("[a](https://b.example 'c')", f'<p><a href="https://b.example" title="c" {REL}>a</a></p>'),
        (
            "see https://b.example/c_d_e?f=g&h.",
            f'<p>see <a href="https://b.example/c_d_e?f=g&amp;h" {REL}>https://b.example/c_d_e?f=g&amp;h</a>.</p>',
        ),
        ("<me@b.example>", f'<p><a href="mailto:me@b.example" {REL}>me@b.example</a></p>'),
        ("README.md b.example me@b.example", "<p>README.md b.example me@b.example</p>"),
        ("[a]() [b](<>) [c](/d) [e](#f) [g](//h.example)", "<p>a [b](&lt;&gt;) [c](/d) [e](#f) [g](//h.example)</p>"),
        (
            "[a](https://bank.example@evil.example) [b](ftp://c.example)",
            "<p>[a](https://bank.example@evil.example) [b](ftp://c.example)</p>",
        ),
        ("![alt](https://b.example/c.png)", f'<p>!<a href="https://b.example/c.png" {REL}>alt</a></p>'),
        ("# not a heading\n\nnor\n===", "<p># not a heading</p>\n<p>nor<br>\n===</p>"),
        ("[a]: https://b.example\n\n[a]", f'<p>[a]: <a href="https://b.example" {REL}>https://b.example</a></p>\n<p>[a]</p>'),
        ("<b>raw</b> &amp; &lt; <!-- -->", "<p>&lt;b&gt;raw&lt;/b&gt; &amp; &lt; &lt;!-- --&gt;</p>"),
        ("```\n\nfirst line empty\n```", "<pre><code>\nfirst line empty\n</code></pre>"),
    ],
)
def test_comment(body_md: str, html: str) -> None:
    assert render(body_md) == Rendered(html, RENDERER)


@pytest.mark.parametrize(
    ("body_md", "html"),
    [
        (
            "# One\n## Two\n### Three\n#### Four\n##### Five\n###### Six",
            "\n".join(["<h2>One</h2>", "<h2>Two</h2>", "<h3>Three</h3>", "<h4>Four</h4>", "<h4>Five</h4>", "<h4>Six</h4>"]),
        ),
        ("One\n===\n\nTwo\n---", "<h2>One</h2>\n<h2>Two</h2>"),
        ("one\ntwo  \nthree", "<p>one\ntwo<br>\nthree</p>"),
        ("@anna ![x](https://b.example/c.png)", f'<p>@anna !<a href="https://b.example/c.png" {REL}>x</a></p>'),
    ],
)
def test_article(body_md: str, html: str) -> None:
    assert render_article(body_md) == Rendered(html, RENDERER)


def test_mentions_of_known_people_become_links() -> None:
    rendered = render("Dear @Anna, @bob and @nobody: `@anna`", known_handles=["anna", "Bob"])
    assert rendered.html == (
        '<p>Dear <a class="mention" href="/u/anna">@Anna</a>, <a class="mention" href="/u/bob">@bob</a> and @nobody: <code>@anna</code></p>'
    )


def test_text_after_a_mention_keeps_its_marks() -> None:
    assert render("*@anna said* @anna", known_handles={"anna"}).html == (
        '<p><em><a class="mention" href="/u/anna">@anna</a> said</em> <a class="mention" href="/u/anna">@anna</a></p>'
    )


@given(st.text(max_size=300))
def test_any_text_yields_allowed_markup_and_the_same_twice(strangers: Strangers, body_md: str) -> None:
    html = render(body_md, known_handles={"a", "0"}).html
    assert strangers(html) == []
    assert render(body_md, known_handles={"a", "0"}).html == html


_SIGNS = "* _ ** ~~ ` [ ]( ) < > ! # | \" ' ( \\ @a &lt; &#0; a é"
PIECES = [
    *_SIGNS.split(),
    "```\n",
    "> ",
    "- ",
    "1. ",
    "\n",
    "\n\n",
    "    ",
    "http://a.b",
    "https://",
    "mailto:a@b",
    "javascript:",
    "<script>",
    "</p>",
    "<!--",
]
PIECES += [" ", "\u202e", "\x00", "\ud800", "%", "www.", "/", ".", ":", "\u00ad", "xn--"]


@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join))
def test_any_markup_yields_allowed_markup(strangers: Strangers, text: str) -> None:
    assert strangers(render(text, known_handles={"a"}).html) == []
    assert strangers(render_article(text).html, "h2", "h3", "h4") == []
    assert strangers(render_imported(text).html, "sub", "sup") == []


DEEP = {
    "quotes": ">" * 5_000 + " a",
    "lists": "- " * 5_000 + "a",
    "brackets": "[" * 5_000 + "a" + "]" * 5_000,
    "links": "[" * 2_000 + "a" + "](https://b.example)" * 400,
    "emphasis": "*a " * 1_600 + " a*" * 1_600,
    "strong": "**a _b " * 700 + " b_ a**" * 700,
    "struck": "~~a " * 1_200 + " a~~" * 1_200,
    "stars": "*" * 4_000 + "a" + "*" * 4_000,
}
TAGS = {"blocks": "<blockquote>" * 4_000, "lists": "<ul><li>" * 4_000, "marks": "<b><i>" * 4_000, "ends": "</ul></p></b>" * 4_000}


@pytest.mark.parametrize("render_it", [render, render_article])
@pytest.mark.parametrize("shape", DEEP)
def test_no_depth_exhausts_the_stack(shape: str, render_it: Callable[[str], Rendered]) -> None:
    with _Stack(250):
        assert render_it(DEEP[shape]).renderer == RENDERER


@pytest.mark.parametrize("shape", TAGS)
def test_no_foreign_depth_exhausts_the_stack(shape: str) -> None:
    with _Stack(250):
        assert render_imported(TAGS[shape] + "a").renderer == RENDERER


class _Stack:
    """Leaves `frames` calls of stack: a depth that grew with the text would end in RecursionError here."""

    def __init__(self, frames: int) -> None:
        self.frames = frames
        self.before = sys.getrecursionlimit()

    def __enter__(self) -> None:
        depth, frame = 0, sys._getframe()
        while frame.f_back is not None:
            depth, frame = depth + 1, frame.f_back
        sys.setrecursionlimit(depth + self.frames)

    def __exit__(self, *_: object) -> None:
        sys.setrecursionlimit(self.before)
