"""The place itself: what the database says of its own state, the numbers that PostgreSQL gives out next, and what lies in the data folder."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, inspect, select, text
from sqlalchemy.orm import Session

from forum.clock import now
from forum.db.base import Base, db
from forum.demo.command import PASSWORD_FILE
from forum.operating.changing import change
from forum.operating.checks import Fault, one_moment
from forum.search.actions import count_unindexed, rebuild
from forum.settings import SECRET_FILE
from forum.transfer.archive_secret import ASIDE
from forum.web.context import settings
from forum.web.metrics_sharing import FOLDER as METRICS_FOLDER

MOST = 50
UNFINISHED_FOR = timedelta(hours=1)
# A secret, an archive or a mail that a process is about to put under its name.
_DRAFT = re.compile(rf"\.(?:{re.escape(SECRET_FILE)}\.\d+|.+\.part)")
_INVALID_INDEXES = """
SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = current_schema() AND NOT (i.indisvalid AND i.indisready)"""
_UNCHECKED = """
SELECT r.relname || '.' || o.conname FROM pg_constraint o JOIN pg_class r ON r.oid = o.conrelid JOIN pg_namespace n ON n.oid = r.relnamespace
WHERE n.nspname = current_schema() AND NOT o.convalidated"""
_SILENCED = """
SELECT r.relname || '.' || t.tgname FROM pg_trigger t JOIN pg_class r ON r.oid = t.tgrelid JOIN pg_namespace n ON n.oid = r.relnamespace
WHERE n.nspname = current_schema() AND t.tgenabled = 'D'"""


def find_database_faults() -> Iterator[Fault]:
    """Yield what the database finds wrong with itself: damaged pages and references to nothing on SQLite, what PostgreSQL has not checked or does not use."""
    with one_moment() as session:
        found = _of_postgresql(session) if session.get_bind().dialect.name == "postgresql" else _of_sqlite(session)
        yield from found


def _of_sqlite(session: Session) -> Iterator[Fault]:
    for (said,) in session.execute(text(f"PRAGMA quick_check({MOST})")):
        if said != "ok":
            yield Fault("database file", str(said).splitlines()[0])
    loose = session.connection().exec_driver_sql("PRAGMA foreign_key_check")
    for table, row_id, other, _ in loose.fetchmany(MOST):
        yield Fault(f"{table} {row_id if row_id is not None else ''}".rstrip(), f"it refers to a row of {other} that is not there")


def _of_postgresql(session: Session) -> Iterator[Fault]:
    for statement, what, said in (
        (_INVALID_INDEXES, "index", "it is not valid, so that nothing is found by it"),
        (_UNCHECKED, "constraint", "it was never checked against the rows that are there"),
        (_SILENCED, "trigger", "it is switched off"),
    ):
        for (name,) in session.execute(text(statement)):
            yield Fault(f"{what} {name}", said)


def find_low_numbers() -> Iterator[Fault]:
    """Yield the tables whose next number is one that is taken already, as after rows were put in with their ids. PostgreSQL's alone: SQLite looks."""
    with one_moment() as session:
        if session.get_bind().dialect.name != "postgresql":
            return
        for table, sequence, next_one, highest in _numbers(session):
            if highest is not None and highest >= next_one:
                yield Fault(f"table {table}", f"its next number would be {next_one}, and {highest} is taken ({sequence})")


def mend_numbers(faults: Sequence[Fault]) -> None:
    """Let these tables give out numbers after those that are taken."""

    def write(session: Session) -> None:
        for _, sequence, next_one, highest in _numbers(session):
            if highest is not None and highest >= next_one:
                session.execute(text("SELECT setval(CAST(:sequence AS regclass), :highest)"), {"sequence": sequence, "highest": highest})

    change(write)


def _numbers(session: Session) -> list[tuple[str, str, int, int | None]]:
    there = set(inspect(session.connection()).get_table_names())
    found: list[tuple[str, str, int, int | None]] = []
    for table in Base.metadata.sorted_tables:
        key = table.autoincrement_column
        # Other keys are given: what is written of a site has the site's own.
        if key is None or key.name != "id" or table.name not in there:
            continue
        sequence = session.scalar(text("SELECT pg_get_serial_sequence(:table, :key)"), {"table": table.name, "key": key.name})
        if sequence is not None:
            next_one = session.scalar(text(f"SELECT CASE WHEN is_called THEN last_value + 1 ELSE last_value END FROM {sequence}"))  # noqa: S608 the database named it
            found.append((table.name, sequence, int(next_one or 0), session.scalar(select(func.max(key)))))
    return found


def find_stray_files() -> Iterator[Fault]:
    """Yield what lies in the data folder and belongs to nothing: what a killed process did not finish, and what is not this program's at all."""
    folder = _folder()
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if _is_draft(path):
            yield Fault(str(path.name), "a process that was killed has left it unfinished")
        elif not _is_known(path):
            yield Fault(str(path.name), "it is not this program's")
    for path in sorted((folder / "mail").glob(".*.part")):
        if _is_draft(path):
            yield Fault(f"mail/{path.name}", "a process that was killed has left it unfinished")


def mend_files(faults: Sequence[Fault]) -> None:
    """Remove what was left unfinished; what is not this program's stays."""
    folder = _folder()
    for fault in faults:
        path = folder / fault.what
        if path.parent in (folder, folder / "mail") and _is_draft(path):
            path.unlink(missing_ok=True)


def find_index_faults() -> Iterator[Fault]:
    """Yield how many comments the search finds otherwise than it should, or not at all."""
    with one_moment() as session:
        count = count_unindexed(session)
    if count:
        yield Fault("search", f"{count} comment{'' if count == 1 else 's'} are not found by their words, or are and must not be")


def mend_index(faults: Sequence[Fault]) -> None:
    """Make the index of words anew."""
    rebuild()


def _folder() -> Path:
    return Path(settings().data_dir)


def _is_known(path: Path) -> bool:
    database = db.engine.url.database if db.engine.dialect.name == "sqlite" else None
    own = [Path(database).name] if database else []
    own += ["forum.sqlite3"]
    names = {
        SECRET_FILE,
        PASSWORD_FILE,
        "mail",
        METRICS_FOLDER,
        # Where jobs are run apart, the file beside it in which their messages wait.
        *(name + part + end for name in own for part in ("", "-jobs") for end in ("", "-wal", "-shm", "-journal")),
        *(name + "-turn" for name in own),
    }
    is_former_secret = path.name.startswith(f"{SECRET_FILE}.{ASIDE}")
    return path.name in names or is_former_secret or (_DRAFT.fullmatch(path.name) is not None and not _is_old(path))


def _is_draft(path: Path) -> bool:
    return _DRAFT.fullmatch(path.name) is not None and _is_old(path)


def _is_old(path: Path) -> bool:
    try:
        written: Any = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return False
    return bool(now() - written > UNFINISHED_FOR)
