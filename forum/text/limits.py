"""What a text may be: its length, its characters and its shape, so that rendering an accepted text costs bounded work.

Verdicts only; the doors show them. Checks go from cheap to dear and stop at the first step that finds something: a text that is too long
is not parsed, one with too many blocks is not parsed inside them. Called by every door and action that takes text.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from forum.sentences import Sentence, sentence
from forum.text import markdown
from forum.text.lookalikes import BLANKS
from forum.text.mentions import MENTION_SIGN, find_in_run

BODY_MAX = 10_000
"""Characters of a comment."""

ARTICLE_MAX = 200_000
"""Characters of an article written here."""

STACKED_MAX = 30
"""Combining marks on one letter (Stream-Safe Text Format, UAX 15); CPython sorts a longer run in quadratic time."""


@dataclass(frozen=True)
class BodyFault:
    """Why a text is refused: a code for programs and a sentence for the writer."""

    code: str
    detail: str


@dataclass(frozen=True)
class ShapeLimits:
    """The most of everything that makes a text costly.

    `entities` counts the characters that HTML must escape, `signs` those outside code that may begin or end markup.
    """

    length: int
    lines: int
    entities: int
    blocks: int
    nesting: int
    paragraph: int
    signs: int
    links: int
    mentions: int | None


BODY_LIMITS = ShapeLimits(
    length=BODY_MAX, lines=1_000, entities=BODY_MAX, blocks=200, nesting=10, paragraph=BODY_MAX, signs=3_000, links=100, mentions=50
)
ARTICLE_LIMITS = ShapeLimits(
    length=ARTICLE_MAX, lines=8_000, entities=20_000, blocks=4_000, nesting=10, paragraph=20_000, signs=20_000, links=500, mentions=None
)

_LINE_ENDS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_LINE_BREAK = re.compile("[\n\r\v\f\x85\u2028\u2029]")
_BLANK_LINES = re.compile(r"(?:[^\S\n]*\n)+")
_PLANE_ENDS = "".join(chr(plane + last) for plane in range(0, 0x110000, 0x10000) for last in (0xFFFE, 0xFFFF))
_CONTROL = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef{_PLANE_ENDS}]")
_CONTROL_IN_ASCII = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_SIGN = re.compile(r"[\n!&*<@\[\\\]_`~]")
# What there can be too many of.
_LINES = sentence("lines")
_ENTITIES = sentence("quotation marks, ampersands and angle brackets")
_CHARACTERS = sentence("characters")
_BLOCKS = sentence("paragraphs, list items and other blocks")
_NESTED = sentence("quotes and lists inside each other")
_IN_PARAGRAPH = sentence("characters in one paragraph")
_SIGNS = sentence("formatting characters outside code")
_ADDRESSES = sentence("web addresses")
_EMPHASES = sentence("kinds of emphasis inside each other")
_LINKS = sentence("links")
_MENTIONS = sentence("mentions")
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Zs", "Mn", "Me"})


def normalize_body(body_md: str) -> str:
    """Return the text as it is stored: every line end a LF, no blank lines around it, NFC.

    Vertical tabs, form feeds and Unicode's line separators, as pasted from word processors, are line ends too. A text with stacked marks
    is left decomposed: `find_body_faults` refuses it. Idempotent, linear.
    """
    text = _LINE_ENDS.sub("\n", body_md)
    blank = _BLANK_LINES.match(text)
    text = text[blank.end() if blank else 0 :].rstrip()
    return text if _has_stacked_marks(text) else unicodedata.normalize("NFC", text)


def find_body_faults(body_md: str) -> tuple[BodyFault, ...]:
    """Return why a comment may not be stored, judged as `normalize_body` leaves it; empty when it may.

    Codes: empty, too_long, control, stacked, lines, entities, blocks, nesting, paragraph, signs, links, mentions.
    """
    return _find_faults(normalize_body(body_md), markdown.COMMENT, BODY_LIMITS)


def find_article_faults(body_md: str) -> tuple[BodyFault, ...]:
    """Return why an article may not be stored, as `find_body_faults` does for a comment, with the limits of articles."""
    return _find_faults(normalize_body(body_md), markdown.ARTICLE, ARTICLE_LIMITS)


def find_line_faults(text: str, *, maximum: int) -> tuple[BodyFault, ...]:
    """Return why `text` may not be a title, a name or another field of one line and at most `maximum` characters; empty when it may.

    Codes: blank, too_long, line_break, control, bidi, stacked.
    """
    faults = list(_find_text_faults(text, maximum))
    if is_blank(text):
        faults.append(BodyFault("blank", "This may not be empty."))
    if "\t" in text:
        faults.append(BodyFault("control", "A tab does not fit on one line; use a space."))
    if _LINE_BREAK.search(text):
        faults.append(BodyFault("line_break", "This must fit on one line."))
    if _BIDI.search(text):
        faults.append(BodyFault("bidi", "Characters that turn the direction of writing around are not allowed here."))
    return tuple(faults)


def is_blank(text: str) -> bool:
    """Tell whether a reader would see nothing: only white space, marks without a letter and characters that print as nothing."""
    return all(char in BLANKS or unicodedata.category(char) in _UNSEEN for char in text)


def _find_faults(text: str, flavour: markdown.Flavour, limits: ShapeLimits) -> tuple[BodyFault, ...]:
    if is_blank(text):
        return (BodyFault("empty", "There are no words in this text."),)
    for find in (_find_plain_faults, _find_block_faults, _find_inline_faults):
        if faults := tuple(find(text, flavour, limits)):
            return faults
    return ()


def _find_plain_faults(text: str, _flavour: markdown.Flavour, limits: ShapeLimits) -> Iterator[BodyFault]:
    yield from _find_text_faults(text, limits.length)
    yield from _find_excess("lines", text.count("\n") + 1, limits.lines, _LINES)
    yield from _find_excess("entities", sum(map(text.count, '<>&"')), limits.entities, _ENTITIES)


def _find_text_faults(text: str, maximum: int) -> Iterator[BodyFault]:
    yield from _find_excess("too_long", len(text), maximum, _CHARACTERS)
    # The same for a text in ASCII, where the many ranges beyond it need not be tried at every character.
    control = (_CONTROL_IN_ASCII if text.isascii() else _CONTROL).search(_LINE_ENDS.sub("\n", text))
    if control:
        yield BodyFault("control", sentence("The character %(code)s cannot be stored.", code=f"U+{ord(control.group()):04X}"))
    if _has_stacked_marks(text):
        yield BodyFault("stacked", sentence("More than %(most)s marks are stacked on one letter.", most=STACKED_MAX))


def _find_block_faults(text: str, flavour: markdown.Flavour, limits: ShapeLimits) -> Iterator[BodyFault]:
    outline = markdown.outline(text, flavour)
    signs = sum(len(_SIGN.findall(paragraph)) for paragraph in outline.paragraphs)
    addresses = sum(paragraph.count("://") for paragraph in outline.paragraphs)
    yield from _find_excess("blocks", outline.blocks, limits.blocks, _BLOCKS)
    yield from _find_excess("nesting", outline.nesting, limits.nesting, _NESTED)
    yield from _find_excess("paragraph", max(map(len, outline.paragraphs), default=0), limits.paragraph, _IN_PARAGRAPH)
    yield from _find_excess("signs", signs, limits.signs, _SIGNS)
    # What looks like an address costs as much as a link even when it is none.
    yield from _find_excess("links", addresses, 2 * limits.links, _ADDRESSES)


def _find_inline_faults(text: str, flavour: markdown.Flavour, limits: ShapeLimits) -> Iterator[BodyFault]:
    mentions = 0

    def count(run: str, before: str) -> tuple[markdown.TextLink, ...]:
        nonlocal mentions
        mentions += sum(1 for _ in find_in_run(run, before))
        return ()

    shape = markdown.measure(text, flavour, count if limits.mentions and MENTION_SIGN in text else None)
    if is_blank(shape.words):
        yield BodyFault("empty", "There are no words in this text.")
    yield from _find_excess("nesting", shape.nesting, limits.nesting, _EMPHASES)
    yield from _find_excess("links", shape.links, limits.links, _LINKS)
    yield from _find_excess("mentions", mentions, limits.mentions or 0, _MENTIONS)


def _find_excess(code: str, count: int, maximum: int, what: Sentence) -> Iterator[BodyFault]:
    if count > maximum:
        yield BodyFault(code, sentence("At most %(most)s %(what)s are allowed; there are %(count)s.", most=maximum, what=what, count=count))


def _has_stacked_marks(text: str) -> bool:
    if text.isascii():
        return False
    run = 0
    for char in text:
        run = run + 1 if unicodedata.category(char).startswith("M") else 0
        if run > STACKED_MAX:
            return True
    return False
