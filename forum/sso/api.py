"""JSON doors of signing in from elsewhere: a host site's token, one's connected accounts, and what a site's admins set."""

from msgspec import structs

from forum.access.permissions import Permission
from forum.access.viewer import DEFAULT_SITE_ID, Role
from forum.accounts.models import Account
from forum.accounts.present import present_account
from forum.accounts.queries import roles_of
from forum.accounts.schemas import SessionOut
from forum.accounts.signin import require_code, sign_in
from forum.accounts.steps import load_self
from forum.articles.models import Site
from forum.articles.steps import load_site
from forum.refusals import Kind, Refusal
from forum.sso.keys import add_key, edit_sso, revoke_key
from forum.sso.link_mail import prepare_link_mail, send_link_mail
from forum.sso.linking import disconnect, enter, find_account_of
from forum.sso.present import present_identity, present_key, present_sso
from forum.sso.queries import list_identities, list_keys
from forum.sso.schemas import HostLinkIn, HostTokenIn, IdentitiesOut, KeyIn, KeysOut, NewKeyOut, SsoIn, SsoOut
from forum.sso.steps import Presented, read_token
from forum.sso.tokens import spend
from forum.web.csrf import csrf_token
from forum.web.doors import Answer, ApiDoors, Call

doors = ApiDoors("sso")
TOKEN_PROBLEMS = (Kind.SSO_TOKEN_INVALID, Kind.SSO_TOKEN_EXPIRED, Kind.SSO_TOKEN_REPLAYED, Kind.ADDRESS_UNCONFIRMED)


def prepare_session(call: Call[None, HostTokenIn, None]) -> Presented:
    """Check the token and, for who has one, the second factor while no transaction is open."""
    presented = read_token(call.body.token)
    if presented.account_id is not None:
        require_code(presented.account_id, call.body.code)
    return presented


@doors.door(
    "POST",
    "/session/sso",
    Permission.SESSION_CREATE,
    prepare=prepare_session,
    body=HostTokenIn,
    answers={200: SessionOut},
    problems=(*TOKEN_PROBLEMS, Kind.LINK_REQUIRED, Kind.SECOND_FACTOR_REQUIRED),
    csrf=False,
)
def create_session(call: Call[None, HostTokenIn, None]) -> Answer:
    """Sign in with the host site's token, at the first visit with a new account; sets the session cookie, which a replay does not."""
    presented: Presented = call.prepared
    spend(call.session, presented.checked)
    known = find_account_of(call.session, presented.checked.person)
    if known is not None and known.id != presented.account_id:
        # Connected since we looked: its second factor was not asked for.
        raise Refusal(Kind.UNAUTHENTICATED, "Your account was connected at this very moment; please send the same again.")
    account = enter(call.session, presented.checked.person)
    sign_in(call.session, account)
    shown = present_account(account, roles_of(call.session, account.id).get(DEFAULT_SITE_ID, Role.MEMBER))
    return Answer(SessionOut(shown, csrf_token()), storable=SessionOut(shown, None))


def prepare_link(call: Call[None, HostLinkIn, None]) -> Presented:
    """Check the token, and charge the mail."""
    presented = read_token(call.body.token)
    prepare_link_mail(presented.checked.person.email)
    return presented


@doors.door(
    "POST",
    "/session/sso/link",
    Permission.SESSION_CREATE,
    prepare=prepare_link,
    body=HostLinkIn,
    answers={202: None},
    problems=(*TOKEN_PROBLEMS, Kind.RATE_LIMITED),
    csrf=False,
)
def mail_link(call: Call[None, HostLinkIn, None]) -> Answer:
    """Mail the link that connects the token's person to the account that has the address; where there is none, nothing is sent."""
    presented: Presented = call.prepared
    spend(call.session, presented.checked)
    send_link_mail(call.session, presented.checked.person)
    return Answer(status=202)


@doors.door("GET", "/me/identities", Permission.SECURITY_EDIT, answers={200: IdentitiesOut}, private=True)
def list_mine(call: Call[None, None, None]) -> Answer:
    """List the accounts elsewhere that are connected to one's own."""
    return Answer(IdentitiesOut([present_identity(row) for row in list_identities(call.session, call.viewer.account_id or 0)]))


@doors.door(
    "DELETE",
    "/me/identities/<id:identity_id>",
    Permission.SECURITY_EDIT,
    load=load_self,
    answers={204: None},
    problems=(Kind.NOT_FOUND, Kind.CONFLICT),
)
def remove(call: Call[Account, None, None]) -> Answer:
    """Disconnect an account elsewhere; refused when nothing else would let one in."""
    disconnect(call.session, call.thing, call.path["identity_id"])
    return Answer(status=204)


@doors.door("GET", "/admin/site/sso", Permission.SITE_EDIT, load=load_site, answers={200: SsoOut}, private=True)
def get_sso(call: Call[Site, None, None]) -> Answer:
    """Show who signs the host's tokens, and where people sign in there."""
    return Answer(present_sso(call.thing))


@doors.door("PUT", "/admin/site/sso", Permission.SITE_EDIT, load=load_site, body=SsoIn, answers={200: SsoOut})
def set_sso(call: Call[Site, SsoIn, None]) -> Answer:
    """Set who signs the host's tokens, and where people sign in there."""
    edit_sso(call.session, call.thing, issuer=call.body.issuer, address=call.body.address)
    return Answer(present_sso(call.thing))


@doors.door("GET", "/admin/site/keys", Permission.SITE_EDIT, load=load_site, answers={200: KeysOut}, private=True)
def list_all_keys(call: Call[Site, None, None]) -> Answer:
    """List the keys with which the host signs, without their secrets."""
    return Answer(KeysOut([present_key(row) for row in list_keys(call.session, call.thing.id)]))


@doors.door(
    "POST",
    "/admin/site/keys",
    Permission.SITE_EDIT,
    load=load_site,
    body=KeyIn,
    answers={201: NewKeyOut},
    problems=(Kind.CONFLICT,),
)
def make_key(call: Call[Site, KeyIn, None]) -> Answer:
    """Add a key; the secret of HS256 is in this answer and nowhere else."""
    body = call.body
    row, secret = add_key(call.session, call.thing, algorithm=body.algorithm, kid=body.kid, public_key=body.public_key)
    shown = structs.asdict(present_key(row))
    return Answer(NewKeyOut(**shown, secret=secret), 201, storable=NewKeyOut(**shown, secret=None))


@doors.door("DELETE", "/admin/site/keys/<id:key_id>", Permission.SITE_EDIT, load=load_site, answers={204: None}, problems=(Kind.NOT_FOUND,))
def delete_key(call: Call[Site, None, None]) -> Answer:
    """Revoke a key; what it signed is good no more."""
    revoke_key(call.session, call.thing, call.path["key_id"])
    return Answer(status=204)
