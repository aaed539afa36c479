"""HTML doors of erasure, deletion of an account and the export of one's data.

The rule: what cannot be undone is said before it is done, and asked for in a form of its own.
"""

from typing import Any

import msgspec
from flask import flash
from flask_babel import gettext as _

from forum.access.permissions import Permission
from forum.access.table import can
from forum.accounts.errands import ask_to_sign_in
from forum.accounts.models import Account
from forum.accounts.schemas import Secret
from forum.accounts.steps import load_self
from forum.articles.models import Site
from forum.articles.steps import load_site
from forum.comments.models import Comment
from forum.moderation import page_words
from forum.moderation.beside import BESIDE, Beside
from forum.moderation.reasons import DECISION_LABELS, DecisionReason
from forum.moderation.steps import load_moderated_comment
from forum.privacy import steps
from forum.privacy.erasing import ask, confirm, drop, is_erasable
from forum.privacy.export import export_account, to_file
from forum.privacy.leaving import UNDO_TIME, With, ask_to_leave, stay
from forum.privacy.models import Erasure
from forum.privacy.queries import count_erasures, find_open_erasure, list_erasures
from forum.privacy.schemas import Why
from forum.refusals import Fault, Refusal, invalid
from forum.sentences import sentence
from forum.web.doors import AnyCall, Call
from forum.web.forms import Form, is_expired, refused_form, without
from forum.web.pages import Page, PageDoors, Redirect
from forum.web.translation import translated

doors = PageDoors("privacy")
ERASURES = "/mod/erasures"
BESIDE[ERASURES] = Beside(sentence("Erasures"), ERASURES, count_erasures)


class ErasureForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a comment's text has to be destroyed, as typed."""

    reason: DecisionReason | None = None
    why: Why = ""


class LeavingForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The wish to delete one's account, as typed."""

    comments: With | None = None
    password: Secret = ""


@doors.door("GET", "/mod/comments/<id:comment_id>/erase", Permission.ERASURE_ASK, load=load_moderated_comment)
def show_erasure(call: Call[Comment, None, None]) -> Page:
    """Show the form that asks for a comment's text to be destroyed."""
    return _erasure(call, Form())


def redisplay_erasure(call: AnyCall, refusal: Refusal) -> Page:
    """Show the form again with what was typed."""
    if is_expired(refusal, signed_in=call.viewer.is_signed_in):
        return ask_to_sign_in(call.session, then=f"/mod/comments/{call.path['comment_id']}/erase")
    if not can(call.viewer, Permission.ERASURE_ASK, call.thing):
        raise refusal
    return _erasure(call, refused_form(refusal))


@doors.door(
    "POST",
    "/mod/comments/<id:comment_id>/erase",
    Permission.ERASURE_ASK,
    load=load_moderated_comment,
    body=ErasureForm,
    redisplay=redisplay_erasure,
)
def ask_for_erasure(call: Call[Comment, ErasureForm, None]) -> Redirect:
    """Ask for a comment's text to be destroyed, and land on what waits for a second person."""
    if call.body.reason is None:
        raise invalid(Fault("/reason", "required", "Choose the reason; the log will have it."))
    ask(call.session, call.viewer, call.thing.id, reason=call.body.reason, why=call.body.why)
    flash(_("Nothing is destroyed yet. Somebody else has to confirm it."))
    return Redirect(ERASURES)


@doors.door("GET", "/mod/erasures", Permission.ERASURE_CONFIRM, load=load_site)
def list_waiting(call: Call[Site, None, None]) -> Page:
    """Show the erasures that wait for a second person."""
    return _waiting(call, call.thing.id, Form())


def redisplay_waiting(call: AnyCall, refusal: Refusal) -> Page:
    """Show what waits again, and say why it was refused."""
    if is_expired(refusal, signed_in=call.viewer.is_signed_in):
        return ask_to_sign_in(call.session, then=ERASURES)
    if not can(call.viewer, Permission.ERASURE_CONFIRM, call.thing):
        raise refusal
    return _waiting(call, call.thing.site_id, refused_form(refusal))


@doors.door(
    "POST", "/mod/erasures/<id:erasure_id>/confirm", Permission.ERASURE_CONFIRM, load=steps.load_erasure, redisplay=redisplay_waiting
)
def confirm_erasure(call: Call[Erasure, None, None]) -> Redirect:
    """Confirm an erasure that somebody else has asked for."""
    confirm(call.session, call.viewer, call.thing)
    flash(_("The text is destroyed. Its place in the discussion and the replies stay."))
    return Redirect(ERASURES)


@doors.door("POST", "/mod/erasures/<id:erasure_id>/drop", Permission.ERASURE_CONFIRM, load=steps.load_erasure, redisplay=redisplay_waiting)
def drop_erasure(call: Call[Erasure, None, None]) -> Redirect:
    """Give up or turn down an erasure."""
    drop(call.session, call.viewer, call.thing)
    flash(_("It is not erased. The comment stays as it was."))
    return Redirect(ERASURES)


@doors.door("GET", "/settings/deletion", Permission.SELF_DELETE, load=load_self)
def show_leaving(call: Call[Account, None, None]) -> Page:
    """Say what deleting one's account does, with the form that does it, or with the one that undoes it."""
    return _leaving(call, Form())


def redisplay_leaving(call: AnyCall, refusal: Refusal) -> Page:
    """Show the form again with what was chosen, never the password."""
    if is_expired(refusal, signed_in=call.viewer.is_signed_in):
        return ask_to_sign_in(call.session, then="/settings/deletion")
    return _leaving(call, without(refused_form(refusal), ("password",)))


def prepare_leaving(call: AnyCall) -> None:
    """Check that something was chosen, then the password."""
    if call.viewer.is_signed_in and call.body.comments is None:
        raise invalid(Fault("/comments", "required", "Choose what becomes of your comments."))
    steps.check_own_password(call)


@doors.door(
    "POST",
    "/settings/deletion",
    Permission.SELF_DELETE,
    load=load_self,
    prepare=prepare_leaving,
    body=LeavingForm,
    redisplay=redisplay_leaving,
)
def leave(call: Call[Account, LeavingForm, None]) -> Redirect:
    """Let one's account be deleted in seven days."""
    assert call.body.comments is not None, "checked before"
    ask_to_leave(call.session, call.thing, call.body.comments)
    flash(_("Your account will be deleted. Until then you can undo that here."))
    return Redirect("/settings/deletion")


@doors.door("POST", "/settings/deletion/undo", Permission.SELF_DELETE, load=load_self, redisplay=redisplay_leaving)
def undo_leaving(call: Call[Account, None, None]) -> Redirect:
    """Undo the wish to delete one's account."""
    stay(call.session, call.thing)
    flash(_("Your account stays. Nothing was changed."))
    return Redirect("/settings")


@doors.door("GET", "/settings/export", Permission.SELF_EXPORT, load=load_self, prepare=steps.charge_export)
def download_export(call: Call[Account, None, None]) -> Page:
    """Download everything that is held about one's account."""
    account = call.thing
    document = export_account(call.session, account)
    name = f"{account.handle}-{document.exported_on:%Y-%m-%d}.json"
    return Page(body=to_file(document).decode(), content_type="application/json", filename=name)


def _erasure(call: AnyCall, form: Form) -> Page:
    comment: Comment = call.thing
    context = {
        "comment_id": comment.id,
        "form": form,
        "reasons": _reasons(),
        "is_erasable": is_erasable(comment),
        "waits": find_open_erasure(call.session, comment.id) is not None,
    }
    return Page("privacy/erase.html", context)


def _waiting(call: AnyCall, site_id: int, form: Form) -> Page:
    erasures = list_erasures(call.session, site_id)
    context: dict[str, Any] = {
        "erasures": steps.present_erasures(call.session, call.viewer, erasures),
        "form": form,
        "words": page_words,
    }
    return Page("privacy/erasures.html", context)


def _leaving(call: AnyCall, form: Form) -> Page:
    account: Account | None = call.thing
    leaving = steps.present_leaving(account) if account is not None else None
    return Page("privacy/deletion.html", {"leaving": leaving, "form": form, "days": UNDO_TIME.days})


def _reasons() -> dict[str, str]:
    return {reason.value: translated(label) for reason, label in DECISION_LABELS.items() if reason != DecisionReason.WITHIN_RULES}
