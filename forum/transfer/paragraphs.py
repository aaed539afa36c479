"""WordPress' rule for comment text: blank lines make paragraphs, single line ends make breaks, block elements stay as they are.

Follows the outline of ``wpautop`` (WordPress, wp-includes/formatting.php); called by the WordPress reader. The result is not sanitised.
"""

import re
from collections.abc import Iterator

_BLOCK = "blockquote|pre|ul|ol|li|p|div|table|thead|tbody|tr|td|th|h[1-6]|dl|dt|dd|hr|form|figure|figcaption|section|article|address"
_BLOCK_TAG = re.compile(rf"</?(?:{_BLOCK})\b[^<>]*>", re.IGNORECASE)
_BREAK = re.compile(r"<br\s*/?>[ \t]*\n", re.IGNORECASE)


def paragraphs(text: str) -> str:
    """Return ``text`` as HTML with paragraphs and breaks where its writer saw them. Linear in its length."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    pieces: list[str] = []
    position = 0
    for start, end in _preformatted(text):
        pieces += [_flow(text[position:start]), text[start:end]]
        position = end
    return "\n".join(piece for piece in (*pieces, _flow(text[position:])) if piece)


def _preformatted(text: str) -> Iterator[tuple[int, int]]:
    # Two finds that only move forward; a pattern from <pre to </pre would scan to the end once for every <pre that is never closed.
    lower = text.lower()
    start = lower.find("<pre")
    while start >= 0:
        end = lower.find("</pre>", start)
        if end < 0:
            return
        yield start, end + len("</pre>")
        start = lower.find("<pre", end)


def _flow(text: str) -> str:
    out: list[str] = []
    position = 0
    for match in _BLOCK_TAG.finditer(text):
        out += [_paragraphs_of(text[position : match.start()]), match[0]]
        position = match.end()
    out.append(_paragraphs_of(text[position:]))
    return "\n".join(piece for piece in out if piece)


def _paragraphs_of(text: str) -> str:
    blocks = re.split(r"\n[ \t]*\n\s*", text.strip())
    return "\n".join(f"<p>{_BREAK.sub(chr(10), block).replace(chr(10), '<br>')}</p>" for block in blocks if block)
