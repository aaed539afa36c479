"""Writes of comments: store a new one, change its text, move it to another state. Actions flush and never commit.

Every write runs inside ``counted``, so that the counts above a comment follow it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from forum.articles.models import Article
from forum.clock import now
from forum.comments.counts import Place, counted
from forum.comments.models import Comment, Revision
from forum.comments.stance import Stance
from forum.comments.states import EVENT_WORDS, MOVES, STATE_WORDS, State, allowed_events
from forum.refusals import Kind, Refusal
from forum.sentences import sentence


@dataclass(frozen=True)
class NewComment:
    """A comment about to be stored: its text as typed and as rendered, already checked."""

    body_md: str | None
    body_html: str
    renderer: int
    stance: Stance | None
    author_id: int
    created_at: datetime | None = None


def store(session: Session, article: Article, parent: Comment | None, root: Comment | None, new: NewComment) -> Comment:
    """Store a comment below ``parent`` (None: a root), all locked by the caller, with its first revision, and return it."""
    moment = new.created_at or now()
    comment = Comment(
        site_id=article.site_id,
        article_id=article.id,
        parent_id=parent.id if parent else None,
        root_id=root.id if root else None,
        depth=parent.depth + 1 if parent else 0,
        author_id=new.author_id,
        # Counted from nothing: the row must exist before what it adds can be told.
        state=State.HELD.value,
        stance=new.stance.value if new.stance else None,
        body_md=new.body_md,
        body_html=new.body_html,
        renderer=new.renderer,
        created_at=moment,
        activity_at=moment,
        version=1,
        lead=0,
    )
    session.add(comment)
    session.flush()
    if root is None:
        comment.root_id = comment.id
    with counted(session, Place(article, root or comment, parent, comment)):
        comment.state = State.VISIBLE.value
        comment.published_at = moment
        article.last_activity_at = max(article.last_activity_at, moment)
        for above in {above.id: above for above in (parent, root) if above is not None}.values():
            above.activity_at = max(above.activity_at, moment)
    add_revision(session, comment, number=1, at=moment)
    return comment


def change(session: Session, place: Place, *, body: tuple[str, str, int] | None, stance: Stance | None, grace: timedelta) -> None:
    """Give a visible comment a new text (source, html, renderer) or stance and keep the revision.

    Within ``grace`` of posting it is not marked as edited. Raises Refusal ``illegal-transition`` in states that cannot be edited.
    """
    comment = place.comment
    require_move(comment, "edit")
    moment = now()
    with counted(session, place):
        if body is not None:
            comment.body_md, comment.body_html, comment.renderer = body
        comment.stance = stance.value if stance else None
        comment.version += 1
        if moment - comment.created_at > grace:
            comment.edited_at = moment
    number = (session.scalar(select(func.max(Revision.number)).where(Revision.comment_id == comment.id)) or 0) + 1
    add_revision(session, comment, number=number, at=moment)


def move(session: Session, place: Place, event: str) -> None:
    """Move a comment to the state that ``event`` leads to. Raises Refusal ``illegal-transition`` with the events that are allowed."""
    comment = place.comment
    require_move(comment, event)
    with counted(session, place):
        comment.state = MOVES[event][1].value
        comment.version += 1
        comment.withdrawn_at = now() if comment.state == State.WITHDRAWN else None


def require_move(comment: Comment, event: str) -> None:
    """Raise Refusal ``illegal-transition`` unless ``event`` may happen to the comment in its present state."""
    if comment.state not in MOVES[event][0]:
        allowed = allowed_events(State(comment.state))
        raise Refusal(
            Kind.ILLEGAL_TRANSITION,
            sentence(
                "A comment that is %(state)s cannot do this: %(event)s. Allowed: %(allowed)s.",
                state=STATE_WORDS[State(comment.state)],
                event=EVENT_WORDS[event],
                allowed=tuple(EVENT_WORDS[each] for each in allowed) or sentence("nothing"),
            ),
            allowed=allowed,
        )


def add_revision(session: Session, comment: Comment, *, number: int, at: datetime) -> None:
    """Keep the comment's present text and stance as a revision."""
    session.add(Revision(comment_id=comment.id, number=number, body_md=comment.body_md or "", stance=comment.stance, created_at=at))
    session.flush()
