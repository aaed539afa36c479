"""Steps that the pages and JSON doors of this room share: read a host's token, who its person is here, and what a refused way back leads to."""

from dataclasses import dataclass
from urllib.parse import quote

from flask import flash
from sqlalchemy.orm import Session

from forum.access.viewer import DEFAULT_SITE_ID
from forum.accounts.models import Account
from forum.articles.models import Site
from forum.articles.queries import get_site
from forum.db.transaction import reading
from forum.refusals import Kind, Refusal
from forum.sso.link_mail import wait_for_link
from forum.sso.linking import enter, find_account_of
from forum.sso.person import Person
from forum.sso.queries import count_keys
from forum.sso.tokens import Checked, check_token, spend
from forum.web.pages import Redirect
from forum.web.translation import translated


@dataclass(frozen=True)
class Presented:
    """A token that was checked, and the account that it opened when it was; None where none was connected."""

    checked: Checked
    account_id: int | None


def read_token(token: str) -> Presented:
    """Check a host's token while no writing transaction is open. Raises Refusal as ``check_token`` does, ``forbidden`` for a deleted account."""
    with reading() as session:
        checked = check_token(session, get_site(session, DEFAULT_SITE_ID), token)
        account = find_account_of(session, checked.person)
        return Presented(checked, account.id if account is not None else None)


def use_token(session: Session, presented: Presented) -> Account:
    """Use the token up and return whom it signs in; refused, both are undone. Raises Refusal as ``spend`` and ``enter`` do."""
    spend(session, presented.checked)
    return enter(session, presented.checked.person)


def has_host_sign_in(session: Session, site: Site) -> bool:
    """Whether people can sign in with their account at the host site by going there."""
    return bool(site.sso_issuer and site.sso_address) and count_keys(session, site.id) > 0


def after_refusal(refusal: Refusal, person: Person | None, *, then: str) -> Redirect:
    """Return where somebody goes on whose way back from elsewhere was refused: to the mail that connects, or to the sign-in page with the reason."""
    if refusal.kind is Kind.LINK_REQUIRED and person is not None:
        wait_for_link(person)
        return Redirect("/sign-in/link")
    flash(translated(refusal.detail))
    return Redirect(f"/sign-in?next={quote(then, safe='/')}" if then else "/sign-in")
