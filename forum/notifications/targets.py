"""What can be followed, looked up by its kind and id: its name, and where it is read. What nobody may see cannot be followed."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.accounts.models import Account
from forum.articles.models import Article, ArticleAuthor, Site
from forum.articles.queries import follow_merges
from forum.comments.models import Comment
from forum.comments.states import State
from forum.notifications.models import Follow, Target
from forum.refusals import not_found
from forum.sentences import sentence
from forum.web.context import settings

# The room of feeds stands above this one.
NEW_ARTICLES = "/articles.atom"


@dataclass(frozen=True)
class Followed:
    """Something that can be followed: ``title`` names it, ``path`` is its page; ``about`` is what a mail to a stranger may name; ``feed`` is its Atom feed."""

    kind: Target
    id: int
    title: str
    path: str
    about: str
    feed: str


def get_target(session: Session, kind: Target, target_id: int) -> Followed:
    """Return what is to be followed. Raises Refusal ``not-found`` for what is not there or hidden; a reply stands for its thread."""
    if kind is Target.ARTICLE:
        article = session.get(Article, target_id)
        if article is not None:
            return _article(follow_merges(session, article))
    elif kind is Target.THREAD:
        comment = session.get(Comment, target_id)
        if comment is not None and comment.state == State.VISIBLE:
            root = session.get_one(Comment, comment.root_id or comment.id)
            if root.listed:
                return _thread(root, session.get_one(Article, comment.article_id))
    elif kind is Target.AUTHOR:
        account = session.get(Account, target_id)
        wrote = select(ArticleAuthor.article_id).where(ArticleAuthor.account_id == target_id).limit(1)
        if account is not None and account.left_at is None and session.scalar(wrote) is not None:
            return _author(account)
    elif session.get(Site, target_id) is not None:
        return _site(target_id)
    raise not_found(sentence("thing to follow"))


def name_targets(session: Session, follows: Sequence[Follow]) -> dict[tuple[str, int], Followed]:
    """Return what is followed by kind and id, a read a kind; what is gone is left out."""
    ids = {kind: [each.target_id for each in follows if each.kind == kind] for kind in Target}
    found: list[Followed] = [_site(site_id) for site_id in ids[Target.SITE]]
    found += [_article(article) for article in session.scalars(select(Article).where(Article.id.in_(ids[Target.ARTICLE])))]
    threads = select(Comment, Article).join(Article, Article.id == Comment.article_id).where(Comment.id.in_(ids[Target.THREAD]))
    found += [_thread(root, article) for root, article in session.execute(threads)]
    found += [_author(account) for account in session.scalars(select(Account).where(Account.id.in_(ids[Target.AUTHOR])))]
    return {(each.kind.value, each.id): each for each in found}


def _article(article: Article) -> Followed:
    about = _("the discussion of “%(title)s”", title=article.title)
    return Followed(Target.ARTICLE, article.id, article.title, f"/a/{article.slug}", about, f"/a/{article.slug}/feed")


def _thread(root: Comment, article: Article) -> Followed:
    title, about = _("A thread below “%(title)s”", title=article.title), _("a thread below “%(title)s”", title=article.title)
    return Followed(Target.THREAD, root.id, title, f"/c/{root.id}#c{root.id}", about, f"/c/{root.id}/feed")


def _author(account: Account) -> Followed:
    title, about = _("New articles by %(name)s", name=account.display_name), _("new articles by @%(handle)s", handle=account.handle)
    return Followed(Target.AUTHOR, account.id, title, f"/u/{account.shown_handle}", about, NEW_ARTICLES)


def _site(site_id: int) -> Followed:
    title = _("New articles at %(site)s", site=settings().site_name)
    return Followed(Target.SITE, site_id, title, "/", _("new articles"), NEW_ARTICLES)
