"""Writes the statement of reasons of every restriction, in the restriction's own transaction (Regulation (EU) 2022/2065, Article 17; product design C-8).

The rule: whoever is restricted can read why from the same moment on, whether a person or a rule decided. Called where decisions are recorded and sanctions imposed.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.clock import now
from forum.comments.models import Comment
from forum.comments.states import State
from forum.jobs.actions import enqueue
from forum.moderation.models import CommentRestriction, Decision, Report, ReviewItem, StatementOfReasons
from forum.moderation.reasons import DecisionReason
from forum.moderation.review import Action, Origin, Restriction, Source
from forum.notifications.models import Reason, Subject
from forum.notifications.recording import News
from forum.notifications.telling import tell_person
from forum.sanctions.models import Sanction

TELL_RESTRICTED = "tell-restricted"
APPEAL_WINDOW = timedelta(days=184)
"""Six months, whichever they are."""

MAIL_AFTER_BATCH = timedelta(minutes=10)
"""So long a batch can be undone, and its mails wait."""

RESTRICTIONS: dict[Action, Restriction] = {
    Action.HOLD: Restriction.HELD,
    Action.SCREEN_OUT: Restriction.SCREENED,
    Action.REMOVE: Restriction.REMOVED,
    Action.REDACT: Restriction.REDACTED,
    Action.LOCK: Restriction.LOCKED,
    Action.NOTICE: Restriction.NOTICED,
}
BY_ORIGIN: dict[Origin, Source] = {
    Origin.SCREENING: Source.SCREENING,
    Origin.EDIT: Source.SCREENING,
    Origin.REPORT: Source.REPORT,
    Origin.RESUBMISSION: Source.RESUBMISSION,
    Origin.MODERATOR: Source.OWN_INITIATIVE,
}


def state_reasons(session: Session, decision: Decision, item: ReviewItem, *, restriction: Restriction) -> StatementOfReasons:
    """Store the statement of a decision that restricts the writer of the item's comment, and return it."""
    source = source_of(session, decision, item)
    statement = StatementOfReasons(
        site_id=decision.site_id,
        account_id=item.writer_id,
        decision_id=decision.id,
        restriction=restriction.value,
        source=source.value,
        detected_automatically=source is Source.SCREENING,
        decided_automatically=decision.moderator_id is None,
        **_terms(decision.reason, decision.created_at, wait=MAIL_AFTER_BATCH if decision.batch_id else timedelta()),
    )
    return _store(session, statement)


def state_reasons_of_sanction(session: Session, sanction: Sanction, *, source: Source) -> StatementOfReasons:
    """Store the statement of a sanction, which a moderator has always decided, and return it."""
    statement = StatementOfReasons(
        site_id=sanction.site_id,
        account_id=sanction.account_id,
        sanction_id=sanction.id,
        restriction=Restriction(sanction.kind).value,
        source=source.value,
        detected_automatically=False,
        decided_automatically=False,
        ends_at=sanction.ends_at,
        **_terms(sanction.reason, sanction.created_at, wait=timedelta()),
    )
    return _store(session, statement)


def tell_restricted(session: Session, payload: Mapping[str, Any]) -> None:
    """Tell whom a statement is for, by inbox and mail, unless what it states was undone meanwhile: the handler of ``TELL_RESTRICTED``."""
    statement = session.get(StatementOfReasons, payload["statement_id"])
    if statement is None or statement.mailed_at is not None:
        return
    decision = session.get(Decision, statement.decision_id) if statement.decision_id is not None else None
    if decision is not None and decision.undone_at is not None:
        return
    item = session.get(ReviewItem, decision.item_id) if decision is not None else None
    comment = session.get(Comment, item.comment_id) if item is not None else None
    news = News(
        Subject.STATEMENT, statement.id, comment.article_id if comment is not None else None, comment.id if comment is not None else None
    )
    tell_person(session, news, Reason.DECISION, statement.account_id)
    statement.mailed_at = now()


def _store(session: Session, statement: StatementOfReasons) -> StatementOfReasons:
    session.add(statement)
    session.flush()
    enqueue(session, TELL_RESTRICTED, {"statement_id": statement.id}, due_at=statement.mail_after)
    return statement


def source_of(session: Session, decision: Decision, item: ReviewItem) -> Source:
    """Return what brought a decision about: a report or notice on the case counts before what opened it."""
    opened = BY_ORIGIN[Origin(item.origin)]
    if decision.own_initiative:
        return Source.OWN_INITIATIVE
    if decision.action == Action.HOLD:
        return Source.RESUBMISSION if opened is Source.RESUBMISSION else Source.SCREENING
    known = set(session.scalars(select(Report.reporter_id.is_(None)).where(Report.item_id == item.id).distinct()))
    if known:
        return Source.REPORT if False in known else Source.NOTICE
    return opened


def bind_restriction(session: Session, comment: Comment, decision: Decision) -> None:
    """Note by which decision a comment is held, screened or removed; without it the database does not commit such a state."""
    bound = session.get(CommentRestriction, comment.id)
    if bound is None:
        session.add(CommentRestriction(comment_id=comment.id, decision_id=decision.id))
    else:
        bound.decision_id = decision.id
    session.flush()


def release_restriction(session: Session, comment: Comment) -> None:
    """Forget the decision by which a comment was restricted, since it no longer is."""
    if comment.state in (State.HELD, State.SCREENED, State.REMOVED):
        return
    bound = session.get(CommentRestriction, comment.id)
    if bound is not None:
        session.delete(bound)
        session.flush()


def _terms(reason: str, moment: datetime, *, wait: timedelta) -> dict[str, object]:
    return {
        "ground": "law" if reason == DecisionReason.ILLEGAL else "rules",
        "clause": str(reason),
        "appeal_until": moment + APPEAL_WINDOW,
        "mail_after": moment + wait,
        "created_at": moment,
    }
