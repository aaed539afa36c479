"""Refusals as answers: RFC 9457 documents for the API, pages for people. One table gives each kind its status, title and explanation.

Nothing that goes wrong leaves here as a 500 with a traceback: what is not foreseen is logged and answered as ``internal``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import structlog
from flask import Flask, Response, g, render_template, request, session, url_for
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException

from forum.db.flushing import NotOnDiskError
from forum.refusals import Kind, Moved, Refusal
from forum.sentences import sentence
from forum.web.translation import translated

log = structlog.get_logger(__name__)
RETRY_SECONDS = 2


@dataclass(frozen=True)
class ProblemType:
    """What a kind of refusal means: its status, its title and the sentences on its page."""

    status: int
    title: str
    meaning: str


PROBLEM_TYPES: dict[Kind, ProblemType] = {
    Kind.VALIDATION: ProblemType(
        422,
        "Some of what was sent cannot be accepted",
        sentence("Each entry of `errors` names the field by a JSON pointer and says what to change. Nothing was stored."),
    ),
    Kind.MALFORMED: ProblemType(
        400,
        "The request could not be read",
        sentence("The body is not valid JSON, or the address or a header holds characters that no text may hold."),
    ),
    Kind.BAD_CURSOR: ProblemType(
        400,
        "The cursor is not one of this listing",
        sentence("A cursor works only for the listing, order and filters that gave it. Start again without one."),
    ),
    Kind.UNAUTHENTICATED: ProblemType(
        401,
        "Please sign in",
        sentence("Nobody is signed in, the sign-in has ended, the token is unknown, or login and password do not fit."),
    ),
    Kind.SECOND_FACTOR_REQUIRED: ProblemType(
        401,
        "A second factor is needed as well",
        sentence(
            "Login and password fit, and the account has a second factor. Send the same again with `code`: six digits from the authenticator app, or one of"
            " the recovery codes. An account that has passkeys alone uses a recovery code here."
        ),
    ),
    Kind.SSO_TOKEN_INVALID: ProblemType(
        401,
        "This sign-in from another site cannot be trusted",
        sentence(
            "The token of the site that you come from breaks a rule, or the sign-in was not started in this browser. `errors` says which rule, for the site's"
            " programmers. Start the sign-in again; nothing was changed."
        ),
    ),
    Kind.SSO_TOKEN_EXPIRED: ProblemType(
        401,
        "This sign-in from another site is too old",
        sentence("A host's token is good for ten minutes at most. Go back to that site and sign in anew; a program asks for a new token."),
    ),
    Kind.SSO_TOKEN_REPLAYED: ProblemType(
        409,
        "This sign-in from another site was used already",
        sentence("A host site's token is good once. Go back to that site and sign in anew; a program asks it for a new token."),
    ),
    Kind.ADDRESS_UNCONFIRMED: ProblemType(
        403,
        "Your e-mail address is not confirmed there",
        sentence("Accounts are made only for addresses that the site you come from has confirmed. Confirm yours there and come back."),
    ),
    Kind.LINK_REQUIRED: ProblemType(
        409,
        "An account here has this address already",
        sentence(
            "It is not opened because another site says so. Ask for the mail that connects the two accounts (`POST /api/v1/session/sso/link`), follow the link in"
            " it, and sign in again."
        ),
    ),
    Kind.FORBIDDEN: ProblemType(
        403,
        "You may not do this",
        sentence("You are signed in, but this needs another role, another scope of the token, or to be the writer."),
    ),
    Kind.OWN_COMMENT: ProblemType(
        403,
        "This is your own comment",
        sentence("Readers tag what others wrote. What you think stands in the comment's own stance, which you may edit."),
    ),
    Kind.RECUSED: ProblemType(
        403,
        "You cannot decide on this",
        sentence(
            "Nobody decides on what they wrote, answered, tagged or reported, or on comments on an article of their own, nor on an appeal against what they"
            " decided themselves; another moderator has to."
        ),
    ),
    Kind.SANCTIONED: ProblemType(
        403,
        "Your account is restricted",
        sentence(
            "A moderator has restricted what this account can do. `sanction` is the page that says why, until when (`until`, null: no end) and how to appeal;"
            " a warning has to be acknowledged there first. Reading stays open."
        ),
    ),
    Kind.PLEASE_RECONSIDER: ProblemType(
        422,
        "Please read your text once more",
        sentence(
            "It may hold details by which a patient or client could be recognised. `findings` says which, by their places in the text. Change the text, or"
            " send the same text again with `reconsidered` set to the `token`: that says that details are changed or left out. Nothing was stored."
        ),
    ),
    Kind.CSRF: ProblemType(
        403,
        "The form was too old to be trusted",
        sentence(
            "A request with a cookie must carry the token of its session, in the form or as X-CSRF-Token. Load the page again; what was typed is kept."
        ),
    ),
    Kind.NOT_FOUND: ProblemType(404, "This is not here", sentence("Nothing has this address, or you may not know of it.")),
    Kind.METHOD_NOT_ALLOWED: ProblemType(
        405, "This address does not do that", sentence("The `Allow` header names the methods that work here.")
    ),
    Kind.ILLEGAL_TRANSITION: ProblemType(
        409, "The comment's state does not allow this", sentence("The answer names what is allowed in the present state.")
    ),
    Kind.NOT_TAGGABLE: ProblemType(409, "This comment cannot be tagged now", sentence("Tags are taken on visible comments only.")),
    Kind.CLOSED: ProblemType(
        409, "This discussion is closed to new comments", sentence("Tags stay open. The article's page says why it was closed.")
    ),
    Kind.CLAIMED_BY_OTHER: ProblemType(
        409,
        "Another moderator has this item open",
        sentence(
            "Opening an item claims it for ten minutes. `claimed_until` says until when; take another meanwhile. A draft that was sent comes back."
        ),
    ),
    Kind.CONFLICT: ProblemType(
        409,
        "This clashes with what is there",
        sentence(
            "Something that can be there once is there already: an address, key, handle or name, an open report of yours, a decision. The detail says what."
        ),
    ),
    Kind.STALE_VERSION: ProblemType(
        412,
        "It has changed in the meantime",
        sentence(
            "The version in If-Match, or in the body of a decision, is not the present one. Load it again and decide anew; nothing was overwritten. For a review"
            " item `decision` is what stands, and `draft` what you sent."
        ),
    ),
    Kind.LINK_EXPIRED: ProblemType(
        410,
        "This link is not good any more",
        sentence(
            "A link in a mail is good once and for a short time, which the mail says. Which of the reasons it was is not said. Ask for a new one."
        ),
    ),
    Kind.TOO_LARGE: ProblemType(413, "That is too large", sentence("The request's body is larger than this service reads.")),
    Kind.UNSUPPORTED_MEDIA_TYPE: ProblemType(415, "Only JSON is read here", sentence("Send the body as application/json in UTF-8.")),
    Kind.IDEMPOTENCY_KEY_REUSED: ProblemType(
        422,
        "This Idempotency-Key was used for another request",
        sentence("A key stands for one request and its body for 24 hours. Use a new key for a new request."),
    ),
    Kind.IDEMPOTENCY_KEY_IN_PROGRESS: ProblemType(
        409, "The first request with this Idempotency-Key is still running", sentence("Wait a moment and send it again to get its answer.")
    ),
    Kind.RATE_LIMITED: ProblemType(
        429, "That was too fast", sentence("Wait as long as the Retry-After header says. Nothing was stored, and nothing typed is lost.")
    ),
    Kind.INTERNAL: ProblemType(
        500, "Something went wrong on our side", sentence("It was logged under the request's id. Nothing was stored.")
    ),
    Kind.UNAVAILABLE: ProblemType(
        503,
        "The service is busy or being repaired",
        sentence("Nothing was stored, unless the answer says so. Where it has a Retry-After header, try again after that time."),
    ),
}

_KIND_OF_STATUS = {
    400: Kind.MALFORMED,
    401: Kind.UNAUTHENTICATED,
    403: Kind.FORBIDDEN,
    404: Kind.NOT_FOUND,
    405: Kind.METHOD_NOT_ALLOWED,
    412: Kind.STALE_VERSION,
    413: Kind.TOO_LARGE,
    415: Kind.UNSUPPORTED_MEDIA_TYPE,
    429: Kind.RATE_LIMITED,
    503: Kind.UNAVAILABLE,
}


class ErrorItem(msgspec.Struct, frozen=True):
    """One thing wrong: where it stands, a stable code and a sentence."""

    pointer: str
    code: str
    detail: str


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """A problem document (RFC 9457). ``decision``, ``draft`` and ``claimed_until`` come with decisions of moderators that could not be taken, ``sanction`` and
    ``until`` with what a sanction forbids, ``findings`` and ``token`` with a text that its writer is asked to reconsider.
    """

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[ErrorItem] = []
    allowed: list[str] = []
    decision: Any = None
    draft: Any = None
    claimed_until: datetime | None = None
    sanction: str | None = None
    until: datetime | None = None
    findings: Any = None
    token: str | None = None


def problem_of(refusal: Refusal, say: Callable[[str], str] = str) -> Problem:
    """Return the document of a refusal, with the request's id as its instance; ``say`` writes its sentences, in English when not given."""
    known = PROBLEM_TYPES[refusal.kind]
    return Problem(
        type=f"/problems/{refusal.kind}",
        title=say(known.title),
        status=known.status,
        detail=say(refusal.detail),
        instance=getattr(g, "request_id", ""),
        errors=[ErrorItem(fault.pointer, fault.code, say(fault.detail)) for fault in refusal.faults],
        allowed=list(refusal.allowed),
        **refusal.members,
    )


def translate_type(known: ProblemType) -> ProblemType:
    """Return a problem type in the reader's language; programs get the sentences as they are written."""
    return ProblemType(known.status, translated(known.title), translated(known.meaning))


def wants_json() -> bool:
    """Whether this request is a program's: an API address, or one that asks for JSON before HTML."""
    if request.path.startswith("/api/") or request.path.startswith("/health/") or request.path == "/metrics":
        return True
    return (
        request.accept_mimetypes.best_match(["text/html", "application/problem+json", "application/json"], default="text/html")
        != "text/html"
    )


def answer_refusal(refusal: Refusal) -> Response:
    """Return the refusal as a problem document or as a page."""
    # A page that was to be filled for many (keeping.py) is not what is sent now: nobody fills this one.
    g.pop("csrf_hole", None)
    if wants_json():
        problem = problem_of(refusal)
        response = Response(msgspec.json.encode(problem), problem.status, content_type="application/problem+json")
    else:
        problem = problem_of(refusal, translated)
        response = Response(
            render_template("problem.html", problem=problem, kind=refusal.kind.value, typed=_typed(refusal.kind)),
            problem.status,
            content_type="text/html; charset=utf-8",
        )
    if refusal.retry_after is not None:
        response.headers["Retry-After"] = str(refusal.retry_after)
    if problem.status == 401 and wants_json():
        response.headers["WWW-Authenticate"] = 'Bearer realm="forum"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _typed(kind: Kind) -> str:
    """Return the text of a comment that came with the request, so that it is not gone. What is too large was never read, and what was cut short cannot be."""
    if kind is Kind.TOO_LARGE or request.method != "POST":
        return ""
    try:
        return str(request.form.get("body_md", ""))
    except HTTPException:
        return ""


def refusal_of_database_error(error: Exception) -> Refusal | None:
    """Return the refusal for a database that is locked, gone, full, read-only or too slow; None when the statement itself was at fault."""
    if isinstance(error, NotOnDiskError):
        return Refusal(
            Kind.UNAVAILABLE, "This was stored, but the disk did not confirm it, so it may be lost. Please look whether it is there."
        )
    busy = isinstance(error, OperationalError | PoolTimeoutError) or (
        isinstance(error, DBAPIError) and (error.connection_invalidated or _is_passing(error))
    )
    if not busy:
        return None
    return Refusal(
        Kind.UNAVAILABLE, "The database did not answer in time; nothing was stored. Please try again.", retry_after=RETRY_SECONDS
    )


def is_retryable(error: Exception) -> bool:
    """Whether the transaction lost a race that a second try would win: PostgreSQL's deadlock and serialization failures."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in ("40001", "40P01")


def _is_passing(error: DBAPIError) -> bool:
    state = getattr(error.orig, "sqlstate", None) or ""
    # Connection trouble, insufficient resources, operator intervention, lock not available, read-only transaction.
    return state[:2] in ("08", "53", "57", "58") or state in ("55P03", "25006")


def register_problems(app: Flask) -> None:
    """Make ``app`` answer every refusal and every failure through this file."""
    app.register_error_handler(Refusal, answer_refusal)
    app.register_error_handler(Moved, _answer_moved)
    app.register_error_handler(HTTPException, _answer_http_exception)
    app.register_error_handler(Exception, _answer_failure)


def _answer_moved(moved: Moved) -> Response:
    """Lead to the same door under the names that hold now: a reader for good, whoever sends something with it once more.

    Not for ever all the same: what was put together can be taken apart again, so that nobody may keep this unasked.
    """
    known = request.view_args or {}
    names = {name: value for name, value in moved.names.items() if name in known}
    if not names or request.endpoint is None:
        # It moved while this was under way, and the address does not name it.
        said = "This discussion was just put together with another one; nothing was stored. Please try again."
        return answer_refusal(Refusal(Kind.UNAVAILABLE, said, retry_after=RETRY_SECONDS))
    asked = request.query_string.decode("latin-1")
    location = url_for(request.endpoint, **{**known, **names}) + (f"?{asked}" if asked else "")
    is_page = request.method in ("GET", "HEAD") and not request.path.startswith("/api/")
    response = Response(status=301 if is_page else 308, headers={"Location": location, "Cache-Control": "no-cache"})
    response.headers.pop("Content-Type", None)
    return response


def _answer_http_exception(error: HTTPException) -> Any:
    if error.code is None or error.code < 400:
        return error
    kind = _KIND_OF_STATUS.get(error.code, Kind.MALFORMED if error.code < 500 else Kind.INTERNAL)
    detail = PROBLEM_TYPES[kind].meaning if kind is not Kind.NOT_FOUND else "Nothing has this address, or you may not know of it."
    response = answer_refusal(Refusal(kind, detail))
    if error.code == 405 and getattr(error, "valid_methods", None):
        response.headers["Allow"] = ", ".join(sorted(error.valid_methods))  # type: ignore[attr-defined]
    return response


def _answer_failure(error: Exception) -> Response:
    refusal = refusal_of_database_error(error)
    if refusal is None:
        log.exception("unforeseen failure")
        refusal = Refusal(Kind.INTERNAL, "It was logged under this request's id; nothing was stored.")
    else:
        log.warning("database unavailable", reason=str(getattr(error, "orig", error)))
    # What was to be said of a success, before its transaction failed.
    session.pop("_flashes", None)
    return answer_refusal(refusal)
