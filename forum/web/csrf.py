"""The token that a changing request with a cookie must carry: in the form as ``csrf_token`` or in the header X-CSRF-Token.

Decided by how the caller proved who they are, not by the address: a bearer token needs none, a cookie always does.
"""

from flask import g, request
from flask_wtf.csrf import generate_csrf, validate_csrf
from wtforms import ValidationError

from forum.refusals import Kind, Refusal

HEADER = "X-CSRF-Token"


def csrf_token() -> str:
    """Return the session's token; the first call of a session sets its cookie. In a page that is kept for others it is a hole."""
    hole: str | None = g.get("csrf_hole")
    if hole is not None:
        return hole
    return str(generate_csrf())


def require_csrf() -> None:
    """Raise Refusal ``csrf`` unless the request carries its session's token."""
    try:
        validate_csrf(request.headers.get(HEADER) or request.form.get("csrf_token"))
    except ValidationError:
        raise Refusal(Kind.CSRF, "The form was too old, or did not come from here. Please send it again; nothing typed is lost.") from None
