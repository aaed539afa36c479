"""What refers to comments and articles: restrictions, cases and news, the moderation log, and what remembers where imported things came from."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

from sqlalchemy import Table, delete, select, update
from sqlalchemy.orm import Session

from forum.accounts.models import Account
from forum.articles.models import Article, Site
from forum.comments.models import Comment
from forum.moderation import log
from forum.moderation.models import CommentRestriction, ReviewItem
from forum.moderation.moves import RESTRICTED
from forum.notifications.models import Notification
from forum.operating.changing import change
from forum.operating.checks import Fault, one_moment, windows
from forum.transfer.models import ExternalRef, RefKind

_HIDDEN = tuple(state.value for state in RESTRICTED)
_LED_TO: dict[RefKind, Any] = {RefKind.ARTICLE: Article.id, RefKind.ACCOUNT: Account.id, RefKind.COMMENT: Comment.id}


def find_wrong_restrictions() -> Iterator[Fault]:
    """Yield the comments that are hidden without a decision, or by another one than they say."""
    for session, after, up_to in windows(Comment.id):
        columns = (Comment.id, Comment.state, Comment.restriction_id, CommentRestriction.decision_id)
        joined = select(*columns).outerjoin(CommentRestriction, CommentRestriction.comment_id == Comment.id)
        for row in session.execute(joined.where(Comment.id.between(after + 1, up_to), Comment.state.in_(_HIDDEN))):
            if row.decision_id is None:
                yield Fault(f"comment {row.id}", f"it is {row.state}, and no decision says why")
            elif row.restriction_id is not None and row.restriction_id != row.decision_id:
                said = f"it names decision {row.restriction_id}, and is {row.state} by decision {row.decision_id}"
                yield Fault(f"comment {row.id}", said)


def find_loose_restrictions() -> Iterator[Fault]:
    """Yield the restrictions of comments that are not restricted."""
    for session, after, up_to in windows(CommentRestriction.comment_id):
        held = select(Comment.id).where(Comment.id == CommentRestriction.comment_id, Comment.state.in_(_HIDDEN))
        here = select(CommentRestriction.comment_id).where(CommentRestriction.comment_id.between(after + 1, up_to), ~held.exists())
        for comment_id in session.scalars(here):
            yield Fault(f"comment {comment_id}", "it is said to be restricted, and is not", 0, comment_id)


def mend_restrictions(faults: Sequence[Fault]) -> None:
    """Forget these restrictions: the comments' own states are what holds."""

    def write(session: Session) -> None:
        held = select(Comment.id).where(Comment.id == CommentRestriction.comment_id, Comment.state.in_(_HIDDEN))
        for fault in faults:
            session.execute(delete(CommentRestriction).where(CommentRestriction.comment_id == fault.row_id, ~held.exists()))

    change(write)


def find_wrong_articles() -> Iterator[Fault]:
    """Yield the cases and news that name another article than their comment is below."""
    for model, what in ((ReviewItem, "case"), (Notification, "notification")):
        for session, after, up_to in windows(model.id):
            joined = select(model.id, model.article_id, Comment.article_id.label("its")).join(Comment, Comment.id == model.comment_id)
            for row in session.execute(joined.where(model.id.between(after + 1, up_to), Comment.article_id != model.article_id)):
                yield Fault(f"{what} {row.id}", f"it names article {row.article_id}, and its comment is below article {row.its}", 0, row.id)


def mend_articles(faults: Sequence[Fault]) -> None:
    """Let these cases and news name the article that their comment is below."""

    def write(session: Session) -> None:
        for fault in faults:
            table = cast(Table, (ReviewItem if fault.what.startswith("case") else Notification).__table__)
            its = select(Comment.article_id).where(Comment.id == table.c.comment_id).scalar_subquery()
            session.connection().execute(update(table).where(table.c.id == fault.row_id).values(article_id=its))

    change(write)


def find_log_faults() -> Iterator[Fault]:
    """Yield what was changed in a site's moderation log behind its back."""
    with one_moment() as session:
        for site_id in session.scalars(select(Site.id).order_by(Site.id)).all():
            for fault in log.verify(session, site_id).faults:
                yield Fault(f"moderation log of site {site_id}", fault.detail.rstrip("."))


def find_loose_refs() -> Iterator[Fault]:
    """Yield what remembers an import of something that is not here."""
    for session, after, up_to in windows(ExternalRef.id):
        for kind, key in _LED_TO.items():
            here = (ExternalRef.id.between(after + 1, up_to), ExternalRef.kind == kind.value)
            loose = select(ExternalRef).where(*here, ~select(key).where(key == ExternalRef.local_id).exists())
            for ref in session.scalars(loose.order_by(ExternalRef.id)):
                said = f"{ref.source} {kind} '{ref.external_id}' became {kind} {ref.local_id}, which is not there"
                yield Fault(f"import {ref.id}", said, 0, ref.id)


def mend_refs(faults: Sequence[Fault]) -> None:
    """Forget these imports: what they brought is not here, and would be brought again."""

    def write(session: Session) -> None:
        session.execute(delete(ExternalRef).where(ExternalRef.id.in_([fault.row_id for fault in faults])))

    change(write)
