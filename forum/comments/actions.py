"""Writes of comments: store a new one, change its text, move it to another state. Actions flush and never commit.

Every write runs inside ``counted``, so that the counts above a comment follow it. Who may cause what, the log and the review queue are
matters of the rooms above.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from forum.articles.models import Article
from forum.clock import now
from forum.comments.attention import desk_base, desk_rank
from forum.comments.counts import Place, add_counted, counted
from forum.comments.models import Comment, Revision
from forum.comments.stance import Stance
from forum.comments.states import EVENT_WORDS, MOVES, STATE_WORDS, WRITERS_EVENTS, RevisionState, State, allowed_events
from forum.db.direct import write
from forum.db.rows import insert_of, insert_row, next_ids
from forum.jobs.happening import Happening, happened
from forum.refusals import Kind, Refusal
from forum.sentences import sentence
from forum.text.fingerprint import fingerprint

# Told inside ``counted`` when a comment that readers can see has taken another stance: an author's decision about it may be over.
on_other_stance: list[Callable[[Session, Comment], None]] = []

# Written once, and past the unit of work: each post runs it.
_STORE_REVISION = insert_of(
    Revision, "comment_id", "number", "body_md", "stance", "state", "body_html", "renderer", "redacted_id", "created_at"
)


@dataclass(frozen=True)
class Text:
    """A text as it is stored: source (None: it came as HTML), HTML, the renderer's version and what tells it from others."""

    body_md: str | None
    html: str
    renderer: int
    fingerprint: str | None = None


@dataclass(frozen=True)
class NewComment:
    """A comment about to be stored: its text as typed and as rendered, already checked. Nobody is told of one that has a ``created_at``: it is older.

    ``edited_at`` and ``lead`` are what an older one had already.
    """

    body_md: str | None
    body_html: str
    renderer: int
    stance: Stance | None
    author_id: int
    created_at: datetime | None = None
    fingerprint: str | None = None
    edited_at: datetime | None = None
    lead: int = 0


def store(
    session: Session, article: Article, parent: Comment | None, root: Comment | None, new: NewComment, *, state: State = State.VISIBLE
) -> Comment:
    """Store a comment below ``parent`` (None: a root), all locked by the caller, with its first revision, and return it; ``state`` is visible or held."""
    moment = new.created_at or now()
    comment = Comment(
        site_id=article.site_id,
        article_id=article.id,
        parent_id=parent.id if parent else None,
        root_id=root.id if root else None,
        depth=parent.depth + 1 if parent else 0,
        author_id=new.author_id,
        state=state.value,
        stance=new.stance.value if new.stance else None,
        body_md=new.body_md,
        body_html=new.body_html,
        renderer=new.renderer,
        fingerprint=new.fingerprint,
        created_at=moment,
        activity_at=moment,
        edited_at=new.edited_at,
        version=1,
        lead=new.lead,
        listed=False,
        doubt_rank=0,
    )
    _rank(comment)
    place = Place(article, root or comment, parent, comment)
    if state is State.VISIBLE:
        _publish(comment, moment)
    if root is None:
        # Known before it is written: in one statement, each index is written once.
        comment.id = comment.root_id = next_ids(session, Comment, 1)[0]
    insert_row(session, comment)
    first = Text(comment.body_md, comment.body_html or "", comment.renderer)
    write(session, _STORE_REVISION, _revision_values(comment, 1, first, new.stance, at=moment))
    if state is State.VISIBLE:
        add_counted(session, place)
        if new.created_at is None:
            say(session, Happening.COMMENT_PUBLISHED, comment)
    return comment


def say(session: Session, kind: Happening, comment: Comment) -> None:
    """Leave word of what happened to a comment."""
    happened(session, kind, site_id=comment.site_id, article_id=comment.article_id, comment_id=comment.id)


def change(session: Session, place: Place, *, text: Text | None, stance: Stance | None, grace: timedelta) -> None:
    """Give a comment a new text (None: as it is) or stance and keep the revision. Raises Refusal ``illegal-transition`` in states that cannot be edited.

    What is visible and older than ``grace`` is marked as edited. An edit that still waited is replaced by this one.
    """
    comment = place.comment
    require_move(comment, "edit")
    moment = now()
    with counted(session, place):
        _change(session, comment, text, stance)
        comment.version += 1
        if comment.listed and moment - comment.created_at > grace:
            comment.edited_at = moment
    replace_waiting(session, comment.id)
    add_revision(session, comment, text_of(comment), stance, at=moment)
    if comment.state == State.VISIBLE:
        say(session, Happening.COMMENT_EDITED, comment)


def propose(session: Session, place: Place, *, text: Text | None, stance: Stance | None) -> Revision:
    """Keep a new text or stance of a comment as a revision that waits, and return it; what readers see stays the last accepted one."""
    comment = place.comment
    require_move(comment, "edit")
    replace_waiting(session, comment.id)
    comment.version += 1
    return add_revision(session, comment, text or text_of(comment), stance, at=now(), state=RevisionState.HELD)


def accept(session: Session, place: Place, revision: Revision) -> None:
    """Make a waiting revision the comment's text, marked as edited."""
    with counted(session, place):
        text = Text(revision.body_md, revision.body_html or "", revision.renderer or place.comment.renderer, fingerprint(revision.body_md))
        _change(session, place.comment, text, Stance(revision.stance) if revision.stance else None)
        place.comment.version += 1
        place.comment.edited_at = now()
        revision.state = RevisionState.ACCEPTED.value
    say(session, Happening.COMMENT_EDITED, place.comment)


def redact(session: Session, place: Place, text: Text, *, by: int) -> Revision:
    """Replace a comment's text by a redacted one and keep every earlier text from readers; return the new revision. ``by``: the decision's id."""
    comment = place.comment
    with counted(session, place):
        _take(comment, text, Stance(comment.stance) if comment.stance else None)
        comment.version += 1
        comment.edited_at = now()
        session.execute(
            update(Revision)
            .where(Revision.comment_id == comment.id, Revision.state == RevisionState.ACCEPTED.value)
            .values(state=RevisionState.REDACTED.value, redacted_id=by)
        )
    say(session, Happening.COMMENT_EDITED, comment)
    return add_revision(session, comment, text_of(comment), Stance(comment.stance) if comment.stance else None, at=now())


def unredact(session: Session, place: Place, original: Text, *, by: int, since: datetime, grace: timedelta) -> None:
    """Let readers have the texts again that the redaction ``by``, made at ``since``, keeps from them; ``original`` is the newest of these, rendered.

    It becomes the comment's text, unless its writer has changed that since; the redacted text goes out of the history, and "edited" is said as before.
    """
    comment = place.comment
    kept, made = _redaction(session, comment.id, by, since)
    with counted(session, place):
        if made is not None:
            made.state = RevisionState.REPLACED.value
        for revision in kept:
            revision.state, revision.redacted_id = RevisionState.ACCEPTED.value, None
        if made is not None and comment.body_md == made.body_md:
            _take(comment, original, Stance(comment.stance) if comment.stance else None)
            newest = kept[-1].created_at
            comment.edited_at = newest if newest - comment.created_at > grace else None
        comment.version += 1
    say(session, Happening.COMMENT_EDITED, comment)
    last = session.scalars(
        select(Revision)
        .where(Revision.comment_id == comment.id, Revision.state == RevisionState.ACCEPTED.value)
        .order_by(Revision.number.desc())
        .limit(1)
    ).one()
    if last.body_md != comment.body_md:
        add_revision(session, comment, text_of(comment), Stance(comment.stance) if comment.stance else None, at=now())


def pass_on_redaction(session: Session, comment_id: int, *, by: int, since: datetime, to: int) -> None:
    """Let a later redaction ``to`` be what keeps the texts from readers that ``by`` kept from them; the text that ``by`` had made goes out of the history."""
    kept, made = _redaction(session, comment_id, by, since)
    for revision in kept:
        revision.redacted_id = to
    if made is not None:
        made.state, made.redacted_id = RevisionState.REPLACED.value, None
    session.flush()


def move(session: Session, place: Place, event: str, *, to: State | None = None) -> None:
    """Move a comment to the state that ``event`` leads to, or to ``to`` where it leads to several.

    Raises Refusal ``illegal-transition`` with the events that are allowed.
    """
    comment = place.comment
    require_move(comment, event)
    targets = MOVES[event][State(comment.state)]
    target = to or targets[0]
    if target not in targets:
        raise ValueError(f"{event} does not lead from {comment.state} to {target}")
    with counted(session, place):
        if target is State.WITHDRAWN:
            comment.withdrawn_at, comment.withdrawn_from = now(), comment.state
        else:
            comment.withdrawn_at = comment.withdrawn_from = None
        comment.state = target.value
        comment.version += 1
        if target is State.VISIBLE and not comment.listed:
            _publish(comment, now())


def require_move(comment: Comment, event: str, *, among: tuple[str, ...] = WRITERS_EVENTS) -> None:
    """Raise Refusal ``illegal-transition`` unless ``event`` may happen to the comment in its present state; names those ``among`` that may."""
    if State(comment.state) not in MOVES[event]:
        allowed = allowed_events(State(comment.state), among)
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


def add_revision(
    session: Session, comment: Comment, text: Text, stance: Stance | None, *, at: datetime, state: RevisionState = RevisionState.ACCEPTED
) -> Revision:
    """Keep a text and stance as the comment's newest revision and return it."""
    number = (session.scalar(select(func.max(Revision.number)).where(Revision.comment_id == comment.id)) or 0) + 1
    revision = Revision(**_revision_values(comment, number, text, stance, at=at, state=state))
    session.add(revision)
    session.flush()
    return revision


def _revision_values(
    comment: Comment, number: int, text: Text, stance: Stance | None, *, at: datetime, state: RevisionState = RevisionState.ACCEPTED
) -> dict[str, Any]:
    waits = state is RevisionState.HELD
    return {
        "comment_id": comment.id,
        "number": number,
        "body_md": text.body_md or "",
        "stance": stance.value if stance else None,
        "state": state.value,
        "body_html": text.html if waits else None,
        "renderer": text.renderer if waits else None,
        "redacted_id": None,
        "created_at": at,
    }


def replace_waiting(session: Session, comment_id: int, *, state: RevisionState = RevisionState.REPLACED) -> None:
    """Give up the revision of a comment that waits, if there is one: it was replaced, or declined."""
    waiting = update(Revision).where(Revision.comment_id == comment_id, Revision.state == RevisionState.HELD.value)
    session.execute(waiting.values(state=state.value))


def _redaction(session: Session, comment_id: int, by: int, since: datetime) -> tuple[list[Revision], Revision | None]:
    """Return the texts that a redaction keeps from readers, oldest first, and the one that it made of them; none that was destroyed."""
    texts = select(Revision).where(Revision.comment_id == comment_id).order_by(Revision.number)
    is_kept = (Revision.redacted_id == by, Revision.state == RevisionState.REDACTED.value, Revision.body_md != "")
    kept = list(session.scalars(texts.where(*is_kept)))
    if not kept:
        return [], None
    stood = (RevisionState.ACCEPTED.value, RevisionState.REDACTED.value)
    after = texts.where(Revision.number > kept[-1].number, Revision.created_at >= since, Revision.state.in_(stood))
    return kept, session.scalar(after.limit(1))


def _publish(comment: Comment, moment: datetime) -> None:
    comment.listed, comment.published_at = True, moment
    comment.activity_at = max(comment.activity_at, moment)


def _change(session: Session, comment: Comment, text: Text | None, stance: Stance | None) -> None:
    before = comment.stance
    _take(comment, text, stance)
    if comment.stance != before:
        for listener in on_other_stance:
            listener(session, comment)


def _take(comment: Comment, text: Text | None, stance: Stance | None) -> None:
    if text is not None:
        comment.body_md, comment.body_html, comment.renderer, comment.fingerprint = text.body_md, text.html, text.renderer, text.fingerprint
    comment.stance = stance.value if stance else None
    _rank(comment)


def _rank(comment: Comment) -> None:
    comment.desk_base = desk_base(comment.stance, comment.body_md)
    comment.desk_rank = desk_rank(comment.desk_base, -comment.doubt_rank)


def text_of(comment: Comment) -> Text:
    """Return the present text of a comment."""
    return Text(comment.body_md, comment.body_html or "", comment.renderer, comment.fingerprint)
