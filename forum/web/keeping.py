"""How a view says that its answer may be kept for others, and which state of which article it shows; the layer in front of Flask (``front``) keeps it.

The rule: what is kept is the same for everybody who is given it. A page for people who are signed in has holes where each one's own values go: the
name, and the token of each form.
"""

import secrets
from dataclasses import dataclass
from typing import Any

from flask import g, request

from forum.access.viewer import Via, Viewer
from forum.web.shelf import Subject

ENVIRON_KEEP = "forum.keep"
# Where Flask leaves what the request's log line is to say, when the layer in front writes it.
ENVIRON_FACTS = "forum.facts"
# Set by the layer in front of Flask: what it keeps and fills, it must also have asked for.
ENVIRON_FRONT = "forum.front"
CSRF_HOLE, HANDLE_HOLE, NAME_HOLE = HOLES = tuple(f"hole{secrets.token_hex(12)}" for _ in range(3))


@dataclass(frozen=True)
class Keep:
    """What may be kept of an answer. ``stamp``: the article's version, and what else of its row the answer shows; the counts, of several.

    ``reader``: for which reader's values it was made, None for an answer without holes; ``tags`` are that reader's tags that it shows, ``ids`` the
    comments shown, ``writers`` the handles of those for whom it would be another page.
    """

    subject: Subject
    stamp: tuple[Any, ...]
    reader: Viewer | None = None
    tags: frozenset[tuple[int, str]] = frozenset()
    ids: frozenset[int] = frozenset()
    writers: frozenset[str] = frozenset()


def keep(what: Keep) -> None:
    """Let the present answer be kept."""
    request.environ[ENVIRON_KEEP] = what


def can_have_holes(viewer: Viewer) -> bool:
    """Whether a page for ``viewer`` can be made with holes: a member without a role whose cookie has a form token already."""
    return ENVIRON_FRONT in request.environ and viewer.via is Via.COOKIE and not viewer.roles and request.environ[ENVIRON_FRONT]


def leave_holes(viewer: Viewer) -> Viewer:
    """Leave the holes in the present page, and return the viewer that its template is to show."""
    g.csrf_hole = CSRF_HOLE
    return Viewer(viewer.account_id, HANDLE_HOLE, NAME_HOLE, viewer.roles, viewer.scopes, viewer.via, viewer.signin_id)
