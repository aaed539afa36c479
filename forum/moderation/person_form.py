"""What moderators' page of one person shows: the history, what was imposed and is in force, the ladder's suggestion, and the forms.

The rule: whatever is refused, the form comes back as it was typed. Called by ``pages`` (notes) and ``sanction_pages``.
"""

from typing import Annotated

import msgspec
from msgspec import Meta
from sqlalchemy.orm import Session

from forum.access.permissions import Permission
from forum.access.table import can
from forum.access.viewer import Viewer
from forum.accounts.models import Account
from forum.moderation import page_words, sanction_words
from forum.moderation.present import present_history
from forum.moderation.reasons import DecisionReason
from forum.moderation.rows import count_waiting
from forum.moderation.sanction_present import present_sanctions
from forum.moderation.sanction_schemas import Days, SanctionIn
from forum.moderation.steps import Case
from forum.refusals import Fault, invalid
from forum.sanctions.kinds import KINDS, SanctionKind, suggest
from forum.sanctions.queries import list_sanctions
from forum.web.forms import Form, filled_form
from forum.web.pages import Page

Typed = Annotated[str, Meta(max_length=2_000)]
# In this order the fields stand, and a summary names them.
FIELDS = ("kind", "days", "reason", "statement", "note")


class SanctionForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be imposed, as typed. What is missing is said in the form's own words."""

    kind: SanctionKind | None = None
    days: Days | None = None
    reason: DecisionReason | None = None
    statement: Typed = ""
    note: Typed = ""

    def order(self, kind: SanctionKind | None = None) -> SanctionIn:
        """Return what was chosen; ``kind``: where the form leaves no choice. Raises Refusal ``validation``."""
        chosen = kind or self.kind
        if chosen is None:
            raise invalid(Fault("/kind", "required", "Choose what is to be imposed."))
        if self.reason is None:
            raise invalid(Fault("/reason", "required", "Choose the reason; the person and the log will have it."))
        return SanctionIn(chosen, self.reason, self.statement, self.days, self.note)


def show_person(session: Session, viewer: Viewer, case: Case, *, which: str = "", form: Form | None = None) -> Page:
    """Return the page of a person; ``which`` of its forms was refused: ``notes``, ``sanctions`` or ``lift``."""
    account: Account = case.row
    history = present_history(session, account, case.site_id)
    everything = present_sanctions(session, list_sanctions(session, account.id, case.site_id))
    refused = form or Form()
    context = {
        "history": history,
        "over": [sanction for sanction in everything if not sanction.in_force],
        "which": which,
        "form": refused,
        "notes_form": refused if which == "notes" else Form(),
        "sanction_form": refused if which == "sanctions" else filled_form(kind=_likely(history.strikes)),
        "choices": sanction_words.choices(),
        "ladder": sanction_words.ladder(history.strikes),
        "reasons": sanction_words.reasons(),
        "statements": sanction_words.statements(),
        "is_self": account.id == viewer.account_id,
        "may_ban": can(viewer, Permission.BAN_IMPOSE, case),
        "words": page_words,
        "measures": sanction_words,
        "open_cases": count_waiting(session, case.site_id),
    }
    return Page("moderation/person.html", context)


def show_ban(session: Session, case: Case, form: Form) -> Page:
    """Return the page on which a person is banned."""
    account: Account = case.row
    context = {
        "person": account,
        "form": form,
        "meaning": sanction_words.choice_of(SanctionKind.BAN).meaning,
        "reasons": sanction_words.reasons(),
        "statements": sanction_words.statements(),
        "open_cases": count_waiting(session, case.site_id),
    }
    return Page("moderation/ban.html", context)


def _likely(strikes: int) -> str | None:
    """Return what the ladder suggests, to begin the form with; a ban is never chosen beforehand."""
    step = suggest(strikes)
    return step.value if step is not None and (KINDS[step].has_end or KINDS[step].acknowledged) else None
