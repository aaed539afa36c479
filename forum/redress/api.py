"""JSON doors of appeals, statements of reasons and sanctions as their subjects see them."""

from forum.access.permissions import Permission
from forum.articles.models import Site
from forum.articles.steps import load_site
from forum.moderation.models import Report
from forum.moderation.sanctioning import acknowledge
from forum.redress import steps
from forum.redress.filing import answer, appeal_decision, appeal_report, appeal_sanction, ask
from forum.redress.models import Appeal
from forum.redress.own import list_own
from forum.redress.present import present_appeal, present_decision, present_own, present_sanction
from forum.redress.schemas import (
    AnswerIn,
    AppealIn,
    AppealOut,
    AppealsOut,
    AppealsQuery,
    OwnRowsOut,
    OwnSanctionOut,
    QuestionIn,
    ReasonedDecisionOut,
    VerdictIn,
)
from forum.refusals import Kind
from forum.sanctions.models import Sanction
from forum.web.doors import Answer, AnyCall, ApiDoors, Call

doors = ApiDoors("redress")
DECIDING = (Kind.NOT_FOUND, Kind.RECUSED, Kind.STALE_VERSION, Kind.CONFLICT, Kind.ILLEGAL_TRANSITION)


@doors.door(
    "GET",
    "/decisions/<id:decision_id>",
    Permission.DECISION_READ,
    load=steps.load_decision,
    answers={200: ReasonedDecisionOut},
    problems=(Kind.NOT_FOUND,),
    private=True,
)
def get_decision(call: Call[steps.Concern, None, None]) -> Answer:
    """Show a decision with its statement of reasons to the writer of its comment, and to moderators."""
    is_writer = call.viewer.account_id == call.thing.author_id
    return Answer(present_decision(call.session, call.viewer, call.thing.row, is_writer=is_writer))


@doors.door("GET", "/me/decisions", Permission.SELF_READ, answers={200: OwnRowsOut}, private=True)
def list_mine(call: Call[None, None, None]) -> Answer:
    """List what was decided about oneself – restrictions, sanctions – and one's own appeals, newest first."""
    return Answer(OwnRowsOut(present_own(list_own(call.session, call.viewer.account_id or 0))))


@doors.door(
    "GET",
    "/sanctions/<id:sanction_id>",
    Permission.SANCTION_READ,
    load=steps.load_sanction,
    answers={200: OwnSanctionOut},
    problems=(Kind.NOT_FOUND,),
    private=True,
)
def get_sanction(call: Call[Sanction, None, None]) -> Answer:
    """Show a sanction with its statement of reasons to whom it is about, and to moderators."""
    return Answer(present_sanction(call.session, call.thing))


@doors.door(
    "PUT",
    "/sanctions/<id:sanction_id>/acknowledgement",
    Permission.SANCTION_ACKNOWLEDGE,
    load=steps.load_own_sanction,
    answers={200: OwnSanctionOut},
    problems=(Kind.NOT_FOUND,),
)
def acknowledge_sanction(call: Call[Sanction, None, None]) -> Answer:
    """Say that one has read what was imposed; a warning is over with that. Twice changes nothing."""
    return Answer(present_sanction(call.session, acknowledge(call.session, call.viewer, call.thing)))


@doors.door(
    "POST",
    "/decisions/<id:decision_id>/appeals",
    Permission.APPEAL_CREATE,
    load=steps.load_appealed_decision,
    body=AppealIn,
    answers={201: AppealOut},
    problems=(Kind.NOT_FOUND, Kind.CONFLICT),
)
def create_appeal(call: Call[steps.Concern, AppealIn, None]) -> Answer:
    """Appeal a decision by which one was restricted, or one's report was declined: once, for six months, free."""
    return _filed(call, appeal_decision(call.session, call.viewer, call.thing.row.id, call.body.body))


@doors.door(
    "POST",
    "/sanctions/<id:sanction_id>/appeals",
    Permission.APPEAL_CREATE,
    load=steps.load_appealed_sanction,
    body=AppealIn,
    answers={201: AppealOut},
    problems=(Kind.NOT_FOUND, Kind.CONFLICT),
)
def create_sanction_appeal(call: Call[steps.Concern, AppealIn, None]) -> Answer:
    """Appeal a sanction of one's own: once, for six months, free."""
    return _filed(call, appeal_sanction(call.session, call.viewer, call.thing.row.id, call.body.body))


@doors.door(
    "POST",
    "/reports/<reference>/appeals",
    Permission.NOTICE_APPEAL,
    load=steps.load_own_report,
    body=AppealIn,
    answers={201: AppealOut},
    problems=(Kind.NOT_FOUND, Kind.CONFLICT),
)
def create_report_appeal(call: Call[Report, AppealIn, None]) -> Answer:
    """Appeal the declining of a report of one's own, or of a notice whose reference one has, also without an account."""
    appeal = appeal_report(call.session, call.viewer, call.thing, call.body.body)
    where = f"/api/v1/reports/{call.thing.reference}/appeal" if appeal.appellant_id is None else None
    return _filed(call, appeal, where)


@doors.door(
    "GET",
    "/reports/<reference>/appeal",
    Permission.NOTICE_APPEAL,
    load=steps.load_report_appeal,
    answers={200: AppealOut},
    problems=(Kind.NOT_FOUND,),
    private=True,
)
def get_report_appeal(call: Call[Appeal, None, None]) -> Answer:
    """Show the appeal about a report, to whoever has the notice's reference or sent the report."""
    return _shown(call, call.thing)


@doors.door(
    "POST",
    "/reports/<reference>/appeal/answer",
    Permission.NOTICE_APPEAL,
    load=steps.load_report_appeal,
    body=AnswerIn,
    answers={201: AppealOut},
    problems=(Kind.NOT_FOUND, Kind.CONFLICT),
)
def answer_about_report(call: Call[Appeal, AnswerIn, None]) -> Answer:
    """Answer the question about the appeal of a report, once."""
    return _shown(call, answer(call.session, call.thing.id, call.body.answer), 201)


@doors.door(
    "GET",
    "/appeals/<id:appeal_id>",
    Permission.APPEAL_READ,
    load=steps.load_appeal,
    answers={200: AppealOut},
    problems=(Kind.NOT_FOUND,),
    private=True,
)
def get_appeal(call: Call[steps.Concern, None, None]) -> Answer:
    """Show an appeal to its appellant, and to moderators."""
    return _shown(call, call.thing.row)


@doors.door(
    "POST",
    "/appeals/<id:appeal_id>/question",
    Permission.APPEAL_DECIDE,
    load=steps.load_appeal,
    body=QuestionIn,
    answers={201: AppealOut},
    problems=(Kind.NOT_FOUND, Kind.RECUSED, Kind.CONFLICT),
)
def ask_appellant(call: Call[steps.Concern, QuestionIn, None]) -> Answer:
    """Ask the appellant the one question that there is."""
    return _shown(call, ask(call.session, call.viewer, call.thing.row.id, call.body.question), 201)


@doors.door(
    "POST",
    "/appeals/<id:appeal_id>/answer",
    Permission.APPEAL_ANSWER,
    load=steps.load_own_appeal,
    body=AnswerIn,
    answers={201: AppealOut},
    problems=(Kind.NOT_FOUND, Kind.CONFLICT),
)
def answer_question(call: Call[steps.Concern, AnswerIn, None]) -> Answer:
    """Answer the question about one's appeal, once."""
    return _shown(call, answer(call.session, call.thing.row.id, call.body.answer), 201)


@doors.door(
    "POST",
    "/appeals/<id:appeal_id>/reveal",
    Permission.TEXT_REVEAL,
    load=steps.load_appeal,
    answers={200: AppealOut},
    problems=(Kind.NOT_FOUND,),
)
def reveal_text(call: Call[steps.Concern, None, None]) -> Answer:
    """Show the masked text that an appeal is about, to the caller, for ten minutes; the log keeps who asked."""
    steps.reveal_appeal(call.session, call.viewer, call.thing.row.id)
    return _shown(call, call.thing.row)


@doors.door(
    "POST",
    "/appeals/<id:appeal_id>/decision",
    Permission.APPEAL_DECIDE,
    load=steps.load_appeal,
    prepare=steps.prepare_verdict,
    body=VerdictIn,
    answers={201: AppealOut},
    problems=DECIDING,
)
def decide_appeal(call: Call[steps.Concern, VerdictIn, None]) -> Answer:
    """Decide on an appeal at the version that was seen: the first decision stands, falls, or is replaced. Never by who decided first, unless nobody else is there."""
    return _shown(call, steps.take_verdict(call.session, call.viewer, call.thing.row.id, call.body, call.prepared), 201)


@doors.door(
    "GET",
    "/mod/appeals",
    Permission.APPEAL_DECIDE,
    load=load_site,
    query=AppealsQuery,
    answers={200: AppealsOut},
    problems=(Kind.BAD_CURSOR,),
    private=True,
)
def list_appeals(call: Call[Site, None, AppealsQuery]) -> Answer:
    """List a site's appeals: those to decide, oldest first, then the decided, newest first."""
    return Answer(steps.read_appeals(call))


def _filed(call: AnyCall, appeal: Appeal, where: str | None = None) -> Answer:
    shown = present_appeal(call.session, call.viewer, appeal, steps.matter(call, appeal))
    return Answer(shown, 201, location=where or f"/api/v1/appeals/{appeal.id}")


def _shown(call: AnyCall, appeal: Appeal, status: int = 200) -> Answer:
    return Answer(present_appeal(call.session, call.viewer, appeal, steps.matter(call, appeal)), status)
