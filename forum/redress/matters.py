"""What an appeal is about: the decision or sanction, the comment, who decided first, who appeals. Read once, then asked by every rule of this room."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from forum.articles.models import Article
from forum.articles.queries import get_article
from forum.comments.models import Comment
from forum.comments.queries import get_comment
from forum.moderation.models import Decision, Report
from forum.redress.models import Appeal, Part
from forum.sanctions.models import Sanction


@dataclass(frozen=True)
class Matter:
    """A decision on a comment, or a sanction, with all that the rules look at. ``earlier_ids``: who decided before that, on an appeal that led to it."""

    site_id: int
    part: Part
    appellant_id: int | None
    first_decider_id: int | None
    earlier_ids: frozenset[int]
    decision: Decision | None = None
    sanction: Sanction | None = None
    report: Report | None = None
    comment: Comment | None = None
    article: Article | None = None

    @property
    def is_lifting(self) -> bool:
        """Whether overturning takes something back, from a writer or a person; otherwise it restricts what was left."""
        return self.part is Part.WRITER


def matter_of_decision(session: Session, decision: Decision, *, part: Part, appellant_id: int | None, report: Report | None) -> Matter:
    """Return what an appeal against a decision is about."""
    comment = get_comment(session, decision.comment_id)
    return Matter(
        site_id=decision.site_id,
        part=part,
        appellant_id=appellant_id,
        first_decider_id=decision.moderator_id,
        earlier_ids=_earlier(session, decision),
        decision=decision,
        report=report,
        comment=comment,
        article=get_article(session, comment.article_id),
    )


def matter_of_writer(session: Session, decision: Decision) -> Matter:
    """Return what an appeal of its comment's writer against a decision is about."""
    writer_id = get_comment(session, decision.comment_id).author_id
    return matter_of_decision(session, decision, part=Part.WRITER, appellant_id=writer_id, report=None)


def matter_of_sanction(session: Session, sanction: Sanction) -> Matter:
    """Return what an appeal against a sanction is about."""
    decision = session.get(Decision, sanction.decision_id) if sanction.decision_id is not None else None
    comment = get_comment(session, decision.comment_id) if decision is not None else None
    return Matter(
        site_id=sanction.site_id,
        part=Part.WRITER,
        appellant_id=sanction.account_id,
        first_decider_id=sanction.imposed_by,
        earlier_ids=frozenset(),
        sanction=sanction,
        comment=comment,
        article=get_article(session, comment.article_id) if comment is not None else None,
    )


def matter_of(session: Session, appeal: Appeal) -> Matter:
    """Return what an appeal is about."""
    if appeal.sanction_id is not None:
        return matter_of_sanction(session, session.get_one(Sanction, appeal.sanction_id))
    decision = session.get_one(Decision, appeal.decision_id)
    report = session.get_one(Report, appeal.report_id) if appeal.report_id is not None else None
    return matter_of_decision(session, decision, part=Part(appeal.part), appellant_id=appeal.appellant_id, report=report)


def _earlier(session: Session, decision: Decision) -> frozenset[int]:
    before: set[int | None] = set()
    at: Decision | None = decision
    while at is not None and at.appeal_id is not None:
        led = session.get_one(Appeal, at.appeal_id)
        before |= {led.first_decider_id, led.decided_by}
        at = session.get(Decision, led.decision_id)
    return frozenset(each for each in before if each is not None and each != decision.moderator_id)
