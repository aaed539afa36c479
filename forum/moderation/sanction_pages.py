"""HTML doors by which moderators impose and lift sanctions; those who ban are administrators.

The rule: a refused form comes back as it was typed, also to whom the sign-in had ended meanwhile.
"""

from typing import Any

from flask import flash
from flask_babel import gettext as _

from forum.access.permissions import Permission
from forum.access.table import can
from forum.accounts.errands import ERRANDS, ask_to_sign_in
from forum.accounts.models import Account
from forum.moderation import sanction_errands, sanction_steps, sanction_words, steps
from forum.moderation.person_form import SanctionForm, show_ban, show_person
from forum.moderation.sanction_errands import pack_sanction
from forum.moderation.sanctioning import lift
from forum.refusals import Refusal
from forum.sanctions.kinds import SanctionKind
from forum.sanctions.models import Sanction
from forum.web.doors import AnyCall, Call
from forum.web.forms import Form, is_expired, refused_form
from forum.web.pages import Page, PageDoors, Redirect

doors = PageDoors("sanctions")
ERRANDS.update(sanction_errands.KINDS)


def redisplay_sanction(call: AnyCall, refusal: Refusal) -> Page:
    """Show the person again with what was typed; who was signed out meanwhile signs in first and gets it back."""
    form = refused_form(refusal)
    if is_expired(refusal, signed_in=call.viewer.is_signed_in):
        handle = call.path["handle"]
        return ask_to_sign_in(call.session, errand=pack_sanction(handle, form), then=f"/mod/people/{handle}")
    if not can(call.viewer, Permission.SANCTION_IMPOSE, call.thing):
        raise refusal
    return show_person(call.session, call.viewer, call.thing, which="sanctions", form=form)


@doors.door(
    "POST",
    "/mod/people/<handle>/sanctions",
    Permission.SANCTION_IMPOSE,
    load=steps.load_person,
    body=SanctionForm,
    redisplay=redisplay_sanction,
)
def impose(call: Call[steps.Case, SanctionForm, None]) -> Redirect:
    """Impose something on a person, and land on what is in force."""
    sanction = sanction_steps.impose_on(call, call.body.order())
    return _done(steps.account_of(call), sanction)


@doors.door("GET", "/mod/people/<handle>/ban", Permission.BAN_IMPOSE, load=steps.load_person)
def show_ban_form(call: Call[steps.Case, None, None]) -> Page:
    """Show the form that bans a person."""
    return show_ban(call.session, call.thing, Form())


def redisplay_ban(call: AnyCall, refusal: Refusal) -> Page:
    """Show the form again with what was typed; who was signed out meanwhile signs in first and gets it back."""
    form = refused_form(refusal)
    if is_expired(refusal, signed_in=call.viewer.is_signed_in):
        handle = call.path["handle"]
        return ask_to_sign_in(call.session, errand=pack_sanction(handle, form, is_ban=True), then=f"/mod/people/{handle}/ban")
    if not can(call.viewer, Permission.BAN_IMPOSE, call.thing):
        raise refusal
    return show_ban(call.session, call.thing, form)


@doors.door("POST", "/mod/people/<handle>/ban", Permission.BAN_IMPOSE, load=steps.load_person, body=SanctionForm, redisplay=redisplay_ban)
def ban(call: Call[steps.Case, SanctionForm, None]) -> Redirect:
    """Ban a person, and land on what is in force."""
    sanction = sanction_steps.impose_on(call, call.body.order(SanctionKind.BAN))
    return _done(steps.account_of(call), sanction)


def redisplay_lift(call: AnyCall, refusal: Refusal) -> Page:
    """Show the person again and say why it was not lifted."""
    if is_expired(refusal, signed_in=call.viewer.is_signed_in):
        return ask_to_sign_in(call.session, then="/mod")
    if not can(call.viewer, Permission.SANCTION_IMPOSE, call.thing):
        raise refusal
    return show_person(call.session, call.viewer, _case_of(call), which="lift", form=refused_form(refusal))


@doors.door(
    "POST",
    "/mod/sanctions/<id:sanction_id>/lift",
    Permission.SANCTION_IMPOSE,
    load=sanction_steps.load_sanction,
    redisplay=redisplay_lift,
)
def lift_one(call: Call[Sanction, None, None]) -> Redirect:
    """Lift what was imposed on a person, and land on what is still in force."""
    case = _case_of(call)
    lift(call.session, call.viewer, call.thing)
    flash(_("Lifted: %(label)s.", label=sanction_words.label(call.thing.kind)))
    return Redirect(f"/mod/people/{case.row.handle}#sanctions")


def _case_of(call: Call[Sanction, Any, Any]) -> steps.Case:
    return steps.Case(call.thing.site_id, None, call.session.get_one(Account, call.thing.account_id))


def _done(account: Account, sanction: Sanction) -> Redirect:
    flash(_("Imposed on %(name)s: %(label)s.", name=account.display_name, label=sanction_words.label(sanction.kind)))
    return Redirect(f"/mod/people/{account.handle}#sanctions")
