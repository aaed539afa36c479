"""What the documents promise is there, and what is there is in the documents."""

import re
import tomllib
from importlib.metadata import version
from typing import Any

import click
import pytest

from forum.access.permissions import Permission
from forum.access.viewer import Role
from forum.cli import cli
from forum.settings import Described, describe_settings
from tests.architecture.source import ROOMS, ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))

_CONTEXT = click.Context(cli)
ALL_COMMANDS = {name: command for name in cli.list_commands(_CONTEXT) if (command := cli.get_command(_CONTEXT, name)) is not None}


def _table() -> dict[str, list[str]]:
    """Return the rows of the README's table of settings by name: type, default, meaning."""
    rows = re.findall(r"^\| `(FORUM_\w+)` \| (.*) \|$", README, re.MULTILINE)
    return {name: [cell.strip() for cell in rest.split(" | ")] for name, rest in rows}


@pytest.mark.parametrize("setting", describe_settings({}), ids=lambda setting: setting.name)
def test_every_setting_is_in_the_readme_as_it_is(setting: Described) -> None:
    kind, default, meaning = _table()[setting.name]
    assert meaning == setting.meaning
    assert default.strip("`") == (setting.default or "empty")
    assert {part.strip("` ") for part in re.split(r",| or ", kind)} == set(setting.kind.split(" or "))


def test_the_readme_knows_no_other_setting() -> None:
    assert set(_table()) == {setting.name for setting in describe_settings({})}
    known = set(_table()) | {"FORUM_CONFIG"}
    for file in sorted(ROOT.glob("*.md")):
        named = set(re.findall(r"\bFORUM_[A-Z_]+[A-Z]\b", file.read_text(encoding="utf-8")))
        assert named - known <= {"FORUM_TEST_PG_URL"}, file.name


def test_every_command_is_in_the_readme() -> None:
    for name, command in ALL_COMMANDS.items():
        assert f"`forum {name}" in README
        assert command.help, name
        if isinstance(command, click.Group):
            assert all(sub in README for sub in command.commands), name


def test_every_command_and_target_that_a_document_names_is_there() -> None:
    for file in sorted(ROOT.glob("*.md")):
        text = file.read_text(encoding="utf-8")
        lines = [*re.findall(r"^\$ (.+)$", text, re.MULTILINE), *re.findall(r"`([^`\n]+)`", text)]
        assert {words[1] for line in lines if (words := line.split())[0] == "make" and words[1:]} <= TARGETS, file.name
        assert {words[1] for line in lines if (words := line.split())[0] == "forum" and words[1:]} <= set(ALL_COMMANDS), file.name


def test_the_readme_begins_with_the_two_commands() -> None:
    first = re.findall(r"```console\n(.*?)```", README, re.DOTALL)[0]
    assert first.split("\n")[:2] == ["$ make run", "$ make test"]


def test_every_target_says_what_it_does() -> None:
    phony = set(re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)[1].split())  # type: ignore[index]
    assert phony == TARGETS
    assert {name for name, _ in re.findall(r"^([a-z-]+):.*## (.+)$", MAKEFILE, re.MULTILINE)} == TARGETS - {
        "chromium",
        "provider",
        "php",
        "nginx",
        "redis",
        "wrk",
        "strace",
    }


def test_what_a_document_points_to_is_there() -> None:
    for file in sorted(ROOT.glob("*.md")):
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", file.read_text(encoding="utf-8")):
            assert (ROOT / target).exists(), f"{file.name} points to {target}"


def test_files_that_the_floor_plan_names_are_there() -> None:
    for path in re.findall(r"`((?:forum/)?(?:\w+/)+\w+\.\w+)`", ARCHITECTURE):
        assert (ROOT / path).exists() or (ROOT / "forum" / path).exists(), path


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_is_on_the_floor_plan(room: str) -> None:
    plan = re.search(r"## Floors\s+```\n(.*?)```", ARCHITECTURE, re.DOTALL)
    assert plan
    assert re.search(rf"\b{room}\b", plan[1])


def test_every_role_is_in_the_readme() -> None:
    roles = README.partition("## Roles")[2].partition("\n## ")[0]
    assert all(re.search(rf"\b{role.value}\b", roles) for role in Role)


def test_every_permission_is_a_sentence() -> None:
    for permission in Permission:
        assert re.fullmatch(r"[A-Z].*\.", permission.value), permission


def test_the_changelog_has_this_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## \[{re.escape(version('forum'))}\]", text, re.MULTILINE)
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == version("forum")
