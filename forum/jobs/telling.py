"""How whoever runs jobs learns at once, after the commit, that there is something to do; what is not told is found by the next look, seconds later.

The rule: telling costs a request nothing and cannot fail. A process that runs jobs tells itself; one of a site whose jobs are run apart has a ``Messenger``.
"""

import threading
from collections.abc import Callable
from typing import Protocol

import structlog
from flask import Flask, current_app

JOBS, PASSES = QUEUES = ("jobs", "passes")
# A message says nothing: whoever could write one can make us look into the table of jobs, and nothing else.
LOOK = b"look"
# Where an application keeps what is called with the name of a queue; commands and tests have none.
TELL = "forum_jobs_tell"
log = structlog.get_logger(__name__)


class Store(Protocol):
    """What of huey's storages is used here: where messages wait that were not read yet."""

    def queue_size(self) -> int:
        """Return how many wait."""

    def enqueue(self, data: bytes, priority: float | None = None) -> None:
        """Leave one."""


def tell_of_jobs() -> None:
    """Say that a job is due now: to be run after the commit of what recorded it."""
    _tell(JOBS)


def tell_of_passes() -> None:
    """Say that a pass has something to do, such as a mail to send: to be run after the commit."""
    _tell(PASSES)


def leave_word(store: Store) -> None:
    """Leave a message unless one waits already: who reads that one looks after it was left, and so finds what is meant now as well."""
    if not store.queue_size():
        store.enqueue(LOOK)


class Messenger:
    """Leaves word for those who run jobs elsewhere, from a thread of its own: nobody waits for the store, and that it is away is said once."""

    def __init__(self, open_store: Callable[[str], Store]) -> None:
        self._open = open_store
        self._stores: dict[str, Store] = {}
        self._wanted: set[str] = set()
        self._called = threading.Event()
        self._is_away = False

    def start(self, app: Flask) -> None:
        """Leave word from now on for what ``app`` records; after a fork, never before. The thread goes with its process."""
        app.extensions[TELL] = self.tell
        threading.Thread(target=self._run, name="messenger", daemon=True).start()

    def tell(self, queue: str) -> None:
        """Let word be left in ``queue``; returns at once."""
        self._wanted.add(queue)
        self._called.set()

    def _run(self) -> None:
        while self._called.wait():
            self._called.clear()
            for queue in QUEUES:
                if queue in self._wanted:
                    # Before it is sent: what is asked for meanwhile is sent once more.
                    self._wanted.discard(queue)
                    self._send(queue)

    def _send(self, queue: str) -> None:
        try:
            if queue not in self._stores:
                self._stores[queue] = self._open(queue)
            leave_word(self._stores[queue])
        except Exception as error:  # noqa: BLE001 each store has failures of its own, and none may end the thread
            if not self._is_away:
                log.warning("who runs jobs cannot be told of them and finds them later", error=type(error).__name__)
            self._is_away = True
            return
        if self._is_away:
            log.info("who runs jobs is told of them again")
        self._is_away = False


def _tell(queue: str) -> None:
    tell = current_app.extensions.get(TELL)
    if tell is not None:
        tell(queue)
