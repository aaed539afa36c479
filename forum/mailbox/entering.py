"""Following a link to sign in or to a new password: the first factor is that one reads the mailbox; a second one is still asked (ASVS V6.3.4).

The rule: an address that nobody had confirmed may have been registered by somebody else who waits for its owner to come ("pre-hijacking"). Who opens such an
account by mail gets it without the password, sign-ins and tokens that were made before.
"""

from typing import NamedTuple

from flask import flash
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from forum.accounts.actions import change_password, confirm_address, take_over
from forum.accounts.admission import Onward, admit
from forum.accounts.models import Account
from forum.accounts.passwords import find_password_faults, hash_password
from forum.accounts.queries import find_account_by_address
from forum.db.transaction import reading
from forum.mailbox.following import Explanation, Handler
from forum.mailbox.links import data_of, end_links, gone, read_link, use_link
from forum.mailbox.models import MailLink, Purpose
from forum.refusals import invalid
from forum.web.pages import Page, Redirect


def describe(session: Session, link: MailLink) -> Explanation:
    """Say as whom the link signs in, and what else it does to an account whose address was never confirmed."""
    account = account_of(session, link)
    says = [_("You will be signed in as @%(handle)s in this browser.", handle=account.handle)]
    if account.email_confirmed_at is None:
        says.append(_("Nobody has confirmed yet that this address belongs to the account; this does."))
        says.append(
            _(
                "Its password, if it has one, is removed, and everything ends that was signed in or made with it: somebody else may have signed up with your address."
            )
        )
    return Explanation(_("Sign in"), tuple(says), _("Sign in"))


def follow(session: Session, link: MailLink) -> Page | Redirect:
    """Sign in, as far as the first factor goes, and go on."""
    account, onward = account_of(session, link), data_of(link)
    if account.email_confirmed_at is None:
        take_over(session, account)
        flash(
            _(
                "Your address is confirmed, and the password of this account is removed. You can sign in by mail again, or choose a password at “Forgot your password?”."
            )
        )
    else:
        confirm_address(session, account)
    return admit(session, account, Onward(onward.get("errand", ""), onward.get("next", "")))


class Reset(NamedTuple):
    """A new password that will do: its hash."""

    password_hash: str


def prepare_reset(secret: str, new_password: str) -> Reset:
    """Check the link and the new password and hash it while no transaction is open. Raises Refusal ``link-expired`` or ``validation``."""
    with reading() as session:
        link = read_link(session, secret)
        if link.purpose != Purpose.RESET:
            raise gone()
        account = account_of(session, link)
        handle, email = account.handle, account.email or ""
    faults = find_password_faults(new_password, handle=handle, email=email, pointer="/new_password")
    if faults:
        raise invalid(*faults)
    return Reset(hash_password(new_password))


def reset_password(session: Session, secret: str, reset: Reset) -> Account:
    """Use the link up and set the new password: every sign-in ends, the address is confirmed, and its owner is told. Raises Refusal ``link-expired``."""
    account = account_of(session, use_link(session, Purpose.RESET, secret))
    if account.email_confirmed_at is None:
        take_over(session, account)
    else:
        confirm_address(session, account)
    # A change of address that somebody else has asked for is not to happen any more.
    end_links(session, account.id, Purpose.SIGN_IN, Purpose.CONFIRM)
    change_password(session, account, password_hash=reset.password_hash, keep_signin_id=None)
    return account


def account_of(session: Session, link: MailLink) -> Account:
    """Return the account that the link opens. Raises Refusal ``link-expired`` when it has another address by now, or is being deleted."""
    account = find_account_by_address(session, link.email)
    if account is None or account.id != link.account_id:
        raise gone()
    return account


ENTERING = Handler(describe, follow)
