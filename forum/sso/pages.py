"""HTML doors of signing in with the host site's account – brought by the widget, or fetched there – and of one's connected accounts.

The rule: a token stands in an address once, on the way back, and the browser is sent on from there at once; it is never shown, kept or logged.
"""

from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import msgspec
from flask import flash
from flask_babel import gettext as _
from msgspec import Meta
from sqlalchemy.orm import Session

from forum.access.permissions import Permission
from forum.access.viewer import DEFAULT_SITE_ID
from forum.accounts.admission import Onward, admit
from forum.accounts.errands import Way, ask_to_sign_in
from forum.accounts.models import Account
from forum.accounts.steps import load_self
from forum.articles.models import Site
from forum.articles.queries import get_site
from forum.articles.steps import load_site
from forum.refusals import Kind, Refusal, not_found
from forum.sentences import sentence
from forum.sso.link_mail import get_waiting, prepare_link_mail, send_link_mail, wait_for_link
from forum.sso.linking import disconnect
from forum.sso.person import Person, host_of
from forum.sso.present import present_identity
from forum.sso.queries import list_identities
from forum.sso.schemas import Next, OnwardQuery, Token
from forum.sso.steps import Presented, after_refusal, has_host_sign_in, read_token, use_token
from forum.sso.trips import Trip, come_back, set_out
from forum.web.context import settings
from forum.web.doors import AnyCall, Call
from forum.web.forms import Form, is_expired, refused_form, typed, without
from forum.web.pages import Page, PageDoors, Redirect, safe_next
from forum.web.translation import translated

doors = PageDoors("sso")
HOST = "host"
RETURN = "/sign-in/sso/return"


class ReturnQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the host site sends the browser back with."""

    token: Token = ""
    state: Annotated[str, Meta(max_length=200)] = ""


class TokenForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The token that the host page has for its reader, and where the frame goes on to."""

    token: Token = ""
    next: Next = ""


def offer_host(session: Session, then: str) -> Way | None:
    """Offer the host site's sign-in on the sign-in page (``errands.WAYS``)."""
    site = get_site(session, DEFAULT_SITE_ID)
    if not has_host_sign_in(session, site):
        return None
    return Way(_("Sign in with your account at %(host)s", host=host_of(site.sso_issuer)), "/sign-in/sso", then=then)


@doors.door("GET", "/sign-in/sso", Permission.SESSION_CREATE, load=load_site, query=OnwardQuery)
def leave_for_host(call: Call[Site, None, OnwardQuery]) -> Redirect:
    """Go to the host site to sign in there."""
    if call.viewer.is_signed_in:
        return Redirect(safe_next(call.query.next))
    if not has_host_sign_in(call.session, call.thing):
        raise not_found(sentence("way to sign in"))
    trip = set_out(HOST, call.query.next)
    # An address that an admin of this site has set: the one kind of place that is not ours.
    return Redirect(_with(call.thing.sso_address, {"return": f"{settings().base_url}{RETURN}", "state": trip.state}))


def prepare_return(call: Call[None, None, ReturnQuery]) -> tuple[Trip, Presented]:
    """Check that this browser had set out, and the token."""
    return come_back(HOST, call.query.state), read_token(call.query.token)


def redisplay_return(call: AnyCall, refusal: Refusal) -> Redirect:
    """Say at a clean address why nobody was signed in."""
    person = call.prepared[1].checked.person if call.prepared else None
    return after_refusal(refusal, person, then=call.prepared[0].then if call.prepared else "")


@doors.door(
    "GET",
    RETURN,
    Permission.SESSION_CREATE,
    prepare=prepare_return,
    query=ReturnQuery,
    redisplay=redisplay_return,
    csrf=False,
    changes=True,
)
def return_from_host(call: Call[None, None, ReturnQuery]) -> Page | Redirect:
    """Come back from the host site and be signed in."""
    trip, presented = call.prepared
    return admit(call.session, use_token(call.session, presented), Onward(then=trip.then))


def prepare_token(call: Call[None, TokenForm, None]) -> Presented:
    """Check the token while no transaction is open."""
    return read_token(call.body.token)


def redisplay_token(call: AnyCall, refusal: Refusal) -> Page:
    """Offer the mail that connects, or show the sign-in page with the reason; never the token."""
    if refusal.kind is Kind.LINK_REQUIRED and call.prepared is not None:
        person = call.prepared.checked.person
        wait_for_link(person)
        return _link_page(person, Form())
    return ask_to_sign_in(call.session, then=typed("next"), form=without(refused_form(refusal), ("token",)))


@doors.door(
    "POST", "/sign-in/sso", Permission.SESSION_CREATE, prepare=prepare_token, body=TokenForm, redisplay=redisplay_token, framed=True
)
def take_token(call: Call[None, TokenForm, None]) -> Page | Redirect:
    """Sign in with the token that the host page has for its reader."""
    return admit(call.session, use_token(call.session, call.prepared), Onward(then=call.body.next))


@doors.door("GET", "/sign-in/link", Permission.SESSION_CREATE, framed=True)
def show_link_form(call: Call[None, None, None]) -> Page | Redirect:
    """Offer to send the mail that connects the account elsewhere with the one here."""
    try:
        return _link_page(get_waiting(), Form())
    except Refusal as refusal:
        flash(translated(refusal.detail))
        return Redirect("/sign-in")


def prepare_link(call: Call[None, None, None]) -> Person:
    """Charge the mail."""
    person = get_waiting()
    prepare_link_mail(person.email)
    return person


def redisplay_link(call: AnyCall, refusal: Refusal) -> Page | Redirect:
    """Show the button again with the reason, or the sign-in page when that was too long ago."""
    try:
        return _link_page(get_waiting(), refused_form(refusal))
    except Refusal as late:
        return ask_to_sign_in(call.session, form=Form(problem=translated(late.detail)))


@doors.door("POST", "/sign-in/link", Permission.SESSION_CREATE, prepare=prepare_link, redisplay=redisplay_link, framed=True)
def mail_link(call: Call[None, None, None]) -> Page:
    """Send the mail that connects."""
    person: Person = call.prepared
    send_link_mail(call.session, person)
    return Page("sso/sent.html", {"email": person.email, "host": person.host})


@doors.door("GET", "/settings/accounts", Permission.SECURITY_EDIT, load=load_self)
def show_accounts(call: Call[Account, None, None]) -> Page:
    """Show the accounts elsewhere that are connected to one's own."""
    return _accounts(call, Form())


def redisplay_accounts(call: AnyCall, refusal: Refusal) -> Page:
    """Show the list with the reason; a visitor signs in first."""
    if is_expired(refusal, signed_in=call.viewer.is_signed_in):
        return ask_to_sign_in(call.session, then="/settings/accounts")
    return _accounts(call, refused_form(refusal))


@doors.door(
    "POST",
    "/settings/accounts/<id:identity_id>/disconnect",
    Permission.SECURITY_EDIT,
    load=load_self,
    redisplay=redisplay_accounts,
)
def remove(call: Call[Account, None, None]) -> Redirect:
    """Disconnect an account elsewhere."""
    disconnect(call.session, call.thing, call.path["identity_id"])
    flash(_("It is disconnected, and signs you in no more."))
    return Redirect("/settings/accounts")


def _accounts(call: Call[Account, Any, Any], form: Form) -> Page:
    rows = [present_identity(row) for row in list_identities(call.session, call.thing.id)]
    return Page("sso/accounts.html", {"rows": [(host_of(row.issuer), row) for row in rows], "form": form})


def _link_page(person: Person, form: Form) -> Page:
    return Page("sso/link.html", {"email": person.email, "host": person.host, "form": form})


def _with(address: str, more: dict[str, str]) -> str:
    parts = urlsplit(address)
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *more.items()])
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))
