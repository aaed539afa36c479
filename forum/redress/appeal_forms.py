"""What the pages of appeals show: the form of one that is to be filed, and one that was filed, for its appellant and for moderators.

The rule: whatever was typed stands in its field again; what follows from a choice is said before it is made. Called by ``appeal_pages`` and ``appeal_errands``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

import msgspec
from flask_babel import gettext as _
from msgspec import Meta
from sqlalchemy.orm import Session

from forum.access.permissions import Permission
from forum.access.table import is_granted
from forum.access.viewer import Viewer
from forum.accounts.models import Account
from forum.articles.present import present_person
from forum.comments.models import Comment
from forum.comments.queries import get_comment
from forum.moderation import page_words
from forum.moderation.decision_words import DECISION_WORDS
from forum.moderation.decisions import actions_on
from forum.moderation.forms import Version
from forum.moderation.marking import brackets_for
from forum.moderation.models import Decision, Report
from forum.moderation.present import OUTCOMES, present_decisions
from forum.moderation.reasons import DECISION_LABELS, DecisionReason
from forum.moderation.review import Action, ReportState
from forum.moderation.rows import count_waiting
from forum.moderation.sanction_schemas import Days
from forum.moderation.schemas import ArticleRef, Statement
from forum.moderation.statements import STATEMENTS
from forum.redress.appeal_words import CONSEQUENCES, OUTCOME_MEANINGS, OUTCOME_WORDS, SANCTION_LIFTED, STRIKE_GONE, standing_words
from forum.redress.around import read_around
from forum.redress.deciders import is_alone
from forum.redress.filing import appealable_decision, appealable_report, appealable_sanction
from forum.redress.judging import RESTRICTING
from forum.redress.matters import Matter, matter_of
from forum.redress.models import Appeal, Outcome, Part
from forum.redress.present import is_masked, present_appeal, standing_of
from forum.redress.queries import find_declined_report, find_sanction_with, find_statement, find_undoing
from forum.redress.restoring import Effect, find_effect
from forum.redress.sanction_words import SANCTION_WORDS
from forum.redress.schemas import AppealOut, NewAction, OutcomeIn, Reasons
from forum.redress.statement_words import OTHER_WAYS, who_decides
from forum.refusals import Refusal, not_found
from forum.sanctions.kinds import KINDS, SanctionKind
from forum.sanctions.models import Sanction
from forum.sanctions.queries import address_of
from forum.sentences import sentence
from forum.text.limits import BODY_MAX
from forum.web.forms import Form
from forum.web.pages import Page
from forum.web.problems import PROBLEM_TYPES
from forum.web.translation import translated

Typed = Annotated[str, Meta(max_length=2_000)]


class AppealForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the appellant writes; what is missing is said in the form's own words."""

    body: Typed = ""


class QuestionForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The one question."""

    question: Typed = ""


class AnswerForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The answer to it."""

    answer: Typed = ""


class VerdictForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The decision on an appeal as typed: ``spans`` is the comment's text with the passages to take out marked."""

    version: Version
    outcome: OutcomeIn | None = None
    reasons: Reasons = ""
    action: NewAction | None = None
    reason: DecisionReason | None = None
    statement: Statement = ""
    spans: Annotated[str, Meta(max_length=BODY_MAX * 2)] = ""
    notice: Annotated[str, Meta(max_length=500)] = ""
    kind: SanctionKind | None = None
    days: Days | None = None


@dataclass(frozen=True)
class About:
    """What is appealed, as its form says it: a headline, the sentence that explained it, and where all of it stands."""

    heading: str
    said: str
    address: str


@dataclass(frozen=True)
class CommentView:
    """The comment that an appeal is about: where it is, and what readers see of it."""

    id: int
    state: str


@dataclass(frozen=True)
class Sent:
    """What was sent to an appeal and refused: the form it came from, as it was."""

    which: str = ""
    form: Form = field(default_factory=Form)


def show_decision_form(session: Session, viewer: Viewer, decision: Decision, form: Form) -> Page:
    """Return the page on which a decision is appealed, or which says why it can not be; a reporter reads nothing of what the writer was told."""
    if get_comment(session, decision.comment_id).author_id != viewer.account_id:
        report = find_declined_report(session, decision.id, viewer.account_id)
        if report is None:
            raise not_found(sentence("decision"))
        return show_report_form(session, viewer, report, form)
    words = DECISION_WORDS[Action(decision.action)]
    about = About(translated(words.writer), translated(decision.statement), f"/decisions/{decision.id}")
    return _form(session, about, f"/decisions/{decision.id}/appeal", form, lambda: appealable_decision(session, viewer, decision))


def show_sanction_form(session: Session, viewer: Viewer, sanction: Sanction, form: Form) -> Page:
    """Return the page on which a sanction is appealed, or which says why it can not be."""
    words = SANCTION_WORDS[SanctionKind(sanction.kind)]
    about = About(translated(words.heading), translated(sanction.statement), f"/sanctions/{sanction.id}")
    return _form(session, about, f"/sanctions/{sanction.id}/appeal", form, lambda: appealable_sanction(session, viewer, sanction))


def show_report_form(session: Session, viewer: Viewer, report: Report, form: Form) -> Page:
    """Return the page on which the declining of a report or notice is appealed, or which says why it can not be."""
    heading = _("Your notice was turned down") if report.reporter_id is None else _("Your report was turned down")
    about = About(str(heading), translated(OUTCOMES[ReportState(report.state)]), f"/reports/{report.reference}")
    return _form(session, about, f"/reports/{report.reference}/appeal", form, lambda: appealable_report(session, viewer, report))


def show_appeal(session: Session, viewer: Viewer, appeal: Appeal, sent: Sent) -> Page:
    """Return the page of an appeal: a dialogue for its appellant, all that it takes to decide for a moderator."""
    matter = matter_of(session, appeal)
    is_moderator = is_granted(viewer, Permission.APPEAL_DECIDE, appeal) and viewer.account_id != appeal.appellant_id
    shown = present_appeal(session, viewer, appeal, matter)
    context: dict[str, Any] = {
        "it": shown,
        "sent": sent,
        "blank": Form(),
        "standing": translated(standing_words(appeal)),
        "decided": _decided(appeal),
        "means": _meaning(session, appeal, matter),
        "first": _first(session, viewer, matter),
        "who_decides": translated(who_decides(alone=False)),
        # A notice's sender has no account: the address with its reference is the only one.
        "answer_to": f"/appeals/{appeal.id}/answer" if appeal.appellant_id is not None else _at_report(matter, "/answer"),
        "replacement": _replacement(appeal, matter, is_moderator=is_moderator),
    }
    if not is_moderator:
        return Page("redress/appeal.html", context)
    return Page("redress/case.html", {**context, **_for_moderators(session, viewer, appeal, matter, shown)})


def _form(session: Session, about: About, action: str, form: Form, find_matter: Callable[[], Matter]) -> Page:
    obstacle, alone = None, False
    try:
        alone = is_alone(session, find_matter())
    except Refusal as refusal:
        obstacle = refusal
    context = {
        "about": about,
        "action": action,
        "form": form,
        "obstacle": translated(obstacle.detail) if obstacle is not None else "",
        "who": translated(who_decides(alone=alone)),
        "other_ways": translated(OTHER_WAYS),
    }
    return Page("redress/appeal_form.html", context, PROBLEM_TYPES[obstacle.kind].status if obstacle is not None else 200)


def _decided(appeal: Appeal) -> str:
    if appeal.outcome is None:
        return ""
    return translated(OUTCOME_WORDS[Part(appeal.part), Outcome(appeal.outcome)])


def _meaning(session: Session, appeal: Appeal, matter: Matter) -> str:
    """Return what the outcome means for its appellant; of a decision that fell, the sentence that the undoing left."""
    outcome = Outcome(appeal.outcome) if appeal.outcome is not None else None
    if outcome is None:
        return ""
    if outcome is Outcome.OVERTURNED and matter.is_lifting and matter.decision is not None:
        undoing = find_undoing(session, matter.decision)
        if undoing is not None:
            return translated(undoing.statement)
    return translated(OUTCOME_MEANINGS[Part(appeal.part), outcome])


def _first(session: Session, viewer: Viewer, matter: Matter) -> About:
    """Return what was decided first, as the appellant knows it; moderators get the decision itself."""
    if matter.sanction is not None:
        words = SANCTION_WORDS[SanctionKind(matter.sanction.kind)]
        return About(translated(words.heading), translated(matter.sanction.statement), f"/sanctions/{matter.sanction.id}")
    assert matter.decision is not None, "an appeal is about a decision or a sanction"
    if matter.is_lifting:
        words_of = DECISION_WORDS[Action(matter.decision.action)]
        return About(translated(words_of.writer), translated(matter.decision.statement), f"/decisions/{matter.decision.id}")
    report = matter.report
    heading = _("Your notice was turned down") if matter.appellant_id is None else _("Your report was turned down")
    return About(str(heading), translated(OUTCOMES[ReportState.DECLINED]), f"/reports/{report.reference}" if report is not None else "")


def _at_report(matter: Matter, then: str) -> str:
    return f"/reports/{matter.report.reference}/appeal{then}" if matter.report is not None else ""


def _replacement(appeal: Appeal, matter: Matter, *, is_moderator: bool) -> str:
    if appeal.replacement_id is None or not (is_moderator or matter.is_lifting):
        return ""
    return f"/{'sanctions' if matter.sanction is not None else 'decisions'}/{appeal.replacement_id}"


def _for_moderators(session: Session, viewer: Viewer, appeal: Appeal, matter: Matter, shown: AppealOut) -> dict[str, Any]:
    decision, comment = matter.decision, matter.comment
    standing = standing_of(session, viewer, appeal, matter)
    effect = find_effect(session, comment, decision) if decision is not None and comment is not None else None
    statement = find_statement(session, decision_id=decision.id) if decision is not None else None
    text = shown.text or ""
    return {
        "words": page_words,
        "what": translated(read_around(session, [appeal]).said(appeal)),
        "comment": CommentView(comment.id, comment.state) if comment is not None else None,
        "note": matter.report.note if matter.report is not None else "",
        "first_decision": present_decisions(session, [decision])[0] if decision is not None else None,
        "is_masked": is_masked(session, viewer, matter),
        "hindrance": translated(standing.why) if standing is not None and standing.why is not None else "",
        "is_alone": standing is not None and standing.why is None and standing.alone_from is not None,
        "came_with": _came_with(session, decision),
        "consequences": _consequences(matter, effect),
        "actions": _actions(comment, effect, matter) if comment is not None and decision is not None else [],
        "kinds": _kinds() if matter.sanction is not None else [],
        "reasons": {reason.value: translated(label) for reason, label in DECISION_LABELS.items() if reason != DecisionReason.WITHIN_RULES},
        "statements": {reason.value: [translated(each) for each in texts] for reason, texts in STATEMENTS.items()},
        "brackets": brackets_for(text),
        "subject": present_person(session.get_one(Account, matter.sanction.account_id)) if matter.sanction is not None else None,
        "article": ArticleRef(matter.article.id, matter.article.title, f"/a/{matter.article.slug}") if matter.article is not None else None,
        "restricts": statement is not None,
        "open_cases": count_waiting(session, appeal.site_id),
    }


def _came_with(session: Session, decision: Decision | None) -> str:
    """Return where what was imposed on the writer with a decision stands, which an appeal against the decision leaves as it is; empty where nothing was."""
    found = find_sanction_with(session, decision.id) if decision is not None else None
    return address_of(found) if found is not None else ""


def _consequences(matter: Matter, effect: Effect | None) -> Mapping[str, str]:
    """Return what each outcome does, by its code; a code that is missing cannot be chosen."""
    if matter.sanction is not None:
        return {
            "uphold": _("The sanction goes on as it is."),
            "overturn": translated(SANCTION_LIFTED),
            "change": _("The sanction ends now and counts no more; what you choose below takes its place from now on."),
        }
    if not matter.is_lifting:
        return {
            "uphold": _("The comment stays as it is; the report stays declined."),
            "overturn": _(
                "What you choose below happens to the comment. The report counts as upheld; the writer reads your reasons and can appeal in turn."
            ),
        }
    assert effect is not None, "a decision is about a comment"
    return {
        "uphold": _("Everything stays as it is. The writer cannot appeal this decision again."),
        "overturn": f"{translated(CONSEQUENCES[effect])} {translated(STRIKE_GONE)}",
        "change": _(
            "The first decision falls, and what you choose below happens to the comment instead. The writer can appeal that in turn."
        ),
    }


def _actions(comment: Comment, effect: Effect | None, matter: Matter) -> list[dict[str, str]]:
    # What falls shows the comment again before the new decision is carried out.
    after = actions_on(comment, waits=False)
    if matter.is_lifting and effect is Effect.SHOWN:
        after = tuple(action for action in RESTRICTING if action is not Action.LOCK or comment.locked_at is None)
    return [
        {"code": action.value, "label": page_words.action(action.value), "meaning": page_words.meaning(action.value)}
        for action in RESTRICTING
        if action in after and not (action is Action.REDACT and comment.body_md is None)
    ]


def _kinds() -> list[dict[str, Any]]:
    return [
        {"code": kind.value, "label": translated(known.label), "meaning": translated(known.meaning), "usual": known.usual_days}
        for kind, known in KINDS.items()
    ]
