"""The decision on an appeal: it stands, falls, or is replaced. Comment, counts, reports, case, appeal and log follow in the same transaction, or nothing does.

The rule: never automatically, and never by who decided first, unless there is nobody else (``deciders``). Locks: place, item, appeal, the log's head.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from forum.access.viewer import Viewer
from forum.clock import now
from forum.comments.actions import Text
from forum.comments.counts import Place
from forum.comments.queries import lock_place
from forum.moderation import log
from forum.moderation.actors import moderator
from forum.moderation.decisions import STATEMENT_MIN, Order, actions_on, carry_out, check_words
from forum.moderation.items import Cause, find_open_item, lock_item, open_item
from forum.moderation.models import Decision, Report, ReviewItem
from forum.moderation.review import ACTIONS, Origin, ReportState
from forum.redress.deciders import look
from forum.redress.filing import named, recused
from forum.redress.matters import Matter, matter_of
from forum.redress.models import Appeal, Outcome
from forum.redress.queries import lock_appeal
from forum.redress.restoring import Reversal, take_back
from forum.refusals import Fault, Kind, Refusal, invalid
from forum.sentences import sentence

RESTRICTING = tuple(action for action, known in ACTIONS.items() if known.restricts)
EVENTS = {Outcome.UPHELD: "appeal_uphold", Outcome.OVERTURNED: "appeal_overturn", Outcome.CHANGED: "appeal_change"}


@dataclass(frozen=True)
class Verdict:
    """What is decided on an appeal at ``version``; ``reasons`` is what the appellant reads.

    ``order``: the new decision, where one replaces the first or restricts what the first had left. ``original``: a redaction's text, rendered beforehand.
    """

    outcome: Outcome
    reasons: str
    version: int
    order: Order | None = None
    original: Text | None = None


def version_of(appeal: Appeal, matter: Matter) -> int:
    """Return what rises with everything that a decider should have seen: what was said about the appeal, and the comment's text and state."""
    return appeal.version + (matter.comment.version if matter.comment is not None else 0)


def decide_on_decision(
    session: Session, viewer: Viewer, appeal_id: int, verdict: Verdict, *, draft: Mapping[str, Any] | None = None
) -> Appeal:
    """Decide on an appeal against a decision and return it.

    Raises Refusal: ``recused``, ``stale-version`` (with the draft), ``conflict`` (nothing can be decided so any more), ``illegal-transition`` (the new decision
    does not fit the comment as it is), ``validation``.
    """
    appeal = session.get_one(Appeal, appeal_id)
    first = session.get_one(Decision, appeal.decision_id)
    place = lock_place(session, first.comment_id)
    item = lock_item(session, first.item_id)
    appeal = lock_appeal(session, appeal_id)
    session.refresh(first)
    matter = matter_of(session, appeal)
    check(session, viewer, appeal, matter, verdict, draft=draft)
    case = _Case(session, viewer, place, item, appeal, first)
    if verdict.outcome is Outcome.UPHELD:
        if first.undone_at is not None:
            raise Refusal(Kind.CONFLICT, "This decision was taken back meanwhile, so it cannot be upheld.", members={"draft": draft})
    elif matter.is_lifting:
        case.lift(verdict)
    else:
        case.restrict(verdict)
    settle(session, viewer, appeal, matter, verdict)
    return appeal


def check(
    session: Session, viewer: Viewer, appeal: Appeal, matter: Matter, verdict: Verdict, *, draft: Mapping[str, Any] | None = None
) -> None:
    """Raise the Refusal that a verdict on this appeal, locked by the caller, would meet whatever it does; note when the same person decides."""
    standing = look(session, viewer, matter, appeal)
    if standing.why is not None:
        raise recused(standing.why, draft=draft)
    if verdict.version != version_of(appeal, matter):
        raise Refusal(
            Kind.STALE_VERSION,
            sentence("This appeal, or what it is about, has changed since you loaded it. Look at it again; your draft is kept."),
            members={"decision": appeal if appeal.decided_at is not None else None, "draft": draft},
        )
    if appeal.decided_at is not None:
        raise Refusal(Kind.CONFLICT, "This appeal has been decided already.", members={"decision": appeal, "draft": draft})
    faults = []
    if len(verdict.reasons.strip()) < STATEMENT_MIN:
        least = sentence("The appellant reads this: say in at least %(least)s characters what you decided and why.", least=STATEMENT_MIN)
        faults.append(Fault("/reasons", "too-short", least))
    if verdict.outcome is Outcome.CHANGED and not matter.is_lifting:
        faults.append(Fault("/outcome", "not-here", "What was left as it is cannot be changed: overturn it, and say what happens instead."))
    if faults:
        raise invalid(*faults)
    appeal.alone_from, appeal.same_person = standing.alone_from or appeal.alone_from, standing.alone_from is not None


def settle(session: Session, viewer: Viewer, appeal: Appeal, matter: Matter, verdict: Verdict) -> None:
    """Write down what an appeal came to, in its row and in the log."""
    appeal.outcome, appeal.reasons = verdict.outcome.value, verdict.reasons.strip()
    appeal.decided_by, appeal.decided_at = viewer.account_id, now()
    appeal.version += 1
    session.flush()
    more = {name: value for name, value in (("replacement", appeal.replacement_id), ("same_person", int(appeal.same_person))) if value}
    log.append(
        session,
        site_id=appeal.site_id,
        event=EVENTS[verdict.outcome],
        actor=moderator(viewer),
        is_public=True,
        comment=matter.comment if matter.decision is not None else None,
        decision_id=appeal.decision_id,
        reason=matter.decision.reason if matter.decision is not None else None,
        detail={**named(appeal), **more},
    )


@dataclass(frozen=True)
class _Case:
    """An appeal against a decision with all that is locked for it."""

    session: Session
    viewer: Viewer
    place: Place
    item: ReviewItem
    appeal: Appeal
    first: Decision

    def lift(self, verdict: Verdict) -> None:
        """Take the first decision back and, where it is replaced, carry out the new one."""
        if verdict.outcome is Outcome.CHANGED and verdict.order is None:
            raise invalid(Fault("/action", "required", "Choose what is to happen to the comment instead."))
        # A batch may have been undone since the appeal was filed: then there is nothing to take back.
        if self.first.undone_at is None:
            reversal = Reversal(self.viewer.account_id, self.appeal.id, verdict.original)
            take_back(self.session, self.place, self.item, self.first, reversal)
        if verdict.outcome is Outcome.CHANGED and verdict.order is not None:
            self.appeal.replacement_id = self._carry_out(verdict.order).id

    def restrict(self, verdict: Verdict) -> None:
        """Restrict what the first decision had left, as the reporter asked; all reports that it declined become upheld."""
        if verdict.order is None:
            raise invalid(Fault("/action", "required", "Choose what is to happen to the comment instead."))
        decision = self._carry_out(verdict.order)
        self.first.undone_at = now()
        opened = find_open_item(self.session, self.place.comment.id)
        if opened is not None and opened.id not in (self.item.id, decision.item_id):
            # Whoever has another case about it open must look again.
            opened.version += 1
        declined = update(Report).where(Report.decision_id == self.first.id, Report.state == ReportState.DECLINED.value)
        self.session.execute(declined.values(state=ReportState.UPHELD.value, decision_id=decision.id, closed_at=now()))
        self.appeal.replacement_id = decision.id

    def _carry_out(self, order: Order) -> Decision:
        allowed = tuple(action for action in actions_on(self.place.comment, waits=False) if action in RESTRICTING)
        if order.action not in allowed:
            raise Refusal(
                Kind.ILLEGAL_TRANSITION,
                sentence(
                    "This cannot be decided on the comment as it is now. Possible: %(allowed)s.",
                    allowed=tuple(ACTIONS[action].label for action in allowed) or sentence("nothing; you can uphold the first decision"),
                ),
                allowed=tuple(action.value for action in allowed),
            )
        statement = check_words(order)
        order = replace(order, appeal_id=self.appeal.id)
        return carry_out(self.session, self.viewer, place=self.place, item=self._item_for(order), order=order, statement=statement)

    def _item_for(self, order: Order) -> ReviewItem:
        if ACTIONS[order.action].closes:
            return self.item
        # What is hidden for now needs a case in which somebody decides in the end, on the same grounds.
        cause = Cause(Origin(self.item.origin), self.item.reason, self.item.base_lane, opened_by=self.viewer.account_id)
        return find_open_item(self.session, self.place.comment.id) or open_item(self.session, self.place, cause)
