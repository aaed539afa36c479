"""What a site's admins set about its host's tokens: who signs them, where people sign in there, and the keys.

The rule: a secret is made here and shown once; of the host's own key only the public half is taken. No key is ever in a log line.
"""

import json
import re
import secrets
from typing import Any
from urllib.parse import urlsplit

import structlog
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from forum.articles.models import Site
from forum.clock import now
from forum.refusals import Fault, Kind, Refusal, invalid, not_found
from forum.sentences import sentence
from forum.setting_addresses import is_loopback
from forum.sso.extra import require_extra
from forum.sso.models import Algorithm, HostKey
from forum.sso.person import is_name
from forum.sso.queries import count_keys
from forum.sso.strict import Unreadable, read_object
from forum.web.context import settings

log = structlog.get_logger(__name__)
KEYS_MOST = 10
ADDRESS_MAX = 2000
_KID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_PRIVATE = "This is a private key. Keep it on the host, and paste its public half here; change the key if anybody may have seen it."
_NO_KEY = "This is no public key of Ed25519: paste a JWK (kty OKP, crv Ed25519, x) or what stands from BEGIN PUBLIC KEY to END PUBLIC KEY."


def edit_sso(session: Session, site: Site, *, issuer: str, address: str) -> None:
    """Set who signs the host's tokens and where people sign in there. Raises Refusal ``validation``."""
    issuer, address = issuer.strip(), address.strip()
    faults = []
    if issuer and not is_name(issuer):
        faults.append(Fault("/issuer", "invalid", "An issuer has at most 255 printable characters, such as https://www.example.org."))
    elif issuer and (issuer == settings().oidc_issuer or _is_elsewhere(session, site, issuer)):
        # Whoever signs for an issuer decides who its people are: no site may speak for another, nor for the provider.
        faults.append(Fault("/issuer", "taken", "This issuer is somebody else's here; a host's tokens need one of their own."))
    if address and not _is_address(address):
        faults.append(Fault("/address", "invalid", "The sign-in page must be an https address, such as https://www.example.org/sign-in."))
    if address and not issuer:
        faults.append(Fault("/issuer", "required", "Say who signs the tokens as well: the value of their iss."))
    if faults:
        raise invalid(*faults)
    site.sso_issuer, site.sso_address = issuer, address
    session.flush()
    log.info("host sign-in changed", site=site.id, issuer=issuer, address=address)


def read_public_key(text: str) -> tuple[str, str]:
    """Return a host's public key as we store it, and the kid that it names (empty: none). Raises Refusal ``validation``, ``unavailable``."""
    require_extra()
    from joserfc.errors import JoseError
    from joserfc.jwk import OKPKey

    given = text.strip()
    if "PRIVATE KEY" in given:
        raise _bad_key("private", _PRIVATE)
    try:
        known: Any = read_object(given.encode()) if given.startswith("{") else given
    except (Unreadable, UnicodeEncodeError):
        raise _bad_key("invalid", _NO_KEY) from None
    if isinstance(known, dict) and "d" in known:
        raise _bad_key("private", _PRIVATE)
    try:
        key = OKPKey.import_key(known if isinstance(known, dict) else given.encode())
        found: dict[str, Any] = dict(key.as_dict(private=False))
    except (JoseError, ValueError, TypeError, KeyError):
        raise _bad_key("invalid", _NO_KEY) from None
    kid = known.get("kid", "") if isinstance(known, dict) else ""
    if found.get("crv") != "Ed25519" or not isinstance(kid, str):
        raise _bad_key("invalid", _NO_KEY)
    return json.dumps({name: found[name] for name in ("crv", "kty", "x")}), kid


def add_key(session: Session, site: Site, *, algorithm: Algorithm, kid: str, public_key: str) -> tuple[HostKey, str | None]:
    """Store a key and return it, with its secret where we have made one, which is shown nowhere else.

    Raises Refusal ``validation``, ``conflict`` for a kid that the site has already, ``unavailable`` without the extra.
    """
    require_extra()
    secret = None
    if algorithm is Algorithm.HS256:
        if public_key.strip():
            raise _bad_key("not-needed", "A key of HS256 is made here; leave this empty.")
        key = secret = secrets.token_urlsafe(32)
    else:
        key, named = read_public_key(public_key)
        kid = kid.strip() or named
    kid = kid.strip() or secrets.token_hex(4)
    if not _KID.fullmatch(kid):
        raise invalid(Fault("/kid", "invalid", "A key's name (kid) has 1 to 64 letters, digits, dots, - or _."))
    session.execute(select(Site.id).where(Site.id == site.id).with_for_update())
    if count_keys(session, site.id) >= KEYS_MOST:
        raise invalid(Fault("/kid", "too-many", sentence("A site has at most %(most)s keys; revoke one first.", most=KEYS_MOST)))
    row = HostKey(site_id=site.id, kid=kid, algorithm=algorithm.value, key=key, created_at=now())
    session.add(row)
    try:
        session.flush()
    except IntegrityError:
        raise Refusal(Kind.CONFLICT, sentence("There is a key named %(kid)s already; give this one another name.", kid=kid)) from None
    log.info("host key added", site=site.id, key=row.id, kid=kid, algorithm=row.algorithm)
    return row, secret


def revoke_key(session: Session, site: Site, key_id: int) -> None:
    """Delete one of the site's keys; what it signed is good no more. Raises Refusal ``not-found``."""
    result = session.execute(delete(HostKey).where(HostKey.id == key_id, HostKey.site_id == site.id))
    if not getattr(result, "rowcount", 0):
        raise not_found(sentence("key"))
    log.info("host key revoked", site=site.id, key=key_id)


def _bad_key(code: str, detail: str) -> Refusal:
    return invalid(Fault("/public_key", code, detail))


def _is_elsewhere(session: Session, site: Site, issuer: str) -> bool:
    return session.scalar(select(Site.id).where(Site.sso_issuer == issuer, Site.id != site.id)) is not None


def _is_address(address: str) -> bool:
    if len(address) > ADDRESS_MAX or not address.isprintable() or " " in address:
        return False
    try:
        parts = urlsplit(address)
        known = parts.port != 0 and bool(parts.hostname) and parts.username is None and not parts.fragment
    except ValueError:
        return False
    return known and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or "")))
