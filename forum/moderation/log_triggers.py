"""Triggers that keep the moderation log append-only, as DDL for each database; with `attach` metadata.create_all makes them too.

The migration has them written out; a test compares what either leaves in a database. Called by `log`.
"""

from sqlalchemy import DDL, ExecutableDDLElement, Table, event

SQLITE_CREATE = (
    "CREATE TRIGGER moderation_log_refuses_update BEFORE UPDATE ON moderation_log"
    " BEGIN SELECT RAISE(ABORT, 'moderation_log is append-only: UPDATE is refused'); END",
    "CREATE TRIGGER moderation_log_refuses_delete BEFORE DELETE ON moderation_log"
    " BEGIN SELECT RAISE(ABORT, 'moderation_log is append-only: DELETE is refused'); END",
    # INSERT OR REPLACE takes rows away without asking the trigger of DELETE.
    "CREATE TRIGGER moderation_log_refuses_replace BEFORE INSERT ON moderation_log"
    " WHEN EXISTS (SELECT 1 FROM moderation_log WHERE id = NEW.id)"
    " OR EXISTS (SELECT 1 FROM moderation_log WHERE site_id = NEW.site_id AND seq = NEW.seq)"
    " BEGIN SELECT RAISE(ABORT, 'moderation_log is append-only: a row that is there is not replaced'); END",
)
SQLITE_DROP = (
    "DROP TRIGGER IF EXISTS moderation_log_refuses_replace",
    "DROP TRIGGER IF EXISTS moderation_log_refuses_delete",
    "DROP TRIGGER IF EXISTS moderation_log_refuses_update",
)
# For each statement, not each row: one that meets no row is refused as well, and ON CONFLICT DO UPDATE before it looks.
POSTGRESQL_CREATE = (
    "CREATE OR REPLACE FUNCTION refuse_moderation_log_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " RAISE EXCEPTION USING ERRCODE = 'integrity_constraint_violation',"
    " MESSAGE = 'moderation_log is append-only: ' || TG_OP || ' is refused'; END $$",
    "CREATE TRIGGER moderation_log_refuses_change BEFORE UPDATE OR DELETE OR TRUNCATE ON moderation_log"
    " FOR EACH STATEMENT EXECUTE FUNCTION refuse_moderation_log_change()",
)
POSTGRESQL_DROP = (
    "DROP TRIGGER IF EXISTS moderation_log_refuses_change ON moderation_log",
    "DROP FUNCTION IF EXISTS refuse_moderation_log_change()",
)


def attach(table: Table) -> None:
    """Let whatever creates ``table`` create its triggers too, and whatever drops it the function that they call on PostgreSQL."""
    for dialect, statements in (("sqlite", SQLITE_CREATE), ("postgresql", POSTGRESQL_CREATE)):
        for statement in statements:
            event.listen(table, "after_create", _only_on(dialect, statement))
    event.listen(table, "after_drop", _only_on("postgresql", POSTGRESQL_DROP[-1]))


def _only_on(dialect: str, statement: str) -> ExecutableDDLElement:
    return DDL(statement).execute_if(dialect=dialect)  # type: ignore[no-untyped-call]
