"""Archives of a hundred thousand comments take no more memory than small ones, and one that is taken while sixteen people write is whole."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from forum.comments.models import Comment, Revision
from forum.db.base import db
from forum.db.schema import bring_up_to_date
from forum.db.transaction import reading, writing
from forum.moderation import log
from forum.transfer.archive_comparing import open_archive
from forum.transfer.archive_restoring import restore
from forum.web.context import SETTINGS
from tests.faults.service import pause
from tests.faults.test_faults_kill import CLIENTS, Stage, stage, use
from tests.seeding import seed_discussion
from tests.stances.recount import find_miscounts
from tests.transfer.archives import everything_in, settings_of

pytestmark = pytest.mark.slow

__all__ = ["stage"]

# Prints on the last line of its standard error how much memory the process had at most, in kilobytes.
MEASURED = """
import sys
from forum.cli import cli
cli.main(sys.argv[1:], standalone_mode=False)
print([line for line in open("/proc/self/status") if line.startswith("VmHWM")][0].split()[1], file=sys.stderr)
"""
GROWTH_KILOBYTES = 40_000


def command(app: Flask, *arguments: object) -> int:
    """Run a command on an application's database in a process of its own, and return how much memory it took."""
    settings = app.extensions[SETTINGS]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FORUM_")}
    environment = kept | {"FORUM_DATA_DIR": settings.data_dir, "FORUM_DATABASE_URL": settings.database_url}
    words = [sys.executable, "-c", MEASURED, *map(str, arguments)]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return int(done.stderr.split()[-1])


@pytest.mark.parametrize("comments", [100_000])
def test_memory_does_not_grow_with_the_discussion(make_app: Callable[..., Flask], tmp_path: Path, comments: int) -> None:
    peaks: dict[str, list[int]] = {"export": [], "backup": [], "restore": [], "import": []}
    for size in (1000, comments):
        one, two, three = (make_app(secret_key="", database_timeout_seconds=60) for _ in range(3))
        with one.app_context():
            with writing() as session:
                seed_discussion(session, comments=size)
            db.session.remove()
            db.engine.dispose()
        peaks["export"].append(command(one, "export", tmp_path / f"{size}.zip"))
        peaks["backup"].append(command(one, "backup", tmp_path / f"{size}-backup.zip"))
        peaks["restore"].append(command(two, "restore", tmp_path / f"{size}-backup.zip"))
        peaks["import"].append(command(three, "import", "forum", tmp_path / f"{size}.zip"))
        with two.app_context(), reading() as session:
            assert session.scalar(select(func.count()).select_from(Comment)) == size
        # And what compares them.
        command(three, "import", "forum", tmp_path / f"{size}.zip")
    assert all(large - small < GROWTH_KILOBYTES for small, large in peaks.values()), peaks


def check_backup(app: Flask, file: Path, before: frozenset[int]) -> None:
    """Restore a backup and assert that it is one moment of the discussion, after everything that had been acknowledged before it began."""
    with app.app_context():
        with open_archive(file) as archive:
            restore(archive, settings_of(app))
        with reading() as session:
            ids = set(session.scalars(select(Comment.id)))
            assert before <= ids
            assert find_miscounts(session) == []
            assert log.verify(session, 1).faults == ()
            assert session.scalar(select(func.count()).select_from(Revision)) == len(ids)


def test_a_backup_that_is_taken_while_sixteen_people_write_is_whole(stage: Stage, make_app: Callable[..., Flask], tmp_path: Path) -> None:
    posts, tags, backups = 24, 24, 4
    taken: list[tuple[Path, frozenset[int]]] = []
    with ThreadPoolExecutor(CLIENTS) as pool:
        clients = [pool.submit(use, stage, number, posts, tags) for number in range(CLIENTS)]
        for number in range(backups):
            stage.said.wait_for(1 + CLIENTS * posts * number // (backups + 1))
            file, before = tmp_path / f"{number}.zip", frozenset(stage.said.comments.values())
            command(stage.app, "backup", file)
            taken.append((file, before))
        for client in clients:
            client.result()
    assert any(len(before) < len(stage.said.comments) for _, before in taken)
    for file, before in taken:
        restored = make_app(rate_limits="off", secret_key="")
        check_backup(restored, file, before)
    # When all is quiet, a backup is the database.
    last, whole = tmp_path / "last.zip", make_app(rate_limits="off", secret_key="")
    stage.service.stop()
    command(stage.app, "backup", last)
    check_backup(whole, last, frozenset(stage.said.comments.values()))
    assert everything_in(whole, secrets=True) == everything_in(stage.app, secrets=True)


@pytest.mark.sqlite_only
def test_a_backup_waits_for_nobody_and_holds_nobody_up(make_app: Callable[..., Flask], tmp_path: Path) -> None:
    app = make_app(secret_key="", database_timeout_seconds=1)
    with app.app_context():
        bring_up_to_date()
        with writing() as session:
            seed_discussion(session, comments=100)
            session.flush()
            # A transaction that writes is open: the backup has what was committed before it.
            command(app, "backup", tmp_path / "b.zip")
            seed_discussion(session, comments=10)


def started(app: Flask, *arguments: object, before: str = "") -> subprocess.Popen[bytes]:
    """Start a command on an application's database; ``before`` is executed in its process first."""
    settings = app.extensions[SETTINGS]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FORUM_")}
    program = f"import os, signal\nfrom forum.cli import main\nfrom forum.transfer import archive_restoring\n{before}\nmain()"
    words = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.Popen(words, env=kept | {"FORUM_DATA_DIR": settings.data_dir}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.mark.sqlite_only
def test_what_is_killed_has_done_nothing(make_app: Callable[..., Flask], tmp_path: Path) -> None:
    one, two = make_app(secret_key=""), make_app(secret_key="")
    with one.app_context():
        with writing() as session:
            # More than SQLite keeps in memory (16 MB) before it commits, so that the log has rows of what is not committed.
            seed_discussion(session, comments=24_000)
        db.session.remove()
        db.engine.dispose()
    with two.app_context():
        db.session.remove()
        db.engine.dispose()
    file = tmp_path / "b.zip"
    backup = started(one, "backup", file)
    while not any(part.stat().st_size > 200_000 for part in tmp_path.glob(".b.zip.*.part")):
        assert backup.poll() is None, "it ended before it could be killed"
        pause()
    backup.kill()
    backup.wait()
    assert not file.exists()
    command(one, "backup", file)
    restoring = started(two, "restore", file, before="archive_restoring._check_deferred = lambda _: os.kill(os.getpid(), signal.SIGKILL)")
    assert restoring.wait() == -signal.SIGKILL
    assert (Path(two.extensions[SETTINGS].data_dir) / "forum.sqlite3-wal").stat().st_size > 1_000_000
    assert everything_in(two, secrets=True)["accounts"] == []
    command(two, "restore", file)
    assert everything_in(two, secrets=True) == everything_in(one, secrets=True)
