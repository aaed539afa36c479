"""Ready answers that several processes and servers share in Redis or Valkey, so that a hot discussion is built once by one of them and not by each.

The rule: nothing here is believed. An entry is signed, belongs to one build of the program under one set of settings, and says which state of its article it
shows; whoever takes it asks the database for the present state first, as for what lies in its own memory. Only what a visitor gets is stored.
"""

import hashlib
import hmac
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import msgspec

from forum.db.valkey import Away, Valkey
from forum.paths import resource
from forum.settings import Settings
from forum.web.shelf import Kept, Subject

# What nobody has asked for again by then is built anew.
LASTS_SECONDS = 600
MOST_BYTES = 1_000_000
# Settings that say nothing about a page, and may differ between servers that give the same.
OF_ONE_SERVER = frozenset(
    {
        *("data_dir", "database_url", "database_replica_url", "database_timeout_seconds", "database_pool_size", "redis_url"),
        *("trusted_proxies", "workers", "threads", "cache_megabytes", "jobs", "metrics_allowed"),
        *("slow_query_ms", "log_level", "log_format"),
    }
)
SIGNATURE_BYTES = hashlib.sha256().digest_size


class _Stored(msgspec.Struct, array_like=True, frozen=True):
    subject: Subject
    stamp: tuple[Any, ...]
    headers: list[tuple[str, str]]
    body: bytes
    tag: str
    ids: frozenset[int]
    writers: frozenset[str]


class SharedShelf:
    """The answers that lie in ``valkey`` for all processes with the same program, settings and ``secret``. Nothing raises: what is away is not there."""

    def __init__(self, valkey: Valkey, settings: Settings, *, secret: str) -> None:
        self._valkey = valkey
        self._secret = hmac.digest(secret.encode(), b"shared shelf", hashlib.sha256)
        # Pages of another version, or under other settings, are other pages.
        shown = {name: value for name, value in msgspec.structs.asdict(settings).items() if name not in OF_ONE_SERVER}
        self._build = hashlib.sha256(fingerprint_of_program() + msgspec.json.encode(shown)).hexdigest()

    def find(self, key: Hashable) -> Kept | None:
        """Return what was stored under ``key``, whatever state it shows, or None."""
        place = self._place(key)
        try:
            found: Any = self._valkey.ask(lambda client: client.get(place))
        except Away:
            return None
        if not found or not hmac.compare_digest(found[:SIGNATURE_BYTES], self._sign(place, found[SIGNATURE_BYTES:])):
            return None
        stored = msgspec.msgpack.decode(found[SIGNATURE_BYTES:], type=_Stored)
        return Kept(stored.subject, stored.stamp, stored.headers, stored.body, tag=stored.tag, ids=stored.ids, writers=stored.writers)

    def put(self, key: Hashable, kept: Kept) -> None:
        """Store an answer that every visitor gets; one that has holes or is very long is not."""
        if kept.pieces or len(kept.body) > MOST_BYTES:
            return
        place = self._place(key)
        data = msgspec.msgpack.encode(_Stored(kept.subject, kept.stamp, kept.headers, kept.body, kept.tag, kept.ids, kept.writers))
        try:
            self._valkey.ask(lambda client: client.set(place, self._sign(place, data) + data, ex=LASTS_SECONDS))
        except Away:
            return

    def _place(self, key: Hashable) -> str:
        return self._valkey.key(hashlib.sha256(f"{self._build}\0{key!r}".encode()).hexdigest(), "answer")

    def _sign(self, place: str, data: bytes) -> bytes:
        return hmac.digest(self._secret, place.encode() + b"\0" + data, hashlib.sha256)


def fingerprint_of_program() -> bytes:
    """Return a hash of everything that pages are made of: the program, its templates, scripts and styles."""
    digest = hashlib.sha256()
    for folder in (Path(__file__).parent.parent, Path(resource("templates"))):
        for path in sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts):
            digest.update(f"{path.relative_to(folder)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.digest()
