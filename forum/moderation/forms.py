"""What the forms and addresses of the moderators' pages hold, as typed structures; the limits are those of the JSON API."""

from typing import Annotated

import msgspec
from msgspec import Meta

from forum.moderation.reasons import DecisionReason
from forum.moderation.sanction_schemas import Days, WithDecisionIn
from forum.moderation.schemas import BulkChoice, Choice, Note, Statement
from forum.sanctions.kinds import SanctionKind
from forum.text.limits import BODY_MAX

BATCH_MOST = 50
Back = Annotated[str, Meta(max_length=2_000)]
Version = Annotated[int, Meta(ge=1, le=2**31 - 1)]
# An item and the version at which it was seen: "12:3".
Seen = Annotated[str, Meta(pattern=r"^[1-9][0-9]{0,17}:[1-9][0-9]{0,8}$")]
# An item that a batch left out, and the kind of its refusal: "12:stale-version".
LeftOutItem = Annotated[str, Meta(pattern=r"^[1-9][0-9]{0,17}:[a-z-]{1,40}$")]


class BackQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which selection of the queue the moderator comes from."""

    back: Back = ""


class BackForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which selection of the queue the moderator returns to."""

    back: Back = ""


class DecisionForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A decision as typed: ``spans`` is the comment's text with the passages to take out marked. What is missing is said in the form's own words.

    ``sanction``: what is imposed on the writer with it, for so many ``days``.
    """

    version: Version
    action: Choice | None = None
    reason: DecisionReason | None = None
    statement: Statement = ""
    note: Note = ""
    # The text and the marks in it.
    spans: Annotated[str, Meta(max_length=BODY_MAX * 2)] = ""
    notice: Annotated[str, Meta(max_length=500)] = ""
    sanction: SanctionKind | None = None
    days: Days | None = None
    back: Back = ""

    @property
    def imposed(self) -> WithDecisionIn | None:
        """What is imposed on the writer with the decision, if anything."""
        return WithDecisionIn(self.sanction, self.days) if self.sanction is not None else None


class NoteForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A private note about a person."""

    body: Note = ""
    back: Back = ""


class BatchForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One decision on the chosen items; without an action they are only shown."""

    items: Annotated[list[Seen], Meta(max_length=BATCH_MOST)] = []
    action: BulkChoice | None = None
    reason: DecisionReason | None = None
    statement: Statement = ""
    note: Note = ""
    back: Back = ""


class BatchQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the batch, or its undoing, left out."""

    left: Annotated[list[LeftOutItem], Meta(max_length=BATCH_MOST)] = []
