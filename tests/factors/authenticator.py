"""An authenticator made of software, for answers that no real one gives: it signs what it is told to, with any origin, counter and flags."""

import hashlib
import json
import secrets
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

ORIGIN = "http://localhost"
HOST = "localhost"
PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


@dataclass
class Authenticator:
    """A key of one account on one host; ``count`` is its counter, 0 for keys that do not count."""

    origin: str = ORIGIN
    host: str = HOST
    flags: int = PRESENT | VERIFIED
    count: int = 1
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    handle: bytes = b""

    def make(self, options: str) -> str:
        """Answer what the browser asks to make a passkey."""
        asked = json.loads(options)
        self.handle = to_bytes(asked["user"]["id"])
        point = self.key.public_key().public_numbers()
        public = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")})
        data = self._data(self.flags | ATTESTED) + bytes(16) + struct.pack(">H", len(self.credential_id)) + self.credential_id + public
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        parts = {"clientDataJSON": self._client("webauthn.create", asked["challenge"]), "attestationObject": attestation}
        return self._answer(parts, {"transports": ["internal", "no-such-way", 7]})

    def prove(self, options: str, **instead: bytes) -> str:
        """Answer what the browser asks to prove a passkey; the counter rises, unless the key does not count."""
        self.count += 1 if self.count else 0
        client = self._client("webauthn.get", json.loads(options)["challenge"])
        data = self._data(self.flags)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        parts = {"clientDataJSON": client, "authenticatorData": data, "signature": signature, "userHandle": self.handle}
        return self._answer(parts | instead)

    def _client(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}).encode()

    def _data(self, flags: int) -> bytes:
        return hashlib.sha256(self.host.encode()).digest() + bytes([flags]) + struct.pack(">I", self.count)

    def _answer(self, parts: dict[str, bytes], more: dict[str, Any] | None = None) -> str:
        response = {name: to_text(part) for name, part in parts.items()} | (more or {})
        name = to_text(self.credential_id)
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})


def to_text(data: bytes) -> str:
    """Return bytes as WebAuthn writes them."""
    return urlsafe_b64encode(data).decode().rstrip("=")


def to_bytes(text: str) -> bytes:
    """Return what WebAuthn has written."""
    return urlsafe_b64decode(text + "===")
