"""Rewrites the HTML of other systems' exports as our elements: balanced, shallow, few attributes, paragraphs where there were only lines.

It bounds the work of the sanitisers, which are quadratic on hostile nesting; it is not what makes the result safe, they are. Called by
`sanitize` alone.
"""

import html as entities
import re

from forum.text.html_scan import Tag, scan
from forum.text.html_write import Writer
from forum.text.links import is_allowed_address, is_web_address

SOURCE_MAX = 200_000
"""Characters of an imported text; what is longer is cut there and ends with an ellipsis."""

_BLOCKS = (
    "address article aside body caption center dd details dialog div dl dt fieldset figcaption figure footer form header hgroup html"
    " legend main menu nav noscript option p search section summary table tbody tfoot thead tr"
)
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_LISTS = frozenset({"ul", "ol"})
_FRAMES = frozenset({"img", "iframe", "video", "audio", "embed"})
_MARKS = {"b": "strong", "strong": "strong", "i": "em", "em": "em", "cite": "em", "dfn": "em", "s": "s", "strike": "s", "del": "s"}
_MARKS |= dict.fromkeys(("code", "kbd", "samp", "tt", "var"), "code") | {"sub": "sub", "sup": "sup"}

_STARTS = dict.fromkeys(_BLOCKS.split(), Writer.end_block) | {
    "li": Writer.open_item,
    "pre": Writer.open_pre,
    "br": Writer.line_break,
    "hr": Writer.rule,
    "td": Writer.separate,
    "th": Writer.separate,
    "q": lambda writer: writer.text("“"),
}
_ENDS = dict.fromkeys(_BLOCKS.split(), Writer.end_block) | {
    "a": Writer.end_link,
    "pre": Writer.close_pre,
    "br": Writer.line_break,
    "q": lambda writer: writer.text("”"),
}

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_KEEPS_LINES = re.compile(r"<(?:p|br|div)\b", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]{1,9}")
_PARAGRAPHS = re.compile(r"\n[ \t]*+(?:\n[ \t]*+)+")


def reshape(html: str) -> str:
    """Return `html` as balanced HTML of p, br, hr, strong, em, s, sub, sup, code, pre, blockquote, ul, ol, li and a.

    Lists and quotes nest as deep as `html_write.NESTING_MAX`, links carry only href and rel, unknown elements leave their words. A body
    without <p>, <br> or <div> keeps its line breaks, as WordPress shows it. Work and result are linear in the length of `html`.
    """
    cut = html[:SOURCE_MAX]
    source = _CONTROLS.sub("", cut.replace("\r\n", "\n").replace("\r", "\n"))
    hand = _Hand(Writer(), keeps_lines=_KEEPS_LINES.search(source) is None)
    for piece in scan(source):
        if isinstance(piece, str):
            hand.text(entities.unescape(piece))
        elif piece.closing:
            hand.end(piece.name)
        else:
            hand.start(piece)
    return hand.writer.finish(is_cut=len(html) > SOURCE_MAX)


class _Hand:
    """Decides what each foreign tag becomes; the writer keeps the result well-formed."""

    def __init__(self, writer: Writer, *, keeps_lines: bool) -> None:
        self.writer = writer
        self._keeps_lines = keeps_lines

    def text(self, text: str) -> None:
        writer = self.writer
        if writer.in_pre:
            writer.text(text)
            return
        for number, paragraph in enumerate(_PARAGRAPHS.split(text)):
            if number:
                writer.end_block()
            for row, line in enumerate(paragraph.split("\n") if self._keeps_lines else [paragraph]):
                if row:
                    writer.line_break()
                writer.text(line)

    def start(self, tag: Tag) -> None:
        name, writer = tag.name, self.writer
        if name in _MARKS:
            writer.start_mark(_MARKS[name])
        elif name == "a":
            writer.start_link(_address(tag, "href"))
        elif name in _FRAMES:
            self._frame(tag)
        elif name in _HEADINGS:
            writer.end_block()
            writer.start_mark("strong")
        elif name in _LISTS or name == "blockquote":
            writer.open(name, _start(tag) if name == "ol" else "")
        elif name in _STARTS:
            _STARTS[name](writer)

    def end(self, name: str) -> None:
        writer = self.writer
        if name in _MARKS:
            writer.end_mark(_MARKS[name])
        elif name in _HEADINGS:
            writer.end_mark("strong")
            writer.end_block()
        elif name in _LISTS or name in ("blockquote", "li"):
            writer.close(name)
        elif name in _ENDS:
            _ENDS[name](writer)

    def _frame(self, tag: Tag) -> None:
        address = _address(tag, "src", web_only=True)
        label = " ".join(tag.read("alt").get("alt", "").split())
        if address and not self.writer.in_link:
            self.writer.start_link(address)
            self.writer.text(label or address)
            self.writer.end_link()
        else:
            self.writer.text(label)


def _address(tag: Tag, name: str, *, web_only: bool = False) -> str:
    address = tag.read(name).get(name, "").strip()
    if address.startswith("//"):
        address = f"https:{address}"
    is_good = is_web_address if web_only else is_allowed_address
    return address if is_good(address) else ""


def _start(tag: Tag) -> str:
    start = tag.read("start").get("start", "")
    return f' start="{start}"' if _NUMBER.fullmatch(start) else ""
