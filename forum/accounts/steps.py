"""Steps that the pages and the JSON doors of people share: load oneself, check a new account or password, sign out here.

What is slow or must count even when it is refused (the hash, the limits) is done before the door's own transaction opens.
"""

from flask import request

from forum.accounts.actions import NewAccount, check_new_account, end_sign_in
from forum.accounts.models import Account
from forum.accounts.passwords import find_password_faults, hash_password, is_password
from forum.accounts.signin import sign_out
from forum.db.transaction import reading, writing
from forum.refusals import Fault, Kind, Refusal, invalid, not_found
from forum.sentences import sentence
from forum.web.context import settings
from forum.web.doors import AnyCall
from forum.web.limits import charge, network_of


def load_self(call: AnyCall) -> Account | None:
    """Load the caller's own account; None for a visitor, whom the permission then turns away."""
    return call.session.get(Account, call.viewer.account_id) if call.viewer.account_id is not None else None


def prepare_sign_up(new: NewAccount) -> str:
    """Return the hash of a new account's password, or raise Refusal with everything that speaks against signing up."""
    if settings().registration == "closed":
        raise Refusal(Kind.FORBIDDEN, "Signing up is closed here; ask the people who run this site for an account.")
    with writing() as session:
        charge(session, "sign_up_rate", network_of(request.remote_addr))
    with reading() as session:
        check_new_account(session, new)
    return hash_password(new.password)


def prepare_new_password(call: AnyCall, *, current: str, new: str) -> str:
    """Return the hash of the new password. Raises Refusal when the present one is wrong or the new one will not do."""
    if not call.viewer.is_signed_in:
        raise Refusal(Kind.UNAUTHENTICATED, "Please sign in first.")
    with writing() as session:
        charge(session, "sign_in_rate", f"account:{call.viewer.account_id}")
    with reading() as session:
        account = session.get(Account, call.viewer.account_id)
        if account is None:
            raise not_found(sentence("account"))
        known, handle, email = account.password_hash, account.handle, account.email or ""
    if not is_password(current, known):
        raise invalid(Fault("/current_password", "wrong", "This is not your present password."))
    faults = find_password_faults(new, handle=handle, email=email, pointer="/new_password")
    if faults:
        raise invalid(*faults)
    return hash_password(new)


def end_own_sign_in(call: AnyCall) -> None:
    """End the sign-in that this request came with, and forget its cookie."""
    if call.viewer.account_id is not None and call.viewer.signin_id is not None:
        end_sign_in(call.session, call.viewer.account_id, call.viewer.signin_id)
    sign_out()
