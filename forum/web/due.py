"""What time alone has made due and nobody may read past: every door looks here before its transaction, so that no answer is wrong because no job has run.

The rule: a look costs nothing but once a minute, when the database is asked what comes next; what is over is settled in a transaction of its own. The rooms
register theirs in ``WATCHES``; each promises that nothing becomes due sooner than a minute after it was decided.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from flask import Flask, current_app
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from forum.clock import now
from forum.db.transaction import reading, writing
from forum.web.problems import is_retryable

REMEMBERED = timedelta(minutes=1)
TRIES = 4
KNOWN = "forum_due"
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Watch:
    """One kind of thing that becomes due: ``find_next`` returns when the first one does, past or to come, or None.

    ``settle`` settles one that is due now and returns whether there was any.
    """

    name: str
    find_next: Callable[[Session], datetime | None]
    settle: Callable[[Session], bool]


@dataclass(frozen=True)
class _Known:
    """What comes next, and when that was asked."""

    asked_at: datetime
    next_at: datetime | None


WATCHES: list[Watch] = []


def look() -> None:
    """Settle whatever is due now. A database that is busy is no reason not to answer: it is logged, and the next request looks again."""
    memory = _memory()
    for watch in WATCHES:
        try:
            _look(watch, memory)
        except (DBAPIError, PoolTimeoutError) as error:
            memory.pop(watch.name, None)
            log.warning("due_not_settled", watch=watch.name, error=type(error).__name__)


def is_quiet(app: Flask) -> bool:
    """Whether nothing is known to be due, and that was asked within the last minute: then a look would do nothing."""
    memory: dict[str, _Known] = app.extensions.get(KNOWN, {})
    moment = now()
    for watch in WATCHES:
        known = memory.get(watch.name)
        if known is None or not known.asked_at <= moment < known.asked_at + REMEMBERED:
            return False
        if known.next_at is not None and known.next_at <= moment:
            return False
    return True


def forget() -> None:
    """Let the next look ask the database anew: something was decided that changes what comes next."""
    _memory().clear()


def _look(watch: Watch, memory: dict[str, _Known]) -> None:
    moment = now()
    known = memory.get(watch.name)
    # A clock that was set back leaves nothing that could be relied on.
    if known is None or not known.asked_at <= moment < known.asked_at + REMEMBERED:
        known = _ask(watch, moment)
    while known.next_at is not None and known.next_at <= moment and _settle(watch):
        known = _ask(watch, moment)
    memory[watch.name] = known


def _ask(watch: Watch, moment: datetime) -> _Known:
    with reading() as session:
        return _Known(moment, watch.find_next(session))


def _settle(watch: Watch) -> bool:
    for attempt in range(1, TRIES + 1):
        try:
            # What time alone has made due, time makes due again.
            with writing(durable=False) as session:
                return watch.settle(session)
        except DBAPIError as error:
            if attempt == TRIES or not is_retryable(error):
                raise
    raise AssertionError("unreachable")


def _memory() -> dict[str, _Known]:
    memory: dict[str, _Known] = current_app.extensions.setdefault(KNOWN, {})
    return memory
