"""Empties the answers that are kept for an Idempotency-Key and show a comment, or what was said about it.

The rule: they are emptied and not deleted, so that a request that is sent once more does not post again what has just been destroyed.
"""

import re
from collections.abc import Collection, Iterator

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from forum.accounts.models import Account
from forum.clock import now
from forum.comments.models import Comment
from forum.moderation.models import Decision, ReviewItem
from forum.sanctions.models import Sanction
from forum.web.idempotency import KEPT
from forum.web.models import StoredAnswer

_AT_ONCE = 500


def forget_answers(session: Session, comment_ids: Collection[int]) -> None:
    """Empty what is kept of the answers that show these comments, their cases, decisions or sanctions, or notes about their writers; and delete the expired."""
    session.execute(delete(StoredAnswer).where(StoredAnswer.created_at < now() - KEPT))
    shows = _pattern(session, comment_ids)
    writers = select(Account.handle).join(Comment, Comment.author_id == Account.id).where(Comment.id.in_(comment_ids)).distinct()
    notes = {f"/api/v1/mod/accounts/{handle}/notes" for handle in session.scalars(writers)}
    found = [answer_id for answer_id, location, body in _kept(session) if location in notes or shows.search(body)]
    for start in range(0, len(found), _AT_ONCE):
        session.execute(update(StoredAnswer).where(StoredAnswer.id.in_(found[start : start + _AT_ONCE])).values(body=b""))


def forget_answers_to(session: Session, account_id: int) -> None:
    """Delete the answers that one account got, which can call no more."""
    session.execute(delete(StoredAnswer).where(StoredAnswer.caller == f"account:{account_id}"))


def _pattern(session: Session, comment_ids: Collection[int]) -> re.Pattern[bytes]:
    items = session.scalars(select(ReviewItem.id).where(ReviewItem.comment_id.in_(comment_ids))).all()
    decisions = session.scalars(select(Decision.id).where(Decision.comment_id.in_(comment_ids))).all()
    sanctions = session.scalars(select(Sanction.id).where(Sanction.decision_id.in_(decisions))).all()
    comments = _any_of(comment_ids)
    ways = [
        rf'"comment_id":{comments}\b',
        # How a comment, or the line that stands for one, begins.
        rf'"id":{comments},"(?:article_id|author)":',
        rf'"url":"/c/{comments}\b',
        *(
            rf'"{name}":{_any_of(ids)}\b'
            for name, ids in (("item_id", items), ("decision_id", decisions), ("sanction_id", sanctions))
            if ids
        ),
    ]
    return re.compile("|".join(ways).encode())


def _any_of(ids: Collection[int]) -> str:
    return f"(?:{'|'.join(map(str, ids))})"


def _kept(session: Session) -> Iterator[tuple[int, str | None, bytes]]:
    after = 0
    ordered = select(StoredAnswer.id, StoredAnswer.location, StoredAnswer.body).order_by(StoredAnswer.id).limit(_AT_ONCE)
    while batch := session.execute(ordered.where(StoredAnswer.id > after)).all():
        yield from ((answer_id, location, bytes(body)) for answer_id, location, body in batch)
        after = batch[-1][0]
