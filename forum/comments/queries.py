"""Reads of comments: one with its place, its ancestors and branch, its revisions, a person's comments."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, exists, func, literal, select, text, true
from sqlalchemy.orm import Session, aliased

from forum.accounts.models import Account
from forum.articles.queries import get_article, lock_row
from forum.comments.counts import Place
from forum.comments.models import HIDDEN, IS_LOCKED, LISTED_REPLY, Comment, Revision
from forum.comments.states import RevisionState, State
from forum.db.rows import get_row
from forum.refusals import not_found
from forum.sentences import sentence

Row = tuple[Comment, Account]
# Deep threads exist; nobody reads a thousand lines above a comment. The root and the nearest ancestors are shown.
ANCESTORS_MAX = 50


@dataclass(frozen=True)
class Branch:
    """The beginning of what is below a comment, and how many comments follow."""

    rows: Sequence[Row]
    following: int


def with_writer() -> Select[Comment, Account]:
    """Return the select of comments with their writers, which every listing begins with."""
    return select(Comment, Account).join(Account, Account.id == Comment.author_id)


def is_listed() -> ColumnElement[bool]:
    """Return the condition that a comment has a place in a listing for everyone: as text or as a tombstone."""
    return Comment.listed.is_(True)


def find_row(session: Session, comment_id: int) -> Row | None:
    """Return a comment with its writer, or None."""
    row = session.execute(with_writer().where(Comment.id == comment_id)).first()
    return (row[0], row[1]) if row else None


def get_comment(session: Session, comment_id: int) -> Comment:
    """Return a comment. Raises Refusal ``not-found``."""
    comment = get_row(session, Comment, comment_id)
    if comment is None:
        raise not_found(sentence("comment"))
    return comment


def lock_place(session: Session, comment_id: int) -> Place:
    """Return a comment with all that is above it, locked in the one order and read afresh. Raises Refusal ``not-found``."""
    known = session.execute(select(Comment.article_id, Comment.root_id, Comment.parent_id).where(Comment.id == comment_id)).first()
    if known is None:
        raise not_found(sentence("comment"))
    article = lock_row(session, known.article_id)
    locked = lock_comments(session, [known.root_id, known.parent_id, comment_id])
    # While the lock was waited for, the discussion may have become part of another one, or have come back from there.
    while article is not None and locked[comment_id].article_id != article.id:
        article = lock_row(session, locked[comment_id].article_id)
        locked = lock_comments(session, [known.root_id, known.parent_id, comment_id])
    if article is None:
        raise not_found(sentence("comment"))
    return Place(article, locked[known.root_id], locked.get(known.parent_id), locked[comment_id])


def hold_place(session: Session, comment_id: int) -> Place:
    """Do what ``lock_place`` does, without reading again what this transaction has loaded where nobody else can write meanwhile: on SQLite.

    Only for transactions that have written nothing yet. Raises Refusal ``not-found``.
    """
    if session.get_bind().dialect.name != "sqlite":
        return lock_place(session, comment_id)
    comment = get_comment(session, comment_id)
    parent = get_row(session, Comment, comment.parent_id) if comment.parent_id is not None else None
    root = get_comment(session, int(comment.root_id or 0))
    return Place(get_article(session, comment.article_id), root, parent, comment)


def lock_comments(session: Session, ids: Sequence[int | None]) -> dict[int | None, Comment]:
    """Return these comments locked, in rising id order: a root is older than a parent, a parent than its reply."""
    statement = select(Comment).where(Comment.id.in_({known for known in ids if known is not None})).order_by(Comment.id)
    rows = session.scalars(statement.with_for_update().execution_options(populate_existing=True))
    return {comment.id: comment for comment in rows}


def list_ancestors(session: Session, comments: Collection[Comment]) -> dict[int, list[Row]]:
    """Return the listed ancestors of each comment, root first, at most the root and the 50 nearest; two reads for all."""
    wanted = {comment.id: comment for comment in comments if comment.parent_id is not None}
    if not wanted:
        return {}
    start = select(Comment.id.label("of"), Comment.parent_id.label("at"), literal(1).label("step")).where(Comment.id.in_(wanted))
    chain = start.cte("chain", recursive=True)
    above = aliased(Comment)
    # No condition on ``above`` but its id: with another one, SQLite that has statistics reads the whole table into a Bloom filter first.
    step = select(chain.c.of, above.parent_id, chain.c.step + 1).join(above, above.id == chain.c.at)
    chain = chain.union_all(step.where(chain.c.step < ANCESTORS_MAX))
    pairs = session.execute(select(chain.c.of, chain.c.at).where(chain.c.at.is_not(None))).all()
    shown = {at for _, at in pairs} | {int(comment.root_id or 0) for comment in wanted.values()}
    rows = {row[0].id: row for row in _rows_of(session, shown)}
    above_of: dict[int, set[int]] = {of: {int(comment.root_id or 0)} for of, comment in wanted.items()}
    for of, at in pairs:
        above_of[of].add(at)
    return {of: [rows[known] for known in sorted(known_ids) if known in rows and known != of] for of, known_ids in above_of.items()}


def read_branch(session: Session, comment: Comment, *, after_id: int, limit: int) -> Branch:
    """Return the first ``limit`` listed comments below ``comment`` with ids over ``after_id``, in id order, and how many follow them.

    Any such prefix from the start is a whole tree. A root's branch is one index range; another's is found by going down from it.
    """
    find = _ids_of_root if comment.depth == 0 else _ids_below
    ids, following = find(session, comment, after_id, limit)
    return Branch(_rows_of(session, ids), following)


def _ids_of_root(session: Session, root: Comment, after_id: int, limit: int) -> tuple[Sequence[int], int]:
    # Ids first and whole rows by them: what the index alone can answer must not tempt a planner into reading the thread.
    below = select(Comment.id).where(Comment.root_id == root.id, text(LISTED_REPLY), Comment.id > after_id)
    ids = session.scalars(below.order_by(Comment.id).limit(limit + 1)).all()
    if len(ids) <= limit:
        return ids, 0
    shown = ids[:limit]
    if after_id <= root.id:
        return shown, root.thread_count - limit
    rest = below.where(Comment.id > shown[-1]).subquery()
    return shown, session.scalar(select(func.count()).select_from(rest)) or 0


def _ids_below(session: Session, comment: Comment, after_id: int, limit: int) -> tuple[Sequence[int], int]:
    branch = select(Comment.id, Comment.listed).where(Comment.parent_id == comment.id).cte("branch", recursive=True)
    below = aliased(Comment)
    # Whether it is listed is looked at in the end: a second condition on ``below`` would cost SQLite a Bloom filter of the whole table.
    replies = select(below.id, below.listed).where(below.parent_id == branch.c.id)
    if session.get_bind().dialect.name == "postgresql":
        # LATERAL with OFFSET stays what it says, an index look-up for each comment; a plain join became a scan of the table for each level.
        lateral = replies.offset(0).lateral()
        replies = select(lateral.c.id, lateral.c.listed).select_from(branch.join(lateral, true()))
    branch = branch.union_all(replies)
    following = select(branch.c.id, func.count().over()).where(branch.c.id > after_id, branch.c.listed.is_(True))
    following = following.order_by(branch.c.id).limit(limit)
    rows = session.execute(following).all()
    return [row[0] for row in rows], rows[0][1] - len(rows) if rows else 0


def _rows_of(session: Session, ids: Collection[int]) -> list[Row]:
    if not ids:
        return []
    rows = session.execute(with_writer().where(Comment.id.in_(ids), is_listed()).order_by(Comment.id)).all()
    return [(row[0], row[1]) for row in rows]


def list_revisions(session: Session, comment_id: int, *, everything: bool = False) -> list[Revision]:
    """Return a comment's revisions, oldest first, at most the newest 200; only those that readers may know of, unless ``everything`` is asked for."""
    statement = select(Revision).where(Revision.comment_id == comment_id)
    if not everything:
        statement = statement.where(Revision.state.in_((RevisionState.ACCEPTED.value, RevisionState.REDACTED.value)))
    return list(session.scalars(statement.order_by(Revision.number.desc()).limit(200)))[::-1]


def newest_revision(session: Session, comment_id: int) -> Revision:
    """Return the revision that was stored last."""
    return session.scalars(select(Revision).where(Revision.comment_id == comment_id).order_by(Revision.number.desc()).limit(1)).one()


def is_locked(session: Session, parent: Comment, root: Comment) -> bool:
    """Whether a moderator has locked the branch that ``parent`` stands in: the comment itself or any above it."""
    if parent.locked_at is not None or root.locked_at is not None:
        return True
    # Few branches are locked: whether any is costs an index look-up, and only then is the way up walked.
    locked = select(Comment.id).where(Comment.article_id == parent.article_id, text(IS_LOCKED), Comment.root_id == parent.root_id)
    if parent.depth < 2 or not session.scalar(select(locked.exists())):
        return False
    chain = (
        select(Comment.parent_id.label("at"), Comment.locked_at.label("locked_at"))
        .where(Comment.id == parent.id)
        .cte("above", recursive=True)
    )
    above = aliased(Comment)
    chain = chain.union_all(select(above.parent_id, above.locked_at).join(chain, above.id == chain.c.at))
    return bool(session.scalar(select(exists().where(chain.c.locked_at.is_not(None)))))


def list_own(session: Session, article_id: int, account_id: int) -> list[Row]:
    """Return the newest 50 comments of a person on an article that others cannot read now, oldest first."""
    statement = with_writer().where(Comment.author_id == account_id, Comment.article_id == article_id, text(HIDDEN))
    rows = session.execute(statement.order_by(Comment.id.desc()).limit(50)).all()
    return [(row[0], row[1]) for row in rows][::-1]


def list_by_writer(session: Session, account_id: int, *, before_id: int | None, limit: int) -> tuple[list[Row], int | None]:
    """Return a person's visible comments, newest first, and the id before which the next page begins, or None."""
    statement = with_writer().where(Comment.author_id == account_id, Comment.state == State.VISIBLE.value)
    if before_id is not None:
        statement = statement.where(Comment.id < before_id)
    rows = [(row[0], row[1]) for row in session.execute(statement.order_by(Comment.id.desc()).limit(limit + 1)).all()]
    return rows[:limit], rows[limit - 1][0].id if len(rows) > limit else None


def articles_of_writer(session: Session, account_id: int) -> list[int]:
    """Return the ids of the articles on which a person has commented."""
    return list(session.scalars(select(Comment.article_id).where(Comment.author_id == account_id).distinct()))
