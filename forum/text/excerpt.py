"""Cuts rendered HTML down to a line of plain text, for lists, mails, titles of feeds and previews.

The result is text, not HTML: entities are decoded and the template escapes it again. Called by every room that quotes a comment.
"""

import html as entities
import re
import unicodedata

_BREAK = re.compile(r"</?(?:p|br|hr|pre|blockquote|ul|ol|li|h[2-4])\b[^>]*>")
# Attribute values may hold ">" in HTML that another serialiser wrote.
_TAG = re.compile(r"<[^<>\"]*(?:\"[^\"]*\"[^<>\"]*)*>")
_JOINER = "\u200d"


def excerpt(html: str, *, length: int = 140) -> str:
    """Return the words of rendered `html` in one line of at most `length` characters, the ellipsis counted.

    Cut after a word; a single longer word is cut inside, never before a mark that belongs to the letter in front. `length` is at least 1.
    """
    text = " ".join(entities.unescape(_TAG.sub("", _BREAK.sub(" ", html))).split())
    if len(text) <= length:
        return text
    end = text.rfind(" ", 0, length)
    if end < 0:
        end = _letter_end(text, length - 1)
    return text[:end].rstrip(" ,;:-") + "…"


def _letter_end(text: str, end: int) -> int:
    start = end
    while end > 0 and (unicodedata.category(text[end]).startswith("M") or _JOINER in text[end - 1 : end + 1]):
        end -= 1
    return end or start
