"""Who somebody is elsewhere, as a checked token says it. What it says of a name and a handle is a wish; what it says of roles is never taken."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from forum.accounts.actions import NAME_MAX, is_address
from forum.accounts.queries import fold_email
from forum.refusals import Fault, Kind, Refusal
from forum.sentences import Sentence
from forum.text.limits import find_line_faults

NAMES_MAX = 255
EMAIL_MAX = 254
WISH_MAX = 80
UNCONFIRMED = "The site that you come from has not confirmed your e-mail address. Confirm it there and come back; nothing was changed here."


@dataclass(frozen=True)
class Person:
    """Somebody elsewhere: ``subject`` is the lasting name that ``issuer`` has for them; ``email`` is folded, and the issuer says that it is theirs."""

    issuer: str
    subject: str
    name: str
    email: str
    handle: str = ""

    @property
    def host(self) -> str:
        """The issuer as people know it: its host, where it is an address."""
        return host_of(self.issuer)


def host_of(issuer: str) -> str:
    """Return the host of an issuer that is an address, or else the issuer itself."""
    try:
        return urlsplit(issuer).hostname or issuer
    except ValueError:
        return issuer


def is_name(value: Any) -> bool:
    """Whether ``value`` is a name that machines use: 1 to 255 printable characters."""
    return isinstance(value, str) and 1 <= len(value) <= NAMES_MAX and value.isprintable()


def read_person(issuer: str, subject: str, user: Mapping[str, Any]) -> Person:
    """Return who ``user`` (name, email, email_verified, handle) describes.

    Raises Refusal ``address-unconfirmed`` unless the issuer says that the address is theirs, ``sso-token-invalid`` for what no account can have.
    """
    name, email, wish = user.get("name"), user.get("email"), user.get("handle", "")
    if not isinstance(name, str) or find_line_faults(name, maximum=NAME_MAX):
        raise bad_token("bad-name", "The token's name is missing, longer than 80 characters, or not one readable line.", "/user/name")
    if not isinstance(email, str) or len(email) > EMAIL_MAX or not is_address(fold_email(email)):
        raise bad_token("bad-email", "The token's e-mail address is missing, or is none.", "/user/email")
    if not isinstance(wish, str) or len(wish) > WISH_MAX:
        raise bad_token("bad-handle", "The token's handle must be text of at most 80 characters.", "/user/handle")
    if user.get("email_verified") is not True:
        raise Refusal(Kind.ADDRESS_UNCONFIRMED, UNCONFIRMED)
    return Person(issuer, subject, " ".join(name.split()), fold_email(email), wish)


def bad_token(code: str, detail: str | Sentence, pointer: str = "") -> Refusal:
    """Return the refusal of a token from elsewhere; ``code`` tells the site's programmers which of its rules it breaks."""
    return Refusal(Kind.SSO_TOKEN_INVALID, detail, faults=(Fault(pointer, code, detail),))
