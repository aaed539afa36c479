"""What a moderator was about to impose when the sign-in ended: the form comes back as it was typed, and nothing is imposed unseen.

The rule: an errand is described before the password is typed, and names nobody.
"""

import msgspec
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from forum.access.permissions import Permission
from forum.access.viewer import DEFAULT_SITE_ID, Viewer
from forum.accounts.errands import ErrandKind
from forum.accounts.queries import find_account
from forum.moderation.person_form import SanctionForm, show_ban, show_person
from forum.moderation.steps import Case
from forum.refusals import Kind
from forum.sentences import sentence
from forum.web.doors import require
from forum.web.forms import Form
from forum.web.pages import Page, Redirect
from forum.web.translation import translated

KEPT = sentence("You are signed in again. Nothing is imposed yet: read it once more, then send it.")


class SanctionErrand(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A form about a person as its fields held it; ``is_ban``: which of the two."""

    handle: str
    fields: dict[str, str]
    is_ban: bool = False


def pack_sanction(handle: str, form: Form, *, is_ban: bool = False) -> str:
    """Return a typed form as the sign-in form carries it."""
    fields = {name: form.value(name) for name in SanctionForm.__struct_fields__ if form.value(name)}
    return f"sanction:{msgspec.json.encode(SanctionErrand(handle, fields, is_ban)).decode()}"


def describe_sanction(session: Session, data: str) -> str | None:
    """Say that what was typed is kept."""
    return str(_("Nothing is imposed yet. Sign in, and you get back what you typed.")) if _unpack(data) else None


def run_sanction(session: Session, viewer: Viewer, data: str) -> Page | Redirect:
    """Show the form with what was typed. Raises what its own door would."""
    errand = _unpack(data)
    account = find_account(session, errand.handle) if errand else None
    if errand is None or account is None:
        return Redirect("/mod")
    case = Case(DEFAULT_SITE_ID, None, account)
    require(viewer, Permission.BAN_IMPOSE if errand.is_ban else Permission.SANCTION_IMPOSE, case)
    form = Form({name: (value,) for name, value in errand.fields.items()}, Kind.UNAUTHENTICATED.value, translated(KEPT))
    return show_ban(session, case, form) if errand.is_ban else show_person(session, viewer, case, which="sanctions", form=form)


KINDS = {"sanction": ErrandKind(describe_sanction, run_sanction)}


def _unpack(data: str) -> SanctionErrand | None:
    try:
        return msgspec.json.decode(data, type=SanctionErrand)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return None
