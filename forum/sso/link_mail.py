"""Connecting an account that is here already: by a link in a mail to its address, which only its owner reads.

The rule: whoever asks has proven nothing to us but what their site says. The link says what it opens, and to whom; nothing happens before it is followed.
"""

from typing import Any

import structlog
from flask import flash, request
from flask import session as cookie
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from forum.accounts.actions import take_over
from forum.accounts.models import Account
from forum.clock import now
from forum.db.transaction import writing
from forum.mail.letters import post_letter
from forum.mailbox.following import Explanation, Handler
from forum.mailbox.links import data_of, gone, link_address, make_link
from forum.mailbox.models import MailLink, Purpose
from forum.refusals import Kind, Refusal
from forum.sso.linking import connect
from forum.sso.person import Person, host_of
from forum.sso.queries import find_holder, find_identity
from forum.web.doors import viewer_of_request
from forum.web.limits import charge, network_of
from forum.web.pages import Page, Redirect

log = structlog.get_logger(__name__)
WAITING = "sso_waiting"
WAITING_SECONDS = 1800
LINK_HOURS = 1


def wait_for_link(person: Person) -> None:
    """Remember in the signed cookie who wants to be connected, until they press the button that sends the mail."""
    cookie[WAITING] = {"issuer": person.issuer, "subject": person.subject, "email": person.email, "began": int(now().timestamp())}


def get_waiting() -> Person:
    """Return who wants to be connected in this browser. Raises Refusal ``link-expired`` when nobody does, or not any more."""
    known: Any = cookie.get(WAITING)
    if not isinstance(known, dict) or not 0 <= now().timestamp() - known["began"] <= WAITING_SECONDS:
        raise Refusal(Kind.LINK_EXPIRED, "That was too long ago. Please sign in again on the site that you come from.")
    return Person(known["issuer"], known["subject"], "", known["email"])


def prepare_link_mail(email: str) -> None:
    """Charge the mail, in a transaction of its own. Raises Refusal ``rate-limited``."""
    with writing() as session:
        charge(session, "mail_network_rate", network_of(request.remote_addr))
        charge(session, "mail_rate", email)


def send_link_mail(session: Session, person: Person) -> None:
    """Mail the link that connects to whoever has the address; nothing is sent where there is nothing to connect."""
    account = find_holder(session, person.email)
    if account is None or not _is_here(account) or find_identity(session, person.issuer, person.subject) is not None:
        return
    data = {"issuer": person.issuer, "subject": person.subject}
    secret = make_link(session, Purpose.LINK, email=person.email, account_id=account.id, data=data, hours=LINK_HOURS)
    post_letter(session, "link_account", to=person.email, handle=account.handle, host=person.host, link=link_address(secret))


def describe(session: Session, link: MailLink) -> Explanation:
    """Say what is connected to what, and what else that does to an account whose address was never confirmed."""
    account, host = _account(session, link), host_of(data_of(link)["issuer"])
    says = [
        _(
            "From then on the account at %(host)s that has your address signs in here as @%(handle)s.",
            host=host,
            handle=account.handle,
        ),
        _("Do this only if you have just tried to sign in from there. If not, close this page; then nothing changes."),
    ]
    if account.email_confirmed_at is None:
        says.append(_("Nobody has confirmed yet that this address belongs to the account; this does."))
        says.append(
            _(
                "Its password, if it has one, is removed, and its sign-ins and tokens end: somebody else may have signed up with your address."
            )
        )
    return Explanation(_("Connect your accounts"), tuple(says), _("Connect them"))


def follow(session: Session, link: MailLink) -> Page | Redirect:
    """Connect the two, and let nobody keep what they got to an account whose address they had not confirmed."""
    account, data = _account(session, link), data_of(link)
    if account.email_confirmed_at is None:
        take_over(session, account)
    # Somebody who had written as a guest becomes a member by reading that mailbox.
    account.is_guest = False
    connect(session, account, issuer=data["issuer"], subject=data["subject"])
    flash(_("Your account at %(host)s is connected. You can sign in with it from now on.", host=host_of(data["issuer"])))
    return Redirect("/settings/accounts" if viewer_of_request().account_id == account.id else "/sign-in")


def _account(session: Session, link: MailLink) -> Account:
    account = session.get(Account, link.account_id) if link.account_id is not None else None
    if account is None or account.email != link.email or not _is_here(account):
        raise gone()
    return account


def _is_here(account: Account) -> bool:
    return account.left_at is None and (account.leaving_at is None or account.leaving_at > now())


LINKING = Handler(describe, follow)
