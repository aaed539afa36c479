"""Statements that are written once and compiled once, as a driver takes them; used by ``quick`` and ``direct``.

The rule: what varies in such a statement is a ``bindparam``, and none of these is a list.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ClauseElement, Dialect, Select
from sqlalchemy.sql.compiler import SQLCompiler


class Prepared:
    """A statement as its driver takes it, and what the driver's rows become where a value of theirs (``reads``: its place) is not yet ours."""

    def __init__(self, statement: ClauseElement, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        if not isinstance(compiled, SQLCompiler):
            raise TypeError("a statement that is no SQL cannot be prepared")
        if compiled.post_compile_params:
            raise TypeError("a statement with a list in it is another one for each length")
        self.sql = str(compiled)
        self.positions: list[str] | None = list(compiled.positiontup) if compiled.positiontup is not None else None
        self.fixed: dict[str, Any] = {name: value for name, value in compiled.params.items() if value is not None}
        self._binds = {name: bind for name, parameter in compiled.binds.items() if (bind := _binding(parameter.type, dialect)) is not None}
        columns = statement.selected_columns if isinstance(statement, Select) else ()
        self.reads = {place: read for place, column in enumerate(columns) if (read := _reading(column.type, dialect)) is not None}

    def values(self, given: Mapping[str, Any]) -> Any:
        """Return what the driver is to be given for ``given``."""
        values = {**self.fixed, **given}
        for name, bind in self._binds.items():
            values[name] = bind(values[name])
        return values if self.positions is None else tuple(values[name] for name in self.positions)

    def read(self, row: Sequence[Any]) -> tuple[Any, ...]:
        """Return a row of the driver's with our values in it."""
        return tuple(self.reads[place](value) if place in self.reads else value for place, value in enumerate(row))


def _binding(kind: Any, dialect: Dialect) -> Any:
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _reading(kind: Any, dialect: Dialect) -> Any:
    return kind.dialect_impl(dialect).result_processor(dialect, None)
