"""Who runs what is due: in each server process or alone as ``forum worker``; it ends between two jobs, never within one.

Jobs and passes have an executor each (``executor``, huey): what waits for somebody else must not hold up the jobs.

The rule: it survives whatever happens. A database that is away is reported once and waited for.
"""

import signal
import sys
from collections.abc import Callable
from threading import Event
from time import monotonic
from types import ModuleType
from typing import TYPE_CHECKING, TypeVar

import structlog
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from forum.jobs.run import run_passes, run_some
from forum.jobs.telling import JOBS, PASSES, TELL, Messenger, leave_word
from forum.settings import Settings
from forum.web.context import SETTINGS

if TYPE_CHECKING:
    from forum.jobs.executor import Executor

T = TypeVar("T")
INTERVAL_SECONDS = 5.0
# People's requests come first: where a worker shares a process with them, or SQLite's one lock, a job is followed by a rest of nine times its length.
# A pass spends its time waiting for somebody else, such as a mail server, and goes on at once.
SHORTEST_REST_SECONDS, LONGEST_REST_SECONDS = 0.01, 1.0
REST_EACH = 9.0
# What many write at the same time is done together.
GATHER_SECONDS = 0.2
log = structlog.get_logger(__name__)


class Worker:
    """Runs the jobs and passes of ``app`` when it is told of them, and looks for more every ``interval`` seconds; made after a fork, never before.

    What ``app`` records in this process it is told directly. ``apart``: it hears of the other processes of the site as well.
    """

    def __init__(self, app: Flask, *, interval: float = INTERVAL_SECONDS, apart: bool = False) -> None:
        settings: Settings = app.extensions[SETTINGS]
        executor = _load_executor(settings)
        self._app, self._is_apart = app, apart
        self._rest_each = 0.0 if apart and settings.sqlite_file is None else REST_EACH
        self._stopping = Event()
        self._away: set[str] = set()
        works: dict[str, Callable[[], bool]] = {
            JOBS: lambda: run_some(may_begin=lambda: not self._stopping.is_set()) > 0,
            PASSES: lambda: run_passes(),
        }
        self._stores = {
            queue: executor.open_store(settings, str(app.secret_key), queue) if apart else executor.open_here(queue) for queue in works
        }
        self._executors: list[Executor] = [
            executor.Executor(self._stores[queue], self._until_done(queue, work), interval=interval) for queue, work in works.items()
        ]

    def start(self) -> None:
        """Start the threads; once."""
        if self._is_apart:
            Messenger(lambda queue: self._stores[queue]).start(self._app)
        else:
            self._app.extensions[TELL] = lambda queue: leave_word(self._stores[queue])
        for executor in self._executors:
            executor.start()

    def stop(self) -> None:
        """Let the running job and pass finish, and return when the threads have ended."""
        self._stopping.set()
        for executor in self._executors:
            executor.stop_flag.set()
        for executor in self._executors:
            executor.stop(graceful=True)

    def _until_done(self, what: str, work: Callable[[], bool]) -> Callable[[], None]:
        def look() -> None:
            pause, rest_each = (GATHER_SECONDS, self._rest_each) if what == JOBS else (0.0, 0.0)
            while not self._stopping.wait(pause):
                begun = monotonic()
                if not self._run_one(what, work):
                    return
                pause = min(max(rest_each * (monotonic() - begun), SHORTEST_REST_SECONDS), LONGEST_REST_SECONDS)

        return look

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


def find_messenger(app: Flask) -> Messenger:
    """Return what leaves word for those who run the jobs of ``app`` apart."""
    settings: Settings = app.extensions[SETTINGS]
    executor = _load_executor(settings)
    return Messenger(lambda queue: executor.prepare(executor.open_store(settings, str(app.secret_key), queue)))


def run_until_signalled(worker: Worker, on_ready: Callable[[], T]) -> T:
    """Run ``worker`` until SIGTERM or SIGINT comes, then stop it; a second signal ends the process at once. For the main thread alone.

    Return what ``on_ready`` did, which may start threads of its own: whatever starts one before this takes the signals away.
    """
    signals = {signal.SIGTERM, signal.SIGINT}
    # Waited for instead of handled: a handler that sets an event can meet the very lock that it interrupted.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        worker.start()
        done = on_ready()
        signal.sigwait(signals)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    worker.stop()
    return done


def _load_executor(settings: Settings) -> ModuleType:
    """Import huey and let it find only the clients that this process uses: it loads what is installed, which would cost one with SQLite 13 MB more."""
    unused = {"redis"} if not settings.redis_url else set()
    unused |= {"psycopg"} if settings.sqlite_file is not None else set()
    # A module that is None in this table is one that cannot be imported.
    hidden = {name for name in unused if name not in sys.modules}
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        from forum.jobs import executor
    finally:
        for name in hidden:
            del sys.modules[name]
    return executor
