"""JSON shapes of what is imposed on people; the pages of moderators are filled from the same structures."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from forum.comments.schemas import RowId
from forum.moderation.reasons import DecisionReason
from forum.sanctions.kinds import SanctionKind

Words = Annotated[str, Meta(max_length=2_000)]
# The longest that any kind may last; what each may is said by the rules.
Days = Annotated[int, Meta(ge=1, le=365)]


class SanctionIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be imposed on a person. ``statement``, of at least 40 characters, is what the person reads; ``note`` is for moderators.

    ``days`` left out: as many as is usual for the kind; some kinds have no end. ``item``: the item at which it was decided, about a comment of this person; the
    statement of reasons then names what brought that up.
    """

    kind: SanctionKind
    reason: DecisionReason
    statement: Words
    days: Days | None = None
    note: Words = ""
    item: RowId | None = None


class WithDecisionIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be imposed on a comment's writer together with a decision, for the same reason; without a ``statement`` the decision's serves."""

    kind: SanctionKind
    days: Days | None = None
    statement: Words = ""


class SanctionOut(msgspec.Struct, frozen=True):
    """One sanction: ``ends_at`` null: without an end; ``in_force``: it has an effect now, or has not been acknowledged. ``by`` and ``lifted_by`` are handles.

    ``decision_id``: the decision on a comment that it came with. ``overturned``: an appeal said that it should not have been imposed.
    """

    id: int
    kind: SanctionKind
    reason: str
    statement: str
    note: str
    by: str
    decision_id: int | None
    starts_at: datetime
    ends_at: datetime | None
    in_force: bool
    acknowledged_at: datetime | None
    lifted_at: datetime | None
    lifted_by: str | None
    overturned: bool
    url: str


class SanctionsOut(msgspec.Struct, frozen=True):
    """A person's sanctions, newest first, at most 100. ``strikes``: removals by moderators in the last 180 days; ``suggestion``: the ladder's step for so many."""

    items: list[SanctionOut]
    strikes: int
    suggestion: SanctionKind | None
