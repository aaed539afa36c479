"""Steps that the pages and the JSON doors of the privacy room share: what a door loads, the password that is asked again, rows as structures."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from forum.access.permissions import Permission
from forum.access.viewer import Viewer
from forum.accounts.models import Account
from forum.accounts.passwords import is_password
from forum.db.transaction import reading, writing
from forum.moderation.queries import handles_of
from forum.moderation.steps import or_site
from forum.privacy.models import Erasure
from forum.privacy.queries import newest_cases
from forum.privacy.schemas import ErasureOut, LeavingOut
from forum.refusals import Fault, Kind, Refusal, invalid, not_found
from forum.sentences import sentence
from forum.web.doors import AnyCall
from forum.web.limits import charge


def load_erasure(call: AnyCall) -> Any:
    """Load the erasure of the address; who does not moderate learns nothing of whether there is one."""
    return or_site(call, call.session.get(Erasure, call.path["erasure_id"]), Permission.ERASURE_CONFIRM, sentence("erasure"))


def check_own_password(call: AnyCall) -> None:
    """Ask for the password of whoever is signed in. Raises Refusal: ``unauthenticated``, ``rate-limited``, ``validation`` when it is wrong. A door's ``prepare``."""
    if not call.viewer.is_signed_in:
        raise Refusal(Kind.UNAUTHENTICATED, "Please sign in first.")
    with writing() as session:
        charge(session, "sign_in_rate", f"account:{call.viewer.account_id}")
    with reading() as session:
        account = session.get(Account, call.viewer.account_id)
        if account is None:
            raise not_found(sentence("account"))
        known = account.password_hash
    if not is_password(call.body.password, known):
        raise invalid(Fault("/password", "wrong", "This is not your present password."))


def present_leaving(account: Account) -> LeavingOut:
    """Return whether and when an account is about to be deleted."""
    return LeavingOut(account.leaving_at, account.leaving_with)


def present_erasures(session: Session, viewer: Viewer, erasures: Sequence[Erasure]) -> list[ErasureOut]:
    """Return erasures as structures; one read for all names, and one for the cases."""
    cases = newest_cases(session, [erasure.comment_id for erasure in erasures])
    handles = handles_of(session, [each for erasure in erasures for each in (erasure.asked_by, erasure.confirmed_by)])
    return [
        ErasureOut(
            id=erasure.id,
            comment_id=erasure.comment_id,
            url=f"/c/{erasure.comment_id}",
            case=f"/mod/items/{cases[erasure.comment_id]}" if erasure.comment_id in cases else None,
            reason=erasure.reason,
            why=erasure.why,
            asked_by=handles.get(erasure.asked_by, ""),
            asked_at=erasure.asked_at,
            mine=erasure.asked_by == viewer.account_id,
            confirmed_by=handles.get(erasure.confirmed_by),
            done_at=erasure.done_at,
            dropped_at=erasure.dropped_at,
        )
        for erasure in erasures
    ]


def charge_export(call: AnyCall) -> None:
    """Charge an export, which may be a lot to read, before its reading begins. Raises Refusal ``rate-limited``. A door's ``prepare``."""
    with writing() as session:
        charge(session, "export_rate", str(call.viewer.account_id))
