"""Log lines as structures: one JSON object a line (or readable text), each with the request's id; other libraries' lines come out the same."""

import atexit
import json
import logging
import re
import sys
import threading
from collections import deque
from contextlib import nullcontext
from typing import Any

import msgspec
import structlog

from forum.clock import now
from forum.settings import Settings

REQUEST = "forum.request"
TOGETHER_SECONDS = 0.05
log = logging.getLogger(REQUEST)
# A line end in an address must not begin a log line of its own, nor an escape sequence colour the terminal.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def configure_logs(settings: Settings) -> None:
    """Send every log line of this process to standard error in the format that the settings name."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    for_people: list[Any] = [_escape_controls, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    renderers: list[Any] = [structlog.processors.JSONRenderer()] if settings.log_format == "json" else for_people
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = (JsonHandler if settings.log_format == "json" else logging.StreamHandler)(sys.stderr)
    final = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.format_exc_info, *renderers]
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=final))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level.upper())
    for noisy in ("alembic", "gunicorn.access", "werkzeug", "sqlalchemy.engine", "_granian"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def write_request(facts: dict[str, Any] | None) -> None:
    """Write the log line of a request; in JSON without the machinery of the other lines, of which a request has few and this one."""
    if facts is None or not log.isEnabledFor(logging.INFO):
        return
    handler = logging.getLogger().handlers[0] if logging.getLogger().handlers else None
    if not isinstance(handler, JsonHandler):
        structlog.get_logger(REQUEST).info("request", **facts)
        return
    line = facts | {"event": "request", "level": "info", "logger": REQUEST, "timestamp": f"{now().isoformat()[:-6]}Z"}
    text = msgspec.json.encode(line).decode()
    # Letters outside ASCII are escaped, some of which end a line where it is read.
    handler.write(text if text.isascii() else json.dumps(line))


def write_together() -> None:
    """From now on, let a thread write the requests' lines of the last moment together; for a process that serves.

    A write lets the interpreter's lock go, and with many threads each such change of hands costs more than the answer did. At a kill, the requests of the last
    ``TOGETHER_SECONDS`` have no line.
    """
    for handler in logging.getLogger().handlers:
        if isinstance(handler, JsonHandler):
            handler.write_together()


def write_waiting() -> None:
    """Write the lines that wait; before a process ends."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, JsonHandler):
            handler.drain()


class JsonHandler(logging.StreamHandler[Any]):
    """Standard error, one JSON object a line."""

    def __init__(self, stream: Any) -> None:
        super().__init__(stream)
        self._waiting: deque[str] = deque()
        self._is_together = False

    def write(self, line: str) -> None:
        """Write a line that is ready, or let it wait for the others of this moment."""
        self._waiting.append(line)
        if not self._is_together:
            self.drain()

    def write_together(self) -> None:
        """Start the thread that writes."""
        self._is_together = True
        threading.Thread(target=self._write_for_ever, name="log", daemon=True).start()
        atexit.register(self.drain)

    def drain(self) -> None:
        """Write what waits."""
        lines: list[str] = []
        while self._waiting:
            lines.append(self._waiting.popleft())
        if lines:
            with self.lock or nullcontext():
                self.stream.write(self.terminator.join(lines) + self.terminator)
                self.flush()

    def _write_for_ever(self) -> None:
        pause = threading.Event()
        while not pause.wait(TOGETHER_SECONDS):
            self.drain()


def _escape_controls(_logger: Any, _method: str, event: Any) -> Any:
    for name, value in event.items():
        if isinstance(value, str) and name != "exception":
            event[name] = _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), value)
    return event
