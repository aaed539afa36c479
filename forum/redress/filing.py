"""Writes of appeals up to the decision: filing one, one question, one answer. What was decided stays as it is meanwhile.

The rule: whoever was restricted, or reported in vain, can appeal once, for six months, whatever else their account may not do. Flushes, never commits.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.access.viewer import Viewer
from forum.clock import now
from forum.comments.queries import get_comment, lock_place
from forum.moderation import log
from forum.moderation.actors import Actor, ActorKind
from forum.moderation.models import Decision, Report
from forum.moderation.review import ReportState
from forum.moderation.stating import APPEAL_WINDOW
from forum.redress.deciders import ALONE_AFTER, is_alone, look
from forum.redress.matters import Matter, matter_of, matter_of_decision, matter_of_sanction, matter_of_writer
from forum.redress.models import Appeal, Part
from forum.redress.queries import find_appeal, find_appeal_of_report, find_declined_report, find_statement, lock_appeal
from forum.refusals import Fault, Kind, Refusal, invalid
from forum.sanctions.models import Sanction
from forum.sentences import Sentence, sentence

APPEAL = "appeal"
UNDONE = sentence("This decision was taken back already, so there is nothing to appeal.")
LIFTED = sentence("This was taken back already, so there is nothing to appeal.")
NOTHING_TAKEN = sentence("This decision takes nothing from you, so there is nothing to appeal.")
NOT_DECLINED = sentence("Your report was not turned down, so there is nothing to appeal.")


def appeal_decision(session: Session, viewer: Viewer, decision_id: int, body: str) -> Appeal:
    """File an appeal against a decision: its comment's writer who was restricted by it, or whoever's report it declined; return it.

    Raises Refusal: ``conflict`` (undone, too late, nothing taken, appealed before – naming that appeal), ``validation`` (no words).
    """
    lock_place(session, session.scalars(select(Decision.comment_id).where(Decision.id == decision_id)).one())
    decision = session.get_one(Decision, decision_id, populate_existing=True)
    return _store(session, viewer, appealable_decision(session, viewer, decision), body)


def appeal_report(session: Session, viewer: Viewer, report: Report, body: str) -> Appeal:
    """File an appeal against the declining of a report or notice and return it. Raises Refusal as ``appeal_decision`` does."""
    lock_place(session, report.comment_id)
    # Whoever undid the decision in the meantime has opened the report again.
    session.refresh(report)
    return _store(session, viewer, appealable_report(session, viewer, report), body)


def appeal_sanction(session: Session, viewer: Viewer, sanction_id: int, body: str) -> Appeal:
    """File an appeal against a sanction of one's own and return it. Raises Refusal as ``appeal_decision`` does."""
    locked = select(Sanction).where(Sanction.id == sanction_id).with_for_update().execution_options(populate_existing=True)
    return _store(session, viewer, appealable_sanction(session, viewer, session.scalars(locked).one()), body)


def appealable_decision(session: Session, viewer: Viewer, decision: Decision) -> Matter:
    """Return what an appeal of ``viewer`` against a decision would be about. Raises Refusal ``conflict`` when there can be none; nothing is written."""
    if get_comment(session, decision.comment_id).author_id != viewer.account_id:
        report = find_declined_report(session, decision.id, viewer.account_id)
        if report is None:
            raise Refusal(Kind.CONFLICT, NOT_DECLINED)
        return appealable_report(session, viewer, report)
    _refuse_second(viewer, find_appeal(session, decision_id=decision.id))
    if decision.undone_at is not None:
        raise Refusal(Kind.CONFLICT, UNDONE)
    statement = find_statement(session, decision_id=decision.id)
    if statement is None:
        raise Refusal(Kind.CONFLICT, NOTHING_TAKEN)
    _refuse_late(statement.appeal_until)
    return matter_of_writer(session, decision)


def appealable_report(session: Session, viewer: Viewer, report: Report) -> Matter:
    """Return what an appeal against the declining of a report would be about. Raises Refusal ``conflict`` when there can be none; nothing is written."""
    if report.state != ReportState.DECLINED or report.decision_id is None or report.closed_at is None:
        raise Refusal(Kind.CONFLICT, NOT_DECLINED)
    _refuse_second(viewer, find_appeal_of_report(session, report))
    decision = session.get_one(Decision, report.decision_id, populate_existing=True)
    if decision.undone_at is not None:
        raise Refusal(Kind.CONFLICT, UNDONE)
    _refuse_late(report.closed_at + APPEAL_WINDOW)
    return matter_of_decision(session, decision, part=Part.REPORTER, appellant_id=report.reporter_id, report=report)


def appealable_sanction(session: Session, viewer: Viewer, sanction: Sanction) -> Matter:
    """Return what an appeal against a sanction would be about. Raises Refusal ``conflict`` when there can be none; nothing is written."""
    _refuse_second(viewer, find_appeal(session, sanction_id=sanction.id))
    if sanction.lifted_at is not None:
        raise Refusal(Kind.CONFLICT, LIFTED)
    statement = find_statement(session, sanction_id=sanction.id)
    assert statement is not None, "the database takes no sanction without its statement"
    _refuse_late(statement.appeal_until)
    return matter_of_sanction(session, sanction)


def ask(session: Session, viewer: Viewer, appeal_id: int, question: str) -> Appeal:
    """Ask the appellant the one question that a moderator may ask. Raises Refusal: ``recused``, ``conflict`` (asked, decided), ``validation``."""
    appeal = lock_appeal(session, appeal_id)
    standing = look(session, viewer, matter_of(session, appeal), appeal)
    if standing.why is not None and not standing.may_ask:
        raise recused(standing.why)
    _refuse_decided(appeal)
    if appeal.question is not None:
        raise Refusal(Kind.CONFLICT, "A question was asked about this appeal already; there is one.")
    appeal.question, appeal.asked_by, appeal.asked_at = _words(question, "/question"), viewer.account_id, now()
    appeal.version += 1
    session.flush()
    return appeal


def answer(session: Session, appeal_id: int, said: str) -> Appeal:
    """Answer the question as the appellant, once. Raises Refusal: ``conflict`` (not asked, answered, decided), ``validation``."""
    appeal = lock_appeal(session, appeal_id)
    _refuse_decided(appeal)
    if appeal.question is None:
        raise Refusal(Kind.CONFLICT, "Nobody has asked a question about this appeal.")
    if appeal.answer is not None:
        raise Refusal(Kind.CONFLICT, "You have answered already; what you wrote is with the appeal.")
    appeal.answer, appeal.answered_at = _words(said, "/answer"), now()
    appeal.version += 1
    session.flush()
    return appeal


def recused(why: Sentence, **members: object) -> Refusal:
    """Return the refusal of somebody who may not decide on an appeal."""
    return Refusal(
        Kind.RECUSED,
        sentence("You cannot decide on this appeal: %(why)s", why=why),
        members=members,
    )


def _store(session: Session, viewer: Viewer, matter: Matter, body: str) -> Appeal:
    moment = now()
    appeal = Appeal(
        site_id=matter.site_id,
        decision_id=matter.decision.id if matter.decision is not None else None,
        sanction_id=matter.sanction.id if matter.sanction is not None else None,
        report_id=matter.report.id if matter.report is not None else None,
        part=matter.part.value,
        appellant_id=matter.appellant_id,
        first_decider_id=matter.first_decider_id,
        body=_words(body, "/body"),
        alone_from=moment + ALONE_AFTER if is_alone(session, matter) else None,
        created_at=moment,
    )
    session.add(appeal)
    session.flush()
    log.append(
        session,
        site_id=matter.site_id,
        event=APPEAL,
        actor=Actor(ActorKind.WRITER if matter.part is Part.WRITER else ActorKind.READER, viewer.account_id),
        is_public=False,
        comment=matter.comment,
        decision_id=appeal.decision_id,
        detail=named(appeal),
    )
    return appeal


def named(appeal: Appeal) -> dict[str, str | int | None]:
    """Return what a row of the log says of an appeal: its id and, where there is one, that of the sanction."""
    return {"appeal": appeal.id, **({"sanction": appeal.sanction_id} if appeal.sanction_id is not None else {})}


def _refuse_second(viewer: Viewer, first: Appeal | None) -> None:
    if first is None:
        return
    if first.appellant_id is not None and first.appellant_id == viewer.account_id:
        raise Refusal(Kind.CONFLICT, sentence("You have appealed already: see /appeals/%(id)s.", id=str(first.id)))
    raise Refusal(
        Kind.CONFLICT,
        sentence("There is an appeal about this already, number %(id)s. What it comes to holds for everybody concerned.", id=str(first.id)),
    )


def _refuse_late(until: datetime) -> None:
    if now() > until:
        raise Refusal(
            Kind.CONFLICT,
            sentence("This could be appealed until %(day)s; that is over.", day=f"{until:%Y-%m-%d}"),
        )


def _refuse_decided(appeal: Appeal) -> None:
    if appeal.decided_at is not None:
        raise Refusal(Kind.CONFLICT, "This appeal has been decided; nothing can be added to it.")


def _words(text: str, pointer: str) -> str:
    said = text.strip()
    if not said:
        raise invalid(Fault(pointer, "required", "Write what you want to say, in your own words."))
    return said
