"""Floors: what stands on what. The contract is in pyproject.toml; what it cannot say is here."""

import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from tests.architecture.source import ROOMS, ROOT, modules, package_imports

# Inside a room a word may use the words before it. Rules have any other name and stand where they are needed.
WORDS = ("models", "queries", "actions", "schemas", "present", "pages", "api")


def test_the_floors_hold() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_module_imports_itself_by_a_detour() -> None:
    graph = {module.name: package_imports(module) - {"forum"} for module in modules()}
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise AssertionError(f"a cycle: {' ← '.join(error.args[1])}") from None
    assert set(order) >= {module.name for module in modules()}


def test_every_room_is_known_to_these_guards() -> None:
    folders = {path.parent.name for path in (ROOT / "forum").glob("*/__init__.py")}
    assert folders == set(ROOMS)


def test_inside_a_room_reads_stand_below_writes_and_doors_on_top() -> None:
    wrong = []
    for module in modules():
        if module.word in WORDS and module.room != "web":
            above = {f"forum.{module.room}.{word}" for word in WORDS[WORDS.index(module.word) + 1 :]}
            wrong += [f"{module.name} imports {name}" for name in package_imports(module) & above]
    assert not wrong


def test_pages_and_api_do_not_know_each_other() -> None:
    for module in modules():
        for this, other in (("pages", "api"), ("api", "pages")):
            if module.word == this and module.room != "web":
                assert not [name for name in package_imports(module) if name.endswith(f".{other}") and name != "forum.web.pages"], (
                    module.name
                )


def test_only_app_knows_the_doors_of_the_rooms() -> None:
    for module in modules():
        if module.name not in ("forum.app", "forum.rooms"):
            rooms = [name for name in package_imports(module) if name.endswith((".pages", ".api")) and not name.startswith("forum.web")]
            assert not rooms, module.name
