"""Idempotency-Key on POST: the same key and body replays the stored answer, for 24 hours.

The answer is stored in the transaction of its effect, so that a crash leaves both or neither and a retry can never do a thing twice.
"""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Lock

from flask import request
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from forum.access.viewer import Viewer
from forum.clock import now
from forum.db.upsert import insert_if_absent
from forum.refusals import Fault, Kind, Refusal, invalid
from forum.sentences import sentence
from forum.web.limits import network_of
from forum.web.models import StoredAnswer
from forum.web.parsing import read_body

KEPT = timedelta(hours=24)
KEY_MAX = 200
KEY_PATTERN = f"[!-~]{{1,{KEY_MAX}}}"
_running: set[tuple[str, str]] = set()
_lock = Lock()


def key_of_request() -> str | None:
    """Return the request's Idempotency-Key, or None without one. Raises Refusal ``validation`` for one that is empty, too long or not plain ASCII."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not re.fullmatch(KEY_PATTERN, key):
        raise invalid(
            Fault(
                "",
                "idempotency-key",
                sentence("An Idempotency-Key has 1 to %(most)s printable ASCII characters and no spaces.", most=KEY_MAX),
            )
        )
    return key


@contextmanager
def running(viewer: Viewer, key: str) -> Iterator[None]:
    """Hold ``key`` in this process while its request runs; raises Refusal when it is running already.

    Between processes the unique row decides: the second request waits for the first and then replays its answer.
    """
    held = (_caller(viewer), key)
    with _lock:
        if held in _running:
            raise Refusal(
                Kind.IDEMPOTENCY_KEY_IN_PROGRESS,
                "The first request with this key is still running; send it again in a moment.",
                retry_after=1,
            )
        _running.add(held)
    try:
        yield
    finally:
        with _lock:
            _running.discard(held)


def find(session: Session, viewer: Viewer, key: str) -> StoredAnswer | None:
    """Return the answer that is stored under ``key``, or None. Raises Refusal when it stands for another request."""
    mine = (StoredAnswer.caller == _caller(viewer), StoredAnswer.key_hash == _hash(key), StoredAnswer.created_at >= now() - KEPT)
    stored = session.scalar(select(StoredAnswer).where(*mine))
    return _same_request(stored) if stored is not None else None


def reserve(session: Session, viewer: Viewer, key: str) -> StoredAnswer | None:
    """Take ``key`` for this request, or return the answer that is stored under it. Raises Refusal when it stands for another request."""
    session.execute(delete(StoredAnswer).where(StoredAnswer.created_at < now() - KEPT))
    taken = insert_if_absent(
        session,
        StoredAnswer,
        caller=_caller(viewer),
        key_hash=_hash(key),
        request_hash=_request_hash(),
        status=0,
        body=b"",
        created_at=now(),
    )
    if taken:
        return None
    return _same_request(_find(session, viewer, key))


def store(session: Session, viewer: Viewer, key: str, *, status: int, location: str | None, body: bytes) -> None:
    """Keep the answer under the reserved ``key``, in the open transaction."""
    stored = _find(session, viewer, key)
    stored.status, stored.location, stored.body = status, location, body


def _same_request(stored: StoredAnswer) -> StoredAnswer:
    if stored.request_hash != _request_hash():
        raise Refusal(Kind.IDEMPOTENCY_KEY_REUSED, "This key was used for another request; use a new key for a new request.")
    return stored


def _find(session: Session, viewer: Viewer, key: str) -> StoredAnswer:
    return session.scalars(select(StoredAnswer).where(StoredAnswer.caller == _caller(viewer), StoredAnswer.key_hash == _hash(key))).one()


def _caller(viewer: Viewer) -> str:
    return f"account:{viewer.account_id}" if viewer.is_signed_in else _hash(f"address:{network_of(request.remote_addr)}")[:64]


def _request_hash() -> str:
    return hashlib.sha256(f"{request.method} {request.full_path}\0".encode() + read_body()).hexdigest()


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
