"""Reads and writes a row by one statement that is built once, past the unit of work: for the few that every post and every tag has.

Sorting and bookkeeping in a flush take several times longer than the statement; afterwards the session holds the row as if it had flushed it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar, cast

from sqlalchemy import Insert, Integer, Select, Table, Update, bindparam, func, insert, inspect, select, update
from sqlalchemy.orm import Mapper, Session, class_mapper, make_transient_to_detached
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.util import identity_key
from sqlalchemy.sql.base import ExecutableOption
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from forum.db.base import Base
from forum.db.direct import read, write

T = TypeVar("T", bound=Base)


@dataclass(frozen=True)
class _Plan:
    statement: Insert
    # With the key that the database would generate.
    keyed: Insert
    # What the row takes where nothing was said: each column's default, None where there is none.
    values: dict[str, Any]
    generated: str | None


def insert_row(session: Session, row: Base) -> None:
    """Insert a new ``row``, whose columns' defaults are plain values, and let the session hold it; its key is known then. Nothing else is flushed.

    A key that is set already is one of ``next_ids``.
    What the row refers to must be in the database already. Raises SQLAlchemy's IntegrityError like a flush.
    """
    plan, held = _plan(type(row)), row.__dict__
    values = {name: held.get(name, default) for name, default in plan.values.items()}
    is_keyed = plan.generated is not None and plan.generated in held
    if plan.generated is not None and is_keyed:
        values[plan.generated] = held[plan.generated]
    given = write(session, plan.keyed if is_keyed else plan.statement, values)
    held.update(values)
    if plan.generated is not None and not is_keyed:
        setattr(row, plan.generated, given)
    make_transient_to_detached(row)
    # What was rolled back may still be held under the key that is given out again.
    key = inspect(row).key
    stale = session.identity_map.get(key) if key is not None else None
    if stale is not None:
        session.expunge(stale)
    session.add(row)


def insert_of(model: type[Base], *names: str) -> Insert:
    """Return the insertion of one row of which these columns are given, each by its name."""
    return insert(cast(Table, class_mapper(model).local_table)).values({name: bindparam(name) for name in names})


def insert_rows(session: Session, model: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows of the same columns by one statement; what they do not say is the columns' defaults. The session knows nothing of them."""
    if rows:
        plan = _plan(model)
        session.connection().execute(plan.statement, [{**plan.values, **row} for row in rows])


def next_ids(session: Session, model: type[Base], count: int) -> Sequence[int]:
    """Return ids for as many new rows, rising. On SQLite the transaction is a writing one, so that nobody else takes them meanwhile."""
    is_postgresql = session.connection().dialect.name == "postgresql"
    found = [row[0] for row in read(session, _next(model, is_postgresql), {"count": count} if is_postgresql else {})]
    if is_postgresql:
        return sorted(found)
    last = found[0] or 0
    return range(last + 1, last + count + 1)


def get_row(session: Session, model: type[T], row_id: int, *options: ExecutableOption) -> T | None:
    """Return the row of this id like ``Session.get``, which builds its statement at each call and takes half as long again; ``options`` are the same every time."""
    if identity_key(model, row_id) in session.identity_map:
        return session.get(model, row_id)
    return session.scalars(_by_id(model, options), {"row_id": row_id}).unique().one_or_none()


def update_row(session: Session, row: Base, values: Mapping[str, Any]) -> None:
    """Write ``values`` to columns of a ``row`` that the session holds and that has one key; what was set on these attributes before is replaced."""
    at = {"at": cast(Any, row).id}
    write(session, _update(type(row), tuple(sorted(values))), {**values, **at})
    for name, value in values.items():
        set_committed_value(row, name, value)


@lru_cache(maxsize=64)
def _next(model: type[Base], is_postgresql: bool) -> Select[Any]:
    table = cast(Table, class_mapper(model).local_table)
    if is_postgresql:
        following = func.nextval(func.pg_get_serial_sequence(table.name, "id"))
        return select(following).select_from(func.generate_series(1, bindparam("count", type_=Integer)))
    return select(func.max(table.c.id))


@lru_cache(maxsize=64)
def _by_id(model: type[T], options: tuple[ExecutableOption, ...]) -> Select[T]:
    return select(model).where(cast(Any, model).id == bindparam("row_id")).options(*options)


@lru_cache(maxsize=256)
def _update(model: type[Base], names: tuple[str, ...]) -> Update:
    table = cast(Table, class_mapper(model).local_table)
    return update(table).where(table.c.id == bindparam("at")).values({name: bindparam(name) for name in names})


@lru_cache(maxsize=32)
def _plan(model: type[Base]) -> _Plan:
    mapper: Mapper[Base] = class_mapper(model)
    table = cast(Table, mapper.local_table)
    generated = table.autoincrement_column
    stored = [column for column in table.columns if column is not generated and column.computed is None]
    values = {column.name: column.default.arg if isinstance(column.default, ScalarElementColumnDefault) else None for column in stored}
    plain = insert_of(model, *values)
    return _Plan(
        plain,
        plain if generated is None else insert_of(model, generated.name, *values),
        values,
        generated.name if generated is not None else None,
    )
