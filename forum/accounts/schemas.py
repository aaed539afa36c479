"""JSON shapes of people: what is sent to sign up, sign in and change an account, and what is answered."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from forum.access.permissions import Scope

Handle = Annotated[str, Meta(min_length=1, max_length=40, description="1 to 30 letters, digits, - or _; case does not matter.")]
Secret = Annotated[str, Meta(max_length=1024)]


class PersonOut(msgspec.Struct, frozen=True):
    """A person as everybody may see them; ``handle`` is empty for a former member. ``is_article_author`` is about the article that the person is shown with.

    ``is_guest``: wrote with a name and a confirmed address, without an account; there is no page about them.
    """

    handle: str
    display_name: str
    credential: str
    verified: bool
    is_article_author: bool = False
    is_guest: bool = False


class AccountIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What it takes to sign up."""

    handle: Handle
    email: Annotated[str, Meta(max_length=254)]
    password: Secret
    display_name: Annotated[str, Meta(max_length=200)] = ""


class AccountOut(msgspec.Struct, frozen=True):
    """An account as its owner sees it; ``leaving_at``: when it is deleted, as its owner has asked. ``email_confirmed``: whether a link
    in a mail to ``email`` was followed.
    """

    handle: str
    display_name: str
    credential: str
    verified: bool
    email: str | None
    role: str
    created_at: datetime
    url: str
    leaving_at: datetime | None = None
    email_confirmed: bool = False


class AccountPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an owner may change of the profile; what is left out stays."""

    display_name: Annotated[str, Meta(max_length=200)] | UnsetType = UNSET
    credential: Annotated[str, Meta(max_length=300)] | UnsetType = UNSET


class PasswordIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The present password and the new one."""

    current_password: Secret
    new_password: Secret


class SessionIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who signs in: a handle or an e-mail address, and the password; ``code`` for an account with a second factor, from the app or a recovery code."""

    login: Annotated[str, Meta(max_length=254)]
    password: Secret
    code: Annotated[str, Meta(max_length=40)] = ""


class SessionOut(msgspec.Struct, frozen=True):
    """Who is signed in, and the token for X-CSRF-Token. For a visitor ``account`` is null."""

    account: AccountOut | None
    csrf_token: str | None


class SignInOut(msgspec.Struct, frozen=True):
    """One place where the account is signed in."""

    id: int
    device: str
    created_at: datetime
    last_seen_at: datetime
    current: bool


class SignInsOut(msgspec.Struct, frozen=True):
    """Where the account is signed in, newest first."""

    items: list[SignInOut]


class TokenIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The name of a new personal token and what it may do."""

    name: Annotated[str, Meta(max_length=200)]
    scopes: Annotated[list[Scope], Meta(min_length=1, max_length=5)]


class TokenOut(msgspec.Struct, frozen=True):
    """A personal token without its secret."""

    id: int
    name: str
    hint: str
    scopes: list[str]
    created_at: datetime
    last_used_at: datetime | None


class NewTokenOut(msgspec.Struct, frozen=True):
    """A personal token just made. ``token`` is shown this once; it is null when the answer is replayed."""

    id: int
    name: str
    hint: str
    scopes: list[str]
    created_at: datetime
    last_used_at: datetime | None
    token: str | None


class TokensOut(msgspec.Struct, frozen=True):
    """The account's tokens, newest first."""

    items: list[TokenOut]
