"""JSON shapes of webhooks. A secret is in one answer alone, the one that made it."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from forum.jobs.happening import Happening
from forum.webhooks.queries import DeliveryState

Line = Annotated[str, Meta(max_length=4000)]


class SecretOut(msgspec.Struct, frozen=True):
    """A secret that is good now, without what it is: when it was made, and when it ends; null: not before the next."""

    created_at: datetime
    expires_at: datetime | None


class WebhookOut(msgspec.Struct, frozen=True):
    """An address that is told of what happens on the site. ``is_gone``: it was paused because it answered 410. ``failures``: failed attempts since the last good one."""

    id: int
    name: str
    url: str
    kinds: list[Happening]
    created_at: datetime
    paused_at: datetime | None
    is_gone: bool
    failures: int
    secrets: list[SecretOut]


class NewWebhookOut(msgspec.Struct, frozen=True):
    """A webhook just made. ``secret`` is shown this once; it is null when the answer is replayed."""

    webhook: WebhookOut
    secret: str | None


class WebhooksOut(msgspec.Struct, frozen=True):
    """The site's webhooks, the oldest first."""

    items: list[WebhookOut]


class WebhookIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A webhook to add. ``kinds`` left out: it is told of everything."""

    url: Line
    name: Line
    kinds: list[Happening] = msgspec.field(default_factory=lambda: list(Happening))


class WebhookPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What may be changed of a webhook; what is left out stays."""

    url: Line | UnsetType = UNSET
    name: Line | UnsetType = UNSET
    kinds: list[Happening] | UnsetType = UNSET
    paused: bool | UnsetType = UNSET


class SecretIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether the old secrets are good for another day beside the new one; otherwise they end at once."""

    keeps_old: bool = True


class NewSecretOut(msgspec.Struct, frozen=True):
    """A new secret. ``secret`` is shown this once; it is null when the answer is replayed."""

    secret: str | None


class DeliveryOut(msgspec.Struct, frozen=True):
    """A message and how far it has got. ``status``: what the receiver answered last; ``trouble``: what was wrong then, empty where nothing was."""

    id: int
    message_id: str
    kind: str
    state: DeliveryState
    attempts: int
    created_at: datetime
    due_at: datetime | None
    delivered_at: datetime | None
    failed_at: datetime | None
    status: int | None
    trouble: str
    payload: str


class DeliveriesOut(msgspec.Struct, frozen=True):
    """A page of messages, the newest first; ``next`` is the following page's cursor, or null."""

    items: list[DeliveryOut]
    next: str | None


class DeliveriesQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The place and length of a page, and of which messages."""

    cursor: Annotated[str, Meta(max_length=1000)] | None = None
    limit: Annotated[int, Meta(ge=1, le=100)] = 50
    state: DeliveryState | None = None


class ReplayIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From when on the messages are sent again that were given up."""

    since: Annotated[datetime, Meta(tz=True)]


class ReplayOut(msgspec.Struct, frozen=True):
    """How many messages are sent again."""

    count: int
