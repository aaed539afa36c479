"""Who is asking, as a plain value; made by the accounts room for each request, read by predicates and doors."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from forum.access.permissions import Scope

# The first migration creates this site, so that an installation with one site never has to name it.
DEFAULT_SITE_ID = 1


class Role(StrEnum):
    """What an account may do on one site; each includes the ones before it."""

    MEMBER = "member"
    PUBLISHER = "publisher"
    MODERATOR = "moderator"
    ADMIN = "admin"

    def includes(self, other: "Role") -> bool:
        """Whether this role may do all that ``other`` may."""
        order = list(Role)
        return order.index(self) >= order.index(other)


class Via(StrEnum):
    """How the caller proved who they are."""

    NOTHING = "nothing"
    COOKIE = "cookie"
    TOKEN = "token"
    SITE = "site"


@dataclass(frozen=True)
class Viewer:
    """Who is asking: ``account_id`` is None for a visitor; ``scopes`` is None when nothing narrows what the account may do.

    ``writes``: a number that has risen with everything the account has changed, where a replica of the database is asked.
    ``is_author``: of an article, now or once. ``has_news``: the inbox holds something that was not read.
    ``program_site_id``: the site whose token a host's program calls with, which is nobody's account.
    """

    account_id: int | None = None
    handle: str = ""
    display_name: str = ""
    roles: Mapping[int, Role] = field(default_factory=dict)
    scopes: frozenset[Scope] | None = None
    via: Via = Via.NOTHING
    signin_id: int | None = None
    program_site_id: int | None = None
    writes: int = 0
    has_news: bool = False
    is_author: bool = False

    @property
    def is_signed_in(self) -> bool:
        """Whether an account is behind the request."""
        return self.account_id is not None

    def role_on(self, site_id: int) -> Role:
        """Return the role on a site; an account without one there is a member."""
        return self.roles.get(site_id, Role.MEMBER)


VISITOR = Viewer()
