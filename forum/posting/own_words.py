"""What is asked of a text by an author of the article besides what is asked of everybody's; the desk enters that it is no template as it stands.

Asked wherever a text is posted or changed, whichever door it came by, and only of authors: nobody else's comment costs a statement more.
"""

from collections.abc import Callable

from sqlalchemy.orm import Session

from forum.access.viewer import Viewer
from forum.articles.models import Article

# Rooms above enter here what they ask: (session, account id, text). They raise Refusal ``validation``.
author_checks: list[Callable[[Session, int, str], None]] = []


def require_own_words(session: Session, viewer: Viewer, article: Article, body_md: str) -> None:
    """Ask what is asked of an author's text below their own article. Raises Refusal ``validation``."""
    if viewer.is_author and viewer.account_id in article.author_ids:
        for check in author_checks:
            check(session, viewer.account_id, body_md)
