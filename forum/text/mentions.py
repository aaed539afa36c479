"""Who is mentioned: @handle in the running text of a comment, never in code, in a link or in a mail address.

The one pattern of a handle stands here. What `find_mentions` finds is what `render` links when the handle is known. Called by
`render`, `limits`, sign-up and notifications.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from forum.text import markdown

HANDLE_PATTERN = r"[a-z0-9](?:[a-z0-9_-]{0,28}[a-z0-9])?"
"""A handle after folding: 1 to 30 ASCII letters, digits, hyphens and underscores, beginning and ending with a letter or digit."""

MENTION_SIGN = "@"
"""What a text without mentions mostly lacks: looked for before anything is parsed for them."""

# Not after a letter (a mail address) or a second @; not before @ (an address elsewhere) or a path (@scope/package).
# ASCII for the handle alone: ignoring case in Unicode lets the Kelvin sign pass for a k.
_MENTION = re.compile(rf"(?<![\w@])(?<!\w[-+%])@(?ai:({HANDLE_PATTERN}))(?![^\W_]|[_-]+[^\W_]|@|/\w)")
_PATH = re.compile(r"\w/")


@dataclass(frozen=True)
class Mention:
    """A mention in a run of text: from `start` (the @) to `end`, and the handle, folded."""

    start: int
    end: int
    handle: str


def fold_handle(handle: str) -> str:
    """Return `handle` as it is stored and compared: ASCII letters made small."""
    return handle.lower()


def find_in_run(text: str, before: str = "") -> Iterator[Mention]:
    """Yield the mentions in a run of plain text; `before` is the text in front of it, so that a@b is seen as one word."""
    shift = len(before[-2:])
    run = before[-2:] + text
    end = 0
    for match in _MENTION.finditer(run, shift):
        start = match.start()
        # example.org/@anna is a path, @anna/@bob are two people.
        if start - 1 == end or not _PATH.match(run, max(start - 2, 0), start):
            end = match.end()
            yield Mention(start - shift, end - shift, fold_handle(match.group(1)))


def find_mentions(body_md: str) -> frozenset[str]:
    """Return the folded handles mentioned in a comment's Markdown, whether or not anyone has them."""
    if MENTION_SIGN not in body_md:
        return frozenset()
    found: set[str] = set()

    def note(text: str, before: str) -> tuple[markdown.TextLink, ...]:
        found.update(mention.handle for mention in find_in_run(text, before))
        return ()

    markdown.measure(body_md, markdown.COMMENT, note)
    return frozenset(found)
