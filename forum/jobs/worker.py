"""The thread that runs what is due, in each server process or alone as ``forum worker``; it ends between two jobs, never within one.

The rule: it survives whatever happens. A database that is away is reported once and waited for.
"""

import signal
import threading
from collections.abc import Callable

import structlog
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from forum.jobs.run import run_due

INTERVAL_SECONDS = 5.0
# Not zero: on SQLite people's writes have to get their turn between two jobs.
PAUSE_SECONDS = 0.01
log = structlog.get_logger(__name__)


class Worker:
    """Looks every ``interval`` seconds for jobs of ``app`` and runs them one after the other; started after a fork, never before."""

    def __init__(self, app: Flask, *, interval: float = INTERVAL_SECONDS) -> None:
        self._app = app
        self._interval = interval
        self._stopping = threading.Event()
        self._is_away = False
        # A process that ends without stop() is not held up: what its transaction had not committed is as if it had never begun.
        self._thread = threading.Thread(target=self._run, name="forum-jobs", daemon=True)

    def start(self) -> None:
        """Start the thread; once."""
        self._thread.start()

    def stop(self) -> None:
        """Let the running job finish, and return when the thread has ended."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        pause = 0.0
        while not self._stopping.wait(pause):
            pause = PAUSE_SECONDS if self._run_one() else self._interval

    def _run_one(self) -> bool:
        """Run one job and return whether there was one. The session and its connection go with the context."""
        try:
            with self._app.app_context():
                found = run_due(1) > 0
        except SQLAlchemyError as error:
            if not self._is_away:
                log.error("jobs wait for the database", error=type(error).__name__)
            self._is_away = True
            return False
        except Exception:
            log.exception("jobs cannot be run")
            return False
        if self._is_away:
            log.info("jobs are run again")
        self._is_away = False
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
