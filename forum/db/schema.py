"""The database's schema: bring it to this version's, tell whether it is there, keep the planner's statistics fresh. Called by commands."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.orm import Session

from forum.db.base import db
from forum.db.transaction import reading, writing
from forum.paths import resource
from forum.refusals import Kind, Refusal
from forum.sentences import sentence

# Any number that no other program on the same PostgreSQL would take by chance.
UPGRADE_LOCK = 0x666F72756D


def schema_head() -> str:
    """Return the revision that this version of the program needs: the last of its migrations, whose files begin with their numbers."""
    numbers = [file.name.partition("_")[0] for file in (resource("migrations") / "versions").glob("*_*.py")]
    if not numbers:
        raise RuntimeError("the package carries no migrations")
    return max(numbers)


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
    """Upgrade the schema if it is not this version's, and return whether anything was done; two starters take turns.

    Raises Refusal ``unavailable`` when another version made the schema, which this one would not know how to move.
    """
    engine = db.engine
    if engine.dialect.name == "sqlite" and engine.url.database:
        Path(engine.url.database).parent.mkdir(parents=True, exist_ok=True)
    if _is_up_to_date():
        return False
    with _turn(engine):
        if _is_up_to_date():
            return False
        from forum.db import migrating

        migrating.upgrade()
    return True


# What is put in order when much was written at once, each in transactions of its own; app.py fills the list.
ARRANGERS: list[Callable[[], None]] = []


def arrange() -> None:
    """Put in order what much writing leaves behind that goes on: called after each piece of it, so that nobody who posts meanwhile has to do it at once."""
    for act in ARRANGERS:
        act()


def settle() -> None:
    """Put in order what an import, or whatever else writes much at once, leaves behind, and let the planner look at the tables anew."""
    arrange()
    refresh_statistics()


def refresh_statistics() -> None:
    """Let the planner look at the tables anew; needed after imports, since SQLite's picks a wrong index without statistics."""
    with writing() as session:
        if session.get_bind().dialect.name == "postgresql":
            session.execute(text("SET LOCAL statement_timeout = 0"))
        session.execute(text("ANALYZE"))


def _is_up_to_date() -> bool:
    with reading() as session:
        found = schema_revision(session)
    if found == schema_head():
        return True
    if found is not None and found not in _known_revisions():
        detail = sentence(
            "The database has the schema %(found)s, this version needs %(needed)s and does not know the other: run the version that made it.",
            found=found,
            needed=schema_head() or "",
        )
        raise Refusal(Kind.UNAVAILABLE, detail)
    return False


@contextmanager
def _turn(engine: Engine) -> Iterator[None]:
    # The migrations of one upgrade are separate transactions: a rival between two of them would run the second one twice.
    if engine.dialect.name == "postgresql":
        with engine.connect() as waiting:
            waiting.execute(text("SET LOCAL lock_timeout = 0"))
            waiting.execute(text("SET LOCAL statement_timeout = 0"))
            waiting.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
            waiting.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": UPGRADE_LOCK})
            yield
        return
    folder = os.open(Path(engine.url.database or ".").parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _known_revisions() -> set[str]:
    from forum.db import migrating

    return migrating.known_revisions()
