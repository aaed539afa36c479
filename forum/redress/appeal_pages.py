"""HTML doors of appeals: file one, ask, answer, decide, and the moderators' list. Every form works without JavaScript and comes back as it was typed.

Visitors are sent to sign in and come back; a notice's sender, who has no account, comes by its reference.
"""

from typing import Any

from flask import flash, request
from flask_babel import gettext as _

from forum.access.permissions import Permission
from forum.access.table import can
from forum.accounts.errands import ERRANDS, ask_to_sign_in
from forum.articles.models import Site
from forum.articles.steps import load_site
from forum.db.transaction import reading
from forum.moderation.beside import BESIDE, Beside
from forum.moderation.marking import read_marks
from forum.moderation.models import Report
from forum.moderation.rows import count_waiting
from forum.moderation.schemas import Span
from forum.moderation.steps import load_receipt
from forum.redress import appeal_errands, steps
from forum.redress.appeal_forms import (
    AnswerForm,
    AppealForm,
    QuestionForm,
    Sent,
    VerdictForm,
    show_appeal,
    show_decision_form,
    show_report_form,
    show_sanction_form,
)
from forum.redress.appeal_words import OUTCOME_WORDS
from forum.redress.filing import answer, appeal_decision, appeal_report, appeal_sanction, ask
from forum.redress.judging import version_of
from forum.redress.matters import matter_of
from forum.redress.models import Appeal, Outcome, Part
from forum.redress.queries import count_open, find_appeal, find_appeal_of_report, find_declined_report
from forum.redress.restoring import text_after
from forum.redress.schemas import AppealsQuery, VerdictIn
from forum.refusals import Fault, Refusal, invalid
from forum.sentences import sentence
from forum.web.doors import AnyCall, Call
from forum.web.forms import Form, is_expired, refused_form
from forum.web.pages import Page, PageDoors, Redirect
from forum.web.translation import translated

doors = PageDoors("appeals")
ERRANDS.update(appeal_errands.KINDS)
LIST = "/mod/appeals"
BESIDE[LIST] = Beside(sentence("Appeals"), LIST, count_open)


# Filing


@doors.door("GET", "/decisions/<id:decision_id>/appeal", Permission.APPEAL_CREATE, load=steps.load_appealed_decision)
def show_form_of_decision(call: Call[steps.Concern, None, None]) -> Page | Redirect:
    """Show the form that appeals a decision, or the appeal that was filed."""
    decision = call.thing.row
    filed = find_appeal(call.session, decision_id=decision.id)
    if filed is not None and filed.appellant_id == call.viewer.account_id:
        return Redirect(f"/appeals/{filed.id}")
    report = find_declined_report(call.session, decision.id, call.viewer.account_id)
    if report is not None and call.viewer.account_id != call.thing.author_id:
        return Redirect(f"/reports/{report.reference}/appeal")
    return show_decision_form(call.session, call.viewer, decision, Form())


def redisplay_decision(call: AnyCall, refusal: Refusal) -> Page:
    """Show the refused appeal again, as it was typed."""
    form = refused_form(refusal)
    if is_expired(refusal, signed_in=call.viewer.is_signed_in):
        return _ask_to_sign_in(call, "decision", call.path["decision_id"], form)
    return show_decision_form(call.session, call.viewer, call.thing.row, form)


@doors.door(
    "POST",
    "/decisions/<id:decision_id>/appeal",
    Permission.APPEAL_CREATE,
    load=steps.load_appealed_decision,
    body=AppealForm,
    redisplay=redisplay_decision,
)
def file_against_decision(call: Call[steps.Concern, AppealForm, None]) -> Redirect:
    """Appeal a decision, and land on the appeal."""
    return _to(appeal_decision(call.session, call.viewer, call.thing.row.id, call.body.body))


@doors.door("GET", "/sanctions/<id:sanction_id>/appeal", Permission.APPEAL_CREATE, load=steps.load_appealed_sanction)
def show_form_of_sanction(call: Call[steps.Concern, None, None]) -> Page | Redirect:
    """Show the form that appeals a sanction, or the appeal that was filed."""
    filed = find_appeal(call.session, sanction_id=call.thing.row.id)
    if filed is not None:
        return Redirect(f"/appeals/{filed.id}")
    return show_sanction_form(call.session, call.viewer, call.thing.row, Form())


def redisplay_sanction(call: AnyCall, refusal: Refusal) -> Page:
    """Show the refused appeal again, as it was typed."""
    form = refused_form(refusal)
    if is_expired(refusal, signed_in=call.viewer.is_signed_in):
        return _ask_to_sign_in(call, "sanction", call.path["sanction_id"], form)
    return show_sanction_form(call.session, call.viewer, call.thing.row, form)


@doors.door(
    "POST",
    "/sanctions/<id:sanction_id>/appeal",
    Permission.APPEAL_CREATE,
    load=steps.load_appealed_sanction,
    body=AppealForm,
    redisplay=redisplay_sanction,
)
def file_against_sanction(call: Call[steps.Concern, AppealForm, None]) -> Redirect:
    """Appeal a sanction, and land on the appeal."""
    return _to(appeal_sanction(call.session, call.viewer, call.thing.row.id, call.body.body))


@doors.door("GET", "/reports/<reference>/appeal", Permission.NOTICE_APPEAL, load=steps.load_own_report)
def show_form_of_report(call: Call[Report, None, None]) -> Page | Redirect:
    """Show the form that appeals the declining of a report or notice, or the appeal that was filed."""
    filed = find_appeal_of_report(call.session, call.thing)
    if filed is None or filed.report_id != call.thing.id:
        return show_report_form(call.session, call.viewer, call.thing, Form())
    if filed.appellant_id is not None:
        return Redirect(f"/appeals/{filed.id}")
    return show_appeal(call.session, call.viewer, filed, Sent())


def redisplay_report(call: AnyCall, refusal: Refusal) -> Page:
    """Show the refused appeal again, as it was typed; a reader who reported signs in first."""
    form, report = refused_form(refusal), call.thing
    if report.reporter_id is not None and is_expired(refusal, signed_in=call.viewer.is_signed_in):
        errand = appeal_errands.pack_typed("report", report.id, "appeal", form)
        return ask_to_sign_in(call.session, errand=errand, then=f"/reports/{report.reference}/appeal")
    steps.require_own_report(call.viewer, report)
    return show_report_form(call.session, call.viewer, report, form)


@doors.door(
    "POST",
    "/reports/<reference>/appeal",
    Permission.NOTICE_APPEAL,
    load=load_receipt,
    body=AppealForm,
    redisplay=redisplay_report,
)
def file_about_report(call: Call[Report, AppealForm, None]) -> Redirect:
    """Appeal the declining of a report or notice, and land on the appeal."""
    steps.require_own_report(call.viewer, call.thing)
    appeal = appeal_report(call.session, call.viewer, call.thing, call.body.body)
    return _to(appeal, f"/reports/{call.thing.reference}/appeal")


def redisplay_report_answer(call: AnyCall, refusal: Refusal) -> Page:
    """Show the refused answer again, as it was typed."""
    return show_appeal(call.session, call.viewer, call.thing, Sent("answer", refused_form(refusal)))


@doors.door(
    "POST",
    "/reports/<reference>/appeal/answer",
    Permission.NOTICE_APPEAL,
    load=steps.load_report_appeal,
    body=AnswerForm,
    redisplay=redisplay_report_answer,
)
def answer_about_report(call: Call[Appeal, AnswerForm, None]) -> Redirect:
    """Answer the question about the appeal of a notice."""
    answer(call.session, call.thing.id, call.body.answer)
    flash(_("Thank you. Your answer is with the moderators."))
    return Redirect(f"/reports/{call.path['reference']}/appeal")


# One appeal


@doors.door("GET", "/appeals/<id:appeal_id>", Permission.APPEAL_READ, load=steps.load_appeal)
def show_one(call: Call[steps.Concern, None, None]) -> Page:
    """Show an appeal to its appellant, or to a moderator with all that it takes to decide."""
    return show_appeal(call.session, call.viewer, call.thing.row, Sent())


def redisplay_appeal(call: AnyCall, refusal: Refusal) -> Page:
    """Show the appeal again with what was typed; who has to sign in first gets it back after that."""
    form, which = refused_form(refusal), request.path.rpartition("/")[2]
    if is_expired(refusal, signed_in=call.viewer.is_signed_in):
        return _ask_to_sign_in(call, "appeal", call.path["appeal_id"], form, which=which)
    if not can(call.viewer, Permission.APPEAL_READ, call.thing):
        raise refusal
    return show_appeal(call.session, call.viewer, call.thing.row, Sent(which, form))


@doors.door(
    "POST",
    "/appeals/<id:appeal_id>/question",
    Permission.APPEAL_DECIDE,
    load=steps.load_appeal,
    body=QuestionForm,
    redisplay=redisplay_appeal,
)
def ask_appellant(call: Call[steps.Concern, QuestionForm, None]) -> Redirect:
    """Ask the appellant the one question that there is."""
    ask(call.session, call.viewer, call.thing.row.id, call.body.question)
    flash(_("Your question is asked. Anybody who may can decide before it is answered, too."), "decided")
    return Redirect(f"/appeals/{call.thing.row.id}")


@doors.door(
    "POST",
    "/appeals/<id:appeal_id>/answer",
    Permission.APPEAL_ANSWER,
    load=steps.load_own_appeal,
    body=AnswerForm,
    redisplay=redisplay_appeal,
)
def answer_question(call: Call[steps.Concern, AnswerForm, None]) -> Redirect:
    """Answer the question about one's appeal."""
    answer(call.session, call.thing.row.id, call.body.answer)
    flash(_("Thank you. Your answer is with the moderators."))
    return Redirect(f"/appeals/{call.thing.row.id}")


@doors.door("POST", "/appeals/<id:appeal_id>/reveal", Permission.TEXT_REVEAL, load=steps.load_appeal, redisplay=redisplay_appeal)
def reveal_text(call: Call[steps.Concern, None, None]) -> Redirect:
    """Show the masked text for ten minutes, and land on it."""
    steps.reveal_appeal(call.session, call.viewer, call.thing.row.id)
    return Redirect(f"/appeals/{call.thing.row.id}#text")


def prepare_verdict(call: AnyCall) -> tuple[VerdictIn, steps.Prepared]:
    """Return what was sent as a verdict, its marked passages as spans, and the texts that it puts in place. Raises Refusal ``validation``."""
    body: VerdictForm = call.body
    if body.outcome is None:
        raise invalid(Fault("/outcome", "required", "Choose what becomes of the first decision."))
    replaces = body.outcome != "uphold" and _is_replacing(call.path["appeal_id"], body)
    spans = _spans(call.path["appeal_id"], body) if replaces and body.action == "redact" else []
    sent = VerdictIn(
        body.outcome,
        body.reasons,
        body.version,
        action=body.action if replaces else None,
        reason=body.reason if replaces else None,
        statement=body.statement if replaces else "",
        spans=spans,
        notice=body.notice if replaces else "",
        kind=body.kind if replaces else None,
        days=body.days if replaces else None,
    )
    return sent, steps.prepare(call.path["appeal_id"], steps.OUTCOMES[body.outcome], sent.action, spans)


@doors.door(
    "POST",
    "/appeals/<id:appeal_id>/decision",
    Permission.APPEAL_DECIDE,
    load=steps.load_appeal,
    prepare=prepare_verdict,
    body=VerdictForm,
    redisplay=redisplay_appeal,
)
def decide_appeal(call: Call[steps.Concern, VerdictForm, None]) -> Redirect:
    """Decide on an appeal, and return to the list."""
    sent, prepared = call.prepared
    appeal = steps.take_verdict(call.session, call.viewer, call.thing.row.id, sent, prepared)
    flash(translated(OUTCOME_WORDS[Part(appeal.part), Outcome(appeal.outcome or "")]), "decided")
    return Redirect(LIST)


@doors.door("GET", LIST, Permission.APPEAL_DECIDE, load=load_site, query=AppealsQuery)
def show_list(call: Call[Site, None, AppealsQuery]) -> Page:
    """List the appeals of a site: those to decide, oldest first, then the decided."""
    page = steps.read_appeals(call)
    context: dict[str, Any] = {
        "waiting": [row for row in page.items if row.outcome is None],
        "decided": [
            (row, translated(OUTCOME_WORDS[Part(row.part), Outcome(row.outcome)])) for row in page.items if row.outcome is not None
        ],
        "is_first": call.query.cursor is None,
        "following": f"{LIST}?cursor={page.next}" if page.next else "",
        "open_cases": count_waiting(call.session, call.thing.id),
    }
    return Page("redress/appeals.html", context)


def _is_replacing(appeal_id: int, body: VerdictForm) -> bool:
    """Whether the verdict carries a new decision: a change does, and a reporter's appeal that is granted."""
    if body.outcome == "change":
        return True
    with reading() as session:
        return session.get_one(Appeal, appeal_id).part == Part.REPORTER


def _spans(appeal_id: int, body: VerdictForm) -> list[Span]:
    with reading() as session:
        appeal = session.get_one(Appeal, appeal_id)
        matter = matter_of(session, appeal)
        if matter.comment is None or matter.decision is None or version_of(appeal, matter) != body.version:
            # The marks of who comes too late were put into another text; the decision says so better than they could.
            return []
        text = text_after(session, matter.comment, matter.decision)
    return read_marks(body.spans, text)


def _to(appeal: Appeal, otherwise: str = "") -> Redirect:
    flash(_("Your appeal is filed. A moderator who has not decided on it before reads it."))
    return Redirect(f"/appeals/{appeal.id}" if appeal.appellant_id is not None else otherwise)


def _ask_to_sign_in(call: AnyCall, what: str, row_id: int, form: Form, *, which: str = "appeal") -> Page:
    errand = appeal_errands.pack_typed(what, row_id, which, form)
    then = f"/appeals/{row_id}" if what == "appeal" else f"/{what}s/{row_id}/appeal"
    return ask_to_sign_in(call.session, errand=errand, then=then)
