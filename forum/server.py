"""Serves the application, configured from our settings; called by ``forum serve``. gunicorn's arbiter keeps the processes – it opens the socket, starts,
replaces and ends them – and granian's engine speaks HTTP in each (hyper, in Rust): measured on our own pages, a kept answer of 57 kB comes 2.3 times as fast
over one connection, and 8 times over sixteen, as from gunicorn's threads, whose hand-over between Python threads is what costs.

granian's own process manager is not used: each of its processes has a socket of its own, so that what waits there is reset when the process ends.
"""

import asyncio
import ctypes
import errno
import gc
import logging
import os
import resource
import select
import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any

from granian import _granian
from granian._futures import _new_cbscheduler
from granian.http import HTTP1Settings
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.workers.base import Worker as ProcessWorker

from forum.app import create_app
from forum.jobs.worker import Worker as JobWorker
from forum.jobs.worker import find_messenger
from forum.moderation.screening.pipeline import warm
from forum.moderation.screening.rules import default_rules
from forum.settings import Settings, SettingsError, load_settings
from forum.web.logs import configure_logs, write_together, write_waiting
from forum.web.metrics import share
from forum.web.metrics_sharing import prepare_folder

Wsgi = Callable[[dict[str, Any], Any], Any]
# Connections that one process keeps open, most of them idle between two requests of a browser.
MOST_CONNECTIONS = 8192
BACKLOG = 2048
# How long a connection may take to send a request's headers, and so how long an idle one is kept.
HEADER_SECONDS = 15
# A process that ends waits until nobody has asked it anything for the first time, at most for the second: open connections are told to close meanwhile.
QUIET_SECONDS, LAST_SECONDS = 0.25, 2.0
# The request line and all headers together.
MOST_HEADER_BYTES = 65_536
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
# The engine's stubs describe another version's arguments.
ENGINE: Any = _granian
NEW_SCHEDULER: Any = _new_cbscheduler
log = logging.getLogger(__name__)


def default_workers() -> int:
    """Return one process a processor, at most four."""
    return max(1, min(4, os.cpu_count() or 1))


def find_listening_fault(host: str, port: int) -> str | None:
    """Return why nothing can listen at ``host:port``, as a sentence with the way out, or None when it can."""
    try:
        socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET).close()
    except (OSError, UnicodeError) as error:
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            return f"Port {port} of {host} is in use: stop what listens there, or choose another with --port."
        return f"Nothing can listen at port {port} of {host} ({getattr(error, 'strerror', None) or 'not an address'}): choose others with --host and --port."
    return None


class ServerLog(Logger):  # type: ignore[misc]
    """The log lines of gunicorn itself, in the format and from the level that the settings name."""

    def setup(self, cfg: Any) -> None:
        """Send the lines to the root logger instead of a handler of gunicorn's."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True
        self.error_log.setLevel(logging.NOTSET)


class Server(BaseApplication):  # type: ignore[misc]
    """The arbiter of our processes; each builds its own application after the fork, so that no connection is shared. SIGHUP replaces them, one after another."""

    def __init__(self, settings: Settings, *, bind: str, workers: int, threads: int, on_ready: Callable[[], None]) -> None:
        configure_logs(settings)
        _open_many_files()
        self.settings = settings
        # By this name its processes find each other's figures.
        self.group = prepare_folder(settings.data_dir)
        self.options: dict[str, Any] = {
            "bind": bind,
            "workers": workers,
            "threads": threads,
            "worker_class": Worker,
            "backlog": BACKLOG,
            "timeout": 60,
            "graceful_timeout": 30,
            "control_socket_disable": True,
            "proc_name": "forum",
            "logger_class": ServerLog,
            "when_ready": lambda _arbiter: on_ready(),
        }
        super().__init__()

    def load_config(self) -> None:
        """Hand our options to gunicorn; no configuration file or environment variable of its own is read."""
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def reload(self) -> None:
        """Read the settings anew for the processes that follow; those that cannot be read are reported, and the former ones stay."""
        try:
            self.settings = load_settings()
        except SettingsError as error:
            log.error("the settings cannot be read, the former ones stay: %s", error)
        super().reload()
        configure_logs(self.settings)

    def load(self) -> Wsgi:
        """Build the application of one process."""
        return create_app(self.settings)


class Worker(ProcessWorker):  # type: ignore[misc]
    """One process: threads that answer requests and, unless the settings say that jobs are run apart, those that run jobs.

    It ends the same way for Ctrl-C as for SIGTERM: nothing more is accepted, and what is in flight is finished.
    """

    def run(self) -> None:
        """Serve until told to end: called in the process itself after the fork."""
        write_together()
        # Compiling the word lists takes a moment, which the first writer should not wait for with the database locked.
        Thread(target=_warm, name="warm", daemon=True).start()
        settings = getattr(self.app, "settings", None)
        jobs = JobWorker(self.wsgi) if settings is not None and settings.jobs != "apart" else None
        if jobs is not None:
            jobs.start()
        elif settings is not None:
            find_messenger(self.wsgi).start(self.wsgi)
        sharing = share(self.wsgi, self.app.group) if settings is not None else None
        try:
            self._serve()
        finally:
            if jobs is not None:
                jobs.stop()
            if sharing is not None:
                sharing.stop()
            write_waiting()

    def handle_quit(self, sig: int, frame: Any) -> None:
        """End gracefully as well: gunicorn's quick way leaves the process from within a signal handler."""
        self.handle_exit(sig, frame)

    def _serve(self) -> None:
        stop, stopped = ENGINE.WorkerSignal(), Event()
        stop.add_cb(stopped.set)
        listener = ENGINE.SocketHolder(self.sockets[0].fileno(), self.sockets[0].sock.family == socket.AF_UNIX, BACKLOG)
        settings = HTTP1Settings(header_read_timeout=HEADER_SECONDS * 1000, max_buffer_size=MOST_HEADER_BYTES)
        engine = ENGINE.WSGIWorker(
            self.age, (None, listener), None, 1, 8, self.cfg.threads, 600, MOST_CONNECTIONS, "1", settings, None, None
        )
        loop, traffic = asyncio.new_event_loop(), Traffic()
        serve = engine.serve_mtr_uds if listener.is_uds() else engine.serve_mtr
        serve(NEW_SCHEDULER(loop, answering(self.wsgi, traffic), impl_asyncio=True), loop, stop)
        while self.alive and self.ppid == os.getppid():
            self.notify()
            # A signal writes to the pipe.
            select.select([self.PIPE[0]], [], [], 1.0)
        self._leave(traffic)
        stop.set()
        while not stopped.wait(1.0):
            self.notify()

    def _leave(self, traffic: "Traffic") -> None:
        """Take no further connection and let the open ones end with their next answer: the engine closes at once whatever has no request in flight, and a
        request that a proxy sends at that very moment would be lost."""
        began = monotonic()
        if began - traffic.last_at > HEADER_SECONDS:
            return
        traffic.is_ending = True
        with suppress(OSError), socket.create_server(("127.0.0.1", 0)) as nowhere:
            # In place of the socket shared with the other processes, where connections wait for them; the engine, which polls it, accepts without waiting.
            nowhere.setblocking(False)
            os.dup2(nowhere.fileno(), self.sockets[0].fileno())
        while (present := monotonic()) < min(max(began, traffic.last_at) + QUIET_SECONDS, began + LAST_SECONDS):
            self.notify()
            sleep(min(0.05, began + LAST_SECONDS - present))


class Traffic:
    """When a process was last asked something, and whether it is about to end: its answers say so then (``Connection: close``)."""

    def __init__(self) -> None:
        self.last_at = -float("inf")
        self.is_ending = False


def answering(application: Wsgi, traffic: Traffic) -> Callable[[Any, dict[str, Any]], None]:
    """Return what granian's engine calls with each request: its answer's side and the request's part of the WSGI environment (PEP 3333)."""
    # Not the process's environment, which holds secrets.
    base: dict[str, Any] = {
        "SCRIPT_NAME": "",
        "wsgi.errors": _Errors(),
        "wsgi.input_terminated": True,
        "wsgi.multiprocess": True,
        "wsgi.multithread": True,
        "wsgi.run_once": False,
        "wsgi.version": (1, 0),
    }

    def answer(protocol: Any, scope: dict[str, Any]) -> None:
        begun: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], _failure: Any = None) -> None:
            begun[:] = [int(status[:3]), [*headers, ("Connection", "close")] if traffic.is_ending else headers]

        traffic.last_at = monotonic()

        environ = base | scope
        if "CONTENT_LENGTH" in scope or "HTTP_TRANSFER_ENCODING" in scope:
            environ["wsgi.input"] = Body(scope["wsgi.input"], environ)
        chunks = application(environ, start)
        if isinstance(chunks, list):
            protocol.response_bytes(*begun, chunks[0] if len(chunks) == 1 else b"".join(chunks))
            return
        try:
            data = b"".join(chunks)
        finally:
            if hasattr(chunks, "close"):
                chunks.close()
        protocol.response_bytes(*begun, data)

    return answer


class Body:
    """A request's body as the engine hands it over. The engine does not say when it was cut short, which we therefore find out: half a form is no form.

    Where no length was announced, the end may be a lie: only what shows itself where it ends (JSON) is read then. Raises OSError, which is answered with 400.
    """

    def __init__(self, stream: Any, environ: dict[str, Any]) -> None:
        self._stream = stream
        announced = environ.get("CONTENT_LENGTH", "")
        self._missing: int | None = int(announced) if announced.isascii() and announced.isdigit() else None
        self._is_form = environ.get("CONTENT_TYPE", "").lower().startswith(FORMS)

    def read(self, size: int | None = -1) -> bytes:
        """Return at most ``size`` bytes, or all; none at the end."""
        if self._missing is None and self._is_form:
            raise OSError("a form needs a length")
        whole = size is None or size < 0
        data: bytes = self._stream.read() if whole else self._stream.read(size)
        if self._missing is not None:
            self._missing -= len(data)
            if self._missing > 0 and (whole or (not data and size)):
                raise OSError("the body was cut short")
        return data


class _Errors:
    """Where an application would write its failures (``wsgi.errors``): ours go to the log."""

    def write(self, text: str) -> None:
        log.error("%s", text.rstrip())

    def flush(self) -> None:
        """Do nothing: a log line is written at once."""


def _warm() -> None:
    warm(default_rules())
    # What is there now stays for good: looking through it for garbage stopped everybody for a tenth of a second, every few thousand requests.
    gc.collect()
    gc.freeze()
    # Compiling needs several times what is kept of it, which glibc would hold on to; other C libraries have no such function.
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def _open_many_files() -> None:
    """Let a process have as many connections as the system allows it; the usual first limit is 1,024."""
    _soft, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
