"""JSON shapes of what is asked for by mail."""

from typing import Annotated

import msgspec
from msgspec import Meta

from forum.accounts.schemas import Secret

Email = Annotated[str, Meta(max_length=254)]
Next = Annotated[str, Meta(max_length=4000, description="A path of this site to go on to.")]


class MailSignInIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the link to sign in is to be mailed."""

    email: Email
    next: Next = ""


class ResetAskIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the link to a new password is to be mailed."""

    email: Email


class ResetIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The secret of a mailed link, the last part of its address, and the new password."""

    token: Annotated[str, Meta(max_length=100)]
    new_password: Secret


class EmailIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The new address, and the account's password."""

    email: Email
    password: Secret


class AskedOut(msgspec.Struct, frozen=True):
    """What becomes of a wish for a mail, in a sentence; the same for every address."""

    detail: str
