"""A comment's text made ready before any write begins: checked, put in order and rendered once. No lock is held while Markdown is rendered."""

from dataclasses import dataclass

from forum.accounts.queries import known_handles
from forum.comments.actions import Text
from forum.db.transaction import reading
from forum.moderation.facts import glance_at
from forum.moderation.screening.pipeline import Glance
from forum.refusals import Fault, invalid
from forum.text.fingerprint import fingerprint
from forum.text.limits import find_body_faults, normalize_body
from forum.text.mentions import find_mentions
from forum.text.render import render


@dataclass(frozen=True)
class PreparedBody:
    """A checked text, its rendering, the renderer's version and the text's fingerprint; ``reconsidered`` is the token that its writer sent with it, if one did.

    ``seen``: what screening found in the text alone.
    """

    body_md: str
    html: str
    renderer: int
    fingerprint: str
    reconsidered: str | None = None
    seen: Glance | None = None

    @property
    def text(self) -> Text:
        """The text as it is stored."""
        return Text(self.body_md, self.html, self.renderer, self.fingerprint)


def prepare_body(body_md: str, *, reconsidered: str | None = None, site_id: int | None = None) -> PreparedBody:
    """Check and render a comment's text, and look at it under the rules of the site where it is to stand (None: it is only shown).

    Mentions of people who exist become links.
    Raises Refusal ``validation``.
    """
    text = normalize_body(body_md)
    faults = find_body_faults(text)
    if faults:
        raise invalid(*(Fault("/body_md", fault.code, fault.detail) for fault in faults))
    seen = glance_at(text, site_id) if site_id is not None else None
    mentioned = find_mentions(text)
    handles: frozenset[str] = frozenset()
    if mentioned:
        with reading() as session:
            handles = known_handles(session, mentioned)
    rendered = render(text, known_handles=handles)
    return PreparedBody(text, rendered.html, rendered.renderer, fingerprint(text), reconsidered, seen)
