"""Page doors: HTML answers of the same steps as ``doors.py``; the template is filled after the transaction has ended, from plain structures.

A form that is refused comes back with what was typed and the reasons beside the fields (``redisplay``); a visitor who must sign in is sent there
and back.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import msgspec
from flask import Blueprint, Response, redirect, render_template, request

from forum.access.permissions import Permission
from forum.access.viewer import VISITOR, Viewer
from forum.db.transaction import reading
from forum.refusals import Kind, Refusal
from forum.web import due
from forum.web.caching import PRIVATE, shared_caching
from forum.web.context import settings
from forum.web.csrf import require_csrf
from forum.web.doors import AnyCall, Call, Door, request_path, require, run, summary_of, viewer_of_request
from forum.web.framing import is_framed
from forum.web.keeping import Keep, keep
from forum.web.parsing import read_form, read_query
from forum.web.problems import PROBLEM_TYPES


@dataclass(frozen=True)
class Page:
    """A page to show: its template, what it is filled with, its status and its type. ``body``: what is sent as it is, where there is no template.

    ``filename``: it is a file to keep, under this name. ``shared_seconds``: everybody gets the same, and anyone may keep it that long.
    ``unstored``: it shows a secret, which no cache and no back button may bring back. ``kept``: what of it may be kept for others.
    """

    template: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    content_type: str = "text/html; charset=utf-8"
    body: str | None = None
    filename: str = ""
    shared_seconds: int = 0
    unstored: bool = False
    kept: Keep | None = None


@dataclass(frozen=True)
class Redirect:
    """Go on elsewhere (303 See Other): the answer to every form that did its work. ``location`` is a path of ours; only ``sso`` sends people to where else they sign in."""

    location: str


class PageDoors:
    """The HTML doors of one room: a blueprint and the declarations on it."""

    def __init__(self, room: str) -> None:
        self.blueprint = Blueprint(f"{room}_pages", f"forum.{room}.pages")
        self.doors: list[Door] = []

    def door(
        self, method: str, rule: str, permission: Permission, **declared: Any
    ) -> Callable[[Callable[[Any], Page | Redirect]], Callable[[Any], Page | Redirect]]:
        """Declare the decorated view as the door ``method rule``. ``body`` is the form's structure, ``redisplay`` shows a refused form again."""

        def declare(view: Callable[[Any], Page | Redirect]) -> Callable[[Any], Page | Redirect]:
            door = Door(method, rule, f"{self.blueprint.name}.{view.__name__}", permission, summary_of(view), view, **declared)
            self.doors.append(door)
            self.blueprint.add_url_rule(rule, view.__name__, lambda **path: _answer_page(door, path), methods=[method])
            return view

        return declare


def safe_next(target: str | None, *, otherwise: str = "/") -> str:
    """Return ``target`` when it is a path of this site, else ``otherwise``: nobody can be sent elsewhere by a crafted link.

    Browsers read ``//host``, ``/\\host`` and a path with control characters as another host's address; all are turned away.
    """
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return otherwise
    return otherwise if any(ord(letter) < 33 or letter == "\\" or ord(letter) == 127 for letter in target) else target


def _answer_page(door: Door, path: Mapping[str, Any]) -> Response:
    viewer = VISITOR if door.unbound or door.impersonal else viewer_of_request()
    if is_framed() and not door.framed:
        return _to_response(Page("service/own_window.html", {"address": request_path() if door.is_safe else "/"}), viewer, None)
    call: AnyCall = Call(viewer=viewer, path=path, body=None, query=None)
    try:
        if not door.is_safe and door.csrf:
            require_csrf()
        call.query = _read_known_query(door.query) if door.query else None
        call.body = read_form(door.body) if door.body else None
        outcome = run(door, call, door.view)
        status = None
    except Refusal as refusal:
        outcome, status = _after_refusal(door, call, refusal)
    return _to_response(outcome, viewer, status)


def _after_refusal(door: Door, call: AnyCall, refusal: Refusal) -> tuple[Page | Redirect, int | None]:
    if door.redisplay is not None:
        # A form that could not be read has not come as far as ``run``.
        due.look()
        with reading() as session:
            call.session = session
            call.thing = door.load(call) if door.load else None
            refusal = _after_permission(door, call, refusal)
            return door.redisplay(call, refusal), PROBLEM_TYPES[refusal.kind].status
    if refusal.kind is Kind.UNAUTHENTICATED and door.is_safe:
        return Redirect(f"/sign-in?next={quote(request_path(), safe='/')}"), None
    raise refusal


def _after_permission(door: Door, call: AnyCall, refusal: Refusal) -> Refusal:
    """Return the refusal to show the form again with: a form may have been refused as unreadable before anybody asked who sent it.

    Raises Refusal for somebody signed in who may not use the form, since showing it again would show what it is about; a visitor is to sign in first.
    """
    try:
        require(call.viewer, door.permission, call.thing)
    except Refusal as not_allowed:
        if call.viewer.is_signed_in:
            raise
        return refusal if refusal.kind is Kind.CSRF else not_allowed
    return refusal


def _read_known_query(kind: type) -> Any:
    """Read the query of a page: parameters that the page does not know (``utm_source`` and the like) are no fault of the reader's."""
    known = {item.encode_name for item in msgspec.structs.fields(kind)}
    request.args = type(request.args)((name, value) for name, value in request.args.items(multi=True) if name in known and value != "")
    return read_query(kind)


def _to_response(outcome: Page | Redirect, viewer: Viewer, status: int | None) -> Response:
    if isinstance(outcome, Redirect):
        return _private(redirect(outcome.location, code=303))
    html = outcome.body if outcome.body is not None else render_template(outcome.template, **outcome.context)
    response = Response(html, status or outcome.status, content_type=outcome.content_type)
    if outcome.filename:
        response.headers.set("Content-Disposition", "attachment", filename=outcome.filename)
    if outcome.unstored:
        response.headers["Cache-Control"] = "no-store"
        return response
    if outcome.kept is not None:
        return _kept(response, outcome.kept)
    return _shared(response, outcome.shared_seconds) if outcome.shared_seconds else _private(response)


def _kept(response: Response, what: Keep) -> Response:
    keep(what)
    response.vary.update(("Cookie", "Accept-Language", "Accept-Encoding"))
    response.headers["Cache-Control"] = shared_caching(settings().shared_cache_seconds) if what.reader is None else PRIVATE
    return response


def _shared(response: Response, seconds: int) -> Response:
    response.headers["Cache-Control"] = f"public, max-age={seconds}"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    if response.mimetype != "text/javascript":
        # What has words has them in the reader's language.
        response.vary.add("Accept-Language")
    response.add_etag()
    response.make_conditional(request)
    return response


def _private(response: Any) -> Response:
    # no-store would also forbid the back button to bring back what was typed.
    response.headers["Cache-Control"] = "private, no-cache"
    response.vary.add("Cookie")
    answer: Response = response
    return answer
