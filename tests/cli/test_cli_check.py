"""``forum check``: exit code and words; what is found is tested in tests/operating."""

import json

import pytest
from sqlalchemy import text

from forum.db.transaction import writing
from tests.cli.conftest import Forum
from tests.cli.test_cli_article import make
from tests.cli.test_cli_mail import inside

pytestmark = pytest.mark.postgresql_slow


def spoil() -> None:
    with writing() as session:
        session.execute(text("UPDATE articles SET comment_count = 7 WHERE id = 1"))
        session.execute(text("UPDATE articles SET merged_into_id = 99 WHERE id = 2"))


def test_clean_wrong_mended(installed: Forum) -> None:
    inside(make)
    done = installed("check")
    assert (done.code, done.out.splitlines()[-1]) == (0, "Everything is as it must be.")
    inside(spoil)
    done = installed("check")
    assert done.code == 1
    assert "        article 1: comment_count is 7, and must be 1\n" in done.out
    assert done.out.splitlines()[-1] == "2 faults left. 'forum check --repair' mends what is only derived."
    report = json.loads(installed("check", "--json", "--only", "articles", "--only", "merges").out)
    assert report["faults_left"] == 2
    assert [check["name"] for check in report["checks"]] == ["articles", "merges"]
    done = installed("check", "--repair")
    assert done.code == 1, "what leads nowhere is nothing that a program can know"
    assert "mended  articles: 1 fault, 1 mended\n" in done.out
    assert "'forum article undo' takes it back" in done.out
    assert done.out.splitlines()[-1] == "1 fault left."
    assert installed("check", "--only", "articles").code == 0


def test_wrong_use(installed: Forum) -> None:
    assert installed("check", "--only", "nothing").code == 2
