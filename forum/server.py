"""Serves the application with gunicorn, configured from our settings; called by ``forum serve``."""

import errno
import logging
import os
import socket
from collections.abc import Callable
from threading import Thread
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger
from gunicorn.http.errors import ParseException
from gunicorn.workers.gthread import ThreadWorker

from forum.app import create_app
from forum.jobs.worker import Worker as JobWorker
from forum.moderation.screening.pipeline import warm
from forum.moderation.screening.rules import default_rules
from forum.settings import Settings
from forum.web.logs import configure_logs


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
    """A gunicorn arbiter with threads; each worker builds its own application after the fork, so that no connection is shared."""

    def __init__(self, settings: Settings, *, bind: str, workers: int, threads: int, on_ready: Callable[[], None]) -> None:
        configure_logs(settings)
        self.settings = settings
        self.options: dict[str, Any] = {
            "bind": bind,
            "workers": workers,
            "threads": threads,
            "worker_class": Worker,
            "timeout": 60,
            "graceful_timeout": 30,
            "keepalive": 15,
            "max_requests": 0,
            "limit_request_line": 8190,
            "limit_request_fields": 100,
            "limit_request_field_size": 16_380,
            "control_socket_disable": True,
            "proc_name": "forum",
            "forwarded_allow_ips": "*" if settings.trusted_proxies else "",
            "logger_class": ServerLog,
            "when_ready": lambda _arbiter: on_ready(),
        }
        super().__init__()

    def load_config(self) -> None:
        """Hand our options to gunicorn; no configuration file or environment variable of its own is read."""
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Build the application of one worker."""
        application = create_app(self.settings)
        application.wsgi_app = reading_safely(application.wsgi_app)  # type: ignore[method-assign]
        return application


class Worker(ThreadWorker):  # type: ignore[misc]
    """A worker with threads that ends the same way for Ctrl-C as for SIGTERM: what is in flight is finished, and nothing is waited for when nothing is.

    Unless the settings say that jobs are run apart, one more thread runs them.
    """

    def run(self) -> None:
        """Serve, and run jobs meanwhile: called in the worker's own process after the fork, and left when no request is in flight any more."""
        # Compiling the word lists takes a moment, which the first writer should not wait for with the database locked.
        Thread(target=warm, args=(default_rules(),), name="warm", daemon=True).start()
        if self.app.settings.jobs == "apart":
            super().run()
            return
        jobs = JobWorker(self.wsgi)
        jobs.start()
        try:
            super().run()
        finally:
            jobs.stop()

    def handle_quit(self, sig: int, frame: Any) -> None:
        """End gracefully: with gunicorn's own quick way a worker now and then did not end until it was killed after 30 seconds (cause not traced)."""
        self.handle_exit(sig, frame)


def reading_safely(answer: Callable[..., Any]) -> Callable[..., Any]:
    """Return the application with request bodies whose broken chunks fail as a read does: the caller's fault, answered with 400."""

    def answer_with_body(environ: dict[str, Any], start: Any) -> Any:
        environ["wsgi.input"] = _Body(environ["wsgi.input"])
        return answer(environ, start)

    return answer_with_body


class _Body:
    """A request's body. gunicorn tells of chunks that make no sense by an exception that is no OSError, which would pass for a failure of ours."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def read(self, size: int | None = None) -> bytes:
        try:
            data: bytes = self._stream.read(size)
        except ParseException as error:
            raise OSError(str(error)) from None
        return data
