"""Turns Markdown into HTML and measures it: the only file that knows markdown-it-py.

Raw HTML, images and reference links are off in every flavour of ours; what differs between flavours is data. The HTML still goes through
`sanitize`. Called by `render`, `limits` and `mentions`.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from forum.text.links import REL, is_allowed_address

PARSER_NESTING = 24
"""Levels the parser renders; what lies deeper it drops without a word, so `limits` refuses long before (a list takes two levels)."""

_ON = ("strikethrough", "linkify")
_OFF = ("image", "heading", "lheading", "reference", "html_block", "html_inline")
_CONTAINERS = frozenset({"blockquote_open", "bullet_list_open", "ordered_list_open"})
_CONTAINER_ENDS = frozenset({"blockquote_close", "bullet_list_close", "ordered_list_close"})
_HEADING_TAGS = {"h1": "h2", "h5": "h4", "h6": "h4"}


@dataclass(frozen=True)
class Flavour:
    """What differs between kinds of text: whether a line break is kept, which rules are on besides the common ones, and whether HTML is let through."""

    breaks: bool
    rules: tuple[str, ...] = ()
    html: bool = False


COMMENT = Flavour(breaks=True)
ARTICLE = Flavour(breaks=False, rules=("heading", "lheading"))
# Other systems let their writers mix HTML into Markdown; what comes out is as hostile as what went in.
FOREIGN = Flavour(breaks=True, rules=_OFF, html=True)


@dataclass(frozen=True)
class TextLink:
    """A piece of plain text, from `start` to `end`, that becomes a link to `href` of the class `kind`."""

    start: int
    end: int
    href: str
    kind: str


Linker = Callable[[str, str], Sequence[TextLink]]
"""Told a run of plain text and the text just before it; answers the links in the run, in order, not overlapping."""


@dataclass(frozen=True)
class Outline:
    """The blocks of a text: how many, how deep quotes and lists lie in each other, and the source of each paragraph and heading."""

    blocks: int
    nesting: int
    paragraphs: tuple[str, ...]


@dataclass(frozen=True)
class Shape:
    """What the parsed text holds: how many links, how deep marks lie in each other, and the words a reader sees."""

    links: int
    nesting: int
    words: str


_local = threading.local()


def to_html(source: str, flavour: Flavour, linker: Linker | None = None) -> str:
    """Return the HTML of `source`, not yet sanitised; `linker` turns pieces of plain text (never in code or links) into links."""
    parser = _parser(flavour)
    return str(parser.renderer.render(_parse(source, flavour, linker), parser.options, {}))


def outline(source: str, flavour: Flavour) -> Outline:
    """Return the blocks of `source` without parsing inside paragraphs: cheap, to be asked before `measure`."""
    parser = _parser(flavour)
    tokens: list[Token] = []
    parser.block.parse(source, parser, {}, tokens)
    blocks = nesting = deepest = 0
    for token in tokens:
        blocks += token.nesting >= 0 and token.type != "inline" and not token.hidden
        nesting += (token.type in _CONTAINERS) - (token.type in _CONTAINER_ENDS)
        deepest = max(deepest, nesting)
    return Outline(blocks, deepest, tuple(token.content for token in tokens if token.type == "inline"))


def measure(source: str, flavour: Flavour, linker: Linker | None = None) -> Shape:
    """Return what `source` holds once parsed; `linker` is told every run of plain text, what it answers counts as links."""
    tokens = _parse(source, flavour, linker)
    inline = list(chain.from_iterable(token.children or () for token in tokens))
    words = [token.content for token in chain(inline, (token for token in tokens if token.type in ("fence", "code_block")))]
    links = sum(token.type == "link_open" for token in inline)
    return Shape(links, max((token.level for token in inline), default=0), " ".join(words))


def _parse(source: str, flavour: Flavour, linker: Linker | None) -> Sequence[Token]:
    if linker is not None:
        return _parser(flavour).parse(source, {"linker": linker})
    # A text is measured and then rendered: it is parsed once for both.
    last: tuple[tuple[str, Flavour], Sequence[Token]] | None = _local.__dict__.get("last")
    if last is None or last[0] != (source, flavour):
        last = _local.last = (source, flavour), _parser(flavour).parse(source, {"linker": None})
    return last[1]


def _parser(flavour: Flavour) -> MarkdownIt:
    # One for each thread: neither markdown-it-py nor linkify-it-py promises that an instance can be shared.
    parsers: dict[Flavour, MarkdownIt] = _local.__dict__.setdefault("parsers", {})
    if flavour not in parsers:
        parsers[flavour] = _build_parser(flavour)
    return parsers[flavour]


def _build_parser(flavour: Flavour) -> MarkdownIt:
    # <br>, not <br />: as the sanitisers write it.
    options = {"html": flavour.html, "linkify": True, "breaks": flavour.breaks, "maxNesting": PARSER_NESTING, "xhtmlOut": False}
    parser = MarkdownIt("commonmark", options).disable(_OFF).enable((*_ON, *flavour.rules))
    _look_quickly(parser)
    parser.validateLink = is_allowed_address  # type: ignore[method-assign]
    # Before text_join an escaped "\@" is still a token of its own, so a backslash keeps a name from becoming a link.
    parser.core.ruler.before("text_join", "text_links", _link_text)
    parser.core.ruler.push("finish", _finish)
    return parser


def _look_quickly(parser: MarkdownIt) -> None:
    """Keep linkify from looking for addresses where there are none: its patterns are tried at every character and take longer than all other parsing."""
    linkify = parser.linkify
    if linkify is None:
        raise RuntimeError("markdown-it-py is installed without linkify-it-py")
    # Without a scheme README.md and script.py would become links.
    linkify.set({"fuzzy_link": False, "fuzzy_email": False})
    guess, search = linkify.pretest, linkify.test
    linkify.pretest = lambda text: _may_hold_address(text) and guess(text)
    linkify.test = lambda text: _may_hold_address(text) and search(text)


def _may_hold_address(text: str) -> bool:
    # Every address that is looked for has a scheme, and this behind it or in it.
    return "//" in text or "mailto:" in text.lower()


def _link_text(state: StateCore) -> None:
    linker: Linker | None = state.env["linker"]
    if linker is None:
        return
    for block in state.tokens:
        if block.children:
            block.children = list(_with_text_links(block.children, linker))


def _with_text_links(tokens: Sequence[Token], linker: Linker) -> Iterator[Token]:
    in_link = False
    before = ""
    for token in tokens:
        if token.type in ("link_open", "link_close"):
            in_link = token.nesting > 0
        if token.type == "text" and not in_link:
            yield from _split_text(token, linker(token.content, before))
        else:
            yield token
        before = token.content if token.type in ("text", "text_special") else ""


def _split_text(token: Token, links: Sequence[TextLink]) -> Iterator[Token]:
    done = 0
    for link in links:
        yield Token("text", "", 0, content=token.content[done : link.start], level=token.level)
        yield Token("link_open", "a", 1, attrs={"class": link.kind, "href": link.href}, level=token.level, info=link.kind)
        yield Token("text", "", 0, content=token.content[link.start : link.end], level=token.level + 1)
        yield Token("link_close", "a", -1, level=token.level)
        done = link.end
    yield Token("text", "", 0, content=token.content[done:], level=token.level)


def _finish(state: StateCore) -> None:
    for block in state.tokens:
        block.tag = _HEADING_TAGS.get(block.tag, block.tag)
        for token in block.children or ():
            if token.type == "link_open" and "class" not in token.attrs:
                token.attrs["rel"] = REL
