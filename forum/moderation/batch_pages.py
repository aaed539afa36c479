"""HTML doors of batches: one decision on the chosen items, shown before it is taken and undone for ten minutes after.

The rule: what is left out is named with its reason, before and after; nothing that was typed is lost on the way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import flash, request
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.access.permissions import Permission
from forum.access.table import can
from forum.accounts.errands import ask_to_sign_in
from forum.articles.models import Site
from forum.articles.steps import load_site
from forum.clock import now
from forum.moderation import page_words, steps, watch
from forum.moderation.batches import BATCH_UNDO, LeftOut, decide_all, preview_all, undo
from forum.moderation.decisions import Order
from forum.moderation.forms import BATCH_MOST, BatchForm, BatchQuery
from forum.moderation.models import Batch, ReviewItem
from forum.moderation.present import present_batch, present_items
from forum.moderation.reasons import DECISION_LABELS, DecisionReason
from forum.moderation.review import ACTIONS, Action
from forum.moderation.rows import QueueRow, count_waiting, row_of
from forum.moderation.statements import STATEMENTS
from forum.refusals import Fault, Refusal, invalid
from forum.sentences import sentence
from forum.web.doors import AnyCall, Call
from forum.web.forms import Form, filled_form, is_expired, refused_form
from forum.web.pages import Page, PageDoors, Redirect
from forum.web.translation import translated

doors = PageDoors("batches")
BULK = (Action.APPROVE, Action.REMOVE, Action.SCREEN_OUT, Action.RESTORE, Action.NO_ACTION)
CHANGED = sentence("It has changed since you chose it; look at it first.")
CLOSED = sentence("It is decided already.")


@dataclass(frozen=True)
class Choice:
    """A chosen item, what will happen to it, and whether it is left out."""

    row: QueueRow
    outcome: str
    is_left_out: bool


def redisplay_batch(call: AnyCall, refusal: Refusal) -> Page:
    """Show the chosen items and the refused decision again."""
    if is_expired(refusal, signed_in=call.viewer.is_signed_in):
        return ask_to_sign_in(call.session, then=watch.QUEUE)
    if not can(call.viewer, Permission.ITEM_DECIDE, call.thing):
        raise refusal
    return _choosing(call, _seen(request.form.getlist("items")), refused_form(refusal))


@doors.door("POST", "/mod/batches/preview", Permission.ITEM_DECIDE, load=load_site, body=BatchForm, redisplay=redisplay_batch)
def preview_batch(call: Call[Site, BatchForm, None]) -> Page | Redirect:
    """Show what one decision would do to each of the chosen items; nothing is decided."""
    body = call.body
    wanted = steps.unique_items(_seen(body.items))
    if not wanted:
        flash(_("Tick the comments that you want to decide on together, then try again."))
        return Redirect(watch.queue_address(body.back))
    if body.action is None:
        return _choosing(call, wanted, _typed(body))
    left_out = preview_all(call.session, call.viewer, call.thing.id, wanted, _order(body))
    return _choosing(call, wanted, _typed(body), left_out=left_out)


@doors.door("POST", "/mod/batches", Permission.ITEM_DECIDE, load=load_site, body=BatchForm, redisplay=redisplay_batch)
def create_batch(call: Call[Site, BatchForm, None]) -> Redirect:
    """Decide on the chosen items at once."""
    wanted = steps.unique_items(_seen(call.body.items))
    if not wanted:
        raise invalid(Fault("/items", "required", "Tick at least one comment."))
    batch, left_out = decide_all(call.session, call.viewer, call.thing.id, wanted, _order(call.body))
    return Redirect(_address(batch, left_out))


@doors.door("GET", "/mod/batches/<id:batch_id>", Permission.QUEUE_READ, load=steps.load_batch, query=BatchQuery)
def show_batch(call: Call[Batch, None, BatchQuery]) -> Page:
    """Show what a batch did, and undo it for ten minutes."""
    return _batch(call, dict(_left(one) for one in call.query.left), Form())


def redisplay_undo(call: AnyCall, refusal: Refusal) -> Page:
    """Say why a batch cannot be undone."""
    if is_expired(refusal, signed_in=call.viewer.is_signed_in):
        return ask_to_sign_in(call.session, then=f"/mod/batches/{call.path['batch_id']}")
    if not can(call.viewer, Permission.QUEUE_READ, call.thing):
        raise refusal
    return _batch(call, {}, refused_form(refusal))


@doors.door("POST", "/mod/batches/<id:batch_id>/undo", Permission.ITEM_DECIDE, load=steps.load_batch, redisplay=redisplay_undo)
def undo_batch(call: Call[Batch, None, None]) -> Redirect:
    """Undo a batch within its ten minutes."""
    batch, left_out = undo(call.session, call.viewer, call.thing.id)
    flash(_("The decisions are taken back; the comments are as they were before."))
    return Redirect(_address(batch, left_out))


def _seen(items: Sequence[str]) -> list[tuple[int, int]]:
    pairs = (one.partition(":") for one in items[: BATCH_MOST + 1])
    return [(int(item), int(version)) for item, _colon, version in pairs if item.isdecimal() and version.isdecimal() and len(item) < 19]


def _left(one: str) -> tuple[int, str]:
    item, _colon, kind = one.partition(":")
    return int(item), kind


def _address(batch: Batch, left_out: Sequence[LeftOut]) -> str:
    left = [f"{one.item_id}:{one.refusal.kind.value}" for one in left_out]
    return f"/mod/batches/{batch.id}" + (f"?{urlencode({'left': left}, doseq=True)}" if left else "")


def _order(body: BatchForm) -> Order:
    if body.action is None:
        raise invalid(Fault("/action", "required", "Choose what is to happen to the comments."))
    action = Action(body.action)
    reason = body.reason if ACTIONS[action].restricts else DecisionReason.WITHIN_RULES
    if reason is None:
        raise invalid(Fault("/reason", "required", "Choose the reason; the writers and the log will have it."))
    return Order(action, reason, 0, statement=body.statement, note=body.note)


def _typed(body: BatchForm) -> Form:
    return filled_form(action=body.action, reason=body.reason, statement=body.statement, note=body.note, back=body.back)


def _rows(session: Session, call: AnyCall, site_id: int, ids: Sequence[int]) -> dict[int, QueueRow]:
    items = session.scalars(select(ReviewItem).where(ReviewItem.id.in_(ids), ReviewItem.site_id == site_id)).all()
    return {item.id: row_of(item, call.viewer) for item in present_items(session, call.viewer, items)}


def _choosing(call: AnyCall, wanted: Sequence[tuple[int, int]], form: Form, *, left_out: Sequence[LeftOut] | None = None) -> Page:
    """Return the page that shows the chosen items and the form; ``left_out`` is a preview's answer, None before one."""
    rows = _rows(call.session, call, call.thing.id, [item_id for item_id, _version in wanted])
    refused = {one.item_id: translated(one.refusal.detail) for one in left_out or ()}
    is_previewed = left_out is not None and not form.problem
    choices = []
    for item_id, version in wanted:
        row = rows.get(item_id)
        if row is None:
            continue
        why = refused.get(item_id) or _passed_by(row, version)
        choices.append(Choice(row, why or (page_words.will(form.value("action")) if is_previewed else ""), bool(why)))
    count = sum(not choice.is_left_out for choice in choices)
    context = {
        "choices": choices,
        "form": form,
        "is_previewed": is_previewed,
        "summary": ngettext("%(num)d comment is chosen", "%(num)d comments are chosen", len(choices)),
        "will_be": count,
        "actions": [
            {
                "code": action.value,
                "label": page_words.action(action),
                "meaning": page_words.meaning(action),
                "restricts": ACTIONS[action].restricts,
            }
            for action in BULK
        ],
        "reasons": {reason.value: translated(label) for reason, label in DECISION_LABELS.items() if reason != DecisionReason.WITHIN_RULES},
        "statements": {reason.value: [translated(each) for each in texts] for reason, texts in STATEMENTS.items()},
        "words": page_words,
        "back": form.value("back"),
        "queue": watch.queue_address(form.value("back")),
        "open_cases": count_waiting(call.session, call.thing.id),
    }
    return Page("moderation/batch_choose.html", context)


def _passed_by(row: QueueRow, version: int) -> str:
    if not row.is_open:
        return translated(CLOSED)
    return translated(CHANGED) if row.item.version != version else ""


def _batch(call: AnyCall, left: Mapping[int, str], form: Form) -> Page:
    batch: Batch = call.thing
    rows = _rows(call.session, call, batch.site_id, list(left))
    undo_until = batch.created_at + BATCH_UNDO
    context: dict[str, Any] = {
        "batch": present_batch(call.session, call.viewer, batch),
        "left_out": [(rows[item_id], page_words.problem(kind)) for item_id, kind in left.items() if item_id in rows],
        "form": form,
        "words": page_words,
        "may_undo": batch.undone_at is None and batch.moderator_id == call.viewer.account_id and undo_until > now(),
        "undo_until": undo_until,
        "open_cases": count_waiting(call.session, batch.site_id),
    }
    return Page("moderation/batch.html", context)
