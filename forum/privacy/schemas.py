"""JSON shapes of the privacy room: erasures, leaving, and the export of what is held about an account."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from forum.accounts.schemas import Secret
from forum.moderation.reasons import DecisionReason

Why = Annotated[str, Meta(max_length=2_000)]
Row = dict[str, Any]


class ErasureIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a comment's text has to be destroyed, in at least 40 characters; the second person reads it."""

    reason: DecisionReason
    why: Why


class ErasureOut(msgspec.Struct, frozen=True):
    """An erasure: asked for by one person, and, once ``done_at`` is set, confirmed by another. ``mine``: the caller asked for it.

    ``case``: the newest case about the comment, in which moderators can read what readers cannot; null when there was none.
    """

    id: int
    comment_id: int
    url: str
    case: str | None
    reason: str
    why: str
    asked_by: str
    asked_at: datetime
    mine: bool
    confirmed_by: str | None
    done_at: datetime | None
    dropped_at: datetime | None


class ErasuresOut(msgspec.Struct, frozen=True):
    """The erasures that wait for a second person, oldest first; at most 100."""

    items: list[ErasureOut]


class LeavingIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The wish to delete one's account. ``keep``: the comments stay, under "Former member"; ``withdraw``: they are withdrawn and their texts destroyed."""

    comments: Literal["keep", "withdraw"]
    password: Secret


class LeavingOut(msgspec.Struct, frozen=True):
    """When the account is deleted, null when that was not asked for, and what becomes of its comments then."""

    leaving_at: datetime | None
    comments: str | None


class ExportOut(msgspec.Struct, frozen=True):
    """Everything that is held about an account, table by table; of others' parts in it nothing, and no secret.

    ``rule`` of a decision: the rule that took it, null where a moderator did. ``answers_kept``: how many answers are kept for an Idempotency-Key, for 24 hours.
    ``elsewhere``: what other rooms hold, such as where a comment was imported from.
    """

    exported_on: date
    account: Row
    roles: list[Row]
    sign_ins: list[Row]
    tokens: list[Row]
    second_factors: list[Row]
    recovery_codes: list[Row]
    identities: list[Row]
    author_of: list[Row]
    comments: list[Row]
    revisions: list[Row]
    tags: list[Row]
    tag_events: list[Row]
    reports: list[Row]
    decisions: list[Row]
    statements_of_reasons: list[Row]
    sanctions: list[Row]
    appeals: list[Row]
    notes: list[Row]
    mail_links: list[Row]
    mails: list[Row]
    mail_settings: list[Row]
    following: list[Row]
    notifications: list[Row]
    answers_kept: int
    elsewhere: dict[str, list[Row]]
