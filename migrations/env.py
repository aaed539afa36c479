"""Alembic environment: one transaction for each migration on both databases; SQLite's foreign keys are off while tables are rebuilt.

With them on, rebuilding a parent table (batch mode) empties its children through ON DELETE CASCADE. The pragma does nothing inside a
transaction, so it goes to the driver before the first statement; what a migration leaves broken is found before it is committed.
"""

from typing import Any

from alembic import context
from flask import current_app

from forum.db.engine import intends_to_write


def check_foreign_keys(*, ctx: Any, **_: Any) -> None:
    """Raise RuntimeError, inside the migration's transaction, when it leaves a row that refers to nothing."""
    broken = ctx.connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if broken:
        raise RuntimeError(f"the migration broke foreign keys: {[tuple(row) for row in broken[:3]]}")


def is_other_default(_context: Any, _found: Any, _column: Any, found_default: Any, _default: Any, rendered: Any) -> bool | None:
    """Whether a column's default differs from its model's; None leaves the answer to Alembic, which takes SQLite's '' for something else than ""."""
    return False if rendered == "" and str(found_default).strip("()") == "''" else None


def is_compared(thing: Any, name: str | None, kind: str, _reflected: bool, _compared_to: Any) -> bool:
    """Whether Alembic compares it with its model: of a computed column it can do so only without a comparison of our own; a test reads the catalogue.

    The tables by which processes tell each other of jobs are huey's; the index of the comments' words is kept by triggers and in no model.
    """
    if kind == "table":
        return not str(name).startswith(("forum_jobs_", "comment_words"))
    return kind != "column" or thing.computed is None


migrate = current_app.extensions["migrate"]
engine = migrate.db.engine
arguments = {
    **migrate.configure_args,
    "target_metadata": migrate.db.metadata,
    "compare_server_default": is_other_default,
    "include_object": is_compared,
}

if context.is_offline_mode():
    context.configure(url=engine.url.render_as_string(hide_password=False), literal_binds=True, **arguments)
    with context.begin_transaction():
        context.run_migrations()
else:
    is_sqlite = engine.dialect.name == "sqlite"
    writing = intends_to_write.set(True)
    try:
        with engine.connect() as connection:
            # Closed afterwards, not given back: what is set here must not reach a request.
            connection.detach()
            driver = connection.connection.dbapi_connection
            if is_sqlite:
                driver.execute("PRAGMA foreign_keys=OFF")
                arguments["on_version_apply"] = check_foreign_keys
            else:
                # A request has seconds, a migration of a large table takes what it needs; waiting for a lock stays bounded.
                driver.autocommit = True
                driver.execute("SET statement_timeout = 0")
                driver.autocommit = False
            context.configure(connection=connection, transaction_per_migration=True, transactional_ddl=True, **arguments)
            with context.begin_transaction():
                context.run_migrations()
    finally:
        intends_to_write.reset(writing)
