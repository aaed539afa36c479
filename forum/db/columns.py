"""Column types and shapes that behave alike on SQLite and PostgreSQL; used by every ``models``."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from sqlalchemy import BigInteger, CheckConstraint, ColumnElement, DateTime, Dialect, Integer, String, literal_column
from sqlalchemy.orm import mapped_column
from sqlalchemy.types import TypeDecorator


class Moment(TypeDecorator[datetime]):
    """An aware moment in UTC. SQLite has no time zones: there it is stored as naive UTC text of fixed width, which sorts as time does."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive datetime (ValueError) and hand the driver what it can order."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        value = value.astimezone(UTC)
        return value if dialect.name == "postgresql" else value.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the moment aware, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# SQLite gives out row ids only to a column declared INTEGER; PostgreSQL's INTEGER would end at two thousand million.
Id = BigInteger().with_variant(Integer(), "sqlite")
Key = Annotated[int, mapped_column(Id, primary_key=True)]


def one_of(column: str, values: type[StrEnum]) -> CheckConstraint:
    """Return the check that ``column`` holds one of the enum's values: enums are stored as text, so that a dump can be read."""
    listed = ", ".join(f"'{value.value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def fixed(value: StrEnum) -> ColumnElement[str]:
    """Return a value that a statement always asks for, written into its text.

    Where a table has partial indexes, SQLite prepares a statement anew at each run whose plan could depend on what is bound to it
    (sqlite.org/c3ref/prepare.html, "sqlite3_prepare_v2").
    """
    return literal_column(f"'{value.value}'", String)
