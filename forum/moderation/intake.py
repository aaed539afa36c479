"""What becomes of a text that somebody wants to publish: screened before it is stored, and after that brought before moderators where a finding says so.

Called by the posting room, which conducts a comment's life; the caller has locked the comment's place.
"""

import msgspec
from sqlalchemy.orm import Session

from forum.clock import now
from forum.comments import actions
from forum.comments.counts import Place
from forum.comments.models import Revision
from forum.comments.states import RevisionState, State
from forum.moderation.actors import Actor
from forum.moderation.items import Cause, age_later, close_item, find_open_item, lock_item, open_item, weigh
from forum.moderation.models import Decision, ReviewItem, StoredFinding
from forum.moderation.moves import Deed, move_comment, restrict, write_down
from forum.moderation.queries import latest_decision, list_decisions
from forum.moderation.reasons import REASONS, DecisionReason, ReportReason
from forum.moderation.reconsidering import Asked, make_token, use_token
from forum.moderation.reporting import has_open_reports, reopen_reports, settle_reports
from forum.moderation.review import Action, ItemState, Origin, ReportState
from forum.moderation.rulings import Ruling, record
from forum.moderation.screening.context import ScreeningContext
from forum.moderation.screening.findings import Finding, Outcome, Verdict
from forum.moderation.screening.pipeline import Glance, screen, screen_further
from forum.refusals import Fault, Kind, Refusal, invalid
from forum.sentences import sentence

# How urgent a finding is that no report's reason places: by phase, P2 when not named.
PHASE_LANES = {"words": 1, "history": 1, "links": 2, "duplicate": 2, "newcomer": 2}
NOTHING = Verdict()
WITHDRAWN = "withdrawn"
ERASED = "erased"
RESUBMITTED = "resubmitted"
BROUGHT_BACK_STATEMENT = sentence(
    "Your comment was hidden or removed before you brought it back, so a moderator reads it before others can."
)
SETTLED_STATEMENT = sentence("Nothing was left to decide: the comment was withdrawn, or its waiting change was replaced by another.")


def judge(session: Session, context: ScreeningContext, asked: Asked | None = None, *, seen: Glance | None = None) -> Verdict:
    """Return the verdict of all phases. Raises Refusal ``validation``, or ``rate-limited`` where waiting helps, when it is ``reject``.

    When it is ``nudge``, the writer is asked to reconsider (Refusal ``please-reconsider``), unless the text came with the token of such an answer; without
    ``asked`` there is nobody to ask. ``seen``: what was found in the text before the transaction began.
    """
    verdict = screen(context) if seen is None else screen_further(context, seen)
    deciding = verdict.deciding
    if verdict.outcome is Outcome.REJECT and deciding is not None:
        if deciding.retry_after is not None:
            raise Refusal(Kind.RATE_LIMITED, deciding.detail, retry_after=deciding.retry_after)
        raise invalid(Fault("/body_md", deciding.code, deciding.detail))
    if verdict.outcome is Outcome.NUDGE and asked is not None and not use_token(session, asked, context.text):
        raise _please_reconsider(verdict, make_token(asked, context.text))
    return verdict


def holds(verdict: Verdict) -> bool:
    """Whether a person must read the text before others can. A text whose writer has reconsidered is published, and read by a moderator afterwards."""
    return verdict.outcome is Outcome.HOLD


def take_in(session: Session, place: Place, revision: Revision, verdict: Verdict, *, origin: Origin = Origin.SCREENING) -> None:
    """Keep the findings with the revision and open an item where there are any; a held text also has a decision that names the rule."""
    for finding in verdict.findings:
        session.add(
            StoredFinding(
                comment_id=place.comment.id,
                revision_id=revision.id,
                phase=finding.phase,
                outcome=finding.outcome.value,
                code=finding.code,
                reason=finding.reason,
                detail=str(finding.detail),
                matches=msgspec.json.encode(finding.matches).decode(),
                spans=msgspec.json.encode(finding.spans).decode(),
                created_at=now(),
            )
        )
    session.flush()
    deciding = verdict.deciding
    if deciding is None:
        return
    if any(finding.reason == DecisionReason.CONFIDENTIALITY for finding in verdict.findings):
        place.comment.confidential = True
    waits = revision.state == RevisionState.HELD
    lane = min(_lane(finding) for finding in verdict.findings)
    item = open_item(session, place, Cause(origin, deciding.phase, lane, revision=revision if waits else None))
    if holds(verdict):
        statement = sentence("Your comment waits for a person to read it before others can: %(why)s", why=deciding.detail)
        _hold(session, place, item, Ruling(Action.HOLD, statement, _reason(deciding.reason), rule=deciding.phase))


def after_edit(session: Session, place: Place, verdict: Verdict, revision: Revision) -> None:
    """Bring an accepted edit before moderators where screening found something or a case is open: whoever had it open must look again."""
    take_in(session, place, revision, verdict, origin=Origin.EDIT)
    item = find_open_item(session, place.comment.id)
    if item is None:
        return
    if not verdict.findings:
        item.version += 1
    if item.revision_id is not None and revision.state != RevisionState.HELD:
        item.revision_id = None
        # A case that readers have joined stays: nobody gets rid of reports by editing.
        if item.origin == Origin.EDIT and not verdict.findings and not has_open_reports(session, item):
            _settle(session, place, item, "replaced")


def settle_withdrawn(session: Session, place: Place) -> None:
    """Close what is open about a comment that its writer has withdrawn: nobody has to decide any more."""
    actions.replace_waiting(session, place.comment.id)
    item = find_open_item(session, place.comment.id)
    if item is not None:
        _settle(session, place, item, WITHDRAWN)


def settle_erased(session: Session, place: Place) -> None:
    """Close what is open about a comment that is about to be erased: nothing will be left to decide on."""
    actions.replace_waiting(session, place.comment.id)
    item = find_open_item(session, place.comment.id)
    if item is not None:
        _settle(session, place, item, ERASED)


def reopen_withdrawn(session: Session, place: Place) -> bool:
    """Open the case again that a withdrawal had settled, with its reports, and return whether there was one: withdrawing is no way around the moderators."""
    decisions = list_decisions(session, place.comment.id)
    settled = next((each for each in reversed(decisions) if (each.action, each.rule) == (Action.SETTLE.value, WITHDRAWN)), None)
    # What came after it is a decision on the comment; only what an appeal took back of another case is none on this one.
    if settled is None or any(each.id > settled.id and (each.appeal_id is None or each.item_id == settled.item_id) for each in decisions):
        return False
    item = find_open_item(session, place.comment.id)
    if item is not None:
        # A moderator has opened a case about what was withdrawn: the reports join that one.
        for reason in reopen_reports(session, settled, at=item):
            open_item(session, place, Cause(Origin.REPORT, reason.value, REASONS[reason].lane, REASONS[reason].time))
    else:
        item = lock_item(session, settled.item_id)
        settled.undone_at = now()
        reopen_reports(session, settled, at=item)
        item.state, item.closed_at = ItemState.OPEN.value, None
        item.version += 1
        session.flush()
        age_later(session, item)
        weigh(session, item)
    _hold_brought_back(session, place, item)
    return True


def reopen(session: Session, place: Place, *, origin: Origin) -> None:
    """Open an item for a held comment whose writer brought it back or submitted it again."""
    _hold_brought_back(session, place, open_item(session, place, Cause(origin, origin.value, 2)))


def resubmit(session: Session, place: Place, actor: Actor) -> None:
    """Let a removed comment wait for a moderator again, once per decision. Raises Refusal ``illegal-transition`` when that was used already."""
    comment = place.comment
    decision = session.get(Decision, comment.restriction_id) if comment.restriction_id else None
    if decision is None or decision.resubmitted_at is not None:
        raise Refusal(
            Kind.ILLEGAL_TRANSITION,
            "A removed comment can be edited and submitted again once for each decision, and this was done.",
            allowed=("withdraw",),
        )
    decision.resubmitted_at = now()
    move_comment(session, place, "resubmit", Deed(actor))


def _hold_brought_back(session: Session, place: Place, item: ReviewItem) -> None:
    # Screening may have held the new text already, and said why; what an older decision said is not why it is held now.
    newest = latest_decision(session, item.id)
    if place.comment.state == State.HELD and (
        newest is None or newest.action != Action.HOLD or newest.comment_version != place.comment.version
    ):
        _hold(session, place, item, Ruling(Action.HOLD, BROUGHT_BACK_STATEMENT, rule=RESUBMITTED))


def _hold(session: Session, place: Place, item: ReviewItem, ruling: Ruling) -> None:
    decision = _by_rule(session, place, item, ruling)
    if place.comment.state == State.HELD:
        restrict(session, place, decision)


def _settle(session: Session, place: Place, item: ReviewItem, name: str) -> None:
    decision = _by_rule(session, place, item, Ruling(Action.SETTLE, SETTLED_STATEMENT, rule=name, closes=True))
    settle_reports(session, item, decision, ReportState.MOOT)
    close_item(item)


def _by_rule(session: Session, place: Place, item: ReviewItem, ruling: Ruling) -> Decision:
    decision = record(session, place, item, ruling)
    write_down(session, place, ruling.action.value, Deed(ruling.actor, decision, is_public=False), before=place.comment.state)
    return decision


def _lane(finding: Finding) -> int:
    # What plainly identifies a patient is as urgent as a report that says so.
    if finding.outcome is Outcome.HOLD and finding.reason == ReportReason.CONFIDENTIALITY:
        return REASONS[ReportReason.CONFIDENTIALITY].lane
    return PHASE_LANES.get(finding.phase, 2)


def _please_reconsider(verdict: Verdict, token: str) -> Refusal:
    asking = [finding for finding in verdict.findings if finding.outcome is Outcome.NUDGE]
    findings = [
        {
            "phase": finding.phase,
            "code": finding.code,
            "detail": str(finding.detail),
            "spans": [{"start": start, "end": end} for start, end in finding.spans],
        }
        for finding in asking
    ]
    return Refusal(
        Kind.PLEASE_RECONSIDER,
        sentence("Please read your text once more before it is posted. %(why)s", why=asking[0].detail),
        members={"findings": findings, "token": token},
    )


def _reason(code: str) -> DecisionReason:
    return DecisionReason(code) if code in set(DecisionReason) else DecisionReason.OTHER
