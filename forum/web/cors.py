"""Which other sites' scripts may read the API: those of allowed origins, never with cookies (Fetch Standard, "CORS protocol").

An origin that is not allowed gets no header, so that browsers keep the answer from its scripts.
"""

from flask import Flask, Response, request

from forum.web.framing import allowed_origins

METHODS = "GET, POST, PUT, PATCH, DELETE"
HEADERS = "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Request-ID"
EXPOSED = "ETag, Location, Retry-After, Idempotency-Replayed, X-Request-ID"
PREFLIGHT_SECONDS = 600


def register_cors(app: Flask) -> None:
    """Answer other origins' questions about ``app``'s API."""
    app.before_request(_preflight)
    app.after_request(_allow)


def _is_api() -> bool:
    return request.path.startswith("/api/")


def _preflight() -> Response | None:
    if request.method != "OPTIONS" or not _is_api() or "Access-Control-Request-Method" not in request.headers:
        return None
    answer = Response(status=204)
    if request.headers.get("Origin") in allowed_origins():
        answer.headers["Access-Control-Allow-Methods"] = METHODS
        answer.headers["Access-Control-Allow-Headers"] = HEADERS
        answer.headers["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
    return answer


def _allow(response: Response) -> Response:
    if not _is_api():
        return response
    response.vary.add("Origin")
    origin = request.headers.get("Origin")
    if origin is not None and origin in allowed_origins():
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = EXPOSED
    return response
