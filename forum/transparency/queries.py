"""Counts of one month, as they are in the rows: one statement for each kind of event, grouped by the database, over a range of an index.

The rule: the number of statements does not depend on the number of rows, and nothing here is fit to be shown – ``tables`` decides what is.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Case, ColumnElement, ScalarSelect, Subquery, and_, case, func, literal, null, or_, select, text
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from forum.comments.models import Comment
from forum.moderation.models import IS_CLOSED, Decision, LogEntry, Report, ReviewItem, StatementOfReasons
from forum.moderation.review import ACTIONS, Action, ItemState, Origin, ReportState
from forum.redress.models import Appeal, Outcome
from forum.sanctions.models import Sanction
from forum.transparency.months import Month

# What a migration wrote for restrictions that had come about without a decision: no rule has looked at anything there.
MIGRATED = "migrated"
NO_STANCE = "none"
NOTED = "noted"
OCCASIONS = ("reports", "held", NOTED, "brought_back", "own_initiative")
TAKEN_BACK, OVERTURNED = "taken_back", "overturned"
LET_STAND, RESTRICTED, MOOT, WAITING = "let_stand", "restricted", "moot", "waiting"
STANDING, LIFTED = "standing", "lifted"


@dataclass(frozen=True)
class Decided:
    """What a group of moderators' decisions have in common: ``undone`` is how they were taken back since, None for those that stand."""

    action: str
    restricts: bool
    reason: str
    occasion: str
    undone: str | None
    stance: str | None


@dataclass(frozen=True)
class AppealsDecided:
    """The appeals that were decided on in a month: how many by outcome, by whether the same person decided again, and how long each took, in seconds."""

    outcomes: Counter[str]
    same_person: Counter[bool]
    seconds: Sequence[int]


@dataclass(frozen=True)
class Tallies:
    """What happened in a month: the answers of all that this file counts, none of it fit to be shown."""

    reports: Counter[tuple[str, str, bool]]
    decisions: Counter[Decided]
    automatic: Counter[tuple[str, str, str]]
    shown_again: int
    unstated: int
    case_times: Mapping[int, Sequence[int]]
    report_times: Sequence[int]
    appeals_filed: Counter[tuple[str, bool]]
    appeals_decided: AppealsDecided
    sanctions: Counter[tuple[str, str]]
    published: Counter[str]


def tally(session: Session, site_id: int, month: Month) -> Tallies:
    """Return all that is counted of a month on a site, in eleven statements."""
    return Tallies(
        reports=count_reports(session, site_id, month),
        decisions=count_decisions(session, site_id, month),
        automatic=count_automatic(session, site_id, month),
        shown_again=count_shown_again(session, site_id, month),
        unstated=count_unstated(session, site_id, month),
        case_times=case_times(session, site_id, month),
        report_times=report_times(session, site_id, month),
        appeals_filed=count_appeals_filed(session, site_id, month),
        appeals_decided=read_appeals_decided(session, site_id, month),
        sanctions=count_sanctions(session, site_id, month),
        published=count_published(session, site_id, month),
    )


def first_moment(session: Session, site_id: int) -> datetime | None:
    """Return when the first thing happened on a site that a report can count: a row of its log, or a comment that was published. None: nothing has yet."""
    logged = select(LogEntry.at).where(LogEntry.site_id == site_id).order_by(LogEntry.seq).limit(1)
    published = select(func.min(Comment.published_at)).where(Comment.site_id == site_id, Comment.published_at.is_not(None))
    found = session.execute(select(logged.scalar_subquery(), published.scalar_subquery())).one()
    return min((moment for moment in found if moment is not None), default=None)


def count_reports(session: Session, site_id: int, month: Month) -> Counter[tuple[str, str, bool]]:
    """Return how many reports and notices came in, by reason, by what has become of them, and by whether one came without an account."""
    without_account = Report.reporter_id.is_(None)
    rows = select(Report.reason, Report.state, without_account, func.count()).where(
        Report.site_id == site_id, _in(Report.created_at, month)
    )
    return Counter(
        {
            (reason, state, bool(bare)): n
            for reason, state, bare, n in session.execute(rows.group_by(Report.reason, Report.state, without_account))
        }
    )


def count_decisions(session: Session, site_id: int, month: Month) -> Counter[Decided]:
    """Return how many decisions moderators took; what only undoes another is none."""
    overturned = (
        select(Appeal.id).where(Appeal.decision_id == Decision.id, Appeal.outcome.in_((Outcome.OVERTURNED, Outcome.CHANGED))).exists()
    )
    undone = case((Decision.undone_at.is_(None), null()), (overturned, literal(OVERTURNED)), else_=literal(TAKEN_BACK))
    stance = case((Decision.action == Action.REMOVE.value, func.coalesce(Comment.stance, NO_STANCE)))
    each = (
        select(
            Decision.action,
            Decision.restricts,
            Decision.reason,
            _occasion().label("occasion"),
            undone.label("undone"),
            stance.label("stance"),
        )
        .join(ReviewItem, ReviewItem.id == Decision.item_id)
        .join(Comment, Comment.id == Decision.comment_id)
        .where(
            Decision.site_id == site_id,
            _in(Decision.created_at, month),
            Decision.moderator_id.is_not(None),
            Decision.action.in_([action.value for action in ACTIONS]),
        )
        .subquery()
    )
    return Counter({Decided(*kind): n for *kind, n in _grouped(session, each)})


def count_automatic(session: Session, site_id: int, month: Month) -> Counter[tuple[str, str, str]]:
    """Return how many restrictions rules imposed, by action, by rule, and by what has become of them; those that an appeal overturned are among them."""
    made = (Action.HOLD.value, Action.SCREEN_OUT.value, Action.REMOVE.value)
    outcome = _what_a_person_made(Decision.item_id, after=Decision.item_version)
    each = (
        select(Decision.action, Decision.rule, _or_none_yet(outcome).label("outcome"))
        .join(ReviewItem, ReviewItem.id == Decision.item_id)
        .where(
            Decision.site_id == site_id,
            _in(Decision.created_at, month),
            Decision.action.in_(made),
            Decision.rule.is_not(None),
            Decision.rule != MIGRATED,
        )
        .subquery()
    )
    return Counter({(action, rule, became): n for action, rule, became, n in _grouped(session, each)})


def count_shown_again(session: Session, site_id: int, month: Month) -> int:
    """Return how many comments a rule showed again because nobody had decided in time."""
    rows = select(func.count()).where(
        Decision.site_id == site_id, _in(Decision.created_at, month), Decision.action == Action.RESTORE.value, Decision.rule.is_not(None)
    )
    return session.scalar(rows) or 0


def count_unstated(session: Session, site_id: int, month: Month) -> int:
    """Return how many restrictions lack their statement of reasons: none, since the database takes no such row."""
    # One look-up for each restriction of the month; asked with EXISTS, PostgreSQL may walk through the statements of all months.
    stated = select(StatementOfReasons.id)
    of_decision = stated.where(StatementOfReasons.decision_id == Decision.id).scalar_subquery()
    of_sanction = stated.where(StatementOfReasons.sanction_id == Sanction.id).scalar_subquery()
    decisions = select(func.count()).where(
        Decision.site_id == site_id, _in(Decision.created_at, month), Decision.restricts.is_(True), of_decision.is_(None)
    )
    sanctions = select(func.count()).where(Sanction.site_id == site_id, _in(Sanction.created_at, month), of_sanction.is_(None))
    return session.scalar(select(decisions.scalar_subquery() + sanctions.scalar_subquery())) or 0


def case_times(session: Session, site_id: int, month: Month) -> dict[int, list[int]]:
    """Return how many seconds each case took from its opening to its closing, by the lane that it was put in; those that were closed in the month."""
    rows = select(ReviewItem.base_lane, ReviewItem.opened_at, ReviewItem.closed_at).where(
        ReviewItem.site_id == site_id, text(IS_CLOSED), _in(ReviewItem.closed_at, month)
    )
    found: dict[int, list[int]] = {}
    for lane, opened, closed in session.execute(rows):
        found.setdefault(lane, []).append(_seconds(opened, closed))
    return found


def report_times(session: Session, site_id: int, month: Month) -> list[int]:
    """Return how many seconds each report waited that a moderator decided on in the month."""
    rows = select(Report.created_at, Report.closed_at).where(
        Report.site_id == site_id, _in(Report.closed_at, month), Report.state.in_((ReportState.UPHELD.value, ReportState.DECLINED.value))
    )
    return [_seconds(filed, closed) for filed, closed in session.execute(rows)]


def count_appeals_filed(session: Session, site_id: int, month: Month) -> Counter[tuple[str, bool]]:
    """Return how many appeals were filed, by who appealed and by whether it was against a sanction."""
    of_sanction = Appeal.sanction_id.is_not(None)
    rows = select(Appeal.part, of_sanction, func.count()).where(Appeal.site_id == site_id, _in(Appeal.created_at, month))
    return Counter({(part, bool(sanction)): n for part, sanction, n in session.execute(rows.group_by(Appeal.part, of_sanction))})


def read_appeals_decided(session: Session, site_id: int, month: Month) -> AppealsDecided:
    """Return what came of the appeals that were decided on in the month, and how long each took."""
    columns = select(Appeal.outcome, Appeal.same_person, Appeal.created_at, Appeal.decided_at)
    rows = session.execute(columns.where(Appeal.site_id == site_id, _in(Appeal.decided_at, month))).all()
    return AppealsDecided(
        Counter(row.outcome for row in rows if row.outcome is not None),
        Counter(row.same_person for row in rows),
        [_seconds(row.created_at, row.decided_at) for row in rows],
    )


def count_sanctions(session: Session, site_id: int, month: Month) -> Counter[tuple[str, str]]:
    """Return how many sanctions were imposed, by kind and by whether they were lifted since, or overturned on appeal."""
    became = case((Sanction.overturned, literal(OVERTURNED)), (Sanction.lifted_at.is_not(None), literal(LIFTED)), else_=literal(STANDING))
    each = select(Sanction.kind, became.label("became")).where(Sanction.site_id == site_id, _in(Sanction.created_at, month)).subquery()
    return Counter({(kind, state): n for kind, state, n in _grouped(session, each)})


def count_published(session: Session, site_id: int, month: Month) -> Counter[str]:
    """Return how many comments were published, whatever has become of them, by their writer's stance."""
    rows = select(Comment.stance, func.count()).where(Comment.site_id == site_id, _in(Comment.published_at, month))
    return Counter({stance or NO_STANCE: n for stance, n in session.execute(rows.group_by(Comment.stance))})


def _grouped(session: Session, each: Subquery) -> list[tuple[Any, ...]]:
    """Count equal rows of ``each``; what it is made of stands in there once, so that a database takes it for the same in both places."""
    return [tuple(row) for row in session.execute(select(each, func.count()).group_by(*each.c))]


def _in(column: InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None], month: Month) -> ColumnElement[bool]:
    return and_(column >= month.begin, column < month.end)


def _seconds(since: datetime, until: datetime | None) -> int:
    return int(((until or since) - since).total_seconds())


def _occasion() -> Case[str]:
    """What a decision was about, in the order in which its statement of reasons tells it (``stating.source_of``); what a check found, by whether it held the text."""
    reported = select(Report.id).where(Report.item_id == Decision.item_id, Report.created_at <= Decision.created_at).exists()
    rule = aliased(Decision)
    held = select(rule.id).where(
        rule.item_id == Decision.item_id, rule.item_version < Decision.item_version, rule.action == Action.HOLD.value
    )
    reports, was_held, noted, brought_back, own = (literal(occasion) for occasion in OCCASIONS)
    return case(
        (Decision.own_initiative, own),
        (or_(reported, ReviewItem.origin == Origin.REPORT.value), reports),
        (ReviewItem.origin == Origin.RESUBMISSION.value, brought_back),
        (ReviewItem.origin == Origin.MODERATOR.value, own),
        (held.exists(), was_held),
        else_=noted,
    )


def _what_a_person_made(
    item_id: ColumnElement[int] | InstrumentedAttribute[int], *, after: InstrumentedAttribute[int]
) -> ScalarSelect[str]:
    """The newest decision of a person on an item: whether it let the comment stand; null where there is none or it was taken back by a batch's undoing."""
    person = aliased(Decision)
    meant = case(
        (person.restricts, literal(RESTRICTED)),
        (and_(person.action == Action.UNDO.value, person.appeal_id.is_(None)), null()),
        else_=literal(LET_STAND),
    )
    newest = select(meant).where(person.item_id == item_id, person.item_version > after, person.moderator_id.is_not(None))
    return newest.order_by(person.item_version.desc()).limit(1).scalar_subquery()


def _or_none_yet(outcome: ScalarSelect[str]) -> ColumnElement[str]:
    not_yet = case((ReviewItem.state == ItemState.OPEN.value, literal(WAITING)), else_=literal(MOOT))
    return func.coalesce(outcome, not_yet)
