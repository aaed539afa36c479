"""What a visitor was about to do in a discussion when asked to sign in: a tag is set right afterwards, a text comes back in the composer.

The rule: an errand is described before the password is typed, and does nothing that its own door would refuse.
"""

from typing import TypeVar

import msgspec
from flask import flash
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from forum.access.permissions import Permission
from forum.access.viewer import Viewer
from forum.accounts.errands import ErrandKind
from forum.articles.queries import get_article
from forum.comments.queries import find_row, get_comment
from forum.comments.schemas import RowId
from forum.comments.stance import Stance
from forum.comments.states import State
from forum.posting.addresses import comment_address
from forum.posting.composer import Draft, show_answer, show_edit
from forum.refusals import Refusal
from forum.stances.actions import put_tag, remove_tag
from forum.stances.words import STANCE_WORDS
from forum.text.excerpt import excerpt
from forum.web.doors import require
from forum.web.forms import filled_form
from forum.web.pages import Page, Redirect
from forum.web.translation import translated

T = TypeVar("T")


class TagErrand(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tag to set; None: to remove."""

    comment_id: RowId
    stance: Stance | None = None


class TextErrand(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An answer typed, as the composer's fields held it."""

    article_id: RowId
    body_md: str
    stance: str = ""
    parent_id: str = ""


class EditErrand(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A change typed to a comment of one's own, and the version it began from."""

    comment_id: RowId
    body_md: str
    stance: str = ""
    version: str = ""


def pack_tag(comment_id: int, stance: Stance | None) -> str:
    """Return a tag as the sign-in form carries it."""
    return f"tag:{msgspec.json.encode(TagErrand(comment_id, stance)).decode()}"


def pack_text(article_id: int, *, body_md: str, stance: str, parent_id: str) -> str:
    """Return a typed text as the sign-in form carries it."""
    return f"text:{msgspec.json.encode(TextErrand(article_id, body_md, stance, parent_id)).decode()}"


def pack_edit(comment_id: int, *, body_md: str, stance: str, version: str) -> str:
    """Return a typed change as the sign-in form carries it."""
    return f"edit:{msgspec.json.encode(EditErrand(comment_id, body_md, stance, version)).decode()}"


def describe_tag(session: Session, data: str) -> str | None:
    """Say whose comment will be tagged, and how."""
    errand = _unpack(data, TagErrand)
    row = find_row(session, errand.comment_id) if errand else None
    if errand is None or row is None or row[0].state != State.VISIBLE:
        return None
    if errand.stance is None:
        return str(_("Once you are signed in, your tag on the comment by %(name)s is removed.", name=row[1].display_name))
    label = STANCE_WORDS[errand.stance].label
    return str(_("Once you are signed in, your tag “%(tag)s” is put on the comment by %(name)s.", tag=label, name=row[1].display_name))


def run_tag(session: Session, viewer: Viewer, data: str) -> Page | Redirect:
    """Set or remove the tag, and land on the comment. Raises what the tag's own door would."""
    errand = _unpack(data, TagErrand)
    if errand is None:
        return Redirect("/")
    comment = get_comment(session, errand.comment_id)
    place = Redirect(comment_address(comment.id))
    try:
        with session.begin_nested():
            require(viewer, Permission.TAG_SET, comment)
            if errand.stance is None:
                remove_tag(session, viewer, comment.id)
                flash(_("Your tag is removed."))
            else:
                put_tag(session, viewer, comment.id, errand.stance)
                flash(_("Your tag is saved: %(tag)s.", tag=STANCE_WORDS[errand.stance].label))
    except Refusal as refusal:
        flash(translated(refusal.detail))
    return place


def describe_text(session: Session, data: str) -> str | None:
    """Say that the answer is kept, and how it begins."""
    errand = _unpack(data, TextErrand)
    return _kept(errand.body_md) if errand else None


def run_text(session: Session, viewer: Viewer, data: str) -> Page | Redirect:
    """Show the composer with the answer in it."""
    errand = _unpack(data, TextErrand)
    if errand is None:
        return Redirect("/")
    flash(_("You are signed in. Here is your text; post it when you are ready."))
    form = filled_form(body_md=errand.body_md, stance=errand.stance, parent_id=errand.parent_id)
    return show_answer(session, viewer, get_article(session, errand.article_id), Draft(form))


def describe_edit(session: Session, data: str) -> str | None:
    """Say that the change is kept, and how it begins."""
    errand = _unpack(data, EditErrand)
    return _kept(errand.body_md) if errand else None


def run_edit(session: Session, viewer: Viewer, data: str) -> Page | Redirect:
    """Show the form of the change with the text in it. Raises what its own door would for somebody else's comment."""
    errand = _unpack(data, EditErrand)
    if errand is None:
        return Redirect("/")
    comment = get_comment(session, errand.comment_id)
    require(viewer, Permission.COMMENT_EDIT, comment)
    flash(_("You are signed in. Here is your text; save it when you are ready."))
    form = filled_form(body_md=errand.body_md, stance=errand.stance, version=errand.version)
    return show_edit(session, viewer, comment.id, get_article(session, comment.article_id), Draft(form))


KINDS = {"tag": ErrandKind(describe_tag, run_tag), "text": ErrandKind(describe_text, run_text), "edit": ErrandKind(describe_edit, run_edit)}


def _kept(body_md: str) -> str | None:
    if not body_md.strip():
        return None
    return str(_("Your text is kept and comes back once you are signed in. It begins: “%(start)s”", start=excerpt(body_md, length=80)))


def _unpack(data: str, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
