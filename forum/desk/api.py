"""JSON doors of the author's desk: what waits, what the author decides about it, marks, templates of replies, the note of being away."""

from forum.access.permissions import Permission
from forum.accounts.models import Account
from forum.articles.models import Article
from forum.articles.present import present_articles
from forum.articles.schemas import ArticleOut
from forum.clock import now
from forum.comments.schemas import CommentOut
from forum.desk.actions import attend, delete_template, end_away, save_template, set_away, unattend
from forum.desk.marks import close, feature, pin, reopen, unfeature, unpin
from forum.desk.models import ReplyTemplate
from forum.desk.present import present_attention, present_away, present_template
from forum.desk.queries import attended_by, list_templates
from forum.desk.schemas import (
    AttentionIn,
    AttentionOut,
    AwayIn,
    AwayNoteOut,
    ClosingIn,
    DeskOut,
    DeskQuery,
    FeatureIn,
    TemplateIn,
    TemplateOut,
    TemplatesOut,
)
from forum.desk.steps import Marked, load_marked, load_template, read_desk
from forum.posting.discussion import load_article, read_one
from forum.refusals import Kind
from forum.web.doors import Answer, AnyCall, ApiDoors, Call

doors = ApiDoors("desk")


@doors.door(
    "GET",
    "/desk",
    Permission.DESK_READ,
    query=DeskQuery,
    answers={200: DeskOut},
    problems=(Kind.BAD_CURSOR, Kind.NOT_FOUND),
    private=True,
)
def get_desk(call: Call[None, None, DeskQuery]) -> Answer:
    """List the comments on one's own articles that wait for an answer, unanswered doubt first; or those that were replied to or set aside."""
    return Answer(read_desk(call.session, call.viewer, call.query))


@doors.door(
    "PUT",
    "/comments/<id:comment_id>/attention",
    Permission.COMMENT_MARK,
    load=load_marked,
    body=AttentionIn,
    answers={200: AttentionOut},
    problems=(Kind.NOT_FOUND, Kind.OWN_COMMENT, Kind.CONFLICT, Kind.SANCTIONED, Kind.RATE_LIMITED),
)
def set_attention(call: Call[Marked, AttentionIn, None]) -> Answer:
    """Thank for a comment on one's own article, say that it needs no reply, or set it aside until later."""
    place = attend(call.session, call.viewer, call.thing.comment.id, call.body.attention, until=call.body.until)
    return _attention(call, place.comment.id)


@doors.door(
    "DELETE",
    "/comments/<id:comment_id>/attention",
    Permission.COMMENT_MARK,
    load=load_marked,
    answers={200: AttentionOut},
    problems=(Kind.NOT_FOUND, Kind.SANCTIONED, Kind.RATE_LIMITED),
)
def delete_attention(call: Call[Marked, None, None]) -> Answer:
    """Let a comment wait again that was thanked for or set aside."""
    unattend(call.session, call.viewer, call.thing.comment.id)
    return _attention(call, call.thing.comment.id)


def _attention(call: AnyCall, comment_id: int) -> Answer:
    return Answer(present_attention(call.thing.comment, attended_by(call.session, [comment_id]).get(comment_id)))


@doors.door(
    "PUT",
    "/comments/<id:comment_id>/pin",
    Permission.COMMENT_MARK,
    load=load_marked,
    answers={200: CommentOut},
    problems=(Kind.NOT_FOUND, Kind.CONFLICT),
)
def set_pin(call: Call[Marked, None, None]) -> Answer:
    """Put a thread first in the discussion of one's own article, in place of the one that is there."""
    return _comment(call, pin(call.session, call.thing.comment.id).id)


@doors.door(
    "DELETE",
    "/comments/<id:comment_id>/pin",
    Permission.COMMENT_MARK,
    load=load_marked,
    answers={200: CommentOut},
    problems=(Kind.NOT_FOUND,),
)
def delete_pin(call: Call[Marked, None, None]) -> Answer:
    """Let a thread stand again where the order puts it."""
    return _comment(call, unpin(call.session, call.thing.comment.id).id)


@doors.door(
    "PUT",
    "/comments/<id:comment_id>/feature",
    Permission.COMMENT_MARK,
    load=load_marked,
    body=FeatureIn,
    answers={200: CommentOut},
    problems=(Kind.NOT_FOUND, Kind.CONFLICT),
)
def set_feature(call: Call[Marked, FeatureIn, None]) -> Answer:
    """Show a thread among the first of one's own article, with a line that says why; three at most."""
    return _comment(call, feature(call.session, call.thing.comment.id, call.body.why).id)


@doors.door(
    "DELETE",
    "/comments/<id:comment_id>/feature",
    Permission.COMMENT_MARK,
    load=load_marked,
    answers={200: CommentOut},
    problems=(Kind.NOT_FOUND,),
)
def delete_feature(call: Call[Marked, None, None]) -> Answer:
    """Take a thread out of the featured ones."""
    return _comment(call, unfeature(call.session, call.thing.comment.id).id)


def _comment(call: AnyCall, comment_id: int) -> Answer:
    return Answer(read_one(call.session, call.viewer, comment_id))


@doors.door(
    "PUT",
    "/articles/<id:article_id>/closing",
    Permission.ARTICLE_EDIT,
    load=load_article,
    body=ClosingIn,
    answers={200: ArticleOut},
    problems=(Kind.NOT_FOUND,),
)
def set_closing(call: Call[Article, ClosingIn, None]) -> Answer:
    """Close an article's discussion to new comments with a public reason, until it is opened or until a moment."""
    return _article(call, close(call.session, call.thing.id, reason=call.body.reason, reopens_at=call.body.reopens_at))


@doors.door(
    "DELETE",
    "/articles/<id:article_id>/closing",
    Permission.ARTICLE_EDIT,
    load=load_article,
    answers={200: ArticleOut},
    problems=(Kind.NOT_FOUND,),
)
def delete_closing(call: Call[Article, None, None]) -> Answer:
    """Open an article's discussion again."""
    return _article(call, reopen(call.session, call.thing.id))


def _article(call: AnyCall, article: Article) -> Answer:
    return Answer(present_articles(call.session, [article], with_text=True)[0])


@doors.door("GET", "/desk/templates", Permission.DESK_READ, answers={200: TemplatesOut}, private=True)
def list_own_templates(call: Call[None, None, None]) -> Answer:
    """List one's templates of replies."""
    return Answer(TemplatesOut([present_template(template) for template in list_templates(call.session, _account_id(call))]))


@doors.door("POST", "/desk/templates", Permission.DESK_EDIT, body=TemplateIn, answers={201: TemplateOut}, problems=(Kind.CONFLICT,))
def create_template(call: Call[None, TemplateIn, None]) -> Answer:
    """Keep a text that replies begin with, up to twenty of them; it must be changed before it is sent."""
    template = save_template(call.session, _account_id(call), title=call.body.title, body_md=call.body.body_md)
    return Answer(present_template(template), 201, location=f"/api/v1/desk/templates/{template.id}")


@doors.door(
    "PUT",
    "/desk/templates/<id:template_id>",
    Permission.DESK_EDIT,
    load=load_template,
    body=TemplateIn,
    answers={200: TemplateOut},
    problems=(Kind.NOT_FOUND,),
)
def edit_template(call: Call[ReplyTemplate, TemplateIn, None]) -> Answer:
    """Change a template of replies."""
    body = call.body
    template = save_template(call.session, _account_id(call), title=body.title, body_md=body.body_md, template=call.thing)
    return Answer(present_template(template))


@doors.door(
    "DELETE",
    "/desk/templates/<id:template_id>",
    Permission.DESK_EDIT,
    load=load_template,
    answers={204: None},
    problems=(Kind.NOT_FOUND,),
)
def remove_template(call: Call[ReplyTemplate, None, None]) -> Answer:
    """Delete a template of replies."""
    delete_template(call.session, call.thing)
    return Answer(status=204)


@doors.door("GET", "/me/away", Permission.DESK_READ, answers={200: AwayNoteOut}, private=True)
def get_away(call: Call[None, None, None]) -> Answer:
    """Show what one's articles say of one's being away."""
    return Answer(present_away(call.session.get_one(Account, _account_id(call)), now()))


@doors.door("PUT", "/me/away", Permission.DESK_EDIT, body=AwayIn, answers={200: AwayNoteOut})
def put_away(call: Call[None, AwayIn, None]) -> Answer:
    """Have one's articles say that one is away, until a moment."""
    return Answer(present_away(set_away(call.session, _account_id(call), note=call.body.note, until=call.body.until), now()))


@doors.door("DELETE", "/me/away", Permission.DESK_EDIT, answers={200: AwayNoteOut})
def delete_away(call: Call[None, None, None]) -> Answer:
    """Take the note of being away back."""
    return Answer(present_away(end_away(call.session, _account_id(call)), now()))


def _account_id(call: AnyCall) -> int:
    account_id = call.viewer.account_id
    assert account_id is not None, "the permission table lets nobody in without an account"
    return account_id
