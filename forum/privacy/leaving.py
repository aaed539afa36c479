"""Deletion of an account by its owner: asked for with the password, undone within seven days, and then done piece by piece.

The rule: until the seven days are over nothing changes but the date that stands there; what is done then is done in pieces that hold the database's lock briefly,
and each piece leaves counts that are right. A job's handler; flushes, never commits.
"""

import secrets
from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any

import structlog
from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from forum.accounts.actions import on_profile_change
from forum.accounts.models import Account, ApiToken, HandOver, Membership, SignIn
from forum.articles.queries import lock_article
from forum.clock import now
from forum.comments.counts import Place, counted
from forum.comments.models import Comment
from forum.comments.queries import lock_place
from forum.comments.states import State
from forum.factors.actions import forget_factors
from forum.jobs.actions import enqueue
from forum.mail.actions import forget_mails_to
from forum.mailbox.models import MailLink
from forum.moderation.actors import Actor, ActorKind
from forum.moderation.intake import settle_withdrawn
from forum.moderation.models import ModeratorNote, Report, Reveal
from forum.moderation.moves import Deed, move_comment
from forum.notifications.actions import forget_subscriber
from forum.privacy.answers import forget_answers_to
from forum.privacy.forgetting import destroy_all
from forum.privacy.queries import sites_without_another_admin
from forum.privacy.tidying import tidy_later
from forum.redress.models import Appeal
from forum.refusals import Kind, Refusal
from forum.sentences import sentence
from forum.sso.linking import forget_identities
from forum.stances.models import Tag, TagEvent
from forum.stances.tally import count_tags, write_tally

LEAVE = "leave"
UNDO_TIME = timedelta(days=7)
ANOTHER_DAY = timedelta(days=1)
PIECE = 20
"""So many comments or tags at a time."""

EVENTS_AT_A_TIME = 1000
FORMER = sentence("Former member")
LEFT_WITH_IT = sentence("Who wrote this has deleted their account, and this text with it.")
# Rooms above that keep something of an account's own enter here what forgets it: (session, account id).
forgetters_of_people: list[Callable[[Session, int], None]] = []
log = structlog.get_logger(__name__)


class With(StrEnum):
    """What becomes of the comments: they stay under another name, or are withdrawn and their texts destroyed."""

    KEEP = "keep"
    WITHDRAW = "withdraw"


def ask_to_leave(session: Session, account: Account, comments: With) -> None:
    """Let the account be deleted in seven days; asked again, what becomes of the comments may be changed and the time begins anew.

    Raises Refusal ``conflict`` for the only admin of a site.
    """
    if sites_without_another_admin(session, account.id):
        raise Refusal(
            Kind.CONFLICT,
            "You are the only admin here, and a site needs one: give the role to somebody else first, with `forum account role`.",
        )
    account.leaving_at, account.leaving_with = now() + UNDO_TIME, comments.value
    session.flush()
    enqueue(session, LEAVE, {"account_id": account.id}, due_at=account.leaving_at)
    log.info("account deletion asked for", account=account.id)


def stay(session: Session, account: Account) -> None:
    """Undo the wish to leave; without one nothing changes."""
    account.leaving_at = account.leaving_with = None
    session.flush()
    log.info("account deletion undone", account=account.id)


def leave(session: Session, payload: Mapping[str, Any]) -> None:
    """Do the next piece of deleting an account whose time has come, and enqueue the rest; a job's handler.

    The first piece locks the person out, in a transaction of its own: articles are locked before people, never after.
    """
    account = session.get(Account, payload["account_id"])
    if account is None or account.left_at is not None or account.leaving_at is None or account.leaving_at > now():
        return
    if not payload.get("begun"):
        _begin(session, account)
    elif (
        _forget_some_tags(session, account.id)
        or _forget_some_events(session, account.id)
        or (account.leaving_with == With.WITHDRAW and _withdraw_some(session, account.id))
    ):
        enqueue(session, LEAVE, payload)
    else:
        _finish(session, account)


def _begin(session: Session, account: Account) -> None:
    """End everything by which the person could act: nobody writes or decides while the account is being taken apart."""
    if sites_without_another_admin(session, account.id):
        # The others have gone meanwhile. Nothing is done yet: the account waits, and its owner can still undo it.
        account.leaving_at = now() + ANOTHER_DAY
        enqueue(session, LEAVE, {"account_id": account.id}, due_at=account.leaving_at)
        log.warning("the last admin of a site cannot leave", account=account.id)
        return
    session.execute(delete(SignIn).where(SignIn.account_id == account.id))
    session.execute(delete(HandOver).where(HandOver.account_id == account.id))
    session.execute(delete(ApiToken).where(ApiToken.account_id == account.id))
    session.execute(delete(Membership).where(Membership.account_id == account.id))
    _forget_mail(session, account)
    forget_factors(session, account.id)
    forget_identities(session, account)
    forget_subscriber(session, account.id)
    account.password_hash = None
    enqueue(session, LEAVE, {"account_id": account.id, "begun": 1})


def _forget_some_tags(session: Session, account_id: int) -> bool:
    some = session.scalars(select(Tag.comment_id).where(Tag.account_id == account_id).order_by(Tag.comment_id).limit(PIECE)).all()
    for comment_id in _in_lock_order(session, some):
        place = lock_place(session, comment_id)
        with counted(session, place):
            session.execute(delete(Tag).where(Tag.comment_id == comment_id, Tag.account_id == account_id))
            write_tally(session, place.comment, count_tags(session, comment_id))
    return bool(some)


def _forget_some_events(session: Session, account_id: int) -> bool:
    some = select(TagEvent.id).where(TagEvent.account_id == account_id).order_by(TagEvent.id).limit(EVENTS_AT_A_TIME)
    ids = session.scalars(some).all()
    session.execute(delete(TagEvent).where(TagEvent.id.in_(ids)))
    return len(ids) == EVENTS_AT_A_TIME


def _withdraw_some(session: Session, account_id: int) -> bool:
    texts_left = or_(Comment.body_md.is_not(None), Comment.body_html.is_not(None))
    own = select(Comment.id).where(Comment.author_id == account_id, Comment.state != State.ERASED.value)
    some = session.scalars(own.where(or_(Comment.state != State.WITHDRAWN.value, texts_left)).order_by(Comment.id).limit(PIECE)).all()
    places = [_withdraw(session, lock_place(session, comment_id), account_id) for comment_id in _in_lock_order(session, some)]
    if places:
        destroy_all(session, places)
    return bool(places)


def _withdraw(session: Session, place: Place, account_id: int) -> Place:
    if place.comment.state != State.WITHDRAWN:
        settle_withdrawn(session, place)
        move_comment(session, place, "withdraw", Deed(Actor(ActorKind.WRITER, account_id)))
    return place


def _in_lock_order(session: Session, comment_ids: Any) -> list[int]:
    rows = session.execute(select(Comment.article_id, Comment.id).where(Comment.id.in_(comment_ids)))
    places = sorted((article_id, comment_id) for article_id, comment_id in rows)
    # All articles before the first row of the log: whoever holds the log's head asks for no article any more.
    for article_id in dict.fromkeys(article_id for article_id, _ in places):
        lock_article(session, article_id)
    return [comment_id for _, comment_id in places]


def _forget_mail(session: Session, account: Account) -> None:
    # Also to an address that was asked for and never confirmed.
    asked_for = session.scalars(select(MailLink.email).where(MailLink.account_id == account.id)).all()
    for address in {*asked_for, *([account.email] if account.email else [])}:
        forget_mails_to(session, address)
    session.execute(delete(MailLink).where(MailLink.account_id == account.id))


def _finish(session: Session, account: Account) -> None:
    for listener in on_profile_change:
        listener(session, account.id)
    session.execute(delete(ModeratorNote).where(ModeratorNote.account_id == account.id))
    session.execute(delete(Reveal).where(Reveal.account_id == account.id))
    session.execute(update(Report).where(Report.reporter_id == account.id).values(note=""))
    mine = update(Appeal).where(Appeal.appellant_id == account.id)
    session.execute(mine.values(body=str(LEFT_WITH_IT)))
    session.execute(mine.where(Appeal.answer.is_not(None)).values(answer=str(LEFT_WITH_IT)))
    forget_answers_to(session, account.id)
    for forget in forgetters_of_people:
        forget(session, account.id)
    _forget_mail(session, account)
    forget_subscriber(session, account.id)
    account.handle, account.display_name = f"former-{secrets.token_hex(8)}", str(FORMER)
    account.email = account.password_hash = account.leaving_with = account.leaving_at = None
    account.writes, account.away_note, account.away_until = 0, "", None
    account.credential, account.verified, account.left_at, account.email_confirmed_at = "", False, now(), None
    session.flush()
    tidy_later(session)
    log.info("account deleted", account=account.id)
