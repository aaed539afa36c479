"""Hears every statement of the database: it is counted, and written to the log when it was slow – its text, never what was put into it."""

import threading
from time import monotonic, perf_counter
from typing import Any

import structlog
from flask import has_request_context, request
from sqlalchemy import Engine, event

from forum.web.measuring import count_statement, is_counting

A_MINUTE = 60.0
MOST_A_MINUTE = 30
MOST_LETTERS = 2_000
log = structlog.get_logger(__name__)


class Statements:
    """Counts statements, and writes a line for each that took ``milliseconds`` or longer (0: none), at most ``MOST_A_MINUTE`` a minute.

    The next line says how many had none.
    """

    def __init__(self, milliseconds: int) -> None:
        self._slow_seconds = milliseconds / 1000 if milliseconds else float("inf")
        self._lock = threading.Lock()
        self._minute = monotonic()
        self._written = self._unwritten = 0

    def listen(self, engine: Engine) -> None:
        """Hear the statements of ``engine``."""
        event.listen(engine, "before_cursor_execute", _begin)
        event.listen(engine, "after_cursor_execute", self._end)
        event.listen(engine, "handle_error", self._fail)

    def heard(self, sql: str, seconds: float, failure: str = "") -> None:
        """Count a statement that has ended, and write it down if it was slow."""
        count_statement(sql, seconds)
        if seconds >= self._slow_seconds:
            self._write(sql, seconds, failure)

    def _end(self, _connection: Any, _cursor: Any, statement: str, _parameters: Any, context: Any, _many: bool) -> None:
        self.heard(statement, perf_counter() - context.forum_begun)

    def _fail(self, failed: Any) -> None:
        # What ran into the database's time limit was the slowest of all.
        begun = getattr(failed.execution_context, "forum_begun", None)
        if begun is not None and failed.statement:
            self.heard(failed.statement, perf_counter() - begun, type(failed.original_exception).__name__)

    def _write(self, sql: str, seconds: float, failure: str) -> None:
        with self._lock:
            if monotonic() - self._minute >= A_MINUTE:
                self._minute, self._written = monotonic(), 0
            if self._written >= MOST_A_MINUTE:
                self._unwritten += 1
                return
            self._written += 1
            unwritten, self._unwritten = self._unwritten, 0
        facts: dict[str, Any] = {"sql": sql[:MOST_LETTERS], "ms": round(seconds * 1000, 1)}
        if has_request_context():
            facts["endpoint"] = request.endpoint
        log.warning(
            "slow statement", **facts, **({"failure": failure} if failure else {}), **({"unwritten": unwritten} if unwritten else {})
        )


def hear_statements(engine: Engine, milliseconds: int) -> Statements | None:
    """Count the statements of ``engine`` and log the slow ones; None, and nothing to pay, where neither is wanted."""
    if not milliseconds and not is_counting():
        return None
    statements = Statements(milliseconds)
    statements.listen(engine)
    return statements


def _begin(_connection: Any, _cursor: Any, _statement: str, _parameters: Any, context: Any, _many: bool) -> None:
    context.forum_begun = perf_counter()
