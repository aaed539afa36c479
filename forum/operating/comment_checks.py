"""What is derived of comments: their place in the tree, what they count, their tallies and scores, and what an author has answered."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import isclose
from typing import Any, cast

from sqlalchemy import RowMapping, Table, or_, select, update
from sqlalchemy.orm import Session

from forum.articles.models import Article, ArticleAuthor
from forum.articles.queries import lock_row
from forum.comments.answering import find_misanswered, recount_answers
from forum.comments.attention import desk_base
from forum.comments.models import Comment
from forum.comments.queries import lock_comments
from forum.comments.recounting import count_replies
from forum.comments.stance import Stance
from forum.comments.states import State
from forum.moderation.models import Decision
from forum.operating.changing import change
from forum.operating.checks import Fault, by_article, windows
from forum.sanctions.models import Sanction
from forum.stances.counting import is_counted
from forum.stances.models import Tag
from forum.stances.recounting import tally_comments, tally_threads
from forum.stances.tally import columns_of

Columns = Mapping[str, Any]
Expect = Callable[[Session, int, int], dict[int, dict[str, Any]]]
_COMMENTS, _TAGS = cast(Table, Comment.__table__), cast(Table, Tag.__table__)
AT_ONCE = 200


def places(session: Session, after_id: int, up_to_id: int) -> dict[int, dict[str, Any]]:
    """Return the root and depth that each comment must have, by what stands above it; a parent's id is smaller, so one pass upwards is enough."""
    rows = session.execute(
        select(Comment.id, Comment.parent_id).where(Comment.id.between(after_id + 1, up_to_id)).order_by(Comment.id)
    ).all()
    outside = {row.parent_id for row in rows if row.parent_id is not None and row.parent_id <= after_id}
    known = {at: (root, depth) for at, root, depth in _places_of(session, sorted(outside))}
    for row in rows:
        if row.parent_id is None:
            known[row.id] = (row.id, 0)
        elif row.parent_id in known:
            root, depth = known[row.parent_id]
            known[row.id] = (root, depth + 1)
    return {row.id: {"root_id": known[row.id][0], "depth": known[row.id][1]} for row in rows if row.id in known}


def _places_of(session: Session, ids: Sequence[int]) -> Iterator[Any]:
    for start in range(0, len(ids), 1000):
        piece = Comment.id.in_(ids[start : start + 1000])
        yield from session.execute(select(Comment.id, Comment.root_id, Comment.depth).where(piece))


def publishing(session: Session, after_id: int, up_to_id: int) -> dict[int, dict[str, Any]]:
    """Return whether each comment must be listed, and since when: what everybody can read or once could, and nothing else."""
    columns = (Comment.id, Comment.state, Comment.listed, Comment.published_at, Comment.created_at)
    found = {}
    for row in session.execute(select(*columns).where(Comment.id.between(after_id + 1, up_to_id))):
        was_public = row.state == State.VISIBLE or row.listed or row.published_at is not None
        found[row.id] = {"listed": was_public, "published_at": (row.published_at or row.created_at) if was_public else None}
    return found


def tallies(session: Session, after_id: int, up_to_id: int) -> dict[int, dict[str, Any]]:
    """Return each comment's tally, its scores and how urgently it waits for an answer, from the tags and the text."""
    counted = tally_comments(session, after_id=after_id, up_to_id=up_to_id)
    columns = (Comment.id, Comment.state, Comment.stance, Comment.body_md, Comment.body_html, Comment.desk_base)
    found: dict[int, dict[str, Any]] = {}
    for row in session.execute(select(*columns).where(Comment.id.between(after_id + 1, up_to_id)).execution_options(yield_per=500)):
        # What a destroyed text counted is not forgotten: it never waits again.
        is_gone = row.state == State.ERASED or (row.body_md is None and row.body_html is None)
        base = row.desk_base if is_gone else desk_base(row.stance, row.body_md)
        found[row.id] = {"desk_base": base, **columns_of(counted.get(row.id) or dict.fromkeys(Stance, 0), desk_base=base)}
    return found


def replies(session: Session, after_id: int, up_to_id: int) -> dict[int, dict[str, Any]]:
    """Return what each comment's replies make its counts."""
    return count_replies(session, after_id=after_id, up_to_id=up_to_id)


def thread_tallies(session: Session, after_id: int, up_to_id: int) -> dict[int, dict[str, Any]]:
    """Return the tally of each thread, which stands at its first comment; all others have none."""
    counted = tally_threads(session, after_id=after_id, up_to_id=up_to_id)
    none = dict.fromkeys(Stance, 0)
    ids = session.execute(select(Comment.id, Comment.depth).where(Comment.id.between(after_id + 1, up_to_id)))
    return {at: {f"thread_{s}": count for s, count in (counted.get(at, none) if depth == 0 else none).items()} for at, depth in ids}


def finding(expect: Expect) -> Callable[[], Iterator[Fault]]:
    """Return what finds the comments whose columns are not as ``expect`` says."""

    def find() -> Iterator[Fault]:
        for session, after, up_to in windows(Comment.id):
            wanted = expect(session, after, up_to)
            for row in _stored(session, wanted, after, up_to):
                for name, value in wanted[row["id"]].items():
                    if not _same(row[name], value):
                        said = f"{name} is {_shown(row[name])}, and must be {_shown(value)}"
                        yield Fault(f"comment {row['id']}", said, row["article_id"], row["id"])

    return find


def mending(expect: Expect) -> Callable[[Sequence[Fault]], None]:
    """Return what writes the columns that ``expect`` says to the comments that faults name, article by article, each under its lock."""

    def mend(faults: Sequence[Fault]) -> None:
        for article_id, ids in by_article(faults).items():
            unique = sorted(set(ids))
            for start in range(0, len(unique), AT_ONCE):
                piece = unique[start : start + AT_ONCE]
                change(lambda session, at=article_id, piece=piece: _write(session, at, piece, expect))  # type: ignore[misc]

    return mend


def _write(session: Session, article_id: int, ids: Sequence[int], expect: Expect) -> None:
    lock_row(session, article_id)
    lock_comments(session, ids)
    for comment_id in ids:
        wanted = expect(session, comment_id - 1, comment_id).get(comment_id)
        if wanted:
            session.connection().execute(update(_COMMENTS).where(_COMMENTS.c.id == comment_id).values(wanted))
    raise_version(session, article_id)


def raise_version(session: Session, article_id: int) -> None:
    """Raise an article's version: whoever keeps a page of it shows what was wrong."""
    session.execute(
        update(Article).where(Article.id == article_id).values(version=Article.version + 1),
        execution_options={"synchronize_session": False},
    )
    session.expire_all()


def _stored(session: Session, wanted: Mapping[int, Columns], after: int, up_to: int) -> Iterator[RowMapping]:
    names = next(iter(wanted.values()), {})
    columns = [_COMMENTS.c[name] for name in ("id", "article_id", *names)]
    rows = session.execute(select(*columns).where(_COMMENTS.c.id > after, _COMMENTS.c.id <= up_to).order_by(_COMMENTS.c.id))
    return (row for row in rows.mappings() if row["id"] in wanted)


def _same(stored: Any, wanted: Any) -> bool:
    if isinstance(wanted, float) and stored is not None:
        return isclose(stored, wanted, rel_tol=1e-12, abs_tol=1e-12)
    return bool(stored == wanted)


def _shown(value: Any) -> str:
    return "nothing" if value is None else value.isoformat() if hasattr(value, "isoformat") else str(value)


def find_wrong_trees() -> Iterator[Fault]:
    """Yield the comments that hang below one of another discussion, or below one that is not older."""
    above = Comment.__table__.alias("above")
    for session, after, up_to in windows(Comment.id):
        joined = _COMMENTS.outerjoin(above, above.c.id == _COMMENTS.c.parent_id).join(Article, Article.id == _COMMENTS.c.article_id)
        columns = (_COMMENTS.c.id, _COMMENTS.c.article_id, _COMMENTS.c.parent_id, _COMMENTS.c.site_id, Article.site_id.label("its_site"))
        here = select(*columns, above.c.id.label("above"), above.c.article_id.label("other")).select_from(joined)
        for row in session.execute(here.where(_COMMENTS.c.id > after, _COMMENTS.c.id <= up_to)):
            if row.parent_id is not None and row.above is None:
                yield Fault(f"comment {row.id}", f"it answers comment {row.parent_id}, which is not there")
            elif row.parent_id is not None and row.above >= row.id:
                yield Fault(f"comment {row.id}", f"it answers comment {row.above}, which is not older")
            elif row.parent_id is not None and row.other != row.article_id:
                yield Fault(f"comment {row.id}", f"it is below article {row.article_id}, and answers one below article {row.other}")
            elif row.site_id != row.its_site:
                yield Fault(f"comment {row.id}", f"it names site {row.site_id}, and its article site {row.its_site}")


def find_wrong_flags() -> Iterator[Fault]:
    """Yield the comments with tags that are counted and must not be, or the other way round."""
    for session, after, up_to in windows(Comment.id):
        for row in session.execute(_flags(session, after, up_to)):
            counts, stopped = _flags_of(session, row)
            if bool(row.counted) != counts:
                said = f"the tag of account {row.account_id} {'counts and must not' if row.counted else 'does not count and must'}"
                yield Fault(f"comment {row.id}", said, row.article_id, row.id)
            if bool(row.suspended) != stopped:
                said = f"the tag of account {row.account_id} {'stands aside and must not' if row.suspended else 'must stand aside and does not'}"
                yield Fault(f"comment {row.id}", said, row.article_id, row.id)


def mend_flags(faults: Sequence[Fault]) -> None:
    """Let the tags at these comments count, or not, as their writers' part in the discussion says; the tallies are the next check's."""

    def write(session: Session, article_id: int, ids: Sequence[int]) -> None:
        lock_row(session, article_id)
        for comment_id in ids:
            for row in session.execute(_flags(session, comment_id - 1, comment_id)).all():
                counts, stopped = _flags_of(session, row)
                own = (_TAGS.c.comment_id == comment_id, _TAGS.c.account_id == row.account_id)
                session.connection().execute(update(_TAGS).where(*own).values(counted=counts, suspended=stopped))
        raise_version(session, article_id)

    for article_id, ids in by_article(faults).items():
        change(lambda session, at=article_id, ids=ids: write(session, at, sorted(set(ids))))  # type: ignore[misc]


def _flags(session: Session, after: int, up_to: int) -> Any:
    """Return the select of the tags at a stretch of comments on which something may be wrong."""
    stopped = (
        select(Sanction.id)
        .where(Sanction.account_id == Tag.account_id, Sanction.site_id == Comment.site_id, Sanction.tags_stopped)
        .exists()
    )
    # Only where the rule may not be the usual one: that a tag counts needs no look at each of millions.
    by_author = select(ArticleAuthor.account_id).where(
        ArticleAuthor.article_id == Comment.article_id, ArticleAuthor.account_id == Tag.account_id
    )
    by_decider = select(Decision.id).where(Decision.comment_id == Comment.id, Decision.moderator_id == Tag.account_id)
    unusual = or_(~Tag.counted, Tag.suspended, stopped, by_author.exists(), by_decider.exists())
    return (
        select(Comment.id, Comment.article_id, Tag.account_id, Tag.counted, Tag.suspended, stopped.label("stopped"))
        .join(Tag, Tag.comment_id == Comment.id)
        .where(Comment.id.between(after + 1, up_to), unusual)
    )


def _flags_of(session: Session, row: Any) -> tuple[bool, bool]:
    article = session.get_one(Article, row.article_id)
    return is_counted(session, article.author_ids, row.account_id, row.id), bool(row.stopped)


def find_wrong_answers() -> Iterator[Fault]:
    """Yield the comments of which it is not rightly said that an author has answered them."""
    for session, after, up_to in windows(Article.id, size=1):
        article = session.scalars(select(Article).where(Article.id > after, Article.id <= up_to)).one()
        for comment_id in find_misanswered(session, article.id, article.author_ids):
            yield Fault(f"comment {comment_id}", "what it says of an author's answer is not so", article.id, comment_id)


def mend_answers(faults: Sequence[Fault]) -> None:
    """Find anew what of these articles their authors have answered."""

    def write(session: Session, article_id: int) -> None:
        article = lock_row(session, article_id)
        if article is not None:
            stray = (_COMMENTS.c.article_id == article_id, _COMMENTS.c.depth > 0, _COMMENTS.c.author_reply_id.is_not(None))
            session.connection().execute(update(_COMMENTS).where(*stray).values(author_reply_id=None))
            recount_answers(session, article_id, article.author_ids)
            raise_version(session, article_id)

    for article_id in by_article(faults):
        change(lambda session, at=article_id: write(session, at))  # type: ignore[misc]
