"""HTML doors of the author's desk: what waits, one comment with its composer, templates of replies, the note of being away.

Every form works without a script; whoever has decided about a comment comes back to the one that follows it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from typing import get_args

from flask import flash
from flask_babel import gettext as _
from msgspec import to_builtins
from sqlalchemy.orm import Session

from forum.access.permissions import Permission
from forum.access.viewer import DEFAULT_SITE_ID, Viewer
from forum.accounts.errands import ask_to_sign_in
from forum.accounts.models import Account
from forum.clock import now
from forum.comments.queries import find_row
from forum.comments.states import State
from forum.db.transaction import writing
from forum.desk.actions import (
    LATER_BY_DEFAULT,
    attend,
    delete_template,
    end_away,
    save_template,
    set_away,
    unattend,
)
from forum.desk.forms import (
    AnswerQuery,
    AttentionForm,
    AwayForm,
    DeskReplyForm,
    Origin,
    TemplateForm,
    TemplateQuery,
    beginning_of,
    end_of,
    query_of,
)
from forum.desk.models import ReplyTemplate
from forum.desk.present import present_away, present_desk_article, present_one, present_template
from forum.desk.queries import get_template, list_own_articles, list_templates
from forum.desk.schemas import DeskItemOut, DeskQuery, Tab
from forum.desk.steps import Marked, load_marked, load_template, read_desk
from forum.posting.composer import Composer, Draft, restrain
from forum.posting.discussion import read_one
from forum.posting.errands import pack_text
from forum.posting.nudge import read_nudge
from forum.posting.prepare import PreparedBody, prepare_body
from forum.posting.submit import submit
from forum.refusals import Fault, Kind, Refusal, invalid, not_found
from forum.sentences import sentence
from forum.text.excerpt import excerpt
from forum.web.doors import AnyCall, Call
from forum.web.forms import Form, filled_form, is_expired, refused_form, typed
from forum.web.limits import charge
from forum.web.pages import Page, PageDoors, Redirect

doors = PageDoors("desk")
NO_FORM = Form()
EXCERPT = 145
"""Letters of a comment that the desk shows; the whole one is a link away."""


@dataclass(frozen=True)
class Card:
    """A comment as the desk lists it: the beginning of its text, whether there is more, and where its forms bring their sender back to."""

    item: DeskItemOut
    text: str
    is_cut: bool
    origin: Origin


def _cards(items: Sequence[DeskItemOut], here: Origin) -> list[Card]:
    following = [*(item.comment.id for item in items[1:]), None]
    cards = []
    for item, then in zip(items, following, strict=False):
        text = excerpt(item.comment.body_html or "", length=EXCERPT)
        cards.append(Card(item, text, text.endswith("…"), Origin(here.tab, here.article, here.group, then)))
    return cards


@doors.door("GET", "/desk", Permission.DESK_READ, query=DeskQuery)
def show_desk(call: Call[None, None, DeskQuery]) -> Page:
    """Show what waits for an answer on one's own articles, what was replied to, or what was set aside."""
    query, session = call.query, call.session
    desk = read_desk(session, call.viewer, query)
    here = {"tab": query.tab, "article": query.article, "group": query.group}
    cards = _cards(desk.items, Origin(query.tab, query.article, query.group))
    sections = groupby(cards, key=lambda card: card.item.group if query.tab == "waiting" else "")
    templates = list_templates(session, _account_id(call)) if query.tab == "waiting" else []
    context = {
        "desk": desk,
        "query": query,
        "tabs": get_args(Tab),
        "articles": [present_desk_article(article) for article in list_own_articles(session, _account_id(call))],
        "templates": [present_template(template) for template in templates],
        "following": "/desk" + query_of(**here, cursor=desk.next) if desk.next else None,
        "query_of": query_of,
        "is_first": query.cursor is None,
        "waiting": sum(desk.counts.values()) if desk.counts else 0,
        "tomorrow": (now() + timedelta(days=1)).date(),
        "in_a_week": (now() + LATER_BY_DEFAULT).date(),
        "away": present_away(session.get_one(Account, _account_id(call)), now()),
        "sections": [(name, list(found)) for name, found in sections],
    }
    return Page("desk/desk.html", context)


@doors.door("GET", "/desk/c/<id:comment_id>", Permission.COMMENT_MARK, load=load_marked, query=AnswerQuery)
def show_answer(call: Call[Marked, None, AnswerQuery]) -> Page:
    """Show one comment with what it answers and the composer of a reply, which a template may have filled."""
    chosen = get_template(call.session, _account_id(call), call.query.template) if call.query.template else None
    return _answering(call, Draft(filled_form(body_md=chosen.body_md) if chosen else NO_FORM))


def redisplay_answer(call: AnyCall, refusal: Refusal) -> Page:
    """Show why a reply or a decision was refused, with the text in the composer."""
    if is_expired(refusal, signed_in=call.viewer.is_signed_in):
        marked: Marked = call.thing
        text = {"body_md": typed("body_md"), "stance": typed("stance"), "parent_id": str(marked.comment.id)}
        errand = pack_text(marked.article.id, **text) if text["body_md"] else ""
        return ask_to_sign_in(call.session, errand=errand, then=f"/desk/c/{marked.comment.id}")
    return _answering(call, Draft(refused_form(refusal), nudge=read_nudge(refusal)))


def prepare_reply(call: AnyCall) -> PreparedBody:
    """Check and render the text before the transaction begins."""
    if not call.viewer.is_signed_in:
        raise Refusal(Kind.UNAUTHENTICATED, "Please sign in first.")
    return prepare_body(call.body.body_md, reconsidered=call.body.token, site_id=DEFAULT_SITE_ID)


@doors.door(
    "POST",
    "/desk/c/<id:comment_id>/reply",
    Permission.COMMENT_MARK,
    load=load_marked,
    prepare=prepare_reply,
    body=DeskReplyForm,
    query=Origin,
    redisplay=redisplay_answer,
)
def reply(call: Call[Marked, DeskReplyForm, Origin]) -> Redirect:
    """Answer a comment from the desk, and come back to the desk."""
    comment_id, article_id = call.thing.comment.id, call.thing.article.id
    made = submit(call.session, call.viewer, article_id, stance=call.body.stance, parent_id=comment_id, prepared=call.prepared)
    if made.state == State.HELD:
        flash(_("A person reads your reply before others can; until then the comment stays on your desk."), f"posted:{made.id}")
    else:
        flash(_("Your reply is posted."), f"posted:{made.id}")
    return Redirect(call.query.address)


def prepare_preview(call: AnyCall) -> PreparedBody:
    """Charge the preview, then check and render the text."""
    if not call.viewer.is_signed_in:
        raise Refusal(Kind.UNAUTHENTICATED, "Please sign in first.")
    with writing() as session:
        charge(session, "preview_rate", str(call.viewer.account_id))
    return prepare_body(call.body.body_md)


@doors.door(
    "POST",
    "/desk/c/<id:comment_id>/preview",
    Permission.COMMENT_MARK,
    load=load_marked,
    prepare=prepare_preview,
    body=DeskReplyForm,
    query=Origin,
    redisplay=redisplay_answer,
)
def preview(call: Call[Marked, DeskReplyForm, Origin]) -> Page:
    """Show how a reply will look, with its text in the composer."""
    return _answering(call, Draft(filled_form(**to_builtins(call.body)), preview=call.prepared.html))


@doors.door(
    "POST",
    "/desk/c/<id:comment_id>/attention",
    Permission.COMMENT_MARK,
    load=load_marked,
    body=AttentionForm,
    query=Origin,
    redisplay=redisplay_answer,
)
def save_attention(call: Call[Marked, AttentionForm, Origin]) -> Redirect:
    """Thank for a comment, say that it needs no reply, set it aside until a day, or take that back; and go on to what follows."""
    body, comment_id = call.body, call.thing.comment.id
    if body.wanted is None:
        unattend(call.session, call.viewer, comment_id)
        flash(_("It waits for you again."))
    else:
        until = beginning_of(body.until) if body.wanted == "later" else None
        attend(call.session, call.viewer, comment_id, body.wanted, until=until)
        flash(_("Done. You find it under “Set aside”, and can undo it there."))
    return Redirect(call.query.address)


def _answering(call: AnyCall, draft: Draft) -> Page:
    session, viewer, comment_id = call.session, call.viewer, call.thing.comment.id
    row = find_row(session, comment_id)
    if row is None or not row[0].listed:
        raise not_found(sentence("comment"))
    action, article = f"/desk/c/{comment_id}", call.thing.article
    query: Origin = call.query or Origin()
    is_open = article.closed_at is None and draft.form.kind != Kind.CLOSED
    composer = Composer(
        "reply",
        f"{action}/reply{query.query}",
        f"{action}/preview{query.query}",
        draft.form,
        read_one(session, viewer, comment_id),
        draft.preview,
        is_open,
        nudge=draft.nudge,
    )
    context = {
        "back": query.address,
        "end": query.query,
        "origin": {name: value for name, value in to_builtins(query).items() if value is not None and name != "template"},
        "item": present_one(session, row, now()),
        "composer": restrain(session, viewer, article, composer),
        "article": present_desk_article(article),
        "closed": article.closed_at is not None,
        "templates": [present_template(template) for template in list_templates(session, _account_id(call))],
        "tomorrow": (now() + timedelta(days=1)).date(),
        "in_a_week": (now() + LATER_BY_DEFAULT).date(),
        "is_own": row[0].author_id in article.author_ids,
    }
    return Page("desk/answer.html", context)


@doors.door("GET", "/desk/templates", Permission.DESK_EDIT, query=TemplateQuery)
def show_templates(call: Call[None, None, TemplateQuery]) -> Page:
    """Show one's templates of replies, and the form of a new one or of the one that is to change."""
    chosen = get_template(call.session, _account_id(call), call.query.edit) if call.query.edit else None
    form = filled_form(title=chosen.title, body_md=chosen.body_md) if chosen else NO_FORM
    return _templates(call.session, call.viewer, form, chosen.id if chosen else None)


def redisplay_templates(call: AnyCall, refusal: Refusal) -> Page:
    """Show a refused template again."""
    if is_expired(refusal, signed_in=call.viewer.is_signed_in):
        return ask_to_sign_in(call.session, then="/desk/templates")
    return _templates(call.session, call.viewer, refused_form(refusal), call.path.get("template_id"))


@doors.door("POST", "/desk/templates", Permission.DESK_EDIT, body=TemplateForm, redisplay=redisplay_templates)
def create_template(call: Call[None, TemplateForm, None]) -> Redirect:
    """Keep a new template of replies."""
    save_template(call.session, _account_id(call), title=call.body.title, body_md=call.body.body_md)
    flash(_("The template is kept."))
    return Redirect("/desk/templates")


@doors.door(
    "POST",
    "/desk/templates/<id:template_id>",
    Permission.DESK_EDIT,
    load=load_template,
    body=TemplateForm,
    redisplay=redisplay_templates,
)
def change_template(call: Call[ReplyTemplate, TemplateForm, None]) -> Redirect:
    """Change a template of replies."""
    save_template(call.session, _account_id(call), title=call.body.title, body_md=call.body.body_md, template=call.thing)
    flash(_("The template is kept."))
    return Redirect("/desk/templates")


@doors.door("POST", "/desk/templates/<id:template_id>/delete", Permission.DESK_EDIT, load=load_template, redisplay=redisplay_templates)
def remove_template(call: Call[ReplyTemplate, None, None]) -> Redirect:
    """Delete a template of replies."""
    delete_template(call.session, call.thing)
    flash(_("The template is deleted."))
    return Redirect("/desk/templates")


def _templates(session: Session, viewer: Viewer, form: Form, editing: int | None) -> Page:
    templates = [present_template(template) for template in list_templates(session, viewer.account_id or 0)]
    return Page("desk/templates.html", {"templates": templates, "form": form, "editing": editing})


@doors.door("GET", "/desk/away", Permission.DESK_EDIT)
def show_away(call: Call[None, None, None]) -> Page:
    """Show the form of the note of being away."""
    away = present_away(call.session.get_one(Account, _account_id(call)), now())
    # The day before the note's end: it is shown until that day is over.
    last = (away.until - timedelta(days=1)).date() if away.until else None
    return _away(call, filled_form(note=away.note, until=last))


def redisplay_away(call: AnyCall, refusal: Refusal) -> Page:
    """Show a refused note again."""
    if is_expired(refusal, signed_in=call.viewer.is_signed_in):
        return ask_to_sign_in(call.session, then="/desk/away")
    return _away(call, refused_form(refusal))


@doors.door("POST", "/desk/away", Permission.DESK_EDIT, body=AwayForm, redisplay=redisplay_away)
def save_away(call: Call[None, AwayForm, None]) -> Redirect:
    """Have one's articles say that one is away, or take that back."""
    if call.body.back:
        end_away(call.session, _account_id(call))
        flash(_("Welcome back. Your articles no longer say that you are away."))
        return Redirect("/desk")
    until = end_of(call.body.until)
    if until is None:
        raise invalid(Fault("/until", "required", _("Say until when you are away.")))
    set_away(call.session, _account_id(call), note=call.body.note, until=until)
    flash(_("Your articles say so until then."))
    return Redirect("/desk")


def _away(call: AnyCall, form: Form) -> Page:
    away = present_away(call.session.get_one(Account, _account_id(call)), now())
    return Page("desk/away.html", {"form": form, "away": away, "today": now().date()})


def _account_id(call: AnyCall) -> int:
    account_id = call.viewer.account_id
    assert account_id is not None, "the permission table lets nobody in without an account"
    return account_id
