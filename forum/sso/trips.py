"""A round trip to another site and back: what it began with waits in the signed cookie, and the way back must name it.

The rule: who comes back without having set out from this browser is turned away, so that nobody can be signed in as somebody else by a link (RFC 6749, 10.12).
"""

import secrets
from dataclasses import asdict, dataclass
from hmac import compare_digest
from typing import Any

from flask import session as cookie

from forum.clock import now
from forum.refusals import Kind, Refusal
from forum.web.pages import safe_next

TRIPS = "trips"
# As many at once as tabs that somebody may have open, and as few as fit into a cookie.
TRIPS_MAX = 3
TRIP_SECONDS = 3600
NEXT_MAX = 500
LOST = "This sign-in was not started in this browser, or too long ago. Please start it again here."


@dataclass(frozen=True)
class Trip:
    """One way out: which site to (``kind``), the ``state`` that must come back, where to go on, and what OpenID Connect keeps."""

    kind: str
    state: str
    then: str
    began: int
    nonce: str = ""
    verifier: str = ""


def set_out(kind: str, then: str, *, with_proof: bool = False) -> Trip:
    """Begin a trip; ``with_proof`` gives it a nonce and a PKCE verifier (RFC 7636)."""
    onward = safe_next(then, otherwise="")
    nonce, verifier = (secrets.token_urlsafe(24), secrets.token_urlsafe(48)) if with_proof else ("", "")
    trip = Trip(kind, secrets.token_urlsafe(24), onward if len(onward) <= NEXT_MAX else "", int(now().timestamp()), nonce, verifier)
    cookie[TRIPS] = [*_known(), asdict(trip)][-TRIPS_MAX:]
    return trip


def come_back(kind: str, state: str) -> Trip:
    """Return the trip of this state and end it. Raises Refusal ``sso-token-invalid`` when this browser is on no such trip."""
    found: Trip | None = None
    kept: list[dict[str, Any]] = []
    for known in _known():
        if known.get("kind") == kind and compare_digest(str(known.get("state", "")).encode(), state.encode()):
            found = Trip(**known)
        else:
            kept.append(known)
    cookie[TRIPS] = kept
    if found is None or not 0 <= now().timestamp() - found.began <= TRIP_SECONDS:
        raise Refusal(Kind.SSO_TOKEN_INVALID, LOST)
    return found


def _known() -> list[dict[str, Any]]:
    known = cookie.get(TRIPS)
    return known if isinstance(known, list) else []
