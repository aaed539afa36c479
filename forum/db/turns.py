"""Who of one process writes next to an SQLite database: first come, first served.

SQLite has no queue: whoever waits asks again after up to 100 ms, and whoever asks at the right moment wins, so that of many writers some wait for seconds
beside a database that is free. With one queue in each process, at most one thread of it waits inside SQLite, and the next begins as soon as one has ended.
"""

import os
from collections import deque
from threading import Lock, get_ident


class Turns:
    """A lock that is handed over in the order in which it was asked for. One thread that asks twice has it already."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: deque[tuple[Lock, int]] = deque()
        self._owner: int | None = None

    def take(self, timeout: float) -> bool:
        """Wait for the turn. Return whether it has to be given back: False where this thread has it from further out. Raises TimeoutError after ``timeout`` seconds."""
        me = get_ident()
        with self._lock:
            if self._owner == me:
                return False
            if self._owner is None:
                self._owner = me
                return True
            mine = Lock()
            mine.acquire()
            self._waiting.append((mine, me))
        if not mine.acquire(timeout=timeout):
            with self._lock:
                # It may have been handed over at this very moment.
                if (mine, me) in self._waiting:
                    self._waiting.remove((mine, me))
                    raise TimeoutError("others were writing all the time")
        return True

    def give(self) -> None:
        """Hand the turn to whoever has waited longest."""
        with self._lock:
            if self._waiting:
                waiting, self._owner = self._waiting.popleft()
                waiting.release()
            else:
                self._owner = None


turns = Turns()


def _begin_anew() -> None:
    # Whoever had the turn or waited for it is not in the child.
    turns.__init__()  # type: ignore[misc]


os.register_at_fork(after_in_child=_begin_anew)
