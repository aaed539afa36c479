"""Asking for a mail: what it costs, and what becomes of it. Pages and JSON doors of this room call the same steps.

The rule: whether anybody has the address is not to be learnt. The request does the same for every address – it leaves a job – and the answer is the same; the
job looks, and writes to whom there is.
"""

from collections.abc import Mapping
from typing import Any

from flask import request
from sqlalchemy.orm import Session

from forum.accounts.actions import is_address
from forum.accounts.models import Account
from forum.accounts.passwords import is_password
from forum.accounts.queries import find_account_by_address, fold_email
from forum.db.transaction import reading, writing
from forum.jobs.actions import enqueue
from forum.mail.letters import language_here
from forum.mailbox.letters import send_change_of_address, send_confirmation, send_reset, send_sign_in, tell_old_address, tell_owner
from forum.mailbox.links import end_links
from forum.mailbox.models import Purpose
from forum.refusals import Fault, Kind, Refusal, invalid, not_found
from forum.sentences import sentence
from forum.web.doors import AnyCall
from forum.web.limits import charge, network_of

MAIL_SIGN_IN = "mail-sign-in"
MAIL_RESET = "mail-reset"
ERRAND_MAX = 20_000
"""So many bytes of an errand travel in a link; more is left behind, and the page says so."""

NO_ADDRESS = "This is not an e-mail address such as anna@example.org."


def prepare_mail(email: str) -> None:
    """Charge a mail that a visitor asks for, in a transaction of its own. Raises Refusal ``validation`` or ``rate-limited``."""
    if not is_address(fold_email(email)):
        raise invalid(Fault("/email", "invalid", NO_ADDRESS))
    with writing() as session:
        charge(session, "mail_network_rate", network_of(request.remote_addr))
        charge(session, "mail_rate", fold_email(email))


def ask_for_sign_in(session: Session, email: str, *, then: str = "", errand: str = "") -> bool:
    """Let a link to sign in be mailed to ``email`` if it is somebody's, and return whether the errand travels with it."""
    fits = len(errand.encode()) <= ERRAND_MAX
    onward = {"next": then, "errand": errand if fits else ""}
    enqueue(session, MAIL_SIGN_IN, {"email": fold_email(email), "language": language_here(), **onward})
    return fits


def ask_for_reset(session: Session, email: str) -> None:
    """Let a link to a new password be mailed to ``email`` if it is somebody's."""
    enqueue(session, MAIL_RESET, {"email": fold_email(email), "language": language_here()})


def mail_sign_in(session: Session, payload: Mapping[str, Any]) -> None:
    """Write to the account that has this address, if there is one; a job's handler."""
    account = find_account_by_address(session, payload["email"])
    if account is not None:
        send_sign_in(session, account, language=payload["language"], onward={"next": payload["next"], "errand": payload["errand"]})


def mail_reset(session: Session, payload: Mapping[str, Any]) -> None:
    """Write to the account that has this address, if there is one; a job's handler."""
    account = find_account_by_address(session, payload["email"])
    if account is not None:
        send_reset(session, account, language=payload["language"])


def prepare_confirmation(call: AnyCall) -> None:
    """Charge another mail of confirmation. Raises Refusal ``conflict`` when there is nothing to confirm, or ``rate-limited``."""
    with reading() as session:
        _require_unconfirmed(_self(session, call))
    with writing() as session:
        charge(session, "mail_rate", _self(session, call).email or "")


def ask_for_confirmation(session: Session, account: Account) -> None:
    """Mail the confirmation again. Raises Refusal ``conflict`` when there is nothing to confirm."""
    _require_unconfirmed(account)
    send_confirmation(session, account)


def prepare_address(call: AnyCall, *, email: str, password: str) -> None:
    """Check the password and charge the mail while no transaction is open (ASVS V7.5.1). Raises Refusal ``validation`` or ``rate-limited``."""
    if not call.viewer.is_signed_in:
        raise Refusal(Kind.UNAUTHENTICATED, "Please sign in first.")
    wanted = fold_email(email)
    if not is_address(wanted):
        raise invalid(Fault("/email", "invalid", NO_ADDRESS))
    with writing() as session:
        charge(session, "sign_in_rate", f"account:{call.viewer.account_id}")
    with reading() as session:
        account = _self(session, call)
        known, present = account.password_hash, account.email
    if known is None:
        raise invalid(
            Fault("/password", "none", "Your account has no password yet; set one with 'Forgot your password?' on the sign-in page.")
        )
    if not is_password(password, known):
        raise invalid(Fault("/password", "wrong", "This is not your password."))
    if wanted == present:
        raise invalid(Fault("/email", "same", "This is the address that your account has already."))
    with writing() as session:
        charge(session, "mail_rate", wanted)
        charge(session, "mail_network_rate", network_of(request.remote_addr))


def ask_for_address(session: Session, account: Account, email: str) -> None:
    """Let the account have another address once its link is followed; whether somebody else has it is told to them and not to who asks."""
    wanted = fold_email(email)
    end_links(session, account.id, Purpose.CONFIRM)
    owner = find_account_by_address(session, wanted)
    if owner is None:
        send_change_of_address(session, account, wanted)
    else:
        tell_owner(session, owner)
        tell_old_address(session, account, wanted)


def _self(session: Session, call: AnyCall) -> Account:
    account = session.get(Account, call.viewer.account_id) if call.viewer.account_id is not None else None
    if account is None:
        raise not_found(sentence("account"))
    return account


def _require_unconfirmed(account: Account) -> None:
    if account.email is None:
        raise Refusal(Kind.CONFLICT, "Your account has no e-mail address; give it one first.")
    if account.email_confirmed_at is not None:
        raise Refusal(Kind.CONFLICT, "Your address is confirmed already; there is nothing to do.")
