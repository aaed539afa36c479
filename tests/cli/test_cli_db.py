"""``forum db``: up, down, up again, where it stands."""

from tests.cli.conftest import Forum


def test_up_and_down_and_up_again(installed: Forum) -> None:
    head = installed("db", "current").out
    assert head.startswith("The database is at ")
    found, _, needed = head.removeprefix("The database is at ").rstrip(".\n").partition("; this version needs ")
    assert found == needed
    down = installed("db", "downgrade", "base")
    assert (down.code, down.out) == (0, f"The database is at nothing yet; this version needs {needed}.\n")
    up = installed("db", "upgrade")
    assert (up.code, up.out) == (0, head)
    assert installed("db", "current").out == head


def test_before_anything_is_there(forum: Forum) -> None:
    done = forum("db", "current")
    assert done.code == 0
    assert done.out.startswith("The database is at nothing yet; this version needs ")


def test_a_revision_that_does_not_exist(installed: Forum) -> None:
    for command in (("db", "upgrade", "nothing"), ("db", "downgrade", "nothing")):
        assert "nothing" in installed(*command).refusal


def test_analyze(installed: Forum) -> None:
    assert installed("db", "analyze").out == "Done.\n"
