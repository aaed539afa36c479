"""HTML doors of people: sign in, sign up, sign out, settings.

What a visitor was about to do travels through the forms as an errand (``errands``); nobody can be sent to another site from here.
"""

from typing import Annotated, Any

import msgspec
from flask import flash, request
from flask_babel import gettext as _
from msgspec import Meta
from sqlalchemy.orm import Session

from forum.access.permissions import Permission, Scope
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
from forum.accounts.admission import Onward, admit
from forum.accounts.device import name_device
from forum.accounts.errands import ask_to_sign_in, describe_errand, run_errand
from forum.accounts.models import Account
from forum.accounts.present import present_account, present_sign_in, present_token
from forum.accounts.queries import list_sign_ins, list_tokens, roles_of
from forum.accounts.schemas import Secret
from forum.accounts.signin import WRONG, check_password, sign_in, sign_out
from forum.accounts.steps import end_own_sign_in, load_self, prepare_new_password, prepare_sign_up
from forum.refusals import Fault, Kind, Refusal, invalid
from forum.web.context import settings
from forum.web.doors import AnyCall, Call, viewer_of_request
from forum.web.forms import Form, filled_form, is_expired, refused_form, typed, without
from forum.web.pages import Page, PageDoors, Redirect, safe_next
from forum.web.translation import translated

doors = PageDoors("accounts")
Next = Annotated[str, Meta(max_length=4000)]
Packed = Annotated[str, Meta(max_length=250_000)]
SECRET_FIELDS = ("password", "current_password", "new_password")


class SignInQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where to go on afterwards."""

    next: Next = ""


class SignInForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who signs in. ``step`` is ``form`` when another form only hands its errand over."""

    login: Annotated[str, Meta(max_length=254)] = ""
    password: Secret = ""
    next: Next = ""
    errand: Packed = ""
    step: Annotated[str, Meta(max_length=10)] = ""


class SignUpForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who signs up."""

    handle: Annotated[str, Meta(max_length=40)] = ""
    email: Annotated[str, Meta(max_length=254)] = ""
    password: Secret = ""
    display_name: Annotated[str, Meta(max_length=200)] = ""
    next: Next = ""
    errand: Packed = ""
    step: Annotated[str, Meta(max_length=10)] = ""


class SignOutForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where to go on to, for pages that one goes on reading."""

    next: Next = ""


class ProfileForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What readers see of a person."""

    display_name: Annotated[str, Meta(max_length=200)] = ""
    credential: Annotated[str, Meta(max_length=300)] = ""


class PasswordForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The present password and the new one."""

    current_password: Secret = ""
    new_password: Secret = ""


class TokenForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new token's name and what it may do."""

    name: Annotated[str, Meta(max_length=200)] = ""
    scopes: list[Scope] = []


@doors.door("GET", "/sign-in", Permission.SESSION_CREATE, query=SignInQuery, framed=True)
def show_sign_in(call: Call[None, None, SignInQuery]) -> Page | Redirect:
    """Show the sign-in form."""
    if call.viewer.is_signed_in:
        return Redirect(safe_next(call.query.next))
    return ask_to_sign_in(call.session, then=call.query.next)


def prepare_sign_in(call: Call[None, SignInForm, None]) -> int | None:
    """Check login and password while no transaction is open."""
    return None if call.body.step == "form" else check_password(call.body.login, call.body.password)


def redisplay_sign_in(call: AnyCall, refusal: Refusal) -> Page:
    """Show the refused sign-in form again."""
    return ask_to_sign_in(call.session, errand=typed("errand"), then=typed("next"), form=without(refused_form(refusal), SECRET_FIELDS))


@doors.door(
    "POST", "/sign-in", Permission.SESSION_CREATE, prepare=prepare_sign_in, body=SignInForm, redisplay=redisplay_sign_in, framed=True
)
def start_session(call: Call[None, SignInForm, None]) -> Page | Redirect:
    """Sign in, and do what the visitor came for."""
    if call.prepared is None:
        return ask_to_sign_in(call.session, errand=call.body.errand, then=call.body.next)
    account = call.session.get(Account, call.prepared)
    if account is None:
        raise Refusal(Kind.UNAUTHENTICATED, WRONG)
    return admit(call.session, account, Onward(call.body.errand, call.body.next))


def ask_to_sign_up(session: Session, *, errand: str = "", then: str = "", form: Form | None = None) -> Page:
    """Return the sign-up page."""
    is_open = settings().registration == "open"
    context = {"form": form or Form(), "next": safe_next(then, otherwise=""), "is_open": is_open, **describe_errand(session, errand)}
    return Page("accounts/sign_up.html", context)


@doors.door("GET", "/sign-up", Permission.ACCOUNT_CREATE, query=SignInQuery, framed=True)
def show_sign_up(call: Call[None, None, SignInQuery]) -> Page | Redirect:
    """Show the sign-up form."""
    if call.viewer.is_signed_in:
        return Redirect(safe_next(call.query.next))
    return ask_to_sign_up(call.session, then=call.query.next)


def prepare_account(call: Call[None, SignUpForm, None]) -> str | None:
    """Check everything that can be checked and hash the password while no transaction is open."""
    body = call.body
    return None if body.step == "form" else prepare_sign_up(NewAccount(body.handle, body.email, body.password, body.display_name))


def redisplay_sign_up(call: AnyCall, refusal: Refusal) -> Page:
    """Show the refused sign-up form again."""
    return ask_to_sign_up(call.session, errand=typed("errand"), then=typed("next"), form=without(refused_form(refusal), SECRET_FIELDS))


@doors.door(
    "POST", "/sign-up", Permission.ACCOUNT_CREATE, prepare=prepare_account, body=SignUpForm, redisplay=redisplay_sign_up, framed=True
)
def create(call: Call[None, SignUpForm, None]) -> Page | Redirect:
    """Sign up, be signed in at once, and do what the visitor came for."""
    body = call.body
    if call.prepared is None:
        return ask_to_sign_up(call.session, errand=body.errand, then=body.next)
    new = NewAccount(body.handle, body.email, body.password, body.display_name)
    account = sign_up(call.session, new, password_hash=call.prepared)
    sign_in(call.session, account)
    flash(_("Welcome. You are signed in as @%(handle)s.", handle=account.handle))
    return run_errand(call.session, viewer_of_request(), body.errand, then=body.next)


def redisplay_sign_out(call: AnyCall, refusal: Refusal) -> Redirect:
    """Signing out when nobody is signed in, or from a page that is too old: say so where it can be done again."""
    flash(translated(refusal.detail) if call.viewer.is_signed_in else _("You are signed out."))
    return Redirect("/settings" if call.viewer.is_signed_in else "/")


@doors.door("POST", "/sign-out", Permission.SESSION_END, body=SignOutForm, redisplay=redisplay_sign_out, framed=True)
def end_session(call: Call[None, SignOutForm, None]) -> Redirect:
    """Sign out here; the sign-in ends on the server."""
    end_own_sign_in(call)
    flash(_("You are signed out."), "signed-out")
    return Redirect(safe_next(call.body.next))


@doors.door("GET", "/settings", Permission.SECURITY_EDIT, load=load_self)
def show_settings(call: Call[Account, None, None]) -> Page:
    """Show one's settings."""
    return _settings(call)


def redisplay_settings(call: AnyCall, refusal: Refusal) -> Page | Redirect:
    """Show the settings with the refused form as it was sent; a visitor signs in first."""
    if is_expired(refusal, signed_in=call.viewer.is_signed_in):
        return ask_to_sign_in(call.session, then="/settings", form=Form(problem=_("Please sign in again; nothing was changed.")))
    return _settings(call, refused=without(refused_form(refusal), SECRET_FIELDS))


@doors.door("POST", "/settings/profile", Permission.SELF_EDIT, load=load_self, body=ProfileForm, redisplay=redisplay_settings)
def save_profile(call: Call[Account, ProfileForm, None]) -> Redirect:
    """Change one's display name or credential line."""
    edit_profile(call.session, call.thing, display_name=call.body.display_name, credential=call.body.credential)
    flash(_("Your profile is saved."))
    return Redirect("/settings")


def prepare_password(call: Call[Account, PasswordForm, None]) -> str:
    """Check the present password and hash the new one while no transaction is open."""
    return prepare_new_password(call, current=call.body.current_password, new=call.body.new_password)


@doors.door(
    "POST",
    "/settings/password",
    Permission.SECURITY_EDIT,
    load=load_self,
    prepare=prepare_password,
    body=PasswordForm,
    redisplay=redisplay_settings,
)
def save_password(call: Call[Account, PasswordForm, None]) -> Redirect:
    """Change one's password; every other sign-in ends."""
    change_password(call.session, call.thing, password_hash=call.prepared, keep_signin_id=call.viewer.signin_id)
    flash(_("Your password is changed. You are signed out everywhere else."))
    return Redirect("/settings")


@doors.door("POST", "/settings/sign-ins/<id:signin_id>/end", Permission.SECURITY_EDIT, load=load_self, redisplay=redisplay_settings)
def end_one_session(call: Call[Account, None, None]) -> Redirect:
    """Sign out in one of the places where one is signed in."""
    end_sign_in(call.session, call.thing.id, call.path["signin_id"])
    flash(_("That sign-in is ended."))
    if call.path["signin_id"] == call.viewer.signin_id:
        sign_out()
        return Redirect("/")
    return Redirect("/settings#places")


@doors.door("POST", "/settings/sign-ins/end", Permission.SECURITY_EDIT, load=load_self, redisplay=redisplay_settings)
def end_sessions(call: Call[Account, None, None]) -> Redirect:
    """Sign out everywhere, here as well."""
    end_sign_ins(call.session, call.thing.id)
    sign_out()
    flash(_("You are signed out everywhere."), "signed-out")
    return Redirect("/")


@doors.door("POST", "/settings/tokens", Permission.SECURITY_EDIT, load=load_self, body=TokenForm, redisplay=redisplay_settings)
def make_token(call: Call[Account, TokenForm, None]) -> Page:
    """Make a personal token; its secret is on this answer and nowhere else."""
    if not call.body.scopes:
        raise invalid(Fault("/scopes", "required", "Choose at least one thing that the token may do."))
    token, secret = create_token(call.session, call.thing.id, name=call.body.name, scopes=call.body.scopes)
    return _settings(call, new_token={"name": token.name, "secret": secret})


@doors.door("POST", "/settings/tokens/<id:token_id>/revoke", Permission.SECURITY_EDIT, load=load_self, redisplay=redisplay_settings)
def delete_token(call: Call[Account, None, None]) -> Redirect:
    """Revoke one of one's personal tokens."""
    revoke_token(call.session, call.thing.id, call.path["token_id"])
    flash(_("The token is revoked; nothing can use it any more."))
    return Redirect("/settings#tokens")


def _settings(call: Call[Account, Any, None], *, refused: Form | None = None, new_token: dict[str, str] | None = None) -> Page:
    account, session = call.thing, call.session
    role = roles_of(session, account.id).get(DEFAULT_SITE_ID, Role.MEMBER)
    context = {
        "account": present_account(account, role),
        "profile": filled_form(display_name=account.display_name, credential=account.credential),
        "sign_ins": [(name_device(row.device), present_sign_in(row, call.viewer)) for row in list_sign_ins(session, account.id)],
        "tokens": [present_token(token) for token in list_tokens(session, account.id)],
        "scopes": _scopes(role),
        "refused": refused,
        # Which of the page's forms was sent: /settings/password, /settings/tokens/3/revoke …
        "sent": request.path.removeprefix("/settings").strip("/").partition("/")[0] if refused else "",
        "new_token": new_token,
    }
    return Page("accounts/settings.html", context)


def _scopes(role: Role) -> dict[str, str]:
    offered = {Scope.READ: _("Read"), Scope.COMMENT: _("Comment, edit and withdraw"), Scope.TAG: _("Tag")}
    if role.includes(Role.MODERATOR):
        offered[Scope.MODERATE] = _("Moderate")
    if role.includes(Role.PUBLISHER):
        offered[Scope.ADMIN] = _("Add and change articles")
    return {scope.value: words for scope, words in offered.items()}
