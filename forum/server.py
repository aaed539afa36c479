"""Serves the application with gunicorn, configured from our settings; called by ``forum serve``."""

import os
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from forum.app import create_app
from forum.settings import Settings


def default_workers() -> int:
    """Return one process a processor, at most four."""
    return max(1, min(4, os.cpu_count() or 1))


class Server(BaseApplication):  # type: ignore[misc]
    """A gunicorn arbiter with threads; each worker builds its own application after the fork, so that no connection is shared."""

    def __init__(self, settings: Settings, *, bind: str, workers: int, threads: int) -> None:
        self.settings = settings
        self.options: dict[str, Any] = {
            "bind": bind,
            "workers": workers,
            "threads": threads,
            "worker_class": "gthread",
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
            "logger_class": "gunicorn.glogging.Logger",
        }
        super().__init__()

    def load_config(self) -> None:
        """Hand our options to gunicorn; no configuration file or environment variable of its own is read."""
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Build the application of one worker."""
        return create_app(self.settings)

