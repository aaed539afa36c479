"""Who is told of what happened: a listener of ``jobs.happening``, and the job that goes on where followers are many.

A comment is told, the nearest reason first, to the writer whom it answers, to those whom it mentions, to the article's authors, to the followers of its thread
and of its article; never to who wrote it, and to nobody twice.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.accounts.models import Account
from forum.articles.models import Article
from forum.comments.models import Comment
from forum.comments.stance import Stance
from forum.comments.states import State
from forum.jobs.actions import enqueue
from forum.jobs.happening import Event, Happening
from forum.notifications.actions import subscriber_of
from forum.notifications.models import Reason, Subject, Subscriber
from forum.notifications.queries import FOLLOWED_BY, Recipient, list_followers, list_recipients
from forum.notifications.recording import News, tell_all
from forum.stances.models import Tag
from forum.text.mentions import find_mentions

FAN_OUT = "fan-out"
BATCH = 500
"""So many are told in one transaction: on SQLite it holds the one lock for writing."""

NEXT = {Reason.THREAD: Reason.ARTICLE, Reason.AUTHOR: Reason.SITE}


def tell_people(session: Session, event: Event) -> None:
    """Tell those whom an event concerns most, and begin to tell its followers."""
    if event.kind is Happening.COMMENT_PUBLISHED:
        _tell_of_comment(session, event.comment_id)
    elif event.kind is Happening.COMMENT_EDITED:
        _tell_mentioned_later(session, event.comment_id)
    elif event.kind is Happening.ARTICLE_CREATED:
        _go_on(session, Subject.ARTICLE, event.article_id, Reason.AUTHOR, after=0)
    elif event.kind is Happening.COMMENT_THANKED:
        _tell_thanked(session, event.comment_id)
    elif event.kind is Happening.COMMENT_CONTINUED:
        _go_on(session, Subject.ANSWERED, event.comment_id, Reason.ANSWERED, after=0)


def fan_out(session: Session, payload: Mapping[str, Any]) -> None:
    """Tell the next followers: the handler of ``FAN_OUT``."""
    _go_on(session, Subject(payload["subject"]), payload["subject_id"], Reason(payload["reason"]), after=payload["after"])


def tell_person(session: Session, news: News, reason: Reason, account_id: int) -> None:
    """Tell one person, also one who wrote as a guest: for the rooms above, which know of what happens to people."""
    tell_all(session, news, reason, _of_accounts(session, [account_id], with_guests=True))


def _go_on(session: Session, subject: Subject, subject_id: int, reason: Reason, *, after: int) -> None:
    """Tell one batch, and leave a job for the next: of the same followers, or of those of the next reason."""
    news, writers = _news(session, subject, subject_id)
    if news is None:
        return
    found, last = _find(session, news, reason, writers, after=after)
    tell_all(session, news, reason, _without(session, found, writers))
    if last is not None:
        enqueue(session, FAN_OUT, {"subject": subject.value, "subject_id": subject_id, "reason": reason.value, "after": last})
    elif reason in NEXT:
        _go_on(session, subject, subject_id, NEXT[reason], after=0)


def _news(session: Session, subject: Subject, subject_id: int) -> tuple[News | None, Sequence[int]]:
    """Return what is told and the accounts who made it, who need not be told; None where nobody may see it any more."""
    if subject is Subject.ARTICLE:
        article = session.get(Article, subject_id)
        return (News(subject, subject_id, article.id), article.author_ids) if article is not None else (None, ())
    comment = session.get(Comment, subject_id)
    if comment is None or comment.state != State.VISIBLE:
        return None, ()
    return News(subject, subject_id, comment.article_id, comment.id), (comment.author_id,)


def _find(session: Session, news: News, reason: Reason, writers: Sequence[int], *, after: int) -> tuple[list[Recipient], int | None]:
    """Return the next who are told for ``reason``, and where to go on, None at their end."""
    if reason is Reason.ANSWERED:
        return _find_doubting(session, news.subject_id, after=after)
    targets: Sequence[int]
    if reason is Reason.THREAD:
        comment = session.get_one(Comment, news.subject_id)
        targets = (comment.root_id or comment.id,)
    elif reason is Reason.AUTHOR:
        targets = writers
    elif reason is Reason.SITE:
        targets = (session.get_one(Article, news.subject_id).site_id,)
    else:
        targets = (news.article_id or 0,)
    found = list_followers(session, FOLLOWED_BY[reason], targets, after=after, limit=BATCH) if targets else []
    return found, found[-1].subscriber.id if len(found) == BATCH else None


def _find_doubting(session: Session, comment_id: int, *, after: int) -> tuple[list[Recipient], int | None]:
    doubts = select(Tag.account_id).where(Tag.comment_id == comment_id, Tag.stance == Stance.SKEPTICISM.value, Tag.account_id > after)
    accounts = session.scalars(doubts.order_by(Tag.account_id).limit(BATCH)).all()
    return _of_accounts(session, accounts), accounts[-1] if len(accounts) == BATCH else None


def _tell_of_comment(session: Session, comment_id: int) -> None:
    news, writers = _news(session, Subject.COMMENT, comment_id)
    if news is None:
        return
    comment = session.get_one(Comment, comment_id)
    parent = session.get(Comment, comment.parent_id) if comment.parent_id is not None else None
    if parent is not None and parent.state == State.VISIBLE:
        tell_all(session, news, Reason.REPLY, _without(session, _of_accounts(session, [parent.author_id]), writers))
    _tell_mentioned(session, comment, news)
    article = session.get_one(Article, comment.article_id)
    tell_all(session, news, Reason.DESK, _without(session, _of_accounts(session, article.author_ids), writers))
    _go_on(session, Subject.COMMENT, comment_id, Reason.THREAD, after=0)


def _tell_mentioned_later(session: Session, comment_id: int) -> None:
    # Whoever was mentioned from the beginning knows of the comment already; whom an edit mentions is told now.
    news, _ = _news(session, Subject.COMMENT, comment_id)
    if news is not None:
        _tell_mentioned(session, session.get_one(Comment, comment_id), news)


def _tell_mentioned(session: Session, comment: Comment, news: News) -> None:
    handles = find_mentions(comment.body_md) if comment.body_md else ()
    if handles:
        named = session.scalars(select(Account.id).where(Account.handle.in_(handles), Account.left_at.is_(None)).order_by(Account.id)).all()
        tell_all(session, news, Reason.MENTION, _without(session, _of_accounts(session, named), (comment.author_id,)))


def _tell_thanked(session: Session, comment_id: int) -> None:
    news, writers = _news(session, Subject.THANKS, comment_id)
    if news is not None:
        tell_all(session, news, Reason.THANKS, _of_accounts(session, writers))


def _of_accounts(session: Session, account_ids: Sequence[int], *, with_guests: bool = False) -> list[Recipient]:
    if not account_ids:
        return []
    known = set(session.scalars(select(Subscriber.account_id).where(Subscriber.account_id.in_(account_ids))))
    able = select(Account.id).where(Account.id.in_(account_ids), Account.left_at.is_(None))
    # Guests have no inbox; they are told what is decided about them, and of answers where they asked for it.
    if not with_guests:
        able = able.where(Account.is_guest.is_(False))
    for account_id in session.scalars(able).all():
        if account_id not in known:
            subscriber_of(session, account_id)
    return list_recipients(session, Subscriber.account_id.in_(account_ids))


def _without(session: Session, people: Sequence[Recipient], writers: Sequence[int]) -> list[Recipient]:
    """Leave out who made it, also where they follow by their address alone."""
    own = {
        email
        for row in session.execute(select(Account.email, Account.guest_email).where(Account.id.in_(writers)))
        for email in row
        if email
    }
    return [person for person in people if person.subscriber.account_id not in writers and person.address not in own]
