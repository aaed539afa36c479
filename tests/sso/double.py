"""A provider of OpenID Connect that says whatever a test tells it to: for answers that no certified one can be made to send (see tests/browser/test_oidc.py)."""

import json
import threading
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

from forum.clock import now
from tests.sso.host import Host, write

CLIENT = "forum"
SECRET = "a secret of the client"


@dataclass
class Double:
    """What the provider says: its metadata, keys, token and user, each as it should be or as a test has changed it."""

    port: int
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}))
    # What replaces members of the metadata, the header, the ID token, the answer with it, and what is said of the user; None leaves one out.
    metadata: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    answer: dict[str, Any] = field(default_factory=dict)
    user: dict[str, Any] = field(default_factory=dict)
    # Paths that answer with this status and body in place of what they should.
    instead: dict[str, tuple[int, bytes, dict[str, str]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    forms: list[dict[str, str]] = field(default_factory=list)
    nonce: str = ""
    challenge: str = ""

    @property
    def issuer(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def see(self, address: str) -> dict[str, str]:
        """Take in where the browser was sent, as the login page would, and return what stood in the address."""
        query = dict(parse_qsl(urlsplit(address).query))
        self.nonce, self.challenge = query["nonce"], query["code_challenge"]
        return query

    def say(self, path: str) -> Any:
        """Return what a path answers."""
        if path == "/.well-known/openid-configuration":
            return _replaced(self._metadata(), self.metadata)
        if path == "/jwks":
            return {"keys": [{"kty": "weird"}, 7, self.key.as_dict(private=False)]}
        if path == "/token":
            return _replaced({"access_token": "open", "token_type": "Bearer", "id_token": self.sign()}, self.answer)
        made = {"sub": "7", "name": "Anna Lind", "preferred_username": "anna", "email": "anna@login.example", "email_verified": True}
        return _replaced(made, self.user)

    def sign(self) -> str:
        """Return the ID token."""
        moment = int(now().timestamp())
        made = {"iss": self.issuer, "aud": CLIENT, "sub": "7", "iat": moment, "exp": moment + 60, "nonce": self.nonce}
        header, claims = _replaced({"alg": "RS256", "kid": self.key.kid}, self.header), _replaced(made, self.claims)
        if header.get("alg") == "RS256":
            return jwt.encode(header, claims, self.key)
        secret = self.key.as_pem(private=False) if header.get("alg") == "HS512" else SECRET.encode()
        return Host().sign(json.dumps(header), json.dumps(claims), secret=secret)

    def _metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/auth?tenant=1",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "userinfo_endpoint": f"{self.issuer}/me",
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "HS512", "none"],
            "authorization_response_iss_parameter_supported": True,
        }


def _replaced(made: dict[str, Any], instead: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in (made | instead).items() if value is not None}


@contextmanager
def provide() -> Iterator[Double]:
    """Answer until the block ends."""
    double: Double

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            double.asked.append(path)
            if path in double.instead:
                self._send(*double.instead[path])
            elif path == "/me" and self.headers["Authorization"] != "Bearer open":
                self._send(401, b"{}", {})
            else:
                self._send(200, json.dumps(double.say(path)).encode(), {})

        def do_POST(self) -> None:
            form = {name: values[0] for name, values in parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()).items()}
            double.forms.append(form | {"auth": b64decode((self.headers["Authorization"] or "")[6:]).decode()})
            fits = write(sha256(form.get("code_verifier", "").encode()).digest()) == double.challenge
            if "/token" not in double.instead and (form["code"] != "good" or not fits):
                double.asked.append("/token")
                self._send(400, b'{"error": "invalid_grant"}', {})
            else:
                self.do_GET()

        def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in ({"Content-Type": "application/json", "Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    double = Double(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield double
    finally:
        server.shutdown()
        server.server_close()
