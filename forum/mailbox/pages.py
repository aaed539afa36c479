"""HTML doors of mailed links: asking for one, the page with one button that a link leads to, and the button.

A link's page changes nothing, since mail scanners open links. The secret stands in the path and is never in a redirect, a log line or a Referer (web/headers.py).
"""

from typing import Annotated, Any

import msgspec
from flask import flash
from flask_babel import gettext as _
from msgspec import Meta
from sqlalchemy.orm import Session

from forum.access.permissions import Permission
from forum.accounts.errands import Way, describe_errand
from forum.accounts.models import Account
from forum.accounts.schemas import Secret
from forum.accounts.steps import load_self
from forum.db.transaction import reading
from forum.mailbox.asking import (
    ask_for_address,
    ask_for_confirmation,
    ask_for_reset,
    ask_for_sign_in,
    prepare_address,
    prepare_confirmation,
    prepare_mail,
)
from forum.mailbox.entering import Reset, account_of, prepare_reset, reset_password
from forum.mailbox.following import LINK_HANDLERS
from forum.mailbox.links import gone, read_link, use_link
from forum.mailbox.models import Purpose
from forum.refusals import Kind, Refusal
from forum.web.doors import AnyCall, Call
from forum.web.forms import Form, is_expired, refused_form, typed, without
from forum.web.pages import Page, PageDoors, Redirect, safe_next
from forum.web.translation import translated

doors = PageDoors("mailbox")
Email = Annotated[str, Meta(max_length=254)]
Next = Annotated[str, Meta(max_length=4000)]
SECRET_FIELDS = ("password", "new_password")


class OnwardQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where to go on afterwards."""

    next: Next = ""


class MailForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose link is to be mailed. ``step`` is ``form`` when another form only hands its errand over."""

    email: Email = ""
    next: Next = ""
    errand: Annotated[str, Meta(max_length=250_000)] = ""
    step: Annotated[str, Meta(max_length=10)] = ""


class ResetAskForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose link is to be mailed."""

    email: Email = ""


class ResetForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The new password."""

    new_password: Secret = ""


class EmailForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The new address, and the account's password."""

    email: Email = ""
    password: Secret = ""


def offer_mail(session: Session, onward: str) -> Way:
    """Offer the mailed link on the sign-in page (``errands.WAYS``)."""
    return Way(_("Send me a link to sign in by mail"), "/sign-in/mail", then=onward, takes_errand=True)


def ask_for_address_page(session: Session, *, errand: str = "", then: str = "", form: Form | None = None) -> Page:
    """Return the page that asks where the link to sign in is to be mailed."""
    return Page("mailbox/sign_in.html", {"form": form or Form(), "next": safe_next(then, otherwise=""), **describe_errand(session, errand)})


@doors.door("GET", "/sign-in/mail", Permission.SESSION_CREATE, query=OnwardQuery)
def show_mail_form(call: Call[None, None, OnwardQuery]) -> Page | Redirect:
    """Show the form that asks for a link to sign in."""
    if call.viewer.is_signed_in:
        return Redirect(safe_next(call.query.next))
    return ask_for_address_page(call.session, then=call.query.next)


def prepare_mail_form(call: Call[None, MailForm, None]) -> None:
    """Charge the mail, unless another form only hands its errand over."""
    if call.body.step != "form":
        prepare_mail(call.body.email)


def redisplay_mail_form(call: AnyCall, refusal: Refusal) -> Page:
    """Show the refused form again."""
    return ask_for_address_page(call.session, errand=typed("errand"), then=typed("next"), form=refused_form(refusal))


@doors.door("POST", "/sign-in/mail", Permission.SESSION_CREATE, prepare=prepare_mail_form, body=MailForm, redisplay=redisplay_mail_form)
def mail_sign_in(call: Call[None, MailForm, None]) -> Page:
    """Mail a link that signs in, if the address is an account's; the page says the same for every address."""
    body = call.body
    if body.step == "form":
        return ask_for_address_page(call.session, errand=body.errand, then=body.next)
    fits = ask_for_sign_in(call.session, body.email, then=safe_next(body.next, otherwise=""), errand=body.errand)
    return Page("mailbox/sent.html", {"what": "sign_in", "email": body.email.strip(), "left_behind": not fits})


@doors.door("GET", "/password", Permission.SESSION_CREATE)
def show_reset_form(call: Call[None, None, None]) -> Page:
    """Show the form that asks for a link to a new password."""
    return Page("mailbox/forgot.html", {"form": Form()})


def prepare_reset_form(call: Call[None, ResetAskForm, None]) -> None:
    """Charge the mail."""
    prepare_mail(call.body.email)


def redisplay_reset_form(call: AnyCall, refusal: Refusal) -> Page:
    """Show the refused form again."""
    return Page("mailbox/forgot.html", {"form": refused_form(refusal)})


@doors.door("POST", "/password", Permission.SESSION_CREATE, prepare=prepare_reset_form, body=ResetAskForm, redisplay=redisplay_reset_form)
def mail_reset(call: Call[None, ResetAskForm, None]) -> Page:
    """Mail a link to a new password, if the address is an account's; the page says the same for every address."""
    ask_for_reset(call.session, call.body.email)
    return Page("mailbox/sent.html", {"what": "reset", "email": call.body.email.strip(), "left_behind": False})


@doors.door("GET", "/mail/<secret>", Permission.LINK_FOLLOW)
def show_link(call: Call[None, None, None]) -> Page:
    """Show what following a mailed link does; nothing is done yet."""
    return _link_page(call.session, call.path["secret"], Form())


def redisplay_link(call: AnyCall, refusal: Refusal) -> Page:
    """Show the link's page again, unless the link itself is what was refused."""
    if refusal.kind is Kind.LINK_EXPIRED:
        raise refusal
    return _link_page(call.session, call.path["secret"], without(refused_form(refusal), SECRET_FIELDS))


def prepare_link(call: AnyCall) -> Any:
    """Do what the link's handler wants done while no transaction is open."""
    with reading() as session:
        link = read_link(session, call.path["secret"])
        session.expunge(link)
    handler = LINK_HANDLERS.get(Purpose(link.purpose))
    return handler.prepare(link) if handler is not None and handler.prepare is not None else None


@doors.door("POST", "/mail/<secret>", Permission.LINK_FOLLOW, prepare=prepare_link, redisplay=redisplay_link)
def follow_link(call: Call[None, None, None]) -> Page | Redirect:
    """Follow a mailed link: use it up and do what it is for."""
    purpose = Purpose(read_link(call.session, call.path["secret"]).purpose)
    handler = LINK_HANDLERS.get(purpose)
    if handler is None:
        raise gone()
    link = use_link(call.session, purpose, call.path["secret"])
    return handler.follow(call.session, link, *((call.prepared,) if handler.prepare is not None else ()))


def prepare_link_password(call: Call[None, ResetForm, None]) -> Reset:
    """Check the link and hash the new password while no transaction is open."""
    return prepare_reset(call.path["secret"], call.body.new_password)


@doors.door(
    "POST",
    "/mail/<secret>/password",
    Permission.LINK_FOLLOW,
    prepare=prepare_link_password,
    body=ResetForm,
    redisplay=redisplay_link,
)
def save_new_password(call: Call[None, ResetForm, None]) -> Redirect:
    """Set a new password with a mailed link; every sign-in of the account ends."""
    reset_password(call.session, call.path["secret"], call.prepared)
    flash(_("Your new password is set, and you are signed out everywhere. Sign in with it now."))
    return Redirect("/sign-in")


def redisplay_confirmation(call: AnyCall, refusal: Refusal) -> Redirect:
    """Say why no mail was sent, where it was asked for."""
    if is_expired(refusal, signed_in=call.viewer.is_signed_in):
        return Redirect("/sign-in?next=/settings")
    flash(translated(refusal.detail))
    return Redirect("/settings")


@doors.door(
    "POST",
    "/settings/confirmation",
    Permission.SECURITY_EDIT,
    load=load_self,
    prepare=prepare_confirmation,
    redisplay=redisplay_confirmation,
)
def mail_confirmation(call: Call[Account, None, None]) -> Redirect:
    """Mail the link that confirms one's address again."""
    ask_for_confirmation(call.session, call.thing)
    flash(_("A mail is on its way to %(email)s. Follow the link in it; it is good for 3 days.", email=call.thing.email))
    return Redirect("/settings")


@doors.door("GET", "/settings/email", Permission.SECURITY_EDIT, load=load_self)
def show_email(call: Call[Account, None, None]) -> Page:
    """Show one's address and the form that changes it."""
    return _email_page(call.thing, Form())


def redisplay_email(call: AnyCall, refusal: Refusal) -> Page | Redirect:
    """Show the refused form again; a visitor signs in first."""
    if is_expired(refusal, signed_in=call.viewer.is_signed_in):
        return Redirect("/sign-in?next=/settings/email")
    return _email_page(call.thing, without(refused_form(refusal), SECRET_FIELDS))


def prepare_email(call: Call[Account, EmailForm, None]) -> None:
    """Check the password and charge the mail while no transaction is open."""
    prepare_address(call, email=call.body.email, password=call.body.password)


@doors.door(
    "POST",
    "/settings/email",
    Permission.SECURITY_EDIT,
    load=load_self,
    prepare=prepare_email,
    body=EmailForm,
    redisplay=redisplay_email,
)
def change_email(call: Call[Account, EmailForm, None]) -> Redirect:
    """Ask for another address: it is one's own once the link in the mail to it is followed."""
    ask_for_address(call.session, call.thing, call.body.email)
    flash(
        _(
            "A mail is on its way to %(email)s. The address is yours once you follow the link in it; it is good for 3 days.",
            email=call.body.email,
        )
    )
    return Redirect("/settings/email")


def _email_page(account: Account, form: Form) -> Page:
    context: dict[str, Any] = {"email": account.email, "is_confirmed": account.email_confirmed_at is not None, "form": form}
    return Page("mailbox/email.html", {**context, "handle": account.handle, "has_password": account.password_hash is not None})


def _link_page(session: Session, secret: str, form: Form) -> Page:
    link = read_link(session, secret)
    if link.purpose == Purpose.RESET:
        account = account_of(session, link)
        is_new = account.email_confirmed_at is None
        return Page("mailbox/reset.html", {"secret": secret, "form": form, "handle": account.handle, "is_unconfirmed": is_new})
    handler = LINK_HANDLERS.get(Purpose(link.purpose))
    if handler is None:
        raise gone()
    return Page("mailbox/link.html", {"secret": secret, "form": form, "link": handler.describe(session, link)})
