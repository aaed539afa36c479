"""Takes a person's tags out of the counts while they are suspended, and puts them back: the counts are then as if that had never been.

The rule: set by set, never comment by comment, under the locks of every article concerned, taken in rising order. Called by the room that imposes and ends
suspensions; whether one is in force is not this room's matter.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Row, Table, bindparam, func, select, update
from sqlalchemy.orm import Session, aliased

from forum.accounts.models import Account
from forum.articles.models import Article
from forum.comments.models import Comment
from forum.comments.stance import Stance
from forum.comments.states import State
from forum.stances.models import Tag
from forum.stances.tally import COUNTS, columns_of

_COMMENTS, _ARTICLES = cast(Table, Comment.__table__), cast(Table, Article.__table__)
_THREAD = tuple(f"thread_{stance}" for stance in Stance)
_ARTICLE = (*(f"tag_{stance}" for stance in Stance), "version")
# What the statements below write past the rows that the session holds.
_WRITTEN: dict[type[Any], tuple[str, ...]] = {
    Tag: ("suspended",),
    Comment: (*columns_of(dict.fromkeys(Stance, 0), desk_base=0.0), *_THREAD),
    Article: _ARTICLE,
}

Delta = Counter[str]


def lock_tagger(session: Session, account_id: int, site_id: int, *, also: int | None = None) -> None:
    """Lock every article on which a person has tagged a comment, and the one named ``also``, in rising order, and then the person.

    Until the transaction ends neither the person's tags nor what follows from them can change. Foreign keys to the person stay free.
    """
    tagged = (
        select(Comment.article_id).join(Tag, Tag.comment_id == Comment.id).where(Tag.account_id == account_id, Comment.site_id == site_id)
    )
    wanted = Article.id.in_(tagged) if also is None else Article.id.in_(tagged) | (Article.id == also)
    articles = select(Article.id).where(wanted).order_by(Article.id).with_for_update()
    session.execute(articles)
    session.execute(select(Account.id).where(Account.id == account_id).with_for_update(key_share=True))
    # Whoever was just tagging has finished by now, perhaps on an article more; ``hold_tagger`` lets nobody begin.
    session.execute(articles)


def hold_tagger(session: Session, account_id: int) -> None:
    """Let nobody suspend or return a person's tags until the transaction ends, in which the person adds one; others may do the same at once."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(Account.id).where(Account.id == account_id).with_for_update(read=True))


def stop_tags(session: Session, account_id: int, site_id: int) -> int:
    """Take all tags of a person on a site out of the counts and return how many there were; those that are out stay so."""
    return _mark(session, account_id, site_id, suspended=True)


def return_tags(session: Session, account_id: int, site_id: int) -> int:
    """Let all tags of a person on a site count again and return how many there were."""
    return _mark(session, account_id, site_id, suspended=False)


def _mark(session: Session, account_id: int, site_id: int, *, suspended: bool) -> int:
    session.flush()
    lock_tagger(session, account_id, site_id)
    theirs = (
        select(Tag.comment_id).join(Comment, Comment.id == Tag.comment_id).where(Tag.account_id == account_id, Comment.site_id == site_id)
    )
    changing = theirs.where(Tag.suspended.is_(not suspended))
    tallies = (getattr(Comment, f"tag_{stance}") for stance in Stance)
    columns = (Comment.id, Comment.article_id, Comment.root_id, Comment.state, Comment.desk_base)
    concerned = select(*columns, *tallies).where(Comment.id.in_(changing))
    rows = session.execute(concerned.order_by(Comment.id).with_for_update(key_share=True)).all()
    if not rows:
        return 0
    of_person = update(Tag).where(Tag.account_id == account_id, Tag.comment_id.in_(theirs), Tag.suspended.is_(not suspended))
    session.execute(of_person.values(suspended=suspended).execution_options(synchronize_session=False))
    _write(session, rows, _count(session, account_id))
    _forget_held(session)
    return len(rows)


def _count(session: Session, account_id: int) -> Mapping[int, Mapping[Stance, int]]:
    """Return the tallies of all comments that a person has tagged, from the rows."""
    mine = aliased(Tag)
    theirs = select(mine.comment_id).where(mine.account_id == account_id)
    found: dict[int, dict[Stance, int]] = defaultdict(lambda: dict.fromkeys(Stance, 0))
    counts = select(Tag.comment_id, Tag.stance, func.count()).where(Tag.comment_id.in_(theirs), *COUNTS)
    for comment_id, stance, count in session.execute(counts.group_by(Tag.comment_id, Tag.stance)):
        found[comment_id][Stance(stance)] = count
    return found


def _write(session: Session, rows: Sequence[Row[Any]], counts: Mapping[int, Mapping[Stance, int]]) -> None:
    comments: list[dict[str, Any]] = []
    threads: dict[int, Delta] = defaultdict(Counter)
    articles: dict[int, Delta] = defaultdict(Counter)
    for row in rows:
        tally = counts[row.id]
        comments.append({"at": row.id, **columns_of(tally, desk_base=row.desk_base)})
        # The version rises also where only what readers cannot see has changed: it stands on pages of those who can.
        articles[row.article_id]["version"] = 1
        if row.state == State.VISIBLE:
            for stance in Stance:
                step = tally[stance] - getattr(row, f"tag_{stance}")
                threads[row.root_id][f"thread_{stance}"] += step
                articles[row.article_id][f"tag_{stance}"] += step
    session.connection().execute(update(_COMMENTS).where(_COMMENTS.c.id == bindparam("at")), comments)
    _add(session, _COMMENTS, _THREAD, threads)
    _add(session, _ARTICLES, _ARTICLE, articles)


def _add(session: Session, table: Table, names: Sequence[str], deltas: Mapping[int, Delta]) -> None:
    """Add an exact difference to columns of several rows, all of them under locks that the transaction holds."""
    if deltas:
        sums = {name: table.c[name] + bindparam(f"by_{name}") for name in names}
        steps = [{"at": at, **{f"by_{name}": delta[name] for name in names}} for at, delta in sorted(deltas.items())]
        session.connection().execute(update(table).where(table.c.id == bindparam("at")).values(sums), steps)


def _forget_held(session: Session) -> None:
    for held in list(session.identity_map.values()):
        if type(held) in _WRITTEN:
            session.expire(held, _WRITTEN[type(held)])
