"""What a notification says: who did what, where, and the text that may be read now. The inbox, mails and digests are filled from the same stories.

The rule: a story is made of what is true when it is read. What is hidden by then has none, and so neither a line in the inbox nor a mail.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.accounts.models import Account
from forum.accounts.queries import accounts_by_id
from forum.articles.models import Article
from forum.comments.attention import Attention
from forum.comments.models import Comment
from forum.comments.queries import with_writer
from forum.comments.states import State
from forum.notifications.models import Notification, Reason, Subject
from forum.sentences import Sentence, sentence
from forum.web.context import settings

SAYS: dict[Reason, Callable[[str], Sentence]] = {
    Reason.REPLY: lambda who: sentence("%(who)s answered your comment", who=who),
    Reason.MENTION: lambda who: sentence("%(who)s mentioned you", who=who),
    Reason.DESK: lambda who: sentence("%(who)s commented on your article", who=who),
    Reason.THREAD: lambda who: sentence("%(who)s wrote in a thread that you follow", who=who),
    Reason.ARTICLE: lambda who: sentence("%(who)s commented on an article that you follow", who=who),
    Reason.AUTHOR: lambda who: sentence("%(who)s published a new article", who=who),
    Reason.SITE: lambda who: sentence("%(who)s published a new article", who=who),
    Reason.THANKS: lambda who: sentence("%(who)s thanks you for your comment", who=who),
}


@dataclass(frozen=True)
class Story:
    """What is told: a sentence that names who did what, about the article ``title``; ``path`` is where it is read.

    ``html`` is its text as HTML and ``body_md`` as it was written; both empty where there is none to show. ``stance``: what its writer thinks of what it answers.
    ``subject``: the mail's, where it is not the article's title.
    """

    says: Sentence
    title: str
    path: str
    article_path: str
    html: str = ""
    body_md: str = ""
    stance: str | None = None
    subject: Sentence | None = None


# How what is told of other subjects is read, by the rooms that know it: filled by app.py.
TELLERS: dict[Subject, Callable[[Session, Sequence[Notification]], Mapping[int, Story]]] = {}


def read_stories(session: Session, told: Sequence[Notification]) -> dict[int, Story]:
    """Return the story of each notification by its id; those that nobody may read any more have none. As many reads as there are kinds of subjects."""
    stories: dict[int, Story] = {}
    for subject, teller in {**TELLERS, Subject.ARTICLE: _tell_articles}.items():
        mine = [each for each in told if each.subject == subject]
        if mine:
            stories.update(teller(session, mine))
    of_comments = [each for each in told if each.subject in (Subject.COMMENT, Subject.THANKS)]
    if of_comments:
        stories.update(_tell_comments(session, of_comments))
    return stories


def _tell_comments(session: Session, told: Sequence[Notification]) -> dict[int, Story]:
    ids = {each.comment_id for each in told if each.comment_id is not None}
    visible = with_writer().where(Comment.id.in_(ids), Comment.state == State.VISIBLE.value)
    comments = {comment.id: (comment, writer) for comment, writer in session.execute(visible)}
    articles = _articles(session, {comment.article_id for comment, _ in comments.values()})
    authors = accounts_by_id(session, {author_id for article in articles.values() for author_id in article.author_ids})
    stories = {}
    for each in told:
        if each.comment_id in comments:
            comment, writer = comments[each.comment_id]
            if each.subject == Subject.THANKS and comment.attention != Attention.THANKED:
                continue
            article = articles[comment.article_id]
            # The author speaks where it is the author who did something about the comment.
            is_authors = each.subject != Subject.COMMENT
            stories[each.id] = Story(
                says=SAYS[Reason(each.reason)](_names(article, authors) if is_authors else writer.display_name),
                title=article.title,
                path=f"/c/{comment.id}#c{comment.id}",
                article_path=f"/a/{article.slug}",
                html=comment.body_html or "",
                body_md=comment.body_md or "",
                stance=comment.stance if not is_authors else None,
            )
    return stories


def _tell_articles(session: Session, told: Sequence[Notification]) -> dict[int, Story]:
    articles = _articles(session, {each.subject_id for each in told})
    authors = accounts_by_id(session, {author_id for article in articles.values() for author_id in article.author_ids})
    stories = {}
    for each in told:
        article = articles.get(each.subject_id)
        if article is not None:
            path = f"/a/{article.slug}"
            said = article.main_claim or article.opening_question
            stories[each.id] = Story(SAYS[Reason(each.reason)](_names(article, authors)), article.title, path, path, body_md=said)
    return stories


def _articles(session: Session, ids: Collection[int]) -> dict[int, Article]:
    return {article.id: article for article in session.scalars(select(Article).where(Article.id.in_(ids)))}


def _names(article: Article, authors: Mapping[int, Account]) -> str:
    return ", ".join(authors[author_id].display_name for author_id in article.author_ids if author_id in authors) or settings().site_name
