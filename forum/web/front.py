"""In front of Flask: discussions that were answered before are sent again as the bytes they were, with the same headers and log line as any other answer.

The rule: before each answer the database says what state the article is in – by one read of its row by primary key, on SQLite by its own counter of changes
as long as nothing at all was written – and only what shows that state is sent; nothing here can be stale, in however many processes.
Whatever is not plain – a token, another site's script, a session that holds more than a sign-in – goes on to Flask.
"""

import hashlib
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from time import monotonic, perf_counter
from typing import Any

import msgspec
import structlog
from flask import Flask
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from forum.db.quick import QUICK, QuickReads
from forum.db.valkey import EXTENSION as VALKEY
from forum.db.valkey import Valkey
from forum.settings import Settings
from forum.web import due, framing
from forum.web.caching import PRIVATE, is_named, shared_caching
from forum.web.cookie_sessions import CookieSession, CookieSessions
from forum.web.doors import Door
from forum.web.encodings import IDENTITY, preferred
from forum.web.headers import request_id_of
from forum.web.keeping import CSRF_HOLE, ENVIRON_FACTS, ENVIRON_FRONT, ENVIRON_KEEP, HANDLE_HOLE, HOLES, NAME_HOLE, Keep
from forum.web.logs import write_request
from forum.web.measuring import count_cache, count_request
from forum.web.shelf import Kept, Shelf, Stamp, Subject
from forum.web.shelf_apart import SharedShelf

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]
FRONT = "forum_front"
ENVIRON_ENDPOINT = "forum.endpoint"
READER_SECONDS = 60.0
MOST_READERS = 4096
ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "'": "&#39;", '"': "&#34;"})
_HOLE = re.compile(b"(" + b"|".join(hole.encode() for hole in HOLES) + b")")
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Reader:
    """Somebody who is signed in and whose pages need nothing but these values: a member without role or sanction."""

    account_id: int
    handle: str
    display_name: str
    tags: Mapping[int, str]


# Return the state of an article (its version first), and the reader behind a sign-in's secret on an article or None; app.py fills them from the rooms.
ReadStamp = Callable[[QuickReads, Subject], Stamp | None]
FindReader = Callable[[QuickReads, str, Subject], Reader | None]


@dataclass(frozen=True)
class Question:
    """A request as far as its answer depends on it."""

    key: Hashable
    session: CookieSession
    is_page: bool
    coding: str
    known: str


class Front:
    """The layer: called as the application, it answers or hands on to ``inner``."""

    def __init__(self, app: Flask, doors: Iterable[Door], *, read_stamp: ReadStamp, find_reader: FindReader) -> None:
        settings: Settings = app.extensions["forum_settings"]
        self.app = app
        self.inner: Wsgi = app.wsgi_app
        self.shelf = Shelf(settings.cache_megabytes * 1_000_000)
        self.reads: QuickReads = app.extensions[QUICK]
        self._read_stamp, self._find_reader = read_stamp, find_reader
        self._sessions = CookieSessions(app)
        self._readers: dict[tuple[str, Subject], tuple[bytes, float, Reader | None]] = {}
        self._cookie: str = app.config["SESSION_COOKIE_NAME"]
        self._languages = settings.languages.split()
        kept = [door for door in doors if door.kept]
        # Each door's name is its endpoint, in the letters that a group may have.
        self._endpoints = {door.endpoint.replace(".", "__"): door.endpoint for door in kept}
        rules = (
            f"(?P<{name}>{re.sub('<[^>]*>', '[^/]+', re.sub('<id:[^>]*>', '[0-9]+', door.rule))})"
            for name, door in zip(self._endpoints, kept, strict=True)
        )
        self._pattern = re.compile(f"(?:{'|'.join(rules)})" + r"\Z")
        # What these are asked for besides their path changes nothing.
        self._unasked = frozenset(door.endpoint for door in kept if door.query is None and door.rule.startswith("/api/"))
        self._parameters = frozenset(name for door in kept if not door.rule.startswith("/api/") for name in _parameters(door))
        self._shared = shared_caching(settings.shared_cache_seconds)
        valkey: Valkey | None = app.extensions.get(VALKEY)
        self.shared = SharedShelf(valkey, settings, secret=str(app.secret_key)) if valkey is not None else None

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        door = self._pattern.match(environ["PATH_INFO"]) if environ["REQUEST_METHOD"] == "GET" else None
        if door is None:
            return self.inner(environ, start)
        begun = perf_counter()
        environ[ENVIRON_ENDPOINT] = self._endpoints[door.lastgroup or ""]
        question = self._question(environ)
        if question is None:
            count_cache("bypass")
            return self.inner(environ, start)
        if not due.is_quiet(self.app):
            # Once a minute Flask looks first what time has made due.
            count_cache("bypass")
            return self._ask(environ, start, question, begun)
        outcome = "hit"
        try:
            answer = self._from_shelf(question)
            if answer is None:
                with self.shelf.building(question.key) as mine:
                    # Somebody else has built it meanwhile, unless the article has changed once more since.
                    answer, outcome = None if mine else self._from_shelf(question), "wait"
                    if answer is None:
                        answer, outcome = self._from_others(question), "shared"
                    if answer is None:
                        count_cache("miss")
                        return self._ask(environ, start, question, begun)
        except _DatabaseAwayError:
            # Flask finds out by itself, and says so.
            return self.inner(environ, start)
        count_cache(outcome)
        return self._send(environ, start, question, answer, begun)

    def forget(self) -> None:
        """Forget every answer."""
        self.shelf.clear()
        self._sessions.forget()
        self._readers.clear()

    def _question(self, environ: dict[str, Any]) -> Question | None:
        """Return what is asked, or None where only Flask can tell."""
        path, query = environ["PATH_INFO"], environ.get("QUERY_STRING", "")
        is_page = not path.startswith("/api/")
        if "HTTP_AUTHORIZATION" in environ or environ.get("CONTENT_LENGTH"):
            return None
        if not is_page:
            if "HTTP_ORIGIN" in environ or "by=me" in query:
                return None
            session = self._sessions.find(environ, self._cookie)
            key: Hashable = (path, "" if environ[ENVIRON_ENDPOINT] in self._unasked else query)
        else:
            is_framed = framing.is_of_frame(environ.get("HTTP_SEC_FETCH_DEST", ""), environ.get("HTTP_X_FORUM_FRAME"))
            origins = framing.known_origins(self.app) if is_framed else ()
            session = self._sessions.find(environ, f"{self._cookie}-frame" if is_framed else self._cookie)
            if origins is None or session is None:
                return None
            canonical = self._canonical(query)
            if canonical is None or "by=me" in canonical:
                return None
            query = canonical
            language = _language(environ.get("HTTP_ACCEPT_LANGUAGE", ""), tuple(self._languages))
            key = (path, query, language, is_framed, origins, session.theme, bool(session.secret))
        if session is None:
            return None
        coding = preferred(environ.get("HTTP_ACCEPT_ENCODING", ""))
        return Question(key, session, is_page, coding, environ.get("HTTP_IF_NONE_MATCH", ""))

    def _canonical(self, query: str) -> str | None:
        """Return the query without what no page knows (utm_source and the like), which makes no other page; None where a name is written in a way of its own."""
        if not query:
            return query
        names = {part: part.partition("=")[0] for part in query.split("&")}
        if any("%" in name or "+" in name for name in names.values()):
            return None
        return "&".join(part for part, name in names.items() if name in self._parameters)

    def _from_shelf(self, question: Question) -> "_Answer | None":
        """Return the answer if it lies ready and shows the present state."""
        kept = self.shelf.find(question.key)
        if kept is None or not self._is_present(kept):
            return None
        self.shelf.used(question.key)
        if not (question.is_page and question.session.secret):
            return _Answer(kept, question.key)
        reader = self._reader(question.session.secret, kept.subject)
        if reader is None or reader.handle in kept.writers:
            return None
        mine = frozenset((comment, stance) for comment, stance in reader.tags.items() if comment in kept.ids)
        if not mine:
            return _Answer(kept, question.key, reader) if kept.pieces else None
        key = (question.key, mine)
        own = self.shelf.find(key)
        if own is None or own.stamp != kept.stamp:
            return None
        self.shelf.used(key)
        return _Answer(own, key, reader)

    def _from_others(self, question: Question) -> "_Answer | None":
        """Return the answer if another process has built what shows the present state, for visitors alone."""
        if self.shared is None or (question.is_page and question.session.secret):
            return None
        kept = self.shared.find(question.key)
        if kept is None or not self._is_present(kept):
            return None
        self.shelf.put(question.key, kept)
        return _Answer(kept, question.key)

    def _is_present(self, kept: Kept) -> bool:
        state = self.reads.state()
        if state and state == kept.seen:
            return True
        try:
            stamp = self._read_stamp(self.reads, kept.subject)
        except self.reads.errors as error:
            log.warning("state not read", error=type(error).__name__)
            raise _DatabaseAwayError from None
        if stamp is None or stamp[: len(kept.stamp)] != kept.stamp:
            return False
        if state and self.reads.state() == state:
            kept.seen = state
        return True

    def _reader(self, secret: str, subject: Subject) -> Reader | None:
        state, moment = self.reads.state(), monotonic()
        known = self._readers.get((secret, subject))
        if known is not None and state and known[0] == state and moment < known[1]:
            return known[2]
        try:
            reader = self._find_reader(self.reads, secret, subject)
        except self.reads.errors as error:
            log.warning("reader not read", error=type(error).__name__)
            raise _DatabaseAwayError from None
        if state and self.reads.state() == state:
            if len(self._readers) >= MOST_READERS:
                self._readers.clear()
            self._readers[secret, subject] = (state, moment + READER_SECONDS, reader)
        return reader

    def _ask(self, environ: dict[str, Any], start: Any, question: Question, begun: float) -> Iterable[bytes]:
        """Let Flask answer, keep what may be kept, and send it."""
        # A whole answer serves whoever asks next as well; this caller is told that nothing has changed, if so, below.
        environ.pop("HTTP_IF_NONE_MATCH", None)
        environ[ENVIRON_FRONT] = bool(question.session.secret) and question.is_page
        status, headers, body = _collect(self.inner, environ)
        keeping: Keep | None = environ.pop(ENVIRON_KEEP, None)
        has_cookie = any(name.lower() == "set-cookie" for name, _value in headers)
        if keeping is None or status[:3] != "200" or (has_cookie and keeping.reader is None):
            write_request(environ.pop(ENVIRON_FACTS, None))
            count_request(environ[ENVIRON_ENDPOINT], "GET", int(status[:3]), perf_counter() - begun)
            start(status, headers)
            return [body]
        answer = self._keep(question, keeping, headers, body)
        environ.pop(ENVIRON_FACTS, None)
        return self._send(environ, start, question, answer, begun)

    def _keep(self, question: Question, keeping: Keep, headers: list[tuple[str, str]], body: bytes) -> "_Answer":
        kept = Kept(keeping.subject, keeping.stamp, _lasting(headers), body, ids=keeping.ids, writers=keeping.writers)
        kept.tag = next((value.strip('"') for name, value in headers if name.lower() == "etag"), "") or _digest(body)
        if keeping.reader is None:
            self.shelf.put(question.key, kept)
            if self.shared is not None:
                self.shared.put(question.key, kept)
            return _Answer(kept, question.key)
        split = _HOLE.split(body)
        kept.pieces, kept.holes, kept.body = split[::2], [hole.decode() for hole in split[1::2]], b""
        reader = Reader(keeping.reader.account_id or 0, keeping.reader.handle, keeping.reader.display_name, dict(keeping.tags))
        key: Hashable = (question.key, keeping.tags) if keeping.tags else question.key
        self.shelf.put(key, kept)
        if keeping.tags:
            # What the page shows must be known to tell whose tags make it another.
            former = self.shelf.find(question.key)
            if former is None or former.stamp != kept.stamp:
                self.shelf.put(question.key, replace(kept, pieces=[], holes=[], packed={}))
        return _Answer(kept, key, reader)

    def _send(self, environ: dict[str, Any], start: Any, question: Question, answer: "_Answer", begun: float) -> Iterable[bytes]:
        kept, reader = answer.kept, answer.reader
        request_id = request_id_of(environ.get("HTTP_X_REQUEST_ID", ""))
        headers, coding, body = list(kept.headers), IDENTITY, b""
        if reader is None:
            tag = kept.tag
            body, coding = kept.encoded(question.coding)
            if coding != IDENTITY and len(kept.packed) > answer.packed:
                self.shelf.grown(answer.key, kept)
            headers.append(("Cache-Control", PRIVATE if question.session.secret else self._shared))
        else:
            values = {
                CSRF_HOLE: question.session.csrf.encode(),
                HANDLE_HOLE: reader.handle.encode(),
                NAME_HOLE: reader.display_name.translate(ESCAPES).encode(),
            }
            tag = _digest(f"{kept.tag}\0{question.session.csrf}\0{reader.display_name}".encode())
            headers.append(("Cache-Control", PRIVATE))
        headers += [("ETag", f'"{tag}"' if coding == IDENTITY else f'W/"{tag}"'), ("X-Request-ID", request_id)]
        status = "200 OK"
        if question.known and is_named(tag, question.known):
            status, body = "304 Not Modified", b""
            headers = [item for item in headers if item[0] != "Content-Type"]
        else:
            if reader is not None:
                body = b"".join(_filled(kept, values))
            if coding != IDENTITY:
                headers.append(("Content-Encoding", coding))
            headers.append(("Content-Length", str(len(body))))
        seconds = perf_counter() - begun
        count_request(environ[ENVIRON_ENDPOINT], "GET", int(status[:3]), seconds)
        facts = {"method": "GET", "path": environ["PATH_INFO"], "status": int(status[:3]), "ms": round(seconds * 1000, 1)}
        if reader is not None:
            facts["account"] = reader.account_id
        write_request(facts | {"request_id": request_id})
        start(status, headers)
        return [body]


@dataclass
class _Answer:
    """What is to be sent: where it lies, and for whom it is to be filled."""

    kept: Kept
    key: Hashable
    reader: Reader | None = None
    packed: int = 0

    def __post_init__(self) -> None:
        self.packed = len(self.kept.packed)


class _DatabaseAwayError(Exception):
    """The database could not say what state an article is in."""


def _filled(kept: Kept, values: Mapping[str, bytes]) -> Iterator[bytes]:
    yield kept.pieces[0]
    for hole, piece in zip(kept.holes, kept.pieces[1:], strict=True):
        yield values[hole]
        yield piece


def _collect(inner: Wsgi, environ: dict[str, Any]) -> tuple[str, list[tuple[str, str]], bytes]:
    begun: list[Any] = []

    def start(status: str, headers: list[tuple[str, str]], _failure: Any = None) -> Any:
        begun[:] = [status, headers]

    chunks = inner(environ, start)
    try:
        body = b"".join(chunks)
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
    return begun[0], begun[1], body


def _lasting(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the headers that every answer with these bytes has."""
    own = {"x-request-id", "content-length", "set-cookie", "etag", "cache-control"}
    return [(name, value) for name, value in headers if name.lower() not in own]


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:20]


def _parameters(door: Door) -> Iterable[str]:
    return [item.encode_name for item in msgspec.structs.fields(door.query)] if door.query else []


@lru_cache(maxsize=512)
def _language(header: str, languages: tuple[str, ...]) -> str:
    return parse_accept_header(header, LanguageAccept).best_match(languages) or languages[0]
