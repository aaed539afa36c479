"""JSON doors of the screening rules: read them, try a change out, save what was tried, see what they were before."""

from typing import Any

from forum.access.permissions import Permission
from forum.articles.models import Site
from forum.articles.steps import load_site
from forum.moderation.rule_actions import stored_rules
from forum.moderation.rule_schemas import (
    RulesDocument,
    RuleSetsOut,
    RuleSetsQuery,
    RulesIn,
    RulesOut,
    RulesQuery,
    TryoutKept,
    TryoutOut,
    rules_of,
)
from forum.moderation.rule_steps import prepare_saving, present_rules, preview_rules, read_history, save_previewed
from forum.refusals import Kind
from forum.web.doors import Answer, ApiDoors, Call

doors = ApiDoors("rules")


@doors.door(
    "GET",
    "/mod/rules",
    Permission.RULES_READ,
    load=load_site,
    query=RulesQuery,
    answers={200: RulesOut},
    problems=(Kind.NOT_FOUND,),
    private=True,
)
def get(call: Call[Site, None, RulesQuery]) -> Answer:
    """Show the rules by which comments are screened, or an earlier set of them."""
    return Answer(present_rules(stored_rules(call.session, call.thing.id, call.query.number)))


@doors.door(
    "POST",
    "/mod/rules/preview",
    Permission.RULES_EDIT,
    load=load_site,
    prepare=lambda call: preview_rules(call, rules_of(call.body)),
    body=RulesDocument,
    answers={200: TryoutOut},
    repeats=True,
)
def preview(call: Call[Site, Any, None]) -> Answer:
    """Show what these rules would have done to the newest 1,000 comments, and give the token that saves them."""
    tryout: TryoutOut = call.prepared
    return Answer(tryout, storable=TryoutKept(tryout.number))


@doors.door(
    "PUT",
    "/mod/rules",
    Permission.RULES_EDIT,
    load=load_site,
    prepare=lambda call: prepare_saving(call, rules_of(call.body.rules), call.body.preview),
    body=RulesIn,
    answers={200: RulesOut},
    problems=(Kind.CONFLICT,),
)
def save(call: Call[Site, RulesIn, None]) -> Answer:
    """Let rules hold that were previewed within the last hour, while nobody else has changed them."""
    save_previewed(call, rules_of(call.body.rules), call.prepared)
    return Answer(present_rules(stored_rules(call.session, call.thing.id)))


@doors.door(
    "GET",
    "/mod/rules/history",
    Permission.RULES_READ,
    load=load_site,
    query=RuleSetsQuery,
    answers={200: RuleSetsOut},
    problems=(Kind.BAD_CURSOR,),
    private=True,
)
def list_history(call: Call[Site, None, RuleSetsQuery]) -> Answer:
    """List when the rules were changed, and by whom, newest first."""
    return Answer(read_history(call))
