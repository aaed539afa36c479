"""The threads that run what is due, in each server process or alone as ``forum worker``; they end between two jobs, never within one.

One runs the jobs, the other the passes: what waits for somebody else must not hold up the jobs.

The rule: it survives whatever happens. A database that is away is reported once and waited for.
"""

import signal
import threading
from collections.abc import Callable

import structlog
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from forum.jobs.run import run_due, run_passes

INTERVAL_SECONDS = 5.0
# Not zero: on SQLite people's writes have to get their turn between two jobs.
PAUSE_SECONDS = 0.01
log = structlog.get_logger(__name__)


class Worker:
    """Looks every ``interval`` seconds for jobs and passes of ``app`` and runs them one after the other; started after a fork, never before."""

    def __init__(self, app: Flask, *, interval: float = INTERVAL_SECONDS) -> None:
        self._app = app
        self._interval = interval
        self._stopping = threading.Event()
        self._away: set[str] = set()
        # A process that ends without stop() is not held up: what its transaction had not committed is as if it had never begun.
        self._threads = [
            threading.Thread(target=self._run, args=(what, work), name=f"forum-{what}", daemon=True)
            for what, work in (("jobs", lambda: run_due(1) > 0), ("passes", run_passes))
        ]

    def start(self) -> None:
        """Start the threads; once."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let the running job and pass finish, and return when the threads have ended."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _run(self, what: str, work: Callable[[], bool]) -> None:
        pause = 0.0
        while not self._stopping.wait(pause):
            pause = PAUSE_SECONDS if self._run_one(what, work) else self._interval

    def _run_one(self, what: str, work: Callable[[], bool]) -> bool:
        """Do one piece of work and return whether there was one. The session and its connection go with the context."""
        try:
            with self._app.app_context():
                found = work()
        except SQLAlchemyError as error:
            if what not in self._away:
                log.error(f"{what} wait for the database", error=type(error).__name__)
            self._away.add(what)
            return False
        except Exception:
            log.exception(f"{what} cannot be run")
            return False
        if what in self._away:
            log.info(f"{what} are run again")
        self._away.discard(what)
        return found


def run_until_signalled(worker: Worker, on_ready: Callable[[], None]) -> None:
    """Run ``worker`` until SIGTERM or SIGINT comes, then stop it; a second signal ends the process at once. For the main thread alone."""
    signals = {signal.SIGTERM, signal.SIGINT}
    # Waited for instead of handled: a handler that sets an event can meet the very lock that it interrupted.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        worker.start()
        on_ready()
        signal.sigwait(signals)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    worker.stop()
