"""The life of a new comment, in the order in which it happens; reads like the list in ARCHITECTURE.md."""

from sqlalchemy.orm import Session

from forum.access.viewer import Viewer
from forum.articles.models import Article
from forum.articles.queries import hold_article
from forum.comments import actions
from forum.comments.counts import Place
from forum.comments.models import Comment
from forum.comments.queries import is_locked, lock_comments, newest_revision
from forum.comments.stance import Stance
from forum.comments.states import STATE_WORDS, State
from forum.moderation.facts import Spot, gather
from forum.moderation.intake import holds, judge, take_in
from forum.moderation.reconsidering import Asked
from forum.posting.own_words import require_own_words
from forum.posting.prepare import PreparedBody
from forum.refusals import Fault, Kind, Refusal, invalid
from forum.sanctions.kinds import Activity
from forum.sanctions.queries import require_free
from forum.sentences import sentence
from forum.web.limits import charge


def submit(
    session: Session, viewer: Viewer, article_id: int, *, stance: Stance | None, parent_id: int | None, prepared: PreparedBody
) -> Comment:
    """Store a comment by ``viewer`` and return it, counted and visible, or held where screening says so.

    Raises Refusal: ``closed``, ``validation`` (parent elsewhere or not open to replies, or a rule refuses the text), ``sanctioned``,
    ``rate-limited``, ``please-reconsider``.
    """
    charge(session, "comment_rate", str(viewer.account_id))
    article = hold_article(session, article_id)
    require_free(session, viewer.account_id, article.site_id, Activity.WRITE)
    if article.closed_at is not None:
        raise Refusal(Kind.CLOSED, "This discussion is closed to new comments; tags stay open.")
    require_own_words(session, viewer, article, prepared.body_md)
    parent, root = find_place(session, article, parent_id)
    assert viewer.account_id is not None, "the permission table lets nobody comment without an account"
    context = gather(session, viewer, Spot(article, parent), text=prepared.body_md, fingerprint=prepared.fingerprint)
    verdict = judge(
        session, context, Asked(viewer.account_id, f"{article.id}:{parent_id or ''}", prepared.reconsidered), seen=prepared.seen
    )
    new = actions.NewComment(
        prepared.body_md, prepared.html, prepared.renderer, stance, viewer.account_id, fingerprint=prepared.fingerprint
    )
    state = State.HELD if holds(verdict) else State.VISIBLE
    comment = actions.store(session, article, parent, root, new, state=state)
    if verdict.findings:
        take_in(session, Place(article, root or comment, parent, comment), newest_revision(session, comment.id), verdict)
    return comment


def find_place(session: Session, article: Article, parent_id: int | None) -> tuple[Comment | None, Comment | None]:
    """Return the locked parent and root for a reply to ``parent_id``, both None for a root. Raises Refusal ``validation`` or ``closed``."""
    if parent_id is None:
        return None, None
    known = session.get(Comment, parent_id)
    if known is None or known.article_id != article.id or not known.listed:
        raise invalid(Fault("/parent_id", "unknown-parent", "There is no such comment in this discussion to answer."))
    locked = lock_comments(session, [known.root_id, known.id])
    parent, root = locked[known.id], locked[known.root_id]
    if parent.state != State.VISIBLE:
        raise invalid(
            Fault(
                "/parent_id",
                "parent-hidden",
                sentence(
                    "The comment you answer is %(state)s now and takes no new replies; answer another, or the article.",
                    state=STATE_WORDS[State(parent.state)],
                ),
            )
        )
    if is_locked(session, parent, root):
        raise Refusal(Kind.CLOSED, "This thread is locked to new replies; tags stay open.")
    return parent, root
