"""Passkeys (WebAuthn Level 3): what the browser is asked, and whether its answer holds.

The rule: an answer counts only for the challenge, the host and the exact origin of ours, with the user verified, and never when the key's counter went back.
"""

import hashlib
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import msgspec
import structlog
from sqlalchemy.orm import Session

from forum.factors.challenges import Challenge
from forum.factors.extra import is_installed
from forum.factors.models import Factor
from forum.factors.queries import find_passkey
from forum.refusals import Fault, Refusal, invalid
from forum.web.context import settings

log = structlog.get_logger(__name__)
TIMEOUT_MS = 300_000
# WebAuthn, section 7.1, step 25.
CREDENTIAL_MAX = 1023
TRANSPORTS = frozenset({"ble", "cable", "hybrid", "internal", "nfc", "smart-card", "usb"})
LOCAL = "localhost"


class _UnfitError(Exception):
    """An answer of a passkey that does not belong here."""


@dataclass(frozen=True)
class NewPasskey:
    """A passkey just made, checked."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    transports: str


@dataclass(frozen=True)
class Answered:
    """A passkey that has proven itself: which, whose, and its counter now."""

    factor_id: int
    account_id: int
    sign_count: int


def are_possible() -> bool:
    """Whether browsers make passkeys for the site's address: a name by https, or this very machine by http."""
    address = urlsplit(settings().base_url)
    return is_secure(address.scheme, address.hostname or "")


def is_secure(scheme: str, host: str) -> bool:
    """Whether browsers make passkeys for this host. A number is no name, not even by https (WebAuthn, section 5.1.3)."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return scheme == "https" or host == LOCAL or host.endswith(f".{LOCAL}")
    return False


def are_offered() -> bool:
    """Whether pages offer passkeys: they are possible, and the extra is installed."""
    return is_installed() and are_possible()


def handle_of(account_id: int) -> bytes:
    """Return the name by which a passkey knows the account: says nothing of it to whoever holds the key."""
    return hashlib.sha256(f"forum passkey {account_id}".encode()).digest()


def ask_to_make(challenge: Challenge, *, handle: str, display_name: str, known: Sequence[Factor]) -> str:
    """Return what the browser needs to make a passkey, as JSON; it makes none beside one of ``known`` in the same key."""
    import webauthn
    from webauthn.helpers import structs

    options = webauthn.generate_registration_options(
        rp_id=_host(),
        rp_name=settings().site_name,
        user_id=handle_of(challenge.account_id),
        user_name=handle,
        user_display_name=display_name,
        challenge=challenge.value,
        timeout=TIMEOUT_MS,
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.PREFERRED, user_verification=structs.UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=_describe(known),
    )
    return webauthn.options_to_json(options)


def ask_to_prove(challenge: Challenge, known: Sequence[Factor] = ()) -> str:
    """Return what the browser needs to prove a passkey, one of ``known`` or, without, any that it finds, as JSON."""
    import webauthn
    from webauthn.helpers import structs

    options = webauthn.generate_authentication_options(
        rp_id=_host(),
        challenge=challenge.value,
        timeout=TIMEOUT_MS,
        allow_credentials=_describe(known),
        user_verification=structs.UserVerificationRequirement.REQUIRED,
    )
    return webauthn.options_to_json(options)


def check_new(answer: str, challenge: Challenge) -> NewPasskey:
    """Return the passkey that the browser has made. Raises Refusal ``validation``."""
    import webauthn

    sent = _read(answer)
    try:
        made = webauthn.verify_registration_response(
            credential=sent,
            expected_challenge=challenge.value,
            expected_rp_id=_host(),
            expected_origin=settings().base_url,
            require_user_verification=True,
        )
        if len(made.credential_id) > CREDENTIAL_MAX:
            raise _UnfitError("credential id too long")
    except Exception as error:  # noqa: BLE001 - whatever a hostile answer makes the library raise, it is not valid
        raise _refuse(error, challenge.account_id) from None
    named = sent["response"].get("transports")
    transports = sorted(TRANSPORTS.intersection(name for name in named if isinstance(name, str))) if isinstance(named, list) else []
    return NewPasskey(made.credential_id, made.credential_public_key, made.sign_count, " ".join(transports))


def check_proof(session: Session, answer: str, challenge: Challenge) -> Answered:
    """Return whose passkey has answered ``challenge``. Raises Refusal ``validation``: one sentence for whatever is wrong with it.

    The signature is checked before anything is said about the key's counter, so that nobody without the key can set off that alarm.
    """
    import webauthn
    from webauthn.helpers import base64url_to_bytes

    sent = _read(answer)
    try:
        factor = find_passkey(session, base64url_to_bytes(sent["id"]))
        handle = sent["response"].get("userHandle")
        if factor is None or factor.public_key is None:
            raise _UnfitError("unknown credential")
        if challenge.account_id not in (0, factor.account_id):
            raise _UnfitError("another account's credential")
        if handle and base64url_to_bytes(handle) != handle_of(factor.account_id):
            raise _UnfitError("another account's user handle")
        found = webauthn.verify_authentication_response(
            credential=sent,
            expected_challenge=challenge.value,
            expected_rp_id=_host(),
            expected_origin=settings().base_url,
            credential_public_key=factor.public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except Exception as error:  # noqa: BLE001 - whatever a hostile answer makes the library raise, it is not valid
        raise _refuse(error, challenge.account_id) from None
    if (found.new_sign_count or factor.sign_count) and found.new_sign_count <= factor.sign_count:
        # Two devices use one key: it may have been copied (WebAuthn, section 6.1.1).
        log.warning(
            "passkey counter went back", account=factor.account_id, factor=factor.id, known=factor.sign_count, sent=found.new_sign_count
        )
        raise _unproven()
    return Answered(factor.id, factor.account_id, found.new_sign_count)


def _read(answer: str) -> dict[str, Any]:
    try:
        sent = msgspec.json.decode(answer, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise _unproven() from None
    if not isinstance(sent.get("id"), str) or not isinstance(sent.get("response"), dict):
        raise _unproven()
    return sent


def _describe(factors: Sequence[Factor]) -> list[Any]:
    from webauthn.helpers import structs

    return [
        structs.PublicKeyCredentialDescriptor(
            id=factor.credential_id, transports=[structs.AuthenticatorTransport(name) for name in factor.transports.split()] or None
        )
        for factor in factors
        if factor.credential_id is not None
    ]


def _host() -> str:
    return urlsplit(settings().base_url).hostname or ""


def _refuse(error: Exception, account_id: int) -> Refusal:
    # The class and no more: the message may repeat what was sent.
    why = str(error) if isinstance(error, _UnfitError) else type(error).__name__
    log.warning("passkey refused", account=account_id or None, why=why)
    return _unproven()


def _unproven() -> Refusal:
    return invalid(
        Fault("/answer", "wrong", "This passkey could not be checked. It may have been removed here, or belong to another account.")
    )
