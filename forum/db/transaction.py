"""The only file that commits: ``with writing() as session`` and ``with reading() as session``.

Doors, commands and tests open a transaction here; actions flush and never commit. A transaction that ends in an exception leaves nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from forum.db.base import db
from forum.db.engine import intends_to_write


@contextmanager
def writing() -> Iterator[Session]:
    """Open a transaction that writes, committed when the block ends and rolled back when it raises.

    Whatever this thread had read before is let go first: loading and checking belong inside the block.
    """
    session = db.session()
    session.rollback()
    token = intends_to_write.set(True)
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        intends_to_write.reset(token)


@contextmanager
def reading() -> Iterator[Session]:
    """Open a transaction that only reads, let go when it ends: on SQLite one snapshot for the whole block, on PostgreSQL one for each statement."""
    session = db.session()
    session.rollback()
    try:
        yield session
    finally:
        session.rollback()
