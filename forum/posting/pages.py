"""HTML doors that write in a discussion: comment, reply, preview, edit, withdraw, tag. Those that read are in ``reading_pages``.

Every form works without JavaScript, and a text once typed comes back whatever was wrong with it. The script asks the same addresses.
"""

from typing import Any

from flask import flash, request
from flask_babel import gettext as _
from msgspec import to_builtins

from forum.access.permissions import Permission
from forum.access.predicates import is_writer
from forum.access.viewer import DEFAULT_SITE_ID
from forum.accounts.errands import ERRANDS, ask_to_sign_in
from forum.articles.models import Article
from forum.articles.present import present_articles
from forum.articles.queries import get_article
from forum.comments.models import Comment
from forum.comments.queries import lock_place
from forum.comments.schemas import CommentOut
from forum.comments.stance import Stance
from forum.comments.states import State
from forum.db.transaction import writing
from forum.posting import errands
from forum.posting.addresses import address_before, comment_address
from forum.posting.composer import Draft, show_answer, show_edit
from forum.posting.discussion import load_article_by_slug, load_comment, read_marks, read_one
from forum.posting.forms import CommentForm, ComposeQuery, EditForm, TagForm
from forum.posting.nudge import read_nudge
from forum.posting.prepare import PreparedBody, prepare_body
from forum.posting.revise import revise, unwithdraw, withdraw
from forum.posting.standing import read_standing
from forum.posting.submit import submit
from forum.refusals import Fault, Kind, Refusal, invalid
from forum.stances.actions import put_tag, remove_tag
from forum.web.doors import AnyCall, Call
from forum.web.forms import Form, filled_form, is_expired, refused_form, typed
from forum.web.limits import charge
from forum.web.pages import Page, PageDoors, Redirect

doors = PageDoors("posting")
ERRANDS.update(errands.KINDS)


@doors.door("GET", "/a/<slug>/comments", Permission.COMMENT_CREATE, load=load_article_by_slug, query=ComposeQuery, framed=True)
def show_composer(call: Call[Article, None, ComposeQuery]) -> Page:
    """Show the composer of an answer to the article."""
    return show_answer(call.session, call.viewer, call.thing, Draft(filled_form(stance=call.query.stand)))


def load_discussed(call: AnyCall) -> Article:
    """Load the article of the comment in the address: whether it may be answered is the article's matter. Raises Refusal ``not-found``."""
    return get_article(call.session, load_comment(call).article_id)


@doors.door("GET", "/c/<id:comment_id>/reply", Permission.COMMENT_CREATE, load=load_discussed, framed=True)
def show_reply(call: Call[Article, None, None]) -> Page:
    """Show the composer of an answer to a comment."""
    return show_answer(call.session, call.viewer, call.thing, Draft(filled_form(parent_id=call.path["comment_id"])))


def redisplay_answer(call: AnyCall, refusal: Refusal) -> Page:
    """Show the refused answer again; a visitor signs in first and gets it back."""
    article: Article = call.thing
    if is_expired(refusal, signed_in=call.viewer.is_signed_in):
        errand = errands.pack_text(article.id, body_md=typed("body_md"), stance=typed("stance"), parent_id=typed("parent_id"))
        return ask_to_sign_in(call.session, errand=errand, then=f"/a/{article.slug}")
    return show_answer(call.session, call.viewer, article, Draft(refused_form(refusal), nudge=read_nudge(refusal)))


def prepare_answer(call: AnyCall) -> PreparedBody:
    """Check and render the text before the transaction begins; for nobody unknown, since that costs work."""
    _require_account(call)
    return prepare_body(call.body.body_md, reconsidered=call.body.token, site_id=DEFAULT_SITE_ID)


@doors.door(
    "POST",
    "/a/<slug>/comments",
    Permission.COMMENT_CREATE,
    load=load_article_by_slug,
    prepare=prepare_answer,
    body=CommentForm,
    redisplay=redisplay_answer,
    framed=True,
)
def create_comment(call: Call[Article, CommentForm, None]) -> Redirect:
    """Post an answer to the article or to a comment of it, and land on it."""
    body = call.body
    comment = submit(call.session, call.viewer, call.thing.id, stance=body.stance, parent_id=body.parent_id, prepared=call.prepared)
    if comment.state == State.HELD:
        flash(_("Thank you. A person reads your comment before others can; you find it here."), f"posted:{comment.id}")
    else:
        flash(_("Your comment is posted."), f"posted:{comment.id}")
    return Redirect(comment_address(comment.id))


def prepare_preview(call: AnyCall) -> PreparedBody:
    """Charge the preview, then check and render the text."""
    _require_account(call)
    with writing() as session:
        charge(session, "preview_rate", str(call.viewer.account_id))
    return prepare_body(call.body.body_md)


@doors.door(
    "POST",
    "/a/<slug>/preview",
    Permission.COMMENT_PREVIEW,
    load=load_article_by_slug,
    prepare=prepare_preview,
    body=CommentForm,
    redisplay=redisplay_answer,
    framed=True,
)
def preview_comment(call: Call[Article, CommentForm, None]) -> Page:
    """Show how an answer will look, with its text in the composer."""
    return show_answer(call.session, call.viewer, call.thing, Draft(_sent(call.body), preview=call.prepared.html))


@doors.door("GET", "/c/<id:comment_id>/edit", Permission.COMMENT_EDIT, load=load_comment, framed=True)
def show_edit_form(call: Call[Comment, None, None]) -> Page:
    """Show the form that changes one's own comment."""
    comment = call.thing
    standing = read_standing(call.session, call.viewer, comment)
    # A change that waits is what its writer goes on from; readers see the text before it.
    begun = standing.waiting if standing and standing.waiting else comment
    form = filled_form(body_md=begun.body_md, stance=begun.stance, version=comment.version)
    return show_edit(call.session, call.viewer, comment.id, get_article(call.session, comment.article_id), Draft(form))


def redisplay_edit(call: AnyCall, refusal: Refusal) -> Page:
    """Show the refused change again; a visitor signs in first and gets it back."""
    comment: Comment = call.thing
    if is_expired(refusal, signed_in=call.viewer.is_signed_in):
        errand = errands.pack_edit(comment.id, body_md=typed("body_md"), stance=typed("stance"), version=typed("version"))
        return ask_to_sign_in(call.session, errand=errand, then=f"/c/{comment.id}")
    if not is_writer(call.viewer, call.thing):
        raise refusal
    article = get_article(call.session, comment.article_id)
    return show_edit(call.session, call.viewer, comment.id, article, Draft(refused_form(refusal), nudge=read_nudge(refusal)))


@doors.door(
    "POST",
    "/c/<id:comment_id>/edit",
    Permission.COMMENT_EDIT,
    load=load_comment,
    prepare=prepare_answer,
    body=EditForm,
    redisplay=redisplay_edit,
    framed=True,
)
def edit_comment(call: Call[Comment, EditForm, None]) -> Redirect:
    """Change the text or the stance of one's own comment."""
    comment = lock_place(call.session, call.thing.id).comment
    if comment.version != call.body.version:
        raise Refusal(Kind.STALE_VERSION, "This comment has changed since you opened the form. Compare, then save again.")
    if comment.state == State.REMOVED and call.prepared.body_md == comment.body_md:
        raise invalid(Fault("/body_md", "unchanged", "Change the text before you submit it again: the present one was removed."))
    waits = revise(call.session, call.viewer, comment.id, prepared=call.prepared, stance=call.body.stance)
    if waits or comment.state == State.HELD:
        flash(_("Your change is kept. A person reads it before others can."), f"posted:{comment.id}")
    else:
        flash(_("Your change is saved."), f"posted:{comment.id}")
    return Redirect(comment_address(comment.id))


@doors.door(
    "POST",
    "/c/<id:comment_id>/preview",
    Permission.COMMENT_EDIT,
    load=load_comment,
    prepare=prepare_preview,
    body=EditForm,
    redisplay=redisplay_edit,
    framed=True,
)
def preview_edit(call: Call[Comment, EditForm, None]) -> Page:
    """Show how a change will look, with its text in the form."""
    article = get_article(call.session, call.thing.article_id)
    return show_edit(call.session, call.viewer, call.thing.id, article, Draft(_sent(call.body), preview=call.prepared.html))


def redisplay_withdraw(call: AnyCall, refusal: Refusal) -> Page:
    """Say why a withdrawal or its undoing was refused, with the form to try again."""
    if is_expired(refusal, signed_in=call.viewer.is_signed_in):
        return ask_to_sign_in(call.session, then=f"/c/{call.thing.id}/withdraw")
    if not is_writer(call.viewer, call.thing):
        raise refusal
    return _withdrawal(call, refused_form(refusal))


@doors.door("GET", "/c/<id:comment_id>/withdraw", Permission.COMMENT_WITHDRAW, load=load_comment, framed=True)
def show_withdrawal(call: Call[Comment, None, None]) -> Page:
    """Ask whether to withdraw one's own comment or, when it is withdrawn, whether to undo that."""
    return _withdrawal(call, Form())


@doors.door(
    "POST", "/c/<id:comment_id>/withdraw", Permission.COMMENT_WITHDRAW, load=load_comment, redisplay=redisplay_withdraw, framed=True
)
def withdraw_comment(call: Call[Comment, None, None]) -> Redirect:
    """Withdraw one's own comment; its place and its replies stay."""
    withdraw(call.session, call.viewer, call.thing.id)
    flash(_("Your comment is withdrawn. You can undo this for some time."))
    return Redirect(comment_address(call.thing.id))


@doors.door(
    "POST", "/c/<id:comment_id>/unwithdraw", Permission.COMMENT_WITHDRAW, load=load_comment, redisplay=redisplay_withdraw, framed=True
)
def undo_withdrawal(call: Call[Comment, None, None]) -> Redirect:
    """Undo the withdrawal of one's own comment."""
    if call.thing.state != State.VISIBLE:
        unwithdraw(call.session, call.viewer, call.thing.id)
        flash(_("Your comment is back."))
    return Redirect(comment_address(call.thing.id))


@doors.door("GET", "/c/<id:comment_id>/tag", Permission.TAG_READ, load=load_comment, framed=True)
def show_tag(call: Call[Comment, None, None]) -> Page:
    """Show a comment with the form that tags it."""
    return _tagging(call, Form())


def redisplay_tag(call: AnyCall, refusal: Refusal) -> Page:
    """Say why a tag was refused, with the form to try again; a visitor signs in first and the tag is then set."""
    if is_expired(refusal, signed_in=call.viewer.is_signed_in):
        chosen = typed("stance") if not typed("remove") else ""
        errand = errands.pack_tag(call.thing.id, Stance(chosen) if chosen in set(Stance) else None)
        return ask_to_sign_in(call.session, errand=errand, then=f"/c/{call.thing.id}")
    return _tagging(call, refused_form(refusal))


@doors.door("POST", "/c/<id:comment_id>/tag", Permission.TAG_SET, load=load_comment, body=TagForm, redisplay=redisplay_tag, framed=True)
def save_tag(call: Call[Comment, TagForm, None]) -> Page | Redirect:
    """Tag a comment, change one's tag or remove it, and land on the comment."""
    comment_id, wanted = call.thing.id, call.body.wanted
    if wanted is None:
        remove_tag(call.session, call.viewer, comment_id)
    else:
        put_tag(call.session, call.viewer, comment_id, wanted)
    if request.headers.get("X-Requested-With") == "fetch":
        return Page("posting/tag_control.html", _one(call))
    flash(_("Your tag is saved.") if wanted else _("Your tag is removed."))
    return Redirect(address_before(comment_id))


def _require_account(call: AnyCall) -> None:
    if not call.viewer.is_signed_in:
        raise Refusal(Kind.UNAUTHENTICATED, "Please sign in first.")


def _sent(body: CommentForm | EditForm) -> Form:
    return filled_form(**to_builtins(body))


def _one(call: AnyCall) -> dict[str, Any]:
    article = get_article(call.session, call.thing.article_id)
    comment: CommentOut = read_one(call.session, call.viewer, call.thing.id)
    marks = read_marks(call.session, call.viewer, article, [comment])
    return {"comment": comment, "marks": marks, "article": present_articles(call.session, [article])[0]}


def _tagging(call: AnyCall, form: Form) -> Page:
    return Page("posting/tag.html", {**_one(call), "form": form})


def _withdrawal(call: AnyCall, form: Form) -> Page:
    return Page("posting/withdraw.html", {**_one(call), "form": form})
