"""Who writes next to an SQLite database: in each process first come, first served, and the processes of a machine by turns.

SQLite has no queue: whoever waits asks again after up to 100 ms, and whoever asks at the right moment wins, so that of many writers some wait for seconds
beside a database that is free. With one queue in each process and a gate between the processes, nobody waits inside SQLite but for programs of others.
"""

import fcntl
import os
from collections import deque
from functools import lru_cache
from threading import Lock, get_ident
from time import monotonic, sleep

import structlog

# How often a process looks whether the gate is free: well below the time that a commit takes.
LOOK_SECONDS = 0.0003
log = structlog.get_logger(__name__)


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


class Gate:
    """Lets one process through at a time, by two locks on a file of its own: whoever waits for the second has the first, so that nobody who comes later passes.

    To be entered by one thread of a process at a time. The system gives up the locks of a process that ends. The file stays open for as long as the process
    lives: closing it anywhere would give them up as well (POSIX).
    """

    QUEUE, INSIDE = 0, 1

    def __init__(self, path: str) -> None:
        """Open the file, made if it is not there. Raises OSError."""
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o660)

    def enter(self, timeout: float) -> None:
        """Wait for the gate. Raises TimeoutError after ``timeout`` seconds."""
        end = monotonic() + timeout
        self._take(self.QUEUE, end)
        try:
            self._take(self.INSIDE, end)
        finally:
            self._give(self.QUEUE)

    def leave(self) -> None:
        """Let the next one in."""
        self._give(self.INSIDE)

    def _take(self, which: int, end: float) -> None:
        while True:
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, which)
            except (BlockingIOError, PermissionError):
                if monotonic() >= end:
                    raise TimeoutError("other processes were writing all the time") from None
                sleep(LOOK_SECONDS)
            else:
                return

    def _give(self, which: int) -> None:
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, which)


@lru_cache(maxsize=64)
def gate_of(database: str) -> Gate | None:
    """Return the gate of an SQLite file, beside it; None where there can be none, so that SQLite's own waiting must do."""
    try:
        return Gate(f"{database}-turn") if database and database != ":memory:" else None
    except OSError as error:
        log.warning("processes write without taking turns", error=type(error).__name__)
        return None


turns = Turns()


def _begin_anew() -> None:
    # Whoever had the turn or waited for it is not in the child.
    turns.__init__()  # type: ignore[misc]


os.register_at_fork(after_in_child=_begin_anew)
