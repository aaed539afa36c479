"""Writes of sanctions: impose, lift, acknowledge, and what follows when one is over. Statement of reasons, tags and log row come in the same transaction.

The rule: a sanction ends by its own times, which are looked at whenever it matters; only a suspended person's tags have to be put back, and `settle_ended`
does that before anybody can read the counts. Locks: articles, person, comments, sanction, the log's head.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.access.permissions import Permission
from forum.access.viewer import Role, Viewer
from forum.accounts.models import Account
from forum.accounts.queries import roles_of
from forum.clock import now
from forum.moderation import decisions, log
from forum.moderation.actors import Actor, ActorKind
from forum.moderation.log_words import IMPOSING, LIFTING
from forum.moderation.models import Decision, ReviewItem
from forum.moderation.reasons import DecisionReason
from forum.moderation.review import Source
from forum.moderation.sanction_queries import find_ended, next_end_of_stopped_tags
from forum.moderation.stating import source_of, state_reasons_of_sanction
from forum.refusals import Fault, Kind, Refusal, invalid, not_found
from forum.sanctions.kinds import KINDS, SanctionKind
from forum.sanctions.models import Sanction
from forum.sanctions.queries import is_in_force
from forum.sentences import sentence
from forum.stances.suspension import lock_tagger, return_tags, stop_tags
from forum.web import due
from forum.web.doors import require


@dataclass(frozen=True)
class SanctionOrder:
    """What a moderator wants to impose. ``days`` None: as many as is usual for the kind. ``statement`` is what the person reads, ``note`` is for moderators.

    ``decision_id``: the decision on a comment that it comes with.
    """

    kind: SanctionKind
    reason: DecisionReason
    statement: str = ""
    days: int | None = None
    note: str = ""
    decision_id: int | None = None


@dataclass(frozen=True)
class _Subject:
    """Whom a sanction is about, as the permission table asks for it."""

    site_id: int
    account_id: int


def impose(
    session: Session, viewer: Viewer, account: Account, order: SanctionOrder, *, site_id: int, source: Source = Source.OWN_INITIATIVE
) -> Sanction:
    """Impose a sanction on a person, from now on, and return it. One more while another is in force is possible; both run.

    Raises Refusal: ``forbidden`` (oneself; a moderator, or a ban, by anybody but an admin), ``validation``.
    """
    _require_imposer(session, viewer, account.id, order.kind, site_id)
    statement, days = _check(order)
    known, moment = KINDS[order.kind], now()
    if known.stops_tags:
        lock_tagger(session, account.id, site_id)
    sanction = Sanction(
        site_id=site_id,
        account_id=account.id,
        kind=order.kind.value,
        reason=order.reason.value,
        statement=statement,
        note=order.note.strip(),
        decision_id=order.decision_id,
        imposed_by=viewer.account_id,
        starts_at=moment,
        ends_at=moment + timedelta(days=days) if days is not None else None,
        tags_stopped=known.stops_tags,
        created_at=moment,
    )
    session.add(sanction)
    session.flush()
    state_reasons_of_sanction(session, sanction, source=source)
    if known.stops_tags:
        stop_tags(session, account.id, site_id)
        due.forget()
    _write_down(session, viewer, sanction, IMPOSING, {"days": days} if days is not None else {})
    return sanction


def decide_and_impose(
    session: Session,
    viewer: Viewer,
    item_id: int,
    order: decisions.Order,
    imposed: SanctionOrder,
    *,
    draft: Mapping[str, Any] | None = None,
) -> Decision:
    """Decide on an item and impose a sanction on the comment's writer with it; where it has no statement of its own, the decision's serves.

    Raises Refusal as ``decisions.decide`` and ``impose`` do, with what is wrong about the sanction below ``/sanction``; then neither is done.
    """
    item = session.get(ReviewItem, item_id)
    if item is None:
        raise not_found(sentence("item"))
    if KINDS[imposed.kind].stops_tags:
        # Before the place of the comment: its article is one of those that are locked in rising order.
        lock_tagger(session, item.writer_id, item.site_id, also=item.article_id)
    decision = decisions.decide(session, viewer, item_id, order, draft=draft)
    writer = session.get_one(Account, item.writer_id)
    whole = replace(imposed, reason=order.reason, statement=imposed.statement.strip() or order.statement, decision_id=decision.id)
    try:
        impose(session, viewer, writer, whole, site_id=item.site_id, source=source_of(session, decision, item))
    except Refusal as refusal:
        if refusal.kind is not Kind.VALIDATION:
            raise
        own = ("/days", "/statement") if imposed.statement.strip() else ("/days",)
        below = [replace(fault, pointer=f"/sanction{fault.pointer}") if fault.pointer in own else fault for fault in refusal.faults]
        raise invalid(*below) from None
    return decision


def lift(session: Session, viewer: Viewer, sanction: Sanction, *, overturned: bool = False) -> Sanction:
    """End a sanction now and return it; what is over or lifted already stays as it is. A suspended person's tags count again at once.

    ``overturned``: an appeal says that it should not have been imposed; who may decide that is the appeal's matter. Raises Refusal ``forbidden``: of oneself;
    what an admin has imposed, by anybody but an admin.
    """
    if sanction.account_id == viewer.account_id:
        raise Refusal(Kind.FORBIDDEN, "Nobody lifts a restriction of their own account; another moderator can, or an appeal.")
    if not overturned:
        _require_lifter(session, viewer, sanction)
    sanction = _lock(session, sanction)
    if sanction.lifted_at is not None or not (overturned or is_in_force(sanction, now())):
        return sanction
    sanction.lifted_at, sanction.lifted_by, sanction.overturned = now(), viewer.account_id, overturned
    _give_back(session, sanction)
    _write_down(session, viewer, sanction, LIFTING, {})
    return sanction


def acknowledge(session: Session, viewer: Viewer, sanction: Sanction) -> Sanction:
    """Note that a person has read what was imposed on them, and return it: a warning is over with that. Twice changes nothing. Raises Refusal ``forbidden``."""
    if sanction.account_id != viewer.account_id:
        raise Refusal(Kind.FORBIDDEN, "Only the person whom it is about can say that they have read it.")
    sanction = _read_locked(session, sanction)
    if sanction.acknowledged_at is None:
        sanction.acknowledged_at = now()
        session.flush()
    return sanction


def settle_ended(session: Session) -> bool:
    """Let the tags of one person count again whose suspension is over, unless another one still lasts; return whether anybody's was."""
    ended = find_ended(session)
    if ended is None:
        return False
    # Another process may have been quicker; then nothing is left to do here.
    _give_back(session, _lock(session, ended))
    return True


SUSPENSIONS = due.Watch("suspensions", next_end_of_stopped_tags, settle_ended)


def _check(order: SanctionOrder) -> tuple[str, int | None]:
    """Return the statement and the number of days. Raises Refusal ``validation``."""
    known, statement, faults = KINDS[order.kind], order.statement.strip(), []
    if len(statement) < decisions.STATEMENT_MIN:
        too_short = sentence(
            "The person reads this: say in at least %(least)s characters what happened and why.", least=decisions.STATEMENT_MIN
        )
        faults.append(Fault("/statement", "too-short", too_short))
    if order.reason is DecisionReason.WITHIN_RULES:
        faults.append(Fault("/reason", "needs-reason", "What restricts a person needs a reason other than “within the rules”."))
    days = known.usual_days if order.days is None else order.days
    if order.days is not None and not known.has_end:
        faults.append(
            Fault("/days", "no-end", sentence("%(label)s: this has no end of its own. Leave the number of days empty.", label=known.label))
        )
    elif days is not None and not 1 <= days <= (known.longest_days or days):
        longest = sentence("From 1 to %(most)s days are possible here.", most=known.longest_days or days)
        faults.append(Fault("/days", "out-of-range", longest))
    if faults:
        raise invalid(*faults)
    return statement, days


def _require_imposer(session: Session, viewer: Viewer, account_id: int, kind: SanctionKind, site_id: int) -> None:
    if account_id == viewer.account_id:
        raise Refusal(Kind.FORBIDDEN, "Nobody restricts their own account.")
    _require_rank(viewer, kind, _Subject(site_id, account_id))
    if _is_staff(session, account_id, site_id) and not viewer.role_on(site_id).includes(Role.ADMIN):
        raise Refusal(Kind.FORBIDDEN, "This person is a moderator or an administrator; only an administrator can restrict them.")


def _require_lifter(session: Session, viewer: Viewer, sanction: Sanction) -> None:
    _require_rank(viewer, SanctionKind(sanction.kind), _Subject(sanction.site_id, sanction.account_id))
    role = roles_of(session, sanction.imposed_by).get(sanction.site_id, Role.MEMBER)
    if role.includes(Role.ADMIN) and not viewer.role_on(sanction.site_id).includes(Role.ADMIN):
        raise Refusal(Kind.FORBIDDEN, "An administrator has imposed this, so only an administrator can lift it.")


def _require_rank(viewer: Viewer, kind: SanctionKind, subject: _Subject) -> None:
    require(viewer, Permission.BAN_IMPOSE if KINDS[kind].imposed_by is Role.ADMIN else Permission.SANCTION_IMPOSE, subject)


def _is_staff(session: Session, account_id: int, site_id: int) -> bool:
    return roles_of(session, account_id).get(site_id, Role.MEMBER).includes(Role.MODERATOR)


def _lock(session: Session, sanction: Sanction) -> Sanction:
    if sanction.tags_stopped:
        lock_tagger(session, sanction.account_id, sanction.site_id)
    return _read_locked(session, sanction)


def _read_locked(session: Session, sanction: Sanction) -> Sanction:
    locked = select(Sanction).where(Sanction.id == sanction.id).with_for_update().execution_options(populate_existing=True)
    return session.scalars(locked).one()


def _give_back(session: Session, sanction: Sanction) -> None:
    """Let the person's tags count again when it was this sanction, and no other, that keeps them out of the counts."""
    if not sanction.tags_stopped:
        session.flush()
        return
    sanction.tags_stopped = False
    session.flush()
    others = select(Sanction.id).where(
        Sanction.account_id == sanction.account_id, Sanction.site_id == sanction.site_id, Sanction.tags_stopped.is_(True)
    )
    if session.scalar(others.limit(1)) is None:
        return_tags(session, sanction.account_id, sanction.site_id)
    due.forget()


def _write_down(session: Session, viewer: Viewer, sanction: Sanction, event: str, more: Mapping[str, int]) -> None:
    kind = SanctionKind(sanction.kind)
    log.append(
        session,
        site_id=sanction.site_id,
        event=event,
        actor=Actor(ActorKind.ADMIN if KINDS[kind].imposed_by is Role.ADMIN else ActorKind.MODERATOR, viewer.account_id),
        # The row of a decision names the comment; beside it this one would say who was restricted.
        is_public=sanction.decision_id is None,
        reason=sanction.reason,
        detail={"kind": kind.value, "sanction": sanction.id, **more},
    )
