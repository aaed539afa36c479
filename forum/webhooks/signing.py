"""How a message says who sent it: the headers of Standard Webhooks 1.0, signed with every secret that is good at that moment."""

import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import datetime

PREFIX = "whsec_"
# The specification takes 24 to 64.
SECRET_BYTES = 32


def make_secret() -> str:
    """Return a new secret as it is stored; ``PREFIX`` and it are what the receiver gets."""
    return b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def make_message_id() -> str:
    """Return the id of a new message: without a full stop, which parts what is signed."""
    return f"msg_{secrets.token_hex(16)}"


def sign(message_id: str, body: bytes, *, at: datetime, with_secrets: Sequence[str]) -> dict[str, str]:
    """Return the headers of one attempt: the same id at each, the time of this one, a signature for each secret."""
    timestamp = str(int(at.timestamp()))
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    signatures = (b64encode(hmac.digest(b64decode(secret), signed, "sha256")).decode() for secret in with_secrets)
    return {"webhook-id": message_id, "webhook-timestamp": timestamp, "webhook-signature": " ".join(f"v1,{each}" for each in signatures)}
