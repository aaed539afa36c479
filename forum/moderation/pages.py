"""HTML doors for moderators: the queue with its filters, an item opened on one's own initiative, what is known of a person.

One item stands in ``item_pages``, several at once in ``batch_pages``. Every form works without JavaScript; whoever may not moderate gets none of it.
"""

from flask import flash
from flask_babel import gettext as _

from forum.access.permissions import Permission
from forum.access.table import can
from forum.accounts.errands import ask_to_sign_in
from forum.articles.models import Site
from forum.articles.steps import load_site
from forum.comments.models import Comment
from forum.moderation import page_words, steps, watch
from forum.moderation.beside import read_links
from forum.moderation.forms import NoteForm
from forum.moderation.items import claim, is_claimed_by_other
from forum.moderation.person_form import show_person
from forum.moderation.rows import by_lane, count_waiting, row_of
from forum.moderation.schemas import ItemsOut, QueueQuery
from forum.refusals import Kind, Refusal
from forum.sentences import sentence
from forum.web.doors import AnyCall, Call
from forum.web.forms import Form, filled_form, is_expired, refused_form
from forum.web.pages import Page, PageDoors, Redirect
from forum.web.translation import translated

doors = PageDoors("moderation")


@doors.door("GET", "/mod", Permission.QUEUE_READ, load=load_site, query=QueueQuery)
def show_queue(call: Call[Site, None, QueueQuery]) -> Page:
    """Show the review queue, or a selection of it."""
    query = call.query
    try:
        page, form, status = steps.read_queue(call), _filter(query), 200
    except Refusal as refusal:
        if query.person is None or refusal.kind is not Kind.NOT_FOUND:
            raise
        page, form, status = ItemsOut([], None), _unknown_person(query), 404
    rows = [row_of(item, call.viewer) for item in page.items]
    shown = [row.item.article.id for row in rows]
    context = {
        "query": query,
        "form": form,
        "lanes": by_lane(rows) if query.state == "open" else [(None, rows)] if rows else [],
        "words": page_words,
        "open_cases": count_waiting(call.session, call.thing.id),
        "beside": read_links(call.session, call.thing.id),
        "is_narrowed": watch.is_narrowed(query),
        "is_first": query.cursor is None,
        "articles": watch.article_choices(call.session, call.thing.id, chosen=query.article, shown=shown),
        "series": watch.series_choices(call.session, call.thing.id),
        "address": watch.address_of,
        "back": watch.query_of(query),
        "following": watch.address_of(query, cursor=page.next) if page.next else None,
    }
    return Page("moderation/queue.html", context, status)


def _filter(query: QueueQuery) -> Form:
    return filled_form(
        state=query.state, lane=query.lane, article=query.article, series=query.series, person=query.person, reason=query.reason
    )


def _unknown_person(query: QueueQuery) -> Form:
    words = translated(sentence("Nobody here has the handle '%(handle)s'.", handle=query.person or ""))
    return Form(_filter(query).values, Kind.NOT_FOUND.value, words, {"person": words})


def redisplay_opening(call: AnyCall, refusal: Refusal) -> Page:
    """Let a moderator whose sign-in has ended sign in and come back to the comment."""
    if is_expired(refusal, signed_in=call.viewer.is_signed_in):
        return ask_to_sign_in(call.session, then=f"/c/{call.path['comment_id']}")
    raise refusal


@doors.door(
    "POST",
    "/mod/comments/<id:comment_id>/items",
    Permission.ITEM_OPEN,
    load=steps.load_moderated_comment,
    redisplay=redisplay_opening,
)
def open_own(call: Call[Comment, None, None]) -> Redirect:
    """Bring a comment before the moderators on one's own initiative, and open it."""
    item, is_new = steps.open_by_moderator(call)
    if not is_new:
        flash(_("This comment was before the moderators already; here is its case."))
    if not is_claimed_by_other(call.viewer, item):
        claim(call.session, call.viewer, item.id)
    return Redirect(f"/mod/items/{item.id}")


# People


@doors.door("GET", "/mod/people/<handle>", Permission.QUEUE_READ, load=steps.load_person)
def show_history(call: Call[steps.Case, None, None]) -> Page:
    """Show what moderators should know of a person."""
    return show_person(call.session, call.viewer, call.thing)


def redisplay_history(call: AnyCall, refusal: Refusal) -> Page:
    """Show a refused note again."""
    if is_expired(refusal, signed_in=call.viewer.is_signed_in):
        return ask_to_sign_in(call.session, then=f"/mod/people/{call.path['handle']}")
    if not can(call.viewer, Permission.NOTE_WRITE, call.thing):
        raise refusal
    return show_person(call.session, call.viewer, call.thing, which="notes", form=refused_form(refusal))


@doors.door("POST", "/mod/people/<handle>/notes", Permission.NOTE_WRITE, load=steps.load_person, body=NoteForm, redisplay=redisplay_history)
def add_note(call: Call[steps.Case, NoteForm, None]) -> Redirect:
    """Keep a private note about a person."""
    steps.write_note(call, call.thing, call.body.body, None)
    flash(_("Your note is kept. Moderators read it."))
    return Redirect(f"/mod/people/{steps.account_of(call).handle}#notes")
