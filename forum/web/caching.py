"""Entity tags and conditional requests: an answer that the caller already has is not rendered again.

A tag names everything visible in the answer. For things with a ``version`` it begins with that number, and If-Match compares the number
alone: a reader's tag changes the representation, but must not turn the writer's edit away.
"""

import hashlib
import re

from flask import Response, request

from forum.access.viewer import Viewer
from forum.refusals import Kind, Refusal
from forum.sentences import sentence
from forum.web.context import settings

ENTITY_TAG = re.compile(r'(?:W/)?"([^"]*)"|(\d+)')
PRIVATE = "private, no-cache"
# Part of every tag: raise it when a representation's shape changes, so that nobody keeps an old one.
SHAPE = "1"


def shared_caching(seconds: int) -> str:
    """Return Cache-Control for what is the same for all visitors: whoever keeps it asks again each time, but for caches that are told to wait ``seconds``."""
    return f"public, max-age=0, s-maxage={seconds}" if seconds else "public, max-age=0, must-revalidate"


def entity_tag(version: int | str, *parts: object) -> str:
    """Return the tag of an answer: the version, a dash, and a hash of whatever else it depends on."""
    digest = hashlib.sha256("\0".join([SHAPE, *map(str, parts)]).encode()).hexdigest()[:16]
    return f"{version}-{digest}"


def is_fresh(tag: str) -> bool:
    """Whether the caller's If-None-Match names this tag."""
    header = request.headers.get("If-None-Match", "")
    return header.strip() == "*" or tag in {quoted for quoted, _ in ENTITY_TAG.findall(header)}


def is_named(tag: str, header: str) -> bool:
    """Whether an If-None-Match header names ``tag``, strongly or weakly."""
    return header.strip() == "*" or any(quoted == tag for quoted, _bare in ENTITY_TAG.findall(header))


def require_version(version: int) -> None:
    """Raise Refusal ``stale-version`` when the request's If-Match names another version than ``version``."""
    header = request.headers.get("If-Match", "").strip()
    if not header or header == "*":
        return
    named = {(quoted or bare).partition("-")[0] for quoted, bare in ENTITY_TAG.findall(header)}
    if str(version) not in named:
        raise Refusal(
            Kind.STALE_VERSION,
            sentence(
                "It has changed since you loaded it: it is at version %(version)s now. Load it again; nothing was overwritten.",
                version=str(version),
            ),
        )


def spare_unchanged(response: Response, viewer: Viewer) -> Response:
    """Tag a whole answer that is the same for everybody but for its language, and leave its body out where the caller has it already."""
    if response.status_code != 200:
        return response
    tag = response.get_etag()[0] or entity_tag("feed", response.get_data())
    response.vary.add("Accept-Language")
    set_caching(response, viewer, tag, private=False)
    if is_fresh(tag):
        response.status_code = 304
        response.set_data(b"")
        response.headers.pop("Content-Type", None)
    return response


def set_caching(response: Response, viewer: Viewer, tag: str | None, *, private: bool) -> None:
    """Write Cache-Control, Vary and ETag: shared answers may be kept by anyone who asks again each time, others by the caller alone."""
    if tag is not None:
        response.headers["ETag"] = f'"{tag}"'
    shared = tag is not None and not private and not viewer.is_signed_in
    response.headers["Cache-Control"] = shared_caching(settings().shared_cache_seconds) if shared else PRIVATE
    response.vary.update(("Cookie", "Authorization"))
