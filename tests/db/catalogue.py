"""What a database's catalogue says of its schema, in every detail that can differ, as plain values to compare."""

from typing import Any

from sqlalchemy import Engine, inspect, text
from sqlalchemy.engine.interfaces import ReflectedColumn, ReflectedIndex
from sqlalchemy.types import NullType

Catalogue = dict[str, dict[str, Any]]


def read_catalogue(engine: Engine) -> Catalogue:
    """Return every table but Alembic's own: columns in no order, key, foreign keys, unique and check constraints, indexes, triggers."""
    seen = inspect(engine)
    names = [name for name in seen.get_table_names() if name != "alembic_version"]
    triggers = _triggers(engine)
    return {
        name: {
            "columns": {
                column["name"]: {
                    "type": _type(column, engine),
                    "nullable": column["nullable"],
                    "default": column["default"],
                    "key": column.get("primary_key"),
                    "identity": column.get("identity"),
                    "computed": _computed(column),
                }
                for column in seen.get_columns(name)
            },
            "key": (seen.get_pk_constraint(name)["name"], seen.get_pk_constraint(name)["constrained_columns"]),
            "foreign keys": {
                key["name"]: (key["constrained_columns"], key["referred_table"], key["referred_columns"], key["options"])
                for key in seen.get_foreign_keys(name)
            },
            "unique": {unique["name"]: unique["column_names"] for unique in seen.get_unique_constraints(name)},
            "checks": {check["name"]: check["sqltext"] for check in seen.get_check_constraints(name)},
            "indexes": {index["name"]: _index(index, engine.dialect.name) for index in seen.get_indexes(name)},
            "triggers": triggers.get(name, {}),
        }
        for name in names
    }


def _type(column: ReflectedColumn, engine: Engine) -> str:
    # A column of a virtual table has no type.
    return "" if isinstance(column["type"], NullType) else column["type"].compile(engine.dialect)


def _computed(column: ReflectedColumn) -> tuple[str, bool | None] | None:
    found = column.get("computed")
    if found is None:
        return None
    # SQLAlchemy's reflection of SQLite takes all that follows in the table's text for the expression, up to the last bracket.
    depth, expression = 1, found["sqltext"]
    for place, letter in enumerate(expression):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if not depth:
            return expression[:place], found.get("persisted")
    return expression, found.get("persisted")


def _index(index: ReflectedIndex, dialect: str) -> dict[str, Any]:
    options = index.get("dialect_options", {})
    return {
        "columns": index["column_names"],
        "expressions": index.get("expressions"),
        "order": index.get("column_sorting"),
        "unique": index["unique"],
        "where": str(options.get(f"{dialect}_where")),
    }


TRIGGERS = {
    "sqlite": "SELECT tbl_name, name, sql FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT CAST(CAST(tgrelid AS regclass) AS text), tgname, pg_get_triggerdef(oid) || ' ' || pg_get_functiondef(tgfoid) || ' ' || CAST(tgenabled AS text)"
    " FROM pg_trigger WHERE NOT tgisinternal",
}


def _triggers(engine: Engine) -> dict[str, dict[str, str]]:
    """Return each table's triggers by name: their definition with the function that they call."""
    found: dict[str, dict[str, str]] = {}
    with engine.connect() as connection:
        for table, name, definition in connection.execute(text(TRIGGERS[engine.dialect.name])):
            found.setdefault(table, {})[name] = definition
    return found
