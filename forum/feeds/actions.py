"""Writes of private feeds: a secret is made, replaced or ended; only its hash is stored."""

import secrets

import structlog
from sqlalchemy import update
from sqlalchemy.orm import Session

from forum.accounts.actions import hash_secret
from forum.accounts.models import Account
from forum.notifications.actions import subscriber_of
from forum.notifications.models import Subscriber
from forum.web.context import settings

PATH = "/feeds/"
log = structlog.get_logger(__name__)


def renew_feed(session: Session, account_id: int) -> str:
    """Return a new secret for a person's private feed, which is shown nowhere else; one that was there before leads nowhere from now on."""
    secret = secrets.token_urlsafe(24)
    subscriber_of(session, account_id).feed_hash = hash_secret(secret)
    session.flush()
    log.info("private feed made", account=account_id)
    return secret


def address_of(secret: str) -> str:
    """Return the address of the private feed that a secret opens."""
    return f"{settings().base_url}{PATH}{secret}"


def end_feed(session: Session, account_id: int) -> None:
    """Let a person's private feed lead nowhere; twice is no error."""
    session.execute(update(Subscriber).where(Subscriber.account_id == account_id).values(feed_hash=None))
    log.info("private feed ended", account=account_id)


def end_feed_of(session: Session, account: Account) -> None:
    """End the private feed of an account that somebody has proven to be theirs by its address: whoever had it before may have the secret."""
    end_feed(session, account.id)
