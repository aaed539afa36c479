"""How mail is stopped from within it, without signing in: a signed link that names what it is about, good for ever, and what following it ends.

The rule: the link can only stop mail. Whoever gets a forwarded mail can stop somebody's mail with it and do nothing else (RFC 8058 asks for no more).
"""

from dataclasses import dataclass

from flask import current_app
from itsdangerous import BadData, URLSafeSerializer
from sqlalchemy.orm import Session

from forum.notifications.actions import unfollow, unfollow_everything
from forum.notifications.models import Delivery, Subscriber, Target
from forum.refusals import Kind, Refusal
from forum.sentences import Sentence, sentence
from forum.web.context import settings

EVERYTHING = "everything"
GATHERED = (Delivery.HOURLY.value, Delivery.DAILY.value)
BAD_LINK = sentence("This link is not complete. Open it again from the mail, the whole of it.")


@dataclass(frozen=True)
class Stop:
    """Whose mail a link stops, and which: ``answers``, ``desk``, ``digest``, ``everything``, or a target such as ``article:9``."""

    subscriber_id: int
    what: str

    @property
    def target(self) -> tuple[Target, int] | None:
        """What is followed no longer, where the link is about that."""
        kind, _, number = self.what.partition(":")
        return (Target(kind), int(number)) if number else None

    @property
    def says(self) -> Sentence:
        """What no more mail comes about."""
        kind = self.what.partition(":")[0]
        return _SAYS[kind]


_SAYS: dict[str, Sentence] = {
    "answers": sentence("answers to you, and comments that mention you"),
    "desk": sentence("comments on your articles"),
    "digest": sentence("what is gathered for you once an hour or once a day"),
    EVERYTHING: sentence("anything at all but what is decided about your own comments and your account"),
    Target.ARTICLE.value: sentence("this article’s discussion"),
    Target.THREAD.value: sentence("this thread"),
    Target.AUTHOR.value: sentence("this author’s new articles"),
    Target.SITE.value: sentence("new articles here"),
}


def stop_address(stop: Stop) -> str:
    """Return the address that stops mail; what stands in it is logged nowhere."""
    return f"{settings().base_url}/mail/stop/{_signer().dumps([stop.subscriber_id, stop.what])}"


def read_stop(token: str) -> Stop:
    """Return what a link stops. Raises Refusal ``link-expired`` for one that we did not make."""
    try:
        subscriber_id, what = _signer().loads(token)
        stop = Stop(int(subscriber_id), str(what))
        if stop.what.partition(":")[0] not in _SAYS:
            raise BadData("unknown")
    except (BadData, ValueError, TypeError):
        raise Refusal(Kind.LINK_EXPIRED, BAD_LINK) from None
    return stop


def stop_mail(session: Session, stop: Stop) -> None:
    """Do what the link says; twice changes nothing, and for somebody who is gone there is nothing to do."""
    subscriber = session.get(Subscriber, stop.subscriber_id)
    if subscriber is None:
        return
    if stop.target is not None:
        unfollow(session, subscriber.id, *stop.target)
    elif stop.what == "digest":
        for name in ("answers", "desk", "follows"):
            if getattr(subscriber, name) in GATHERED:
                setattr(subscriber, name, Delivery.NONE.value)
    elif stop.what == EVERYTHING:
        subscriber.answers = subscriber.desk = subscriber.follows = Delivery.NONE.value
        if subscriber.account_id is None:
            unfollow_everything(session, subscriber.id)
    else:
        setattr(subscriber, stop.what, Delivery.NONE.value)
    session.flush()


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="stop-mail")
