"""Splits foreign HTML into tags and text in one pass: every character is looked at a bounded number of times, whatever is broken.

It decides where tags are, not what is safe: the result goes through `reshape` and both sanitisers. Nothing that could be words is
dropped: markup that never ends is text. Called by `reshape`.
"""

import html as entities
import re
from collections.abc import Iterator
from dataclasses import dataclass

# Possessive throughout: no backtracking. A quote that is never closed counts as an ordinary character.
# An atomic group, not a possessive repeat of one, which can miss a match in Python 3.11 (python/cpython#101955).
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*+)((?>(?:[^>\"'=]++|=\s*+\"[^\"]*+\"|=\s*+'[^']*+'|[\"'=])*))>")
_TAG_START = re.compile(r"</?[a-zA-Z]")
_ATTRIBUTE = re.compile(r"(?<![^\s/\"'=>])([^\s/\"'=>]++)\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'>]++))")
_ASCII_SMALL = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_UNREADABLE = frozenset({"script", "style", "iframe", "noembed", "noframes"})


@dataclass(frozen=True, slots=True)
class Tag:
    """A start tag or, when `closing`, an end tag: its name in small letters and the source of its attributes."""

    name: str
    closing: bool
    attributes: str

    def read(self, *names: str) -> dict[str, str]:
        """Return the attributes called `names` (small letters) that are there, decoded; of a repeated one the first."""
        found: dict[str, str] = {}
        for match in _ATTRIBUTE.finditer(self.attributes):
            name = match[1].lower()
            if name in names:
                found.setdefault(name, entities.unescape(match[2] or match[3] or match[4] or ""))
        return found


def scan(html: str) -> Iterator[Tag | str]:
    """Yield the tags of `html` and the text between them, still with entities; comments and scripts are left out."""
    sought = _Sought(html)
    pos = text_from = 0
    while (start := html.find("<", pos)) >= 0:
        end, tag = _read_markup(sought, start)
        pos = end or start + 1
        if end:
            yield html[text_from:start]
            text_from = end
        if tag is not None:
            yield tag
        if tag is not None and not tag.closing and tag.name in _UNREADABLE:
            pos = text_from = sought.find(f"</{tag.name}", end) or end
    yield html[text_from:]


class _Sought:
    """Finds a mark in `html`, and remembers which marks no longer come, so that no end is looked for twice in vain."""

    def __init__(self, html: str) -> None:
        self.html = html
        self._folded = html.translate(_ASCII_SMALL)
        self._gone: set[str] = set()

    def find(self, mark: str, start: int) -> int:
        """Return where `mark` (small letters) next stands at or after `start`; 0 when it does not."""
        at = -1 if mark in self._gone else self._folded.find(mark, start)
        if at < 0:
            self._gone.add(mark)
        return max(at, 0)

    def match_tag(self, start: int) -> re.Match[str] | None:
        """Return the tag at `start`; after the first that never ends there are no more."""
        match = None if "tag" in self._gone else _TAG.match(self.html, start)
        if match is None:
            self._gone.add("tag")
        return match


def _read_markup(sought: _Sought, start: int) -> tuple[int, Tag | None]:
    """Return the end of the markup at `start`, 0 when it is none, and the tag when it is one."""
    html = sought.html
    if html.startswith("<!--", start):
        at = sought.find("-->", start + 2)
        return (at + 3 if at else 0), None
    if html.startswith(("<!", "<?"), start):
        at = sought.find(">", start)
        return (at + 1 if at else 0), None
    match = sought.match_tag(start) if _TAG_START.match(html, start) else None
    if match is None:
        return 0, None
    return match.end(), Tag(match[2].lower(), match[1] == "/", match[3])
