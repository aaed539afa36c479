"""HTML doors of second factors and passkeys in the settings: confirm that it is oneself, add, remove, recovery codes.

The rule: nothing is added, removed or shown in full before whoever is signed in has confirmed anew that it is them (``confirming``); secrets are on one answer, which
nobody may store.
"""

from typing import Annotated

import msgspec
from flask import flash, request
from flask_babel import gettext as _
from msgspec import Meta

from forum.access.permissions import Permission
from forum.accounts.errands import ask_to_sign_in
from forum.accounts.models import Account
from forum.accounts.schemas import Secret
from forum.accounts.steps import load_self
from forum.factors import passkeys, totp
from forum.factors.actions import add_passkey, confirm_app, remove_factor, renew_codes, start_app
from forum.factors.challenges import Purpose, issue, spend
from forum.factors.confirming import OLD, is_confirmed, is_fresh, prepare_confirmation, remember_confirmation, require_confirmed
from forum.factors.extra import MISSING, is_installed, require_extra
from forum.factors.models import FactorKind
from forum.factors.passkeys import NewPasskey
from forum.factors.present import present_factors
from forum.factors.proving import Proof, redeem
from forum.factors.queries import count_factors, find_started_app, list_factors
from forum.factors.schemas import Code
from forum.refusals import Fault, Refusal, invalid
from forum.web.context import settings
from forum.web.doors import AnyCall, Call
from forum.web.forms import Form, is_expired, refused_form, without
from forum.web.pages import Page, PageDoors, Redirect
from forum.web.translation import translated

doors = PageDoors("factors")
SECURITY = "/settings/security"
APP = f"{SECURITY}/app"
SECRET_FIELDS = ("password", "code", "answer")
Name = Annotated[str, Meta(max_length=200)]
Sent = Annotated[str, Meta(max_length=20_000)]
SECURITY_EDIT = Permission.SECURITY_EDIT


class ConfirmForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What proves that it is still the owner: the password, and a code or a passkey's answer."""

    password: Secret = ""
    code: Code = ""
    answer: Sent = ""


class AppForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an app is to be called, and the code that it shows."""

    name: Name = ""
    code: Code = ""


class PasskeyForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a passkey is to be called, and what the browser has made."""

    name: Name = ""
    answer: Sent = ""


@doors.door("GET", SECURITY, SECURITY_EDIT, load=load_self)
def show_security(call: Call[Account, None, None]) -> Page:
    """Show one's second factors."""
    return _security(call, Form())


def redisplay_security(call: AnyCall, refusal: Refusal) -> Page:
    """Show the page again with what was refused; a visitor signs in first."""
    if is_expired(refusal, signed_in=call.viewer.is_signed_in):
        return ask_to_sign_in(call.session, then=SECURITY, form=Form(problem=_("Please sign in again; nothing was changed.")))
    sent = request.path.removeprefix(SECURITY).strip("/").partition("/")[0]
    return _security(call, without(refused_form(refusal), SECRET_FIELDS), sent=sent)


def prepare_confirm(call: Call[Account, ConfirmForm, None]) -> Proof | None:
    """Check the password and the second factor while no transaction is open."""
    return prepare_confirmation(call.viewer, password=call.body.password, code=call.body.code, answer=call.body.answer)


@doors.door(
    "POST",
    f"{SECURITY}/confirm",
    SECURITY_EDIT,
    load=load_self,
    prepare=prepare_confirm,
    body=ConfirmForm,
    redisplay=redisplay_security,
)
def confirm(call: Call[Account, ConfirmForm, None]) -> Redirect:
    """Confirm that it is still oneself; it holds for ten minutes."""
    if call.prepared is not None:
        redeem(call.session, call.prepared)
    remember_confirmation(call.viewer)
    return Redirect(SECURITY)


@doors.door("POST", APP, SECURITY_EDIT, load=load_self, redisplay=redisplay_security)
def begin_app(call: Call[Account, None, None]) -> Redirect:
    """Begin to set up an authenticator app."""
    require_confirmed(call.viewer)
    require_extra()
    start_app(call.session, call.thing.id)
    return Redirect(APP)


@doors.door("GET", APP, SECURITY_EDIT, load=load_self)
def show_app(call: Call[Account, None, None]) -> Page | Redirect:
    """Show the key of the app that is being set up, as picture and as text."""
    return _app(call, Form())


def redisplay_app(call: AnyCall, refusal: Refusal) -> Page | Redirect:
    """Show the key again with what was refused."""
    if is_expired(refusal, signed_in=call.viewer.is_signed_in) or not is_confirmed(call.viewer):
        return redisplay_security(call, refusal)
    return _app(call, without(refused_form(refusal), SECRET_FIELDS))


@doors.door("POST", f"{APP}/confirm", SECURITY_EDIT, load=load_self, body=AppForm, redisplay=redisplay_app)
def finish_app(call: Call[Account, AppForm, None]) -> Page | Redirect:
    """Use the app from now on, since it shows the right code."""
    require_confirmed(call.viewer)
    require_extra()
    codes = confirm_app(call.session, call.thing.id, name=call.body.name, code=call.body.code)
    flash(_("The app is set up. From now on, signing in takes its code as well."))
    return _codes(codes) if codes else Redirect(SECURITY)


def prepare_passkey(call: Call[Account, PasskeyForm, None]) -> NewPasskey:
    """Check what the browser has made while no transaction is open."""
    require_confirmed(call.viewer)
    require_extra()
    if not call.body.answer:
        raise invalid(Fault("/answer", "required", "The browser sent no passkey. Making one needs JavaScript."))
    return passkeys.check_new(call.body.answer, spend(Purpose.REGISTER, call.viewer.account_id or 0))


@doors.door(
    "POST", f"{SECURITY}/passkeys", SECURITY_EDIT, load=load_self, prepare=prepare_passkey, body=PasskeyForm, redisplay=redisplay_security
)
def make_passkey(call: Call[Account, PasskeyForm, None]) -> Page | Redirect:
    """Store the passkey that the browser has made."""
    codes = add_passkey(call.session, call.thing.id, call.prepared, name=call.body.name)
    flash(_("The passkey is added. You can sign in with it alone, or use it as the second step."))
    return _codes(codes) if codes else Redirect(SECURITY)


@doors.door("POST", f"{SECURITY}/factors/<id:factor_id>/remove", SECURITY_EDIT, load=load_self, redisplay=redisplay_security)
def remove(call: Call[Account, None, None]) -> Redirect:
    """Remove one of one's second factors."""
    require_confirmed(call.viewer)
    remove_factor(call.session, call.thing.id, call.path["factor_id"])
    left = count_factors(call.session, call.thing.id)
    flash(_("It is removed.") if left else _("It is removed. Your password alone opens your account now."))
    return Redirect(SECURITY)


@doors.door("POST", f"{SECURITY}/codes", SECURITY_EDIT, load=load_self, redisplay=redisplay_security)
def make_codes(call: Call[Account, None, None]) -> Page | Redirect:
    """Make new recovery codes, which are on this answer and nowhere else."""
    require_confirmed(call.viewer)
    if not count_factors(call.session, call.thing.id):
        return Redirect(SECURITY)
    return _codes(renew_codes(call.session, call.thing.id))


def _codes(codes: list[str]) -> Page:
    return Page("factors/codes.html", {"codes": codes}, unstored=True)


def _app(call: AnyCall, form: Form) -> Page | Redirect:
    app = find_started_app(call.session, call.thing.id)
    if app is None or not is_installed() or not is_confirmed(call.viewer):
        return Redirect(SECURITY)
    secret = app.secret or ""
    address = totp.address_of(secret, account=call.thing.handle, issuer=settings().site_name)
    context = {"picture": totp.draw_code(address), "key": totp.in_groups(secret), "form": form}
    return Page("factors/app.html", context, unstored=True)


def _security(call: AnyCall, form: Form, *, sent: str = "") -> Page:
    account: Account = call.thing
    confirmed = is_confirmed(call.viewer)
    shown = present_factors(call.session, account.id)
    context = {
        "handle": account.handle,
        "has_password": account.password_hash is not None,
        "fresh": is_fresh(call.session, call.viewer),
        "confirmed": confirmed,
        "installed": is_installed(),
        "missing": translated(MISSING),
        "old": translated(OLD),
        "factors": shown.items,
        "codes_left": shown.recovery_codes_left,
        "options": _options(call, account, confirmed=confirmed) if passkeys.are_offered() else "",
        "base_url": settings().base_url,
        "form": form,
        "sent": sent if form.problem else "",
    }
    return Page("factors/security.html", context)


def _options(call: AnyCall, account: Account, *, confirmed: bool) -> str:
    known = list_factors(call.session, account.id, kind=FactorKind.PASSKEY)
    if confirmed:
        challenge = issue(Purpose.REGISTER, account.id)
        return passkeys.ask_to_make(challenge, handle=account.handle, display_name=account.display_name, known=known)
    return passkeys.ask_to_prove(issue(Purpose.CONFIRM, account.id), known) if known else ""
