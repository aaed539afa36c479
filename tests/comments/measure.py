"""What a request costs, in counts and never in seconds: its statements, the rows they return, the work they make the database do, their plans.

Statements are caught while a request runs and then run again one by one. Called by the tests of bounds.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from flask import Flask
from sqlalchemy import ClauseElement, Connection, event

from forum.db.base import db
from forum.db.quick import QUICK
from forum.web import due

STEP = 20


@dataclass(frozen=True)
class Statement:
    """One statement as the driver got it."""

    sql: str
    parameters: Any


@dataclass(frozen=True)
class Cost:
    """What one request took: statements, rows they returned, and work (steps of SQLite's virtual machine, rows touched on PostgreSQL)."""

    statements: int
    rows: int
    work: int


@contextmanager
def statements_of(app: Flask) -> Iterator[list[Statement]]:
    """Collect the statements that run on the application's engine or as quick reads inside the block, transaction control aside."""
    found: list[Statement] = []

    def note(_connection: Any, _cursor: Any, sql: str, parameters: Any, _context: Any, _many: bool) -> None:
        if not sql.startswith("BEGIN"):
            found.append(Statement(sql, parameters))

    with app.app_context():
        engine = db.engine
        # Asked once a minute, by whichever request comes then: never one that is measured.
        due.look()
    reads: Any = app.extensions[QUICK]
    rows = reads.rows

    def note_quick(statement: ClauseElement, **given: Any) -> Any:
        prepared = reads.prepare(statement)
        values = prepared.values(given)
        found.append(Statement(prepared.sql, tuple(values) if isinstance(values, list) else values))
        return rows(statement, **given)

    event.listen(engine, "before_cursor_execute", note)
    reads.rows = note_quick
    try:
        yield found
    finally:
        del reads.rows
        event.remove(engine, "before_cursor_execute", note)


def cost_of(connection: Connection, statements: Sequence[Statement]) -> Cost:
    """Run reading ``statements`` again and return what they cost."""
    rows = [len(connection.exec_driver_sql(one.sql, one.parameters).all()) for one in statements]
    return Cost(len(statements), sum(rows), sum(work_of(connection, one) for one in statements))


def work_of(connection: Connection, statement: Statement) -> int:
    """Return how much the database does for a reading statement: steps of SQLite's virtual machine, or rows that PostgreSQL's scans touch."""
    if connection.dialect.name == "postgresql":
        plan = _explain(connection, statement, "ANALYZE, FORMAT JSON")
        return sum(_touched(node) for node in _nodes(plan))
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += STEP
        return 0

    driver: Any = connection.connection.dbapi_connection
    driver.set_progress_handler(count, STEP)
    try:
        connection.exec_driver_sql(statement.sql, statement.parameters).all()
    finally:
        driver.set_progress_handler(None, 0)
    return steps


def plan_of(connection: Connection, statement: Statement) -> list[str]:
    """Return the steps of the database's plan, each with the index it uses: "SEARCH … USING INDEX …", or "Index Scan using … on …"."""
    if connection.dialect.name == "postgresql":
        nodes = _nodes(_explain(connection, statement, "FORMAT JSON"))
        return [
            f"{node['Node Type']} using {node.get('Index Name', 'nothing')} on {node.get('Relation Name', 'what is below')}"
            for node in nodes
        ]
    return [str(row[3]) for row in connection.exec_driver_sql("EXPLAIN QUERY PLAN " + statement.sql, statement.parameters)]


def _explain(connection: Connection, statement: Statement, options: str) -> dict[str, Any]:
    found = connection.exec_driver_sql(f"EXPLAIN ({options}) {statement.sql}", statement.parameters).scalar_one()
    plans = json.loads(found) if isinstance(found, str) else found
    plan: dict[str, Any] = plans[0]["Plan"]
    return plan


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)


def _touched(node: dict[str, Any]) -> int:
    if "Relation Name" not in node and "Index Name" not in node:
        return 0
    removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return int((node["Actual Rows"] + removed) * node["Actual Loops"])
