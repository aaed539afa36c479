"""Reading a discussion: what the JSON and the HTML doors both show, as the same structures; and the loaders of both.

What differs between callers is kept apart (``read_mine``), so that the page itself is the same for everyone.
"""

from collections.abc import Collection, Sequence
from typing import Any

from msgspec import to_builtins
from sqlalchemy import select
from sqlalchemy.orm import Session, load_only

from forum.access.permissions import Permission
from forum.access.predicates import is_writer
from forum.access.table import can, is_granted
from forum.access.viewer import DEFAULT_SITE_ID, Viewer
from forum.accounts.queries import get_named
from forum.articles.models import Article
from forum.articles.queries import get_article, get_article_by_slug
from forum.comments.models import Comment
from forum.comments.present import present_comment, present_head, present_item, present_match
from forum.comments.queries import Branch, Row, get_comment, list_ancestors, list_own, read_branch
from forum.comments.schemas import CommentOut, ContextOut, MarkOut, MineOut, MoreReplies, RepliesOut, ThreadPageOut, ThreadQuery
from forum.comments.states import State
from forum.comments.thread import ORDERS, Filters, read_matches, read_roots
from forum.moderation.reporting import REPORTABLE
from forum.posting.layout import Marks, find_locked, marks_of
from forum.refusals import Kind, Refusal, not_found
from forum.sentences import sentence
from forum.stances.queries import tags_of_reader
from forum.web.context import cursors
from forum.web.doors import AnyCall

# What the marks of a page of comments are decided by; rows are wide, and a page has up to 500 of them.
MARKED_BY = (Comment.article_id, Comment.site_id, Comment.author_id, Comment.state, Comment.listed, Comment.locked_at)


def load_article(call: AnyCall) -> Article:
    """Load the article of the address's ``article_id``. Raises Refusal ``not-found``."""
    return get_article(call.session, call.path["article_id"])


def load_article_by_slug(call: AnyCall) -> Article:
    """Load the article of the address's ``slug``. Raises Refusal ``not-found``."""
    return get_article_by_slug(call.session, DEFAULT_SITE_ID, call.path["slug"])


def load_comment(call: AnyCall) -> Comment:
    """Load the comment of the address's ``comment_id``; one the caller may not know of is not found."""
    comment = get_comment(call.session, call.path["comment_id"])
    if not is_granted(call.viewer, Permission.COMMENT_READ, comment):
        raise not_found(sentence("comment"))
    return comment


def read_discussion(session: Session, viewer: Viewer, article: Article, query: ThreadQuery) -> ThreadPageOut:
    """Return a page of an article's discussion. Raises Refusal ``bad-cursor``, or ``unauthenticated`` for ``by=me`` without an account."""
    filters = Filters(query.stance, query.tagged, query.by, query.answered, viewer.account_id)
    if filters.by == "me" and not viewer.is_signed_in:
        raise Refusal(Kind.UNAUTHENTICATED, "Sign in to see your own comments.")
    order, purpose = ORDERS[query.sort], _purpose(article, viewer, query)
    leads, *key = cursors().read(purpose, query.cursor) if query.cursor else [0]
    authors = article.author_ids
    if filters.is_any:
        page = read_matches(session, article, filters, order=order, key=key, limit=query.limit)
        items = [present_match(item, authors) for item in page.items]
    else:
        page = read_roots(session, article, order=order, place=(leads, key), limit=query.limit, replies=query.replies)
        items = [present_item(item, authors) for item in page.items]
    following = cursors().write(purpose, [page.next_place[0], *page.next_place[1]]) if page.next_place else None
    return ThreadPageOut(present_head(article), query.sort, items, following)


def read_replies(session: Session, comment: Comment, *, after: int, limit: int) -> RepliesOut:
    """Return the comments below ``comment`` with ids over ``after``, in id order."""
    article = get_article(session, comment.article_id)
    branch = read_branch(session, comment, after_id=after, limit=limit)
    items = _present(branch.rows, article.author_ids)
    more = _more(branch)
    return RepliesOut(items, more, more.after if more else None)


def read_context(session: Session, viewer: Viewer, comment: Comment, *, limit: int = 50) -> ContextOut:
    """Return a comment with what it answers and the beginning of what is below it; its writer sees the text in any state but erased."""
    article = get_article(session, comment.article_id)
    branch = read_branch(session, comment, after_id=0, limit=limit)
    above = list_ancestors(session, [comment]).get(comment.id, [])
    return ContextOut(
        comment=read_one(session, viewer, comment.id),
        ancestors=_present(above, article.author_ids),
        replies=_present(branch.rows, article.author_ids),
        more_replies=_more(branch),
    )


def read_one(session: Session, viewer: Viewer, comment_id: int) -> CommentOut:
    """Return one comment as ``viewer`` may see it. Raises Refusal ``not-found``."""
    # By their keys: what this transaction has written or locked is in the session and need not be read again.
    comment = get_comment(session, comment_id)
    article = get_article(session, comment.article_id)
    writer = get_named(session, comment.author_id)
    return present_comment((comment, writer), article.author_ids, reveal=comment.author_id == viewer.account_id and viewer.is_signed_in)


def read_mine(session: Session, viewer: Viewer, article: Article, ids: Collection[int]) -> MineOut:
    """Return the viewer's own marks on these comments of the article, and the viewer's comments here that others cannot read now."""
    if not viewer.is_signed_in or viewer.account_id is None:
        return MineOut([MarkOut(comment_id, None, []) for comment_id in ids], [])
    # By their ids alone: with the article in the condition SQLite reads the whole article to find them.
    marked = select(Comment).options(load_only(*MARKED_BY)).where(Comment.id.in_(ids)).order_by(Comment.id)
    found = session.scalars(marked) if ids else ()
    comments = [comment for comment in found if comment.article_id == article.id]
    tags = tags_of_reader(session, viewer.account_id, [comment.id for comment in comments])
    marks = [
        MarkOut(comment.id, tags.get(comment.id), possible(viewer, article, comment))
        for comment in comments
        if can(viewer, Permission.COMMENT_READ, comment)
    ]
    own = [present_comment(row, article.author_ids, reveal=True) for row in list_own(session, article.id, viewer.account_id)]
    return MineOut(marks, own)


def read_marks(
    session: Session, viewer: Viewer, article: Article, comments: Collection[CommentOut], *, is_locked_above: bool = False
) -> Marks:
    """Return the viewer's marks on the comments of a page, as its templates ask for them."""
    mine = read_mine(session, viewer, article, [comment.id for comment in comments]) if viewer.is_signed_in else None
    return marks_of(mine, is_open=article.closed_at is None, locked=find_locked(comments, is_locked_above=is_locked_above))


def possible(viewer: Viewer, article: Article, comment: Comment) -> list[str]:
    """Return what the viewer can do to a comment now, in words of the API: reply, tag, edit, withdraw, unwithdraw, report."""
    visible = comment.state == State.VISIBLE
    is_own = is_writer(viewer, comment)
    return [
        name
        for name, holds in (
            (
                "reply",
                visible and article.closed_at is None and comment.locked_at is None and can(viewer, Permission.COMMENT_CREATE, article),
            ),
            ("tag", visible and not is_own and can(viewer, Permission.TAG_SET, comment)),
            ("edit", comment.state not in (State.WITHDRAWN, State.ERASED) and can(viewer, Permission.COMMENT_EDIT, comment)),
            ("withdraw", comment.state not in (State.WITHDRAWN, State.ERASED) and can(viewer, Permission.COMMENT_WITHDRAW, comment)),
            ("unwithdraw", comment.state == State.WITHDRAWN and can(viewer, Permission.COMMENT_WITHDRAW, comment)),
            ("report", State(comment.state) in REPORTABLE and not is_own and can(viewer, Permission.REPORT_CREATE, comment)),
        )
        if holds
    ]


def _more(branch: Branch) -> MoreReplies | None:
    return MoreReplies(branch.following, branch.rows[-1][0].id) if branch.following else None


def _present(rows: Sequence[Row], author_ids: Sequence[int]) -> list[CommentOut]:
    return [present_comment(row, author_ids) for row in rows]


def _purpose(article: Article, viewer: Viewer, query: ThreadQuery) -> str:
    asked: dict[str, Any] = to_builtins(query)
    whose = viewer.account_id if query.by == "me" else ""
    return f"thread:{article.id}:{whose}:" + ":".join(str(asked[name]) for name in ("sort", "stance", "tagged", "by", "answered"))
