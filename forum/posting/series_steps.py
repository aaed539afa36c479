"""Steps that the pages and the JSON doors of a series share: load what a thread is about."""

from forum.articles.models import Article
from forum.articles.queries import get_article
from forum.posting.discussion import load_comment
from forum.web.doors import AnyCall


def load_continued(call: AnyCall) -> Article:
    """Load the article of the comment in the address: whose authors may say where it is answered. Raises Refusal ``not-found``."""
    return get_article(call.session, load_comment(call).article_id)
