"""Writes of reports: a reader's, a notice of somebody without an account, and what becomes of them when a case is decided.

A report never hides anything by itself but where the reason's rule says so: one for confidentiality, a sum of weights for harassment and promotion.
"""

import secrets
from base64 import b32encode
from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from forum.access.viewer import Viewer
from forum.clock import now
from forum.comments.counts import Place
from forum.comments.models import Revision
from forum.comments.queries import lock_place
from forum.comments.states import RevisionState, State
from forum.moderation.items import Cause, open_item
from forum.moderation.models import Decision, Report, ReviewItem
from forum.moderation.moves import Deed, move_comment, restore_later
from forum.moderation.reasons import LANE_TIMES, REASONS, DecisionReason, ReportReason, weight_of
from forum.moderation.review import Action, Origin, ReportState
from forum.moderation.rulings import Ruling, complete, record
from forum.refusals import Fault, Kind, Refusal, invalid
from forum.sanctions.kinds import Activity
from forum.sanctions.queries import require_free
from forum.sentences import sentence
from forum.web.limits import charge, network_of

SCREENED_STATEMENT = sentence(
    "Your comment is hidden until a moderator has looked at it, because readers reported it. This is not a decision against you."
)
THRESHOLD = "report-threshold"
REPORTABLE = (State.VISIBLE, State.SCREENED)


@dataclass(frozen=True)
class Notice:
    """Who sends a notice without an account; all of it is required by Regulation (EU) 2022/2065, Article 16(2)."""

    name: str
    email: str


def report(session: Session, viewer: Viewer, comment_id: int, *, reason: ReportReason, note: str) -> Report:
    """Store a reader's report, bring the comment before moderators and return the report with its reference.

    Raises Refusal: ``own-comment``, ``sanctioned``, ``conflict`` (nothing to read there, or an own report is still open), ``validation`` (a text is
    required), ``rate-limited``.
    """
    place = lock_place(session, comment_id)
    if place.comment.author_id == viewer.account_id:
        raise Refusal(Kind.OWN_COMMENT, "This is your own comment; you can edit or withdraw it.")
    require_free(session, viewer.account_id, place.article.site_id, Activity.REPORT)
    _require_reportable(place)
    there = session.scalar(
        select(Report.reference).where(
            Report.comment_id == comment_id, Report.reporter_id == viewer.account_id, Report.state == ReportState.OPEN.value
        )
    )
    if there is not None:
        raise Refusal(
            Kind.CONFLICT,
            sentence("You have reported this comment already, under %(reference)s; a moderator will look at it.", reference=there),
        )
    _require_note(reason, note)
    charge(session, "report_rate", str(viewer.account_id))
    upheld, declined = count_outcomes(session, viewer.account_id or 0)
    weight = weight_of(reason, upheld=upheld, declined=declined)
    return _file(session, place, Report(reporter_id=viewer.account_id, reason=reason.value, note=note.strip(), weight=weight))


def notify(session: Session, comment_id: int, notice: Notice, *, reason: ReportReason, note: str, address: str | None) -> Report:
    """Store a notice of somebody without an account and return it. Raises Refusal: ``conflict``, ``validation``, ``rate-limited``."""
    place = lock_place(session, comment_id)
    _require_reportable(place)
    _require_note(reason, note)
    charge(session, "notice_rate", network_of(address))
    weight = weight_of(reason, upheld=0, declined=0)
    filed = Report(notifier_name=notice.name, notifier_email=notice.email, reason=reason.value, note=note.strip(), weight=weight)
    return _file(session, place, filed)


def count_outcomes(session: Session, account_id: int) -> tuple[int, int]:
    """Return how many of a reader's newest 1,000 reports were upheld, and how many declined."""
    newest = select(Report.state).where(Report.reporter_id == account_id).order_by(Report.id.desc()).limit(1000).subquery()
    found = {state: count for state, count in session.execute(select(newest.c.state, func.count()).group_by(newest.c.state))}
    return found.get(ReportState.UPHELD.value, 0), found.get(ReportState.DECLINED.value, 0)


def has_open_reports(session: Session, item: ReviewItem) -> bool:
    """Whether somebody who reported waits for a moderator to decide on this item."""
    return session.scalar(select(Report.id).where(Report.item_id == item.id, Report.state == ReportState.OPEN.value).limit(1)) is not None


def settle_reports(session: Session, item: ReviewItem, decision: Decision, outcome: ReportState) -> None:
    """Give every open report of an item its outcome."""
    session.execute(
        update(Report)
        .where(Report.item_id == item.id, Report.state == ReportState.OPEN.value)
        .values(state=outcome.value, closed_at=now(), decision_id=decision.id)
    )


def reopen_reports(session: Session, decision: Decision, *, at: ReviewItem) -> list[ReportReason]:
    """Open the reports again that a decision had settled, at an item of their comment, and return their reasons."""
    mine = Report.decision_id == decision.id
    reasons = [ReportReason(reason) for reason in session.scalars(select(Report.reason).where(mine).distinct())]
    again = {"state": ReportState.OPEN.value, "closed_at": None, "decision_id": None, "item_id": at.id}
    session.execute(update(Report).where(mine).values(again))
    return reasons


def _require_reportable(place: Place) -> None:
    if State(place.comment.state) not in REPORTABLE:
        raise Refusal(Kind.CONFLICT, "The text of this comment cannot be read at present, so there is nothing to report.")


def _require_note(reason: ReportReason, note: str) -> None:
    if REASONS[reason].needs_note and not note.strip():
        raise invalid(
            Fault(
                "/note", "required", sentence("Say in a sentence what is wrong; this reason needs it: %(why)s", why=REASONS[reason].meaning)
            )
        )


def _file(session: Session, place: Place, filed: Report) -> Report:
    reason = ReportReason(filed.reason)
    known = REASONS[reason]
    item = open_item(session, place, Cause(Origin.REPORT, reason.value, known.lane, known.time))
    newest = select(Revision.id).where(Revision.comment_id == place.comment.id, Revision.state == RevisionState.ACCEPTED.value)
    filed.reference = b32encode(secrets.token_bytes(10)).decode()
    filed.site_id, filed.comment_id, filed.item_id = item.site_id, item.comment_id, item.id
    filed.revision_id = session.scalar(newest.order_by(Revision.number.desc()).limit(1))
    filed.state, filed.created_at = ReportState.OPEN.value, now()
    session.add(filed)
    session.flush()
    item.priority += filed.weight
    item.rank = -item.priority
    if place.comment.state == State.VISIBLE and filed.reporter_id is not None and _screens(session, item, reason):
        _screen_out(session, place, item, reason)
    return filed


def _screens(session: Session, item: ReviewItem, reason: ReportReason) -> bool:
    threshold = REASONS[reason].screens_at
    if threshold is None:
        return False
    # Nobody can be held to an account they do not have: a notice brings a moderator, it hides nothing by itself.
    of_this = (Report.item_id == item.id, Report.reason == reason.value, Report.state == ReportState.OPEN.value)
    known = session.scalar(select(func.sum(Report.weight)).where(*of_this, Report.reporter_id.is_not(None)))
    return float(known or 0.0) >= threshold


def _screen_out(session: Session, place: Place, item: ReviewItem, reason: ReportReason) -> None:
    ruling = Ruling(Action.SCREEN_OUT, SCREENED_STATEMENT, DecisionReason(reason.value), rule=THRESHOLD)
    decision = record(session, place, item, ruling)
    move_comment(session, place, "screen_out", Deed(ruling.actor, decision))
    complete(session, place, decision)
    restore_later(session, decision, lane=item.base_lane, after=3 * LANE_TIMES[item.base_lane])
