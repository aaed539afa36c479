"""Where a message may go: to addresses of the public internet, and to no machine that only we can reach.

The rule: for each message a name is looked up once, every address that it has must be public, and we connect to one of those and to nothing that is looked up
later. That it was public when the webhook was made counts for nothing then: a name can lead elsewhere at any time.
"""

import socket
from collections.abc import Collection
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from threading import Thread
from typing import Any
from urllib.parse import quote, urlsplit

from forum.articles.address import BadAddress, tidy_address
from forum.refusals import Fault, Refusal, invalid
from forum.webhooks.troubles import Trouble

ADDRESS_MAX = 2000
LOOK_UP_SECONDS = 3.0
"""So long whoever makes a webhook waits for its name to be looked up."""

_IN_TARGET = "!$&'()*+,;=:@/?%-._~"
# What is given out of IPv6; all else is for other uses.
_GIVEN_OUT = IPv6Network("2000::/3")
_DOCUMENTATION = IPv6Network("3fff::/20")
# A gateway sends these on to the IPv4 address in their last four bytes.
_TRANSLATED = IPv6Network("64:ff9b::/96")


class NotSent(Exception):
    """An attempt was none; ``trouble`` says why."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble


def read_address(text: str, private_hosts: Collection[str]) -> str:
    """Return the address of a webhook as it is stored. Raises Refusal ``validation`` for what is none, and where it can be seen that nothing may be sent there."""
    given = text.strip()
    try:
        parts = urlsplit(tidy_address(given))
    except BadAddress as error:
        raise invalid(Fault("/url", "bad-address", error.detail)) from None
    if "#" in given or len(given) > ADDRESS_MAX:
        raise invalid(Fault("/url", "bad-address", "Leave out what follows #: it is never sent."))
    # Its path and query as they were typed: what readers' addresses can do without, this one may need.
    target = given.partition("://")[2][len(urlsplit(given).netloc) :]
    address = f"{parts.scheme}://{parts.netloc}{'' if target.startswith('/') else '/'}{quote(target, safe=_IN_TARGET)}"
    host = parts.hostname or ""
    if host in private_hosts:
        return address
    if parts.scheme != "https":
        raise invalid(Fault("/url", "https", "The address of a webhook must begin with https://."))
    literal = _literal(host)
    if literal is not None and not is_public(literal):
        raise invalid(Fault("/url", "private", "This address is not in the public internet; nothing is sent there."))
    return address


def refuse_private(text: str, private_hosts: Collection[str], *, seconds: float = LOOK_UP_SECONDS) -> None:
    """Look up where a webhook's name leads. Raises Refusal ``validation`` where any of its addresses is not public.

    Waits for the name service, so it is called outside of any transaction. A name that leads nowhere now, or is not known in ``seconds``, is let through: it may
    be set up later, and nothing is sent before it leads to a public address. What is no address at all ``read_address`` refuses.
    """
    try:
        parts = urlsplit(read_address(text, private_hosts))
    except Refusal:
        return
    host = parts.hostname or ""
    if host in private_hosts:
        return
    try:
        find_addresses(host, parts.port or 443, seconds=seconds)
    except NotSent as found:
        if found.trouble is Trouble.PRIVATE_ADDRESS:
            raise invalid(
                Fault("/url", "private", "This name leads to an address that is not in the public internet; nothing is sent there.")
            ) from None


def find_addresses(host: str, port: int, *, seconds: float) -> list[str]:
    """Return where ``host`` is. Raises NotSent where that is nowhere, not known in ``seconds``, or, for any of its addresses, not public."""
    found = look_up(host, port, seconds=seconds)
    if not all(is_public(address) for address in map(_literal, found)):
        raise NotSent(Trouble.PRIVATE_ADDRESS)
    return found


def look_up(host: str, port: int, *, seconds: float) -> list[str]:
    """Return the addresses of ``host``, public or not. Raises NotSent where there is none, or none is known in ``seconds``."""
    found: list[Any] = []

    def ask() -> None:
        try:
            found.extend(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError):
            return

    # The system's resolver takes the time that it takes; nobody waits for it longer than this.
    asking = Thread(target=ask, name="look up", daemon=True)
    asking.start()
    asking.join(seconds)
    if asking.is_alive():
        raise NotSent(Trouble.TOO_SLOW)
    if not found:
        raise NotSent(Trouble.NO_ADDRESS)
    return list(dict.fromkeys(str(place[4][0]) for place in found))


def is_public(address: IPv4Address | IPv6Address | None) -> bool:
    """Whether an address is one of the public internet, also where it is only another spelling of an IPv4 address."""
    if isinstance(address, IPv6Address):
        inner = _inner(address)
        if inner is not None:
            return all(map(is_public, inner))
        return address.is_global and address in _GIVEN_OUT and address not in _DOCUMENTATION
    if address is None:
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _inner(address: IPv6Address) -> tuple[IPv4Address, ...] | None:
    """Return the IPv4 addresses to which what is sent to ``address`` may go in the end, None where it says none."""
    if address.ipv4_mapped is not None:
        return (address.ipv4_mapped,)
    if address.sixtofour is not None:
        return (address.sixtofour,)
    if address.teredo is not None:
        return address.teredo
    return (IPv4Address(int(address) & 0xFFFFFFFF),) if address in _TRANSLATED else None


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        # One with a zone (fe80::1%eth0) is one of our own networks.
        return ip_address(host) if "%" not in host else None
    except ValueError:
        return None
