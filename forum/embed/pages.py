"""HTML doors of the widget: the loader and counter that other sites' pages take, what the frame opens first, and signing in from a window into the frame."""

from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated

import msgspec
from flask import request
from flask import session as cookie
from msgspec import Meta

from forum.access.permissions import Permission
from forum.accounts.admission import Onward, complete
from forum.accounts.errands import ask_to_sign_in
from forum.articles.address import BadAddress
from forum.articles.models import Site
from forum.articles.steps import load_site
from forum.db.transaction import writing
from forum.embed.handing_over import make_code, take_code
from forum.embed.starting import address_in_frame, find_article, may_start, start_article
from forum.refusals import Refusal
from forum.web.doors import AnyCall, Call, request_path
from forum.web.forms import Form, is_expired, refused_form, typed
from forum.web.limits import charge, network_of
from forum.web.pages import Page, PageDoors, Redirect, safe_next
from forum.web.translation import translated

doors = PageDoors("embed")
SCRIPTS = Path(__file__).parents[1] / "static"
SCRIPT_SECONDS = 3600
Address = Annotated[str, Meta(max_length=4000)]
Line = Annotated[str, Meta(max_length=1000)]


class Theme(StrEnum):
    """How a host page looks, where its reader's browser is not to decide."""

    LIGHT = "light"
    DARK = "dark"


class FrameQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A host page as its loader names it: address, title, a key of its own, the comment (``c``) that its address names, and how it looks."""

    url: Address = ""
    title: Line = ""
    key: Annotated[str, Meta(max_length=200)] = ""
    c: Annotated[int, Meta(ge=1, le=2**63 - 1)] | None = None
    theme: Theme | None = None


class StartForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A host page whose discussion is to be opened."""

    url: Address = ""
    title: Line = ""
    key: Annotated[str, Meta(max_length=200)] = ""


class TakeOverForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The code that the window shows, and where the frame goes on to."""

    code: Annotated[str, Meta(max_length=40)] = ""
    next: Address = ""
    errand: Annotated[str, Meta(max_length=250_000)] = ""


@doors.door("GET", "/embed.js", Permission.SERVICE_READ, unbound=True)
def show_loader(call: Call[None, None, None]) -> Page:
    """Give the loader, which puts a discussion into a page."""
    return _script("embed.js")


@doors.door("GET", "/embed/counts.js", Permission.SERVICE_READ, unbound=True)
def show_counter(call: Call[None, None, None]) -> Page:
    """Give the script that fills numbers of comments into a page."""
    return _script("counts.js")


@doors.door("GET", "/embed", Permission.ARTICLE_READ, load=load_site, query=FrameQuery, framed=True)
def show_frame(call: Call[Site, None, FrameQuery]) -> Page | Redirect:
    """Go to the discussion of the page that shows the frame; one without a discussion is offered to open it, where the site allows that."""
    query = call.query
    if "Sec-Fetch-Dest" not in request.headers:
        # A browser that does not say what it asks for could not be shown the pages behind this one in a frame.
        return Page("service/own_window.html", {"address": request_path(), "layout": "embed/layout.html"})
    if cookie.get("theme", "") != (query.theme or ""):
        cookie["theme"] = query.theme.value if query.theme else ""
    problem = ""
    try:
        article = find_article(call.session, call.thing, url=query.url, key=query.key)
        if article is not None:
            return Redirect(address_in_frame(call.session, article, query.c))
    except BadAddress as error:
        problem = translated(error.detail)
    starts = not problem and may_start(call.session, call.thing, query.url)
    return Page("embed/start.html", {"page": query, "problem": problem, "starts": starts}, 200 if starts else 404)


def prepare_start(call: Call[Site, StartForm, None]) -> None:
    """Charge the attempt, so that it counts also when it is refused."""
    with writing() as session:
        charge(session, "start_rate", network_of(request.remote_addr))


def redisplay_start(call: AnyCall, refusal: Refusal) -> Page:
    """Show why the discussion could not be opened, with the button to try again."""
    page = FrameQuery(typed("url")[:4000], typed("title")[:1000], typed("key")[:200])
    return Page("embed/start.html", {"page": page, "problem": translated(refusal.detail), "starts": True})


@doors.door(
    "POST",
    "/embed/start",
    Permission.ARTICLE_START,
    load=load_site,
    prepare=prepare_start,
    body=StartForm,
    redisplay=redisplay_start,
    framed=True,
)
def start(call: Call[Site, StartForm, None]) -> Redirect:
    """Open the discussion of the page that shows the frame."""
    body = call.body
    return Redirect(f"/a/{start_article(call.session, call.thing, url=body.url, key=body.key, title=body.title).slug}")


@doors.door("GET", "/sign-in/window", Permission.SESSION_CREATE)
def show_window(call: Call[None, None, None]) -> Page:
    """In a window of its own: sign in, then let the frame take the sign-in over."""
    if not call.viewer.is_signed_in:
        return ask_to_sign_in(call.session, then="/sign-in/window")
    return Page("embed/window.html", {"code": ""})


def redisplay_window(call: AnyCall, refusal: Refusal) -> Page:
    """Show the window again; who is signed out meanwhile signs in first."""
    if is_expired(refusal, signed_in=call.viewer.is_signed_in):
        return ask_to_sign_in(call.session, then="/sign-in/window")
    return Page("embed/window.html", {"code": ""})


@doors.door("POST", "/sign-in/window", Permission.SECURITY_EDIT, redisplay=redisplay_window)
def hand_over(call: Call[None, None, None]) -> Page:
    """Make the code by which the frame takes the sign-in over."""
    return Page("embed/window.html", {"code": make_code(call.session, call.viewer.account_id or 0)})


def prepare_take_over(call: Call[None, TakeOverForm, None]) -> None:
    """Charge the attempt, so that codes cannot be tried out."""
    with writing() as session:
        charge(session, "sign_in_address_rate", network_of(request.remote_addr))


def redisplay_take_over(call: AnyCall, refusal: Refusal) -> Page:
    """Show the sign-in page again, with why the code did not fit."""
    return ask_to_sign_in(call.session, errand=typed("errand"), then=typed("next"), form=refused_form(refusal))


@doors.door(
    "POST",
    "/sign-in/take-over",
    Permission.SESSION_CREATE,
    prepare=prepare_take_over,
    body=TakeOverForm,
    redisplay=redisplay_take_over,
    framed=True,
)
def take_over(call: Call[None, TakeOverForm, None]) -> Page | Redirect:
    """In the frame: sign in as who handed the code over, and do what the visitor came for."""
    # The window's own sign-in asked for everything that the account asks for; nothing is asked twice.
    return complete(call.session, take_code(call.session, call.body.code), Onward(call.body.errand, safe_next(call.body.next)))


@doors.door("GET", "/embed/token", Permission.SESSION_CREATE, framed=True)
def show_token_form(call: Call[None, None, None]) -> Page:
    """Give the form by which the frame's script sends the token that the host page has for its visitor."""
    return Page("embed/token.html", {"form": Form()})


@cache
def _read(name: str) -> str:
    return (SCRIPTS / name).read_text(encoding="utf-8")


def _script(name: str) -> Page:
    return Page(body=_read(name), content_type="text/javascript; charset=utf-8", shared_seconds=SCRIPT_SECONDS)
