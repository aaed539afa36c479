"""HTML doors of the screening rules: read them, try a change out, save it. Moderators read, admins change.

The rule: what was typed stays in the form until it is saved, whatever is wrong with it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from flask import flash
from flask_babel import gettext as _

from forum.access.permissions import Permission
from forum.access.table import can
from forum.accounts.errands import ask_to_sign_in
from forum.articles.models import Site
from forum.articles.steps import load_site
from forum.moderation.rule_actions import list_rule_sets, stored_rules
from forum.moderation.rule_form import FIELDS, Control, RuleField, RulesForm, read_rules_form, type_rules
from forum.moderation.rule_schemas import RulesQuery, TryoutOut
from forum.moderation.rule_steps import prepare_saving, present_rule_sets, present_rules, preview_rules, save_previewed
from forum.moderation.rule_words import GROUPS, HINTS, LABELS, OUTCOME_WORDS, PHASE_WORDS
from forum.moderation.screening.rules import Rules
from forum.moderation.tryout import NOT_REPLAYED
from forum.refusals import Fault, Refusal
from forum.web.context import settings
from forum.web.doors import AnyCall, Call
from forum.web.forms import Form, filled_form, is_expired, refused_form
from forum.web.pages import Page, PageDoors, Redirect
from forum.web.translation import translated

doors = PageDoors("rules")
HISTORY_SHOWN = 10
FAULTS_SHOWN = 5


@dataclass(frozen=True)
class Asked:
    """A field as the page shows it, in the reader's language."""

    name: str
    control: Control
    label: str
    hint: str
    least: int
    most: int


@dataclass(frozen=True)
class Prepared:
    """The rules that were typed, and what they would have done or the number of the set that they were previewed against."""

    rules: Rules
    tryout: TryoutOut | None = None
    number: int = 0


@doors.door("GET", "/mod/rules", Permission.RULES_READ, load=load_site, query=RulesQuery)
def show(call: Call[Site, None, RulesQuery]) -> Page:
    """Show the screening rules: a form for admins, which an earlier set can be put into."""
    chosen = stored_rules(call.session, call.thing.id, call.query.number)
    return _editor(call, filled_form(**type_rules(chosen.rules)), number=call.query.number)


def redisplay(call: AnyCall, refusal: Refusal) -> Page:
    """Show the refused form again, with every fault beside its field."""
    if is_expired(refusal, signed_in=call.viewer.is_signed_in):
        return ask_to_sign_in(call.session, then="/mod/rules")
    return _editor(call, replace(refused_form(refusal), faults=_by_field(refusal.faults)))


def prepare_preview(call: AnyCall) -> Prepared:
    """Try the typed rules out while no lock is held. Raises Refusal ``validation``."""
    rules = read_rules_form(call.body)
    return Prepared(rules, preview_rules(call, rules, say=translated))


@doors.door(
    "POST", "/mod/rules/preview", Permission.RULES_EDIT, load=load_site, prepare=prepare_preview, body=RulesForm, redisplay=redisplay
)
def preview(call: Call[Site, Any, None]) -> Page:
    """Show what the typed rules would have done to the newest comments, and offer to save them."""
    prepared: Prepared = call.prepared
    # As they were typed: notes in a list stay until it is saved.
    return _editor(call, filled_form(**{name: getattr(call.body, name) for name in FIELDS}), tryout=prepared.tryout)


def prepare_save(call: AnyCall) -> Prepared:
    """Check that the typed rules are those that were previewed, while no lock is held. Raises Refusal ``validation``."""
    rules = read_rules_form(call.body)
    return Prepared(rules, number=prepare_saving(call, rules, call.body.preview))


@doors.door("POST", "/mod/rules", Permission.RULES_EDIT, load=load_site, prepare=prepare_save, body=RulesForm, redisplay=redisplay)
def save(call: Call[Site, Any, None]) -> Redirect:
    """Let the typed rules hold from now on."""
    prepared: Prepared = call.prepared
    save_previewed(call, prepared.rules, prepared.number)
    flash(_("The rules are saved. They hold for every comment from now on; those already here stay as they are."))
    return Redirect("/mod/rules")


def _editor(call: AnyCall, form: Form, *, number: int | None = None, tryout: TryoutOut | None = None) -> Page:
    """Return the page around ``form``; ``number`` is the earlier set that was put into it, if one was."""
    site_id = call.thing.id
    history = list_rule_sets(call.session, site_id, limit=HISTORY_SHOWN)
    context = {
        "form": form,
        "groups": [(translated(heading), [_asked(FIELDS[name]) for name in names]) for heading, names in GROUPS],
        "labels": {name: translated(LABELS[name]) for name in FIELDS},
        "may_edit": can(call.viewer, Permission.RULES_EDIT, call.thing),
        "present": present_rules(stored_rules(call.session, site_id)),
        "history": present_rule_sets(history),
        "chosen": number,
        "tryout": tryout,
        "outcomes": {outcome.value: translated(words) for outcome, words in OUTCOME_WORDS.items()},
        "phases": [translated(PHASE_WORDS[name]) for name in NOT_REPLAYED],
    }
    return Page("moderation/rules.html", context)


def _asked(one: RuleField) -> Asked:
    hint = translated(HINTS[one.name]) if one.name in HINTS else ""
    if one.name == "hold_first":
        hint = _("The server's setting is %(setting)s.", setting=settings().hold_first_comments)
    return Asked(one.name, one.control, translated(LABELS[one.name]), hint, one.least, one.most)


def _by_field(faults: Iterable[Fault]) -> dict[str, str]:
    """Return the sentences beside each field: of a long list the first bad lines."""
    by_field: dict[str, list[str]] = {}
    for fault in faults:
        by_field.setdefault(fault.pointer.removeprefix("/").partition("/")[0], []).append(translated(fault.detail))
    return {name: " ".join(sentences[:FAULTS_SHOWN]) for name, sentences in by_field.items()}
