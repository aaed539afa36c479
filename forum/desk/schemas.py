"""JSON shapes of the author's desk; its pages are filled from the same structures."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from forum.comments.attention import Attention
from forum.comments.schemas import CommentOut, RowId, Stub
from forum.posting.series_schemas import ContinuationOut
from forum.text.limits import BODY_MAX

Tab = Literal["waiting", "replied", "set_aside"]
Group = Literal["skepticism", "disagreement", "open", "agreement", "encouragement"]
Line = Annotated[str, Meta(max_length=2000)]
Aware = Annotated[datetime, Meta(tz=True)]
Body = Annotated[str, Meta(max_length=BODY_MAX * 10)]


class DeskQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which part of the desk: what waits, what was replied to or what was set aside, of one article or all, where to go on, and how far.

    ``group``: of what waits, only what has this stance.
    """

    tab: Tab = "waiting"
    article: RowId | None = None
    group: Group | None = None
    cursor: Annotated[str, Meta(max_length=1000)] | None = None
    limit: Annotated[int, Meta(ge=1, le=50)] = 20


class DeskArticle(msgspec.Struct, frozen=True):
    """An article of the caller's."""

    id: int
    title: str
    page: str


class AttentionOut(msgspec.Struct, frozen=True):
    """What an author decided about a comment instead of answering it (null: nothing, so it waits for an answer unless it has one); ``until``: of ``later``, when it comes back.

    ``by`` (a handle) and ``at`` say who decided so last, and when.
    """

    attention: Attention | None
    until: datetime | None
    by: str | None = None
    at: datetime | None = None


class DeskItemOut(msgspec.Struct, frozen=True, kw_only=True):
    """A comment on the desk. ``score`` says how urgently it waits, ``doubting`` how many readers doubt or disagree there, ``days`` how long it has been there.

    ``answers``: what it answers, null for the article. In what was replied to: ``reply`` is the author's reply, or ``answered_in`` the later part of the series
    that answers the thread.
    """

    comment: CommentOut
    article: DeskArticle
    answers: Stub | None
    group: Group
    score: float | None
    doubting: int
    days: int
    attention: AttentionOut | None
    reply: Stub | None
    answered_in: ContinuationOut | None


class DeskOut(msgspec.Struct, frozen=True):
    """A page of the desk. ``next`` is the cursor of the following page, or null.

    ``counts``: how many wait by group, on the first page of what waits; ``more_than``: the groups of which even more wait, since counting ends at 500.
    """

    tab: Tab
    counts: dict[str, int] | None
    more_than: list[Group]
    items: list[DeskItemOut]
    next: str | None


class AttentionIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Thanks, "no reply needed", or "later", which ends at ``until``: in a week where nothing is said."""

    attention: Attention
    until: Aware | None = None


class FeatureIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a comment is featured, in one line that everybody reads."""

    why: Line


class ClosingIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a discussion is closed, in one line that everybody reads, and when it opens again by itself, if it shall."""

    reason: Line
    reopens_at: Aware | None = None


class TemplateIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A template of replies: what it is called, and the text that a reply begins with."""

    title: Line
    body_md: Body


class TemplateOut(msgspec.Struct, frozen=True):
    """A template of replies; a reply that is nothing but a template is refused."""

    id: int
    title: str
    body_md: str


class TemplatesOut(msgspec.Struct, frozen=True):
    """One's templates of replies, oldest first."""

    items: list[TemplateOut]


class AwayIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What everybody reads on one's articles until a moment."""

    note: Line
    until: Aware


class AwayNoteOut(msgspec.Struct, frozen=True):
    """What one's articles say of one's being away; both are null when they say nothing."""

    note: str | None
    until: datetime | None
