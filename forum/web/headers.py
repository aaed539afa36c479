"""Security headers on every answer, and the checks that come before any door: a request id, readable addresses, a size limit."""

import random
import re
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import structlog
from flask import Flask, Request, Response, g
from flask.globals import request_ctx

from forum.refusals import Kind, Refusal
from forum.sentences import sentence
from forum.web.context import settings
from forum.web.framing import frame_ancestors
from forum.web.keeping import ENVIRON_FACTS, ENVIRON_FRONT
from forum.web.logs import write_request
from forum.web.measuring import count_request

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
PAGE_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
    )
)
# What follows is a secret: such an address is logged without it, and no other site learns it from a Referer.
SECRET_PATHS = ("/mail/", "/feeds/")
# A window that was opened to sign in hands its sign-in over to the frame that opened it (embed), so it must keep its opener.
SIGN_IN = "/sign-in"
# Where other sites send the browser back with what signs it in.
RETURNS = ("/sign-in/sso/return", "/sign-in/oidc/return")
# What requests are counted under that came to no door.
NO_DOOR = "none"
API_POLICY = "default-src 'none'; frame-ancestors 'none'"


def register_headers(app: Flask) -> None:
    """Attach this file's checks, headers and the request log to ``app``."""
    app.before_request(_open)
    app.after_request(_close)


def request_id_of(given: str) -> str:
    """Return the id that a caller or a proxy gave a request, if it is one, or a new one."""
    # An id is no secret. The system's own source of chance lets the interpreter's lock go, which with many threads costs more than all else here.
    return given if given and _REQUEST_ID.fullmatch(given) else f"{random.getrandbits(128):032x}"


def _open() -> None:
    # What stands for the present request looks for it at each use.
    asked = request_ctx.request
    g.request_id = request_id_of(asked.headers.get("X-Request-ID", ""))
    g.started = perf_counter()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)
    if "\x00" in asked.path or "\x00" in asked.full_path or "%00" in asked.query_string.decode("latin-1"):
        raise Refusal(Kind.MALFORMED, "The address holds a NUL character; take it out.")
    most = settings().max_request_bytes
    if asked.content_length is not None and asked.content_length > most:
        raise Refusal(Kind.TOO_LARGE, sentence("A request has at most %(most)s bytes here.", most=most))


def _close(response: Response) -> Response:
    headers, asked = response.headers, request_ctx.request
    if response.status_code == 308 and response.location:
        # The router's own redirect (a slash too few or too many) names the host that the request named, which may be anybody's.
        there = urlsplit(response.location)
        response.location = urlunsplit(("", "", "/" + there.path.lstrip("/\\"), there.query, ""))
        response.set_data(b"")
    headers["X-Request-ID"] = getattr(g, "request_id", "")
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer" if _before_secret(asked.path) or asked.path in RETURNS else "strict-origin-when-cross-origin"
    headers["Cross-Origin-Opener-Policy"] = "unsafe-none" if asked.path.startswith(SIGN_IN) else "same-origin"
    headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
    if response.mimetype == "text/html":
        headers["Content-Security-Policy"] = f"{PAGE_POLICY}; frame-ancestors {frame_ancestors()}"
        response.vary.add("Sec-Fetch-Dest")
    else:
        headers["Content-Security-Policy"] = API_POLICY
    if settings().is_https:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    facts = _facts(response, asked) | {"request_id": headers["X-Request-ID"]}
    if ENVIRON_FRONT in asked.environ:
        # The layer in front may still answer that nothing has changed; it writes the line.
        asked.environ[ENVIRON_FACTS] = facts
    else:
        write_request(facts)
        count_request(asked.endpoint or NO_DOOR, asked.method, response.status_code, perf_counter() - g.get("started", perf_counter()))
    return response


def _before_secret(path: str) -> str:
    """Return what of a path comes before a secret, empty where it holds none."""
    path = f"/{path.lstrip('/')}"
    return next((begin for begin in SECRET_PATHS if path.startswith(begin)), "")


def _shown_path(path: str) -> str:
    begin = _before_secret(path)
    return f"{begin}…" if begin else path


def _facts(response: Response, asked: Request) -> dict[str, Any]:
    # The path without its query: a query may hold what somebody searched for.
    milliseconds = round((perf_counter() - getattr(g, "started", perf_counter())) * 1000, 1)
    facts: dict[str, Any] = {"method": asked.method, "path": _shown_path(asked.path), "status": response.status_code, "ms": milliseconds}
    account_id = getattr(getattr(g.get("_login_user"), "viewer", None), "account_id", None) if g.get("_login_user") else None
    return facts | ({"account": account_id} if account_id else {})
