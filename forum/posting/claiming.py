"""What a guest wrote becomes a member's, once the member's address is confirmed to be the guest's: the comments, and what was decided about them.

The rule: nobody's tag counts on a comment of their own, so the member's tags on those comments go, under the locks of their articles. A job's handler.
"""

from collections.abc import Mapping
from typing import Any

import structlog
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from forum.accounts.models import Account
from forum.articles.queries import lock_article
from forum.comments.counts import counted
from forum.comments.models import Comment
from forum.comments.queries import lock_place
from forum.jobs.actions import enqueue
from forum.moderation.models import ModeratorNote, ReviewItem, StatementOfReasons
from forum.posting.people import refresh_pages_of
from forum.sanctions.models import Sanction
from forum.stances.models import Tag
from forum.stances.tally import count_tags, write_tally

CLAIM_GUEST = "claim-guest"
log = structlog.get_logger(__name__)


def claim_later(session: Session, account: Account) -> None:
    """Let the account have what was written as a guest with its address, which was just confirmed; nothing when there was none."""
    guest_id = session.scalar(select(Account.id).where(Account.guest_email == account.email)) if account.email else None
    if guest_id is not None:
        # Articles are locked before people, never after: not in the transaction that signs somebody in.
        enqueue(session, CLAIM_GUEST, {"account_id": account.id, "guest_id": guest_id})


def claim(session: Session, payload: Mapping[str, Any]) -> None:
    """Make the guest's comments the account's and delete the guest; a job's handler."""
    account, guest = session.get(Account, payload["account_id"]), session.get(Account, payload["guest_id"])
    if account is None or guest is None or not guest.is_guest or account.left_at is not None:
        return
    if account.email != guest.guest_email or account.email_confirmed_at is None:
        return
    written = session.execute(select(Comment.article_id, Comment.id).where(Comment.author_id == guest.id)).all()
    places = sorted((article_id, comment_id) for article_id, comment_id in written)
    for article_id in dict.fromkeys(article_id for article_id, _ in places):
        lock_article(session, article_id)
    for _, comment_id in places:
        place = lock_place(session, comment_id)
        with counted(session, place):
            place.comment.author_id = account.id
            session.execute(delete(Tag).where(Tag.comment_id == comment_id, Tag.account_id == account.id))
            write_tally(session, place.comment, count_tags(session, comment_id))
    session.flush()
    for table, column in (
        (ReviewItem, ReviewItem.writer_id),
        (StatementOfReasons, StatementOfReasons.account_id),
        (Sanction, Sanction.account_id),
        (ModeratorNote, ModeratorNote.account_id),
    ):
        session.execute(update(table).where(column == guest.id).values({column: account.id}))
    session.delete(guest)
    session.flush()
    refresh_pages_of(session, account.id)
    log.info("guest claimed", account=account.id, comments=len(places))
