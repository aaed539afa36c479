"""JSON doors of a discussion: read it, comment, edit, withdraw, look at context and history."""

from forum.access.permissions import Permission
from forum.access.viewer import DEFAULT_SITE_ID
from forum.articles.models import Article
from forum.comments.models import Comment
from forum.comments.present import is_text_public, present_revision
from forum.comments.queries import list_revisions
from forum.comments.schemas import (
    CommentIn,
    CommentOut,
    CommentPatch,
    ContextOut,
    MineOut,
    MineQuery,
    RepliesOut,
    RepliesQuery,
    RevisionsOut,
    ThreadPageOut,
    ThreadQuery,
)
from forum.comments.states import State
from forum.posting.discussion import load_article, load_comment, read_context, read_discussion, read_mine, read_one, read_replies
from forum.posting.prepare import PreparedBody, prepare_body
from forum.posting.replicas import version_around_comment, version_of_article
from forum.posting.revise import revise, unwithdraw, withdraw
from forum.posting.submit import submit
from forum.refusals import Kind
from forum.web.caching import entity_tag
from forum.web.doors import Answer, AnyCall, ApiDoors, Call
from forum.web.keeping import Keep, keep

doors = ApiDoors("posting")
READS = (Kind.NOT_FOUND,)
CHANGES = (Kind.NOT_FOUND, Kind.RATE_LIMITED, Kind.ILLEGAL_TRANSITION)


def tag_of_discussion(call: AnyCall) -> str:
    """Return the entity tag of anything that shows an article's discussion: its version and what was asked."""
    return entity_tag(
        call.thing.version, "discussion", call.thing.id, call.query, call.viewer.account_id if getattr(call.query, "by", "") == "me" else ""
    )


def tag_of_comment(call: AnyCall) -> str:
    """Return the entity tag of anything that shows one comment: its version, the discussion's, and whether its own writer asks."""
    # Held, so that the view finds it in the session instead of reading it again.
    call.prepared = article = call.session.get(Article, call.thing.article_id)
    return entity_tag(
        call.thing.version, call.thing.id, article.version if article else 0, call.query, call.thing.author_id == call.viewer.account_id
    )


@doors.door(
    "GET",
    "/articles/<id:article_id>/comments",
    Permission.ARTICLE_READ,
    load=load_article,
    query=ThreadQuery,
    answers={200: ThreadPageOut},
    problems=(*READS, Kind.BAD_CURSOR),
    etag=tag_of_discussion,
    kept=True,
    lags=version_of_article,
)
def list_comments(call: Call[Article, None, ThreadQuery]) -> Answer:
    """List an article's discussion: a page of roots with the beginning of each thread, or of matches."""
    if call.query.by != "me":
        keep(Keep(call.thing.id, (call.thing.version,)))
    return Answer(read_discussion(call.session, call.viewer, call.thing, call.query))


def prepare_comment(call: Call[Article, CommentIn, None]) -> PreparedBody:
    """Check and render the text before the transaction begins."""
    return prepare_body(call.body.body_md, reconsidered=call.body.reconsidered, site_id=DEFAULT_SITE_ID)


@doors.door(
    "POST",
    "/articles/<id:article_id>/comments",
    Permission.COMMENT_CREATE,
    load=load_article,
    prepare=prepare_comment,
    prepares_unloaded=True,
    body=CommentIn,
    answers={201: CommentOut, 202: CommentOut},
    problems=(Kind.NOT_FOUND, Kind.RATE_LIMITED, Kind.CLOSED, Kind.SANCTIONED, Kind.PLEASE_RECONSIDER),
)
def create_comment(call: Call[Article, CommentIn, None]) -> Answer:
    """Comment on an article, or answer a comment of it; 202: a moderator reads it before others can."""
    body = call.body
    comment = submit(call.session, call.viewer, call.thing.id, stance=body.stance, parent_id=body.parent_id, prepared=call.prepared)
    status = 202 if comment.state == State.HELD else 201
    return Answer(read_one(call.session, call.viewer, comment.id), status, location=f"/api/v1/comments/{comment.id}")


@doors.door(
    "GET",
    "/articles/<id:article_id>/mine",
    Permission.SELF_READ,
    load=load_article,
    query=MineQuery,
    answers={200: MineOut},
    problems=READS,
    private=True,
)
def get_mine(call: Call[Article, None, MineQuery]) -> Answer:
    """Show the caller's own marks on a page of comments: tags, what may be done, and own comments that others cannot read."""
    ids = [int(word) for word in call.query.ids.split(",")]
    return Answer(read_mine(call.session, call.viewer, call.thing, ids))


@doors.door(
    "GET",
    "/comments/<id:comment_id>",
    Permission.COMMENT_READ,
    load=load_comment,
    answers={200: CommentOut},
    problems=READS,
    etag=tag_of_comment,
    lags=version_around_comment,
)
def get_comment(call: Call[Comment, None, None]) -> Answer:
    """Show one comment."""
    return Answer(read_one(call.session, call.viewer, call.thing.id))


def prepare_change(call: Call[Comment, CommentPatch, None]) -> PreparedBody | None:
    """Check and render the new text, if one was sent, before the transaction begins."""
    body = call.body
    return prepare_body(body.body_md, reconsidered=body.reconsidered, site_id=DEFAULT_SITE_ID) if isinstance(body.body_md, str) else None


@doors.door(
    "PATCH",
    "/comments/<id:comment_id>",
    Permission.COMMENT_EDIT,
    load=load_comment,
    prepare=prepare_change,
    body=CommentPatch,
    answers={200: CommentOut, 202: CommentOut},
    problems=(*CHANGES, Kind.SANCTIONED, Kind.PLEASE_RECONSIDER),
    versioned=True,
)
def edit_comment(call: Call[Comment, CommentPatch, None]) -> Answer:
    """Change the text or the stance of one's own comment; after ten minutes it is marked as edited. 202: the change waits for a moderator."""
    waits = revise(call.session, call.viewer, call.thing.id, prepared=call.prepared, stance=call.body.stance)
    return Answer(read_one(call.session, call.viewer, call.thing.id), 202 if waits else 200)


@doors.door(
    "DELETE",
    "/comments/<id:comment_id>",
    Permission.COMMENT_WITHDRAW,
    load=load_comment,
    answers={204: None},
    problems=CHANGES,
    versioned=True,
)
def withdraw_comment(call: Call[Comment, None, None]) -> Answer:
    """Withdraw one's own comment: the text is hidden, its place and its replies stay; doing it twice is no error."""
    withdraw(call.session, call.viewer, call.thing.id)
    return Answer(status=204)


@doors.door(
    "DELETE",
    "/comments/<id:comment_id>/withdrawal",
    Permission.COMMENT_WITHDRAW,
    load=load_comment,
    answers={200: CommentOut},
    problems=CHANGES,
    versioned=True,
)
def undo_withdrawal(call: Call[Comment, None, None]) -> Answer:
    """Undo the withdrawal of one's own comment, within 30 days."""
    if call.thing.state == State.VISIBLE:
        return Answer(read_one(call.session, call.viewer, call.thing.id))
    comment = unwithdraw(call.session, call.viewer, call.thing.id)
    return Answer(read_one(call.session, call.viewer, comment.id))


@doors.door(
    "GET",
    "/comments/<id:comment_id>/replies",
    Permission.COMMENT_READ,
    load=load_comment,
    query=RepliesQuery,
    answers={200: RepliesOut},
    problems=READS,
    etag=tag_of_comment,
    lags=version_around_comment,
)
def list_replies(call: Call[Comment, None, RepliesQuery]) -> Answer:
    """List what is below a comment in id order, from the id `after` on."""
    return Answer(read_replies(call.session, call.thing, after=call.query.after, limit=call.query.limit))


@doors.door(
    "GET",
    "/comments/<id:comment_id>/context",
    Permission.COMMENT_READ,
    load=load_comment,
    answers={200: ContextOut},
    problems=READS,
    etag=tag_of_comment,
    lags=version_around_comment,
)
def get_context(call: Call[Comment, None, None]) -> Answer:
    """Show a comment with what it answers and the beginning of what is below it."""
    return Answer(read_context(call.session, call.viewer, call.thing))


@doors.door(
    "GET",
    "/comments/<id:comment_id>/revisions",
    Permission.COMMENT_READ,
    load=load_comment,
    answers={200: RevisionsOut},
    problems=READS,
    etag=tag_of_comment,
    lags=version_around_comment,
)
def get_revisions(call: Call[Comment, None, None]) -> Answer:
    """List the texts that a comment had, oldest first; without the texts where the caller may not read them."""
    own = call.viewer.is_signed_in and call.thing.author_id == call.viewer.account_id and call.thing.state != State.ERASED
    shown = is_text_public(call.thing) or own
    revisions = list_revisions(call.session, call.thing.id, everything=own)
    return Answer(RevisionsOut([present_revision(revision, shown=shown) for revision in revisions]))
