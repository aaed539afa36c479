"""``forum modlog verify``: what it says of a log that is whole, and of one that is not."""

import sys
from collections.abc import Callable
from contextvars import Context

import pytest
from flask import Flask
from sqlalchemy import text

from forum.cli import main
from forum.db.transaction import writing
from tests.conftest import SECRET
from tests.moderation.log_rows import unguarded, verified, write_rows

Verify = Callable[[], tuple[int, str, str]]


@pytest.fixture
def verify(app: Flask, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Verify:
    """Return a function that runs the command on the test's database and returns exit code, answer and complaint."""
    settings = app.extensions["forum_settings"]
    monkeypatch.setenv("FORUM_DATA_DIR", settings.data_dir)
    monkeypatch.setenv("FORUM_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("FORUM_SECRET_KEY", SECRET)
    monkeypatch.setattr(sys, "argv", ["forum", "modlog", "verify"])

    def run() -> tuple[int, str, str]:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            Context().run(main)
        said = capfd.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


def test_a_whole_log(verify: Verify) -> None:
    assert verify() == (0, f"0 rows, in order, head {'0' * 64}\n", "")
    write_rows(1)
    assert verify()[1].startswith("1 row, in order, head ")
    write_rows(11)
    assert verify() == (0, f"12 rows, in order, head {verified().head}\n", "")


def test_a_changed_row(verify: Verify) -> None:
    write_rows(12)
    with unguarded() as session:
        session.execute(text("UPDATE moderation_log SET reason = 'other' WHERE seq IN (5, 7)"))
    code, out, err = verify()
    assert (code, out) == (1, "")
    assert err == "Error: Row 5 was changed: it does not have the hash that was made of it.\n"


def test_a_cut_off_end(verify: Verify) -> None:
    write_rows(12)
    with unguarded() as session:
        session.execute(text("DELETE FROM moderation_log WHERE seq > 10"))
    assert verify() == (1, "", "Error: The end is cut off: row 11 and what followed are missing, 12 were written.\n")


def test_another_versions_schema_is_refused(verify: Verify) -> None:
    with writing() as session:
        before = session.scalar(text("SELECT version_num FROM alembic_version"))
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    try:
        code, out, err = verify()
    finally:
        with writing() as session:
            session.execute(text("UPDATE alembic_version SET version_num = :before"), {"before": before})
    assert (code, out) == (1, "")
    assert "9999" in err
