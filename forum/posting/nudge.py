"""What a writer is shown who is asked to reconsider a text: the text itself with the passages marked, and the token that posts it as it is.

Made from a refusal by the pages; the passages are places in the text as it was screened.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from forum.refusals import Kind, Refusal
from forum.text.limits import normalize_body
from forum.web.forms import typed


@dataclass(frozen=True)
class Passage:
    """A stretch of the text; ``is_marked``: it may identify somebody."""

    text: str
    is_marked: bool


@dataclass(frozen=True)
class Nudge:
    """The text in passages, in order, and the token."""

    passages: Sequence[Passage]
    token: str


def read_nudge(refusal: Refusal) -> Nudge | None:
    """Return what a please-reconsider refusal of this request's form shows its writer; None for any other."""
    if refusal.kind is not Kind.PLEASE_RECONSIDER:
        return None
    spans = chain.from_iterable(finding["spans"] for finding in refusal.members["findings"])
    text = normalize_body(typed("body_md"))
    return Nudge(mark_passages(text, [(span["start"], span["end"]) for span in spans]), refusal.members["token"])


def mark_passages(text: str, spans: Sequence[tuple[int, int]]) -> list[Passage]:
    """Return ``text`` in passages, those in ``spans`` marked; spans may overlap and stand in any order."""
    passages, at = [], 0
    for begin, end in sorted(spans):
        start = max(begin, at)
        if start >= end:
            continue
        passages += [Passage(text[at:start], False), Passage(text[start:end], True)]
        at = end
    passages.append(Passage(text[at:], False))
    return [passage for passage in passages if passage.text]
