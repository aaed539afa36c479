"""JSON shapes of a site as its admins set it: settings, allowed origins, tokens of its programs."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType


class OriginOut(msgspec.Struct, frozen=True):
    """An origin whose pages may show the site's discussions."""

    id: int
    origin: str
    created_at: datetime


class SiteOut(msgspec.Struct, frozen=True):
    """A site: whether pages of its origins open their discussions themselves, whether guests may write, and its origins."""

    slug: str
    creates_articles: bool
    takes_guests: bool
    origins: list[OriginOut]


class SitePatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an admin may change of a site; what is left out stays."""

    creates_articles: bool | UnsetType = UNSET
    takes_guests: bool | UnsetType = UNSET


class OriginIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An origin to allow: scheme and host, such as https://www.example.org."""

    origin: Annotated[str, Meta(min_length=1, max_length=2000)]


class CheckQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The address of a page."""

    url: Annotated[str, Meta(min_length=1, max_length=4000)]


class CheckOut(msgspec.Struct, frozen=True):
    """Whether a page may show the site's discussions, and the origin that decides it."""

    origin: str
    allowed: bool


class SiteTokenIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The name of a new token of the site."""

    name: Annotated[str, Meta(max_length=200)]


class SiteTokenOut(msgspec.Struct, frozen=True):
    """A token of the site without its secret."""

    id: int
    name: str
    hint: str
    created_at: datetime
    last_used_at: datetime | None


class NewSiteTokenOut(msgspec.Struct, frozen=True):
    """A token of the site just made. ``token`` is shown this once; it is null when the answer is replayed."""

    id: int
    name: str
    hint: str
    created_at: datetime
    last_used_at: datetime | None
    token: str | None


class SiteTokensOut(msgspec.Struct, frozen=True):
    """The site's tokens, newest first."""

    items: list[SiteTokenOut]
