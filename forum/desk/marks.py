"""An author's marks on their discussion: one comment pinned, up to three featured with a line that says why, and the discussion closed for a time.

The rule: marks say what to read first and never decide what may stay. Everything here raises the article's version; actions flush and never commit.
"""

from datetime import datetime

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from forum.articles.actions import REASON_MAX, set_closed
from forum.articles.models import Article
from forum.articles.queries import lock_article
from forum.clock import now
from forum.comments.counts import Place
from forum.comments.models import Comment
from forum.comments.queries import lock_place
from forum.comments.states import State
from forum.desk.actions import require_soon
from forum.jobs.happening import Happening, happened
from forum.refusals import Fault, Kind, Refusal, invalid
from forum.sentences import sentence
from forum.text.limits import find_line_faults

PINNED, FEATURED = 2, 1
# What is part of another discussion now opens with that one.
_REOPENING = (text("reopens_at IS NOT NULL"), Article.merged_into_id.is_(None))
FEATURED_MAX, WHY_MAX = 3, 200


def pin(session: Session, comment_id: int) -> Comment:
    """Put a thread first in its discussion and return its comment; another one that was pinned is so no longer. Raises Refusal ``conflict``."""
    place = _lock_root(session, comment_id)
    others = update(Comment).where(
        Comment.article_id == place.article.id, text("lead > 0"), Comment.lead == PINNED, Comment.id != comment_id
    )
    featured = func.coalesce(func.length(Comment.featured), 0) > 0
    session.execute(others.where(featured).values(lead=FEATURED))
    session.execute(others.values(lead=0, featured=None))
    return _mark(session, place, PINNED, place.comment.featured)


def unpin(session: Session, comment_id: int) -> Comment:
    """Let a thread stand where its order puts it, or among the featured ones if it is one, and return its comment; it may be hidden meanwhile."""
    place = lock_place(session, comment_id)
    comment = place.comment
    if comment.lead != PINNED:
        return comment
    return _mark(session, place, FEATURED if comment.featured else 0, comment.featured)


def feature(session: Session, comment_id: int, why: str) -> Comment:
    """Show a thread among the first ones with a line that says why, and return its comment. Raises Refusal ``validation`` or ``conflict``."""
    if faults := find_line_faults(why, maximum=WHY_MAX):
        raise invalid(*(Fault("/why", found.code, found.detail) for found in faults))
    place = _lock_root(session, comment_id)
    featured = select(func.count()).where(Comment.article_id == place.article.id, text("lead > 0"), Comment.featured.is_not(None))
    if (session.scalar(featured.where(Comment.id != comment_id)) or 0) >= FEATURED_MAX:
        raise Refusal(
            Kind.CONFLICT,
            sentence(
                "%(most)s comments are featured here already, which is as many as there can be: take one of them back first.",
                most=FEATURED_MAX,
            ),
        )
    return _mark(session, place, max(place.comment.lead, FEATURED), why.strip())


def unfeature(session: Session, comment_id: int) -> Comment:
    """Take a thread out of the featured ones and return its comment; it may be hidden meanwhile."""
    place = lock_place(session, comment_id)
    comment = place.comment
    if comment.featured is None:
        return comment
    return _mark(session, place, comment.lead if comment.lead == PINNED else 0, None)


def close(session: Session, article_id: int, *, reason: str, reopens_at: datetime | None) -> Article:
    """Close a discussion to new comments with a public reason, until a moment or until it is opened, and return the article. Raises Refusal ``validation``."""
    if faults := find_line_faults(reason, maximum=REASON_MAX):
        raise invalid(*(Fault("/reason", found.code, found.detail) for found in faults))
    if reopens_at is not None:
        require_soon(reopens_at, "/reopens_at")
    article = lock_article(session, article_id)
    set_closed(article, True, reason=reason, reopens_at=reopens_at)
    return _say(session, article)


def reopen(session: Session, article_id: int) -> Article:
    """Open a discussion again and return the article; one that is open stays as it is."""
    article = lock_article(session, article_id)
    if article.closed_at is None:
        return article
    set_closed(article, False, reason="")
    return _say(session, article)


def reopen_due(session: Session) -> bool:
    """Open one discussion again whose time has come, and return whether there was any."""
    due = select(Article.id).where(*_REOPENING, Article.reopens_at <= now()).order_by(Article.reopens_at, Article.id)
    article_id = session.scalar(due.limit(1))
    if article_id is None:
        return False
    article = lock_article(session, article_id)
    # Another process may have been quicker, or its author have chosen another day.
    if article.reopens_at is not None and article.reopens_at <= now():
        set_closed(article, False, reason="")
        _say(session, article)
    return True


def next_reopening(session: Session) -> datetime | None:
    """Return when the next discussion opens again by itself, past or to come, or None."""
    return session.scalar(select(func.min(Article.reopens_at)).where(*_REOPENING))


def _say(session: Session, article: Article) -> Article:
    session.flush()
    happened(session, Happening.ARTICLE_CHANGED, site_id=article.site_id, article_id=article.id)
    return article


def _lock_root(session: Session, comment_id: int) -> Place:
    place = lock_place(session, comment_id)
    if place.parent is not None:
        raise Refusal(Kind.CONFLICT, "Only a comment that answers the article itself can stand first: choose the beginning of this thread.")
    if place.comment.state != State.VISIBLE:
        raise Refusal(Kind.CONFLICT, "Readers cannot see this comment at present, so it cannot stand first.")
    return place


def _mark(session: Session, place: Place, lead: int, featured: str | None) -> Comment:
    comment = place.comment
    if (comment.lead, comment.featured) != (lead, featured):
        comment.lead, comment.featured = lead, featured
        place.article.version += 1
        session.flush()
    return comment
