"""JSON doors of reports: report a comment, send a notice without an account, see what became of it."""

from forum.access.permissions import Permission
from forum.articles.models import Site
from forum.articles.steps import load_site
from forum.comments.models import Comment
from forum.moderation import steps
from forum.moderation.models import Report
from forum.moderation.present import present_receipt
from forum.moderation.queries import list_own_reports
from forum.moderation.reporting import report
from forum.moderation.schemas import NoticeIn, ReceiptOut, ReceiptsOut, ReportIn
from forum.refusals import Kind
from forum.web.doors import Answer, ApiDoors, Call

doors = ApiDoors("reports")


@doors.door(
    "POST",
    "/comments/<id:comment_id>/reports",
    Permission.REPORT_CREATE,
    load=steps.load_reported_comment,
    body=ReportIn,
    answers={201: ReceiptOut},
    problems=(Kind.NOT_FOUND, Kind.OWN_COMMENT, Kind.SANCTIONED, Kind.CONFLICT, Kind.RATE_LIMITED),
)
def create_report(call: Call[Comment, ReportIn, None]) -> Answer:
    """Report a comment to the moderators. Who merely disagrees tags it instead: a report is about the rules."""
    filed = report(call.session, call.viewer, call.thing.id, reason=call.body.reason, note=call.body.note)
    return Answer(present_receipt(filed), 201, location=f"/api/v1/reports/{filed.reference}")


@doors.door(
    "POST",
    "/notices",
    Permission.NOTICE_CREATE,
    load=load_site,
    body=NoticeIn,
    answers={201: ReceiptOut},
    problems=(Kind.CONFLICT, Kind.RATE_LIMITED),
)
def create_notice(call: Call[Site, NoticeIn, None]) -> Answer:
    """Give notice of illegal content or of a breach of confidentiality, also without an account."""
    return Answer(present_receipt(steps.file_notice(call.session, call.body)), 201)


@doors.door(
    "GET",
    "/reports/<reference>",
    Permission.REPORT_READ,
    load=steps.load_receipt,
    answers={200: ReceiptOut},
    problems=(Kind.NOT_FOUND,),
    private=True,
)
def get_receipt(call: Call[Report, None, None]) -> Answer:
    """Show what became of a report, to whoever has its reference."""
    return Answer(present_receipt(call.thing))


@doors.door("GET", "/me/reports", Permission.SELF_READ, answers={200: ReceiptsOut}, private=True)
def list_mine(call: Call[None, None, None]) -> Answer:
    """List one's own reports, newest first."""
    return Answer(ReceiptsOut([present_receipt(each) for each in list_own_reports(call.session, call.viewer.account_id or 0)]))
