"""Steps that the pages and the JSON doors of articles share: load the site, find the authors that were named."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from forum.access.viewer import DEFAULT_SITE_ID
from forum.accounts.queries import find_account
from forum.articles.models import Site
from forum.articles.queries import get_site
from forum.refusals import Fault, invalid
from forum.sentences import sentence
from forum.web.doors import AnyCall


def load_site(call: AnyCall) -> Site:
    """Load the site; there is one in this version."""
    return get_site(call.session, DEFAULT_SITE_ID)


def author_ids(session: Session, handles: Sequence[str]) -> list[int]:
    """Return the accounts of these handles, in order. Raises Refusal ``validation`` for one that nobody has."""
    found = []
    for place, handle in enumerate(handles):
        account = find_account(session, handle)
        if account is None:
            raise invalid(Fault(f"/authors/{place}", "unknown-person", sentence("Nobody here has the handle '%(handle)s'.", handle=handle)))
        found.append(account.id)
    return found
