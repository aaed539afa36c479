"""Writes of the index that the triggers do not make: merging its segments, making it anew, and having the words go that were erased.

The rule: FTS5 keeps a deleted word in its segments until they are merged; whatever destroys a text has them merged (``forget_words``), at first a bounded number of
pages, and the job that tidies up the files all that are left (``forget_all_words``).
"""

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from forum.comments.models import Comment
from forum.db.base import db
from forum.db.transaction import afterwards, writing
from forum.search.triggers import EMPTY, FILL, USERMERGE, recreate_triggers

BATCH = 10_000
"""Ids that are indexed in one transaction when the index is made anew."""

MERGED_AT_ONCE = 500
"""Pages of the index that are merged at once when a text is destroyed; so many are merged in each transaction of the job."""

FEWEST = 2
"""Segments of a level that are merged when no word may be left behind."""

MERGED_BESIDE = 64
"""Pages that are merged at once beside what people write, which waits for it: a few milliseconds."""

_MERGE = text("INSERT INTO comment_words (comment_words, rank) VALUES ('merge', :pages)")
_BROKEN = {
    "sqlite": (
        "SELECT count(*) FROM comments LEFT JOIN comment_words_content AS kept ON kept.id = comments.id"
        " WHERE comments.id BETWEEN :first AND :last"
        " AND (CASE WHEN comments.state = 'visible' THEN kept.c0 IS NOT forum_words(comments.body_html) ELSE kept.id IS NOT NULL END)"
    ),
    "postgresql": (
        "SELECT count(*) FROM comments LEFT JOIN comment_words AS kept ON kept.comment_id = comments.id"
        " WHERE comments.id BETWEEN :first AND :last"
        " AND (CASE WHEN comments.state = 'visible' THEN kept.said IS DISTINCT FROM forum_words(comments.body_html)"
        " OR kept.words IS DISTINCT FROM comment_words_vector(comments, kept.said) ELSE kept.comment_id IS NOT NULL END)"
    ),
}


def count_unindexed(session: Session) -> int:
    """Return how many comments the index holds otherwise than it should: not at all, with other words, or though nobody may read them.

    Reads every comment, 10,000 at a time.
    """
    kind = session.get_bind().dialect.name
    last = session.scalar(select(func.max(Comment.id))) or 0
    batches = range(1, last + 1, BATCH)
    differing = sum(session.scalar(text(_BROKEN[kind]), {"first": first, "last": first + BATCH - 1}) or 0 for first in batches)
    return differing + _count_strays(session)


def rebuild() -> None:
    """Make the index and its triggers anew, in transactions of 10,000 comments; until it is done a search finds less, and never what is hidden.

    Opens its own transactions: while it runs, others write.
    """
    with writing() as session:
        for statement in EMPTY[session.get_bind().dialect.name]:
            session.execute(text(statement))
        recreate_triggers(session)
        last = session.scalar(select(func.max(Comment.id))) or 0
    for first in range(1, last + 1, BATCH):
        with writing() as session:
            _fill(session, first, first + BATCH - 1)
        merge_all_words()


def merge_words(session: Session) -> None:
    """Put the segments together that new texts have made in SQLite's index, some pages at a time, where there are many; called by those who run jobs there."""
    session.execute(_MERGE, {"pages": MERGED_BESIDE})


def merge_all_words() -> None:
    """Put the segments together that much writing at once has made in SQLite's index, in small transactions; nothing where it was done before."""
    while db.engine.dialect.name == "sqlite" and _merge(MERGED_AT_ONCE):
        pass


def forget_words(session: Session, comment_id: int) -> None:
    """Let what is left of deleted words be merged out of the index once the open transaction is committed: at once where the index is small."""
    del comment_id
    if session.get_bind().dialect.name == "sqlite":
        afterwards(session, _merge_some)


def forget_all_words() -> None:
    """Merge all that is left of deleted words out of SQLite's index, in small transactions of their own; for the job that tidies up the files.

    On PostgreSQL the rows go with it; of a word that nobody uses any more an empty key stays until ``REINDEX`` or ``VACUUM FULL``.
    """
    if db.engine.dialect.name != "sqlite":
        return
    # With the usual number a merge that has begun would be left as soon as what others write meanwhile is more than it puts together.
    _set_usermerge(FEWEST)
    try:
        pages = -MERGED_AT_ONCE
        while _merge(pages):
            pages = MERGED_AT_ONCE
    finally:
        _set_usermerge(USERMERGE)


def _fill(session: Session, first: int, last: int) -> None:
    kind = session.get_bind().dialect.name
    if kind == "postgresql":
        session.execute(text("SET LOCAL statement_timeout = 0"))
    session.execute(text(FILL[kind]), {"first": first, "last": last})


def _count_strays(session: Session) -> int:
    """Return how many rows of the index belong to no comment; PostgreSQL's foreign key allows none."""
    if session.get_bind().dialect.name == "postgresql":
        return 0
    strays = "SELECT count(*) FROM comment_words_content AS kept WHERE NOT EXISTS (SELECT 1 FROM comments WHERE comments.id = kept.id)"
    return session.scalar(text(strays)) or 0


def _merge_some() -> None:
    _merge(-MERGED_AT_ONCE)


def _set_usermerge(segments: int) -> None:
    with writing() as session:
        session.execute(text("INSERT INTO comment_words (comment_words, rank) VALUES ('usermerge', :segments)"), {"segments": segments})


def _merge(pages: int) -> bool:
    """Merge some pages of the index and return whether any were: of a level with many segments, or, with a number below 0, of all segments together."""
    with writing() as session:
        driver = session.connection().connection.dbapi_connection
        before = driver.total_changes  # type: ignore[union-attr]
        session.execute(_MERGE, {"pages": pages})
        return bool(driver.total_changes - before >= 2)  # type: ignore[union-attr]
