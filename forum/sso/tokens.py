"""Tokens of host sites: JWTs by which a site that shows our discussions says who its reader is (product.md, F).

The rule: the key decides how a token is signed, never the token (RFC 8725, section 3.1); nothing in it gives a role; each is good once and for ten minutes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import delete, or_, update
from sqlalchemy.orm import Session

from forum.accounts.actions import hash_secret
from forum.articles.models import Site
from forum.clock import now
from forum.db.upsert import insert_if_absent
from forum.refusals import Kind, Refusal
from forum.sentences import sentence
from forum.sso.extra import require_extra
from forum.sso.models import Algorithm, HostKey, UsedToken
from forum.sso.person import Person, bad_token, is_name, read_person
from forum.sso.queries import find_key
from forum.sso.strict import Unreadable, read_base64, read_object
from forum.web.context import settings

log = structlog.get_logger(__name__)
TOKEN_MAX = 4096
LIFE_SECONDS = 600
CLOCK_SECONDS = 60
# A server whose clock is ahead must not forget what one whose clock is behind would still take.
KEPT = timedelta(hours=1)
# A key's last use is written at most this often.
SEEN_EVERY = timedelta(hours=1)
HEADERS = frozenset({"alg", "kid", "typ"})
USER = frozenset({"name", "email", "email_verified", "handle"})
_ROLES = frozenset(
    {
        *("role", "roles", "admin", "admins", "administrator", "moderator", "moderators", "staff", "superuser", "group", "groups"),
        *("scope", "scopes", "scp", "permission", "permissions", "entitlements", "authorities"),
    }
)
_THREE_PARTS = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)", re.ASCII)
MALFORMED = "The sign-in token of the site that you come from cannot be read."


@dataclass(frozen=True)
class Checked:
    """What a token says that is signed as it should be and good now; it is not used up yet (``spend``)."""

    person: Person
    token_id: str
    expires_at: datetime
    key_id: int


def check_token(session: Session, site: Site, token: str) -> Checked:
    """Return what a host's token says, without using it up.

    Raises Refusal ``sso-token-invalid`` (its first error says which rule is broken), ``sso-token-expired``, ``address-unconfirmed``, or ``unavailable``
    without the extra.
    """
    require_extra()
    try:
        key, claims = _read(session, site, token)
    except Unreadable:
        raise bad_token("malformed", MALFORMED) from None
    subject, token_id = _check_claims(site, claims)
    expires_at = _check_times(claims)
    return Checked(read_person(site.sso_issuer, subject, _user(claims)), token_id, expires_at, key.id)


def spend(session: Session, checked: Checked) -> None:
    """Use a token up in the open transaction: of two requests with one token, one succeeds. Raises Refusal ``sso-token-replayed``."""
    session.execute(delete(UsedToken).where(UsedToken.expires_at < now()))
    name = hash_secret(f"{checked.person.issuer}\0{checked.token_id}")
    if not insert_if_absent(session, UsedToken, token_hash=name, expires_at=checked.expires_at + KEPT):
        log.warning("host token replayed", issuer=checked.person.issuer)
        raise Refusal(Kind.SSO_TOKEN_REPLAYED, "This sign-in was used already. Go back to the site that you come from and sign in anew.")
    moment = now()
    is_stale = or_(HostKey.last_used_at.is_(None), HostKey.last_used_at < moment - SEEN_EVERY)
    session.execute(update(HostKey).where(HostKey.id == checked.key_id, is_stale).values(last_used_at=moment))


def _read(session: Session, site: Site, token: str) -> tuple[HostKey, Mapping[str, Any]]:
    if len(token) > TOKEN_MAX:
        raise bad_token("too-large", sentence("A token has at most %(most)s characters.", most=TOKEN_MAX))
    parts = _THREE_PARTS.fullmatch(token)
    if parts is None:
        raise Unreadable
    header = read_object(read_base64(parts[1]))
    key = _find_key(session, site, header)
    if header.get("alg") != key.algorithm:
        raise bad_token("wrong-algorithm", sentence("This key signs by %(algorithm)s and by nothing else.", algorithm=key.algorithm))
    if not is_signed(key, f"{parts[1]}.{parts[2]}".encode(), read_base64(parts[3])):
        raise bad_token("bad-signature", "The token is not signed with the key that it names.")
    return key, read_object(read_base64(parts[2]))


def _find_key(session: Session, site: Site, header: Mapping[str, Any]) -> HostKey:
    unknown = sorted(header.keys() - HEADERS)
    if unknown:
        raise bad_token("bad-header", "The token's header may have alg, kid and typ alone: nothing in a token says where its key is.")
    if str(header.get("typ", "JWT")).upper() != "JWT":
        raise bad_token("bad-header", "The token's typ must be JWT, or left out.")
    kid = header.get("kid")
    key = find_key(session, site.id, kid) if isinstance(kid, str) and is_name(kid) else None
    if key is None:
        raise bad_token("unknown-key", "The token's kid names none of this site's keys.")
    return key


def is_signed(key: HostKey, signed: bytes, signature: bytes) -> bool:
    """Whether ``signature`` is what ``key`` makes of ``signed``, by the key's own algorithm."""
    from joserfc import jwk
    from joserfc.jws import JWSRegistry

    kind = jwk.OctKey if key.algorithm == Algorithm.HS256 else jwk.OKPKey
    known: Any = key.key if key.algorithm == Algorithm.HS256 else read_object(key.key.encode())
    return bool(JWSRegistry.algorithms[key.algorithm].verify(signed, signature, kind.import_key(known)))


def _check_claims(site: Site, claims: Mapping[str, Any]) -> tuple[str, str]:
    for name in ("iss", "aud", "sub", "iat", "exp", "jti", "user"):
        if name not in claims:
            raise bad_token("missing-claim", sentence("The token lacks the claim %(name)s.", name=name), f"/{name}")
    if not site.sso_issuer or claims["iss"] != site.sso_issuer:
        raise bad_token("wrong-issuer", "The token's iss is not this site's issuer.", "/iss")
    if claims["aud"] not in (settings().base_url, [settings().base_url]):
        raise bad_token("wrong-audience", sentence("The token's aud must be %(address)s alone.", address=settings().base_url), "/aud")
    for name in ("sub", "jti"):
        if not is_name(claims[name]):
            raise bad_token("bad-claim", sentence("The claim %(name)s must be 1 to 255 printable characters.", name=name), f"/{name}")
    _refuse_roles(claims, "")
    return claims["sub"], claims["jti"]


def _user(claims: Mapping[str, Any]) -> Mapping[str, Any]:
    user = claims["user"]
    if not isinstance(user, dict):
        raise bad_token("bad-claim", "The claim user must be an object.", "/user")
    _refuse_roles(user, "/user")
    if user.keys() - USER:
        raise bad_token("unknown-member", "The claim user may have name, email, email_verified and handle alone.", "/user")
    return user


def _refuse_roles(claims: Mapping[str, Any], where: str) -> None:
    for name in claims:
        folded = re.sub("[^a-z]", "", name.casefold().rpartition("/")[2]).removeprefix("is")
        if folded in _ROLES:
            raise bad_token("role-claim", "A token gives no role here: roles are given by this site's admins.", where)


def _check_times(claims: Mapping[str, Any]) -> datetime:
    moment = now().timestamp()
    for name in ("iat", "exp", *(["nbf"] if "nbf" in claims else [])):
        # A bool is an int to Python, and a number of any length is one to JSON.
        if type(claims[name]) is not int or not 0 <= claims[name] < 2**40:
            raise bad_token("bad-claim", sentence("The claim %(name)s must be a time in whole seconds since 1970.", name=name), f"/{name}")
    issued, expires = claims["iat"], claims["exp"]
    if max(issued, claims.get("nbf", issued)) > moment + CLOCK_SECONDS:
        raise bad_token("from-the-future", "The token is not good yet: its clock is more than a minute ahead of ours.", "/iat")
    if not 0 < expires - issued <= LIFE_SECONDS:
        raise bad_token("too-long-lived", sentence("A token is good for at most %(most)s seconds.", most=LIFE_SECONDS), "/exp")
    if expires + CLOCK_SECONDS <= moment:
        raise Refusal(
            Kind.SSO_TOKEN_EXPIRED,
            "This sign-in was started too long ago. Go back to the site that you come from and sign in anew.",
        )
    return datetime.fromtimestamp(expires, UTC)
