"""``forum import``: what it prints where, and its exit codes."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select

from forum.comments.models import Comment
from forum.db.transaction import reading
from forum.transfer.command import import_command
from tests.transfer.xml_samples import disqus, post, thread

DATA = Path(__file__).parents[1] / "data" / "import"

pytestmark = pytest.mark.usefixtures("app")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(import_command, list(arguments))


def count_comments() -> int:
    with reading() as session:
        return session.scalar(select(func.count()).select_from(Comment)) or 0


def test_the_report_is_on_stdout_and_progress_on_stderr() -> None:
    done = run("disqus", str(DATA / "isso-disqus.xml"))
    assert done.exit_code == 0, done.output
    assert "comments" in done.stdout
    assert "its article is not in the file" in done.stdout
    assert "Reading" in done.stderr
    assert "Writing" in done.stderr
    assert "Reading" not in done.stdout
    assert count_comments() == 5


def test_the_report_as_json_counts_everything_once() -> None:
    report = json.loads(run("wordpress", str(DATA / "isso-wordpress.xml"), "--json").stdout)
    assert report["comments"] == {"in_file": 8, "created": 8, "matched": 0, "already_here": 0, "placeholders": 0, "left_out": 0}
    assert (report["format"], report["file"], report["dry_run"]) == ("wordpress", "isso-wordpress.xml", False)
    (website,) = [reason for reason in report["left_out"] if reason["kind"] == "website"]
    assert website == {
        "kind": "website",
        "why": "people have no website here",
        "count": 1,
        "samples": [{"external_id": "http://example.tld/2014/test/#comment-2", "sample": "http://example.tld/"}],
    }


def test_a_dry_run_says_so_and_writes_nothing() -> None:
    done = run("wordpress", str(DATA / "isso-wordpress.xml"), "--dry-run")
    assert done.exit_code == 0
    assert "a dry run, nothing was written" in done.stdout
    assert count_comments() == 0


@pytest.mark.parametrize("file", ["disqus-remark42.xml", "disqus-remark42.trimmed.xml", "isso-wordpress.xml", ""])
def test_a_refused_file_is_one_sentence_and_exit_code_1(file: str) -> None:
    done = run("disqus", str(DATA / file), "--json")
    assert done.exit_code == 1
    (error,) = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
    assert error.startswith("Error: Nothing was imported. ")
    assert json.loads(done.stdout)["refused"] in error
    assert "Traceback" not in done.output
    assert count_comments() == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("myspace", str(DATA / "isso-disqus.xml")),
        ("disqus", str(DATA / "missing.xml")),
        ("disqus", str(DATA / "isso-disqus.xml"), "--site", "nowhere"),
        ("disqus",),
    ],
)
def test_wrong_usage_is_exit_code_2(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2


def test_what_a_file_says_cannot_steer_the_terminal(tmp_path: Path) -> None:
    file = tmp_path / "disqus.xml"
    file.write_text(disqus(thread(), post("\u009b31mred", "<p>\u009b2J\u202eevil</p>", thread="lost")), encoding="utf-8")
    done = run("disqus", str(file))
    assert "31mred" in done.stdout
    assert not any(bad in done.stdout for bad in "\u009b\u202e\x1b")


def test_where_the_pages_are_is_asked_for_when_a_file_does_not_say() -> None:
    isso = str(DATA / "isso-0.14.0-from-wordpress.sqlite")
    refused = run("isso", isso)
    assert refused.exit_code == 1
    assert "say where they are, for example --base-url https://blog.example." in refused.stderr
    assert count_comments() == 0
    assert run("isso", isso, "--base-url", "https://example.tld").exit_code == 0
    assert count_comments() == 8


def test_only_what_is_newer_than_a_date() -> None:
    done = run("wordpress", str(DATA / "isso-wordpress.xml"), "--since", "2022-06-06")
    assert done.exit_code == 0
    assert "it is older than the date that was asked for" in done.stdout
    assert count_comments() == 2


@pytest.mark.parametrize(
    ("option", "value"), [("--since", "yesterday"), ("--since", "2999-01-01"), ("--base-url", "blog.example"), ("--base-url", "/")]
)
def test_a_date_or_address_that_is_none_is_wrong_usage(option: str, value: str) -> None:
    done = run("isso", str(DATA / "isso-0.14.0-from-wordpress.sqlite"), option, value)
    assert done.exit_code == 2
    assert option in done.stderr


def test_another_systems_file_is_told_by_its_beginning() -> None:
    done = run("disqus", str(DATA / "remark42-backup.ndjson.gz"))
    assert done.exit_code == 1
    assert "Use 'forum import remark42 remark42-backup.ndjson.gz'." in done.stderr
