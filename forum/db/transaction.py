"""The only file that commits: ``with writing() as session`` and ``with reading() as session``.

Doors, commands and tests open a transaction here; actions flush and never commit. A transaction that ends in an exception leaves nothing.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy.orm import Session

from forum.db.base import db
from forum.db.engine import intends_to_write

AFTERWARDS = "afterwards"
log = structlog.get_logger(__name__)


def afterwards(session: Session, act: Callable[[], None]) -> bool:
    """Let ``act`` run once the open transaction has been committed, never when it is rolled back; return False where that was asked for already.

    It runs without a transaction and may open one. What it raises is logged and disturbs nobody.
    """
    acts: dict[Callable[[], None], None] = session.info.setdefault(AFTERWARDS, {})
    if act in acts:
        return False
    acts[act] = None
    return True


@contextmanager
def writing() -> Iterator[Session]:
    """Open a transaction that writes, committed when the block ends and rolled back when it raises.

    Whatever this thread had read before is let go first: loading and checking belong inside the block.
    """
    session = db.session()
    session.rollback()
    session.info.pop(AFTERWARDS, None)
    token = intends_to_write.set(True)
    try:
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        intends_to_write.reset(token)
    for act in session.info.pop(AFTERWARDS, {}):
        try:
            act()
        except Exception as error:  # noqa: BLE001 what was asked for is done and committed
            log.warning("what was to follow a transaction failed", act=act.__qualname__, error=type(error).__name__)


@contextmanager
def reading() -> Iterator[Session]:
    """Open a transaction that only reads, let go when it ends: on SQLite one snapshot for the whole block, on PostgreSQL one for each statement."""
    session = db.session()
    session.rollback()
    try:
        yield session
    finally:
        session.rollback()
