"""HTML doors of an author's marks: pin or feature a comment, close the discussion or open it again."""

from datetime import timedelta

from flask import flash
from flask_babel import gettext as _

from forum.access.permissions import Permission
from forum.accounts.errands import ask_to_sign_in
from forum.articles.models import Article
from forum.articles.present import present_articles
from forum.clock import now
from forum.comments.states import State
from forum.desk.forms import ClosingForm, MarkForm, beginning_of
from forum.desk.marks import FEATURED_MAX, close, feature, pin, reopen, unfeature, unpin
from forum.desk.steps import Marked, load_marked
from forum.posting.addresses import comment_address
from forum.posting.discussion import load_article_by_slug, read_marks, read_one
from forum.refusals import Refusal
from forum.web.doors import AnyCall, Call
from forum.web.forms import Form, filled_form, is_expired, refused_form
from forum.web.pages import Page, PageDoors, Redirect

doors = PageDoors("marks")


@doors.door("GET", "/c/<id:comment_id>/mark", Permission.COMMENT_MARK, load=load_marked)
def show_mark(call: Call[Marked, None, None]) -> Page:
    """Show what the author of the article can do with a comment of it."""
    return _marking(call, filled_form(why=call.thing.comment.featured))


def redisplay_mark(call: AnyCall, refusal: Refusal) -> Page:
    """Say why a mark was refused, with the form to try again."""
    if is_expired(refusal, signed_in=call.viewer.is_signed_in):
        return ask_to_sign_in(call.session, then=f"/c/{call.path['comment_id']}/mark")
    return _marking(call, refused_form(refusal))


@doors.door("POST", "/c/<id:comment_id>/mark", Permission.COMMENT_MARK, load=load_marked, body=MarkForm, redisplay=redisplay_mark)
def save_mark(call: Call[Marked, MarkForm, None]) -> Redirect:
    """Pin or feature a comment, or take that back, and land on it."""
    session, comment_id, body = call.session, call.thing.comment.id, call.body
    if body.mark == "pin":
        pin(session, comment_id)
        flash(_("This thread comes first now, whatever the order."))
    elif body.mark == "unpin":
        unpin(session, comment_id)
        flash(_("It is no longer pinned."))
    elif body.mark == "feature":
        feature(session, comment_id, body.why)
        flash(_("This thread is featured, with your line."))
    else:
        unfeature(session, comment_id)
        flash(_("It is no longer featured."))
    return Redirect(comment_address(comment_id))


def _marking(call: AnyCall, form: Form) -> Page:
    session, comment, article = call.session, call.thing.comment, call.thing.article
    shown = read_one(session, call.viewer, comment.id)
    context = {
        "comment": shown,
        "marks": read_marks(session, call.viewer, article, [shown]),
        "article": present_articles(session, [article])[0],
        "form": form,
        "is_root": comment.depth == 0,
        "is_visible": comment.state == State.VISIBLE,
        "is_own": comment.author_id in article.author_ids,
        "most": FEATURED_MAX,
    }
    return Page("desk/mark.html", context)


@doors.door("GET", "/a/<slug>/closing", Permission.ARTICLE_EDIT, load=load_article_by_slug)
def show_closing(call: Call[Article, None, None]) -> Page:
    """Show the form that closes a discussion or opens it again."""
    article = call.thing
    form = filled_form(reason=article.closed_reason, reopens_on=article.reopens_at.date() if article.reopens_at else None)
    return _closing(call, form)


def redisplay_closing(call: AnyCall, refusal: Refusal) -> Page:
    """Say why closing was refused, with the form to try again."""
    if is_expired(refusal, signed_in=call.viewer.is_signed_in):
        return ask_to_sign_in(call.session, then=f"/a/{call.path['slug']}/closing")
    return _closing(call, refused_form(refusal))


@doors.door("POST", "/a/<slug>/closing", Permission.ARTICLE_EDIT, load=load_article_by_slug, body=ClosingForm, redisplay=redisplay_closing)
def save_closing(call: Call[Article, ClosingForm, None]) -> Redirect:
    """Close a discussion with a public reason, or open it again."""
    article, body = call.thing, call.body
    if body.open:
        reopen(call.session, article.id)
        flash(_("The discussion is open again."))
    else:
        close(call.session, article.id, reason=body.reason, reopens_at=beginning_of(body.reopens_on))
        flash(_("The discussion is closed. Everything stays readable, and tags stay open."))
    return Redirect(f"/a/{article.slug}")


def _closing(call: AnyCall, form: Form) -> Page:
    article = present_articles(call.session, [call.thing])[0]
    return Page("desk/closing.html", {"article": article, "form": form, "tomorrow": (now() + timedelta(days=1)).date()})
