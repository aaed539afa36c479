"""INSERT … ON CONFLICT DO NOTHING on both databases: how a row that may already be there is written without a race."""

from typing import Any

from sqlalchemy import inspect
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from forum.db.base import Base


def insert_unless_there(session: Session, table: type[Base]) -> Any:
    """Return the insert into ``table`` that passes over rows whose unique key is there: for many rows at once, ``returning`` what was inserted."""
    return unless_there(session.get_bind().dialect.name, table)


def unless_there(dialect: str, table: type[Base]) -> Any:
    """Return the same for the database ``dialect``, as for a statement that is written once."""
    return (postgresql_insert if dialect == "postgresql" else sqlite_insert)(table).on_conflict_do_nothing()


def insert_if_absent(session: Session, table: type[Base], **values: Any) -> bool:
    """Insert a row unless one with the same unique key is there, and return whether it was inserted.

    On PostgreSQL this waits for another transaction that is inserting the same key, so that exactly one of them sees True.
    """
    statement = insert_unless_there(session, table).values(**values).returning(*inspect(table).primary_key)
    # What was inserted comes back; the count of rows would be -1, "unknown", on PostgreSQL.
    return session.execute(statement).first() is not None
