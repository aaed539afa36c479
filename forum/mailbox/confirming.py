"""Following a link of confirmation: the address of an account is proven, or becomes its address by being proven."""

from flask import flash
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from forum.accounts.actions import change_address, confirm_address
from forum.accounts.models import Account
from forum.mailbox.following import Explanation, Handler
from forum.mailbox.links import data_of, end_links, gone
from forum.mailbox.models import MailLink, Purpose
from forum.web.doors import viewer_of_request
from forum.web.pages import Page, Redirect


def describe(session: Session, link: MailLink) -> Explanation:
    """Say what the link confirms."""
    account = _account(session, link)
    if _changes(link):
        says = _("From now on @%(handle)s has this address: %(email)s", handle=account.handle, email=link.email)
        return Explanation(_("Use this address"), (says, _not_you()), _("Use this address"))
    says = _("This address belongs to @%(handle)s: %(email)s", handle=account.handle, email=link.email)
    return Explanation(_("Confirm your address"), (says, _not_you()), _("Confirm the address"))


def follow(session: Session, link: MailLink) -> Page | Redirect:
    """Confirm the address; a new one takes the place of the old one, and what was mailed to the old one is good no more."""
    account = _account(session, link)
    if _changes(link):
        change_address(session, account, link.email)
        end_links(session, account.id, Purpose.SIGN_IN, Purpose.RESET, Purpose.LINK)
        flash(_("Your account has its new address."))
    else:
        confirm_address(session, account)
        flash(_("Your address is confirmed."))
    return Redirect("/settings" if viewer_of_request().account_id == account.id else "/")


def _changes(link: MailLink) -> bool:
    return bool(data_of(link).get("change"))


def _account(session: Session, link: MailLink) -> Account:
    account = session.get(Account, link.account_id) if link.account_id is not None else None
    # The address was changed since: the link says nothing about the one that the account has now.
    if account is None or account.left_at is not None or (not _changes(link) and account.email != link.email):
        raise gone()
    return account


def _not_you() -> str:
    return str(_("If you did not ask for this, close this page; then nothing changes."))


CONFIRMING = Handler(describe, follow)
