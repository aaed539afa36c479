"""Comments as callers get them: rows become the structures of ``schemas``. Here, and only here, is decided whose eyes may see a text."""

from collections.abc import Collection
from typing import Any

from forum.accounts.models import Account
from forum.accounts.queries import Named
from forum.accounts.schemas import PersonOut
from forum.articles.models import Article
from forum.articles.present import closed_of, make_tally, present_person, stance_tally, tag_tally
from forum.articles.schemas import Tally
from forum.comments.attention import Attention
from forum.comments.models import Comment, Revision
from forum.comments.queries import Row
from forum.comments.schemas import ArticleHead, CommentOut, ItemOut, MoreReplies, Restriction, RevisionOut, Stub
from forum.comments.stance import Stance
from forum.comments.states import RevisionState, State
from forum.comments.thread import Item
from forum.text.excerpt import excerpt


def is_text_public(comment: Comment) -> bool:
    """Whether everybody may read the comment's text."""
    return comment.state == State.VISIBLE


def present_comment(row: tuple[Comment, Account | Named], author_ids: Collection[int], *, reveal: bool = False) -> CommentOut:
    """Return a comment as a structure. ``reveal`` shows the text to its own writer, or to a moderator, in states that hide it from others, but never once erased."""
    return CommentOut(**_fields(row, author_ids, reveal=reveal))


def present_item(item: Item, author_ids: Collection[int]) -> ItemOut:
    """Return a root with the beginning of its thread as a structure."""
    root = item.row[0]
    remaining = root.thread_count - item.shown
    last = item.replies[-1][0].id if item.replies else root.id
    return ItemOut(
        **_fields(item.row, author_ids),
        replies=[present_comment(row, author_ids) for row in item.replies],
        more_replies=MoreReplies(remaining, last) if remaining > 0 else None,
        thread_count=root.thread_count,
        thread_tags=make_tally(root.thread_agreement, root.thread_disagreement, root.thread_skepticism, root.thread_encouragement),
    )


def present_match(item: Item, author_ids: Collection[int]) -> ItemOut:
    """Return a comment that matched a filter, with one line for each comment above it."""
    return ItemOut(**_fields(item.row, author_ids), context=[present_stub(row, author_ids) for row in item.context])


def present_stub(row: Row, author_ids: Collection[int], *, reveal: bool = False) -> Stub:
    """Return one line for a comment; ``reveal`` shows its text to moderators in states that hide it from others."""
    comment, account = row
    shown = is_text_public(comment) or (reveal and comment.state != State.ERASED)
    return Stub(
        id=comment.id,
        author=_writer(comment, account, author_ids),
        stance=Stance(comment.stance) if shown and comment.stance else None,
        excerpt=excerpt(comment.body_html or "") if shown else None,
        state=comment.state,
        url=f"/c/{comment.id}",
    )


def present_head(article: Article) -> ArticleHead:
    """Return what a page of the discussion says of its article."""
    return ArticleHead(
        article.id,
        article.comment_count,
        article.version,
        closed_of(article),
        stance_tally(article),
        tag_tally(article),
    )


def present_revision(revision: Revision, *, shown: bool) -> RevisionOut:
    """Return one revision, without its text when the caller may not read it; one that was redacted shows it to nobody here."""
    shown = shown and revision.state != RevisionState.REDACTED
    stance = Stance(revision.stance) if shown and revision.stance else None
    return RevisionOut(revision.number, revision.body_md if shown else None, stance, revision.created_at, revision.state)


def tally_of(comment: Comment) -> Tally:
    """Return the readers' tags of a comment; those on a text that nobody can read count nothing."""
    if comment.state not in (State.VISIBLE, State.SCREENED):
        return Tally()
    return make_tally(comment.tag_agreement, comment.tag_disagreement, comment.tag_skepticism, comment.tag_encouragement)


def _fields(row: tuple[Comment, Account | Named], author_ids: Collection[int], *, reveal: bool = False) -> dict[str, Any]:
    comment, account = row
    shown = is_text_public(comment) or (reveal and comment.state != State.ERASED)
    return {
        "id": comment.id,
        "article_id": comment.article_id,
        "root_id": comment.root_id,
        "parent_id": comment.parent_id,
        "depth": comment.depth,
        "state": comment.state,
        "version": comment.version,
        "author": _writer(comment, account, author_ids),
        "stance": Stance(comment.stance) if shown and comment.stance else None,
        "body_md": comment.body_md if shown else None,
        "body_html": comment.body_html if shown else None,
        "created_at": comment.created_at,
        "published_at": comment.published_at,
        "edited_at": comment.edited_at,
        "tally": tally_of(comment),
        "reply_count": comment.reply_count,
        "author_replied": comment.author_replied,
        "author_reply_id": comment.author_reply_id,
        "thanked": shown and comment.attention == Attention.THANKED,
        "pinned": comment.lead == 2,
        "featured": comment.featured if shown else None,
        "locked": comment.locked_at is not None,
        "notice": comment.notice if shown else None,
        "restriction": _restriction(comment),
        "url": f"/c/{comment.id}",
    }


def _restriction(comment: Comment) -> Restriction | None:
    if comment.state not in (State.SCREENED, State.REMOVED) or comment.restriction_id is None:
        return None
    decision_id = comment.restriction_id
    where = f"/modlog?decision={decision_id}#d{decision_id}"
    return Restriction(comment.restriction_by or "rule", comment.restriction_reason or "other", decision_id, where)


def _writer(comment: Comment, account: Account | Named, author_ids: Collection[int]) -> PersonOut | None:
    return None if comment.state == State.ERASED else present_person(account, is_article_author=account.id in author_ids)
