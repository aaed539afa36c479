"""JSON shapes of the inbox, of what somebody follows, and of when mail comes; pages are filled from the same structures."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from forum.comments.schemas import RowId
from forum.notifications.models import Delivery

Hour = Annotated[int, Meta(ge=0, le=23)]
Zone = Annotated[str, Meta(max_length=64)]


class NotificationOut(msgspec.Struct, frozen=True):
    """One thing the caller was told of: why (``reason``), in words, about which article, where it is read, and the beginning of its text."""

    id: int
    reason: str
    says: str
    title: str
    url: str
    article_url: str
    excerpt: str
    stance: str | None
    created_at: datetime
    read: bool


class NotificationsOut(msgspec.Struct, frozen=True):
    """A page of the inbox, newest first. ``unread``: how many were not read, hidden ones among them; ``next`` is the following page's cursor, or null."""

    unread: int
    items: list[NotificationOut]
    next: str | None


class NotificationsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The place and length of a page."""

    cursor: Annotated[str, Meta(max_length=1000)] | None = None
    limit: Annotated[int, Meta(ge=1, le=50)] = 30


class ReadIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Up to which notification, the newest one seen, all are read."""

    read_up_to: RowId


class MailSettings(msgspec.Struct, frozen=True):
    """When mail comes: about answers to oneself and mentions, comments on one's own articles, and what one follows; daily mail at ``digest_hour``.

    Between ``quiet_from`` and ``quiet_to``, hours of the time zone ``zone``, none does; what came meanwhile goes in one mail afterwards. ``mail_to``: the confirmed
    address, null while there is none and the inbox is all.
    """

    answers: Delivery
    desk: Delivery
    follows: Delivery
    quiet_from: int | None
    quiet_to: int | None
    zone: str
    digest_hour: int
    mail_to: str | None


class MailSettingsPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to change; what is left out stays. Quiet hours are two or none."""

    answers: Delivery | UnsetType = UNSET
    desk: Delivery | UnsetType = UNSET
    follows: Delivery | UnsetType = UNSET
    quiet_from: Hour | None | UnsetType = UNSET
    quiet_to: Hour | None | UnsetType = UNSET
    zone: Zone | UnsetType = UNSET
    digest_hour: Hour | UnsetType = UNSET


class FollowOut(msgspec.Struct, frozen=True):
    """Something the caller follows: an article, a thread by its root's id, an author by the account's, or a site."""

    kind: str
    id: int
    title: str
    url: str
    since: datetime


class FollowsOut(msgspec.Struct, frozen=True):
    """What the caller follows, the latest first."""

    items: list[FollowOut]
