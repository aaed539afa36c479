"""The database's schema: bring it to this version's, tell whether it is there, keep the planner's statistics fresh. Called by commands."""

from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from flask_migrate import upgrade
from sqlalchemy import inspect, text
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.orm import Session

from forum.db.base import db
from forum.db.transaction import reading, writing
from forum.paths import resource

# Any number that no other program on the same PostgreSQL would take by chance.
UPGRADE_LOCK = 0x666F72756D


def schema_head() -> str:
    """Return the revision that this version of the program needs."""
    config = Config()
    config.set_main_option("script_location", str(resource("migrations")))
    head = ScriptDirectory.from_config(config).get_current_head()
    if head is None:
        raise RuntimeError("the package carries no migrations")
    return head


def schema_revision(session: Session) -> str | None:
    """Return the revision that the database has, or None when it has no tables of ours."""
    try:
        found: str | None = session.scalar(text("SELECT version_num FROM alembic_version"))
    except (OperationalError, ProgrammingError):
        session.rollback()
        if inspect(session.get_bind()).get_table_names():
            raise
        return None
    return found


def bring_up_to_date() -> bool:
    """Upgrade the schema if it is not this version's, and return whether anything was done; two starters take turns."""
    engine = db.engine
    if engine.dialect.name == "sqlite" and engine.url.database:
        Path(engine.url.database).parent.mkdir(parents=True, exist_ok=True)
    with reading() as session:
        if schema_revision(session) == schema_head():
            return False
    if engine.dialect.name != "postgresql":
        upgrade(directory=str(resource("migrations")))
        return True
    with engine.connect() as waiting:
        waiting.execute(text("SELECT pg_advisory_lock(:key)"), {"key": UPGRADE_LOCK})
        try:
            upgrade(directory=str(resource("migrations")))
        finally:
            waiting.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": UPGRADE_LOCK})
    return True


def refresh_statistics() -> None:
    """Let the planner look at the tables anew; needed after imports, since SQLite's picks a wrong index without statistics."""
    with writing() as session:
        session.execute(text("ANALYZE"))
