"""JSON shapes of second factors: what is listed, and what it takes to remove one."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from forum.accounts.schemas import Secret

Code = Annotated[str, Meta(max_length=40, description="Six digits from the app, or a recovery code.")]


class FactorOut(msgspec.Struct, frozen=True):
    """A second factor without its secret. ``kind``: totp (an authenticator app) or passkey."""

    id: int
    kind: str
    name: str
    created_at: datetime
    last_used_at: datetime | None


class FactorsOut(msgspec.Struct, frozen=True):
    """The account's second factors, oldest first, and how many recovery codes are not used yet."""

    items: list[FactorOut]
    recovery_codes_left: int


class FactorRemoval(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What proves that it is the owner who removes a factor: the password (an account without one: a sign-in of the last ten minutes) and a code."""

    password: Secret = ""
    code: Code = ""
