"""What a check is: a name, what it compares, how faults are found, and how what is only derived is mended. Shared by the files that say what is checked.

The rule: finding reads in short transactions, each of one moment, so that readers and writers go on; mending works in small transactions under the locks that
every writer takes, and computes anew what must stand there instead of trusting what was found before.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from forum.db.transaction import reading

WINDOW = 2000
"""So many rows are compared at a time."""


@dataclass(frozen=True)
class Fault:
    """One thing that is not as it must be: what, and what is wrong with it. ``article_id`` and ``row_id`` say where it is mended."""

    what: str
    said: str
    article_id: int = 0
    row_id: int = 0


@dataclass(frozen=True)
class Check:
    """One check. ``mend`` gets some of the faults and puts right what they name; None: that is not for a program to do, and ``way_out`` says what is."""

    name: str
    meaning: str
    find: Callable[[], Iterator[Fault]]
    mend: Callable[[Sequence[Fault]], None] | None = None
    way_out: str = ""


@contextmanager
def one_moment() -> Iterator[Session]:
    """Open a transaction that reads one state throughout, on PostgreSQL too, and may take its time."""
    with reading() as session:
        if session.get_bind().dialect.name == "postgresql":
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            session.execute(text("SET LOCAL statement_timeout = 0"))
        yield session


def windows(key: Any, *, size: int = WINDOW) -> Iterator[tuple[Session, int, int]]:
    """Yield stretches of a table's ids, each with a session that sees one moment: after which id, and up to which."""
    after = 0
    while True:
        with one_moment() as session:
            following = select(key).where(key > after).order_by(key).limit(size).subquery()
            up_to = session.scalar(select(func.max(following.c[0])))
            if up_to is None:
                return
            yield session, after, up_to
        after = up_to


def by_article(faults: Sequence[Fault]) -> dict[int, list[int]]:
    """Return the rows that faults name by the article under whose lock they are mended, in the order in which articles are locked."""
    found: dict[int, list[int]] = {}
    for fault in sorted(faults, key=lambda fault: (fault.article_id, fault.row_id)):
        found.setdefault(fault.article_id, []).append(fault.row_id)
    return found
