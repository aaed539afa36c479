"""HTML doors of what was decided about oneself: the list of it, a sanction with its acknowledgement, and what became of a report.

The rule: at one glance a page says what happened, why, and what its reader can do now.
"""

from datetime import datetime

from flask import flash
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from forum.access.permissions import Permission
from forum.access.predicates import is_subject
from forum.access.viewer import Viewer
from forum.accounts.errands import ask_to_sign_in
from forum.accounts.models import Account
from forum.articles.present import present_person
from forum.clock import now
from forum.comments.models import Comment
from forum.comments.states import State
from forum.moderation.models import Decision, Report
from forum.moderation.present import OUTCOMES, present_receipt
from forum.moderation.reasons import REASONS, DecisionReason, ReportReason
from forum.moderation.report_form import looks_within
from forum.moderation.review import ReportState
from forum.moderation.sanctioning import acknowledge
from forum.moderation.stating import APPEAL_WINDOW
from forum.moderation.steps import load_receipt
from forum.redress import steps
from forum.redress.appeal_words import standing_words
from forum.redress.deciders import is_alone
from forum.redress.matters import matter_of_decision, matter_of_sanction
from forum.redress.models import Appeal, Part
from forum.redress.own import list_own
from forum.redress.present import present_own, present_sanction
from forum.redress.queries import find_appeal, find_appeal_of_report, find_statement
from forum.redress.sanction_words import SANCTION_WORDS
from forum.redress.statement_view import AppealView, view_appeal, view_statement
from forum.redress.statement_words import clause_meaning
from forum.refusals import Refusal
from forum.sanctions.kinds import KINDS, SanctionKind
from forum.sanctions.models import Sanction
from forum.web.doors import AnyCall, Call
from forum.web.forms import is_expired
from forum.web.pages import Page, PageDoors, Redirect
from forum.web.translation import translated

doors = PageDoors("redress")


@doors.door("GET", "/decisions", Permission.SELF_READ)
def show_own(call: Call[None, None, None]) -> Page:
    """List what was decided about oneself, and one's own appeals, newest first."""
    things = list_own(call.session, call.viewer.account_id or 0)
    said = [(translated(thing.said), translated(standing_words(thing.appeal)) if thing.appeal is not None else "") for thing in things]
    return Page("redress/decisions.html", {"rows": [(row, *words) for row, words in zip(present_own(things), said, strict=True)]})


@doors.door("GET", "/sanctions/<id:sanction_id>", Permission.SANCTION_READ, load=steps.load_sanction)
def show_sanction(call: Call[Sanction, None, None]) -> Page:
    """Show a sanction to whom it is about, or to a moderator."""
    return _sanction(call.session, call.viewer, call.thing)


def redisplay_sanction(call: AnyCall, refusal: Refusal) -> Page:
    """Let somebody whose sign-in has ended sign in and come back."""
    if is_expired(refusal, signed_in=call.viewer.is_signed_in):
        return ask_to_sign_in(call.session, then=f"/sanctions/{call.path['sanction_id']}")
    raise refusal


@doors.door(
    "POST",
    "/sanctions/<id:sanction_id>/acknowledgement",
    Permission.SANCTION_ACKNOWLEDGE,
    load=steps.load_own_sanction,
    redisplay=redisplay_sanction,
)
def acknowledge_sanction(call: Call[Sanction, None, None]) -> Redirect:
    """Say that one has read it, and see what holds now."""
    sanction = acknowledge(call.session, call.viewer, call.thing)
    flash(
        _("Thank you for reading it. You can comment again.") if sanction.kind == SanctionKind.WARNING else _("Thank you for reading it.")
    )
    return Redirect(f"/sanctions/{sanction.id}")


@doors.door("GET", "/reports/<reference>", Permission.REPORT_READ, load=load_receipt)
def show_receipt(call: Call[Report, None, None]) -> Page:
    """Show what became of a report, to whoever has its reference, and how that can be appealed."""
    report = call.thing
    comment = call.session.get_one(Comment, report.comment_id)
    is_open = report.state == ReportState.OPEN
    is_own = report.reporter_id is not None and report.reporter_id == call.viewer.account_id
    context = {
        "receipt": present_receipt(report),
        "outcome": translated(OUTCOMES[ReportState(report.state)]),
        "time": looks_within(REASONS[ReportReason(report.reason)]) if is_open else "",
        "is_hidden": is_open and comment.state == State.SCREENED,
        "is_own": is_own,
        "is_notice": report.reporter_id is None,
        # Whoever else holds the address of a reader's report sees what became of it, and no more.
        "appeal": _appeal_of_report(call.session, report) if is_own or report.reporter_id is None else None,
    }
    return Page("redress/receipt.html", context)


def _appeal_of_report(session: Session, report: Report) -> AppealView | None:
    appeal = find_appeal_of_report(session, report)
    where = f"/reports/{report.reference}/appeal"
    if appeal is not None and appeal.report_id == report.id:
        return view_appeal(appeal.created_at, "", appeal, shown_at=where if appeal.appellant_id is None else "")
    if appeal is not None or report.state != ReportState.DECLINED or report.closed_at is None or report.decision_id is None:
        return None
    decision = session.get_one(Decision, report.decision_id)
    matter = matter_of_decision(session, decision, part=Part.REPORTER, appellant_id=report.reporter_id, report=report)
    return view_appeal(report.closed_at + APPEAL_WINDOW, where, None, alone=is_alone(session, matter))


def _sanction(session: Session, viewer: Viewer, sanction: Sanction) -> Page:
    own, kind = is_subject(viewer, sanction), SanctionKind(sanction.kind)
    statement = find_statement(session, sanction_id=sanction.id)
    assert statement is not None, "the database takes no sanction without its statement"
    appeal = find_appeal(session, sanction_id=sanction.id)
    person = session.get_one(Account, sanction.account_id)
    words, known = SANCTION_WORDS[kind], KINDS[kind]
    context = {
        "sanction": present_sanction(session, sanction),
        "decision_id": sanction.decision_id,
        "note": sanction.note if not own else "",
        "own": own,
        "person": present_person(person),
        "heading": translated(words.heading)
        if own
        else _("%(label)s: a restriction of %(name)s", label=translated(known.label), name=_name(person)),
        "means": translated(words.means) if own else translated(known.meaning),
        "stays": translated(words.stays) if own else "",
        "meaning": translated(clause_meaning(DecisionReason(sanction.reason))),
        "is_over": sanction.ends_at is not None and sanction.ends_at <= now(),
        "asks": own and known.acknowledged and sanction.acknowledged_at is None and sanction.lifted_at is None,
        "stated": view_statement(statement),
        "appeal": _appeal_of(session, sanction, appeal, statement.appeal_until) if own else None,
        "others_appeal": appeal.id if appeal is not None and not own else None,
    }
    return Page("redress/sanction.html", context)


def _name(person: Account) -> str:
    return f"@{person.handle}" if person.left_at is None else person.display_name


def _appeal_of(session: Session, sanction: Sanction, appeal: Appeal | None, until: datetime) -> AppealView | None:
    if appeal is None and sanction.lifted_at is not None:
        return None
    alone = appeal is None and is_alone(session, matter_of_sanction(session, sanction))
    return view_appeal(until, f"/sanctions/{sanction.id}/appeal", appeal, alone=alone)
