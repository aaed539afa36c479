"""Reads of who is told of what: subscribers with their addresses, what they follow, and their inbox.

The rule: what is read to tell people is asked after each post, so that those statements are written once, take columns instead of rows, and are one for all
whom it may concern.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from sqlalchemy import ColumnElement, Integer, Select, Table, and_, bindparam, case, exists, func, or_, select
from sqlalchemy.orm import Session

from forum.accounts.models import Account
from forum.articles.models import Article, ArticleAuthor
from forum.comments.models import Comment
from forum.comments.stance import Stance
from forum.comments.states import State
from forum.db.direct import read
from forum.notifications.models import Delivery, Follow, Notification, Reason, Subscriber, Target
from forum.notifications.schedule import Hours
from forum.stances.models import Tag

FOLLOWED_BY = {Reason.ARTICLE: Target.ARTICLE, Reason.THREAD: Target.THREAD, Reason.AUTHOR: Target.AUTHOR, Reason.SITE: Target.SITE}
"""Which follow is behind a reason; the others follow from what somebody wrote or is."""

MOST_FOLLOWS = 500


@dataclass(frozen=True)
class Recipient:
    """Somebody to whom a mail is written, with the address that it may go to: empty where none is confirmed. ``has_inbox``: they can sign in and read it here."""

    subscriber: Subscriber
    address: str
    has_inbox: bool

    def delivery_of(self, reason: Reason) -> Delivery:
        """When mail goes about what is told for ``reason``."""
        known = self.subscriber
        return _delivery(reason, known.answers, known.desk, known.follows)


class Addressee(NamedTuple):
    """Somebody who can be told: what of a subscriber decides about it, and the address that mail may go to, empty where none is confirmed.

    ``has_news``: their inbox holds something new already; None where they have no account.
    """

    id: int
    account_id: int | None
    answers: str
    desk: str
    follows: str
    quiet_from: int | None
    quiet_to: int | None
    zone: str
    digest_hour: int
    address: str
    has_news: bool | None

    @property
    def hours(self) -> Hours:
        """When mail may come."""
        return Hours(self.quiet_from, self.quiet_to, self.zone, self.digest_hour)

    def delivery_of(self, reason: Reason) -> Delivery:
        """When mail goes about what is told for ``reason``."""
        return _delivery(reason, self.answers, self.desk, self.follows)


@dataclass(frozen=True)
class Matter:
    """An article, or a comment that everybody may see, as far as it decides who is told of it.

    ``writers``: who made it, with the ``addresses`` that are theirs. ``targets``: what of it can be followed, by the reason for which it is told then; what nobody
    follows may be missing. Of a comment alone: ``answered_id``, who wrote what it answers, as long as that can be read; the ``author_ids`` of its article.
    """

    article_id: int
    writers: Collection[int]
    addresses: Collection[str]
    targets: Mapping[Reason, Sequence[int]]
    author_ids: Sequence[int] = ()
    answered_id: int | None = None
    body_md: str = ""


_ACCOUNTS, _ARTICLES, _AUTHORS = cast(Table, Account.__table__), cast(Table, Article.__table__), cast(Table, ArticleAuthor.__table__)
_COMMENTS, _FOLLOWS = cast(Table, Comment.__table__), cast(Table, Follow.__table__)
_SUBSCRIBERS, _TAGS = cast(Table, Subscriber.__table__), cast(Table, Tag.__table__)
# An address that is not confirmed may be somebody else's; a guest has followed a link there. Whoever has left is told nothing.
_IS_PROVEN = or_(_ACCOUNTS.c.email_confirmed_at.is_not(None), _ACCOUNTS.c.guest_email.is_not(None))
_PROVEN_ADDRESS = case((and_(_IS_PROVEN, _ACCOUNTS.c.left_at.is_(None)), func.coalesce(_ACCOUNTS.c.email, _ACCOUNTS.c.guest_email)))
_ADDRESS = func.coalesce(_SUBSCRIBERS.c.email, _PROVEN_ADDRESS, "")
_ADDRESSEE = (*(_SUBSCRIBERS.c[name] for name in Addressee._fields if name in _SUBSCRIBERS.c), _ADDRESS, _ACCOUNTS.c.has_news)
_IS_THEIRS = _ACCOUNTS.c.id == _SUBSCRIBERS.c.account_id

_OF_ACCOUNTS = (
    select(*_ADDRESSEE, _ACCOUNTS.c.id, _ACCOUNTS.c.is_guest, _ACCOUNTS.c.left_at.is_(None))
    .select_from(_ACCOUNTS.outerjoin(_SUBSCRIBERS, _IS_THEIRS))
    .where(_ACCOUNTS.c.id.in_(bindparam("account_ids", expanding=True)))
    .order_by(_SUBSCRIBERS.c.id)
)
_NEXT_FOLLOWING = (
    select(_FOLLOWS.c.subscriber_id)
    .distinct()
    .where(
        _FOLLOWS.c.kind == bindparam("kind"),
        _FOLLOWS.c.target_id.in_(bindparam("target_ids", expanding=True)),
        _FOLLOWS.c.subscriber_id > bindparam("after"),
    )
    .order_by(_FOLLOWS.c.subscriber_id)
    .limit(bindparam("most", type_=Integer))
)
_FOLLOWERS = (
    select(*_ADDRESSEE)
    .select_from(_SUBSCRIBERS.outerjoin(_ACCOUNTS, _IS_THEIRS))
    .where(_SUBSCRIBERS.c.id.in_(_NEXT_FOLLOWING))
    .order_by(_SUBSCRIBERS.c.id)
)
_MENTIONED = select(_ACCOUNTS.c.id).where(_ACCOUNTS.c.handle.in_(bindparam("handles", expanding=True)), _ACCOUNTS.c.left_at.is_(None))
_DOUBTING = (
    select(_TAGS.c.account_id)
    .where(
        _TAGS.c.comment_id == bindparam("comment_id"),
        _TAGS.c.stance == Stance.SKEPTICISM.value,
        _TAGS.c.account_id > bindparam("after"),
    )
    .order_by(_TAGS.c.account_id)
    .limit(bindparam("most", type_=Integer))
)


def _is_followed(kind: Target, target_id: ColumnElement[int]) -> ColumnElement[bool]:
    return exists().where(_FOLLOWS.c.kind == kind.value, _FOLLOWS.c.target_id == target_id)


_PARENTS = _COMMENTS.alias()
_ROOT_ID = func.coalesce(_COMMENTS.c.root_id, _COMMENTS.c.id)
# One row for each author of the article, and one where it has none.
_COMMENT = (
    select(
        _COMMENTS.c.article_id,
        _ROOT_ID,
        _COMMENTS.c.author_id,
        _COMMENTS.c.body_md,
        _ACCOUNTS.c.email,
        _ACCOUNTS.c.guest_email,
        case((_PARENTS.c.state == State.VISIBLE.value, _PARENTS.c.author_id)),
        _is_followed(Target.THREAD, _ROOT_ID),
        _is_followed(Target.ARTICLE, _COMMENTS.c.article_id),
        _AUTHORS.c.account_id,
    )
    .select_from(
        _COMMENTS.join(_ACCOUNTS, _ACCOUNTS.c.id == _COMMENTS.c.author_id)
        .outerjoin(_PARENTS, _PARENTS.c.id == _COMMENTS.c.parent_id)
        .outerjoin(_AUTHORS, _AUTHORS.c.article_id == _COMMENTS.c.article_id)
    )
    .where(_COMMENTS.c.id == bindparam("comment_id"), _COMMENTS.c.state == State.VISIBLE.value)
)
_WITH_AUTHORS = _ARTICLES.outerjoin(_AUTHORS, _AUTHORS.c.article_id == _ARTICLES.c.id)
_ARTICLE = (
    select(_ARTICLES.c.site_id, _AUTHORS.c.account_id, _ACCOUNTS.c.email, _ACCOUNTS.c.guest_email)
    .select_from(_WITH_AUTHORS.outerjoin(_ACCOUNTS, _ACCOUNTS.c.id == _AUTHORS.c.account_id))
    .where(_ARTICLES.c.id == bindparam("article_id"))
)


def find_comment_matter(session: Session, comment_id: int) -> Matter | None:
    """Return what decides who is told of a comment, or None where it is not there or not everybody may see it."""
    rows = _rows(session, _COMMENT, comment_id=comment_id)
    if not rows:
        return None
    article_id, root_id, writer_id, body_md, email, guest_email, answered_id, has_thread, has_article, _ = rows[0]
    targets = {}
    if has_thread:
        targets[Reason.THREAD] = (root_id,)
    if has_article:
        targets[Reason.ARTICLE] = (article_id,)
    author_ids = [row[-1] for row in rows if row[-1] is not None]
    return Matter(article_id, (writer_id,), _addresses(email, guest_email), targets, author_ids, answered_id, body_md or "")


def find_article_matter(session: Session, article_id: int) -> Matter | None:
    """Return what decides who is told of an article, or None where there is no such one."""
    rows = _rows(session, _ARTICLE, article_id=article_id)
    if not rows:
        return None
    writers = [row[1] for row in rows if row[1] is not None]
    addresses = _addresses(*(email for row in rows for email in row[2:]))
    return Matter(article_id, writers, addresses, {Reason.AUTHOR: writers, Reason.SITE: (rows[0][0],)})


def list_addressees(session: Session, account_ids: Sequence[int]) -> tuple[list[Addressee], dict[int, bool]]:
    """Return which of these accounts can be told, in their order as subscribers; and those who cannot yet, but have not left, with whether each is a guest."""
    people, others = [], {}
    for *columns, account_id, is_guest, is_here in _rows(session, _OF_ACCOUNTS, account_ids=list(account_ids)):
        if columns[0] is not None:
            people.append(Addressee._make(columns))
        elif is_here:
            others[account_id] = is_guest
    return people, others


def list_followers(session: Session, kind: Target, target_ids: Sequence[int], *, after: int, limit: int) -> list[Addressee]:
    """Return who follows one of these, with subscribers' ids over ``after``, in their order."""
    rows = _rows(session, _FOLLOWERS, kind=kind.value, target_ids=list(target_ids), after=after, most=limit)
    return [Addressee._make(row) for row in rows]


def list_mentioned(session: Session, handles: Collection[str]) -> list[int]:
    """Return the accounts that have these handles."""
    return [row[0] for row in _rows(session, _MENTIONED, handles=list(handles))]


def list_doubting(session: Session, comment_id: int, *, after: int, limit: int) -> list[int]:
    """Return the accounts over ``after`` whose tag says that they doubt a comment, in their order."""
    return [row[0] for row in _rows(session, _DOUBTING, comment_id=comment_id, after=after, most=limit)]


def find_recipient(session: Session, subscriber_id: int) -> Recipient | None:
    """Return somebody who can be told, or None where there is no such row any more."""
    found = select(Subscriber, _ADDRESS, Account.is_guest.is_(False)).outerjoin(Account, Account.id == Subscriber.account_id)
    row = session.execute(found.where(Subscriber.id == subscriber_id)).first()
    return Recipient(*row) if row is not None else None


def find_subscriber_of(session: Session, account_id: int) -> Subscriber | None:
    """Return the subscriber that an account is, or None where nothing was ever set or told."""
    return session.scalar(select(Subscriber).where(Subscriber.account_id == account_id))


def find_subscriber_at(session: Session, email: str) -> Subscriber | None:
    """Return the subscriber that an address without an account is, or None."""
    return session.scalar(select(Subscriber).where(Subscriber.email == email))


def is_following(session: Session, subscriber_id: int, kind: Target, target_id: int) -> bool:
    """Whether somebody follows this."""
    return session.get(Follow, (subscriber_id, kind.value, target_id)) is not None


def list_follows(session: Session, subscriber_id: int) -> list[Follow]:
    """Return what somebody follows, the latest first."""
    mine = select(Follow).where(Follow.subscriber_id == subscriber_id)
    return list(session.scalars(mine.order_by(Follow.created_at.desc(), Follow.kind, Follow.target_id).limit(MOST_FOLLOWS)))


def count_follows(session: Session, subscriber_id: int) -> int:
    """Return how much somebody follows."""
    return session.scalar(select(func.count()).select_from(Follow).where(Follow.subscriber_id == subscriber_id)) or 0


def list_notifications(session: Session, subscriber_id: int, *, before: int | None, limit: int) -> list[Notification]:
    """Return what somebody was told of, newest first, with ids under ``before``."""
    mine = select(Notification).where(Notification.subscriber_id == subscriber_id)
    if before is not None:
        mine = mine.where(Notification.id < before)
    return list(session.scalars(mine.order_by(Notification.id.desc()).limit(limit)))


def count_unread(session: Session, subscriber_id: int) -> int:
    """Return how much of what somebody was told of was not read."""
    unread = (
        select(func.count()).select_from(Notification).where(Notification.subscriber_id == subscriber_id, Notification.read_at.is_(None))
    )
    return session.scalar(unread) or 0


def _rows(session: Session, statement: Select[*tuple[Any, ...]], **given: Any) -> Sequence[Any]:
    session.flush()
    return read(session, statement, given)


def _addresses(*emails: str | None) -> frozenset[str]:
    return frozenset(email for email in emails if email)


def _delivery(reason: Reason, answers: str, desk: str, follows: str) -> Delivery:
    if reason is Reason.DECISION:
        return Delivery.AT_ONCE
    if reason is Reason.DESK:
        return Delivery(desk)
    return Delivery(follows if reason in FOLLOWED_BY else answers)
