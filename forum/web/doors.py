"""Doors: every address of the service is one, and every one runs the same steps – load → check → (prepare →) transact → answer.

A door is declared with its permission, what it reads and what it may answer; the OpenAPI document, the routes and the tests all come from
that declaration. ``ApiDoors`` answers JSON, ``PageDoors`` (pages.py) HTML; both call the same actions.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import msgspec
from flask import Blueprint, Response, request
from flask_login import current_user
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from forum.access.permissions import Permission
from forum.access.table import TABLE, can, has_scope
from forum.access.viewer import VISITOR, Via, Viewer
from forum.db.transaction import reading, writing
from forum.refusals import Kind, Refusal
from forum.sentences import sentence
from forum.web import due, idempotency
from forum.web.caching import entity_tag, is_fresh, set_caching
from forum.web.csrf import require_csrf
from forum.web.lagging import find_lagging
from forum.web.models import StoredAnswer
from forum.web.parsing import read_json, read_query
from forum.web.problems import is_retryable

Thing = TypeVar("Thing")
Body = TypeVar("Body")
Query = TypeVar("Query")
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
API = "/api/v1"
TRIES = 4


@dataclass
class Call(Generic[Thing, Body, Query]):
    """One request at a door: who asks, what the door loaded, what was sent, and the open transaction's session."""

    viewer: Viewer
    path: Mapping[str, Any]
    body: Body
    query: Query
    session: Session = field(init=False)
    thing: Thing = field(init=False)
    prepared: Any = None


AnyCall = Call[Any, Any, Any]


@dataclass(frozen=True)
class Answer:
    """What an API door answers: a structure (None: no body), its status, the address of what was made."""

    value: msgspec.Struct | bytes | None = None
    status: int = 200
    location: str | None = None
    # For doors that answer with a secret: what may be stored under an Idempotency-Key in its place.
    storable: msgspec.Struct | None = None
    content_type: str = "application/json"


@dataclass(frozen=True)
class Door:
    """The declaration of one door."""

    method: str
    rule: str
    endpoint: str
    permission: Permission
    summary: str
    view: Callable[[AnyCall], Any]
    load: Callable[[AnyCall], Any] | None = None
    prepare: Callable[[AnyCall], Any] | None = None
    body: type | None = None
    query: type | None = None
    answers: Mapping[int, type | None] = field(default_factory=dict)
    # The kinds that are this door's own; what all doors' steps can refuse is added where they are documented.
    problems: frozenset[Kind] = frozenset()
    etag: Callable[[AnyCall], str] | None = None
    private: bool = False
    versioned: bool = False
    # False only where no earlier sign-in is used: signing in and up. Their JSON content type keeps other sites' forms out.
    csrf: bool = True
    redisplay: Callable[[AnyCall, Refusal], Any] | None = None
    # True for doors that never touch the database, not even to learn who asks: they answer while it is down.
    unbound: bool = False
    # True where a stored answer would be useless (signing in sets a cookie): a replay does the thing again, and says that it is one.
    repeats: bool = False
    # The types, besides JSON, in which a reading door can give the same answer to who asks for them in Accept.
    also: tuple[str, ...] = ()
    # True for the few addresses (GET) to which another site sends the browser back, and whose visit does something. They check a state of their own.
    changes: bool = False
    # True for pages that may be shown in a frame on an allowed origin's page; all others open in a window of their own.
    framed: bool = False
    # True where everybody gets what a visitor gets: who asks is not even looked at, so that the answer can be kept for all.
    impersonal: bool = False
    # True where neither the permission nor ``prepare`` looks at what is loaded: it is loaded once then, in the transaction.
    prepares_unloaded: bool = False
    # True where a view may let its answer be kept (keeping.py): the layer in front of Flask looks there first.
    kept: bool = False
    # Where a replica of the database may answer: which article's version must be the primary's for that (its id, its version, what else of its state counts);
    # ``may_lag``: none.
    lags: Callable[[AnyCall], tuple[int, ...] | None] | None = None

    @property
    def is_safe(self) -> bool:
        """Whether the door only reads."""
        return self.method in SAFE and not self.changes


def viewer_of_request() -> Viewer:
    """Return who is asking. Raises Refusal ``unauthenticated`` for a token that is not valid."""
    viewer: Viewer = current_user.viewer
    return viewer


def require(viewer: Viewer, permission: Permission, thing: Any) -> None:
    """Raise Refusal unless the permission table lets ``viewer`` do this: unauthenticated for a visitor, forbidden for others."""
    if can(viewer, permission, thing):
        return
    if not viewer.is_signed_in:
        raise Refusal(Kind.UNAUTHENTICATED, "Please sign in first.")
    if not has_scope(viewer, permission):
        raise Refusal(
            Kind.FORBIDDEN,
            sentence("This token lacks the scope '%(scope)s'; make one that has it in the settings.", scope=str(TABLE[permission].scope)),
        )
    raise Refusal(Kind.FORBIDDEN, sentence("Your account may not do this. What it takes: %(permission)s", permission=permission.value))


def run(door: Door, call: AnyCall, act: Callable[[AnyCall], Any], *, recall: Callable[[AnyCall], Any] | None = None) -> Any:
    """Load, check and act in one transaction; a lost race on PostgreSQL is run again, up to four times in all.

    What time has made due is settled first. A door that prepares is loaded and checked before that as well: nobody is worked for who may not come in.
    ``recall`` may then answer from what is stored.
    """
    if door.unbound:
        return act(call)
    due.look()
    if door.prepare is not None:
        known = _act_before(door, call, recall)
        if known is not None:
            return known
        call.prepared = door.prepare(call)
    if door.is_safe:
        elsewhere = _act_on_replica(door, call, act)
        if elsewhere is not None:
            return elsewhere[0]
        with reading() as session:
            return _act(door, call, session, act)
    lagging = find_lagging()
    for attempt in range(1, TRIES + 1):
        try:
            with writing() as session:
                answer = _act(door, call, session, act)
                if lagging is not None and call.viewer.account_id is not None:
                    lagging.count_write(session, call.viewer.account_id)
                return answer
        except DBAPIError as error:
            if attempt == TRIES or not is_retryable(error):
                raise
    raise AssertionError("unreachable")


def _act_on_replica(door: Door, call: AnyCall, act: Callable[[AnyCall], Any]) -> tuple[Any] | None:
    """Return what a replica answers, or None where there is none or it does not have what must be shown."""
    lagging = find_lagging() if door.lags is not None else None
    if lagging is None:
        return None

    def act_if_present(call: AnyCall) -> Any:
        shown = door.lags(call) if door.lags is not None else None
        if shown is not None:
            lagging.require_present(*shown)
        return act(call)

    found = lagging.answer(call.viewer, lambda session: _act(door, call, session, act_if_present))
    if found is None:
        # What was read there for the view's own use belongs to a transaction that has ended.
        call.prepared = None
    return found


def _act_before(door: Door, call: AnyCall, recall: Callable[[AnyCall], Any] | None) -> Any:
    if door.prepares_unloaded and call.viewer.is_signed_in:
        require(call.viewer, door.permission, None)
        if recall is None:
            return None
    with reading() as session:
        return _act(door, call, session, recall or _nothing)


def _nothing(call: AnyCall) -> None:
    return None


def _act(door: Door, call: AnyCall, session: Session, act: Callable[[AnyCall], Any]) -> Any:
    call.session = session
    call.thing = door.load(call) if door.load else None
    require(call.viewer, door.permission, call.thing)
    return act(call)


class ApiDoors:
    """The JSON doors of one room: a blueprint and the declarations on it."""

    def __init__(self, room: str, *, prefix: str = API) -> None:
        self.prefix = prefix
        self.blueprint = Blueprint(f"{room}_api", f"forum.{room}.api")
        self.doors: list[Door] = []

    def door(
        self, method: str, rule: str, permission: Permission, **declared: Any
    ) -> Callable[[Callable[[Any], Answer]], Callable[[Any], Answer]]:
        """Declare the decorated view as the door ``method rule``; the first line of its docstring is its summary."""

        def declare(view: Callable[[Any], Answer]) -> Callable[[Any], Answer]:
            declared["problems"] = frozenset(declared.get("problems", ()))
            door = Door(
                method, self.prefix + rule, f"{self.blueprint.name}.{view.__name__}", permission, summary_of(view), view, **declared
            )
            self.doors.append(door)
            self.blueprint.add_url_rule(door.rule, view.__name__, lambda **path: _answer_api(door, path), methods=[method])
            return view

        return declare


def summary_of(view: Callable[..., Any]) -> str:
    """Return the first line of the view's docstring, which every door must have."""
    if not view.__doc__:
        raise TypeError(f"the door {view.__name__} needs a docstring: its first line is the summary in the documentation")
    return view.__doc__.strip().splitlines()[0]


def _answer_api(door: Door, path: Mapping[str, Any]) -> Response:
    viewer = VISITOR if door.unbound or door.impersonal else viewer_of_request()
    if not door.is_safe and door.csrf and viewer.via is Via.COOKIE:
        require_csrf()
    query = read_query(door.query) if door.query else None
    body = read_json(door.body) if door.body else None
    call: AnyCall = Call(viewer=viewer, path=path, body=body, query=query)
    if door.is_safe:
        return _answer_read(door, call)
    return _answer_write(door, call)


def _answer_read(door: Door, call: AnyCall) -> Response:
    def act(call: AnyCall) -> tuple[str | None, Answer | None]:
        tag = door.etag(call) if door.etag else None
        return (tag, None) if tag is not None and is_fresh(tag) else (tag, door.view(call))

    tag, answer = run(door, call, act)
    response = _unchanged() if answer is None else to_response(answer)
    if tag is None and response.status_code == 200:
        # A door that cannot tell its tag beforehand still spares the caller the bytes.
        tag = entity_tag("body", response.get_data())
        response = _unchanged() if is_fresh(tag) else response
    set_caching(response, call.viewer, tag, private=door.private)
    if door.also:
        response.vary.add("Accept")
    if door.kept:
        response.vary.add("Accept-Encoding")
    return response


def _unchanged() -> Response:
    response = Response(status=304)
    response.headers.pop("Content-Type", None)
    return response


def _answer_write(door: Door, call: AnyCall) -> Response:
    key = idempotency.key_of_request() if door.method == "POST" else None
    if key is None:
        answer = run(door, call, door.view)
        return _uncached(to_response(answer))
    recall = None if door.repeats else lambda call: _recall(call, key)
    with idempotency.running(call.viewer, key):
        return _uncached(run(door, call, lambda call: _act_once(door, call, key), recall=recall))


def _recall(call: AnyCall, key: str) -> Response | None:
    stored = idempotency.find(call.session, call.viewer, key)
    return _replayed(stored) if stored is not None else None


def _act_once(door: Door, call: AnyCall, key: str) -> Response:
    stored = idempotency.reserve(call.session, call.viewer, key)
    if stored is not None:
        return _mark_replayed(to_response(door.view(call))) if door.repeats else _replayed(stored)
    answer: Answer = door.view(call)
    response = to_response(answer)
    kept = response.get_data() if answer.storable is None else msgspec.json.encode(answer.storable)
    idempotency.store(call.session, call.viewer, key, status=response.status_code, location=answer.location, body=kept)
    return response


def _replayed(stored: StoredAnswer) -> Response:
    response = Response(stored.body or None, stored.status, content_type="application/json")
    if stored.location:
        response.headers["Location"] = stored.location
    return _mark_replayed(response)


def _mark_replayed(response: Response) -> Response:
    response.headers["Idempotency-Replayed"] = "true"
    return response


def to_response(answer: Answer) -> Response:
    """Return the HTTP response of an answer."""
    if answer.value is None:
        response = Response(status=answer.status)
        response.headers.pop("Content-Type", None)
    else:
        data = answer.value if isinstance(answer.value, bytes) else msgspec.json.encode(answer.value)
        response = Response(data, answer.status, content_type=answer.content_type)
    if answer.location:
        response.headers["Location"] = answer.location
    return response


def _uncached(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


def request_path() -> str:
    """Return the present path with its query, for coming back to it."""
    return request.full_path.rstrip("?")
