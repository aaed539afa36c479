"""Everything that is held about one account, as one document: what its owner may take away (Regulation (EU) 2016/679, Articles 15 and 20).

The rule: a column that names an account is either in ``OWN`` or in ``LEFT_OUT`` with the reason; a test compares both with the database. A fixed number of reads.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from forum.accounts.models import Account, ApiToken, Membership, SignIn
from forum.articles.models import ArticleAuthor
from forum.clock import now
from forum.comments.models import Comment, Revision
from forum.comments.states import RevisionState
from forum.db.base import Base
from forum.factors.models import Factor, RecoveryCode
from forum.mail.queries import mails_to
from forum.mailbox.models import MailLink
from forum.moderation.models import Decision, ModeratorNote, Report, StatementOfReasons
from forum.notifications.models import Follow, Notification, Subscriber
from forum.privacy.schemas import ExportOut
from forum.redress.models import Appeal
from forum.sanctions.models import Sanction
from forum.sso.models import Identity
from forum.stances.models import Tag, TagEvent
from forum.web.models import StoredAnswer

WITHHELD = "withheld: a moderator has taken a passage out of this text"
DESTROYED = "destroyed"

# What of each table its subject gets: never another person's part in it, and no secret.
COLUMNS: Mapping[type[Base], tuple[str, ...]] = {
    Account: (
        *("handle", "email", "email_confirmed_at", "display_name", "credential", "verified"),
        *("away_note", "away_until", "created_at", "leaving_at", "leaving_with"),
    ),
    Membership: ("site_id", "role"),
    SignIn: ("device", "created_at", "last_seen_at"),
    ApiToken: ("name", "hint", "scopes", "created_at", "last_used_at"),
    Factor: ("kind", "name", "created_at", "confirmed_at", "last_used_at"),
    RecoveryCode: ("created_at", "used_at"),
    Identity: ("issuer", "subject", "created_at", "last_used_at"),
    ArticleAuthor: ("article_id",),
    Comment: (
        *("id", "article_id", "parent_id", "state", "stance", "body_md", "body_html", "created_at", "published_at", "edited_at"),
        *("withdrawn_at", "notice", "featured", "confidential", "restriction_by", "restriction_reason"),
    ),
    Revision: ("comment_id", "number", "state", "stance", "body_md", "created_at"),
    Tag: ("comment_id", "stance", "counted", "created_at", "changed_at"),
    TagEvent: ("comment_id", "stance", "created_at"),
    Report: ("reference", "comment_id", "reason", "note", "state", "created_at", "closed_at"),
    Decision: ("id", "comment_id", "action", "reason", "statement", "notice", "rule", "from_state", "to_state", "undone_at", "created_at"),
    StatementOfReasons: (
        *("id", "decision_id", "sanction_id", "restriction", "source", "detected_automatically", "decided_automatically"),
        *("ground", "clause", "ends_at", "appeal_until", "created_at"),
    ),
    Sanction: ("id", "kind", "reason", "statement", "decision_id", "starts_at", "ends_at", "acknowledged_at", "lifted_at", "overturned"),
    Appeal: (
        *("id", "decision_id", "sanction_id", "part", "body", "question", "asked_at", "answer", "answered_at"),
        *("outcome", "reasons", "decided_at", "created_at"),
    ),
    ModeratorNote: ("body", "created_at"),
    MailLink: ("purpose", "email", "created_at", "expires_at", "used_at"),
    Subscriber: ("answers", "desk", "follows", "quiet_from", "quiet_to", "zone", "digest_hour", "created_at"),
    Follow: ("kind", "target_id", "created_at"),
    Notification: ("subject", "subject_id", "reason", "created_at", "read_at", "mailed_at"),
}
# The column by which each table says whose a row is; revisions and decisions are found by way of the comment.
OWN: Mapping[type[Base], InstrumentedAttribute[Any]] = {
    Membership: Membership.account_id,
    SignIn: SignIn.account_id,
    ApiToken: ApiToken.account_id,
    Factor: Factor.account_id,
    RecoveryCode: RecoveryCode.account_id,
    Identity: Identity.account_id,
    ArticleAuthor: ArticleAuthor.account_id,
    Comment: Comment.author_id,
    Tag: Tag.account_id,
    TagEvent: TagEvent.account_id,
    Report: Report.reporter_id,
    StatementOfReasons: StatementOfReasons.account_id,
    Sanction: Sanction.account_id,
    Appeal: Appeal.appellant_id,
    ModeratorNote: ModeratorNote.account_id,
    MailLink: MailLink.account_id,
    Subscriber: Subscriber.account_id,
}
_IN_OFFICE = "what somebody did as a moderator or admin belongs to the site and is about others; the moderation log has it"
LEFT_OUT: Mapping[str, str] = {
    "review_items.writer_id": "the case about a comment: what came of it is in its decisions",
    "review_items.opened_by": _IN_OFFICE,
    "review_items.claimed_by": _IN_OFFICE,
    "hand_overs.account_id": "a code that is over after two minutes",
    "batches.moderator_id": _IN_OFFICE,
    "decisions.moderator_id": _IN_OFFICE,
    "reveals.account_id": _IN_OFFICE,
    "moderator_notes.author_id": _IN_OFFICE,
    "rule_sets.changed_by": _IN_OFFICE,
    "sanctions.imposed_by": _IN_OFFICE,
    "sanctions.lifted_by": _IN_OFFICE,
    "appeals.first_decider_id": _IN_OFFICE,
    "appeals.asked_by": _IN_OFFICE,
    "appeals.decided_by": _IN_OFFICE,
    "attention_events.account_id": "what an author decided about comments comes from the desk (held_elsewhere)",
    "reply_templates.account_id": "templates of replies come from the desk (held_elsewhere)",
    "continuations.account_id": "what an author said of where a thread is answered comes from the room that keeps it (held_elsewhere)",
    "erasures.asked_by": _IN_OFFICE,
    "erasures.confirmed_by": _IN_OFFICE,
}

# Rooms beside this one that hold something about an account enter here what returns it, by the name of a field: (session, account id).
held_elsewhere: dict[str, Callable[[Session, int], list[dict[str, Any]]]] = {}


def export_account(session: Session, account: Account) -> ExportOut:
    """Return everything that is held about ``account``."""
    mine = {table: column == account.id for table, column in OWN.items()}
    own_comments = select(Comment.id).where(mine[Comment])
    subscribed = select(Subscriber.id).where(mine[Subscriber])
    answers = select(func.count()).where(StoredAnswer.caller == f"account:{account.id}")
    return ExportOut(
        exported_on=now().date(),
        account=_row(account, COLUMNS[Account]),
        roles=_rows(session, Membership, mine[Membership]),
        sign_ins=_rows(session, SignIn, mine[SignIn]),
        tokens=_rows(session, ApiToken, mine[ApiToken]),
        second_factors=_rows(session, Factor, mine[Factor]),
        recovery_codes=_rows(session, RecoveryCode, mine[RecoveryCode]),
        identities=_rows(session, Identity, mine[Identity]),
        author_of=_rows(session, ArticleAuthor, mine[ArticleAuthor]),
        comments=_rows(session, Comment, mine[Comment]),
        revisions=_rows(session, Revision, Revision.comment_id.in_(own_comments), _withhold),
        tags=_rows(session, Tag, mine[Tag]),
        tag_events=_rows(session, TagEvent, mine[TagEvent]),
        reports=_rows(session, Report, mine[Report]),
        decisions=_rows(session, Decision, Decision.comment_id.in_(own_comments)),
        statements_of_reasons=_rows(session, StatementOfReasons, mine[StatementOfReasons]),
        sanctions=_rows(session, Sanction, mine[Sanction]),
        appeals=_rows(session, Appeal, mine[Appeal]),
        notes=_rows(session, ModeratorNote, mine[ModeratorNote]),
        mail_links=_rows(session, MailLink, mine[MailLink]),
        mails=mails_to(session, account.email) if account.email else [],
        mail_settings=_rows(session, Subscriber, mine[Subscriber]),
        following=_rows(session, Follow, Follow.subscriber_id.in_(subscribed)),
        notifications=_rows(session, Notification, Notification.subscriber_id.in_(subscribed)),
        answers_kept=session.scalar(answers) or 0,
        elsewhere={name: found(session, account.id) for name, found in held_elsewhere.items()},
    )


Change = Callable[[dict[str, Any]], dict[str, Any]]


def _rows(session: Session, table: type[Base], mine: ColumnElement[bool], change: Change | None = None) -> list[dict[str, Any]]:
    names = COLUMNS[table]
    columns: Sequence[InstrumentedAttribute[Any]] = [getattr(table, name) for name in names]
    wanted: Select[Any] = select(*columns).where(mine).order_by(*table.__table__.primary_key.columns)  # type: ignore[attr-defined]
    found = [dict(zip(names, row, strict=True)) for row in session.execute(wanted)]
    return [change(row) for row in found] if change else found


def _row(row: Base, names: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _withhold(row: dict[str, Any]) -> dict[str, Any]:
    # It may identify a third person: what was taken out for that is not handed out again.
    if not row["body_md"]:
        return row | {"body_md": DESTROYED}
    return row | {"body_md": WITHHELD} if row["state"] == RevisionState.REDACTED else row


def to_file(document: ExportOut) -> bytes:
    """Return the document as it is downloaded: JSON with line breaks, in UTF-8."""
    return msgspec.json.format(msgspec.json.encode(document), indent=2)
