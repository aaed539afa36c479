"""Looks for a text in everything that the forum keeps: every column of every table, and on SQLite the bytes of the database's own files.

Called by the tests of this folder; a search that finds nothing proves something only where the same search has found the text before.
"""

from pathlib import Path

from flask import Flask
from sqlalchemy import LargeBinary, String, Text, select

from forum.db.base import Base, db
from forum.db.transaction import reading


def tables_with(mark: str) -> set[str]:
    """Return the tables, with their columns, in which some row holds ``mark``."""
    found = set()
    with reading() as session:
        for table in Base.metadata.tables.values():
            columns = [column for column in table.columns if isinstance(column.type, String | Text | LargeBinary)]
            if not columns:
                continue
            for row in session.execute(select(*columns)):
                for column, value in zip(columns, row, strict=True):
                    said = bytes(value).decode("utf-8", "replace") if isinstance(value, bytes | memoryview) else value
                    if said is not None and mark in str(said):
                        found.add(f"{table.name}.{column.name}")
    return found


def files_with(app: Flask, mark: str) -> set[str]:
    """Return the names of the database's own files that hold ``mark``; on PostgreSQL, whose files belong to the server, none."""
    file = app.extensions["forum_settings"].sqlite_file
    with app.app_context():
        if db.engine.dialect.name != "sqlite" or file is None:
            return set()
    beside = [Path(f"{file}{suffix}") for suffix in ("", "-wal", "-shm")]
    return {path.name for path in beside if path.exists() and mark.encode() in path.read_bytes()}
