"""What a visitor was about to report when asked to sign in: the choice and the note come back in the form, and nothing is filed unseen.

The rule: an errand is described before the password is typed, and says nothing of a comment that cannot be read.
"""

import msgspec
from flask import flash
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from forum.access.permissions import Permission
from forum.access.viewer import Viewer
from forum.accounts.errands import ErrandKind
from forum.comments.queries import find_row, get_comment
from forum.comments.schemas import RowId
from forum.comments.states import State
from forum.moderation.report_form import show_report
from forum.web.doors import require
from forum.web.forms import filled_form
from forum.web.pages import Page, Redirect


class ReportErrand(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A report as the form's fields held it."""

    comment_id: RowId
    reason: str = ""
    note: str = ""


def pack_report(comment_id: int, *, reason: str, note: str) -> str:
    """Return a typed report as the sign-in form carries it."""
    return f"report:{msgspec.json.encode(ReportErrand(comment_id, reason, note)).decode()}"


def describe_report(session: Session, data: str) -> str | None:
    """Say whose comment is being reported, and that nothing is sent yet."""
    errand = _unpack(data)
    row = find_row(session, errand.comment_id) if errand else None
    if row is None or row[0].state != State.VISIBLE:
        return None
    return str(
        _(
            "Your report of the comment by %(name)s is kept and comes back once you are signed in. It is not sent yet.",
            name=row[1].display_name,
        )
    )


def run_report(session: Session, viewer: Viewer, data: str) -> Page | Redirect:
    """Show the form of the report with what was chosen and typed. Raises what its own door would."""
    errand = _unpack(data)
    if errand is None:
        return Redirect("/")
    comment = get_comment(session, errand.comment_id)
    require(viewer, Permission.REPORT_CREATE, comment)
    flash(_("You are signed in. Here is your report; send it when you are ready."))
    return show_report(session, viewer, comment, filled_form(reason=errand.reason, note=errand.note))


KINDS = {"report": ErrandKind(describe_report, run_report)}


def _unpack(data: str) -> ReportErrand | None:
    try:
        return msgspec.json.decode(data, type=ReportErrand)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
