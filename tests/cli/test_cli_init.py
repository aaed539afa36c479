"""``forum init``: a database and a secret from nothing; and everything that can be wrong with where they are to be."""

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from forum.secret import ensure_secret
from forum.settings import SettingsError
from tests.cli.conftest import Forum


def test_init_makes_a_database_and_says_where(forum: Forum, folder: Path) -> None:
    first = forum("init")
    assert (first.code, first.err) == (0, "")
    assert first.out == f"Brought up to date: sqlite:///{folder}/forum.sqlite3\n"
    again = forum("init")
    assert again.out == f"Up to date already: sqlite:///{folder}/forum.sqlite3\n"
    assert {"forum.sqlite3", "secret_key"} <= {path.name for path in folder.iterdir()}


def test_init_on_each_database(installed: Forum) -> None:
    assert installed("init").out.startswith("Up to date already: ")


def test_the_secret_is_its_owners_alone(forum: Forum, folder: Path) -> None:
    forum("init")
    secret = folder / "secret_key"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert len(secret.read_text()) >= 32
    before = secret.read_text()
    forum("init")
    assert secret.read_text() == before
    assert sorted(path.name for path in folder.glob(".*")) == [], "the draft of the secret is gone"


def test_a_given_secret_is_not_written(forum: Forum, folder: Path) -> None:
    assert forum("init", secret_key="x" * 32).code == 0
    assert not (folder / "secret_key").exists()


def test_who_comes_second_takes_the_first_ones_secret(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = os.link

    def lose(draft: Path, path: Path) -> None:
        path.write_text("the secret of the one who was faster, and long enough")
        link(draft, path)

    monkeypatch.setattr(os, "link", lose)
    assert ensure_secret(folder) == "the secret of the one who was faster, and long enough"
    monkeypatch.undo()
    assert ensure_secret(folder) == "the secret of the one who was faster, and long enough"


def test_a_short_secret_is_refused(forum: Forum, folder: Path) -> None:
    assert "FORUM_SECRET_KEY is shorter than 32" in forum("init", secret_key="short").refusal
    folder.mkdir()
    (folder / "secret_key").write_text("short")
    assert "fewer than 32 characters; delete it" in forum("init").refusal
    with pytest.raises(SettingsError):
        ensure_secret(folder)


def test_three_that_start_at_once_agree(bare: None, folder: Path) -> None:
    program = [str(Path(sys.executable).parent / "forum"), "init"]
    rivals = [subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    said = [rival.communicate(timeout=60) for rival in rivals]
    assert [rival.returncode for rival in rivals] == [0, 0, 0], said
    assert sum(out.startswith("Brought up to date") for out, _ in said) == 1, said
    assert len((folder / "secret_key").read_text()) >= 32
    with sqlite3.connect(folder / "forum.sqlite3") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("SELECT count(*) FROM sites").fetchone() == (1,)


def test_a_data_folder_that_cannot_be_made(forum: Forum, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    refusal = forum("init", data_dir=tmp_path / "file" / "data").refusal
    assert "cannot be used: Not a directory. Set FORUM_DATA_DIR" in refusal


def test_a_file_that_is_no_database(forum: Forum, folder: Path) -> None:
    folder.mkdir()
    (folder / "forum.sqlite3").write_text("These are the voyages of a text file that is longer than a header.\n" * 9)
    assert forum("init").refusal == "The database refused: file is not a database (FORUM_DATABASE_URL says where it is)."


def test_a_server_that_is_not_there(forum: Forum) -> None:
    refusal = forum("init", database_url="postgresql://anna:hunter2hunter2@127.0.0.1:1/forum").refusal
    assert "Connection refused" in refusal
    assert "hunter2" not in refusal


def test_a_database_of_another_version(forum: Forum, folder: Path) -> None:
    forum("init")
    with sqlite3.connect(folder / "forum.sqlite3") as database:
        database.execute("UPDATE alembic_version SET version_num = 'of-tomorrow'")
    for command in (("init",), ("serve",), ("demo",)):
        assert "The database has the schema of-tomorrow" in forum(*command).refusal


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"nothing": "1"}, "FORUM_NOTHING is not a setting; 'forum settings' lists every one."),
        ({"threads": "many"}, "FORUM_THREADS: Expected `int`, got `str`. 'forum settings' lists every setting."),
        ({"threads": "0"}, "FORUM_THREADS: Expected `int` >= 1. 'forum settings' lists every setting."),
        ({"registration": "maybe"}, "FORUM_REGISTRATION: Invalid enum value 'maybe'. 'forum settings' lists every setting."),
        ({"comment_rate": "often"}, "FORUM_COMMENT_RATE: 'often' is not a rate; write a count and a span, such as 30/10m or 200/d."),
        ({"base_url": "talk.example.org"}, "FORUM_BASE_URL must be an address such as https://talk.example.org, without a path."),
        ({"database_url": "mysql://x/y"}, "FORUM_DATABASE_URL must begin with sqlite:/// and a file, or with postgresql://."),
        ({"database_url": "sqlite:///:memory:"}, "FORUM_DATABASE_URL must begin with sqlite:/// and a file, or with postgresql://."),
        ({"database_url": "postgresql://u:p@h:port/d"}, "FORUM_DATABASE_URL cannot be read: write postgresql://"),
        ({"languages": " "}, "FORUM_LANGUAGES is empty; leave it out for English."),
        ({"languages": "en ../en"}, "FORUM_LANGUAGES: there is no translation to '../en' yet; leave it out."),
        (
            {"mail_url": "http://h"},
            "FORUM_MAIL_URL must be smtp://user:password@host:port, smtps://…, console:, file: or file:/path, with special characters as %XX.",
        ),
        ({"mail_url": "smtp://h:x"}, "FORUM_MAIL_URL must be smtp://user:password@host:port"),
        ({"mail_from": "nobody"}, "FORUM_MAIL_FROM must be an address such as forum@example.org, or 'A name <forum@example.org>'."),
        ({"redis_url": "http://h"}, "FORUM_REDIS_URL must be an address such as redis://:password@host:6379/0"),
        ({"hold_first_comments": "some"}, "FORUM_HOLD_FIRST_COMMENTS: Expected `str` matching regex"),
        ({"config": "/nowhere/forum.toml"}, "FORUM_CONFIG names /nowhere/forum.toml, which cannot be read: No such file or directory."),
    ],
    ids=lambda value: next(iter(value.items()))[0] if isinstance(value, dict) else "",
)
@pytest.mark.parametrize("command", ["init", "serve"])
def test_a_wrong_setting_is_one_sentence(forum: Forum, folder: Path, settings: dict[str, str], said: str, command: str) -> None:
    assert forum(command, **settings).refusal.startswith(said)
    assert not folder.exists(), "nothing is made of what is wrong"
