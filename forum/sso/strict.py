"""Reading a signed token's parts before anything is believed: base64url in its one spelling, JSON in which every name stands once."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any


class Unreadable(Exception):
    """A part of a token is not what the standard (RFC 7515, RFC 8259) says."""


def read_base64(text: str) -> bytes:
    """Return the bytes that ``text`` writes in base64url without padding. Raises Unreadable, also for a second spelling of the same bytes."""
    try:
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise Unreadable from None
    if urlsafe_b64encode(data).rstrip(b"=").decode() != text:
        raise Unreadable
    return data


def read_object(data: bytes) -> dict[str, Any]:
    """Return the JSON object in ``data``. Raises Unreadable for anything else, for a name that stands twice, NaN and infinity, and what is nested too deep."""
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_object, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise Unreadable from None
    if not isinstance(value, dict):
        raise Unreadable
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _refuse(name: str) -> None:
    raise ValueError(name)
