"""Links in mails: 256 random bits each, stored hashed, good once, for one purpose and for a short time. Who follows one has read the mail.

The rule: reading a link changes nothing, since mail scanners open links too; only ``use_link`` uses it up, and two at once cannot both succeed.
"""

import secrets
from collections.abc import Mapping
from datetime import timedelta

import msgspec
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from forum.accounts.actions import hash_secret
from forum.clock import now
from forum.mailbox.models import MailLink, Purpose
from forum.refusals import Kind, Refusal
from forum.sentences import sentence
from forum.web.context import settings

# How long a link is good. Short where it opens an account (ASVS V6.5.5), long where it only says that an address is somebody's.
HOURS: Mapping[Purpose, float] = {
    Purpose.CONFIRM: 72,
    Purpose.SIGN_IN: 0.5,
    Purpose.RESET: 0.5,
    Purpose.LINK: 72,
    Purpose.GUEST: 72,
}
GONE = sentence(
    "This link is not good any more: it was used already, is too old, or is not complete. Ask for a new one where you asked for this one."
)


def make_link(
    session: Session,
    purpose: Purpose,
    *,
    email: str,
    account_id: int | None = None,
    data: Mapping[str, str] | None = None,
    hours: float | None = None,
) -> str:
    """Store a link and return its secret, which exists nowhere else: it belongs into one mail to ``email`` (see ``link_address``).

    ``data`` comes back with the link. ``hours``: how long it is good, by default what its purpose says.
    """
    secret, moment = secrets.token_urlsafe(32), now()
    session.execute(delete(MailLink).where(MailLink.expires_at < moment))
    session.add(
        MailLink(
            token_hash=hash_secret(secret),
            purpose=purpose.value,
            account_id=account_id,
            email=email,
            data=msgspec.json.encode(dict(data or {})).decode(),
            created_at=moment,
            expires_at=moment + timedelta(hours=HOURS[purpose] if hours is None else hours),
        )
    )
    session.flush()
    return secret


def link_address(secret: str) -> str:
    """Return the address that the mail names. The secret stands in its path: addresses with queries are kept in more places."""
    return f"{settings().base_url}/mail/{secret}"


def read_link(session: Session, secret: str) -> MailLink:
    """Return the link without using it, whatever it is for. Raises Refusal ``link-expired`` for an unknown, a used and an old one alike."""
    link = session.scalar(select(MailLink).where(MailLink.token_hash == hash_secret(secret)))
    if link is None or link.used_at is not None or link.expires_at <= now():
        raise gone()
    return link


def use_link(session: Session, purpose: Purpose, secret: str) -> MailLink:
    """Use a link up and return it: of two who follow it at once one gets it. Raises Refusal ``link-expired`` when it is not good for ``purpose``.

    Links for the same purpose that the same account has got besides are used up with it.
    """
    moment = now()
    is_good = (MailLink.purpose == purpose.value, MailLink.used_at.is_(None), MailLink.expires_at > moment)
    mine = update(MailLink).where(MailLink.token_hash == hash_secret(secret), *is_good).values(used_at=moment)
    link_id = session.scalar(mine.returning(MailLink.id))
    if link_id is None:
        raise gone()
    link = session.get_one(MailLink, link_id, populate_existing=True)
    if link.account_id is not None:
        end_links(session, link.account_id, purpose)
    return link


def end_links(session: Session, account_id: int, *purposes: Purpose) -> None:
    """Let no link of these purposes that the account has got be good any more."""
    mine = (MailLink.account_id == account_id, MailLink.purpose.in_([purpose.value for purpose in purposes]), MailLink.used_at.is_(None))
    session.execute(update(MailLink).where(*mine).values(used_at=now()), execution_options={"synchronize_session": False})


def data_of(link: MailLink) -> dict[str, str]:
    """Return what was given to ``make_link`` as ``data``."""
    return msgspec.json.decode(link.data, type=dict[str, str])


def gone() -> Refusal:
    """Return the one refusal for every link that is not good: which of the reasons it was would help somebody who tries out secrets."""
    return Refusal(Kind.LINK_EXPIRED, GONE)
