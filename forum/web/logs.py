"""Log lines as structures: one JSON object a line (or readable text), each with the request's id; other libraries' lines come out the same."""

import logging
import re
import sys
from typing import Any

import structlog

from forum.settings import Settings

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
    handler = logging.StreamHandler(sys.stderr)
    final = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.format_exc_info, *renderers]
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=final))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level.upper())
    for noisy in ("alembic", "gunicorn.access", "werkzeug", "sqlalchemy.engine", "_granian"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _escape_controls(_logger: Any, _method: str, event: Any) -> Any:
    for name, value in event.items():
        if isinstance(value, str) and name != "exception":
            event[name] = _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), value)
    return event
