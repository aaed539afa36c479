"""HTML doors of a site's admins: who signs the host's tokens, where people sign in there, and the keys."""

from typing import Annotated, Any

import msgspec
from flask import flash, request
from flask_babel import gettext as _
from msgspec import Meta

from forum.access.permissions import Permission
from forum.accounts.errands import ask_to_sign_in
from forum.articles.models import Site
from forum.articles.steps import load_site
from forum.refusals import Refusal
from forum.sso.extra import MISSING, is_installed
from forum.sso.keys import add_key, edit_sso, revoke_key
from forum.sso.models import Algorithm
from forum.sso.present import present_key, present_sso
from forum.sso.queries import list_keys
from forum.web.doors import AnyCall, Call
from forum.web.forms import Form, filled_form, is_expired, refused_form
from forum.web.pages import Page, PageDoors, Redirect
from forum.web.translation import translated

doors = PageDoors("sso_admin")
Line = Annotated[str, Meta(max_length=4000)]


class SsoForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who signs the host's tokens, and where people sign in there."""

    issuer: Line = ""
    address: Line = ""


class KeyForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key to add."""

    algorithm: Algorithm = Algorithm.HS256
    kid: Annotated[str, Meta(max_length=100)] = ""
    public_key: Line = ""


@doors.door("GET", "/admin/sso", Permission.SITE_EDIT, load=load_site)
def show_sso(call: Call[Site, None, None]) -> Page:
    """Show what the site says of its host's tokens."""
    return _sso(call)


def redisplay_sso(call: AnyCall, refusal: Refusal) -> Page:
    """Show the page with the refused form as it was sent; a visitor signs in first."""
    if is_expired(refusal, signed_in=call.viewer.is_signed_in):
        return ask_to_sign_in(call.session, then="/admin/sso")
    # A private key that was pasted by mistake is not sent back; a public one can be pasted again.
    refused = refused_form(refusal)
    is_private = any(fault.code == "private" for fault in refusal.faults)
    return _sso(call, refused=_without_key(refused) if is_private else refused)


@doors.door("POST", "/admin/sso/host", Permission.SITE_EDIT, load=load_site, body=SsoForm, redisplay=redisplay_sso)
def save_sso(call: Call[Site, SsoForm, None]) -> Redirect:
    """Set who signs the host's tokens, and where people sign in there."""
    edit_sso(call.session, call.thing, issuer=call.body.issuer, address=call.body.address)
    flash(_("The settings are saved."))
    return Redirect("/admin/sso")


@doors.door("POST", "/admin/sso/keys", Permission.SITE_EDIT, load=load_site, body=KeyForm, redisplay=redisplay_sso)
def make_key(call: Call[Site, KeyForm, None]) -> Page | Redirect:
    """Add a key; the secret of HS256 is on this answer and nowhere else."""
    body = call.body
    row, secret = add_key(call.session, call.thing, algorithm=body.algorithm, kid=body.kid, public_key=body.public_key)
    if secret is not None:
        return _sso(call, new_key={"kid": row.kid, "secret": secret})
    flash(_("The key %(kid)s is added.", kid=row.kid))
    return Redirect("/admin/sso#keys")


@doors.door("POST", "/admin/sso/keys/<id:key_id>/revoke", Permission.SITE_EDIT, load=load_site, redisplay=redisplay_sso)
def delete_key(call: Call[Site, None, None]) -> Redirect:
    """Revoke a key."""
    revoke_key(call.session, call.thing, call.path["key_id"])
    flash(_("The key is revoked; what it signed is good no more."))
    return Redirect("/admin/sso#keys")


def _without_key(form: Form) -> Form:
    return Form({name: value for name, value in form.values.items() if name != "public_key"}, form.kind, form.problem, form.faults)


def _sso(call: Call[Site, Any, Any], *, refused: Form | None = None, new_key: dict[str, str] | None = None) -> Page:
    site = call.thing
    context = {
        "sso": present_sso(site),
        "keys": [present_key(row) for row in list_keys(call.session, site.id)],
        "host": filled_form(issuer=site.sso_issuer, address=site.sso_address),
        "fresh": filled_form(algorithm=Algorithm.HS256.value),
        "refused": refused,
        # Which of the page's forms was sent: /admin/sso/host, /admin/sso/keys/3/revoke …
        "sent": request.path.removeprefix("/admin/sso").strip("/").partition("/")[0] if refused else "",
        "new_key": new_key,
        "missing": "" if is_installed() else translated(MISSING),
    }
    return Page("sso/admin.html", context, unstored=new_key is not None)
