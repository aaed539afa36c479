"""``forum demo``: into an empty database, once; never into somebody's discussion."""

import re
import stat
from pathlib import Path

from tests.cli.conftest import Forum

PEOPLE = re.compile(r"^  (reader|author|moderator) +([a-z]+) +password (\S{12})$", re.MULTILINE)


def test_demo_loads_once_and_shows_who_can_sign_in(installed: Forum, folder: Path) -> None:
    first = installed("demo")
    assert (first.code, first.err) == (0, "")
    assert first.out.startswith("Loaded the demo discussion: ")
    people = PEOPLE.findall(first.out)
    assert {kind for kind, _, _ in people} == {"reader", "author", "moderator"}
    assert len({password for _, _, password in people}) == 1
    assert stat.S_IMODE((folder / "demo_password").stat().st_mode) == 0o600
    again = installed("demo")
    assert (again.code, again.err) == (0, "")
    assert "Loaded" not in again.out
    assert PEOPLE.findall(again.out) == people


def test_demo_makes_the_database_by_itself(forum: Forum) -> None:
    assert PEOPLE.search(forum("demo").out)


def test_demo_leaves_a_discussion_alone(installed: Forum) -> None:
    installed("account", "create", "anna", "--email", "anna@example.org", "--password-stdin", typed="correct horse battery\n")
    assert "not empty, and what is in it is not the demo. Set FORUM_DATA_DIR" in installed("demo").refusal


def test_a_forgotten_password_file_of_another_database_says_nothing(installed: Forum, folder: Path) -> None:
    """The folder may be kept while the database behind it is another one: its people have other passwords, or none."""
    installed("account", "create", "anna", "--email", "anna@example.org", "--password-stdin", typed="correct horse battery\n")
    (folder / "demo_password").write_text("of-another-database\n")
    assert "not the demo" in installed("demo").refusal


def test_a_password_that_was_changed_is_not_shown(installed: Forum) -> None:
    (_, handle, password) = PEOPLE.findall(installed("demo").out)[0]
    installed("account", "password", handle, "--password-stdin", typed="another good one\n")
    again = installed("demo")
    assert again.code == 0
    assert handle not in [shown for _, shown, _ in PEOPLE.findall(again.out)]
    assert f"{handle} " in again.out
    assert again.out.count(password) == 2
