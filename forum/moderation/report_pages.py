"""HTML doors of reports: report a comment, give notice without an account, list one's own. What became of one stands in the room of redress.

Who merely disagrees is led to the tags, and nothing is filed. Every form works without JavaScript and comes back as it was typed.
"""

from dataclasses import replace

from flask import flash
from flask_babel import gettext as _

from forum.access.permissions import Permission
from forum.accounts.errands import ERRANDS, ask_to_sign_in
from forum.accounts.models import Account
from forum.articles.models import Site
from forum.articles.steps import load_site
from forum.comments.models import Comment
from forum.moderation import report_errands, steps
from forum.moderation.notice_form import NoticeForm, NoticeQuery
from forum.moderation.present import OUTCOMES, present_receipt
from forum.moderation.queries import list_own_reports
from forum.moderation.report_form import DISAGREE, ReportForm, show_report
from forum.moderation.reporting import report
from forum.moderation.review import ReportState
from forum.refusals import Kind, Refusal
from forum.web.doors import AnyCall, Call
from forum.web.forms import Form, filled_form, refused_form, typed
from forum.web.pages import Page, PageDoors, Redirect
from forum.web.translation import translated

doors = PageDoors("reports")
ERRANDS.update(report_errands.KINDS)


@doors.door("GET", "/c/<id:comment_id>/report", Permission.REPORT_CREATE, load=steps.load_reported_comment, framed=True)
def show_form(call: Call[Comment, None, None]) -> Page:
    """Show a comment with the form that reports it."""
    return show_report(call.session, call.viewer, call.thing, Form())


def redisplay_report(call: AnyCall, refusal: Refusal) -> Page | Redirect:
    """Say why a report was refused, with what was typed; a visitor signs in first and gets it back."""
    if not call.viewer.is_signed_in:
        if typed("reason") == DISAGREE:
            return _to_tags(call.thing.id)
        errand = report_errands.pack_report(call.thing.id, reason=typed("reason"), note=typed("note"))
        return ask_to_sign_in(call.session, errand=errand, then=f"/c/{call.thing.id}/report")
    return show_report(call.session, call.viewer, call.thing, refused_form(refusal))


@doors.door(
    "POST",
    "/c/<id:comment_id>/report",
    Permission.REPORT_CREATE,
    load=steps.load_reported_comment,
    body=ReportForm,
    redisplay=redisplay_report,
    framed=True,
)
def send_report(call: Call[Comment, ReportForm, None]) -> Redirect:
    """Report a comment to the moderators and land on the receipt; who merely disagrees lands at the tags."""
    reason = call.body.chosen
    if reason is None:
        return _to_tags(call.thing.id)
    filed = report(call.session, call.viewer, call.thing.id, reason=reason, note=call.body.note)
    flash(_("Thank you. Your report is with the moderators."))
    return Redirect(f"/reports/{filed.reference}")


@doors.door("GET", "/reports", Permission.SELF_READ)
def list_reports(call: Call[None, None, None]) -> Page:
    """List one's own reports, newest first."""
    reports = list_own_reports(call.session, call.viewer.account_id or 0)
    rows = [(present_receipt(each), translated(OUTCOMES[ReportState(each.state)])) for each in reports]
    return Page("moderation/reports.html", {"rows": rows})


@doors.door("GET", "/notice", Permission.NOTICE_CREATE, load=load_site, query=NoticeQuery)
def show_notice(call: Call[Site, None, NoticeQuery]) -> Page:
    """Show the form of a notice of illegal content or of a breach of confidentiality."""
    account = call.session.get(Account, call.viewer.account_id) if call.viewer.account_id else None
    known = {"name": account.display_name, "email": account.email} if account else {}
    return _notice(filled_form(url=call.query.url, **known))


def redisplay_notice(call: AnyCall, refusal: Refusal) -> Page:
    """Show the refused notice again, as it was typed."""
    form = refused_form(refusal)
    if refusal.kind is Kind.CSRF:
        form = replace(form, problem=_("The form had waited too long. Nothing is lost: please send it once more."))
    return _notice(form)


@doors.door("POST", "/notice", Permission.NOTICE_CREATE, load=load_site, body=NoticeForm, redisplay=redisplay_notice)
def send_notice(call: Call[Site, NoticeForm, None]) -> Redirect:
    """Give notice without an account, and land on the receipt."""
    filed = steps.file_notice(call.session, call.body.notice)
    flash(_("Thank you. Your notice is with the moderators. Keep the address of this page: it shows what becomes of it."))
    return Redirect(f"/reports/{filed.reference}")


def _to_tags(comment_id: int) -> Redirect:
    flash(_("A tag says that better than a report: it tells the writer and all readers."))
    return Redirect(f"/c/{comment_id}/tag")


def _notice(form: Form) -> Page:
    return Page("moderation/notice.html", {"form": form})
