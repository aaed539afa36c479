"""HTML doors of signing in: the second step after the first factor, and a passkey in place of both.

The rule: who has proven the first factor stands in the signed cookie (``pending``), never in a form. A passkey alone is both factors – something one has, and a
finger, face or PIN, since user verification is required – and so is not asked for a second.
"""

from typing import Annotated

import msgspec
from flask import flash, request
from flask_babel import gettext as _
from flask_babel import ngettext
from msgspec import Meta
from sqlalchemy.orm import Session

from forum.access.permissions import Permission
from forum.accounts.admission import Onward, complete
from forum.accounts.errands import Way, ask_to_sign_in, describe_errand
from forum.accounts.models import Account
from forum.db.transaction import writing
from forum.factors import passkeys
from forum.factors.challenges import Purpose, issue
from forum.factors.extra import MISSING, is_installed
from forum.factors.models import FactorKind
from forum.factors.pending import Pending, finish, get_pending, remember
from forum.factors.proving import Proof, prove, prove_passkey, redeem
from forum.factors.queries import count_codes_left, list_factors
from forum.factors.schemas import Code
from forum.refusals import Fault, Kind, Refusal, invalid
from forum.sentences import sentence
from forum.web.doors import AnyCall, Call
from forum.web.forms import Form, refused_form, typed, without
from forum.web.framing import is_framed
from forum.web.limits import charge, network_of
from forum.web.pages import Page, PageDoors, Redirect, safe_next
from forum.web.translation import translated

doors = PageDoors("second_steps")
SECRET_FIELDS = ("code", "answer")
Next = Annotated[str, Meta(max_length=4000)]
Packed = Annotated[str, Meta(max_length=250_000)]
Sent = Annotated[str, Meta(max_length=20_000)]
NO_ANSWER = sentence("The browser sent no passkey. That needs JavaScript; you can sign in with your password instead.")


class SecondForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The second factor, and what is done afterwards; whose it is stands in the cookie."""

    code: Code = ""
    answer: Sent = ""
    next: Next = ""
    errand: Packed = ""


class PasskeyQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where to go on afterwards."""

    next: Next = ""


class PasskeySignInForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A passkey's answer, and what is done afterwards. ``step`` is ``form`` when another form only hands its errand over."""

    answer: Sent = ""
    next: Next = ""
    errand: Packed = ""
    step: Annotated[str, Meta(max_length=10)] = ""


def ask_for_second_factor(session: Session, account: Account, onward: Onward) -> Page | None:
    """Return the page that asks for the second factor, and remember who is asked; None for an account that has none (``admission.SECOND_STEPS``)."""
    if not list_factors(session, account.id):
        return None
    remember(account.id)
    return _second_step(session, account.id, onward, Form())


def offer_passkey(session: Session, then: str) -> Way | None:
    """Return the way to sign in by passkey, where passkeys are possible (``errands.WAYS``)."""
    return Way(_("Sign in with a passkey"), "/sign-in/passkey", then=then, takes_errand=True) if passkeys.are_offered() else None


def prepare_second(call: Call[None, SecondForm, None]) -> tuple[Pending, Proof]:
    """Check the second factor of whoever has proven the first, while no transaction is open."""
    pending = get_pending()
    return pending, prove(pending.account_id, code=call.body.code, answer=call.body.answer)


def redisplay_second(call: AnyCall, refusal: Refusal) -> Page:
    """Ask for the second factor again, or for the first when that is too long ago."""
    onward = Onward(typed("errand"), typed("next"))
    try:
        pending = get_pending()
    except Refusal as late:
        return ask_to_sign_in(call.session, errand=onward.errand, then=onward.then, form=Form(problem=translated(late.detail)))
    return _second_step(call.session, pending.account_id, onward, without(refused_form(refusal), SECRET_FIELDS))


@doors.door(
    "POST",
    "/sign-in/second",
    Permission.SESSION_CREATE,
    prepare=prepare_second,
    body=SecondForm,
    redisplay=redisplay_second,
    framed=True,
)
def take_second_step(call: Call[None, SecondForm, None]) -> Page | Redirect:
    """Sign in with the second factor, and do what the visitor came for."""
    pending, proof = call.prepared
    redeem(call.session, proof)
    finish(call.session, pending)
    outcome = complete(call.session, _get_account(call.session, pending.account_id), Onward(call.body.errand, call.body.next))
    if proof.code_hash:
        left = count_codes_left(call.session, pending.account_id)
        flash(ngettext("%(num)d recovery code is left.", "%(num)d recovery codes are left.", left))
    return outcome


@doors.door("GET", "/sign-in/passkey", Permission.SESSION_CREATE, query=PasskeyQuery)
def show_passkey_sign_in(call: Call[None, None, PasskeyQuery]) -> Page | Redirect:
    """Show the page that signs in by passkey."""
    if call.viewer.is_signed_in:
        return Redirect(safe_next(call.query.next))
    return _passkey_sign_in(call.session, Onward(then=call.query.next), Form())


def prepare_passkey_sign_in(call: Call[None, PasskeySignInForm, None]) -> Proof | None:
    """Check the passkey while no transaction is open."""
    if call.body.step == "form":
        return None
    with writing() as session:
        charge(session, "sign_in_address_rate", network_of(request.remote_addr))
    if not call.body.answer:
        raise invalid(Fault("/answer", "required", NO_ANSWER))
    return prove_passkey(0, call.body.answer, Purpose.SIGN_IN)


def redisplay_passkey_sign_in(call: AnyCall, refusal: Refusal) -> Page:
    """Show why it was refused, and ask anew."""
    return _passkey_sign_in(call.session, Onward(typed("errand"), typed("next")), without(refused_form(refusal), SECRET_FIELDS))


@doors.door(
    "POST",
    "/sign-in/passkey",
    Permission.SESSION_CREATE,
    prepare=prepare_passkey_sign_in,
    body=PasskeySignInForm,
    redisplay=redisplay_passkey_sign_in,
)
def sign_in_by_passkey(call: Call[None, PasskeySignInForm, None]) -> Page | Redirect:
    """Sign in by a passkey alone, and do what the visitor came for."""
    onward, proof = Onward(call.body.errand, call.body.next), call.prepared
    if proof is None:
        return _passkey_sign_in(call.session, onward, Form())
    redeem(call.session, proof)
    return complete(call.session, _get_account(call.session, proof.account_id), onward)


def _get_account(session: Session, account_id: int) -> Account:
    account = session.get(Account, account_id)
    if account is None or account.left_at is not None:
        raise Refusal(Kind.UNAUTHENTICATED, "This account is not here any more.")
    return account


def _passkey_sign_in(session: Session, onward: Onward, form: Form) -> Page:
    context = {
        "installed": is_installed(),
        "missing": translated(MISSING),
        "options": passkeys.ask_to_prove(issue(Purpose.SIGN_IN)) if passkeys.are_offered() else "",
        "next": safe_next(onward.then, otherwise=""),
        "form": form,
        **describe_errand(session, onward.errand),
    }
    return Page("factors/sign_in.html", context)


def _second_step(session: Session, account_id: int, onward: Onward, form: Form) -> Page:
    factors = list_factors(session, account_id)
    keys = [factor for factor in factors if factor.kind == FactorKind.PASSKEY]
    asked = bool(keys) and passkeys.are_offered() and not is_framed()
    context = {
        "form": form,
        "next": safe_next(onward.then, otherwise=""),
        "has_app": len(keys) < len(factors),
        "has_passkey": bool(keys),
        "options": passkeys.ask_to_prove(issue(Purpose.SECOND, account_id), keys) if asked else "",
        "installed": is_installed(),
        "missing": translated(MISSING),
        **describe_errand(session, onward.errand),
    }
    return Page("factors/second_step.html", context)
