"""What somebody had typed about an appeal when the sign-in had ended: it comes back in its form after signing in, and nothing is sent unseen."""

import msgspec
from flask import flash
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from forum.access.permissions import Permission
from forum.access.viewer import Viewer
from forum.accounts.errands import ErrandKind
from forum.comments.schemas import RowId
from forum.moderation.models import Decision, Report
from forum.redress.appeal_forms import Sent, show_appeal, show_decision_form, show_report_form, show_sanction_form
from forum.redress.models import Appeal
from forum.redress.steps import concern_of_appeal, concern_of_decision, concern_of_sanction, require_own_report
from forum.sanctions.models import Sanction
from forum.web.doors import require
from forum.web.forms import Form
from forum.web.pages import Page, Redirect

NAME = "appeal"


class AppealErrand(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The fields of a form as they stood: ``what`` it was about, which row, and which of an appeal's forms it was."""

    what: str
    row_id: RowId
    which: str
    fields: dict[str, str]


def pack_typed(what: str, row_id: int, which: str, form: Form) -> str:
    """Return what was typed as the sign-in form carries it."""
    fields = {name: form.value(name) for name in form.values if form.value(name)}
    return f"{NAME}:{msgspec.json.encode(AppealErrand(what, row_id, which, fields)).decode()}"


def describe_typed(session: Session, data: str) -> str | None:
    """Say that it is kept and was not sent."""
    return str(_("What you wrote is kept and not sent yet. Sign in, and you get it back as you typed it.")) if _unpack(data) else None


def run_typed(session: Session, viewer: Viewer, data: str) -> Page | Redirect:
    """Show the form with what was typed. Raises what its own door would."""
    errand = _unpack(data)
    if errand is None:
        return Redirect("/decisions")
    form = Form({name: (value,) for name, value in errand.fields.items()})
    flash(_("You are signed in again. Read it once more, then send it."))
    if errand.what == "decision" and (decision := session.get(Decision, errand.row_id)) is not None:
        require(viewer, Permission.APPEAL_CREATE, concern_of_decision(session, decision, reporter_id=viewer.account_id))
        return show_decision_form(session, viewer, decision, form)
    if errand.what == "sanction" and (sanction := session.get(Sanction, errand.row_id)) is not None:
        require(viewer, Permission.APPEAL_CREATE, concern_of_sanction(sanction))
        return show_sanction_form(session, viewer, sanction, form)
    if errand.what == "report" and (report := session.get(Report, errand.row_id)) is not None:
        require_own_report(viewer, report)
        return show_report_form(session, viewer, report, form)
    if errand.what == "appeal" and (appeal := session.get(Appeal, errand.row_id)) is not None:
        require(viewer, Permission.APPEAL_READ, concern_of_appeal(appeal))
        return show_appeal(session, viewer, appeal, Sent(errand.which, form))
    return Redirect("/decisions")


KINDS = {NAME: ErrandKind(describe_typed, run_typed)}


def _unpack(data: str) -> AppealErrand | None:
    try:
        return msgspec.json.decode(data, type=AppealErrand)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None
