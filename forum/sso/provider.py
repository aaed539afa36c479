"""The provider of OpenID Connect: what it says of itself (Discovery 1.0) and its keys, both kept for an hour in each process.

The rule: a provider is believed about its own addresses only, over https, and signs by keys that are its own alone: never by a shared secret, never not at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from flask import current_app

from forum.clock import now
from forum.setting_addresses import is_loopback
from forum.sso.fetching import down, fetch_object
from forum.sso.person import bad_token
from forum.sso.strict import Unreadable, read_base64, read_object
from forum.web.context import settings

KNOWN = "forum_provider"
KEPT = timedelta(hours=1)
# An unknown key is asked for anew at most this often, whatever tokens are sent.
ASKED_AGAIN = timedelta(minutes=1)
KEYS_MAX = 50
SIGNED_BY = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")


@dataclass(frozen=True)
class Provider:
    """What the provider says of itself."""

    issuer: str
    authorization: str
    token: str
    keys: str
    userinfo: str
    algorithms: tuple[str, ...]
    token_auth: tuple[str, ...]
    names_itself: bool


@dataclass
class _Known:
    provider: Provider
    asked_at: datetime
    keys: list[Any] = field(default_factory=list)
    keys_asked_at: datetime | None = None


def get_provider() -> Provider:
    """Return the provider that the settings name. Raises Refusal ``unavailable``."""
    return _get_known().provider


def find_key(header: Mapping[str, Any]) -> Any:
    """Return the provider's key that a token's header names, asked for once more when it is unknown. Raises Refusal ``sso-token-invalid``, ``unavailable``."""
    known = _get_known()
    for again in (False, True):
        _refresh_keys(known, again=again)
        found = [key for key in known.keys if "kid" not in header or key.kid == header["kid"]]
        if len(found) == 1:
            return found[0]
    raise bad_token("unknown-key", "The provider's token is signed with a key that the provider does not show.")


def read_signed(token: str) -> dict[str, Any]:
    """Return the claims of a token that the provider has signed. Raises Refusal ``sso-token-invalid``, ``unavailable``."""
    from joserfc import jwt
    from joserfc.errors import JoseError

    malformed = bad_token("malformed", "The provider's token cannot be read.")
    try:
        header = read_object(read_base64(token.partition(".")[0]))
    except Unreadable:
        raise malformed from None
    if header.get("alg") not in get_provider().algorithms:
        raise bad_token("wrong-algorithm", "The provider's token is signed in a way that the provider has not announced.")
    key = find_key(header)
    try:
        jwt.decode(token, key, algorithms=[header["alg"]])
        return read_object(read_base64(token.split(".")[1]))
    except (JoseError, ValueError):
        raise bad_token("bad-signature", "The provider's token is not signed with the provider's key.") from None
    except Unreadable:
        raise malformed from None


def _get_known() -> _Known:
    known: _Known | None = current_app.extensions.get(KNOWN)
    moment = now()
    if known is None or not known.asked_at <= moment < known.asked_at + KEPT:
        known = _Known(_discover(settings().oidc_issuer), moment)
        current_app.extensions[KNOWN] = known
    return known


def _discover(issuer: str) -> Provider:
    said = fetch_object(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    if said.get("issuer") != issuer:
        raise down("it names another issuer than the settings do")
    announced = _words(said, "id_token_signing_alg_values_supported", ("RS256",))
    return Provider(
        issuer=issuer,
        authorization=_address(said, "authorization_endpoint"),
        token=_address(said, "token_endpoint"),
        keys=_address(said, "jwks_uri"),
        userinfo=_address(said, "userinfo_endpoint") if "userinfo_endpoint" in said else "",
        algorithms=tuple(name for name in announced if name in SIGNED_BY),
        token_auth=_words(said, "token_endpoint_auth_methods_supported", ("client_secret_basic",)),
        names_itself=said.get("authorization_response_iss_parameter_supported") is True,
    )


def _address(said: Mapping[str, Any], name: str) -> str:
    address = said.get(name)
    try:
        parts = urlsplit(address if isinstance(address, str) else "")
        host = parts.hostname or ""
    except ValueError:
        raise down(f"its {name} is no address") from None
    if not host or not (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host) and is_loopback(_own_host()))):
        raise down(f"its {name} is no https address")
    return str(address)


def _own_host() -> str:
    return urlsplit(settings().oidc_issuer).hostname or ""


def _words(said: Mapping[str, Any], name: str, otherwise: tuple[str, ...]) -> tuple[str, ...]:
    words = said.get(name)
    return tuple(str(word) for word in words) if isinstance(words, list) else otherwise


def _refresh_keys(known: _Known, *, again: bool) -> None:
    moment = now()
    wait = ASKED_AGAIN if again else KEPT
    if known.keys_asked_at is not None and known.keys_asked_at <= moment < known.keys_asked_at + wait:
        return
    listed = fetch_object(known.provider.keys).get("keys")
    # Asked before it is read: a list that cannot be read is not asked for again and again.
    known.keys_asked_at = moment
    known.keys = _import_keys(listed[:KEYS_MAX]) if isinstance(listed, list) else []


def _import_keys(listed: list[Any]) -> list[Any]:
    from joserfc.errors import JoseError
    from joserfc.jwk import import_key

    found = []
    for each in listed:
        if not isinstance(each, dict) or each.get("kty") not in ("RSA", "EC", "OKP") or each.get("use", "sig") != "sig":
            continue
        try:
            found.append(import_key(each))
        except (JoseError, ValueError, TypeError, KeyError):
            # A key of a kind that we do not know is none of those that we check with.
            continue
    return found
