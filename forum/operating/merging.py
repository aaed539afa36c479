"""Puts the discussion of one article into that of another, and takes it back out: the comments, whoever follows them, and whatever names the article.

The rule: everything moves by sets in one transaction, under the locks of both articles, and what cannot be told from the rows afterwards is remembered, so that
taking it back leaves what would be there without it – with all that was written meanwhile. No comment's id, text or state changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, delete, func, insert, literal, select, text, update
from sqlalchemy.orm import Session, aliased

from forum.articles.actions import raise_versions
from forum.articles.models import Article, ArticleAddress
from forum.articles.queries import lock_row
from forum.comments.models import Comment
from forum.comments.recounting import count_articles, last_published
from forum.desk.marks import FEATURED, PINNED
from forum.moderation.models import ReviewItem
from forum.notifications.models import Follow, Notification, Subscriber, Target
from forum.operating.models import ArticleChange, ArticleChangeRoot
from forum.posting.models import Continuation
from forum.refusals import Kind, Refusal, not_found
from forum.sentences import sentence
from forum.stances.authors import recount_for_authors
from forum.transfer.models import ExternalRef, RefKind

_COMMENTS, _FOLLOWS = cast(Table, Comment.__table__), cast(Table, Follow.__table__)
_ITEMS, _TOLD = cast(Table, ReviewItem.__table__), cast(Table, Notification.__table__)
_PAST = {"synchronize_session": False}
Remembered = dict[str, Any]


@dataclass(frozen=True)
class Extent:
    """How much a merge moves: comments (those among them that everybody can read), threads, addresses, followers, cases of moderators that are open."""

    comments: int
    visible: int
    threads: int
    addresses: tuple[str, ...]
    followers: int
    open_cases: int


def measure(session: Session, source: Article) -> Extent:
    """Return how much merging ``source`` moves; reads only."""
    here = Comment.article_id == source.id
    addresses = select(ArticleAddress.address).where(ArticleAddress.article_id == source.id).order_by(ArticleAddress.id)
    return Extent(
        _count(session, here),
        source.comment_count,
        _count(session, here, Comment.depth == 0),
        tuple(session.scalars(addresses)),
        _count(session, Follow.kind == Target.ARTICLE.value, Follow.target_id == source.id),
        _count(session, ReviewItem.site_id == source.site_id, ReviewItem.article_id == source.id, ReviewItem.state == "open"),
    )


def lock_both(session: Session, one_id: int, other_id: int) -> tuple[Article, Article]:
    """Return two articles locked, the one with the smaller id first. Lets the statements of the transaction take their time."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET LOCAL statement_timeout = 0"))
        session.execute(text("SET LOCAL lock_timeout = '30s'"))
    rows = {article_id: lock_row(session, article_id) for article_id in sorted({one_id, other_id})}
    one, other = rows[one_id], rows[other_id]
    if one is None or other is None:
        raise not_found(sentence("article"))
    return one, other


def require_mergeable(source: Article, target: Article) -> None:
    """Raise Refusal ``conflict`` unless ``source`` can be merged into ``target``."""
    if source.id == target.id:
        raise Refusal(Kind.CONFLICT, "These are one and the same article already; there is nothing to merge.")
    if source.site_id != target.site_id:
        raise Refusal(Kind.CONFLICT, "These articles belong to two sites; only those of one site can be merged.")
    for article in (source, target):
        if article.merged_into_id is not None:
            said = sentence("'%(slug)s' was merged into another article already; name that one, or undo it first.", slug=article.slug)
            raise Refusal(Kind.CONFLICT, said)


def merge(session: Session, change: ArticleChange, source: Article, target: Article) -> Remembered:
    """Move everything of ``source`` into ``target``, both locked, and return what it takes to undo that; ``change`` is stored already."""
    roots = select(literal(change.id), Comment.id).where(Comment.article_id == source.id, Comment.depth == 0)
    session.execute(insert(ArticleChangeRoot).from_select(["change_id", "root_id"], roots))
    remembered: Remembered = {
        "pinned": _give_up_pins(session, source, target),
        "source_active_at": _text(source.last_activity_at),
        "target_active_at": _text(target.last_activity_at),
        "addresses": _move_addresses(session, source.id, target.id),
        "refs": _move_refs(session, source.id, target.id),
        "continued": _move_continuations(session, source.id, target.id),
        **_move_follows(session, source.id, target.id),
    }
    _move_threads(session, change.id, source.id, target.id)
    source.merged_into_id = target.id
    target.last_activity_at = max(source.last_activity_at, target.last_activity_at)
    _settle(session, source, target)
    return remembered


def unmerge(session: Session, change: ArticleChange, remembered: Remembered, source: Article, target: Article) -> None:
    """Take the threads of ``source`` out of ``target`` again, both locked, with everything that was written below them since."""
    _move_threads(session, change.id, target.id, source.id)
    _restore_pins(session, source, remembered["pinned"])
    _return_addresses(session, source.id, target.id, remembered["addresses"])
    _return_refs(session, source.id, target.id, remembered["refs"])
    _return_continuations(session, source.id, target.id, remembered["continued"])
    _return_follows(session, source.id, target.id, remembered)
    source.merged_into_id = None
    newest = last_published(session, (source.id, target.id))
    for article, name in ((source, "source_active_at"), (target, "target_active_at")):
        before = datetime.fromisoformat(remembered[name])
        article.last_activity_at = max(before, newest.get(article.id, before))
    _settle(session, source, target)


def _settle(session: Session, source: Article, target: Article) -> None:
    """Bring the counts of both in line with the comments that they have now, and raise the versions of all on which that can be seen."""
    session.flush()
    session.expire_all()
    if set(source.author_ids) != set(target.author_ids):
        for article in (source, target):
            recount_for_authors(session, article)
        session.flush()
    for article_id, counts in count_articles(session, (source.id, target.id)).items():
        session.execute(update(Article).where(Article.id == article_id).values(counts).execution_options(**_PAST))
    series_ids = {article.series_id for article in (source, target) if article.series_id is not None}
    concerned = {source.id, target.id, *session.scalars(select(Article.id).where(Article.series_id.in_(series_ids)))}
    raise_versions(session, sorted(concerned))
    session.expire_all()


def _move_threads(session: Session, change_id: int, from_id: int, to_id: int) -> None:
    """Move the threads that ``change_id`` names, and what refers to their comments."""
    roots = select(ArticleChangeRoot.root_id).where(ArticleChangeRoot.change_id == change_id)
    connection = session.connection()
    session.flush()
    connection.execute(update(_COMMENTS).where(_COMMENTS.c.article_id == from_id, _COMMENTS.c.root_id.in_(roots)).values(article_id=to_id))
    moved = select(_COMMENTS.c.id).where(_COMMENTS.c.article_id == to_id, _COMMENTS.c.root_id.in_(roots))
    for table in (_ITEMS, _TOLD):
        there = (table.c.article_id == from_id, table.c.comment_id.in_(moved))
        connection.execute(update(table).where(*there).values(article_id=to_id))


def _give_up_pins(session: Session, source: Article, target: Article) -> list[int]:
    """Unpin what is pinned in ``source`` where ``target`` has a pinned comment, as pinning another one does; return which."""
    pinned = select(Comment.id).where(text("lead > 0"), Comment.lead == PINNED)
    if session.scalar(pinned.where(Comment.article_id == target.id).limit(1)) is None:
        return []
    ids = list(session.scalars(pinned.where(Comment.article_id == source.id).order_by(Comment.id)))
    _lead(session, ids, Comment.featured.is_not(None), FEATURED)
    _lead(session, ids, Comment.featured.is_(None), 0)
    return ids


def _restore_pins(session: Session, source: Article, ids: Sequence[int]) -> None:
    pinned = select(Comment.id).where(text("lead > 0"), Comment.lead == PINNED, Comment.article_id == source.id)
    if session.scalar(pinned.limit(1)) is None:
        _lead(session, ids, Comment.article_id == source.id, PINNED)


def _lead(session: Session, ids: Sequence[int], condition: ColumnElement[bool], lead: int) -> None:
    if ids:
        session.execute(update(Comment).where(Comment.id.in_(ids), condition).values(lead=lead).execution_options(**_PAST))


def _move_addresses(session: Session, from_id: int, to_id: int) -> list[int]:
    ids = list(session.scalars(select(ArticleAddress.id).where(ArticleAddress.article_id == from_id).order_by(ArticleAddress.id)))
    _give(session, ArticleAddress, ArticleAddress.id, ids, ArticleAddress.article_id, to_id)
    return ids


def _return_addresses(session: Session, source_id: int, target_id: int, ids: Sequence[int]) -> None:
    still = list(session.scalars(select(ArticleAddress.id).where(ArticleAddress.id.in_(ids), ArticleAddress.article_id == target_id)))
    _give(session, ArticleAddress, ArticleAddress.id, still, ArticleAddress.article_id, source_id)


def _move_refs(session: Session, from_id: int, to_id: int) -> list[int]:
    """Let what is imported again as the one article go to the other."""
    here = (ExternalRef.kind == RefKind.ARTICLE.value, ExternalRef.local_id == from_id)
    ids = list(session.scalars(select(ExternalRef.id).where(*here).order_by(ExternalRef.id)))
    _give(session, ExternalRef, ExternalRef.id, ids, ExternalRef.local_id, to_id)
    return ids


def _return_refs(session: Session, source_id: int, target_id: int, ids: Sequence[int]) -> None:
    still = list(session.scalars(select(ExternalRef.id).where(ExternalRef.id.in_(ids), ExternalRef.local_id == target_id)))
    _give(session, ExternalRef, ExternalRef.id, still, ExternalRef.local_id, source_id)


def _move_continuations(session: Session, from_id: int, to_id: int) -> list[int]:
    """Let threads that the one article answers be answered by the other; return which."""
    here = select(Continuation.comment_id).where(Continuation.article_id == from_id).order_by(Continuation.comment_id)
    ids = list(session.scalars(here))
    _give(session, Continuation, Continuation.comment_id, ids, Continuation.article_id, to_id)
    return ids


def _return_continuations(session: Session, source_id: int, target_id: int, ids: Sequence[int]) -> None:
    here = (Continuation.comment_id.in_(ids), Continuation.article_id == target_id)
    still = list(session.scalars(select(Continuation.comment_id).where(*here)))
    _give(session, Continuation, Continuation.comment_id, still, Continuation.article_id, source_id)


def _give(session: Session, table: type[Any], key: Any, ids: Sequence[int], column: Any, value: int) -> None:
    for start in range(0, len(ids), 1000):
        piece = update(table).where(key.in_(ids[start : start + 1000])).values({column: value})
        session.execute(piece.execution_options(**_PAST))


def _move_follows(session: Session, from_id: int, to_id: int) -> Remembered:
    """Let who follows the one article follow the other, once; remembered is who did not before, and who did both since when."""
    both = aliased(Follow)
    twice = select(both.subscriber_id).where(both.kind == Target.ARTICLE.value, both.target_id == to_id)
    here = (Follow.kind == Target.ARTICLE.value, Follow.target_id == from_id)
    doubled = session.execute(select(Follow.subscriber_id, Follow.created_at).where(*here, Follow.subscriber_id.in_(twice))).all()
    moved = list(session.scalars(select(Follow.subscriber_id).where(*here, Follow.subscriber_id.not_in(twice))))
    session.execute(delete(Follow).where(*here, Follow.subscriber_id.in_(twice)).execution_options(**_PAST))
    session.execute(update(Follow).where(*here).values(target_id=to_id).execution_options(**_PAST))
    return {"followed": sorted(moved), "followed_both": sorted([subscriber_id, _text(at)] for subscriber_id, at in doubled)}


def _return_follows(session: Session, source_id: int, target_id: int, remembered: Remembered) -> None:
    """Let them follow what they followed before; who has stopped following since is not asked to begin again."""
    there = (Follow.kind == Target.ARTICLE.value, Follow.target_id == target_id)
    moved: list[int] = remembered["followed"]
    for start in range(0, len(moved), 1000):
        theirs = update(Follow).where(*there, Follow.subscriber_id.in_(moved[start : start + 1000]))
        session.execute(theirs.values(target_id=source_id).execution_options(**_PAST))
    for subscriber_id, at in remembered["followed_both"]:
        still = select(Follow.subscriber_id).where(*there, Follow.subscriber_id == subscriber_id)
        if session.scalar(still) is not None and session.get(Subscriber, subscriber_id) is not None:
            row = {"subscriber_id": subscriber_id, "kind": Target.ARTICLE.value, "target_id": source_id}
            session.execute(insert(_FOLLOWS).values(**row, created_at=datetime.fromisoformat(at)))


def _count(session: Session, *conditions: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).where(*conditions)) or 0


def _text(moment: datetime) -> str:
    return moment.isoformat()
