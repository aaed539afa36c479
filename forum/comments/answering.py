"""Which comments an author has answered: every one above an author's visible reply, at any depth; a root also names the first such reply in its thread.

The rule: only an author's reply that appears or goes changes that, and only then anything is read. Called by ``counts`` under the article's lock.
"""

from collections.abc import Collection, Iterator, Sequence
from itertools import takewhile
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, Table, and_, func, or_, select, update
from sqlalchemy.orm import Session, aliased
from sqlalchemy.orm.attributes import set_committed_value

from forum.comments.models import Comment
from forum.comments.states import State

_COMMENTS = cast(Table, Comment.__table__)
# Ids that one statement is given: SQLite takes no more than 32,766 values.
AT_ONCE = 1000


def follow_author_reply(session: Session, author_ids: Collection[int], root: Comment, reply: Comment, *, is_visible: bool) -> None:
    """Bring what is above ``reply``, which one of the authors wrote and which has just appeared or gone, in line with it."""
    if is_visible:
        _write(session, [above.id for above in _list_above(session, reply) if not above.author_replied], author_replied=True)
        if root.author_reply_id is None or reply.id < root.author_reply_id:
            _write(session, [root.id], author_reply_id=reply.id)
        return
    # Another author's reply below this one answers everything above as well.
    if not reply.author_replied:
        _write(session, _no_longer_answered(session, author_ids, reply), author_replied=False)
    if root.author_reply_id == reply.id:
        others = select(func.min(Comment.id)).where(Comment.root_id == root.id, *is_author_reply(author_ids))
        _write(session, [root.id], author_reply_id=session.scalar(others))


def recount_answers(session: Session, article_id: int, author_ids: Collection[int]) -> None:
    """Find anew what of an article its present authors have answered."""
    ids = _answered(article_id, author_ids)
    changing = update(_COMMENTS).where(_COMMENTS.c.article_id == article_id)
    connection = session.connection()
    connection.execute(changing.where(_COMMENTS.c.author_replied, _COMMENTS.c.id.not_in(ids)).values(author_replied=False))
    connection.execute(changing.where(~_COMMENTS.c.author_replied, _COMMENTS.c.id.in_(ids)).values(author_replied=True))
    first = aliased(Comment)
    of_root = select(func.min(first.id)).where(first.root_id == _COMMENTS.c.id, *is_author_reply(author_ids, among=first))
    connection.execute(changing.where(_COMMENTS.c.depth == 0).values(author_reply_id=of_root.scalar_subquery()))
    # The updates went past the rows that the session holds.
    for held in list(session.identity_map.values()):
        if isinstance(held, Comment):
            session.expire(held, ["author_replied", "author_reply_id"])


def find_misanswered(session: Session, article_id: int, author_ids: Collection[int]) -> list[int]:
    """Return the comments of an article of which it is not rightly said whether, and at first where, its present authors have answered them."""
    here = Comment.article_id == article_id
    ids = _answered(article_id, author_ids)
    wrong = or_(and_(Comment.author_replied, Comment.id.not_in(ids)), and_(~Comment.author_replied, Comment.id.in_(ids)))
    stored = select(Comment.id, Comment.author_reply_id).where(here, Comment.author_reply_id.is_not(None))
    firsts = select(Comment.root_id, func.min(Comment.id)).where(here, *is_author_reply(author_ids)).group_by(Comment.root_id)
    said = {(root_id or 0, reply_id or 0) for root_id, reply_id in session.execute(stored)}
    found = {(root_id or 0, reply_id or 0) for root_id, reply_id in session.execute(firsts)}
    return sorted({*session.scalars(select(Comment.id).where(here, wrong)), *(root_id for root_id, _ in said ^ found)})


def _answered(article_id: int, author_ids: Collection[int]) -> Select[Any]:
    """Return the select of the comments of an article that one of its authors has answered, at any depth."""
    here, theirs = Comment.article_id == article_id, is_author_reply(author_ids)
    answered = select(Comment.parent_id.label("at")).where(here, *theirs).cte("answered", recursive=True)
    above = aliased(Comment)
    up = select(above.parent_id).join(answered, above.id == answered.c.at).where(above.parent_id.is_not(None))
    return select(answered.union(up).c.at)


def is_author_reply(author_ids: Collection[int], *, among: Any = Comment) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions under which a row of ``among`` is a visible reply by one of these authors."""
    return among.author_id.in_(author_ids), among.state == State.VISIBLE.value, among.depth > 0


def _list_above(session: Session, comment: Comment) -> Sequence[Any]:
    """Return id, author, state and ``author_replied`` of everything that a comment answers, the nearest first."""
    if comment.depth == 1:
        return session.execute(_columns().where(Comment.id == comment.parent_id)).all()
    chain = select(Comment.parent_id.label("at")).where(Comment.id == comment.id).cte("chain", recursive=True)
    above = aliased(Comment)
    # No condition on ``above`` but its id: with another one, SQLite that has statistics reads the whole table into a Bloom filter first.
    chain = chain.union_all(select(above.parent_id).join(chain, above.id == chain.c.at))
    return session.execute(_columns().where(Comment.id.in_(select(chain.c.at))).order_by(Comment.id.desc())).all()


def _columns() -> Select[int, int, str, bool]:
    return select(Comment.id, Comment.author_id, Comment.state, Comment.author_replied)


def _no_longer_answered(session: Session, author_ids: Collection[int], reply: Comment) -> list[int]:
    above = _list_above(session, reply)
    chain = {reply.id, *(row.id for row in above)}
    by_author = and_(Comment.author_id.in_(author_ids), Comment.state == State.VISIBLE.value)
    answered: set[int] = set()
    for ids in _pieces([row.id for row in above]):
        others = select(Comment.parent_id, Comment.id).where(Comment.parent_id.in_(ids), or_(Comment.author_replied, by_author))
        answered |= {parent_id or 0 for parent_id, reply_id in session.execute(others) if reply_id not in chain}
    # From the reply upwards: what has another answer keeps everything above answered, and so does what an author wrote himself.
    gone: list[int] = []
    for row in takewhile(lambda row: row.id not in answered, above):
        gone.append(row.id)
        if row.author_id in author_ids and row.state == State.VISIBLE:
            break
    return gone


def _write(session: Session, ids: Sequence[int], **values: Any) -> None:
    for piece in _pieces(ids):
        session.connection().execute(update(_COMMENTS).where(_COMMENTS.c.id.in_(piece)).values(values))
    wanted = set(ids)
    for held in list(session.identity_map.values()):
        if isinstance(held, Comment) and held.id in wanted:
            for name, value in values.items():
                set_committed_value(held, name, value)


def _pieces(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))
