"""Migrations: up, down and up again on both databases, equal to the models in every detail, safe against kills, rivals and other versions."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import flask_migrate
import pytest
from alembic.script import ScriptDirectory
from flask import Flask, current_app
from sqlalchemy import Engine, create_engine, event, func, inspect, select, text
from sqlalchemy.exc import IntegrityError

from forum.access.viewer import DEFAULT_SITE_ID
from forum.accounts.models import Account, Membership
from forum.app import create_app
from forum.articles.models import Site
from forum.cli import main
from forum.clock import now
from forum.db.base import Base, db
from forum.db.schema import bring_up_to_date, schema_head, schema_revision
from forum.db.transaction import reading, writing
from forum.paths import resource
from tests.conftest import SECRET, add_account, test_settings
from tests.db.catalogue import read_catalogue

MIGRATIONS = str(resource("migrations"))
Places = Callable[[str], Mapping[str, str]]


@pytest.fixture
def places(tmp_path: Path, database: str, postgresql: Callable[[str], str]) -> Places:
    """Return a function that gives the environment of a new installation on the test's kind of database."""

    def make(name: str) -> Mapping[str, str]:
        url = postgresql(name) if database == "postgresql" else f"sqlite:///{tmp_path / name / 'forum.sqlite3'}"
        kept = {key: value for key, value in os.environ.items() if not key.startswith("FORUM_")}
        return kept | {"FORUM_DATA_DIR": str(tmp_path / name), "FORUM_DATABASE_URL": url, "FORUM_SECRET_KEY": SECRET}

    return make


def application(place: Mapping[str, str]) -> Flask:
    return create_app(test_settings(Path(place["FORUM_DATA_DIR"]), place["FORUM_DATABASE_URL"]))


def in_a_process(work: Callable[[], object]) -> int:
    """Start ``work`` in a process of its own and return its id; ``outcome`` waits for it."""
    process = os.fork()
    if process == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return process


def outcome(process: int) -> int:
    """Return how a process ended: its exit code, or the negative signal that killed it."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def upgrade_and_be_killed(place: Mapping[str, str], moment: int | str) -> None:
    """Upgrade, and end by SIGKILL right after the statement ``moment``: a number of changes, or how it begins."""
    app, seen = application(place), 0

    def kill(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        nonlocal seen
        seen += statement.lstrip().startswith(("CREATE", "INSERT"))
        if seen == moment or statement.startswith(str(moment)):
            os.kill(os.getpid(), signal.SIGKILL)

    with app.app_context():
        event.listen(db.engine, "after_cursor_execute", kill)
        bring_up_to_date()


def upgrade_with_rivals(place: Mapping[str, str], ready: Path, rivals: int) -> None:
    """Wait until all rivals are ready, then upgrade."""
    with application(place).app_context():
        (ready / str(os.getpid())).touch()
        while len(list(ready.iterdir())) < rivals:
            pass
        bring_up_to_date()


def forum(monkeypatch: pytest.MonkeyPatch, app: Flask, *words: str) -> int | str | None:
    """Run the ``forum`` command on the application's database and return its exit code."""
    settings = app.extensions["forum_settings"]
    monkeypatch.setenv("FORUM_DATA_DIR", settings.data_dir)
    monkeypatch.setenv("FORUM_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("FORUM_SECRET_KEY", SECRET)
    monkeypatch.setattr(sys, "argv", ["forum", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


def engine_of(app: Flask) -> Engine:
    with app.app_context():
        return db.engine


def test_the_migrated_schema_is_the_models_own(make_app: Callable[..., Flask], places: Places) -> None:
    migrated = engine_of(make_app())
    place = places("models")
    Path(place["FORUM_DATA_DIR"]).mkdir()
    url = place["FORUM_DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://")
    made = create_engine(url)
    Base.metadata.create_all(made)
    from_models, from_migrations = read_catalogue(made), read_catalogue(migrated)
    made.dispose()
    index = {table for table in from_migrations if table.startswith("comment_words")}
    assert set(from_migrations) == set(Base.metadata.tables) | index
    assert set(from_models) == set(from_migrations)
    for table in from_models:
        for aspect, expected in from_models[table].items():
            assert from_migrations[table][aspect] == expected, (table, aspect)


def test_up_down_and_up_again(make_app: Callable[..., Flask]) -> None:
    app = make_app()
    with app.app_context():
        first = read_catalogue(db.engine)
        with writing() as session:
            add_account(session, "anna")
        flask_migrate.downgrade(directory=MIGRATIONS, revision="base")
        assert inspect(db.engine).get_table_names() == ["alembic_version"]
        with reading() as session:
            assert schema_revision(session) is None
        assert bring_up_to_date() is True
        assert bring_up_to_date() is False
        assert read_catalogue(db.engine) == first
        with reading() as session:
            assert schema_revision(session) == schema_head()
            assert session.scalars(select(Site.id)).all() == [DEFAULT_SITE_ID]
            assert session.scalar(select(func.count()).select_from(Account)) == 0


def test_nothing_is_left_to_migrate(make_app: Callable[..., Flask], capfd: pytest.CaptureFixture[str]) -> None:
    with make_app().app_context():
        flask_migrate.check(directory=MIGRATIONS)
        with db.engine.begin() as connection:
            connection.execute(text("DROP INDEX ix_comments_hidden"))
        with pytest.raises(SystemExit):
            flask_migrate.check(directory=MIGRATIONS)


def test_the_last_file_is_the_head(make_app: Callable[..., Flask]) -> None:
    with make_app().app_context():
        config = current_app.extensions["migrate"].migrate.get_config(MIGRATIONS)
        assert ScriptDirectory.from_config(config).get_heads() == [schema_head()]


def test_a_server_with_nothing_to_migrate_does_not_load_alembic() -> None:
    program = "import sys, forum.cli; sys.exit(any(name in sys.modules for name in ('alembic', 'flask_migrate')))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_there_is_one_site(make_app: Callable[..., Flask]) -> None:
    with make_app().app_context(), reading() as session:
        site = session.scalars(select(Site)).one()
        assert (site.id, site.slug) == (DEFAULT_SITE_ID, "main")
        assert site.created_at <= now()


def scratch_migrations(folder: Path, body: str) -> Path:
    """Return a copy of the migrations with one more, whose upgrade is ``body``."""
    copy = folder / "migrations"
    shutil.copytree(MIGRATIONS, copy, ignore=shutil.ignore_patterns("__pycache__"))
    lines = [
        "import sqlalchemy as sa",
        "from alembic import op",
        f"revision, down_revision, branch_labels, depends_on = '9001', '{schema_head()}', None, None",
        "def upgrade():",
    ]
    (copy / "versions" / "9001_scratch.py").write_text(
        "\n".join([*lines, *(f"    {line}" for line in body.splitlines()), "def downgrade(): pass"])
    )
    return copy


# A changed type: a plain ALTER on PostgreSQL, a new table in the old one's place on SQLite.
REBUILD = """with op.batch_alter_table("accounts") as batch:
    batch.alter_column("display_name", type_=sa.String(99), existing_type=sa.String(80), existing_nullable=False)"""


def test_a_rebuilt_parent_keeps_its_children(make_app: Callable[..., Flask], tmp_path: Path) -> None:
    app = make_app()
    with app.app_context():
        with writing() as session:
            account_id = add_account(session, "anna").id
            session.add(Membership(account_id=account_id, site_id=DEFAULT_SITE_ID, role="admin"))
        db.session.remove()
        flask_migrate.upgrade(directory=str(scratch_migrations(tmp_path, REBUILD)))
        assert read_catalogue(db.engine)["accounts"]["columns"]["display_name"]["type"] == "VARCHAR(99)"
        with reading() as session:
            assert session.scalar(select(Membership.role).where(Membership.account_id == account_id)) == "admin"
        with pytest.raises(IntegrityError), writing() as session:
            session.add(Membership(account_id=account_id + 1, site_id=DEFAULT_SITE_ID, role="admin"))


@pytest.mark.sqlite_only
def test_the_trap_is_real(make_app: Callable[..., Flask], tmp_path: Path) -> None:
    app = make_app()
    copy = scratch_migrations(tmp_path, REBUILD)
    guard = 'driver.execute("PRAGMA foreign_keys=OFF")'
    env = copy / "env.py"
    assert guard in env.read_text()
    env.write_text(env.read_text().replace(guard, "pass"))
    with app.app_context():
        with writing() as session:
            session.add(Membership(account_id=add_account(session, "anna").id, site_id=DEFAULT_SITE_ID, role="admin"))
        db.session.remove()
        flask_migrate.upgrade(directory=str(copy))
        with reading() as session:
            assert session.scalar(select(func.count()).select_from(Account)) == 1
            assert session.scalar(select(func.count()).select_from(Membership)) == 0, "without the guard in env.py the children are gone"


@pytest.mark.sqlite_only
def test_a_migration_that_breaks_foreign_keys_is_refused(make_app: Callable[..., Flask], tmp_path: Path) -> None:
    with make_app().app_context():
        copy = scratch_migrations(tmp_path, "op.execute(\"INSERT INTO memberships (account_id, site_id, role) VALUES (77, 1, 'admin')\")")
        with pytest.raises(SystemExit):
            flask_migrate.upgrade(directory=str(copy))
        with reading() as session:
            assert schema_revision(session) == schema_head()
            assert session.scalar(select(func.count()).select_from(Membership)) == 0
            assert session.scalar(text("SELECT 1")) == 1


def test_a_failing_migration_leaves_nothing_of_itself(make_app: Callable[..., Flask], tmp_path: Path) -> None:
    with make_app().app_context():
        before = read_catalogue(db.engine)
        copy = scratch_migrations(tmp_path, REBUILD + "\nraise RuntimeError('half way')")
        with pytest.raises(SystemExit):
            flask_migrate.upgrade(directory=str(copy))
        assert read_catalogue(db.engine) == before
        with reading() as session:
            assert schema_revision(session) == schema_head()


def test_killed_half_way_and_run_again(places: Places, make_app: Callable[..., Flask]) -> None:
    place = places("killed")
    for moment in (1, 9, 30, "INSERT INTO sites", "INSERT INTO alembic_version"):
        killed = in_a_process(lambda moment=moment: upgrade_and_be_killed(place, moment))  # type: ignore[misc]
        assert outcome(killed) == -signal.SIGKILL, moment
    with application(place).app_context():
        assert bring_up_to_date() is True
        assert read_catalogue(db.engine) == read_catalogue(engine_of(make_app()))
        with reading() as session:
            assert session.scalars(select(Site.id)).all() == [DEFAULT_SITE_ID]
        db.session.remove()
        db.engine.dispose()


def test_rivals_take_turns(places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place, ready, two = places("rivals"), tmp_path / "ready", scratch_migrations(tmp_path, REBUILD)
    ready.mkdir()
    for user in ("schema", "migrating"):
        monkeypatch.setattr(f"forum.db.{user}.resource", lambda name: two)
    rivals = [in_a_process(lambda: upgrade_with_rivals(place, ready, 4)) for _ in range(4)]
    assert [outcome(rival) for rival in rivals] == [0, 0, 0, 0]
    with application(place).app_context():
        with reading() as session:
            assert schema_revision(session) == "9001"
            assert session.scalars(select(Site.id)).all() == [DEFAULT_SITE_ID]
        db.session.remove()
        db.engine.dispose()


@pytest.mark.parametrize("words", [("serve", "--port", "1"), ("init",), ("demo",)], ids=lambda words: words[0])
def test_another_versions_schema_is_not_served(
    make_app: Callable[..., Flask], words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    app = make_app()
    with app.app_context(), writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    answer = app.test_client().get("/health/ready")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    capfd.readouterr()
    assert forum(monkeypatch, app, *words) == 1
    said = capfd.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1, said.err
    assert said.err.startswith("Error: ")
    assert "9999" in said.err
    assert schema_head() in said.err


def test_a_strangers_database_is_left_alone(
    make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    app = make_app()
    with app.app_context():
        flask_migrate.downgrade(directory=MIGRATIONS, revision="base")
        with db.engine.begin() as connection:
            connection.execute(text("DROP TABLE alembic_version"))
            connection.execute(text("CREATE TABLE something_else (id INTEGER)"))
        capfd.readouterr()
        assert forum(monkeypatch, app, "init") == 1
        assert capfd.readouterr().err.count("\n") == 1
        assert inspect(db.engine).get_table_names() == ["something_else"]
