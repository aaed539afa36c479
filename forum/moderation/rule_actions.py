"""A site's screening rules as they are stored: one document a change, numbered; the highest number holds, number 0 are the shipped ones.

The rule: nothing is overwritten, so that every set of rules a site ever had can be read again. Called by `rule_steps`; flushes, never commits.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.access.viewer import Viewer
from forum.accounts.models import Account
from forum.articles.models import Site
from forum.clock import now
from forum.moderation import log
from forum.moderation.actors import Actor, ActorKind
from forum.moderation.models import RuleSet
from forum.moderation.screening.rules import Rules, default_rules
from forum.refusals import Kind, Refusal, not_found
from forum.sentences import sentence

SHIPPED = 0
"""The number of the rules that are shipped."""


@dataclass(frozen=True)
class StoredRules:
    """A set of rules as it was saved, and when and by whom; neither for the shipped ones."""

    number: int
    rules: Rules
    changed_at: datetime | None = None
    changed_by: Account | None = None


@dataclass(frozen=True)
class RuleSetPage:
    """Saved sets with who saved them, newest first, and the number before which the next page begins, or None."""

    rows: Sequence[tuple[RuleSet, Account]]
    next_number: int | None


def stored_rules(session: Session, site_id: int, number: int | None = None) -> StoredRules:
    """Return the rules that hold on a site as they were saved, or an earlier set by its number. Raises Refusal ``not-found``."""
    if number == SHIPPED:
        return StoredRules(SHIPPED, default_rules())
    saved = select(RuleSet, Account).join(Account, Account.id == RuleSet.changed_by).where(RuleSet.site_id == site_id)
    if number is not None:
        saved = saved.where(RuleSet.number == number)
    row = session.execute(saved.order_by(RuleSet.number.desc()).limit(1)).first()
    if row is None and number is not None:
        raise not_found(sentence("set of rules"))
    if row is None:
        return StoredRules(SHIPPED, default_rules())
    rule_set, account = row
    return StoredRules(rule_set.number, msgspec.json.decode(rule_set.document, type=Rules), rule_set.created_at, account)


def list_rule_sets(session: Session, site_id: int, *, before_number: int | None = None, limit: int) -> RuleSetPage:
    """Return a page of the sets of rules that a site had, newest first, without the shipped ones."""
    saved = select(RuleSet, Account).join(Account, Account.id == RuleSet.changed_by).where(RuleSet.site_id == site_id)
    if before_number is not None:
        saved = saved.where(RuleSet.number < before_number)
    found = [(rule_set, account) for rule_set, account in session.execute(saved.order_by(RuleSet.number.desc()).limit(limit + 1))]
    return RuleSetPage(found[:limit], found[limit - 1][0].number if len(found) > limit else None)


def save_rules(session: Session, viewer: Viewer, site_id: int, rules: Rules, *, after: int | None = None) -> RuleSet:
    """Let ``rules`` hold on a site from now on, and log that they were changed. Raises Refusal ``conflict`` unless ``after`` is the present number.

    ``after`` None: whatever holds now. The rules are usable: the caller has looked with `rules.find_rule_faults`.
    """
    # One change after the other; a row of the site stays free for the foreign keys of others.
    session.execute(select(Site.id).where(Site.id == site_id).with_for_update(key_share=True))
    newest = select(RuleSet.number).where(RuleSet.site_id == site_id).order_by(RuleSet.number.desc()).limit(1)
    present = session.scalar(newest) or SHIPPED
    if after is not None and after != present:
        raise Refusal(Kind.CONFLICT, "Somebody else has changed the rules since this preview. Look at theirs, then preview yours again.")
    rule_set = RuleSet(
        site_id=site_id,
        number=present + 1,
        document=msgspec.json.encode(rules).decode(),
        changed_by=viewer.account_id,
        created_at=now(),
    )
    session.add(rule_set)
    session.flush()
    actor = Actor(ActorKind.ADMIN, viewer.account_id)
    log.append(session, site_id=site_id, event="rules", actor=actor, is_public=True, detail={"number": rule_set.number})
    return rule_set
