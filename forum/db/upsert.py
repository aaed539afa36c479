"""INSERT … ON CONFLICT DO NOTHING on both databases: how a row that may already be there is written without a race."""

from typing import Any

from sqlalchemy import inspect
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from forum.db.base import Base


def insert_unless_there(session: Session, table: type[Base]) -> Any:
    """Return the insert into ``table`` that passes over rows whose unique key is there: for many rows at once, ``returning`` what was inserted."""
    insert = postgresql_insert if session.get_bind().dialect.name == "postgresql" else sqlite_insert
    return insert(table).on_conflict_do_nothing()


def insert_if_absent(session: Session, table: type[Base], **values: Any) -> bool:
    """Insert a row unless one with the same unique key is there, and return whether it was inserted.

    On PostgreSQL this waits for another transaction that is inserting the same key, so that exactly one of them sees True.
    """
    statement = insert_unless_there(session, table).values(**values).returning(*inspect(table).primary_key)
    # What was inserted comes back; the count of rows would be -1, "unknown", on PostgreSQL.
    return session.execute(statement).first() is not None
