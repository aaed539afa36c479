"""The archive's description of itself: which tables, which columns, of what kind, what they mean and refer to.

The rule: whoever reads an archive believes its description only as far as the database agrees (``archive_restoring``).
"""

import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct
from sqlalchemy import BigInteger, Boolean, Column, DateTime, Float, Integer, LargeBinary, MetaData, Numeric, String, Table, Text
from sqlalchemy.types import TypeEngine

from forum.db.base import Base
from forum.db.columns import Moment
from forum.transfer.archive_tables import archived_columns, archived_tables

NAME = "^[a-z][a-z0-9_]{0,62}$"
_LARGEST = 2**63 - 1


class ColumnKind(StrEnum):
    """What a column holds, and how JSON writes it."""

    INTEGER = "integer"
    FLOAT = "float"
    BOOLEAN = "boolean"
    TEXT = "text"
    MOMENT = "moment"
    BYTES = "bytes"


KINDS: Mapping[ColumnKind, str] = {
    ColumnKind.INTEGER: "a whole number of at most 64 bits",
    ColumnKind.FLOAT: "a number of 64 bits; whoever reads it gets the same one",
    ColumnKind.BOOLEAN: "true or false",
    ColumnKind.TEXT: "text; what holds JSON or words separated by spaces says so",
    ColumnKind.MOMENT: "a moment in UTC as RFC 3339 writes it, with up to six digits of a second",
    ColumnKind.BYTES: "bytes in base 64",
}
_JSON: Mapping[ColumnKind, Any] = {
    ColumnKind.INTEGER: Annotated[int, Meta(ge=-_LARGEST - 1, le=_LARGEST)],
    ColumnKind.FLOAT: float,
    ColumnKind.BOOLEAN: bool,
    ColumnKind.MOMENT: Annotated[datetime, Meta(tz=True)],
    ColumnKind.BYTES: bytes,
}
_STORED: Mapping[ColumnKind, TypeEngine[Any]] = {
    ColumnKind.INTEGER: BigInteger(),
    ColumnKind.FLOAT: Float(53),
    ColumnKind.BOOLEAN: Boolean(),
    ColumnKind.TEXT: Text(),
    ColumnKind.MOMENT: Moment(),
    ColumnKind.BYTES: LargeBinary(),
}
_FAMILIES: tuple[tuple[tuple[type[TypeEngine[Any]], ...], ColumnKind], ...] = (
    ((Boolean,), ColumnKind.BOOLEAN),
    ((Integer,), ColumnKind.INTEGER),
    ((Float, Numeric), ColumnKind.FLOAT),
    ((String,), ColumnKind.TEXT),
    ((Moment, DateTime), ColumnKind.MOMENT),
    ((LargeBinary,), ColumnKind.BYTES),
)


class ColumnShape(Struct, frozen=True, omit_defaults=True):
    """One column. ``references``: another table's column; ``meaning``: what is said of it, apart from its table."""

    name: Annotated[str, Meta(pattern=NAME)]
    kind: ColumnKind
    nullable: bool
    references: str = ""
    meaning: str = ""


class TableShape(Struct, frozen=True):
    """One table, whose rows are ordered by ``key``."""

    name: Annotated[str, Meta(pattern=NAME)]
    meaning: str
    key: list[str]
    columns: list[ColumnShape]


class Schema(Struct, frozen=True):
    """Every table, each after those that it refers to, and how each kind of column is written."""

    kinds: dict[str, str]
    tables: list[TableShape]


def describe(*, secrets: bool) -> Schema:
    """Return the description of what an archive of this version holds."""
    meanings = {mapper.local_table.name: " ".join((mapper.class_.__doc__ or "").split()) for mapper in Base.registry.mappers}  # type: ignore[attr-defined]
    kinds = {kind.value: meaning for kind, meaning in KINDS.items()}
    return Schema(kinds, [_shape(table, meanings.get(table.name, ""), secrets) for table in archived_tables(secrets=secrets)])


def kind_of(type_: TypeEngine[Any]) -> ColumnKind | None:
    """Return the kind of a column of this type, a model's or one that a database tells of; None: no archive has such a column."""
    return next((kind for families, kind in _FAMILIES if isinstance(type_, families)), None)


def row_type(shape: TableShape, lengths: Mapping[str, int]) -> type[Struct]:
    """Return the structure of a table's rows: an object with these fields and no others, each of its kind; no text is longer than ``lengths`` says."""
    return _row_type(shape.name, tuple((one.name, one.kind, one.nullable, lengths.get(one.name)) for one in shape.columns))


def stored_table(shape: TableShape) -> Table:
    """Return a table by which rows of this shape are inserted, on whichever database."""
    return Table(shape.name, MetaData(), *(Column(one.name, _STORED[one.kind]) for one in shape.columns))


@lru_cache(maxsize=256)
def _row_type(name: str, columns: tuple[tuple[str, ColumnKind, bool, int | None], ...]) -> type[Struct]:
    fields = []
    for column, kind, nullable, length in columns:
        one = Annotated[str, Meta(max_length=length)] if kind is ColumnKind.TEXT else _JSON[kind]
        fields.append((column, one | None if nullable else one))
    return msgspec.defstruct(f"row_of_{name}", fields, forbid_unknown_fields=True)


def _shape(table: Table, meaning: str, secrets: bool) -> TableShape:
    columns = [_column(column, meaning) for column in archived_columns(table, secrets=secrets)]
    return TableShape(str(table.name), meaning, [str(column.name) for column in table.primary_key.columns], columns)


def _column(column: Column[Any], meaning: str) -> ColumnShape:
    kind = kind_of(column.type)
    if kind is None:
        raise TypeError(f"no archive can hold {column}")
    references = sorted(key.target_fullname for key in column.foreign_keys)
    return ColumnShape(
        str(column.name), kind, bool(column.nullable), str(references[0]) if references else "", _said_of(column.name, meaning)
    )


def _said_of(column: str, meaning: str) -> str:
    """Return the sentences of a table's description that name a column."""
    return " ".join(one for one in re.split(r"(?<=\.) (?=[A-Z`])", meaning) if f"``{column}``" in one)
