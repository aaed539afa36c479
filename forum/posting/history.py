"""The texts that a comment had, each beside the one it followed: what readers could read, and for its writer what they could not.

The rule: a text that was taken out is compared with nothing, so that no difference can give it away.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from forum.comments.schemas import RevisionOut
from forum.comments.states import RevisionState
from forum.text.difference import Piece, find_difference


@dataclass(frozen=True)
class Change:
    """One text and the accepted one before it, None where there is none to compare with; ``pieces`` are the difference, or the whole text as one."""

    revision: RevisionOut
    before: RevisionOut | None
    pieces: Sequence[Piece]

    @property
    def is_first(self) -> bool:
        """Whether the comment began with this text."""
        return self.revision.number == 1

    @property
    def is_taken_out(self) -> bool:
        """Whether a moderator keeps this text from everybody."""
        return self.revision.state == RevisionState.REDACTED


def changes_of(revisions: Sequence[RevisionOut]) -> list[Change]:
    """Return what each revision changed, oldest first; ``revisions`` are in the same order."""
    found: list[Change] = []
    before: RevisionOut | None = None
    for revision in revisions:
        text = revision.body_md
        if text is None:
            found.append(Change(revision, None, ()))
            before = None
            continue
        pieces = find_difference(before.body_md or "", text) if before else [Piece("same", text)]
        found.append(Change(revision, before, pieces))
        if revision.state == RevisionState.ACCEPTED:
            before = revision
    return found
