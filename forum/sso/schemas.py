"""JSON shapes of signing in from elsewhere: tokens, identities, and what a site's admins set; and what the pages' addresses carry."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from forum.sso.models import Algorithm

Token = Annotated[str, Meta(max_length=20_000, description="The JWT that the host site has signed for its reader.")]
Next = Annotated[str, Meta(max_length=4000)]
PublicKey = Annotated[str, Meta(max_length=4000)]


class OnwardQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where to go on afterwards."""

    next: Next = ""


class HostTokenIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A host site's token; ``code`` for an account with a second factor, from the app or a recovery code."""

    token: Token
    code: Annotated[str, Meta(max_length=40)] = ""


class HostLinkIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The token of somebody whose account here is to be connected."""

    token: Token


class IdentityOut(msgspec.Struct, frozen=True):
    """An account elsewhere that is connected to one's own: who says so, and what they call the person."""

    id: int
    issuer: str
    subject: str
    created_at: datetime
    last_used_at: datetime | None


class IdentitiesOut(msgspec.Struct, frozen=True):
    """The accounts elsewhere that sign one in, oldest first."""

    items: list[IdentityOut]


class SsoOut(msgspec.Struct, frozen=True):
    """Who signs the host's tokens (``iss``), where people sign in there, and what the tokens' ``aud`` must be."""

    issuer: str
    address: str
    audience: str


class SsoIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who signs the host's tokens, and where people sign in there (empty: only the widget brings tokens). Both empty: nobody."""

    issuer: Annotated[str, Meta(max_length=1000)]
    address: Annotated[str, Meta(max_length=4000)] = ""


class KeyIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key to add. HS256: its secret is made here. EdDSA: ``public_key`` is the host's, as a JWK or PEM. ``kid`` empty: the JWK's, or a new one."""

    algorithm: Algorithm
    kid: Annotated[str, Meta(max_length=100)] = ""
    public_key: PublicKey = ""


class KeyOut(msgspec.Struct, frozen=True):
    """A key with which the host signs; a secret is never shown again."""

    id: int
    kid: str
    algorithm: str
    created_at: datetime
    last_used_at: datetime | None


class NewKeyOut(msgspec.Struct, frozen=True):
    """A key just added. ``secret`` (HS256) is shown this once; it is null for a public key, and when the answer is replayed."""

    id: int
    kid: str
    algorithm: str
    created_at: datetime
    last_used_at: datetime | None
    secret: str | None


class KeysOut(msgspec.Struct, frozen=True):
    """The site's keys, newest first."""

    items: list[KeyOut]
