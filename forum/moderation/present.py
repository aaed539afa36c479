"""Moderation's rows as structures: for moderators with everything they need, for writers and reporters with what is theirs. A bounded number of reads a page."""

from collections.abc import Collection, Sequence

import msgspec
from sqlalchemy.orm import Session

from forum.access.viewer import Viewer
from forum.accounts.models import Account
from forum.articles.models import Article
from forum.articles.present import present_person
from forum.articles.queries import get_article
from forum.comments.models import Comment
from forum.comments.present import is_text_public, present_comment, present_stub
from forum.comments.queries import Row, list_ancestors, read_branch
from forum.moderation import queries
from forum.moderation.batches import BATCH_UNDO
from forum.moderation.decisions import allowed_actions
from forum.moderation.items import is_claimed_by_other
from forum.moderation.masking import masked_among
from forum.moderation.models import Batch, Decision, ModeratorNote, Report, ReviewItem, StoredFinding
from forum.moderation.reasons import accuracy
from forum.moderation.recusal import find_recusals
from forum.moderation.review import ReportState
from forum.moderation.sanction_present import present_sanctions
from forum.moderation.sanction_queries import count_strikes
from forum.moderation.schemas import (
    ArticleRef,
    BatchItemOut,
    BatchOut,
    CaseOut,
    DecisionOut,
    FindingOut,
    HistoryOut,
    ItemRow,
    NoteOut,
    ReceiptOut,
    ReportOut,
    Span,
    WaitingOut,
)
from forum.moderation.stating import APPEAL_WINDOW
from forum.refusals import not_found
from forum.sanctions.kinds import suggest
from forum.sanctions.queries import list_in_force
from forum.sentences import Sentence, sentence
from forum.text.excerpt import excerpt

REPLIES_SHOWN = 10
OUTCOMES: dict[ReportState, Sentence] = {
    ReportState.OPEN: sentence("A moderator has not decided yet."),
    ReportState.UPHELD: sentence("A moderator agreed with your report and acted on it."),
    ReportState.DECLINED: sentence("A moderator looked at the comment and left it: it is within the rules."),
    ReportState.MOOT: sentence("The comment was withdrawn before a moderator decided."),
}


def present_items(session: Session, viewer: Viewer, items: Sequence[ReviewItem]) -> list[ItemRow]:
    """Return rows of the queue as ``viewer`` may read them; six reads whatever their number."""
    ids = [item.id for item in items]
    comments = queries.comments_by_id(session, {item.comment_id for item in items})
    articles = queries.articles_by_id(session, {item.article_id for item in items})
    reasons, reports = queries.reasons_of(session, ids), queries.count_reports(session, ids)
    claimers = queries.handles_of(session, [item.claimed_by for item in items])
    masked = masked_among(session, viewer, (comment for comment, _ in comments.values()))
    return [
        ItemRow(
            id=item.id,
            version=item.version,
            state=item.state,
            origin=item.origin,
            lane=item.lane,
            overdue=item.aged,
            priority=item.priority,
            reasons=reasons.get(item.id, []),
            report_count=reports.get(item.id, 0),
            opened_at=item.opened_at,
            due_at=item.due_at,
            closed_at=item.closed_at,
            claimed_by=claimers.get(item.claimed_by),
            claimed_until=item.claimed_until,
            waiting_edit=item.revision_id is not None,
            masked=item.comment_id in masked,
            comment=present_stub(comments[item.comment_id], articles[item.article_id].author_ids, reveal=item.comment_id not in masked),
            article=_article(articles[item.article_id]),
        )
        for item in items
    ]


def present_item(session: Session, viewer: Viewer, item: ReviewItem) -> CaseOut:
    """Return one item with its surroundings, and what ``viewer`` can decide now."""
    row = queries.comments_by_id(session, [item.comment_id])[item.comment_id]
    article = get_article(session, item.article_id)
    comment, account = row
    branch = read_branch(session, comment, after_id=0, limit=REPLIES_SHOWN)
    above = list_ancestors(session, [comment]).get(comment.id, [])
    recusals = find_recusals(session, viewer, article, comment)
    masked = masked_among(session, viewer, (comment, *(each for each, _ in (*above, *branch.rows))))
    is_masked = comment.id in masked
    free = not recusals and not is_claimed_by_other(viewer, item)
    return CaseOut(
        item=present_items(session, viewer, [item])[0],
        comment=present_comment(row, article.author_ids, reveal=not is_masked),
        waiting=_waiting(session, comment, is_masked=is_masked),
        ancestors=[present_comment(each, article.author_ids, reveal=each[0].id not in masked) for each in above],
        replies=[present_comment(each, article.author_ids, reveal=each[0].id not in masked) for each in branch.rows],
        findings=[_finding(finding, number, is_masked=is_masked) for finding, number in queries.list_findings(session, comment.id)],
        reports=_reports(session, item),
        decisions=present_decisions(session, queries.list_decisions(session, comment.id)),
        history=present_history(session, account, item.site_id),
        can=[action.value for action in allowed_actions(item, comment)] if free else [],
        recused=[str(why) for why in recusals],
    )


def present_decisions(session: Session, decisions: Sequence[Decision], *, for_moderators: bool = True) -> list[DecisionOut]:
    """Return decisions; who decided and the private note for moderators only."""
    handles = queries.handles_of(session, [decision.moderator_id for decision in decisions]) if for_moderators else {}
    return [
        DecisionOut(
            id=decision.id,
            item_id=decision.item_id,
            comment_id=decision.comment_id,
            action=decision.action,
            reason=decision.reason,
            statement=decision.statement,
            by=handles.get(decision.moderator_id),
            rule=decision.rule,
            automated=decision.moderator_id is None,
            own_initiative=decision.own_initiative,
            from_state=decision.from_state,
            to_state=decision.to_state,
            batch_id=decision.batch_id if for_moderators else None,
            undone_at=decision.undone_at,
            created_at=decision.created_at,
            note=decision.note if for_moderators else None,
        )
        for decision in decisions
    ]


def present_history(session: Session, account: Account, site_id: int) -> HistoryOut:
    """Return what moderators should know of a writer."""
    upheld, declined = queries.reporters_outcomes(session, [account.id])[account.id]
    strikes = count_strikes(session, account.id, site_id)
    return HistoryOut(
        person=present_person(account),
        since=account.created_at,
        states=queries.count_states(session, account.id, site_id),
        removed_90_days=queries.count_recent_removals(session, account.id, site_id),
        reports_upheld=upheld,
        reports_declined=declined,
        decisions=present_decisions(session, queries.decisions_on_writer(session, account.id, site_id)),
        notes=present_notes(session, queries.list_notes(session, account.id, site_id)),
        sanctions=present_sanctions(session, list_in_force(session, account.id, site_id)),
        strikes=strikes,
        suggestion=suggest(strikes),
    )


def present_notes(session: Session, notes: Sequence[ModeratorNote]) -> list[NoteOut]:
    """Return private notes with their authors' handles."""
    handles = queries.handles_of(session, [note.author_id for note in notes])
    return [NoteOut(note.id, handles.get(note.author_id, ""), note.body, note.item_id, note.created_at) for note in notes]


def present_receipt(report: Report) -> ReceiptOut:
    """Return a report as its sender sees it."""
    return ReceiptOut(
        reference=report.reference,
        reason=report.reason,
        state=report.state,
        comment_id=report.comment_id,
        url=f"/reports/{report.reference}",
        created_at=report.created_at,
        closed_at=report.closed_at,
        outcome=str(OUTCOMES[ReportState(report.state)]),
        appeal_until=report.closed_at + APPEAL_WINDOW if report.closed_at and report.state == ReportState.DECLINED else None,
    )


def present_batch(session: Session, viewer: Viewer, batch: Batch, left_out: Sequence[BatchItemOut] = ()) -> BatchOut:
    """Return a batch with what it decided, and what it had to leave out; masked texts without their beginnings."""
    decisions = queries.decisions_of_batch(session, batch)
    rows = queries.comments_by_id(session, {decision.comment_id for decision in decisions})
    masked = masked_among(session, viewer, (comment for comment, _ in rows.values()))
    done = [
        BatchItemOut(decision.item_id, decision.comment_id, True, None, None, _excerpt(rows[decision.comment_id], masked))
        for decision in decisions
    ]
    return BatchOut(batch.id, batch.action, [*done, *left_out], batch.created_at + BATCH_UNDO, batch.undone_at)


def present_outcome(
    session: Session, viewer: Viewer, item_id: int, *, problem: str | None = None, detail: str | None = None
) -> BatchItemOut:
    """Return what a batch would do to one item, or why it leaves it out."""
    item = session.get(ReviewItem, item_id)
    if item is None:
        return BatchItemOut(item_id, None, False, problem, detail and str(detail), None)
    row = queries.comments_by_id(session, [item.comment_id])[item.comment_id]
    masked = masked_among(session, viewer, row[:1])
    return BatchItemOut(item_id, item.comment_id, problem is None, problem, detail and str(detail), _excerpt(row, masked))


def get_by_reference(session: Session, reference: str) -> Report:
    """Return the report with this reference. Raises Refusal ``not-found``."""
    report = queries.find_report(session, reference)
    if report is None:
        raise not_found(sentence("report"))
    return report


def _excerpt(row: Row, masked: Collection[int]) -> str | None:
    return None if row[0].id in masked and not is_text_public(row[0]) else excerpt(row[0].body_html or "")


def _article(article: Article) -> ArticleRef:
    return ArticleRef(article.id, article.title, f"/a/{article.slug}")


def _waiting(session: Session, comment: Comment, *, is_masked: bool) -> WaitingOut | None:
    revision = queries.waiting_revision(session, comment.id)
    if revision is None:
        return None
    body_md, body_html = (None, None) if is_masked else (revision.body_md, revision.body_html or "")
    return WaitingOut(revision.number, body_md, body_html, revision.stance, revision.created_at)


def _finding(finding: StoredFinding, number: int, *, is_masked: bool) -> FindingOut:
    return FindingOut(
        phase=finding.phase,
        outcome=finding.outcome,
        code=finding.code,
        reason=finding.reason,
        detail=finding.detail,
        matches=[] if is_masked else msgspec.json.decode(finding.matches, type=list[str]),
        spans=[Span(start, end) for start, end in msgspec.json.decode(finding.spans, type=list[tuple[int, int]])],
        revision=number,
        created_at=finding.created_at,
    )


def _reports(session: Session, item: ReviewItem) -> list[ReportOut]:
    reports = queries.list_reports(session, item.id)
    handles = queries.handles_of(session, [report.reporter_id for report in reports])
    outcomes = queries.reporters_outcomes(session, [report.reporter_id for report in reports])
    numbers = queries.numbers_of_revisions(session, [report.revision_id for report in reports])
    return [
        ReportOut(
            id=report.id,
            reason=report.reason,
            note=report.note,
            weight=report.weight,
            state=report.state,
            reporter=handles.get(report.reporter_id),
            accuracy=round(accuracy(*outcomes[report.reporter_id]), 2) if report.reporter_id in outcomes else None,
            upheld=outcomes.get(report.reporter_id, (None, None))[0],
            declined=outcomes.get(report.reporter_id, (None, None))[1],
            notifier=f"{report.notifier_name} <{report.notifier_email}>" if report.notifier_email else None,
            revision=numbers.get(report.revision_id),
            created_at=report.created_at,
            closed_at=report.closed_at,
        )
        for report in reports
    ]
