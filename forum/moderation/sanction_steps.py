"""Steps that the pages and the JSON doors of sanctions share: what a door loads, and what is sent becomes an order.

The rule of the loaders is that of ``steps``: who may not see a case gets the same answer whether there is one or not.
"""

from typing import Any

from sqlalchemy.orm import Session

from forum.access.permissions import Permission
from forum.accounts.models import Account
from forum.moderation.models import Decision, ReviewItem
from forum.moderation.queries import latest_decision
from forum.moderation.reasons import DecisionReason
from forum.moderation.review import Source
from forum.moderation.sanction_schemas import SanctionIn
from forum.moderation.sanctioning import SanctionOrder, impose, lift
from forum.moderation.stating import source_of
from forum.moderation.steps import Case, account_of, or_site
from forum.refusals import Fault, invalid, not_found
from forum.sanctions.kinds import SanctionKind
from forum.sanctions.models import Sanction
from forum.sanctions.queries import get_sanction
from forum.sentences import sentence
from forum.web.doors import AnyCall


def load_sanction(call: AnyCall) -> Any:
    """Load the sanction of the address, for moderators."""
    return or_site(call, call.session.get(Sanction, call.path["sanction_id"]), Permission.SANCTION_IMPOSE, sentence("sanction"))


def impose_on(call: AnyCall, sent: SanctionIn) -> Sanction:
    """Impose what was sent on the person that the door loaded. Raises Refusal ``forbidden`` or ``validation``."""
    case: Case = call.thing
    account = account_of(call)
    decision, source = _origin(call.session, account, sent.item, case.site_id)
    order = SanctionOrder(
        SanctionKind(sent.kind),
        DecisionReason(sent.reason),
        statement=sent.statement,
        days=sent.days,
        note=sent.note,
        decision_id=decision.id if decision is not None else None,
    )
    return impose(call.session, call.viewer, account, order, site_id=case.site_id, source=source)


def lift_from(call: AnyCall) -> Sanction:
    """Lift the sanction of the address from the person that the door loaded. Raises Refusal ``not-found`` when it is somebody else's, or ``forbidden``."""
    case: Case = call.thing
    sanction = get_sanction(call.session, call.path["sanction_id"])
    if (sanction.account_id, sanction.site_id) != (account_of(call).id, case.site_id):
        raise not_found(sentence("sanction"))
    return lift(call.session, call.viewer, sanction)


def _origin(session: Session, account: Account, item_id: int | None, site_id: int) -> tuple[Decision | None, Source]:
    """Return the moderator's decision that a sanction comes with, and what brought it about."""
    if item_id is None:
        return None, Source.OWN_INITIATIVE
    item = session.get(ReviewItem, item_id)
    if item is None or (item.writer_id, item.site_id) != (account.id, site_id):
        raise invalid(Fault("/item", "unknown-item", "There is no such item about a comment of this person."))
    decision = latest_decision(session, item.id)
    if decision is None or decision.moderator_id is None:
        raise invalid(
            Fault("/item", "not-decided", "No moderator has decided on this item yet; a decision can bring the restriction with it.")
        )
    return decision, source_of(session, decision, item)
