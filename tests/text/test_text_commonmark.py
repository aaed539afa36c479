"""The CommonMark specification's own examples, for everything a comment or an article may hold.

Headings go through the article renderer (a comment has none), everything else through the comment renderer. Left out, by what the full
parser finds in an example and not by hand:

* raw HTML, images and reference links: switched off, so that nothing unseen, loaded from elsewhere or defined far away is in a text;
* links whose address is not http, https or mailto: they stay text (the specification's relative addresses are made absolute first);
* ~~ and bare addresses: strikethrough and autolinks are on, which CommonMark does not have.

Compared are elements, attributes and text. Differences that are ours: `rel` on links, `<br>` for a line end in a comment, no white space
that HTML ignores, headings from the second to the fourth level, a language class only of plain letters.
"""

import json
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from forum.text.links import is_allowed_address
from forum.text.render import render, render_article

EXAMPLES: list[dict[str, Any]] = json.loads((Path(__file__).parent.parent / "data/commonmark/examples.json").read_text("utf-8"))
BLOCKS = frozenset({"p", "hr", "pre", "blockquote", "ul", "ol", "li", "h2", "h3", "h4"})
LEVELS = {"h1": "h2", "h5": "h4", "h6": "h4"}
OFF = {"html_block": "raw HTML", "html_inline": "raw HTML", "image": "image"}
Event = tuple[str, str, tuple[tuple[str, str], ...]]


class _Events(HTMLParser):
    def __init__(self, *, breaks: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.breaks = breaks
        self.events: list[Event] = []
        self.in_pre = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.in_pre = self.in_pre or tag == "pre"
        kept = tuple(sorted((name, value or "") for name, value in attrs if name != "rel" and not _is_odd_language(value)))
        self.events.append(("start", LEVELS.get(tag, tag), kept))

    def handle_endtag(self, tag: str) -> None:
        self.in_pre = self.in_pre and tag != "pre"
        if tag not in ("br", "hr"):
            self.events.append(("end", LEVELS.get(tag, tag), ()))

    def handle_data(self, data: str) -> None:
        if self.in_pre or not self.breaks:
            self.events.append(("text", data if self.in_pre else re.sub("[ \n]+", " ", data), ()))
            return
        is_after_break = bool(self.events) and self.events[-1][1] == "br"
        for number, line in enumerate(data.removeprefix("\n" if is_after_break else "").split("\n")):
            self.events += [("start", "br", ())] if number else []
            self.events += [("text", line, ())] if line else []


def _is_odd_language(value: str | None) -> bool:
    return bool(value) and re.fullmatch(r"language-(?![a-z0-9+#-]{1,20}$).*", value or "", re.DOTALL) is not None


def _events(html: str, *, breaks: bool) -> list[Event]:
    reader = _Events(breaks=breaks)
    reader.feed(html)
    reader.close()
    events = reader.events
    is_edge = [kind != "text" and tag in BLOCKS for kind, tag, _ in events]
    kept: list[Event] = []
    for number, event in enumerate(events):
        beside_block = number == 0 or number + 1 == len(events) or is_edge[number - 1] or is_edge[number + 1]
        is_space = event[1] == "br" or (event[0] == "text" and not event[1].strip())
        if not (is_space and beside_block and not _in_pre(events, number)):
            kept.append(event)
    return kept


def _in_pre(events: list[Event], number: int) -> bool:
    before = [kind for kind, tag, _ in events[:number] if tag == "pre"]
    return bool(before) and before[-1] == "start"


def _made_absolute(text: str) -> str:
    return re.sub(r"(?<=[(<\"])(?=/(?:url|uri|my|bar|f)\b)", "https://u.example", text)


def _why_left_out(markdown: str) -> str | None:
    env: dict[str, Any] = {}
    tokens = MarkdownIt("commonmark").parse(markdown, env)
    inline = [child for token in tokens for child in token.children or ()]
    for token in (*tokens, *inline):
        if token.type in OFF:
            return OFF[token.type]
    if env.get("references"):
        return "reference link"
    if any(not is_allowed_address(str(token.attrs["href"])) for token in inline if token.type == "link_open"):
        return "address not allowed"
    linked = [inline[number - 1].type == "link_open" for number in range(len(inline))]
    plain = "".join(token.content for token, is_linked in zip(inline, linked, strict=True) if token.type == "text" and not is_linked)
    return "extension" if "~~" in plain or "://" in plain else None


LEFT_OUT = {example["example"]: _why_left_out(_made_absolute(example["markdown"])) for example in EXAMPLES}
RUN = [example for example in EXAMPLES if LEFT_OUT[example["example"]] is None]


@pytest.mark.parametrize("example", RUN, ids=lambda example: str(example["example"]))
def test_example_renders_as_the_specification_says(example: dict[str, Any]) -> None:
    markdown, expected = _made_absolute(example["markdown"]), _made_absolute(example["html"])
    if re.search("<h[1-6]>", expected):
        assert _events(render_article(markdown).html, breaks=False) == _events(expected, breaks=False)
    else:
        assert _events(render(markdown).html, breaks=True) == _events(expected, breaks=True)


def test_what_is_left_out_is_known() -> None:
    assert Counter(LEFT_OUT.values()) == {
        None: 466,
        "raw HTML": 72,
        "reference link": 63,
        "image": 22,
        "address not allowed": 20,
        "extension": 9,
    }
