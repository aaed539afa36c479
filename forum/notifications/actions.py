"""Writes of who is told of what: who can be told, what they follow, what they have read. Actions flush and never commit."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session

from forum.accounts.models import Account
from forum.clock import now
from forum.db.upsert import insert_if_absent, insert_unless_there
from forum.notifications.models import Delivery, Follow, Notification, Subscriber, Target
from forum.notifications.queries import MOST_FOLLOWS, count_follows, find_subscriber_at, find_subscriber_of, list_follows
from forum.refusals import Kind, Refusal
from forum.sentences import sentence


def subscriber_of(session: Session, account_id: int) -> Subscriber:
    """Return the subscriber that an account is; the first time, it is made with the usual settings."""
    known = find_subscriber_of(session, account_id)
    if known is None:
        is_guest = session.scalar(select(Account.is_guest).where(Account.id == account_id))
        add_subscribers(session, {account_id: bool(is_guest)})
        known = find_subscriber_of(session, account_id)
        assert known is not None, "it was inserted here or by somebody else"
    return known


def add_subscribers(session: Session, accounts: Mapping[int, bool]) -> None:
    """Make the subscribers that accounts are, each with whether it is a guest; whoever is one already stays as they are."""
    # Guests have asked for nothing: they are told of decisions, and of nothing else until they do.
    for are_guests, wishes in ((False, {}), (True, dict.fromkeys(("answers", "desk", "follows"), Delivery.NONE.value))):
        made = [account_id for account_id, is_guest in accounts.items() if is_guest is are_guests]
        rows = [{"account_id": account_id, "created_at": now(), **wishes} for account_id in made]
        if rows:
            session.execute(insert_unless_there(session, Subscriber), rows)


def subscriber_at(session: Session, email: str, language: str) -> Subscriber:
    """Return the subscriber that a confirmed address is: the account that has it confirmed, or the address itself."""
    account_id = session.scalar(select(Account.id).where(Account.email == email, Account.email_confirmed_at.is_not(None)))
    if account_id is not None:
        return subscriber_of(session, account_id)
    known = find_subscriber_at(session, email)
    if known is None:
        insert_if_absent(session, Subscriber, email=email, language=language, created_at=now())
        known = find_subscriber_at(session, email)
        assert known is not None, "it was inserted here or by somebody else"
    return known


def follow(session: Session, subscriber: Subscriber, kind: Target, target_id: int) -> bool:
    """Let somebody follow something, and return whether they did not before. Raises Refusal ``conflict`` where they follow too much."""
    if count_follows(session, subscriber.id) >= MOST_FOLLOWS:
        said = sentence(
            "You follow %(most)s things already, which is as many as there can be: stop following another first.", most=MOST_FOLLOWS
        )
        raise Refusal(Kind.CONFLICT, said)
    return insert_if_absent(session, Follow, subscriber_id=subscriber.id, kind=kind.value, target_id=target_id, created_at=now())


def unfollow(session: Session, subscriber_id: int, kind: Target, target_id: int) -> None:
    """Let somebody follow something no longer; twice is no error."""
    mine = (Follow.subscriber_id == subscriber_id, Follow.kind == kind.value, Follow.target_id == target_id)
    session.execute(delete(Follow).where(*mine))


def unfollow_everything(session: Session, subscriber_id: int) -> None:
    """Let somebody follow nothing any more."""
    session.execute(delete(Follow).where(Follow.subscriber_id == subscriber_id))


def change_settings(session: Session, subscriber: Subscriber, changes: Mapping[str, Any]) -> None:
    """Change when somebody gets mail; ``changes`` are columns of the subscriber, already checked."""
    for name, value in changes.items():
        setattr(subscriber, name, value)
    session.flush()


def mark_read(session: Session, subscriber: Subscriber, *, up_to: int | None = None, only: int | None = None) -> None:
    """Note that somebody has read what they were told of: all up to an id, or a single one."""
    unread = update(Notification).where(Notification.subscriber_id == subscriber.id, Notification.read_at.is_(None))
    if only is not None:
        unread = unread.where(Notification.id == only)
    elif up_to is not None:
        unread = unread.where(Notification.id <= up_to)
    session.execute(unread.values(read_at=now()), execution_options={"synchronize_session": False})
    left = exists().where(Notification.subscriber_id == subscriber.id, Notification.read_at.is_(None))
    session.execute(
        update(Account).where(Account.id == subscriber.account_id, Account.has_news.is_(True), ~left).values(has_news=False),
        execution_options={"synchronize_session": False},
    )


def adopt_address(session: Session, account: Account) -> None:
    """Give an account what its address followed without one, now that it is confirmed to be theirs: ``accounts.actions.on_address_confirmed``."""
    known = find_subscriber_at(session, account.email) if account.email else None
    if known is None:
        return
    mine = subscriber_of(session, account.id)
    for each in list_follows(session, known.id):
        insert_if_absent(session, Follow, subscriber_id=mine.id, kind=each.kind, target_id=each.target_id, created_at=each.created_at)
    session.delete(known)
    session.flush()


def forget_subscriber(session: Session, account_id: int) -> None:
    """Delete what is held of who an account follows and was told of."""
    known = find_subscriber_of(session, account_id)
    if known is not None:
        session.execute(delete(Notification).where(Notification.subscriber_id == known.id))
        session.execute(delete(Follow).where(Follow.subscriber_id == known.id))
        session.delete(known)
        session.flush()
    session.execute(delete(Follow).where(Follow.kind == Target.AUTHOR.value, Follow.target_id == account_id))
    session.execute(
        update(Account).where(Account.id == account_id).values(has_news=False), execution_options={"synchronize_session": False}
    )
