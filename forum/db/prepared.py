"""Statements that are written once and compiled once, as a driver takes them; used by ``quick`` and ``direct``.

The rule: what varies in such a statement is a ``bindparam``. Where one of these is a list, it is prepared for lists of one length.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ClauseElement, Dialect, Select, UpdateBase
from sqlalchemy.sql.compiler import SQLCompiler


class Prepared:
    """A statement as its driver takes it, and what the driver's rows become where a value of theirs (``reads``: its place) is not yet ours."""

    def __init__(self, statement: ClauseElement, dialect: Dialect, lengths: Mapping[str, int] | None = None) -> None:
        compiled = statement.compile(dialect=dialect)
        if not isinstance(compiled, SQLCompiler):
            raise TypeError("a statement that is no SQL cannot be prepared")
        lists = {name: range(length) for name, length in (lengths or {}).items()}
        if {bind.key for bind in compiled.post_compile_params} != set(lists):
            raise TypeError("a statement with a list in it is another one for each length")
        expanded = compiled.construct_expanded_state({**dict.fromkeys(compiled.binds), **lists})
        self.sql = expanded.statement
        self.positions: list[str] | None = list(expanded.positiontup) if expanded.positiontup is not None else None
        self._lists = {name: expanded.parameter_expansion[name] for name in lists}
        if any(_binding(compiled.binds[name].type, dialect) for name in lists):
            raise TypeError("a list of values that its driver does not take as they are cannot be prepared")
        self.fixed: dict[str, Any] = {name: value for name, value in compiled.params.items() if value is not None}
        self._binds = {name: bind for name, parameter in compiled.binds.items() if (bind := _binding(parameter.type, dialect)) is not None}
        columns = statement.exported_columns if isinstance(statement, (Select, UpdateBase)) else ()
        self.reads = {place: read for place, column in enumerate(columns) if (read := _reading(column.type, dialect)) is not None}

    def values(self, given: Mapping[str, Any]) -> Any:
        """Return what the driver is to be given for ``given``."""
        values = {**self.fixed, **given}
        for name, places in self._lists.items():
            values.update(zip(places, values.pop(name), strict=True))
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
