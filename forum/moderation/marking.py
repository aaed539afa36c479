"""Passages marked with brackets in a text that a form sent back: ``I saw [[Mrs B]] in May`` becomes the spans that a redaction takes out.

The rule: a marked text that differs from the comment in anything but its marks is refused, so that nobody rewrites what somebody else wrote.
"""

import re
from collections.abc import Sequence

from forum.moderation.schemas import Span
from forum.refusals import Fault, invalid


def brackets_for(text: str) -> tuple[str, str]:
    """Return the marks that begin and end a passage of ``text``: two brackets or, where the text has these itself, the fewest that it has not."""
    count = 2
    while "[" * count in text or "]" * count in text:
        count += 1
    return "[" * count, "]" * count


def mark(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """Return ``text`` with the marks around these passages, which are in order and do not overlap."""
    opening, closing = brackets_for(text)
    pieces, at = [], 0
    for start, end in spans:
        pieces += [text[at:start], opening, text[start:end], closing]
        at = end
    return "".join([*pieces, text[at:]])


def read_marks(marked: str, text: str) -> list[Span]:
    """Return the marked passages of ``text``, in order; none when nothing is marked. Raises Refusal ``validation``: other text, marks that do not pair."""
    opening, closing = brackets_for(text)
    # Of a longer run the outer brackets are the marks: what was marked may itself begin or end with brackets.
    parts = re.split(rf"({re.escape(opening)}|{re.escape(closing)}(?!\]))", marked)
    spans, at, start = [], 0, None
    for part in parts:
        if part not in (opening, closing):
            at += len(part)
        elif (part == opening) == (start is not None) or (part == closing and start == at):
            raise invalid(Fault("/spans", "unpaired", "Each passage to take out stands between its own pair of marks, and is not empty."))
        elif start is None:
            start = at
        else:
            spans.append(Span(start, at))
            start = None
    if start is not None:
        raise invalid(Fault("/spans", "unpaired", "Each passage to take out stands between its own pair of marks, and is not empty."))
    if "".join(part for part in parts if part not in (opening, closing)) != text:
        raise invalid(Fault("/spans", "other-text", "Only the marks may be added: the rest has to stay as the writer wrote it."))
    return spans
