"""HTML doors of signing in with a provider of OpenID Connect: the way there, and the way back."""

from typing import Annotated
from urllib.parse import quote

import msgspec
from flask_babel import gettext as _
from msgspec import Meta
from sqlalchemy.orm import Session

from forum.access.permissions import Permission
from forum.accounts.admission import Onward, admit
from forum.accounts.errands import Way
from forum.refusals import Kind, Refusal, not_found
from forum.sentences import sentence
from forum.sso.linking import enter
from forum.sso.oidc import RETURN, address_of, check_return, is_offered
from forum.sso.person import Person
from forum.sso.schemas import OnwardQuery
from forum.sso.steps import after_refusal
from forum.sso.trips import Trip, come_back, set_out
from forum.web.context import settings
from forum.web.doors import AnyCall, Call
from forum.web.pages import Page, PageDoors, Redirect, safe_next
from forum.web.translation import translated

doors = PageDoors("oidc")
PROVIDER = "provider"


class ReturnQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the provider sends the browser back with."""

    code: Annotated[str, Meta(max_length=4000)] = ""
    state: Annotated[str, Meta(max_length=200)] = ""
    iss: Annotated[str, Meta(max_length=1000)] = ""
    error: Annotated[str, Meta(max_length=200)] = ""


def offer_provider(session: Session, then: str) -> Way | None:
    """Offer the provider on the sign-in page (``errands.WAYS``)."""
    return Way(_("Sign in with %(name)s", name=settings().provider_name), "/sign-in/oidc", then=then) if is_offered() else None


def prepare_leaving(call: Call[None, None, OnwardQuery]) -> str:
    """Ask the provider where people sign in, while no transaction is open, and return where to go."""
    if call.viewer.is_signed_in:
        return safe_next(call.query.next)
    if not is_offered():
        raise not_found(sentence("way to sign in"))
    return address_of(set_out(PROVIDER, call.query.next, with_proof=True))


def redisplay_leaving(call: AnyCall, refusal: Refusal) -> Page:
    """Say that the provider does not answer."""
    if refusal.kind is not Kind.UNAVAILABLE:
        raise refusal
    return _down(refusal, call.query.next if call.query else "")


@doors.door("GET", "/sign-in/oidc", Permission.SESSION_CREATE, prepare=prepare_leaving, query=OnwardQuery, redisplay=redisplay_leaving)
def leave_for_provider(call: Call[None, None, OnwardQuery]) -> Redirect:
    """Go to the provider to sign in there."""
    return Redirect(call.prepared)


def prepare_return(call: Call[None, None, ReturnQuery]) -> tuple[Trip, Person]:
    """Check that this browser had set out, and ask the provider who came back."""
    if not is_offered():
        raise not_found(sentence("way to sign in"))
    query = call.query
    trip = come_back(PROVIDER, query.state)
    return trip, check_return(trip, code=query.code, issuer=query.iss, error=query.error)


def redisplay_return(call: AnyCall, refusal: Refusal) -> Page | Redirect:
    """Say why nobody was signed in: at a clean address, unless the provider does not answer."""
    if refusal.kind is Kind.UNAVAILABLE:
        return _down(refusal, "")
    trip, person = call.prepared or (None, None)
    return after_refusal(refusal, person, then=trip.then if trip else "")


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
def return_from_provider(call: Call[None, None, ReturnQuery]) -> Page | Redirect:
    """Come back from the provider and be signed in."""
    trip, person = call.prepared
    # Whoever the provider lets in is not chosen by this site's people, as a host's readers are: where signing up is closed, it stays closed.
    account = enter(call.session, person, may_create=settings().registration == "open")
    return admit(call.session, account, Onward(then=trip.then))


def _down(refusal: Refusal, then: str) -> Page:
    onward = safe_next(then, otherwise="")
    query = f"?next={quote(onward, safe='/')}" if onward else ""
    return Page("sso/down.html", {"name": settings().provider_name, "detail": translated(refusal.detail), "query": query})
