"""JSON shapes of screening rules: the rules themselves, what a change of them would have done, and the sets that a site had."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from forum.accounts.schemas import PersonOut
from forum.moderation.screening.findings import Outcome
from forum.moderation.screening.rules import Rules

BIGGEST = 2**31 - 1

RulesDocument = msgspec.defstruct(
    "RulesDocument",
    [(one.name, one.type) for one in msgspec.structs.fields(Rules)],
    namespace={"__doc__": "All rules of a site. Every field has to be there, so that nothing is emptied by being left out."},
    module=__name__,
    frozen=True,
    forbid_unknown_fields=True,
)
"""`Rules` without their defaults."""


class RulesOut(msgspec.Struct, frozen=True):
    """A set of rules. Number 0 are the shipped ones, which nobody changed; ``hold_first_default`` is what an empty ``hold_first`` means on this server."""

    number: int
    changed_at: datetime | None
    changed_by: str | None
    rules: RulesDocument  # type: ignore[valid-type]
    hold_first_default: str


class RulesQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which set of rules: the one that holds, or an earlier one by its number (0: the shipped ones)."""

    number: Annotated[int, Meta(ge=0, le=BIGGEST)] | None = None


class RulesIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The rules to save, and the token of their preview."""

    rules: RulesDocument  # type: ignore[valid-type]
    preview: Annotated[str, Meta(max_length=1000)] = ""


class RuleFindingOut(msgspec.Struct, frozen=True):
    """What decided about a comment: the phase, its code, the report reason that it comes nearest to, a sentence, and the words that led to it."""

    phase: str
    outcome: Outcome
    code: str
    reason: str
    detail: str
    matches: tuple[str, ...]


class ChangedCommentOut(msgspec.Struct, frozen=True):
    """A comment that would have fared differently. ``finding`` decides under the new rules or, when these find nothing, decided under the present ones."""

    comment_id: int
    url: str
    author: PersonOut
    created_at: datetime
    excerpt: str
    before: Outcome
    after: Outcome
    finding: RuleFindingOut | None


class OutcomeCountOut(msgspec.Struct, frozen=True):
    """How many comments would have gone from one outcome to another."""

    before: Outcome
    after: Outcome
    count: int


class TryoutOut(msgspec.Struct, frozen=True):
    """What rules would have done to the newest comments, compared with the set ``number``, which holds now.

    ``looked_at``: how many comments; ``changed``: how many of them would have fared differently, the newest in ``comments``. ``not_replayed``: phases that
    look at the moment of writing, which is over. ``preview``: the token that saves exactly these rules, for an hour.
    """

    number: int
    looked_at: int
    changed: int
    counts: list[OutcomeCountOut]
    comments: list[ChangedCommentOut]
    not_replayed: list[str]
    preview: str


class TryoutKept(msgspec.Struct, frozen=True):
    """What is kept of a preview under its Idempotency-Key: no text of a comment."""

    number: int


class RuleSetOut(msgspec.Struct, frozen=True):
    """When a set of rules was saved, and by whom."""

    number: int
    changed_at: datetime
    changed_by: str


class RuleSetsOut(msgspec.Struct, frozen=True):
    """A page of the sets that a site had, newest first; ``next`` is the cursor of the following page, or null."""

    items: list[RuleSetOut]
    next: str | None


class RuleSetsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The place and length of a page of the history."""

    cursor: Annotated[str, Meta(max_length=1000)] | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 50


def rules_of(document: msgspec.Struct) -> Rules:
    """Return the rules in a ``RulesDocument``."""
    return Rules(**msgspec.structs.asdict(document))


def document_of(rules: Rules) -> msgspec.Struct:
    """Return rules as a ``RulesDocument``."""
    return RulesDocument(**msgspec.structs.asdict(rules))
