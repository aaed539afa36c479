"""Reads of the privacy room: erasures that wait, and the accounts that are about to go."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from forum.access.viewer import Role
from forum.accounts.models import Account, Membership
from forum.moderation.models import ReviewItem
from forum.privacy.models import IS_OPEN, Erasure
from forum.refusals import not_found
from forum.sentences import sentence

ERASURES_MOST = 100


def find_open_erasure(session: Session, comment_id: int) -> Erasure | None:
    """Return the erasure of a comment that waits for a second person, or None."""
    return session.scalar(select(Erasure).where(text(IS_OPEN), Erasure.comment_id == comment_id))


def get_erasure(session: Session, erasure_id: int) -> Erasure:
    """Return an erasure. Raises Refusal ``not-found``."""
    found = session.get(Erasure, erasure_id)
    if found is None:
        raise not_found(sentence("erasure"))
    return found


def list_erasures(session: Session, site_id: int) -> Sequence[Erasure]:
    """Return a site's erasures that wait for a second person, oldest first; at most 100."""
    waiting = select(Erasure).where(text(IS_OPEN), Erasure.site_id == site_id)
    return session.scalars(waiting.order_by(Erasure.id).limit(ERASURES_MOST)).all()


def newest_cases(session: Session, comment_ids: Collection[int]) -> Mapping[int, int]:
    """Return the newest review item of each of these comments that has one, by the comment, in one read."""
    newest = select(ReviewItem.comment_id, func.max(ReviewItem.id)).where(ReviewItem.comment_id.in_(comment_ids))
    rows = session.execute(newest.group_by(ReviewItem.comment_id)) if comment_ids else ()
    return {comment_id: item_id for comment_id, item_id in rows}


def count_erasures(session: Session, site_id: int) -> int:
    """Return how many erasures of a site wait for a second person, counted up to 100."""
    waiting = select(Erasure.id).where(text(IS_OPEN), Erasure.site_id == site_id).limit(ERASURES_MOST)
    return session.scalar(select(func.count()).select_from(waiting.subquery())) or 0


def sites_without_another_admin(session: Session, account_id: int) -> Sequence[int]:
    """Return the sites that this account administers and that nobody else does who has neither left nor is about to. The roles are locked, so that this holds."""
    admins = select(Membership).where(Membership.role == Role.ADMIN.value)
    own = select(Membership.site_id).where(Membership.role == Role.ADMIN.value, Membership.account_id == account_id)
    # Two admins who ask at once are looked at one after the other.
    session.execute(admins.where(Membership.site_id.in_(own)).order_by(Membership.site_id, Membership.account_id).with_for_update())
    staying = (
        select(Membership.site_id)
        .join(Account, Account.id == Membership.account_id)
        .where(
            Membership.role == Role.ADMIN.value,
            Membership.account_id != account_id,
            Account.leaving_at.is_(None),
            Account.left_at.is_(None),
            Account.password_hash.is_not(None),
        )
    )
    return session.scalars(own.where(Membership.site_id.not_in(staying)).order_by(Membership.site_id)).all()
