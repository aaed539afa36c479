"""Which reads a replica of the database answers: those of doors that say ``lags``, for visitors and for members without a role.

The rule: nobody misses what they have written themselves, and a page of an article shows the state that the primary has. The first by a number that rises with
each of an account's writes, in their transaction: the replica has it, or it does not have the writes either. The second by the article's version, which is read on
the primary when the replica has said its own. Whoever cannot be answered so is answered by the primary.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import current_app
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from forum.access.viewer import Via, Viewer
from forum.db.quick import QuickReads
from forum.db.replica import Replica
from forum.refusals import Refusal
from forum.web.measuring import count_replica
from forum.web.shelf import Stamp, Subject

T = TypeVar("T")
LAGGING = "forum_lagging"


class BehindError(Exception):
    """The replica does not have yet what the answer must show."""


class Lagging:
    """What an application with a replica asks. ``read_stamp`` reads an article's state on the primary; ``find_writes`` an account's number, ``count_write`` raises it."""

    def __init__(
        self,
        replica: Replica,
        reads: QuickReads,
        *,
        read_stamp: Callable[[QuickReads, Subject], Stamp | None],
        find_writes: Callable[[Session, int], int | None],
        count_write: Callable[[Session, int], None],
    ) -> None:
        self.replica, self._reads = replica, reads
        self._read_stamp, self._find_writes, self.count_write = read_stamp, find_writes, count_write

    def answer(self, viewer: Viewer, act: Callable[[Session], T]) -> tuple[T] | None:
        """Return what ``act`` returns of a transaction on the replica, or None where the primary has to be asked."""
        if viewer.roles or viewer.via is Via.SITE:
            return None
        if not self.replica.is_near():
            count_replica("away")
            return None
        try:
            with self.replica.reading() as session:
                self._require_own_writes(session, viewer)
                found = (act(session),)
        except (BehindError, Refusal):
            # What is refused may only not have arrived yet.
            count_replica("behind")
            return None
        except SQLAlchemyError as error:
            self.replica.fail(error)
            count_replica("away")
            return None
        count_replica("answered")
        return found

    def require_present(self, subject: Subject, *versions: int) -> None:
        """Raise BehindError unless the primary has an article in this version too, and what else of its state comes next."""
        try:
            stamp = self._read_stamp(self._reads, subject)
        except self._reads.errors:
            # The session asks the primary, and its failure is one that every door knows.
            raise BehindError from None
        if stamp is None or stamp[: len(versions)] != versions:
            raise BehindError

    def _require_own_writes(self, session: Session, viewer: Viewer) -> None:
        if viewer.account_id is None:
            return
        there = self._find_writes(session, viewer.account_id)
        if there is None or there < viewer.writes:
            raise BehindError


def find_lagging() -> Lagging | None:
    """Return what the present application asks of its replica, or None where it has none."""
    found: Lagging | None = current_app.extensions.get(LAGGING)
    return found


def may_lag(_call: Any) -> None:
    """Say of a door that its answer may be some seconds old."""
