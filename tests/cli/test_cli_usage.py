"""Wrong usage is exit code 2, and help is there for everything."""

import subprocess
import sys

import click
import pytest

from forum.cli import cli
from forum.transfer.command import import_command
from tests.cli.conftest import Forum


def _all(group: click.Group, before: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = []
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        found.append((*before, name))
        if isinstance(command, click.Group):
            found += _all(command, (*before, name))
    return found


@pytest.mark.parametrize("command", _all(cli), ids=" ".join)
def test_every_command_explains_itself(forum: Forum, command: tuple[str, ...]) -> None:
    done = forum(*command, "--help")
    assert done.code == 0
    assert f"forum {' '.join(command)}" in done.out or "Usage" in done.out
    options = [line for line in done.out.splitlines() if line.lstrip().startswith("--")]
    assert all(len(line.split(None, 1)) == 2 for line in options), "an option without a word about it"


@pytest.mark.parametrize(
    "typed",
    [
        ("nothing-of-ours",),
        ("--nothing",),
        ("init", "--nothing"),
        ("init", "extra"),
        ("serve", "--port", "0"),
        ("serve", "--port", "65536"),
        ("serve", "--port", "eighty"),
        ("serve", "--workers", "0"),
        ("serve", "--threads", "65"),
        ("account",),
        ("account", "create"),
        ("account", "create", "anna"),
        ("account", "create", "anna", "--email", "a@example.org", "--role", "king"),
        ("account", "role", "anna", "king"),
        ("account", "password"),
        ("db",),
        ("db", "downgrade"),
        ("import", "nothing-of-ours", "x"),
        ("import", "wordpress"),
    ],
    ids=" ".join,
)
def test_wrong_usage(forum: Forum, typed: tuple[str, ...]) -> None:
    done = forum(*typed)
    assert done.code == 2
    assert "Usage: " in done.out + done.err
    assert "Traceback" not in done.err


def test_version(forum: Forum) -> None:
    done = forum("--version")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("forum, version ")


def test_a_rooms_command_is_left_as_it_is() -> None:
    """The room's own tests, and whoever else imports it, run it in their application and not in the environment's."""
    command = cli.get_command(click.Context(cli), "import")
    assert command is not None
    assert command is not import_command
    assert command.callback is not import_command.callback
    assert command.params == import_command.params


def test_serving_imports_no_other_command() -> None:
    """A server's processes would carry them for as long as they run."""
    program = "import sys, forum.cli; print([name for name in sys.modules if name.endswith(('_command', '.command'))])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
