"""How much waits somewhere, in one read that costs no more however much there is."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

# A queue is counted up to here; more is shown as one more than this.
MOST_COUNTED = 10_000


@dataclass(frozen=True)
class Queue:
    """What waits for somebody or something: how many, at most ``MOST_COUNTED`` and one, and since when the first of these."""

    waiting: int
    since: datetime | None


def read_queue(session: Session, since: Any, *conditions: ColumnElement[bool] | Any, order: tuple[Any, ...] = ()) -> Queue:
    """Return how many rows meet ``conditions`` and the earliest ``since`` of those that were counted; ``order`` is their index's."""
    counted = select(since.label("since")).where(*conditions).order_by(*order).limit(MOST_COUNTED + 1).subquery()
    waiting, earliest = session.execute(select(func.count(), func.min(counted.c.since)).select_from(counted)).one()
    return Queue(waiting, earliest)
