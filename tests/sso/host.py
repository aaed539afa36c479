"""A host site as its programmers would write it: keys, tokens and what the site's admins have set here. Signs with nothing but the standard library and cryptography."""

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from forum.access.viewer import DEFAULT_SITE_ID
from forum.articles.models import Site
from forum.articles.queries import get_site
from forum.clock import now
from forum.db.transaction import writing
from forum.sso.keys import add_key, edit_sso
from forum.sso.models import Algorithm
from forum.web.context import settings

ISSUER = "https://host.example"
ADDRESS = "https://host.example/sign-in?from=talk"


def write(data: bytes | str) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data.encode() if isinstance(data, str) else data).rstrip(b"=").decode()


@dataclass
class Host:
    """A host site with a key of each algorithm; what it signs, and how."""

    secret: str = ""
    private: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    audience: str = ""

    @property
    def public(self) -> bytes:
        """The raw public key."""
        return self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @property
    def jwk(self) -> dict[str, str]:
        """The public key as a JWK."""
        return {"kty": "OKP", "crv": "Ed25519", "x": write(self.public)}

    @property
    def pem(self) -> str:
        """The public key as PEM."""
        return self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def claims(self, **instead: Any) -> dict[str, Any]:
        """Return good claims, some of them replaced; None leaves one out."""
        moment = int(now().timestamp())
        made: dict[str, Any] = {
            "iss": ISSUER,
            "aud": self.audience,
            "sub": "42",
            "iat": moment,
            "exp": moment + 300,
            "jti": secrets.token_hex(8),
            "user": self.user(),
        }
        return {name: value for name, value in (made | instead).items() if value is not None}

    @staticmethod
    def user(**instead: Any) -> dict[str, Any]:
        """Return a good user, some members replaced; None leaves one out."""
        made = {"name": "Anna Lind", "email": "anna@host.example", "email_verified": True, "handle": "anna"}
        return {name: value for name, value in (made | instead).items() if value is not None}

    def token(self, alg: str = "HS256", *, header: dict[str, Any] | None = None, user: dict[str, Any] | None = None, **instead: Any) -> str:
        """Return a token signed as ``alg`` says; ``header`` replaces members of the header, ``instead`` claims."""
        claims = self.claims(**(instead | ({"user": self.user(**user)} if user else {})))
        head = {"alg": alg, "kid": "shared" if alg == "HS256" else "public", "typ": "JWT"} | (header or {})
        return self.sign(json.dumps({name: value for name, value in head.items() if value is not None}), json.dumps(claims), alg)

    def sign(self, header: str, payload: str, alg: str = "HS256", *, secret: bytes | None = None) -> str:
        """Return a token of these two texts; ``secret`` signs in place of the host's own."""
        signed = f"{write(header)}.{write(payload)}"
        if alg == "EdDSA":
            return f"{signed}.{write(self.private.sign(signed.encode()))}"
        key = self.secret.encode() if secret is None else secret
        return f"{signed}.{write(hmac.new(key, signed.encode(), hashlib.sha256).digest())}"


def make_host(*, issuer: str = ISSUER, address: str = ADDRESS) -> Host:
    """Set the site up for a new host and return it."""
    host = Host(audience=settings().base_url)
    with writing() as session:
        site = get_site(session, DEFAULT_SITE_ID)
        edit_sso(session, site, issuer=issuer, address=address)
        _, secret = add_key(session, site, algorithm=Algorithm.HS256, kid="shared", public_key="")
        add_key(session, site, algorithm=Algorithm.EDDSA, kid="public", public_key=json.dumps(host.jwk))
    host.secret = secret or ""
    return host


def make_other_site(host: Host) -> None:
    """Make another site that has the host's public key under the name ``foreign``."""
    with writing() as session:
        other = Site(id=2, slug="other", created_at=now())
        session.add(other)
        session.flush()
        add_key(session, other, algorithm=Algorithm.EDDSA, kid="foreign", public_key=json.dumps(host.jwk))
