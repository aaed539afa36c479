"""The decision on an appeal against a sanction: it stands, is lifted as if it had never been, or makes room for another one. All in one transaction.

The rules of who may decide and what has to be said are those of ``judging``. Locks: the person's articles and the person, sanction, appeal, the log's head.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.access.viewer import Viewer
from forum.accounts.models import Account
from forum.moderation.review import Source
from forum.moderation.sanctioning import SanctionOrder, impose, lift
from forum.redress.judging import Verdict, check, settle
from forum.redress.matters import matter_of
from forum.redress.models import Appeal, Outcome
from forum.redress.queries import find_statement, lock_appeal
from forum.refusals import Fault, Kind, Refusal, invalid
from forum.sanctions.kinds import KINDS, SanctionKind
from forum.sanctions.models import Sanction
from forum.stances.suspension import lock_tagger


def decide_on_sanction(
    session: Session,
    viewer: Viewer,
    appeal_id: int,
    verdict: Verdict,
    *,
    instead: SanctionOrder | None,
    draft: Mapping[str, Any] | None = None,
) -> Appeal:
    """Decide on an appeal against a sanction and return it; ``instead``: what takes its place when it is changed.

    Raises Refusal: ``recused``, ``stale-version`` (with the draft), ``conflict``, ``forbidden`` (the new one is not theirs to impose), ``validation``.
    """
    appeal = session.get_one(Appeal, appeal_id)
    sanction = session.get_one(Sanction, appeal.sanction_id)
    kinds = [SanctionKind(sanction.kind), *([instead.kind] if instead is not None else [])]
    if any(KINDS[kind].stops_tags for kind in kinds):
        lock_tagger(session, sanction.account_id, sanction.site_id)
    locked = select(Sanction).where(Sanction.id == sanction.id).with_for_update().execution_options(populate_existing=True)
    sanction = session.scalars(locked).one()
    appeal = lock_appeal(session, appeal_id)
    matter = matter_of(session, appeal)
    check(session, viewer, appeal, matter, verdict, draft=draft)
    if verdict.outcome is Outcome.UPHELD:
        if sanction.lifted_at is not None:
            raise Refusal(Kind.CONFLICT, "This was lifted meanwhile, so it cannot be upheld.", members={"draft": draft})
    else:
        lift(session, viewer, sanction, overturned=True)
        # Who lifted it meanwhile did not say that it should not have been imposed; this does.
        sanction.overturned = True
    if verdict.outcome is Outcome.CHANGED:
        appeal.replacement_id = _impose(session, viewer, sanction, instead).id
    settle(session, viewer, appeal, matter, verdict)
    return appeal


def _impose(session: Session, viewer: Viewer, sanction: Sanction, instead: SanctionOrder | None) -> Sanction:
    if instead is None:
        raise invalid(Fault("/kind", "required", "Choose what takes its place."))
    statement = find_statement(session, sanction_id=sanction.id)
    assert statement is not None, "the database takes no sanction without its statement"
    account = session.get_one(Account, sanction.account_id)
    return impose(session, viewer, account, instead, site_id=sanction.site_id, source=Source(statement.source))
