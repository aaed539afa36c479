"""Steps that the pages and the JSON doors of this room share: what a door loads, what is prepared before its transaction, what is sent becomes a verdict.

The rule of the loaders: who may not know of a thing gets the same answer whether there is one or not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from msgspec import to_builtins
from sqlalchemy.orm import Session

from forum.access.permissions import Permission
from forum.access.viewer import Viewer
from forum.comments.actions import Text
from forum.comments.models import Comment
from forum.comments.queries import get_comment, lock_place
from forum.comments.states import State
from forum.db.transaction import reading
from forum.moderation.decisions import Order
from forum.moderation.masking import show_to
from forum.moderation.models import Decision, Report
from forum.moderation.reasons import DecisionReason
from forum.moderation.review import Action
from forum.moderation.sanctioning import SanctionOrder
from forum.moderation.schemas import Span
from forum.moderation.steps import load_receipt, or_site, render_again, take_out
from forum.redress.judging import Verdict, decide_on_decision
from forum.redress.matters import Matter, matter_of
from forum.redress.models import Appeal, Outcome
from forum.redress.present import is_masked, present_appeal, present_rows
from forum.redress.queries import Place, find_appeal_of_report, find_declined_report, list_decided, list_open
from forum.redress.restoring import find_original, text_after
from forum.redress.sanction_judging import decide_on_sanction
from forum.redress.schemas import AppealsOut, VerdictIn
from forum.refusals import Fault, Kind, Refusal, invalid, not_found
from forum.sanctions.models import Sanction
from forum.sentences import sentence
from forum.web.context import cursors
from forum.web.doors import AnyCall

OUTCOMES = {"uphold": Outcome.UPHELD, "overturn": Outcome.OVERTURNED, "change": Outcome.CHANGED}


@dataclass(frozen=True)
class Concern:
    """What a permission is asked about where a row alone does not tell: the site, the comment's writer, and all whom it concerns."""

    site_id: int
    row: Any
    author_id: int | None = None
    affected_ids: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Prepared:
    """What is rendered before the transaction of a verdict: the text that a redaction kept from readers, and a new redaction's."""

    original: Text | None = None
    redacted: Text | None = None


def load_decision(call: AnyCall) -> Any:
    """Load the decision of the address, for its comment's writer and for moderators."""
    return or_site(call, _find_decision(call), Permission.DECISION_READ, sentence("decision"))


def load_appealed_decision(call: AnyCall) -> Any:
    """Load the decision of the address, for whom it restricted and whose reports it declined."""
    return or_site(call, _find_decision(call, reporters=True), Permission.APPEAL_CREATE, sentence("decision"))


def load_sanction(call: AnyCall) -> Any:
    """Load the sanction of the address, for its subject and for moderators."""
    return or_site(call, call.session.get(Sanction, call.path["sanction_id"]), Permission.SANCTION_READ, sentence("sanction"))


def load_own_sanction(call: AnyCall) -> Any:
    """Load the sanction of the address, for its subject alone."""
    return or_site(call, call.session.get(Sanction, call.path["sanction_id"]), Permission.SANCTION_ACKNOWLEDGE, sentence("sanction"))


def load_appealed_sanction(call: AnyCall) -> Any:
    """Load the sanction of the address, for its subject."""
    sanction = call.session.get(Sanction, call.path["sanction_id"])
    return or_site(call, concern_of_sanction(sanction) if sanction is not None else None, Permission.APPEAL_CREATE, sentence("sanction"))


def load_appeal(call: AnyCall) -> Any:
    """Load the appeal of the address, for its appellant and for moderators."""
    return or_site(call, _find_appeal(call), Permission.APPEAL_READ, sentence("appeal"))


def load_own_appeal(call: AnyCall) -> Any:
    """Load the appeal of the address, for its appellant alone."""
    return or_site(call, _find_appeal(call), Permission.APPEAL_ANSWER, sentence("appeal"))


def load_own_report(call: AnyCall) -> Report:
    """Load the report of the address: a notice for whoever has its reference, a reader's report for that reader. Raises Refusal to anybody else."""
    report = load_receipt(call)
    require_own_report(call.viewer, report)
    return report


def require_own_report(viewer: Viewer, report: Report) -> None:
    """Raise Refusal unless ``viewer`` sent this report; of a notice without an account, whoever has its reference is taken for who did."""
    if report.reporter_id is None or report.reporter_id == viewer.account_id:
        return
    if not viewer.is_signed_in:
        raise Refusal(Kind.UNAUTHENTICATED, "Please sign in first.")
    raise Refusal(Kind.FORBIDDEN, "Only the person who sent this report can appeal what became of it.")


def load_report_appeal(call: AnyCall) -> Appeal:
    """Load the appeal that was filed about the report of the address. Raises Refusal ``not-found`` where none was."""
    report = load_own_report(call)
    appeal = find_appeal_of_report(call.session, report)
    if appeal is None or appeal.report_id != report.id:
        raise not_found(sentence("appeal"))
    return appeal


def matter(call: AnyCall, appeal: Appeal) -> Matter:
    """Return what an appeal is about."""
    return matter_of(call.session, appeal)


def prepare_verdict(call: AnyCall) -> Prepared:
    """Render what a verdict may put in place: the original of a redaction that falls, the text with new passages taken out."""
    return prepare(call.path["appeal_id"], OUTCOMES[call.body.outcome], call.body.action, call.body.spans)


def prepare(appeal_id: int, outcome: Outcome, action: str | None, spans: Sequence[Span]) -> Prepared:
    """Return the texts that a verdict on this appeal puts in place, rendered. Raises Refusal ``validation`` for spans that do not fit."""
    if outcome is Outcome.UPHELD:
        return Prepared()
    with reading() as session:
        appeal = session.get_one(Appeal, appeal_id)
        if appeal.decision_id is None:
            return Prepared()
        decision = session.get_one(Decision, appeal.decision_id)
        comment = session.get_one(Comment, decision.comment_id)
        kept = find_original(session, decision) if decision.action == Action.REDACT else None
        body = kept.body_md if kept is not None else None
        stands = text_after(session, comment, decision)
    return Prepared(
        render_again(body) if body is not None else None,
        take_out(stands, spans) if action == Action.REDACT and spans else None,
    )


def take_verdict(session: Session, viewer: Viewer, appeal_id: int, sent: VerdictIn, prepared: Prepared) -> Appeal:
    """Decide on an appeal as ``sent`` says; a refusal carries what stands and what was sent, as structures. Raises Refusal."""
    outcome = OUTCOMES[sent.outcome]
    verdict = Verdict(outcome, sent.reasons, sent.version, _order(sent, prepared), prepared.original)
    draft = to_builtins(sent)
    try:
        if session.get_one(Appeal, appeal_id).sanction_id is not None:
            return decide_on_sanction(session, viewer, appeal_id, verdict, instead=_instead(sent), draft=draft)
        return decide_on_decision(session, viewer, appeal_id, verdict, draft=draft)
    except Refusal as refusal:
        standing = refusal.members.get("decision")
        if isinstance(standing, Appeal):
            refusal.members["decision"] = to_builtins(present_appeal(session, viewer, standing, matter_of(session, standing)))
        raise


def read_appeals(call: AnyCall) -> AppealsOut:
    """Return the page of the moderators' list that the query asks for: the open ones, oldest first, then the decided. Raises Refusal ``bad-cursor``."""
    site_id, limit = call.thing.id, call.query.limit
    purpose = f"appeals:{site_id}"
    key: list[Any] = cursors().read(purpose, call.query.cursor) if call.query.cursor else ["open", 0]
    found: list[Appeal] = []
    place = None
    if key[0] == "open":
        found = list(list_open(call.session, site_id, after_id=key[1], limit=limit + 1))
    else:
        place = Place(key[1], key[2])
    if len(found) <= limit:
        found += list_decided(call.session, site_id, after=place, limit=limit + 1 - len(found))
    shown = found[:limit]
    following = cursors().write(purpose, _key(shown[-1])) if len(found) > limit else None
    return AppealsOut(present_rows(call.session, call.viewer, shown), following)


def reveal_appeal(session: Session, viewer: Viewer, appeal_id: int) -> None:
    """Show a moderator the masked text that an appeal is about, for ten minutes; the log keeps who asked. One that is not masked needs no asking."""
    appeal = session.get_one(Appeal, appeal_id)
    about = matter_of(session, appeal)
    if about.comment is None or not is_masked(session, viewer, about):
        return
    place = lock_place(session, about.comment.id)
    if place.comment.state != State.ERASED:
        show_to(session, viewer, place.comment, because={"appeal": appeal_id})


def concern_of_decision(session: Session, decision: Decision, *, reporter_id: int | None = None) -> Concern:
    """Return whom a decision concerns: its comment's writer and, when asked about ``reporter_id``, that person if it declined a report of theirs."""
    writer_id = get_comment(session, decision.comment_id).author_id
    declined = find_declined_report(session, decision.id, reporter_id)
    affected = {writer_id} if declined is None or reporter_id is None else {writer_id, reporter_id}
    return Concern(decision.site_id, decision, writer_id, frozenset(affected))


def concern_of_sanction(sanction: Sanction) -> Concern:
    """Return whom a sanction concerns: its subject."""
    return Concern(sanction.site_id, sanction, affected_ids=frozenset({sanction.account_id}))


def concern_of_appeal(appeal: Appeal) -> Concern:
    """Return whom an appeal concerns: its appellant, who may have no account."""
    affected = frozenset() if appeal.appellant_id is None else frozenset({appeal.appellant_id})
    return Concern(appeal.site_id, appeal, affected_ids=affected)


def _find_decision(call: AnyCall, *, reporters: bool = False) -> Concern | None:
    decision = call.session.get(Decision, call.path["decision_id"])
    if decision is None:
        return None
    return concern_of_decision(call.session, decision, reporter_id=call.viewer.account_id if reporters else None)


def _find_appeal(call: AnyCall) -> Concern | None:
    appeal = call.session.get(Appeal, call.path["appeal_id"])
    return concern_of_appeal(appeal) if appeal is not None else None


def _order(sent: VerdictIn, prepared: Prepared) -> Order | None:
    if sent.action is None:
        return None
    if sent.reason is None:
        raise invalid(Fault("/reason", "required", "Choose the reason; the writer and the log will have it."))
    return Order(
        Action(sent.action),
        DecisionReason(sent.reason),
        sent.version,
        statement=sent.statement,
        redacted=prepared.redacted,
        notice=sent.notice,
    )


def _instead(sent: VerdictIn) -> SanctionOrder | None:
    if sent.kind is None:
        return None
    if sent.reason is None:
        raise invalid(Fault("/reason", "required", "Choose the reason; the person and the log will have it."))
    return SanctionOrder(sent.kind, DecisionReason(sent.reason), sent.statement, sent.days)


def _key(appeal: Appeal) -> list[Any]:
    return ["open", appeal.id] if appeal.decided_at is None else ["decided", appeal.decided_at, appeal.id]
