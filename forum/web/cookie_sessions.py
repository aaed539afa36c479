"""What a session's cookie says, read without Flask: who is signed in and the token of that person's forms.

The rule: a session that holds anything that could make a page another one is nobody's here, and Flask reads it itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any

from flask import Flask
from itsdangerous import BadData, URLSafeTimedSerializer

# What a session may hold besides a sign-in for its pages to be kept; ``theme`` is the frame's.
PLAIN_SESSION = frozenset({"_user_id", "_fresh", "_id", "_permanent", "csrf_token", "theme"})
SESSION_SECONDS = 60.0
MOST_SESSIONS = 4096


@dataclass(frozen=True)
class CookieSession:
    """What the cookie says: the sign-in's secret and the token that its forms carry (both empty for a visitor), and the frame's theme."""

    secret: str = ""
    csrf: str = ""
    theme: str = ""


VISITING = CookieSession()


class CookieSessions:
    """Reads the cookies of ``app`` and remembers for a minute what each said."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._signer = URLSafeTimedSerializer(str(app.secret_key), salt="wtf-csrf-token")
        self._known: dict[str, tuple[float, CookieSession | None]] = {}

    def forget(self) -> None:
        """Forget what every cookie said."""
        self._known.clear()

    def find(self, environ: Mapping[str, Any], name: str) -> CookieSession | None:
        """Return what the cookie ``name`` of a request says, or None when it holds what makes the page another."""
        header = environ.get("HTTP_COOKIE", "")
        if name not in header:
            return VISITING
        value = next((value for part in header.split(";") for found, _, value in (part.strip().partition("="),) if found == name), "")
        if not value:
            return VISITING
        moment = monotonic()
        known = self._known.get(value)
        if known is not None and moment < known[0] + SESSION_SECONDS:
            return known[1]
        if len(self._known) >= MOST_SESSIONS:
            self._known.clear()
        session = self._read(value)
        self._known[value] = (moment, session)
        return session

    def _read(self, value: str) -> CookieSession | None:
        serializer: Any = self._app.session_interface.get_signing_serializer(self._app)  # type: ignore[attr-defined]
        try:
            held = serializer.loads(value.strip('"'), max_age=int(self._app.permanent_session_lifetime.total_seconds()))
        except BadData:
            return VISITING
        if not PLAIN_SESSION.issuperset(held):
            return None
        secret = str(held.get("_user_id", ""))
        if not secret:
            return CookieSession(theme=str(held.get("theme", "")))
        # Without a token of its own the page would begin one.
        return (
            CookieSession(secret, str(self._signer.dumps(held["csrf_token"])), str(held.get("theme", ""))) if "csrf_token" in held else None
        )
