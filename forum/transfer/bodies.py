"""Makes of an imported text what is stored: Markdown stays Markdown where our rules take it, everything else becomes safe HTML.

Called by the engine outside of any transaction, because rendering takes longer than storing.
"""

import re
from dataclasses import dataclass
from html import escape, unescape

from forum.text.fingerprint import fingerprint
from forum.text.limits import BODY_MAX, find_body_faults, is_blank, normalize_body
from forum.text.render import RENDERER, render, render_foreign_markdown, render_imported
from forum.transfer.paragraphs import paragraphs

# A tag of HTML in Markdown, which our rules would show as it was typed; an address in angle brackets is none.
_TAG = re.compile(r"</?[a-z][a-z0-9]{0,15}(?:\s[^<>]{0,1000})?/?>", re.IGNORECASE)
_CODE = re.compile(r"```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)|`[^`\n]*`", re.DOTALL)


@dataclass(frozen=True)
class Body:
    """A text ready to be stored; ``body_md`` is None where only HTML can be kept. ``note`` says what had to be changed, if anything had to."""

    body_md: str | None
    html: str
    renderer: int
    fingerprint: str | None
    note: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether a reader would see nothing."""
        return is_blank(unescape(re.sub(r"<[^>]*>", "", self.html)))


def make_body(body_md: str | None, body_html: str) -> Body:
    """Return what is stored for a text; ``body_html`` stands in where there is no Markdown or our rules cannot take it. Costs bounded work."""
    if body_md is None:
        return _from_html(body_html)
    text = normalize_body(body_md)
    if faults := find_body_faults(text):
        # A text that shows nothing is told by its HTML, which is empty then.
        note = "" if faults[0].code == "empty" else _too_much(faults[0].code)
        return _from_html(body_html, note) if body_html.strip() else _plain(text, note)
    if _TAG.search(_CODE.sub("", text)):
        return Body(None, render_foreign_markdown(text).html, RENDERER, None)
    rendered = render(text)
    return Body(text, rendered.html, rendered.renderer, fingerprint(text))


def _from_html(body_html: str, note: str = "") -> Body:
    return Body(None, render_imported(body_html).html, RENDERER, None, note)


def _plain(text: str, note: str) -> Body:
    return Body(None, render_imported(paragraphs(escape(text))).html, RENDERER, None, note)


def _too_much(code: str) -> str:
    what = (
        f"its Markdown is longer than {BODY_MAX:,} characters"
        if code == "too_long"
        else "its Markdown has something in it that is not allowed here"
    )
    return f"{what}: it is kept as it looked, and cannot be edited"
