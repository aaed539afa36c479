"""The way in: every page by which somebody signs in – password, mailed link, passkey, another site's account – ends at ``admit``.

The rule: nobody is signed in before whatever the rooms above ask in ``SECOND_STEPS`` is answered, whichever door they came by. ``app.py`` fills the list.
"""

from collections.abc import Callable
from dataclasses import dataclass

from flask import flash
from flask_babel import format_date
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from forum.accounts.errands import run_errand
from forum.accounts.models import Account
from forum.accounts.signin import sign_in
from forum.web.doors import viewer_of_request
from forum.web.pages import Page, Redirect


@dataclass(frozen=True)
class Onward:
    """What happens once somebody is signed in: an errand (``errands``), or else a path to go on to."""

    errand: str = ""
    then: str = ""


# Called with the account that proved its first factor; returns the page that asks for the second, or None when none is needed.
SECOND_STEPS: list[Callable[[Session, Account, Onward], Page | None]] = []


def admit(session: Session, account: Account, onward: Onward) -> Page | Redirect:
    """Sign ``account`` in, whose first factor is proven, and go on; or return the page that asks for the second one."""
    for ask in SECOND_STEPS:
        page = ask(session, account, onward)
        if page is not None:
            return page
    return complete(session, account, onward)


def complete(session: Session, account: Account, onward: Onward) -> Page | Redirect:
    """Sign ``account`` in, which has proven everything it has to, and go on."""
    sign_in(session, account)
    if account.leaving_at is not None:
        flash(_("Your account will be deleted on %(day)s. You can undo that in the settings.", day=format_date(account.leaving_at, "long")))
    return run_errand(session, viewer_of_request(), onward.errand, then=onward.then)
