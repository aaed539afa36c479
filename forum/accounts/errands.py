"""What a visitor was about to do when asked to sign in: carried through the forms, done as soon as there is somebody to do it.

This room knows none of the errands: the rooms above register theirs in ``ERRANDS``. An errand that fails never undoes the sign-in.
"""

from collections.abc import Callable
from dataclasses import dataclass

from flask import flash
from sqlalchemy.orm import Session

from forum.access.viewer import Viewer
from forum.refusals import Refusal
from forum.web.forms import Form
from forum.web.pages import Page, Redirect, safe_next
from forum.web.translation import translated


@dataclass(frozen=True)
class ErrandKind:
    """One kind of errand. ``describe`` and ``run`` get what the form carried, as it came back, and trust nothing in it.

    ``describe`` says what will be done, or returns None for what makes no sense (any more); ``run`` does it as the person just signed in.
    """

    describe: Callable[[Session, str], str | None]
    run: Callable[[Session, Viewer, str], Page | Redirect]


@dataclass(frozen=True)
class Way:
    """Another way to sign in, as the sign-in page offers it: a link to ``address``, a path of ours.

    ``takes_errand``: the page there carries an errand on; it gets it, and ``then``, by a form like the sign-up page's.
    """

    label: str
    address: str
    then: str = ""
    takes_errand: bool = False


ERRANDS: dict[str, ErrandKind] = {}
# Called with the session and where to go on to; None where this way is not offered. The rooms above register theirs.
WAYS: list[Callable[[Session, str], Way | None]] = []


def ask_to_sign_in(session: Session, *, errand: str = "", then: str = "", form: Form | None = None) -> Page:
    """Return the sign-in page; ``errand`` (kind, colon, data) is done afterwards, or else the browser goes on to ``then``."""
    onward = safe_next(then, otherwise="")
    ways = [way for way in (offer(session, onward) for offer in WAYS) if way is not None]
    return Page("accounts/sign_in.html", {"form": form or Form(), "next": onward, "ways": ways, **describe_errand(session, errand)})


def describe_errand(session: Session, errand: str) -> dict[str, str | None]:
    """Return what a form of signing in carries and says of an errand: ``errand`` itself and its ``purpose`` in words."""
    kind, data = _open(errand)
    return {"errand": errand if kind else "", "purpose": kind.describe(session, data) if kind else None}


def run_errand(session: Session, viewer: Viewer, errand: str, *, then: str) -> Page | Redirect:
    """Do the errand as ``viewer``, in the open transaction, and return where it leads; without one, or refused, go on to ``then``."""
    kind, data = _open(errand)
    if kind is None:
        return Redirect(safe_next(then))
    try:
        # A savepoint: an errand that is refused must not undo the sign-in.
        with session.begin_nested():
            return kind.run(session, viewer, data)
    except Refusal as refusal:
        flash(translated(refusal.detail))
        return Redirect(safe_next(then))


def _open(errand: str) -> tuple[ErrandKind | None, str]:
    name, _, data = errand.partition(":")
    return ERRANDS.get(name), data
