"""Alembic environment: one transaction for each migration on both databases; SQLite's foreign keys are off while tables are rebuilt.

With them on, rebuilding a parent table (batch mode) empties its children through ON DELETE CASCADE. The pragma does nothing inside a
transaction, so it goes to the driver before the first statement.
"""

from alembic import context
from flask import current_app

from forum.db.engine import intends_to_write

migrate = current_app.extensions["migrate"]
engine = migrate.db.engine
arguments = dict(migrate.configure_args)

if context.is_offline_mode():
    context.configure(url=engine.url.render_as_string(hide_password=False), target_metadata=migrate.db.metadata, literal_binds=True, **arguments)
    with context.begin_transaction():
        context.run_migrations()
else:
    is_sqlite = engine.dialect.name == "sqlite"
    writing = intends_to_write.set(True)
    with engine.connect() as connection:
        if is_sqlite:
            connection.connection.dbapi_connection.execute("PRAGMA foreign_keys=OFF")
        try:
            context.configure(connection=connection, target_metadata=migrate.db.metadata, transaction_per_migration=True, transactional_ddl=True, **arguments)
            with context.begin_transaction():
                context.run_migrations()
            if is_sqlite:
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
                connection.rollback()
                if broken:
                    raise RuntimeError(f"the migration broke foreign keys: {broken[:3]}")
        finally:
            if is_sqlite:
                connection.rollback()
                connection.connection.dbapi_connection.execute("PRAGMA foreign_keys=ON")
            intends_to_write.reset(writing)
