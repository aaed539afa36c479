"""JSON shapes of the moderation log: what everybody sees of a row, and what moderators see. Pages and the feed are filled from the same structures."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

BIGGEST = 2**63 - 1


class LogPerson(msgspec.Struct, frozen=True):
    """Who acted; ``handle`` is empty for a former member."""

    handle: str
    display_name: str


class LogArticle(msgspec.Struct, frozen=True):
    """The article that a comment belongs to; ``page`` is its place here."""

    id: int
    title: str
    page: str


class LogMeasure(msgspec.Struct, frozen=True):
    """What was imposed on somebody, or lifted: its kind and, when it was imposed and has an end, for how many days. Never on whom."""

    kind: str
    days: int | None


class LogEntryOut(msgspec.Struct, frozen=True):
    """One row of the public log. ``by``: ``moderator``, ``admin``, ``writer``, ``reader`` or ``rule:`` and its name.

    ``moderator`` is there only where the site shows names; ``comment_id`` and ``url`` only for a comment that was public once. ``seq`` has gaps where
    rows are not public. ``hash`` is bound to all rows before: who notes it can tell later whether the log is still the same. ``measure``: of a sanction. ``same_person``: an
    appeal was decided by who had decided first, since nobody else was there.
    """

    seq: int
    at: datetime
    event: str
    by: str
    moderator: LogPerson | None
    reason: str | None
    comment_id: int | None
    url: str | None
    article: LogArticle | None
    from_state: str | None
    to_state: str | None
    decision_id: int | None
    hash: str
    measure: LogMeasure | None
    same_person: bool


class LogOut(msgspec.Struct, frozen=True):
    """A page of the public log, newest first; ``next`` is the cursor of the following page, or null."""

    items: list[LogEntryOut]
    next: str | None


class InternalLogEntryOut(msgspec.Struct, frozen=True):
    """One row as moderators see it: who acted, whether everybody sees it, and its ``detail``."""

    seq: int
    at: datetime
    event: str
    by: str
    actor: LogPerson | None
    reason: str | None
    comment_id: int | None
    url: str | None
    article: LogArticle | None
    from_state: str | None
    to_state: str | None
    decision_id: int | None
    is_public: bool
    detail: dict[str, str | int | None]
    hash: str
    measure: LogMeasure | None
    same_person: bool


class InternalLogOut(msgspec.Struct, frozen=True):
    """A page of the whole log, newest first; ``next`` is the cursor of the following page, or null."""

    items: list[InternalLogEntryOut]
    next: str | None


class LogQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The place and length of a page of the log."""

    cursor: Annotated[str, Meta(max_length=1000)] | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 50


class LogPageQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which rows of the log a page shows: those before a row, or from the one of a decision on."""

    before: Annotated[int, Meta(ge=1, le=BIGGEST)] | None = None
    decision: Annotated[int, Meta(ge=1, le=BIGGEST)] | None = None
