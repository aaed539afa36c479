"""HTML doors by which an author says that a later part of the series answers a thread, or takes that back."""

from typing import Annotated, Literal

import msgspec
from flask import flash
from flask_babel import gettext as _
from msgspec import Meta

from forum.access.permissions import Permission
from forum.accounts.errands import ask_to_sign_in
from forum.articles.models import Article
from forum.articles.present import present_articles
from forum.comments.queries import get_comment
from forum.comments.schemas import RowId
from forum.posting.addresses import comment_address
from forum.posting.continuing import continue_thread, discontinue_thread
from forum.posting.discussion import read_one
from forum.posting.series_queries import find_continuations, list_later_parts
from forum.posting.series_schemas import LINE_MAX
from forum.posting.series_steps import load_continued
from forum.refusals import Kind, Refusal
from forum.web.doors import AnyCall, Call
from forum.web.forms import Form, filled_form, is_expired, refused_form
from forum.web.pages import Page, PageDoors, Redirect

doors = PageDoors("series")


class ContinueForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The later part that answers a thread and a line about it, or the wish to take that back."""

    article_id: RowId | None = None
    line: Annotated[str, Meta(max_length=LINE_MAX * 10)] = ""
    remove: Literal["1"] | None = None


@doors.door("GET", "/c/<id:comment_id>/continue", Permission.COMMENT_CONTINUE, load=load_continued, framed=True)
def show_continuation(call: Call[Article, None, None]) -> Page:
    """Show the form in which an author says where a thread is answered, with what was said so far."""
    comment_id = call.path["comment_id"]
    if get_comment(call.session, comment_id).depth > 0:
        raise Refusal(Kind.CONFLICT, "Only a whole thread can be answered in a later part: mark its first comment.")
    known = find_continuations(call.session, call.thing, [comment_id]).get(comment_id)
    return _form(call, filled_form(article_id=known.article.id, line=known.line) if known else Form())


def redisplay_continuation(call: AnyCall, refusal: Refusal) -> Page:
    """Say why a mark was refused, with the form as it was sent; a visitor signs in first."""
    if is_expired(refusal, signed_in=call.viewer.is_signed_in):
        return ask_to_sign_in(call.session, then=f"/c/{call.path['comment_id']}/continue")
    return _form(call, refused_form(refusal))


@doors.door(
    "POST",
    "/c/<id:comment_id>/continue",
    Permission.COMMENT_CONTINUE,
    load=load_continued,
    body=ContinueForm,
    redisplay=redisplay_continuation,
    framed=True,
)
def save_continuation(call: Call[Article, ContinueForm, None]) -> Redirect:
    """Say that a thread is answered in a later part, or take that back, and land on the thread."""
    comment_id, body = call.path["comment_id"], call.body
    if body.remove:
        discontinue_thread(call.session, comment_id)
        flash(_("The thread is no longer marked as answered elsewhere."))
    else:
        continue_thread(call.session, call.viewer, comment_id, article_id=body.article_id, line=body.line)
        flash(_("Everybody can see now where you answered this. Whoever wrote or doubted it is told once."))
    return Redirect(comment_address(comment_id))


def _form(call: AnyCall, form: Form) -> Page:
    comment_id = call.path["comment_id"]
    context = {
        "article": present_articles(call.session, [call.thing])[0],
        "comment": read_one(call.session, call.viewer, comment_id),
        "parts": list_later_parts(call.session, call.thing, call.viewer.account_id or 0),
        "known": find_continuations(call.session, call.thing, [comment_id]).get(comment_id),
        "form": form,
    }
    return Page("posting/continue.html", context)
