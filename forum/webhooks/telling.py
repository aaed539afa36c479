"""What happened becomes messages: one for each webhook of the site that wants it, in the transaction of the job that tells.

The rule: a message holds ids, a kind, a time and a state, never a text: whoever gets it asks for the rest, and is told what may be read then.
"""

from typing import cast

from sqlalchemy import Table, bindparam, select
from sqlalchemy.orm import Session

from forum.articles.models import Article
from forum.comments.models import Comment
from forum.jobs.happening import Event
from forum.webhooks.actions import leave_message
from forum.webhooks.kinds import is_wanted
from forum.webhooks.queries import list_listening

_ARTICLES, _COMMENTS = cast(Table, Article.__table__), cast(Table, Comment.__table__)
_STATE = select(_COMMENTS.c.state).where(_COMMENTS.c.id == bindparam("comment_id"))
_CLOSED = select(_ARTICLES.c.closed_at).where(_ARTICLES.c.id == bindparam("article_id"))


def tell_webhooks(session: Session, event: Event) -> None:
    """Leave a message for every webhook that is told of such events and not paused: a listener of ``happening``."""
    wanting = [webhook_id for webhook_id, kinds in list_listening(session, event.site_id) if is_wanted(kinds, event.kind)]
    data = _describe(session, event) if wanting else None
    if data is None:
        return
    for webhook_id in wanting:
        leave_message(session, webhook_id, event.kind.value, at=event.at, data=data)


def _describe(session: Session, event: Event) -> dict[str, int | str] | None:
    """Return the ids and the present state of what it happened to; None where that is no more."""
    about: dict[str, int | str] = {"site_id": event.site_id, "article_id": event.article_id}
    if event.comment_id:
        state = session.connection().execute(_STATE, {"comment_id": event.comment_id}).scalar()
        return about | {"comment_id": event.comment_id, "state": state} if state is not None else None
    found = session.connection().execute(_CLOSED, {"article_id": event.article_id}).first()
    return about | {"state": "closed" if found[0] else "open"} if found is not None else None
