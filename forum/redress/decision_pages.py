"""The HTML door of one decision, for the comment's writer and for moderators: what was decided, why, by whom, and what the writer can do now.

The rule: the writer learns whether a person or a rule decided, never which person; an appeal of somebody else is none of theirs.
"""

from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from forum.access.permissions import Permission
from forum.access.predicates import is_writer
from forum.articles.queries import get_article
from forum.clock import now
from forum.comments.models import Comment
from forum.comments.queries import get_comment
from forum.comments.states import State
from forum.moderation.decision_words import (
    CHANGE_DECLINED,
    CHANGE_WAITS,
    DECISION_WORDS,
    NEVER_SHOWN,
    NOW_WORDS,
    ORIGIN_WORDS,
    REASON_MEANINGS,
    DecisionWords,
)
from forum.moderation.log_queries import find_seq_of_decision
from forum.moderation.log_words import RULE_WORDS
from forum.moderation.models import Decision, StatementOfReasons
from forum.moderation.moves import ORIGINALS_KEPT
from forum.moderation.present import present_decisions
from forum.moderation.reasons import DecisionReason
from forum.moderation.report_queries import origin_of
from forum.moderation.review import ACTIONS, Action, Origin, Restriction
from forum.moderation.schemas import ArticleRef
from forum.redress.deciders import is_alone
from forum.redress.matters import matter_of_writer
from forum.redress.models import Appeal
from forum.redress.queries import find_appeal, find_statement
from forum.redress.statement_view import AppealView, view_appeal, view_statement
from forum.redress.steps import Concern, load_decision
from forum.web.doors import Call
from forum.web.pages import Page, PageDoors
from forum.web.translation import translated

doors = PageDoors("decisions")


@dataclass(frozen=True)
class WayOn:
    """What the writer can do now beside appealing: what it is called, a sentence, and where it is done."""

    heading: str
    said: str
    label: str
    address: str


@doors.door("GET", "/decisions/<id:decision_id>", Permission.DECISION_READ, load=load_decision)
def show_decision(call: Call[Concern, None, None]) -> Page:
    """Show a decision to the comment's writer or to a moderator."""
    session = call.session
    decision: Decision = call.thing.row
    own = is_writer(call.viewer, call.thing)
    comment = get_comment(session, decision.comment_id)
    article = get_article(session, comment.article_id)
    statement = find_statement(session, decision_id=decision.id)
    appeal = find_appeal(session, decision_id=decision.id)
    words = words_of_decision(decision, comment, statement)
    log = find_seq_of_decision(session, decision.site_id, decision.id, public_only=True)
    reference = ArticleRef(article.id, article.title, f"/a/{article.slug}")
    context = {
        "decision": present_decisions(session, [decision], for_moderators=not own)[0],
        "own": own,
        "heading": translated(words.writer if own else words.other),
        "means": translated((words.to_writer if own else None) or words.means),
        "statement": translated(decision.statement),
        "meaning": _meaning(decision),
        "who": _who(session, decision),
        "cause": _cause(decision, origin_of(session, decision)),
        "now": translated(NOW_WORDS[State(comment.state)]),
        "kept_until": decision.created_at + ORIGINALS_KEPT if decision.action == Action.REDACT and decision.undone_at is None else None,
        "moment": now(),
        "way_on": _way_on(decision, comment, reference) if own else None,
        "stated": view_statement(statement) if statement is not None else None,
        "appeal": _appeal(call, statement, appeal) if own and statement is not None else None,
        "others_appeal": appeal.id if appeal is not None and not own else None,
        "article": reference,
        "log": f"/modlog?decision={decision.id}#d{decision.id}" if log is not None else "",
    }
    return Page("redress/decision.html", context)


def _appeal(call: Call[Concern, None, None], statement: StatementOfReasons, appeal: Appeal | None) -> AppealView | None:
    decision: Decision = call.thing.row
    filed = appeal if appeal is not None and appeal.appellant_id == call.viewer.account_id else None
    if filed is None and (decision.undone_at is not None or appeal is not None):
        return None
    alone = filed is None and is_alone(call.session, matter_of_writer(call.session, decision))
    return view_appeal(statement.appeal_until, f"/decisions/{decision.id}/appeal", filed, alone=alone)


def words_of_decision(decision: Decision, comment: Comment, statement: StatementOfReasons | None) -> DecisionWords:
    """Return what a decision is called, by what it did to this comment."""
    action = Action(decision.action)
    if statement is not None and statement.restriction == Restriction.CHANGE_DECLINED:
        return CHANGE_DECLINED
    words = DECISION_WORDS[action]
    if action is Action.HOLD and decision.from_state == State.VISIBLE:
        return CHANGE_WAITS
    if action is Action.REMOVE and comment.published_at is None:
        return NEVER_SHOWN
    return words


def _meaning(decision: Decision) -> str | None:
    # A rule that only waits or closes a case names no reason that would say something.
    reason, action = DecisionReason(decision.reason), Action(decision.action)
    if reason is DecisionReason.OTHER and not (action in ACTIONS and ACTIONS[action].restricts):
        return None
    return translated(REASON_MEANINGS[reason]) if reason in REASON_MEANINGS else ""


def _who(session: Session, decision: Decision) -> str:
    led = session.get(Appeal, decision.appeal_id) if decision.appeal_id is not None else None
    if led is not None and led.same_person:
        return str(_("A moderator, on an appeal: the same one as the first time, since nobody else was there to decide"))
    if led is not None:
        return str(_("A moderator, on an appeal: another one than the first time"))
    if decision.moderator_id is not None:
        return str(_("A moderator"))
    name = RULE_WORDS.get(decision.rule or "")
    return str(_("An automatic rule (%(name)s); no person decided", name=translated(name)) if name else _("An automatic rule"))


def _cause(decision: Decision, origin: Origin) -> str:
    return translated(ORIGIN_WORDS[Origin.MODERATOR if decision.own_initiative else origin])


def _way_on(decision: Decision, comment: Comment, article: ArticleRef) -> WayOn | None:
    edit = f"/c/{comment.id}/edit"
    is_in_force = comment.restriction_id == decision.id
    state, action = State(comment.state), Action(decision.action)
    if decision.undone_at is not None:
        return None
    if state is State.REMOVED and is_in_force and decision.resubmitted_at is None:
        said = _("You can change the text and submit it again, once. A moderator then reads it before others can.")
        return WayOn(_("Change it"), said, _("Edit and submit again"), edit)
    if state is State.SCREENED and is_in_force:
        said = _("You need not do anything. If you already see what to change, you can edit the text; the moderator reads the new one.")
        return WayOn(_("Wait, or change it"), said, _("Edit"), edit)
    if action is Action.HOLD and (state is State.HELD or decision.from_state == State.VISIBLE == state):
        return WayOn(_("Wait, or change it"), _("You need not do anything. You can go on changing the text meanwhile."), _("Edit"), edit)
    if action in (Action.REDACT, Action.NOTICE) and state is State.VISIBLE:
        said = _("You can edit the comment. Please leave out what this decision names.")
        return WayOn(_("Change it"), said, _("Edit"), edit)
    if action is Action.LOCK and comment.locked_at is not None:
        said = _("You can go on writing elsewhere in the discussion.")
        return WayOn(_("Write elsewhere"), said, article.title, f"{article.page}#discussion")
    return None
