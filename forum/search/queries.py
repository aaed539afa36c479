"""Reads of the index: the newest matches of a part of it, and the comments of a page of them, whose state and text are read with the match.

The rule: what a request reads is bounded however many comments there are. It looks through at most ``LOOKED`` ids, and of what it finds it takes ``WINDOW``.
SQLite's index gives matches in the order of ids and stops; PostgreSQL's gives all of a part at once, so the parts begin small and grow.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, func, select, text
from sqlalchemy.orm import Session

from forum.accounts.models import Account
from forum.comments.models import Comment
from forum.comments.queries import Row, with_writer
from forum.comments.states import State
from forum.search.matching import BLOCK_BITS, Wanted, as_fts5, as_tsquery, within

WINDOW = 500
"""Matches that are ranked among themselves: the newest ones first, then those that follow them."""

LOOKED = 1 << 20
"""Ids through which one request looks."""

READ = 8_192
"""Rows that one statement reads on PostgreSQL at most; where a part has more, a smaller part is read."""

READ_IN_ALL = 4 * READ
"""Rows after which a request on PostgreSQL looks no further, when most of what it reads matches but for a phrase's order."""

_BLOCK = 1 << BLOCK_BITS
_SQLITE = text(
    "SELECT rowid, words FROM comment_words WHERE comment_words MATCH :asked AND rowid >= :low AND rowid < :high ORDER BY rowid DESC LIMIT :most"
)
# What the first part reads is limited and in no order: whether it was all of it, its number tells.
_POSTGRESQL = text(
    "WITH met AS MATERIALIZED (SELECT comment_id, said, words FROM comment_words WHERE words @@ CAST(:roughly AS tsquery) LIMIT :read)"
    " SELECT counted.met, found.comment_id, found.said FROM (SELECT count(*) AS met FROM met) AS counted LEFT JOIN LATERAL"
    " (SELECT comment_id, said FROM met WHERE comment_id >= :low AND comment_id < :high AND words @@ CAST(:asked AS tsquery)"
    " ORDER BY comment_id DESC LIMIT :most) AS found ON TRUE"
)
_STILL_MATCH = text(
    "WITH known AS MATERIALIZED (SELECT comment_id, words FROM comment_words WHERE comment_id IN :ids)"
    " SELECT comment_id FROM known WHERE words @@ CAST(:asked AS tsquery)"
).bindparams(bindparam("ids", expanding=True))


@dataclass(frozen=True)
class Window:
    """Matches, the newest first, with their folded words; all that there are from the id ``low`` up to but without ``high``."""

    low: int
    high: int
    matches: Sequence[tuple[int, str]]


def read_window(session: Session, wanted: Wanted, *, high: int | None = None, low: int = 1) -> Window:
    """Return the newest matches with ids from ``low`` up to but without ``high`` (None: all there are).

    At most 500, unless both bounds were given: then it is the window that was read before, with whatever is in it now. ``low`` of what is returned says how far
    was looked: 1 where that was everything.
    """
    is_known = high is not None and low > 1
    if high is None:
        high = (session.scalar(select(func.max(Comment.id))) or 0) + 1
    if wanted.is_hopeless or high <= low:
        return Window(1 if wanted.is_hopeless else low, high, ())
    bottom = max(low, high - LOOKED, 1)
    most = 2 * WINDOW if is_known else WINDOW + 1
    read = _read_sqlite if session.get_bind().dialect.name == "sqlite" else _read_postgresql
    matches, bottom = read(session, wanted, bottom, high, most)
    if not is_known and len(matches) > WINDOW:
        matches = matches[:WINDOW]
        bottom = matches[-1][0]
    return Window(bottom, high, matches)


def list_found(session: Session, wanted: Wanted, ids: Collection[int]) -> dict[int, Row]:
    """Return those of the comments ``ids`` that match and that everybody may read, with their writers, as one statement saw them."""
    if not ids:
        return {}
    statement = with_writer().where(Comment.id.in_(ids), Comment.state == State.VISIBLE.value)
    if session.get_bind().dialect.name == "postgresql":
        # Each statement sees what is committed: the match is asked again where the text is read. On SQLite all reads see the same.
        still = _STILL_MATCH.bindparams(asked=as_tsquery(wanted), ids=list(ids)).columns(Comment.id.label("comment_id")).subquery("still")
        statement = statement.join(still, still.c.comment_id == Comment.id)
    rows: Sequence[tuple[Comment, Account]] = [(row[0], row[1]) for row in session.execute(statement)]
    return {row[0].id: row for row in rows}


def _read_sqlite(session: Session, wanted: Wanted, low: int, high: int, most: int) -> tuple[list[tuple[int, str]], int]:
    asked = {"asked": as_fts5(wanted), "low": low, "high": high, "most": most}
    return [(row[0], row[1]) for row in session.execute(_SQLITE, asked)], low


def _read_postgresql(session: Session, wanted: Wanted, low: int, high: int, most: int) -> tuple[list[tuple[int, str]], int]:
    found: list[tuple[int, str]] = []
    exact, roughly = as_tsquery(wanted), as_tsquery(wanted, phrases=False)
    read, blocks, top = 0, 1, high
    while top > low and len(found) < most and read < READ_IN_ALL:
        bottom = max(((top - 1) // _BLOCK - blocks + 1) * _BLOCK, 0)
        asked = {"asked": exact, "roughly": within(roughly, bottom, top), "low": max(bottom, low), "high": top}
        rows = session.execute(_POSTGRESQL, {**asked, "read": READ + 1, "most": most - len(found)}).all()
        read += min(rows[0].met, READ)
        if rows[0].met > READ:
            blocks = max(blocks // 4, 1)
            continue
        found += [(row.comment_id, row.said) for row in rows if row.comment_id is not None]
        # The next part is larger, if it would not hold too much though comments match as closely there.
        closeness = rows[0].met / (top - bottom)
        blocks = next((larger for larger in (4 * blocks, 2 * blocks, blocks) if larger * _BLOCK * closeness <= READ), 1)
        top = max(bottom, low)
    return found, max(top, low)
