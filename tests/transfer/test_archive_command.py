"""``forum export``, ``backup``, ``restore`` and ``forum import forum``: files, pipes, secrets, what is told, what is left alone."""

import io
import json
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import func, select, text, update

from forum.accounts.models import Account
from forum.articles.models import Article
from forum.comments.models import Comment
from forum.comments.stance import Stance
from forum.db import migrating
from forum.db.schema import bring_up_to_date, schema_head, schema_revision
from forum.db.transaction import reading, writing
from forum.transfer import archive_restoring, archive_secret, archive_writing
from forum.transfer.archive_command import backup_command, export_command, restore_command
from forum.transfer.command import import_command
from tests.conftest import empty_database
from tests.stances.recount import find_miscounts
from tests.transfer.archives import Rows, changed, everything_in, make_archive, members, restored, rows_of
from tests.world import World, make_world

pytestmark = pytest.mark.postgresql_slow

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return a function that runs a command."""

    def invoke(command: Any, *arguments: object, **named: Any) -> Result:
        return CliRunner().invoke(command, [str(one) for one in arguments], **named)

    return invoke


def fill(app: Flask) -> None:
    """Make a small discussion."""
    world = make_world(app)
    top = world.comment(stance=Stance.SKEPTICISM)
    world.comment(by="author", parent_id=top)
    world.decision()
    world.enter("member").put(f"/comments/{top}/tag", {"stance": "agreement"})


def count(model: Any) -> int:
    with reading() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def test_a_file_is_for_its_owner_alone_and_replaces_nothing(app: Flask, run: Run, tmp_path: Path) -> None:
    fill(app)
    for command in (export_command, backup_command):
        file = tmp_path / f"{command.name}.zip"
        done = run(command, file)
        assert (done.exit_code, done.stdout) == (0, ""), done.output
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        first = file.read_bytes()
        again = run(command, file)
        assert again.exit_code == 1
        assert "is there already: choose another name, or add --force" in again.stderr
        assert file.read_bytes() == first
        assert run(command, file, "--force").exit_code == 0
        assert file.read_bytes() != first
    assert sorted(one.name for one in tmp_path.iterdir()) == ["backup.zip", "export.zip"]


def test_a_write_that_fails_leaves_nothing(app: Flask, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(app)
    assert "cannot be written: No such file or directory." in run(export_command, tmp_path / "nowhere" / "x.zip").stderr

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    done = run(backup_command, tmp_path / "x.zip")
    assert (done.exit_code, list(tmp_path.iterdir())) == (1, [])
    assert "No space left on device" in done.stderr


def test_where_a_file_system_knows_no_links_the_file_is_renamed(
    app: Flask, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    assert run(export_command, tmp_path / "x.zip").exit_code == 0
    assert [one.name for one in tmp_path.iterdir()] == ["x.zip"]


def test_an_export_holds_no_secret(app: Flask, run: Run, tmp_path: Path) -> None:
    fill(app)
    run(export_command, tmp_path / "x.zip")
    content = members((tmp_path / "x.zip").read_bytes())
    manifest, rows = json.loads(content["manifest.json"]), rows_of((tmp_path / "x.zip").read_bytes())
    assert (manifest["secrets"], manifest["secret_key"]) == (False, False)
    assert b"argon2" not in b"".join(content.values())
    assert "password_hash" not in rows["accounts"][0]
    assert "accounts.password_hash" in manifest["left_out"]["columns"]
    assert "sign_ins" in manifest["left_out"]["tables"]
    assert not {"sign_ins", "webhooks", "mails"} & rows.keys()


def test_through_a_pipe(app: Flask, run: Run, make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch) -> None:
    fill(app)
    sent = run(backup_command, "-")
    assert sent.exit_code == 0, sent.stderr
    assert "rows of" in sent.stderr
    there = make_app()
    with there.app_context():
        done = run(restore_command, "-", input=sent.stdout_bytes)
    assert done.exit_code == 0, done.output
    assert everything_in(there, secrets=True) == everything_in(app, secrets=True)

    class Terminal(io.BytesIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdout", Terminal())
    with pytest.raises(Exception, match="an archive is no text"):
        export_command.main(["-"], standalone_mode=False)


def test_the_secret_comes_with_a_backup(run: Run, make_app: Callable[..., Flask], tmp_path: Path) -> None:
    one, two = make_app(secret_key=""), make_app(secret_key="")
    mine, other = (tmp_path / name / "secret_key" for name in ("data0", "data1"))
    first, second = mine.read_bytes(), other.read_bytes()
    with one.app_context():
        run(backup_command, tmp_path / "b.zip")
    with two.app_context():
        tried = run(restore_command, tmp_path / "b.zip", "--dry-run")
        assert (tried.exit_code, other.read_bytes()) == (0, second)
        done = run(restore_command, tmp_path / "b.zip")
    assert "the one that was here is kept in secret_key.before-restore" in done.stdout
    assert other.read_bytes() == first
    assert (other.parent / "secret_key.before-restore").read_bytes() == second
    assert stat.S_IMODE(other.stat().st_mode) == 0o600


@pytest.mark.slow
def test_a_secret_is_put_back_when_nothing_is_restored(
    run: Run, make_app: Callable[..., Flask], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = make_app(secret_key=""), make_app(secret_key="")
    second = (tmp_path / "data1" / "secret_key").read_bytes()
    with one.app_context():
        run(backup_command, tmp_path / "b.zip")
    place = archive_secret.place_secret

    def placed_and_failed(*given: Any) -> Any:
        yield from place(*given)
        raise KeyboardInterrupt

    monkeypatch.setattr(archive_restoring, "place_secret", placed_and_failed)
    with two.app_context():
        assert run(restore_command, tmp_path / "b.zip").exit_code != 0
    assert (tmp_path / "data1" / "secret_key").read_bytes() == second
    assert not (tmp_path / "data1" / "secret_key.before-restore").exists()


@pytest.mark.slow
def test_a_secret_of_the_settings_is_told_of(run: Run, make_app: Callable[..., Flask], tmp_path: Path) -> None:
    set_here, made_here, other = make_app(), make_app(secret_key=""), make_app(secret_key="another secret for tests, long enough")
    with set_here.app_context():
        run(backup_command, tmp_path / "set.zip")
    with made_here.app_context():
        run(backup_command, tmp_path / "made.zip")
        assert "set FORUM_SECRET_KEY to the same here" in run(restore_command, tmp_path / "set.zip").stdout
    with other.app_context():
        assert "FORUM_SECRET_KEY is set here and is another one" in run(restore_command, tmp_path / "made.zip").stdout


def test_refusals_are_one_sentence(app: Flask, run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"no")
    done = run(restore_command, tmp_path / "x.zip", "--json")
    assert done.exit_code == 1
    assert "no archive of a forum" in json.loads(done.stdout)["refused"]
    assert done.stderr.startswith("Error: Nothing was restored. x.zip: ")
    assert "Traceback" not in done.output


def test_importing_into_an_empty_database_restores_and_again_changes_nothing(app: Flask, run: Run, tmp_path: Path) -> None:
    fill(app)
    run(export_command, tmp_path / "x.zip")
    before = everything_in(app, secrets=False)
    empty_database()
    tried = run(import_command, "forum", tmp_path / "x.zip", "--dry-run", "--json")
    assert tried.exit_code == 0, tried.output
    assert count(Account) == 0
    done = run(import_command, "forum", tmp_path / "x.zip", "--json")
    report = json.loads(done.stdout)
    assert {name: one for name, one in report.items() if name != "dry_run"} == {
        name: one for name, one in json.loads(tried.stdout).items() if name != "dry_run"
    }
    assert report["comments"]["created"] == report["comments"]["in_file"] == len(before["comments"])
    assert any("moderation log of 'main': whole" in note for note in report["notes"])
    assert any("holds no passwords" in note for note in report["notes"])
    assert everything_in(app, secrets=False) == before
    again = json.loads(run(import_command, "forum", tmp_path / "x.zip", "--json").stdout)
    assert again["comments"] | {"in_file": 0, "already_here": 0} == dict.fromkeys(again["comments"], 0)
    assert again["notes"] == ["All of it is here already; nothing was changed."]
    assert everything_in(app, secrets=False) == before


def test_an_archive_of_a_discussion_that_has_gone_on_changes_nothing(app: Flask, run: Run, tmp_path: Path) -> None:
    fill(app)
    run(export_command, tmp_path / "x.zip")
    with writing() as session:
        session.execute(update(Article).values(title="Another title"))
        session.execute(text("DELETE FROM tags"))
    before = everything_in(app, secrets=False)
    done = json.loads(run(import_command, "forum", tmp_path / "x.zip", "--json").stdout)
    assert (done["tables"]["articles"]["differs"], done["tables"]["tags"]["missing"]) == (1, 1)
    assert "one has gone on since the other; nothing was changed" in done["notes"][0]
    assert everything_in(app, secrets=False) == before


def test_into_another_discussion_it_is_imported_like_any_other(
    app: Flask, run: Run, make_app: Callable[..., Flask], tmp_path: Path
) -> None:
    fill(app)
    with writing() as session:
        session.execute(update(Article).values(url="https://blog.example/a", body_md=None))
        session.execute(text("UPDATE sites SET created_at = '2020-01-01 00:00:00'"))
    run(export_command, tmp_path / "x.zip")
    there = make_app(rate_limits="off")
    with there.app_context():
        fill(there)
        here = (count(Comment), count(Account), count(Article))
        tried = run(import_command, "forum", tmp_path / "x.zip", "--dry-run", "--json")
        done = run(import_command, "forum", tmp_path / "x.zip", "--json")
        report = json.loads(done.stdout)
        assert report["comments"]["created"] == 2, done.output
        assert json.loads(tried.stdout)["comments"] == report["comments"]
        assert (count(Comment), count(Account), count(Article)) == (here[0] + 2, here[1] + 2, here[2] + 1)
        left = {
            reason["why"].rpartition("'")[0].rpartition("'")[2]: reason["count"]
            for reason in report["left_out"]
            if reason["kind"] == "record"
        }
        held = rows_of((tmp_path / "x.zip").read_bytes())
        assert left == {name: len(rows) for name, rows in held.items() if rows and name not in ("accounts", "articles", "comments")}
        with reading() as session:
            new = session.scalars(select(Comment).order_by(Comment.id.desc()).limit(2)).all()
            assert [one.stance for one in new] == [None, "skepticism"]
            assert new[0].parent_id == new[1].id
            assert new[0].body_md == "A word."
            assert find_miscounts(session) == []
        again = json.loads(run(import_command, "forum", tmp_path / "x.zip", "--json").stdout)
        assert (again["comments"]["created"], again["comments"]["already_here"]) == (0, 2)
        assert count(Comment) == here[0] + 2


def _as_of_0006(manifest: Any, schema: Any, rows: Rows) -> None:
    manifest["schema_revision"] = "0006"
    gone = {"articles": {"merged_into_id"}}
    schema["tables"] = [table for table in schema["tables"] if not table["name"].startswith("article_change")]
    for table in schema["tables"]:
        table["columns"] = [column for column in table["columns"] if column["name"] not in gone.get(table["name"], ())]
        for row in rows[table["name"]]:
            for name in gone.get(table["name"], ()):
                del row[name]
    for name in [name for name in rows if name.startswith("article_change")]:
        del rows[name]


def test_an_archive_of_an_older_schema_is_brought_up_to_date(app: Flask, make_app: Callable[..., Flask]) -> None:
    fill(app)
    older = changed(make_archive(app, secrets=True), _as_of_0006)
    there = make_app()
    assert "only its form was checked" in "".join(restored(there, older, dry_run=True).notes)
    report = restored(there, older)
    assert f"was made with the schema 0006, and was brought up to this version's, {schema_head()}" in report.notes[-1]
    with there.app_context(), reading() as session:
        assert schema_revision(session) == schema_head()
    assert everything_in(there, secrets=True) == everything_in(app, secrets=True)


@pytest.mark.slow
def test_a_broken_archive_of_an_older_schema_leaves_an_empty_database(app: Flask, make_app: Callable[..., Flask]) -> None:
    fill(app)

    def broken(manifest: Any, schema: Any, rows: Rows) -> None:
        _as_of_0006(manifest, schema, rows)
        rows["comments"][-1]["author_id"] = 999

    there = make_app()
    with pytest.raises(Exception, match="refuses a row"):
        restored(there, changed(make_archive(app, secrets=True), broken))
    assert everything_in(there, secrets=True)["accounts"] == []
    with there.app_context(), reading() as session:
        assert schema_revision(session) == schema_head()


@pytest.mark.slow
def test_a_database_without_tables_gets_them(app: Flask, make_app: Callable[..., Flask]) -> None:
    fill(app)
    there = make_app()
    with there.app_context():
        migrating.downgrade("base")
    restored(there, make_archive(app))
    assert everything_in(there, secrets=False) == everything_in(app, secrets=False)
    with there.app_context():
        assert not bring_up_to_date()


@pytest.mark.slow
def test_ids_go_on_behind_the_last_one(app: Flask, make_app: Callable[..., Flask]) -> None:
    fill(app)
    there = make_app(rate_limits="off")
    restored(there, make_archive(app))
    with there.app_context(), reading() as session:
        last = session.scalar(select(func.max(Comment.id))) or 0
        world_ids = {account.handle: account.id for account in session.scalars(select(Account))}
        article_id = session.scalars(select(Article.id)).one()
    with there.app_context():
        assert World(there, world_ids, article_id).comment() == last + 1
        made = World(there, world_ids, article_id).enter("member").post(f"/articles/{article_id}/comments", {"body_md": "Here again."})
    assert (made.status_code, made.json["id"]) == (201, last + 2)


def test_memory_does_not_grow_with_rows_in_a_batch(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows are read and written in pieces: a smaller piece gives the same file."""
    fill(app)
    whole = make_archive(app)
    monkeypatch.setattr(archive_writing, "PREFETCH", 1)
    assert {name: one for name, one in members(make_archive(app)).items() if name != "manifest.json"} == {
        name: one for name, one in members(whole).items() if name != "manifest.json"
    }
    with ZipFile(io.BytesIO(whole)) as opened:
        assert opened.namelist()[0] == "schema.json"
        assert opened.namelist()[-1] == "manifest.json"
