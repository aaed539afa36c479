"""A discussion as search engines read it: schema.org's terms as Google's rules for DiscussionForumPosting and Comment ask for them.

The rule: nothing is said here that a visitor does not read on the pages that it names; a text that is not public is never in it, whoever asks. Called by the pages of
``posting`` and by ``embed``; takes what they have read and asks the database nothing. Source: developers.google.com, Search Central, "Discussion forum
(DiscussionForumPosting) structured data".
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from forum.accounts.schemas import PersonOut
from forum.articles.schemas import ArticleOut
from forum.comments.schemas import CommentOut
from forum.comments.states import State
from forum.text.data_block import write_data_block
from forum.text.excerpt import excerpt
from forum.web.context import settings

# Characters of an article's text: the whole of it stands on its page.
ARTICLE_TEXT = 300
# What a comment takes besides its text.
FRAME = 200
Data = dict[str, Any]


def describe(article: ArticleOut, comments: Sequence[CommentOut], *, most: int) -> str:
    """Return the script element that describes an article with these comments (those answered before their answers), nested.

    As many of the comments are in it as fit into ``most`` characters, whole, those that answer the article first; ``commentCount`` says how many there are.
    """
    data = {"@context": "https://schema.org", **_describe_article(article)}
    found = _nest(comments, most)
    return write_data_block(data | ({"comment": found} if found else {}))


def _describe_article(article: ArticleOut) -> Data:
    # An article that lives elsewhere is that page's; here is only what is said of it.
    is_elsewhere = article.url is not None and article.body_html is None
    here = settings().base_url + article.page
    data: Data = {
        "@type": "Article" if is_elsewhere else "DiscussionForumPosting",
        "url": article.url if is_elsewhere else here,
        "headline": article.title,
        "datePublished": _moment(article.created_at),
        "author": [_describe_person(person) for person in article.authors] or [_describe_us()],
        "commentCount": article.comment_count,
        "interactionStatistic": {
            "@type": "InteractionCounter",
            "interactionType": "https://schema.org/CommentAction",
            "userInteractionCount": article.comment_count,
        },
    }
    if is_elsewhere:
        # When it was published there, and by whom, that page knows.
        data = {name: value for name, value in data.items() if name != "datePublished" and (name != "author" or article.authors)}
        return data | {"discussionUrl": here}
    said = excerpt(article.body_html, length=ARTICLE_TEXT) if article.body_html else article.main_claim or article.opening_question
    return data | {"text": said or article.title}


def _nest(comments: Sequence[CommentOut], most: int) -> list[Data]:
    ids = {comment.id for comment in comments}
    known: dict[int, Data] = {}
    top: list[Data] = []
    for comment in sorted(comments, key=lambda comment: comment.depth > 0):
        if most < FRAME:
            break
        answers = comment.parent_id if comment.parent_id in ids else None
        if answers is not None and answers not in known:
            continue
        data = _describe_comment(comment)
        size = len(data.get("text", "")) + FRAME
        if size > most:
            continue
        (top if answers is None else known[answers].setdefault("comment", [])).append(data)
        known[comment.id] = data
        most -= size
    return top


def _describe_comment(comment: CommentOut) -> Data:
    data: Data = {
        "@type": "Comment",
        "url": settings().base_url + comment.url,
        "datePublished": _moment(comment.published_at or comment.created_at),
    }
    if comment.state != State.VISIBLE or comment.body_html is None or comment.author is None:
        # The one word that Google knows for a text that is not there (any more).
        return data | {"creativeWorkStatus": "Deleted"}
    if comment.edited_at is not None:
        data["dateModified"] = _moment(comment.edited_at)
    return data | {"author": _describe_person(comment.author), "text": excerpt(comment.body_html, length=max(len(comment.body_html), 1))}


def _describe_person(person: PersonOut) -> Data:
    if not person.handle:
        return {"@type": "Person", "name": _("Former member")}
    if person.is_guest:
        return {"@type": "Person", "name": person.display_name}
    return {"@type": "Person", "name": person.display_name, "url": f"{settings().base_url}/u/{person.handle}"}


def _describe_us() -> Data:
    return {"@type": "Organization", "name": settings().site_name, "url": settings().base_url}


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
