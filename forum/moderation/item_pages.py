"""HTML doors of one item of the queue: read it, claim it, give it back, decide, note something about its writer.

The rule: whatever is refused – too late, claimed by another, incomplete, signed out – the draft comes back, beside the decision that stands.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from flask import flash, request
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from forum.access.permissions import Permission
from forum.access.table import can
from forum.access.viewer import Viewer
from forum.accounts.errands import ERRANDS, ErrandKind, ask_to_sign_in
from forum.accounts.models import Account
from forum.comments.actions import Text
from forum.comments.models import Comment
from forum.comments.schemas import CommentOut, RowId, Stub
from forum.comments.stance import Stance
from forum.comments.states import State
from forum.db.transaction import reading
from forum.moderation import page_words, sanction_words, steps, watch
from forum.moderation.forms import BackForm, BackQuery, DecisionForm, NoteForm
from forum.moderation.items import claim, release
from forum.moderation.marking import brackets_for, mark, read_marks
from forum.moderation.masking import reveal
from forum.moderation.models import ReviewItem
from forum.moderation.present import present_item
from forum.moderation.reasons import REASONS, DecisionReason, ReportReason
from forum.moderation.review import ACTIONS, Action, ItemState
from forum.moderation.rows import count_waiting, row_of
from forum.moderation.schemas import CaseOut, DecisionIn, DecisionOut
from forum.refusals import Fault, Kind, Refusal, invalid
from forum.sentences import sentence
from forum.text.difference import find_difference
from forum.text.excerpt import excerpt
from forum.web.doors import AnyCall, Call, require
from forum.web.forms import Form, filled_form, is_expired, refused_form
from forum.web.pages import Page, PageDoors, Redirect
from forum.web.translation import translated

doors = PageDoors("items")
# One letter each; a comment that is hidden is approved by showing it again.
KEYS = {Action.APPROVE: "a", Action.RESTORE: "a", Action.REMOVE: "r", Action.REDACT: "d", Action.NO_ACTION: "n"}


@dataclass(frozen=True)
class Sent:
    """What was sent to an item and refused: the form it came from, as it was, and the decision that stands, if one came first."""

    which: str = ""
    form: Form = field(default_factory=Form)
    standing: Mapping[str, Any] | None = None


@doors.door("GET", "/mod/items/<id:item_id>", Permission.QUEUE_READ, load=steps.load_item, query=BackQuery)
def show_item(call: Call[ReviewItem, None, BackQuery]) -> Page:
    """Show one item with all that it takes to decide."""
    return _item(call.session, call.viewer, call.thing, Sent(), back=call.query.back)


def redisplay_item(call: AnyCall, refusal: Refusal) -> Page:
    """Show the item again with what was typed; a moderator whose sign-in has ended signs in first and gets it back."""
    item: ReviewItem = call.thing
    which = request.path.rpartition("/")[2]
    form = refused_form(refusal)
    if is_expired(refusal, signed_in=call.viewer.is_signed_in):
        errand = pack_draft(call.path["item_id"], form) if which == "decisions" else ""
        return ask_to_sign_in(call.session, errand=errand, then=f"/mod/items/{call.path['item_id']}")
    if not can(call.viewer, Permission.QUEUE_READ, item):
        raise refusal
    return _item(call.session, call.viewer, item, Sent(which, form, refusal.members.get("decision")), back=form.value("back"))


@doors.door("POST", "/mod/items/<id:item_id>/claim", Permission.ITEM_DECIDE, load=steps.load_item, body=BackForm, redisplay=redisplay_item)
def claim_item(call: Call[ReviewItem, BackForm, None]) -> Redirect:
    """Open an item: claim it for ten minutes, and land on it."""
    claim(call.session, call.viewer, call.thing.id)
    return Redirect(watch.item_address(call.thing.id, call.body.back))


@doors.door("POST", "/mod/items/<id:item_id>/reveal", Permission.TEXT_REVEAL, load=steps.load_item, body=BackForm, redisplay=redisplay_item)
def reveal_text(call: Call[ReviewItem, BackForm, None]) -> Redirect:
    """Show a masked text for ten minutes, and land on it."""
    reveal(call.session, call.viewer, call.thing.id)
    return Redirect(f"{watch.item_address(call.thing.id, call.body.back)}#comment")


@doors.door(
    "POST", "/mod/items/<id:item_id>/release", Permission.ITEM_DECIDE, load=steps.load_item, body=BackForm, redisplay=redisplay_item
)
def release_item(call: Call[ReviewItem, BackForm, None]) -> Redirect:
    """Give an item back, and return to the queue."""
    release(call.session, call.viewer, call.thing.id)
    flash(_("You have given it back; anybody can take it."), "decided")
    return Redirect(watch.queue_address(call.body.back))


def prepare_order(call: AnyCall) -> tuple[DecisionIn, Text | None]:
    """Return what was sent as an order, its marked passages as spans, and the redacted text rendered. Raises Refusal ``validation``."""
    body: DecisionForm = call.body
    if body.action is None:
        raise invalid(Fault("/action", "required", "Choose what is to happen to the comment."))
    action = Action(body.action)
    reason = body.reason if ACTIONS[action].restricts else DecisionReason.WITHIN_RULES
    if reason is None:
        raise invalid(Fault("/reason", "required", "Choose the reason; the writer and the log will have it."))
    order = DecisionIn(
        body.action, reason, body.version, statement=body.statement, note=body.note, notice=body.notice, sanction=body.imposed
    )
    if action is not Action.REDACT:
        return order, None
    with reading() as session:
        item = session.get_one(ReviewItem, call.path["item_id"])
        text = session.get_one(Comment, item.comment_id).body_md or ""
        is_stale = item.version != body.version
    # The marks of who comes too late were put into another text; the decision says so better than they could.
    spans = [] if is_stale else read_marks(body.spans, text)
    order = msgspec.structs.replace(order, spans=spans)
    return order, steps.redact_text(call.path["item_id"], spans) if spans else None


@doors.door(
    "POST",
    "/mod/items/<id:item_id>/decisions",
    Permission.ITEM_DECIDE,
    load=steps.load_item,
    prepare=prepare_order,
    body=DecisionForm,
    redisplay=redisplay_item,
)
def decide_item(call: Call[ReviewItem, DecisionForm, None]) -> Redirect:
    """Decide on an item, and return to the queue."""
    order, redacted = call.prepared
    decision = steps.take_decision(call.session, call.viewer, call.thing.id, order, redacted)
    writer = call.session.get_one(Account, call.thing.writer_id)
    flash(_(page_words.DONE[decision.action], name=writer.display_name), "decided")
    if order.sanction is not None:
        flash(_("Imposed on %(name)s: %(label)s.", name=writer.display_name, label=sanction_words.label(order.sanction.kind)))
    return Redirect(watch.queue_address(call.body.back))


@doors.door("POST", "/mod/items/<id:item_id>/notes", Permission.NOTE_WRITE, load=steps.load_item, body=NoteForm, redisplay=redisplay_item)
def add_note(call: Call[ReviewItem, NoteForm, None]) -> Redirect:
    """Keep a private note about an item's writer."""
    item = call.thing
    about = steps.Case(item.site_id, None, call.session.get_one(Account, item.writer_id))
    steps.write_note(call, about, call.body.body, item.id)
    flash(_("Your note is kept. Moderators read it."))
    return Redirect(f"{watch.item_address(item.id, call.body.back)}#notes")


class DraftErrand(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A decision that was typed while the sign-in ended: the fields as they stood."""

    item_id: RowId
    fields: dict[str, str]


def pack_draft(item_id: int, form: Form) -> str:
    """Return a typed decision as the sign-in form carries it."""
    fields = {name: form.value(name) for name in DecisionForm.__struct_fields__ if form.value(name)}
    return f"decision:{msgspec.json.encode(DraftErrand(item_id, fields)).decode()}"


def describe_draft(session: Session, data: str) -> str | None:
    """Say that the decision is kept."""
    return str(_("Your decision is not taken yet. Sign in, and you get it back as you typed it.")) if _unpack(data) else None


def run_draft(session: Session, viewer: Viewer, data: str) -> Page | Redirect:
    """Show the item with the typed decision. Raises what its own door would."""
    draft = _unpack(data)
    item = session.get(ReviewItem, draft.item_id) if draft else None
    if draft is None or item is None:
        return Redirect(watch.QUEUE)
    require(viewer, Permission.QUEUE_READ, item)
    values = {name: (value,) for name, value in draft.fields.items()}
    problem = translated(sentence("You are signed in again. Nothing is decided yet: read it once more, then send it."))
    return _item(
        session, viewer, item, Sent("decisions", Form(values, Kind.UNAUTHENTICATED.value, problem)), back=draft.fields.get("back", "")
    )


ERRANDS["decision"] = ErrandKind(describe_draft, run_draft)


def _unpack(data: str) -> DraftErrand | None:
    try:
        return msgspec.json.decode(data, type=DraftErrand)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None


def _item(session: Session, viewer: Viewer, item: ReviewItem, sent: Sent, *, back: str) -> Page:
    it = present_item(session, viewer, item)
    row = row_of(it.item, viewer)
    text = it.comment.body_md or ""
    form = sent.form if sent.which == "decisions" else filled_form(reason=_likely_reason(it), action=_likely_action(it))
    context = {
        "it": it,
        "row": row,
        "words": page_words,
        "sent": sent,
        "form": form,
        "blank": Form(),
        "actions": _actions(it, form, is_open=item.state == ItemState.OPEN),
        "reasons": sanction_words.reasons(),
        "statements": sanction_words.statements(),
        "choices": sanction_words.choices(),
        "next_step": sanction_words.next_step(it.history.strikes),
        "measures": sanction_words,
        "brackets": brackets_for(text),
        "marked": mark(text, _identifying(it, text)),
        "change": find_difference(text, it.waiting.body_md) if it.waiting and it.waiting.body_md is not None else [],
        "above": [_stub(comment) for comment in it.ancestors],
        "below": [_stub(comment) for comment in it.replies],
        "standing": msgspec.convert(sent.standing, DecisionOut) if sent.standing else None,
        "recused": [translated(why) for why in it.recused],
        "back": back,
        "queue": watch.queue_address(back),
        "may_erase": can(viewer, Permission.ERASURE_ASK, item) and it.comment.state != State.ERASED,
        "open_cases": count_waiting(session, item.site_id),
    }
    return Page("moderation/item.html", context)


def _actions(it: CaseOut, form: Form, *, is_open: bool) -> list[dict[str, Any]]:
    # Who is kept out by another's claim may send the draft again when the claim has run out.
    drafted = [form.value("action")] if form.value("action") in set(Action) else []
    codes = it.can or (drafted if is_open and not it.recused else [])
    return [
        {
            "code": code,
            "label": page_words.action(code),
            "meaning": page_words.meaning(code, of_a_change=it.waiting is not None),
            "key": KEYS.get(Action(code), ""),
            "restricts": ACTIONS[Action(code)].restricts,
        }
        for code in codes
    ]


def _likely_reason(it: CaseOut) -> str | None:
    """Return the most urgent reason that a report or a finding gave, to begin the form with."""
    named = [report.reason for report in it.reports] + [finding.reason for finding in it.findings]
    known = [reason for reason in REASONS if reason.value in named]
    return known[0].value if known else None


def _likely_action(it: CaseOut) -> str | None:
    # What could identify a patient is taken out, and the rest is shown.
    is_about_that = ReportReason.CONFIDENTIALITY.value in it.item.reasons and it.comment.body_md is not None
    return Action.REDACT.value if is_about_that and Action.REDACT.value in it.can else None


def _identifying(it: CaseOut, text: str) -> list[tuple[int, int]]:
    """Return the places in the comment's text that the newest finding named as identifying, where it spoke of this text."""
    for finding in it.findings:
        if finding.reason == ReportReason.CONFIDENTIALITY and finding.spans:
            spans = [(span.start, span.end) for span in finding.spans]
            return spans if [text[start:end] for start, end in spans] == finding.matches else []
    return []


def _stub(comment: CommentOut) -> Stub:
    stance = Stance(comment.stance) if comment.stance else None
    return Stub(comment.id, comment.author, stance, excerpt(comment.body_html or "") or None, comment.state, comment.url)
