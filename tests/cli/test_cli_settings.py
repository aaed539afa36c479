"""``forum settings``: every setting, what it is worth now and where that came from; what is secret stays so."""

import json
from pathlib import Path

import pytest

from forum.settings import Settings, mask_password
from tests.cli.conftest import Forum


def test_every_setting_is_listed(forum: Forum, folder: Path) -> None:
    done = forum("settings")
    assert (done.code, done.err) == (0, "")
    names = [line.split(" = ")[0] for line in done.out.splitlines() if line.startswith("FORUM_")]
    assert names == [f"FORUM_{name.upper()}" for name in Settings.__struct_fields__]
    assert f"FORUM_DATA_DIR = {folder}   [environment]" in done.out
    assert "FORUM_THREADS = 8   [default]" in done.out
    assert "FORUM_DATABASE_URL = (empty)   [default]" in done.out
    assert not folder.exists(), "looking changes nothing"


def test_as_json_with_a_file(forum: Forum, tmp_path: Path) -> None:
    file = tmp_path / "forum.toml"
    file.write_text('site_name = "Talk"\nthreads = 4\nsecret_key = "the secret that nobody must see anywhere"\n')
    done = forum("settings", "--json", config=file, threads=2)
    rows = {row["name"]: row for row in json.loads(done.out)}
    assert set(rows["FORUM_THREADS"]) == {"name", "kind", "default", "meaning", "value", "source"}
    assert (rows["FORUM_THREADS"]["value"], rows["FORUM_THREADS"]["source"]) == ("2", "environment")
    assert (rows["FORUM_SITE_NAME"]["value"], rows["FORUM_SITE_NAME"]["source"]) == ("Talk", str(file))
    assert rows["FORUM_SECRET_KEY"]["value"] == "…"
    assert rows["FORUM_REGISTRATION"]["kind"] == "open or closed"
    assert "nobody must see" not in done.out + done.err


def test_a_file_with_an_unknown_name(forum: Forum, tmp_path: Path) -> None:
    file = tmp_path / "forum.toml"
    file.write_text("colour = 'red'\n")
    assert forum("settings", config=file).refusal.startswith("'colour' in ")
    file.write_text("colour = \n")
    assert "is not valid TOML" in forum("settings", config=file).refusal
    assert "cannot be read: Is a directory" in forum("settings", config=tmp_path).refusal


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://forum:s3cret@db.example.org/forum", "postgresql://forum:…@db.example.org/forum"),
        ("postgresql://forum:forum@forum/forum", "postgresql://forum:…@forum/forum"),
        ("postgresql://forum:s#3/c?r@e:t@db/forum", "postgresql://forum:…@db/forum"),
        ("postgresql://db/forum?user=forum&password=s3cret&sslmode=require", "postgresql://db/forum?user=forum&password=…&sslmode=require"),
        ("postgresql://db/forum?sslpassword=s3cret", "postgresql://db/forum?sslpassword=…"),
        ("postgresql://forum@db/forum", "postgresql://forum@db/forum"),
        ("sqlite:////srv/forum/forum.sqlite3", "sqlite:////srv/forum/forum.sqlite3"),
        ("file:", "file:"),
        ("", ""),
    ],
)
def test_passwords_are_masked_wherever_they_stand(address: str, shown: str) -> None:
    assert mask_password(address) == shown


def test_the_database_is_shown_without_its_password(forum: Forum) -> None:
    done = forum("settings", database_url="postgresql://forum:s3cret@db.example.org/forum")
    assert "postgresql://forum:…@db.example.org/forum" in done.out
    assert "s3cret" not in done.out + done.err
