"""Pages inside a frame on another site: which may be, who may frame them, and the cookie that they have of their own.

The rule: a page can be framed only when its door says ``framed``, and only by the origins that the rooms above list in ``ORIGINS``. Whether a request comes
from a frame is what the browser says of it (``Sec-Fetch-Dest``, Fetch Metadata); scripts of a framed page say so in a header of ours.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from flask import Flask, Response, current_app, request
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from forum.clock import now
from forum.db.transaction import reading
from forum.web.context import settings

DESTINATIONS = frozenset({"iframe", "frame", "embed", "object", "fencedframe"})
HEADER = "X-Forum-Frame"
KNOWN = "forum_origins"
REMEMBERED = timedelta(seconds=10)
log = structlog.get_logger(__name__)
# Returns every origin whose pages may frame ours; app.py fills the list.
ORIGINS: list[Callable[[Session], list[str]]] = []


@dataclass(frozen=True)
class _Known:
    asked_at: datetime
    origins: tuple[str, ...]


def is_framed() -> bool:
    """Whether the present request is made by, or for, a page in a frame."""
    return is_of_frame(request.headers.get("Sec-Fetch-Dest", ""), request.headers.get(HEADER))


def is_of_frame(destination: str, said: str | None) -> bool:
    """Whether a request with these values of Sec-Fetch-Dest and X-Forum-Frame is made by, or for, a page in a frame."""
    return destination in DESTINATIONS or said == "1"


def known_origins(app: Flask) -> tuple[str, ...] | None:
    """Return the allowed origins if this process has asked for them within the last ten seconds."""
    known: _Known | None = app.extensions.get(KNOWN)
    moment = now()
    return known.origins if known is not None and known.asked_at <= moment < known.asked_at + REMEMBERED else None


def allowed_origins() -> tuple[str, ...]:
    """Return the origins whose pages may frame ours, as known at most ten seconds ago; none while the database cannot say."""
    known: _Known | None = current_app.extensions.get(KNOWN)
    moment = now()
    if known is not None and known.asked_at <= moment < known.asked_at + REMEMBERED:
        return known.origins
    try:
        with reading() as session:
            origins = tuple(origin for read in ORIGINS for origin in read(session))
    except (DBAPIError, PoolTimeoutError) as error:
        log.warning("origins_not_read", error=type(error).__name__)
        return known.origins if known is not None else ()
    current_app.extensions[KNOWN] = _Known(moment, origins)
    return origins


def forget_origins() -> None:
    """Let this process ask anew which origins are allowed: they have changed."""
    current_app.extensions.pop(KNOWN, None)


def frame_ancestors() -> str:
    """Return the sources of ``frame-ancestors`` for the present answer: nobody, unless it is asked for by a frame."""
    return " ".join(allowed_origins()) or "'none'" if is_framed() else "'none'"


class FrameSessions(SecureCookieSessionInterface):
    """Flask's signed cookie, and for pages in a frame a second one of another name.

    Browsers send the first (``SameSite=Lax``) to no frame on another site. The second is ``SameSite=None; Secure; Partitioned`` (CHIPS): kept apart for each
    site that shows the frame, and therefore there also where third-party cookies are blocked.
    """

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Send the cookie if it has changed; an answer that is the same for all is not said to depend on it only because a template could have looked."""
        if not session and not session.modified and not session.accessed:
            # Nobody looked at it, as with a token: there is nothing to send, which Flask finds out last.
            return
        if session.modified or not response.cache_control.public:
            super().save_session(app, session, response)

    def get_cookie_name(self, app: Flask) -> str:
        """Return the name of the cookie that belongs to the present request."""
        name = super().get_cookie_name(app)
        return f"{name}-frame" if is_framed() else name

    def get_cookie_samesite(self, app: Flask) -> str | None:
        """Return ``None`` (sent to frames on other sites) for the frame's cookie; that needs https, without which it stays ``Lax``."""
        return "None" if is_framed() and settings().is_https else super().get_cookie_samesite(app)

    def get_cookie_partitioned(self, app: Flask) -> bool:
        """Return whether the browser keeps the cookie apart for each site that shows the frame."""
        return is_framed() and settings().is_https
