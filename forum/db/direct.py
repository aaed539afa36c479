"""Runs the statements of every post and every tag in the session's transaction, but by its driver: SQLAlchemy's own way there takes several times longer.

The rule: whoever listens to the engine's statements hears of these as well, and what the driver raises comes as SQLAlchemy's errors.
"""

from collections.abc import Mapping
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

from sqlalchemy import ClauseElement, Connection, Dialect, Insert, Select, UpdateBase
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from forum.db.prepared import Prepared

LONGEST_LIST = 16
"""Values in a list; a longer one goes SQLAlchemy's way, since a statement is prepared for each length."""


def read(session: Session, statement: Select[*tuple[Any, ...]] | UpdateBase, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Return the rows of ``statement``, or what an insertion of one row returns, as SQLAlchemy would. What the session has not written yet is not in them."""
    connection = session.connection()
    lengths = tuple((name, len(value)) for name, value in values.items() if isinstance(value, list))
    if lengths and max(length for _, length in lengths) > LONGEST_LIST:
        return [tuple(row) for row in connection.execute(statement, values)]
    prepared = _prepare(statement, connection.dialect, lengths)
    cursor = _execute(connection, prepared, values)
    try:
        found = cursor.fetchall()
    finally:
        cursor.close()
    return [prepared.read(row) for row in found] if prepared.reads else found


def run(connection: Connection, statement: ClauseElement) -> None:
    """Run a statement that takes and returns nothing, such as one that begins a transaction."""
    _execute(connection, _prepare(statement, connection.dialect), {}).close()


def write(session: Session, statement: ClauseElement, values: Mapping[str, Any]) -> int | None:
    """Run a writing ``statement`` and return the id that the database has given to a row, None where it was none's to give. Raises IntegrityError."""
    connection = session.connection()
    cursor = _execute(connection, _prepare(statement, connection.dialect), values)
    try:
        if not isinstance(statement, Insert):
            return None
        # PostgreSQL is asked for it by RETURNING, SQLite tells.
        return int(cursor.fetchone()[0]) if cursor.description else getattr(cursor, "lastrowid", None)
    finally:
        cursor.close()


@lru_cache(maxsize=512)
def _prepare(statement: ClauseElement, dialect: Dialect, lengths: tuple[tuple[str, int], ...] = ()) -> Prepared:
    return Prepared(statement, dialect, dict(lengths))


def _execute(connection: Connection, prepared: Prepared, values: Mapping[str, Any]) -> Any:
    driver = connection.connection
    cursor: Any = driver.cursor()
    given, context = prepared.values(values), SimpleNamespace()
    heard = (connection, cursor, prepared.sql, given, context, False)
    connection.dispatch.before_cursor_execute(*heard)
    try:
        cursor.execute(prepared.sql, given)
    except connection.dialect.loaded_dbapi.Error as error:
        cursor.close()
        wrapped = _wrapped(connection, prepared.sql, error)
        failed = SimpleNamespace(execution_context=context, statement=prepared.sql, original_exception=error, sqlalchemy_exception=wrapped)
        for listen in connection.dialect.dispatch.handle_error:
            listen(failed)
        raise wrapped from error
    connection.dispatch.after_cursor_execute(*heard)
    return cursor


def _wrapped(connection: Connection, sql: str, error: Any) -> BaseException:
    dialect = connection.dialect
    is_gone = dialect.is_disconnect(error, connection.connection.dbapi_connection, None)
    wrapped: BaseException = DBAPIError.instance(
        sql, None, error, dialect.loaded_dbapi.Error, hide_parameters=True, connection_invalidated=is_gone, dialect=dialect
    )
    if is_gone:
        connection.invalidate(error)
    return wrapped
