"""Statements, sanctions and appeals as those get them whom they concern, and as moderators do. A bounded number of reads for each page.

The rule: whom a decision concerns learns whether a person or a rule decided, never which person, and never who reported.
"""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from forum.access.permissions import Permission
from forum.access.table import is_granted
from forum.access.viewer import Viewer
from forum.articles.models import Article
from forum.clock import now
from forum.comments.states import State
from forum.moderation.masking import is_revealed
from forum.moderation.models import Decision, StatementOfReasons
from forum.moderation.present import present_decisions
from forum.moderation.queries import handles_of
from forum.moderation.reasons import DecisionReason
from forum.moderation.review import Action, Source
from forum.moderation.schemas import ArticleRef
from forum.redress import statement_words
from forum.redress.around import read_around
from forum.redress.deciders import Standing, is_alone, look
from forum.redress.judging import version_of
from forum.redress.matters import Matter, matter_of_sanction, matter_of_writer
from forum.redress.models import Appeal
from forum.redress.own import OwnThing
from forum.redress.queries import find_appeal, find_statement
from forum.redress.restoring import text_after
from forum.redress.schemas import (
    AppealOut,
    AppealRef,
    AppealRow,
    OwnRow,
    OwnSanctionOut,
    ReasonedDecisionOut,
    StatementOut,
    WayToAppeal,
)
from forum.sanctions.kinds import KINDS, SanctionKind
from forum.sanctions.models import Sanction
from forum.sanctions.queries import address_of, is_in_force


def present_ref(appeal: Appeal | None) -> AppealRef | None:
    """Return an appeal in short."""
    return AppealRef(appeal.id, appeal.outcome, f"/appeals/{appeal.id}") if appeal is not None else None


def present_statement(
    statement: StatementOfReasons, *, facts: str, is_undone: bool, appeal: Appeal | None, alone: bool = False
) -> StatementOut:
    """Return a statement of reasons; ``facts``: what was decided in words; ``is_undone``: it was taken back, so that there is nothing to appeal.

    ``alone``: nobody could decide on an appeal but who decided first, which is said.
    """
    words = statement_words.words_of(statement)
    label, meaning = statement_words.clause_of(statement)
    where = f"/decisions/{statement.decision_id}" if statement.decision_id is not None else f"/sanctions/{statement.sanction_id}"
    return StatementOut(
        restriction=statement.restriction,
        what=str(words.what),
        scope=str(words.scope),
        duration=str(words.duration),
        starts_at=statement.created_at,
        ends_at=statement.ends_at,
        facts=facts,
        source=statement.source,
        source_said=str(statement_words.SOURCE_WORDS[Source(statement.source)]),
        detected_automatically=statement.detected_automatically,
        decided_automatically=statement.decided_automatically,
        automation_said=str(statement_words.automation_of(statement)),
        ground=statement.ground,
        clause=statement.clause,
        clause_label=str(label),
        clause_meaning=str(meaning),
        appeal=WayToAppeal(
            until=statement.appeal_until,
            is_open=appeal is None and not is_undone and now() <= statement.appeal_until,
            url=f"{where}/appeal",
            said=f"{statement_words.who_decides(alone=alone)} {statement_words.OTHER_WAYS}",
            appeal=present_ref(appeal),
        ),
    )


def present_decision(session: Session, viewer: Viewer, decision: Decision, *, is_writer: bool) -> ReasonedDecisionOut:
    """Return a decision with its statement of reasons, as the comment's writer or a moderator reads it."""
    shown = present_decisions(session, [decision], for_moderators=not is_writer)[0]
    statement = find_statement(session, decision_id=decision.id)
    appeal = find_appeal(session, decision_id=decision.id)
    # A reporter's appeal is none of the writer's business: it would tell that somebody reported.
    known = appeal if appeal is not None and (not is_writer or appeal.appellant_id == viewer.account_id) else None
    led = session.get(Appeal, decision.appeal_id) if decision.appeal_id is not None else None
    stated = (
        present_statement(
            statement,
            facts=decision.statement,
            is_undone=decision.undone_at is not None,
            appeal=known,
            alone=is_alone(session, matter_of_writer(session, decision)),
        )
        if statement is not None
        else None
    )
    return ReasonedDecisionOut(
        **{name: getattr(shown, name) for name in shown.__struct_fields__},
        statement_of_reasons=stated,
        appeal=present_ref(known),
        same_person=led is not None and led.same_person,
    )


def present_sanction(session: Session, sanction: Sanction) -> OwnSanctionOut:
    """Return a sanction with its statement of reasons."""
    statement = find_statement(session, sanction_id=sanction.id)
    assert statement is not None, "the database takes no sanction without its statement"
    appeal = find_appeal(session, sanction_id=sanction.id)
    return OwnSanctionOut(
        id=sanction.id,
        kind=sanction.kind,
        label=str(KINDS[SanctionKind(sanction.kind)].label),
        reason=sanction.reason,
        statement=sanction.statement,
        starts_at=sanction.starts_at,
        ends_at=sanction.ends_at,
        in_force=is_in_force(sanction, now()),
        acknowledged_at=sanction.acknowledged_at,
        lifted_at=sanction.lifted_at,
        overturned=sanction.overturned,
        url=address_of(sanction),
        statement_of_reasons=present_statement(
            statement,
            facts=sanction.statement,
            is_undone=sanction.lifted_at is not None,
            appeal=appeal,
            alone=is_alone(session, matter_of_sanction(session, sanction)),
        ),
    )


def is_masked(session: Session, viewer: Viewer, matter: Matter) -> bool:
    """Whether the text that an appeal is about is not shown to a moderator yet: it may identify a patient, and they have not asked to see it."""
    comment, decision = matter.comment, matter.decision
    if comment is None or decision is None:
        return False
    takes_out = decision.action == Action.REDACT and decision.reason == DecisionReason.CONFIDENTIALITY
    if comment.state == State.ERASED or not (comment.confidential or takes_out):
        return False
    return not is_revealed(session, viewer, comment.id)


def standing_of(session: Session, viewer: Viewer, appeal: Appeal, matter: Matter) -> Standing | None:
    """Return how a moderator stands to an appeal that is open; None for its appellant, and once it is decided."""
    is_moderator = is_granted(viewer, Permission.APPEAL_DECIDE, appeal) and viewer.account_id != appeal.appellant_id
    return look(session, viewer, matter, appeal) if is_moderator and appeal.decided_at is None else None


def present_appeal(session: Session, viewer: Viewer, appeal: Appeal, matter: Matter) -> AppealOut:
    """Return an appeal as its appellant or, with the people and the text in it, a moderator reads it."""
    is_appellant = not is_granted(viewer, Permission.APPEAL_DECIDE, appeal) or viewer.account_id == appeal.appellant_id
    names = {} if is_appellant else handles_of(session, [appeal.appellant_id, appeal.first_decider_id, appeal.asked_by, appeal.decided_by])
    standing = standing_of(session, viewer, appeal, matter)
    report, comment, decision = matter.report, matter.comment, matter.decision
    shows_text = not is_appellant and comment is not None and decision is not None and not is_masked(session, viewer, matter)
    return AppealOut(
        id=appeal.id,
        part=appeal.part,
        decision_id=appeal.decision_id,
        sanction_id=appeal.sanction_id,
        reference=report.reference if report is not None and is_appellant else None,
        body=appeal.body,
        question=appeal.question,
        asked_at=appeal.asked_at,
        answer=appeal.answer,
        answered_at=appeal.answered_at,
        outcome=appeal.outcome,
        reasons=appeal.reasons,
        decided_at=appeal.decided_at,
        same_person=appeal.same_person,
        alone_from=appeal.alone_from,
        replacement_id=appeal.replacement_id if not is_appellant or matter.is_lifting else None,
        created_at=appeal.created_at,
        version=version_of(appeal, matter),
        url=f"/appeals/{appeal.id}",
        can=_possible(appeal, standing, is_appellant=is_appellant),
        hindrance=str(standing.why) if standing is not None and standing.why is not None else None,
        appellant=names.get(appeal.appellant_id),
        first_decider=names.get(appeal.first_decider_id),
        asked_by=names.get(appeal.asked_by),
        decided_by=names.get(appeal.decided_by),
        reason_of_report=report.reason if report is not None else None,
        text=text_after(session, comment, decision) if shows_text and comment is not None and decision is not None else None,
    )


def present_rows(session: Session, viewer: Viewer, appeals: Sequence[Appeal]) -> list[AppealRow]:
    """Return rows of the moderators' list; five reads whatever their number."""
    around = read_around(session, appeals)
    names = handles_of(session, [appeal.appellant_id for appeal in appeals])
    return [
        AppealRow(
            id=appeal.id,
            part=appeal.part,
            decision_id=appeal.decision_id,
            sanction_id=appeal.sanction_id,
            said=str(around.said(appeal)),
            article=present_article(around.article(appeal)),
            person=names.get(appeal.appellant_id),
            outcome=appeal.outcome,
            asked_at=appeal.asked_at,
            answered_at=appeal.answered_at,
            created_at=appeal.created_at,
            decided_at=appeal.decided_at,
            is_first_decider=appeal.first_decider_id == viewer.account_id,
            url=f"/appeals/{appeal.id}",
        )
        for appeal in appeals
    ]


def present_own(things: Sequence[OwnThing]) -> list[OwnRow]:
    """Return what was decided about a person, as a program gets it."""
    return [
        OwnRow(
            kind=thing.kind,
            id=thing.id,
            url=thing.address,
            said=str(thing.said),
            reason=thing.reason,
            holds=thing.holds,
            article=present_article(thing.article),
            appeal=present_ref(thing.appeal),
            created_at=thing.at,
        )
        for thing in things
    ]


def present_article(article: Article | None) -> ArticleRef | None:
    """Return an article as rows name it."""
    return ArticleRef(article.id, article.title, f"/a/{article.slug}") if article is not None else None


def _possible(appeal: Appeal, standing: Standing | None, *, is_appellant: bool) -> list[str]:
    if appeal.decided_at is not None:
        return []
    if is_appellant:
        return ["answer"] if appeal.question is not None and appeal.answer is None else []
    if standing is None:
        return []
    can = ["ask"] if standing.may_ask and appeal.question is None else []
    return [*can, "decide"] if standing.why is None else can
