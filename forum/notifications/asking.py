"""Following something by an address without an account: nothing is stored until the link in one mail to it is followed.

The rule: the mail names nothing that the stranger who typed the address could choose, and what stands in the link is signed by us and good for three days.
"""

from dataclasses import dataclass

from flask import current_app
from itsdangerous import BadData, URLSafeTimedSerializer
from sqlalchemy.orm import Session

from forum.accounts.queries import fold_email
from forum.mail.letters import language_here, post_letter
from forum.notifications.actions import follow, subscriber_at
from forum.notifications.models import Delivery, Target
from forum.notifications.targets import Followed, get_target
from forum.refusals import Kind, Refusal
from forum.sentences import sentence
from forum.web.context import settings

GOOD_SECONDS = 3 * 24 * 3600
GONE = sentence("This link is not good any more: it is too old, or not complete. Ask for mail again where you asked for this one.")


@dataclass(frozen=True)
class Wish:
    """Who wants mail about what, and when."""

    email: str
    kind: Target
    target_id: int
    delivery: Delivery
    language: str


def ask_for_mail(session: Session, target: Followed, email: str, delivery: Delivery) -> None:
    """Mail a link to the address by which whoever reads it follows ``target``."""
    language = language_here()
    wish = [fold_email(email), target.kind.value, target.id, delivery.value, language]
    address = f"{settings().base_url}/mail/follow/{_signer().dumps(wish)}"
    post_letter(session, "follow", to=fold_email(email), about=target.about, link=address)


def read_wish(token: str) -> Wish:
    """Return what a link was made for. Raises Refusal ``link-expired`` for one that is too old or not ours."""
    try:
        email, kind, target_id, delivery, language = _signer().loads(token, max_age=GOOD_SECONDS)
        return Wish(str(email), Target(kind), int(target_id), Delivery(delivery), str(language))
    except (BadData, ValueError, TypeError):
        raise Refusal(Kind.LINK_EXPIRED, GONE) from None


def grant_wish(session: Session, wish: Wish) -> Followed:
    """Let the address follow what it was asked for; twice is no error. Raises Refusal ``not-found`` or ``conflict``."""
    target = get_target(session, wish.kind, wish.target_id)
    subscriber = subscriber_at(session, wish.email, wish.language)
    if subscriber.account_id is None:
        subscriber.follows = wish.delivery.value
    follow(session, subscriber, target.kind, target.id)
    return target


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="follow-by-mail")
