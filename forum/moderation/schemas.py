"""JSON shapes of moderation; pages are filled from the same structures."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from forum.accounts.schemas import PersonOut
from forum.comments.schemas import CommentOut, RowId, Stub
from forum.moderation.reasons import DecisionReason, ReportReason
from forum.moderation.review import Action
from forum.moderation.sanction_schemas import SanctionOut, WithDecisionIn
from forum.sanctions.kinds import SanctionKind

STATEMENT_MAX = 2_000
Statement = Annotated[str, Meta(max_length=STATEMENT_MAX)]
Note = Annotated[str, Meta(max_length=2_000)]
# What a moderator can choose; the other actions are done by rules and by undoing.
Choice = Literal["approve", "remove", "redact", "screen_out", "restore", "no_action", "lock", "unlock", "notice"]
BulkChoice = Literal["approve", "remove", "screen_out", "restore", "no_action"]


class ArticleRef(msgspec.Struct, frozen=True):
    """An article as moderators meet it: its id, title and page here."""

    id: int
    title: str
    page: str


class ItemRow(msgspec.Struct, frozen=True):
    """An item of the queue. ``lane`` 0 is the most urgent; ``overdue``: it has moved up a lane; ``waiting_edit``: a change waits, readers see the text before it.

    ``masked``: it may identify a patient, and the caller has not asked to see it.
    """

    id: int
    version: int
    state: str
    origin: str
    lane: int
    overdue: bool
    priority: float
    reasons: list[str]
    report_count: int
    opened_at: datetime
    due_at: datetime
    closed_at: datetime | None
    claimed_by: str | None
    claimed_until: datetime | None
    waiting_edit: bool
    masked: bool
    comment: Stub
    article: ArticleRef


class ItemsOut(msgspec.Struct, frozen=True):
    """A page of the queue, most urgent first, or of closed items, newest first; ``next`` is the following page's cursor, or null."""

    items: list[ItemRow]
    next: str | None


class Span(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A stretch of the comment's source text, in characters: from ``start`` up to, not including, ``end``."""

    start: Annotated[int, Meta(ge=0, le=200_000)]
    end: Annotated[int, Meta(ge=1, le=200_000)]


class FindingOut(msgspec.Struct, frozen=True):
    """What one phase of screening found in one revision: the words of the text that led to it are ``matches``, at ``spans`` in it (none shown while it is masked)."""

    phase: str
    outcome: str
    code: str
    reason: str
    detail: str
    matches: list[str]
    spans: list[Span]
    revision: int
    created_at: datetime


class ReportOut(msgspec.Struct, frozen=True):
    """A report as moderators see it; ``reporter`` is null for a notice, whose sender is ``notifier``. ``accuracy`` is what the weight follows,
    (upheld + 2) / (upheld + declined + 4), from the reporter's ``upheld`` and ``declined`` reports; ½ for somebody new.
    """

    id: int
    reason: str
    note: str
    weight: float
    state: str
    reporter: str | None
    accuracy: float | None
    upheld: int | None
    declined: int | None
    notifier: str | None
    revision: int | None
    created_at: datetime
    closed_at: datetime | None


class DecisionOut(msgspec.Struct, frozen=True):
    """A decision: ``by`` is a moderator's handle (null for those who may not know it) or null where a ``rule`` decided. ``note`` is for moderators only."""

    id: int
    item_id: int
    comment_id: int
    action: str
    reason: str
    statement: str
    by: str | None
    rule: str | None
    automated: bool
    own_initiative: bool
    from_state: str
    to_state: str
    batch_id: int | None
    undone_at: datetime | None
    created_at: datetime
    note: str | None


class NoteOut(msgspec.Struct, frozen=True):
    """A private note about a person, perhaps written at an item."""

    id: int
    author: str
    body: str
    item_id: int | None
    created_at: datetime


class NotesOut(msgspec.Struct, frozen=True):
    """The private notes about a person, newest first; at most 100."""

    items: list[NoteOut]


class HistoryOut(msgspec.Struct, frozen=True):
    """What moderators should know of a writer: the newest 200 comments by state, decisions on them, the person's own reports, notes, sanctions in force.

    ``strikes``: removals by moderators in the last 180 days; ``suggestion``: the ladder's step for so many.
    """

    person: PersonOut
    since: datetime
    states: dict[str, int]
    removed_90_days: int
    reports_upheld: int
    reports_declined: int
    decisions: list[DecisionOut]
    notes: list[NoteOut]
    sanctions: list[SanctionOut]
    strikes: int
    suggestion: SanctionKind | None


class WaitingOut(msgspec.Struct, frozen=True):
    """A change that waits for a moderator: its revision's number, text (null while it is masked) and stance."""

    revision: int
    body_md: str | None
    body_html: str | None
    stance: str | None
    created_at: datetime


class CaseOut(msgspec.Struct, frozen=True):
    """One item with all that it takes to decide: the comment in its thread, why it is here, what was decided before, the writer's history.

    ``can``: the actions this caller can take at this version; ``recused``: why the caller can take none.
    """

    item: ItemRow
    comment: CommentOut
    waiting: WaitingOut | None
    ancestors: list[CommentOut]
    replies: list[CommentOut]
    findings: list[FindingOut]
    reports: list[ReportOut]
    decisions: list[DecisionOut]
    history: HistoryOut
    can: list[str]
    recused: list[str]


class ClaimOut(msgspec.Struct, frozen=True):
    """Until when the caller has the item open."""

    item_id: int
    version: int
    expires_at: datetime


class DecisionIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A decision on an item at ``version``. ``statement`` is what the writer reads, at least 40 characters; it may be left out where nothing is taken away.

    ``spans`` mark what ``redact`` takes out; ``notice`` is the public line of the action of that name; ``sanction`` is imposed on the writer with the decision,
    both or neither.
    """

    action: Choice
    reason: DecisionReason
    version: Annotated[int, Meta(ge=1, le=2**31 - 1)]
    statement: Statement = ""
    note: Note = ""
    spans: Annotated[list[Span], Meta(max_length=50)] = []
    notice: Annotated[str, Meta(max_length=500)] = ""
    sanction: WithDecisionIn | None = None


class BatchItemIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An item and the version at which it was seen."""

    id: RowId
    version: Annotated[int, Meta(ge=1, le=2**31 - 1)]


class BatchIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One decision on up to 50 items. ``preview`` says what would happen and changes nothing."""

    action: BulkChoice
    reason: DecisionReason
    items: Annotated[list[BatchItemIn], Meta(min_length=1, max_length=50)]
    statement: Statement = ""
    note: Note = ""
    preview: bool = False


class BatchItemOut(msgspec.Struct, frozen=True):
    """What a batch did, or would do, to one item: decided, or why not."""

    id: int
    comment_id: int | None
    ok: bool
    problem: str | None
    detail: str | None
    excerpt: str | None


class BatchOut(msgspec.Struct, frozen=True):
    """A batch: its items, and until when it can be undone; ``id`` is null for a preview."""

    id: int | None
    action: str
    items: list[BatchItemOut]
    undo_until: datetime | None
    undone_at: datetime | None


class NoteIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A private note about a person; ``item_id`` says at which item it was written."""

    body: Annotated[str, Meta(min_length=1, max_length=2_000)]
    item_id: RowId | None = None


class ReportIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A report; some reasons need a note."""

    reason: ReportReason
    note: Note = ""


class NoticeIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A notice of illegal content, or of a breach of confidentiality, also without an account: what, where, why, by whom, in good faith."""

    url: Annotated[str, Meta(min_length=1, max_length=2_000)]
    reason: Literal["illegal", "confidentiality"]
    note: Annotated[str, Meta(min_length=1, max_length=2_000)]
    name: Annotated[str, Meta(min_length=1, max_length=120)]
    email: Annotated[str, Meta(min_length=3, max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")]
    good_faith: bool


class ReceiptOut(msgspec.Struct, frozen=True):
    """A report as the person who sent it sees it: what became of it, and never more of the comment than its address.

    ``appeal_until``: until when its declining can be appealed, null where it was not declined.
    """

    reference: str
    reason: str
    state: str
    comment_id: int
    url: str
    created_at: datetime
    closed_at: datetime | None
    outcome: str
    appeal_until: datetime | None


class ReceiptsOut(msgspec.Struct, frozen=True):
    """The caller's own reports, newest first; at most 100."""

    items: list[ReceiptOut]


class QueueQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What of the queue is asked for. ``article`` may be given several times: a watch of chosen articles is one address."""

    state: Literal["open", "closed"] = "open"
    lane: Annotated[int, Meta(ge=0, le=3)] | None = None
    article: Annotated[list[RowId], Meta(max_length=50)] = []
    series: Annotated[str, Meta(max_length=120)] | None = None
    person: Annotated[str, Meta(max_length=41)] | None = None
    reason: Annotated[str, Meta(max_length=32)] | None = None
    limit: Annotated[int, Meta(ge=1, le=50)] = 20
    cursor: Annotated[str, Meta(max_length=1000)] | None = None


ACTIONS_IN: dict[str, Action] = {action.value: action for action in Action}
