"""HTML doors of a site's admins: what to paste into a page, whose pages may show the discussions, and what they may do there."""

from typing import Annotated, Any

import msgspec
from flask import flash, request
from flask_babel import gettext as _
from msgspec import Meta

from forum.access.permissions import Permission
from forum.accounts.errands import ask_to_sign_in
from forum.articles.models import Site
from forum.articles.queries import find_site_of_origin, list_site_tokens
from forum.articles.site_actions import add_origin, create_site_token, edit_site, origin_of, remove_origin, revoke_site_token
from forum.articles.steps import load_site
from forum.db.transaction import afterwards
from forum.embed.site_present import present_site, present_site_token
from forum.refusals import Refusal
from forum.web.context import settings
from forum.web.doors import AnyCall, Call
from forum.web.forms import Form, filled_form, is_expired, refused_form
from forum.web.framing import forget_origins
from forum.web.pages import Page, PageDoors, Redirect
from forum.web.translation import translated

doors = PageDoors("site")
# What a page pastes. The height keeps what stands below from moving while the discussion loads.
PLACEHOLDER = """<div data-forum-article="https://www.example.org/page" style="min-height:100vh"><a href="{talk}/at?url=https%3A%2F%2Fwww.example.org%2Fpage">{link}</a></div>
<script async src="{talk}/embed.js"></script>"""
COUNTER = """<span data-forum-count="https://www.example.org/page"></span>
<script async src="{talk}/embed/counts.js"></script>"""
Line = Annotated[str, Meta(max_length=2000)]


class SiteQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The address of a page to check."""

    url: Annotated[str, Meta(max_length=4000)] = ""


class SettingsForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What pages and visitors of the site may do."""

    creates_articles: bool = False
    takes_guests: bool = False


class OriginForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An origin to allow."""

    origin: Line = ""


class TokenForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The name of a new token."""

    name: Line = ""


@doors.door("GET", "/admin/site", Permission.SITE_EDIT, load=load_site, query=SiteQuery)
def show_site(call: Call[Site, None, SiteQuery]) -> Page:
    """Show the snippet to paste, the allowed origins and the site's settings."""
    return _site(call, checked=call.query.url)


def redisplay_site(call: AnyCall, refusal: Refusal) -> Page:
    """Show the page with the refused form as it was sent; a visitor signs in first."""
    if is_expired(refusal, signed_in=call.viewer.is_signed_in):
        return ask_to_sign_in(call.session, then="/admin/site")
    return _site(call, refused=refused_form(refusal))


@doors.door("POST", "/admin/site/settings", Permission.SITE_EDIT, load=load_site, body=SettingsForm, redisplay=redisplay_site)
def save_settings(call: Call[Site, SettingsForm, None]) -> Redirect:
    """Change what pages and visitors of the site may do."""
    edit_site(call.session, call.thing, creates_articles=call.body.creates_articles, takes_guests=call.body.takes_guests)
    flash(_("The settings are saved."))
    return Redirect("/admin/site")


@doors.door("POST", "/admin/site/origins", Permission.SITE_EDIT, load=load_site, body=OriginForm, redisplay=redisplay_site)
def allow_origin(call: Call[Site, OriginForm, None]) -> Redirect:
    """Let the pages of an origin show the site's discussions."""
    row, _is_new = add_origin(call.session, call.thing, call.body.origin)
    afterwards(call.session, forget_origins)
    flash(_("Pages of %(origin)s may show the discussions now.", origin=row.origin))
    return Redirect("/admin/site#origins")


@doors.door("POST", "/admin/site/origins/<id:origin_id>/remove", Permission.SITE_EDIT, load=load_site, redisplay=redisplay_site)
def forbid_origin(call: Call[Site, None, None]) -> Redirect:
    """Let the pages of an origin show the site's discussions no more."""
    remove_origin(call.session, call.thing, call.path["origin_id"])
    afterwards(call.session, forget_origins)
    flash(_("Its pages show the discussions no more; the discussions themselves stay."))
    return Redirect("/admin/site#origins")


@doors.door("POST", "/admin/site/tokens", Permission.SITE_EDIT, load=load_site, body=TokenForm, redisplay=redisplay_site)
def make_token(call: Call[Site, TokenForm, None]) -> Page:
    """Make a token for the host's programs; its secret is on this answer and nowhere else."""
    token, secret = create_site_token(call.session, call.thing, call.body.name)
    return _site(call, new_token={"name": token.name, "secret": secret})


@doors.door("POST", "/admin/site/tokens/<id:token_id>/revoke", Permission.SITE_EDIT, load=load_site, redisplay=redisplay_site)
def revoke_token(call: Call[Site, None, None]) -> Redirect:
    """Revoke a token of the host's programs."""
    revoke_site_token(call.session, call.thing, call.path["token_id"])
    flash(_("The token is revoked; nothing can use it any more."))
    return Redirect("/admin/site#tokens")


def _site(call: AnyCall, *, checked: str = "", refused: Form | None = None, new_token: dict[str, str] | None = None) -> Page:
    site: Site = call.thing
    context: dict[str, Any] = {
        "site": present_site(call.session, site),
        "tokens": [present_site_token(token) for token in list_site_tokens(call.session, site.id)],
        "placeholder": PLACEHOLDER.format(talk=settings().base_url, link=_("Join the discussion")),
        "counter": COUNTER.format(talk=settings().base_url),
        "is_https": settings().is_https,
        "checked": checked,
        "check": _check(call, checked) if checked else None,
        "choices": filled_form(
            creates_articles="true" if site.creates_articles else None, takes_guests="true" if site.takes_guests else None
        ),
        "refused": refused,
        # Which of the page's forms was sent: /admin/site/origins, /admin/site/tokens/3/revoke …
        "sent": request.path.removeprefix("/admin/site").strip("/").partition("/")[0] if refused else "",
        "new_token": new_token,
    }
    return Page("embed/site.html", context)


def _check(call: AnyCall, address: str) -> dict[str, str | bool]:
    try:
        origin = origin_of(address)
    except Refusal as refusal:
        return {"origin": "", "allowed": False, "problem": translated(refusal.detail)}
    owner = find_site_of_origin(call.session, origin)
    return {"origin": origin, "allowed": owner is not None and owner.id == call.thing.id, "problem": ""}
