"""JSON doors of a site's admins: settings, allowed origins, tokens of the host's programs."""

from msgspec import UNSET, structs

from forum.access.permissions import Permission
from forum.articles.models import Site
from forum.articles.queries import find_site_of_origin, list_site_tokens
from forum.articles.site_actions import add_origin, create_site_token, edit_site, origin_of, remove_origin, revoke_site_token
from forum.articles.steps import load_site
from forum.db.transaction import afterwards
from forum.embed.site_present import present_origin, present_site, present_site_token
from forum.embed.site_schemas import (
    CheckOut,
    CheckQuery,
    NewSiteTokenOut,
    OriginIn,
    OriginOut,
    SiteOut,
    SitePatch,
    SiteTokenIn,
    SiteTokensOut,
)
from forum.refusals import Kind
from forum.web.doors import Answer, ApiDoors, Call
from forum.web.framing import forget_origins

doors = ApiDoors("embed")


@doors.door("GET", "/admin/site", Permission.SITE_EDIT, load=load_site, answers={200: SiteOut}, private=True)
def get_site(call: Call[Site, None, None]) -> Answer:
    """Show the site's settings and the origins whose pages may show its discussions."""
    return Answer(present_site(call.session, call.thing))


@doors.door("PATCH", "/admin/site", Permission.SITE_EDIT, load=load_site, body=SitePatch, answers={200: SiteOut})
def change_site(call: Call[Site, SitePatch, None]) -> Answer:
    """Change the site's settings."""
    edit_site(call.session, call.thing, **{name: value for name, value in structs.asdict(call.body).items() if value is not UNSET})
    return Answer(present_site(call.session, call.thing))


@doors.door(
    "POST",
    "/admin/site/origins",
    Permission.SITE_EDIT,
    load=load_site,
    body=OriginIn,
    answers={201: OriginOut, 200: OriginOut},
)
def allow_origin(call: Call[Site, OriginIn, None]) -> Answer:
    """Let the pages of an origin show the site's discussions; one that may already is answered with 200."""
    row, is_new = add_origin(call.session, call.thing, call.body.origin)
    afterwards(call.session, forget_origins)
    return Answer(present_origin(row), 201 if is_new else 200)


@doors.door(
    "GET", "/admin/site/origins/check", Permission.SITE_EDIT, load=load_site, query=CheckQuery, answers={200: CheckOut}, private=True
)
def check_address(call: Call[Site, None, CheckQuery]) -> Answer:
    """Tell whether the page at an address may show the site's discussions."""
    origin = origin_of(call.query.url)
    owner = find_site_of_origin(call.session, origin)
    return Answer(CheckOut(origin, owner is not None and owner.id == call.thing.id))


@doors.door(
    "DELETE", "/admin/site/origins/<id:origin_id>", Permission.SITE_EDIT, load=load_site, answers={204: None}, problems=(Kind.NOT_FOUND,)
)
def forbid_origin(call: Call[Site, None, None]) -> Answer:
    """Let the pages of an origin show the site's discussions no more."""
    remove_origin(call.session, call.thing, call.path["origin_id"])
    afterwards(call.session, forget_origins)
    return Answer(status=204)


@doors.door("GET", "/admin/site/tokens", Permission.SITE_EDIT, load=load_site, answers={200: SiteTokensOut}, private=True)
def list_tokens(call: Call[Site, None, None]) -> Answer:
    """List the tokens with which the host's programs add articles, without their secrets."""
    return Answer(SiteTokensOut([present_site_token(token) for token in list_site_tokens(call.session, call.thing.id)]))


@doors.door("POST", "/admin/site/tokens", Permission.SITE_EDIT, load=load_site, body=SiteTokenIn, answers={201: NewSiteTokenOut})
def make_token(call: Call[Site, SiteTokenIn, None]) -> Answer:
    """Make a token for the host's programs; its secret is in this answer and nowhere else."""
    token, secret = create_site_token(call.session, call.thing, call.body.name)
    shown = structs.asdict(present_site_token(token))
    return Answer(NewSiteTokenOut(**shown, token=secret), 201, storable=NewSiteTokenOut(**shown, token=None))


@doors.door(
    "DELETE", "/admin/site/tokens/<id:token_id>", Permission.SITE_EDIT, load=load_site, answers={204: None}, problems=(Kind.NOT_FOUND,)
)
def revoke_token(call: Call[Site, None, None]) -> Answer:
    """Revoke a token of the host's programs."""
    revoke_site_token(call.session, call.thing, call.path["token_id"])
    return Answer(status=204)
