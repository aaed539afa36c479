"""JSON shapes of statements of reasons, sanctions as their subjects see them, and appeals; pages are filled from the same structures."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from forum.moderation.reasons import DecisionReason
from forum.moderation.sanction_schemas import Days
from forum.moderation.schemas import ArticleRef, DecisionOut, Span, Statement
from forum.sanctions.kinds import SanctionKind

WORDS_MAX = 2_000
Words = Annotated[str, Meta(min_length=1, max_length=WORDS_MAX)]
Reasons = Annotated[str, Meta(max_length=WORDS_MAX)]
# What can take the place of a decision, or restrict what one had left.
NewAction = Literal["remove", "redact", "screen_out", "lock", "notice"]
OutcomeIn = Literal["uphold", "overturn", "change"]


class AppealRef(msgspec.Struct, frozen=True):
    """An appeal in short: ``outcome`` is null while nobody has decided, else ``upheld``, ``overturned`` or ``changed``."""

    id: int
    outcome: str | None
    url: str


class WayToAppeal(msgspec.Struct, frozen=True):
    """How something can be appealed: until when, whether it still can be, who decides, and the appeal that was filed. It is free of charge."""

    until: datetime
    is_open: bool
    url: str
    said: str
    appeal: AppealRef | None


class StatementOut(msgspec.Struct, frozen=True):
    """A statement of reasons (Regulation (EU) 2022/2065, Article 17): what was restricted, where, from when and how long; the facts; what brought it up; what
    automated means did; the ground – ``law``, or the ``rules`` of the site – and its clause; how to appeal. ``ends_at`` null: until what ``duration`` says.
    """

    restriction: str
    what: str
    scope: str
    duration: str
    starts_at: datetime
    ends_at: datetime | None
    facts: str
    source: str
    source_said: str
    detected_automatically: bool
    decided_automatically: bool
    automation_said: str
    ground: str
    clause: str
    clause_label: str
    clause_meaning: str
    appeal: WayToAppeal


class ReasonedDecisionOut(DecisionOut, frozen=True):
    """A decision with the statement of reasons of what it restricted; null where nothing was. ``appeal``: the appeal against it, where the caller may know of it.
    ``same_person``: it was decided on an appeal by who had decided first, since nobody else was there.
    """

    statement_of_reasons: StatementOut | None
    appeal: AppealRef | None
    same_person: bool


class OwnSanctionOut(msgspec.Struct, frozen=True):
    """A sanction as its subject sees it: what it is, until when, whether it is in force, whether it waits to be acknowledged."""

    id: int
    kind: str
    label: str
    reason: str
    statement: str
    starts_at: datetime
    ends_at: datetime | None
    in_force: bool
    acknowledged_at: datetime | None
    lifted_at: datetime | None
    overturned: bool
    url: str
    statement_of_reasons: StatementOut


class OwnRow(msgspec.Struct, frozen=True):
    """One thing that was decided about the caller: ``kind`` is ``decision``, ``sanction`` or, where a report was declined, ``appeal``.

    ``holds``: it is in force, was not taken back; of an appeal, that nobody has decided yet. ``appeal``: the caller's appeal about it.
    """

    kind: str
    id: int
    url: str
    said: str
    reason: str | None
    holds: bool
    article: ArticleRef | None
    appeal: AppealRef | None
    created_at: datetime


class OwnRowsOut(msgspec.Struct, frozen=True):
    """What was decided about the caller, with the caller's appeals; what changed last comes first, at most 100."""

    items: list[OwnRow]


class AppealIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An appeal: why the decision is wrong, in one's own words."""

    body: Words


class QuestionIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The one question to the appellant."""

    question: Words


class AnswerIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The appellant's answer."""

    answer: Words


class VerdictIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The decision on an appeal at ``version``. ``reasons`` is what the appellant reads, at least 40 characters.

    ``action``, ``reason``, ``statement``, ``spans`` and ``notice`` say what happens instead – as in a decision on an item – where a decision is changed, or where a
    reporter's appeal is granted; ``kind`` and ``days``, with ``reason`` and ``statement``, what takes the place of a sanction that is changed.
    """

    outcome: OutcomeIn
    reasons: Reasons
    version: Annotated[int, Meta(ge=1, le=2**31 - 1)]
    action: NewAction | None = None
    reason: DecisionReason | None = None
    statement: Statement = ""
    spans: Annotated[list[Span], Meta(max_length=50)] = []
    notice: Annotated[str, Meta(max_length=500)] = ""
    kind: SanctionKind | None = None
    days: Days | None = None


class AppealOut(msgspec.Struct, frozen=True):
    """An appeal with what was said about it. ``outcome`` is null while nobody has decided. ``version`` rises with all that a decider should have seen.

    ``same_person``: who decided is who had decided first, since nobody else was there. ``replacement_id``: the decision or sanction that came in the place of the
    first. ``can``: what the caller can do now (``answer``, ``ask``, ``decide``); ``hindrance``: why a moderator can not decide. ``appellant``, ``asked_by``,
    ``decided_by`` and ``reason_of_report`` are for moderators; ``text``, for them too, is what stands when the first decision falls, null when it is masked.
    """

    id: int
    part: str
    decision_id: int | None
    sanction_id: int | None
    reference: str | None
    body: str
    question: str | None
    asked_at: datetime | None
    answer: str | None
    answered_at: datetime | None
    outcome: str | None
    reasons: str | None
    decided_at: datetime | None
    same_person: bool
    alone_from: datetime | None
    replacement_id: int | None
    created_at: datetime
    version: int
    url: str
    can: list[str]
    hindrance: str | None
    appellant: str | None
    first_decider: str | None
    asked_by: str | None
    decided_by: str | None
    reason_of_report: str | None
    text: str | None


class AppealRow(msgspec.Struct, frozen=True):
    """An appeal in the moderators' list: what it is about, and whether the caller decided on that first. ``said`` is what was decided first."""

    id: int
    part: str
    decision_id: int | None
    sanction_id: int | None
    said: str
    article: ArticleRef | None
    person: str | None
    outcome: str | None
    asked_at: datetime | None
    answered_at: datetime | None
    created_at: datetime
    decided_at: datetime | None
    is_first_decider: bool
    url: str


class AppealsOut(msgspec.Struct, frozen=True):
    """A page of a site's appeals: those to decide first, the oldest first, then the decided, the newest first; ``next`` is the following page's cursor, or null."""

    items: list[AppealRow]
    next: str | None


class AppealsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The place and length of a page of appeals."""

    cursor: Annotated[str, Meta(max_length=1000)] | None = None
    limit: Annotated[int, Meta(ge=1, le=50)] = 20
