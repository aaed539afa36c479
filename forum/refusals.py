"""Why something is refused, as plain values: every room raises ``Refusal``, the doors translate it into a problem document or a page.

Knows no HTTP: which status a kind has stands in ``web/problems.py``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from forum.sentences import Sentence, sentence


class Kind(StrEnum):
    """The kinds of refusal; each has a page under ``/problems/`` and a status."""

    VALIDATION = "validation"
    MALFORMED = "malformed"
    BAD_CURSOR = "bad-cursor"
    UNAUTHENTICATED = "unauthenticated"
    SECOND_FACTOR_REQUIRED = "second-factor-required"
    SSO_TOKEN_INVALID = "sso-token-invalid"
    SSO_TOKEN_EXPIRED = "sso-token-expired"
    SSO_TOKEN_REPLAYED = "sso-token-replayed"
    ADDRESS_UNCONFIRMED = "address-unconfirmed"
    LINK_REQUIRED = "link-required"
    FORBIDDEN = "forbidden"
    OWN_COMMENT = "own-comment"
    RECUSED = "recused"
    SANCTIONED = "sanctioned"
    PLEASE_RECONSIDER = "please-reconsider"
    CSRF = "csrf"
    NOT_FOUND = "not-found"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    ILLEGAL_TRANSITION = "illegal-transition"
    NOT_TAGGABLE = "not-taggable"
    CLOSED = "closed"
    CLAIMED_BY_OTHER = "claimed-by-other"
    CONFLICT = "conflict"
    STALE_VERSION = "stale-version"
    LINK_EXPIRED = "link-expired"
    TOO_LARGE = "too-large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported-media-type"
    IDEMPOTENCY_KEY_REUSED = "idempotency-key-reused"
    IDEMPOTENCY_KEY_IN_PROGRESS = "idempotency-key-in-progress"
    RATE_LIMITED = "rate-limited"
    INTERNAL = "internal"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True)
class Fault:
    """One thing wrong with what was sent: where (a JSON pointer such as ``/body_md``), a stable code and a sentence."""

    pointer: str
    code: str
    detail: str


class Refusal(Exception):
    """Something that was asked for and is not done; ``detail`` is a sentence for the person who asked, with the way out.

    ``members`` are further members of the problem document (RFC 9457, section 3.2), such as the decision that stands.
    """

    def __init__(
        self,
        kind: Kind,
        detail: str,
        *,
        faults: tuple[Fault, ...] = (),
        retry_after: int | None = None,
        allowed: tuple[str, ...] = (),
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.faults = faults
        self.retry_after = retry_after
        self.allowed = allowed
        self.members = dict(members or {})


class Moved(Exception):
    """What was asked for is found under other names now: those parts of its address, by their names in it."""

    def __init__(self, names: Mapping[str, str | int]) -> None:
        super().__init__("moved")
        self.names = dict(names)


def not_found(what: Sentence) -> Refusal:
    """Return the refusal for a thing that is not there, or that the caller may not know of."""
    return Refusal(Kind.NOT_FOUND, sentence("There is no such %(what)s, or you may not see it.", what=what))


def invalid(*faults: Fault) -> Refusal:
    """Return the refusal of input with at least one fault; the first one's sentence is the summary."""
    return Refusal(Kind.VALIDATION, faults[0].detail, faults=faults)
