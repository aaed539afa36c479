"""Renders a text once, when it is written: Markdown or foreign HTML in, safe HTML and the version of the rules out.

Nothing is rendered when it is read. Raise `RENDERER` when the HTML of any text changes: stored texts of a lower version are rendered
again in batches. Called by posting, articles and the importers; the text has passed `limits` before.
"""

from collections.abc import Collection
from dataclasses import dataclass

from forum.text import markdown
from forum.text.mentions import find_in_run, fold_handle
from forum.text.sanitize import sanitize, sanitize_article, sanitize_imported

RENDERER = 1
"""The version of everything that decides the HTML of a text."""


@dataclass(frozen=True)
class Rendered:
    """Safe HTML, and the `RENDERER` that made it."""

    html: str
    renderer: int


def render(body_md: str, *, known_handles: Collection[str] = ()) -> Rendered:
    """Return a comment's Markdown as safe HTML; mentions of `known_handles` (in any case) become links to /u/<handle>."""
    linker = _mention_linker(known_handles) if known_handles else None
    return Rendered(sanitize(markdown.to_html(body_md, markdown.COMMENT, linker)), RENDERER)


def render_article(body_md: str) -> Rendered:
    """Return an article's Markdown as safe HTML: with headings (levels 2 to 4), without mentions, line breaks as in CommonMark."""
    return Rendered(sanitize_article(markdown.to_html(body_md, markdown.ARTICLE)), RENDERER)


def render_imported(html: str) -> Rendered:
    """Return the HTML body of another system's export as safe HTML of our elements."""
    return Rendered(sanitize_imported(html), RENDERER)


def render_foreign_markdown(body_md: str) -> Rendered:
    """Return Markdown of another system, in which HTML may stand, as safe HTML of our elements; `limits` has accepted it."""
    return Rendered(sanitize_imported(markdown.to_html(body_md, markdown.FOREIGN)), RENDERER)


def _mention_linker(known_handles: Collection[str]) -> markdown.Linker:
    known = frozenset(map(fold_handle, known_handles))

    def link(text: str, before: str) -> list[markdown.TextLink]:
        return [
            markdown.TextLink(mention.start, mention.end, f"/u/{mention.handle}", "mention")
            for mention in find_in_run(text, before)
            if mention.handle in known
        ]

    return link
