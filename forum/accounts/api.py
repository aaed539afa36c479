"""JSON doors of people: sign up, sign in and out, one's own account, tokens and sign-ins."""

from msgspec import UNSET, structs
from sqlalchemy.orm import Session

from forum.access.permissions import Permission
from forum.access.viewer import DEFAULT_SITE_ID, Role
from forum.accounts.actions import (
    NewAccount,
    change_password,
    create_token,
    edit_profile,
    end_sign_in,
    end_sign_ins,
    revoke_token,
    sign_up,
)
from forum.accounts.models import Account
from forum.accounts.present import present_account, present_sign_in, present_token
from forum.accounts.queries import get_member, list_sign_ins, list_tokens, roles_of
from forum.accounts.schemas import (
    AccountIn,
    AccountOut,
    AccountPatch,
    NewTokenOut,
    PasswordIn,
    PersonOut,
    SessionIn,
    SessionOut,
    SignInsOut,
    TokenIn,
    TokensOut,
)
from forum.accounts.signin import check_password, require_code, sign_in, sign_out
from forum.accounts.steps import end_own_sign_in, load_self, prepare_new_password, prepare_sign_up
from forum.refusals import Kind, Refusal
from forum.web.csrf import csrf_token
from forum.web.doors import Answer, ApiDoors, Call

doors = ApiDoors("accounts")


def prepare_account(call: Call[None, AccountIn, None]) -> str:
    """Charge the attempt, check everything that can be checked, and hash the password while no transaction is open."""
    body = call.body
    return prepare_sign_up(NewAccount(body.handle, body.email, body.password, body.display_name))


@doors.door(
    "POST",
    "/accounts",
    Permission.ACCOUNT_CREATE,
    prepare=prepare_account,
    body=AccountIn,
    answers={201: AccountOut},
    problems=(Kind.CONFLICT, Kind.RATE_LIMITED),
    csrf=False,
)
def create(call: Call[None, AccountIn, None]) -> Answer:
    """Sign up."""
    body = call.body
    new = NewAccount(body.handle, body.email, body.password, body.display_name)
    account = sign_up(call.session, new, password_hash=call.prepared)
    return Answer(present_account(account, "member"), 201, location=f"/api/v1/people/{account.handle}")


def prepare_session(call: Call[None, SessionIn, None]) -> int:
    """Check login, password and, for who has one, the second factor while no transaction is open."""
    account_id = check_password(call.body.login, call.body.password)
    require_code(account_id, call.body.code)
    return account_id


@doors.door(
    "POST",
    "/session",
    Permission.SESSION_CREATE,
    prepare=prepare_session,
    body=SessionIn,
    answers={200: SessionOut},
    problems=(Kind.RATE_LIMITED, Kind.SECOND_FACTOR_REQUIRED),
    csrf=False,
    repeats=True,
)
def create_session(call: Call[None, SessionIn, None]) -> Answer:
    """Sign in with handle or e-mail address and password; sets the session cookie."""
    account = call.session.get(Account, call.prepared)
    if account is None:
        raise Refusal(Kind.UNAUTHENTICATED, "Login and password do not fit.")
    sign_in(call.session, account)
    shown = _present(call.session, account)
    return Answer(SessionOut(shown, csrf_token()), storable=SessionOut(shown, None))


@doors.door("GET", "/session", Permission.SESSION_READ, load=load_self, answers={200: SessionOut}, private=True)
def get_session(call: Call[Account | None, None, None]) -> Answer:
    """Show who is signed in, with the token for X-CSRF-Token; for a visitor both are null."""
    if call.thing is None:
        return Answer(SessionOut(None, None))
    return Answer(SessionOut(_present(call.session, call.thing), csrf_token()))


@doors.door("DELETE", "/session", Permission.SESSION_END, answers={204: None})
def end_session(call: Call[None, None, None]) -> Answer:
    """Sign out here; the sign-in ends on the server."""
    end_own_sign_in(call)
    return Answer(status=204)


@doors.door("GET", "/me", Permission.SELF_READ, load=load_self, answers={200: AccountOut}, private=True)
def get_me(call: Call[Account, None, None]) -> Answer:
    """Show one's own account."""
    return Answer(_present(call.session, call.thing))


@doors.door(
    "PATCH", "/me", Permission.SELF_EDIT, load=load_self, body=AccountPatch, answers={200: AccountOut}, problems=(Kind.RATE_LIMITED,)
)
def edit_me(call: Call[Account, AccountPatch, None]) -> Answer:
    """Change one's display name or credential line; a changed credential is no longer verified."""
    given = {name: value for name, value in structs.asdict(call.body).items() if value is not UNSET}
    edit_profile(call.session, call.thing, display_name=given.get("display_name"), credential=given.get("credential"))
    return Answer(_present(call.session, call.thing))


def prepare_password(call: Call[Account, PasswordIn, None]) -> str:
    """Check the present password and hash the new one while no transaction is open."""
    return prepare_new_password(call, current=call.body.current_password, new=call.body.new_password)


@doors.door(
    "PUT",
    "/me/password",
    Permission.SECURITY_EDIT,
    load=load_self,
    prepare=prepare_password,
    body=PasswordIn,
    answers={204: None},
    problems=(Kind.RATE_LIMITED,),
)
def set_password(call: Call[Account, PasswordIn, None]) -> Answer:
    """Change one's password; every other sign-in ends."""
    change_password(call.session, call.thing, password_hash=call.prepared, keep_signin_id=call.viewer.signin_id)
    return Answer(status=204)


@doors.door("GET", "/me/sessions", Permission.SECURITY_EDIT, answers={200: SignInsOut}, private=True)
def list_sessions(call: Call[None, None, None]) -> Answer:
    """List where one is signed in."""
    rows = list_sign_ins(call.session, call.viewer.account_id or 0)
    return Answer(SignInsOut([present_sign_in(row, call.viewer) for row in rows]))


@doors.door("DELETE", "/me/sessions", Permission.SECURITY_EDIT, answers={204: None})
def end_sessions(call: Call[None, None, None]) -> Answer:
    """Sign out everywhere, here as well."""
    end_sign_ins(call.session, call.viewer.account_id or 0)
    sign_out()
    return Answer(status=204)


@doors.door("DELETE", "/me/sessions/<id:signin_id>", Permission.SECURITY_EDIT, answers={204: None}, problems=(Kind.NOT_FOUND,))
def end_one_session(call: Call[None, None, None]) -> Answer:
    """Sign out in one of the places where one is signed in."""
    end_sign_in(call.session, call.viewer.account_id or 0, call.path["signin_id"])
    return Answer(status=204)


@doors.door("GET", "/me/tokens", Permission.SECURITY_EDIT, answers={200: TokensOut}, private=True)
def list_own_tokens(call: Call[None, None, None]) -> Answer:
    """List one's personal tokens, without their secrets."""
    return Answer(TokensOut([present_token(token) for token in list_tokens(call.session, call.viewer.account_id or 0)]))


@doors.door("POST", "/me/tokens", Permission.SECURITY_EDIT, body=TokenIn, answers={201: NewTokenOut})
def make_token(call: Call[None, TokenIn, None]) -> Answer:
    """Make a personal token; its secret is shown this once."""
    token, secret = create_token(call.session, call.viewer.account_id or 0, name=call.body.name, scopes=call.body.scopes)
    shown = structs.asdict(present_token(token))
    return Answer(NewTokenOut(**shown, token=secret), 201, storable=NewTokenOut(**shown, token=None))


@doors.door("DELETE", "/me/tokens/<id:token_id>", Permission.SECURITY_EDIT, answers={204: None}, problems=(Kind.NOT_FOUND,))
def delete_token(call: Call[None, None, None]) -> Answer:
    """Revoke one of one's personal tokens."""
    revoke_token(call.session, call.viewer.account_id or 0, call.path["token_id"])
    return Answer(status=204)


@doors.door("GET", "/people/<handle>", Permission.PERSON_READ, answers={200: PersonOut}, problems=(Kind.NOT_FOUND,))
def get_person(call: Call[None, None, None]) -> Answer:
    """Show a person as everybody may see them."""
    account = get_member(call.session, call.path["handle"])
    return Answer(PersonOut(account.handle, account.display_name, account.credential, account.verified))


def _present(session: Session, account: Account) -> AccountOut:
    return present_account(account, roles_of(session, account.id).get(DEFAULT_SITE_ID, Role.MEMBER))
