"""Archives for tests: made of an application's database, looked into, changed as nobody should, and compared with what a database holds."""

import io
import json
from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.db.base import Base
from forum.db.transaction import reading
from forum.settings import Settings
from forum.transfer.archive_file import Archive
from forum.transfer.archive_report import ArchiveReport
from forum.transfer.archive_restoring import restore
from forum.transfer.archive_tables import DERIVED_TABLES, SECRET_COLUMNS, SECRET_TABLES, TRANSIENT_TABLES
from forum.transfer.archive_writing import ArchiveOrder, write_archive
from forum.web.context import SETTINGS

Rows = dict[str, list[dict[str, Any]]]


def settings_of(app: Flask) -> Settings:
    """Return an application's settings."""
    settings: Settings = app.extensions[SETTINGS]
    return settings


def make_archive(app: Flask, *, secrets: bool = False) -> bytes:
    """Return an archive of the application's database."""
    stream = io.BytesIO()
    with app.app_context():
        write_archive(stream, ArchiveOrder(settings_of(app), secrets))
    return stream.getvalue()


def restored(app: Flask, archive: bytes, *, dry_run: bool = False) -> ArchiveReport:
    """Restore an archive into the application's database."""
    with app.app_context(), Archive(io.BytesIO(archive), "archive.zip") as opened:
        return restore(opened, settings_of(app), dry_run=dry_run)


def members(archive: bytes) -> dict[str, bytes]:
    """Return an archive's members by their names."""
    with ZipFile(io.BytesIO(archive)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def packed(content: Mapping[str, bytes]) -> bytes:
    """Return a zip of these members."""
    stream = io.BytesIO()
    with ZipFile(stream, "w", ZIP_DEFLATED) as made:
        for name, one in content.items():
            made.writestr(name, one)
    return stream.getvalue()


def rows_of(archive: bytes) -> Rows:
    """Return the rows of every table."""
    content = members(archive)
    return {
        name.removeprefix("tables/").removesuffix(".ndjson"): [json.loads(line) for line in one.splitlines()]
        for name, one in content.items()
        if name.startswith("tables/")
    }


Change = Callable[[dict[str, Any], dict[str, Any], Rows], None]


def changed(archive: bytes, change: Change) -> bytes:
    """Return the archive with its manifest, description and rows as ``change`` leaves them, and sums that fit them."""
    content, rows = members(archive), rows_of(archive)
    manifest, schema = json.loads(content["manifest.json"]), json.loads(content["schema.json"])
    change(manifest, schema, rows)
    made = {name: one for name, one in content.items() if name == "secret_key"}
    made["schema.json"] = json.dumps(schema).encode()
    for name, table in rows.items():
        lines = b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in table)
        made[f"tables/{name}.ndjson"] = lines
        manifest["tables"][name] = {"rows": len(table), "bytes": len(lines), "sha256": sha256(lines).hexdigest()}
    manifest["tables"] = {name: one for name, one in manifest["tables"].items() if name in rows}
    return packed(made | {"manifest.json": json.dumps(manifest).encode()})


def everything(session: Session, *, secrets: bool) -> Rows:
    """Return every row of every table but what an archive leaves out, read plainly."""
    left_out = set(DERIVED_TABLES) | (set() if secrets else {*SECRET_TABLES, *TRANSIENT_TABLES})
    found: Rows = {}
    for table in Base.metadata.sorted_tables:
        if table.name not in left_out:
            hidden: Iterable[str] = () if secrets else SECRET_COLUMNS.get(table.name, {})
            columns = [column for column in table.columns if column.name not in hidden]
            rows = session.execute(select(*columns)).mappings()
            found[table.name] = sorted((dict(row) for row in rows), key=lambda row: tuple(str(row[one.name]) for one in table.primary_key))
    return found


def everything_in(app: Flask, *, secrets: bool) -> Rows:
    """Return it of an application's database."""
    with app.app_context(), reading() as session:
        return everything(session, secrets=secrets)
