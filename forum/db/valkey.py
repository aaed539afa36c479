"""The optional Redis or Valkey beside the database: it holds nothing that may not be lost, and whoever asks it has an answer for when it is away.

The rule: nobody waits for it. A command has a quarter of a second; after a failure nobody asks for five seconds, then one caller tries again. ``app.py`` opens it
where FORUM_REDIS_URL is set; only then is the library imported.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

import structlog
from flask import Flask, current_app

from forum.clock import now

if TYPE_CHECKING:
    from redis import Redis

T = TypeVar("T")
EXTENSION = "forum_valkey"
ANSWER_SECONDS = 0.25
SHUT = timedelta(seconds=5)
log = structlog.get_logger(__name__)


class Away(Exception):
    """It does not answer, refuses, or was not asked because it failed a moment ago."""


def client_url(url: str) -> str:
    """Return the address of a Redis or Valkey as the client takes it."""
    return url.replace("valkey", "redis", 1) if url.startswith("valkey") else url


def client_bounds(seconds: float) -> dict[str, Any]:
    """Return how long a client waits: a connection that the server has closed is opened again at once; what takes too long is not tried twice."""
    from redis.backoff import NoBackoff
    from redis.exceptions import ConnectionError as Broken
    from redis.retry import Retry

    retry = Retry(NoBackoff(), 1, supported_errors=(Broken,))
    return {"socket_timeout": seconds, "socket_connect_timeout": seconds, "retry": retry}


class Valkey:
    """One process's way to the server at ``url``. ``namespace`` begins every key, so that several forums can share a server."""

    def __init__(self, url: str, *, namespace: str) -> None:
        from redis import Redis
        from redis.exceptions import RedisError

        self._redis: Redis = Redis.from_url(url, **client_bounds(ANSWER_SECONDS))
        self._failures = (RedisError, OSError)
        self._namespace = namespace
        self._failed_at: datetime | None = None
        self._lock = Lock()

    def key(self, *parts: object) -> str:
        """Return the key of ``parts``. Keys whose first parts are the same lie in the same slot of a cluster, so that one script may use them together."""
        first, *rest = map(str, parts)
        return ":".join((self._namespace, "{" + first + "}", *rest))

    def ask(self, command: Callable[[Redis], T]) -> T:
        """Return what ``command`` returns of the client. Raises Away when that fails, and at once for as long as the way is shut."""
        self._enter()
        try:
            answer = command(self._redis)
        except self._failures as error:
            self._shut(error)
            raise Away from None
        self._open()
        return answer

    def _enter(self) -> None:
        if self._failed_at is None:
            return
        with self._lock:
            moment, failed_at = now(), self._failed_at
            if failed_at is not None and failed_at <= moment < failed_at + SHUT:
                raise Away
            if failed_at is not None:
                # One tries; the others go on without until it has come back.
                self._failed_at = moment

    def _shut(self, error: Exception) -> None:
        with self._lock:
            was_open, self._failed_at = self._failed_at is None, now()
        if was_open:
            log.warning("redis is away; the database does its work", error=type(error).__name__)

    def _open(self) -> None:
        if self._failed_at is not None:
            with self._lock:
                self._failed_at = None
            log.info("redis is back")


def open_valkey(app: Flask, url: str, *, secret: str) -> None:
    """Let ``app`` use the server at ``url``; an empty one: none. Nothing is connected yet."""
    if url:
        namespace = f"forum:{hashlib.sha256(b'valkey:' + secret.encode()).hexdigest()[:8]}"
        app.extensions[EXTENSION] = Valkey(client_url(url), namespace=namespace)


def find_valkey() -> Valkey | None:
    """Return the present application's Redis or Valkey, or None where none is set."""
    found: Valkey | None = current_app.extensions.get(EXTENSION)
    return found
