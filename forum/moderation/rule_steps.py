"""Steps that the pages and the JSON doors of the screening rules share: try a change out, check its token, save it, present all that as structures.

The rule: word lists are compiled and comments are looked at before a transaction that writes begins.
"""

from collections.abc import Callable

import msgspec

from forum.articles.models import Site
from forum.articles.steps import load_site
from forum.db.transaction import reading
from forum.moderation.models import RuleSet
from forum.moderation.rule_actions import RuleSetPage, StoredRules, list_rule_sets, save_rules, stored_rules
from forum.moderation.rule_previews import read_preview, sign_preview
from forum.moderation.rule_schemas import (
    ChangedCommentOut,
    OutcomeCountOut,
    RuleFindingOut,
    RuleSetOut,
    RuleSetsOut,
    RuleSetsQuery,
    RulesOut,
    TryoutOut,
    document_of,
)
from forum.moderation.screening.findings import Verdict
from forum.moderation.screening.replay import Change
from forum.moderation.screening.rules import Rules, find_rule_faults
from forum.moderation.tryout import NOT_REPLAYED, Posted, Tryout, gather_posted, try_out
from forum.refusals import invalid
from forum.text.excerpt import excerpt
from forum.web.context import cursors, settings
from forum.web.doors import AnyCall, Call

Say = Callable[[str], str]


def check_rules(rules: Rules) -> None:
    """Raise Refusal ``validation`` with every entry that cannot be used; compiles the lists."""
    if faults := find_rule_faults(rules):
        raise invalid(*faults)


def preview_rules(call: AnyCall, rules: Rules, *, say: Say = str) -> TryoutOut:
    """Return what ``rules`` would have done, with the token that saves them; ``say`` puts the sentences of findings into a language.

    Raises Refusal ``validation``. A door's ``prepare``: no lock is held.
    """
    check_rules(rules)
    with reading() as session:
        call.session = session
        site_id = load_site(call).id
        stored = stored_rules(session, site_id)
        posted = gather_posted(session, site_id)
    tryout = try_out(posted, in_force(stored.rules), in_force(rules))
    return present_tryout(tryout, stored.number, sign_preview(site_id, rules, stored.number), say)


def prepare_saving(call: AnyCall, rules: Rules, token: str) -> int:
    """Return the number of the set that ``rules`` were previewed against. Raises Refusal ``validation``. A door's ``prepare``."""
    with reading() as session:
        call.session = session
        site_id = load_site(call).id
    number = read_preview(token, site_id, rules)
    check_rules(rules)
    return number


def save_previewed(call: AnyCall, rules: Rules, number: int) -> RuleSet:
    """Save ``rules`` that were previewed against the set ``number``. Raises Refusal ``conflict`` when somebody else has changed them since."""
    return save_rules(call.session, call.viewer, call.thing.id, rules, after=number)


def read_history(call: Call[Site, None, RuleSetsQuery]) -> RuleSetsOut:
    """Return the page of the history that the query asks for. Raises Refusal ``bad-cursor``."""
    purpose = f"rule-sets:{call.thing.id}"
    before = cursors().read(purpose, call.query.cursor)[0] if call.query.cursor else None
    page = list_rule_sets(call.session, call.thing.id, before_number=before, limit=call.query.limit)
    return RuleSetsOut(present_rule_sets(page), cursors().write(purpose, [page.next_number]) if page.next_number is not None else None)


def in_force(rules: Rules) -> Rules:
    """Return the rules as they hold here: the server's setting for new writers is filled in where they say nothing."""
    return rules if rules.hold_first else msgspec.structs.replace(rules, hold_first=settings().hold_first_comments)


def present_rules(stored: StoredRules) -> RulesOut:
    """Return a set of rules as a structure."""
    by = stored.changed_by.shown_handle if stored.changed_by else None
    return RulesOut(stored.number, stored.changed_at, by, document_of(stored.rules), settings().hold_first_comments)


def present_rule_sets(page: RuleSetPage) -> list[RuleSetOut]:
    """Return the sets of a page of the history as structures."""
    return [RuleSetOut(rule_set.number, rule_set.created_at, account.shown_handle) for rule_set, account in page.rows]


def present_tryout(tryout: Tryout, number: int, token: str, say: Say) -> TryoutOut:
    """Return what a change would have done, in the order of the outcomes, strongest first; ``number`` is the set that holds now."""
    counts = sorted(tryout.counts.items(), key=lambda item: (-item[0][1].strength, -item[0][0].strength))
    return TryoutOut(
        number=number,
        looked_at=tryout.looked_at,
        changed=tryout.counts.total(),
        counts=[OutcomeCountOut(before, after, count) for (before, after), count in counts],
        comments=[_changed(posted, change, say) for posted, change in tryout.shown],
        not_replayed=list(NOT_REPLAYED),
        preview=token,
    )


def _changed(posted: Posted, change: Change, say: Say) -> ChangedCommentOut:
    before, after = change.outcomes
    return ChangedCommentOut(
        comment_id=change.comment_id,
        url=f"/c/{change.comment_id}",
        author=posted.author,
        created_at=posted.created_at,
        excerpt=excerpt(posted.html),
        before=before,
        after=after,
        finding=_finding(posted, change.after, say) or _finding(posted, change.before, say),
    )


def _finding(posted: Posted, verdict: Verdict, say: Say) -> RuleFindingOut | None:
    found = verdict.deciding
    if found is None:
        return None
    return RuleFindingOut(
        found.phase, found.outcome, found.code, found.reason, say(found.detail), () if posted.is_masked else found.matches
    )
